"""Aggregates: metrics of conversations, agents, flows and others, by interval and group."""

from __future__ import annotations

from tap_genesys.endpoints.aggregates import AggregateStream, UserAggregateStream
from tap_genesys.streams.directory import Users


class ActionAggregates(AggregateStream):
    """A metric of data actions in one interval, by group."""

    name = "action_aggregates"
    path = "/api/v2/analytics/actions/aggregates/query"
    group_by = ("actionId", "responseStatus")


class AgentCopilotAggregates(AggregateStream):
    """A metric of copilot suggestions to agents in one interval, by group."""

    name = "agent_copilot_aggregates"
    path = "/api/v2/analytics/agentcopilots/aggregates/query"
    group_by = ("queueId", "userId")


class AgentUtilizationAggregates(AggregateStream):
    """A metric of agents' utilization in one interval, by group."""

    name = "agent_utilization_aggregates"
    path = "/api/v2/analytics/agentutilizations/aggregates/query"
    group_by = ("userId", "mediaType")


class BotAggregates(AggregateStream):
    """A metric of bots in one interval, by group."""

    name = "bot_aggregates"
    path = "/api/v2/analytics/bots/aggregates/query"
    group_by = ("botId", "botResult")


class CaseManagementAggregates(AggregateStream):
    """A metric of cases in one interval, by group."""

    name = "case_management_aggregates"
    path = "/api/v2/analytics/casemanagement/aggregates/query"
    group_by = ("caseplanId", "status")


class ConversationAggregates(AggregateStream):
    """A metric of conversations in one interval, by media type, queue and agent.

    The metrics are those of the vendor's performance views. A sum over `userId` is the queue view,
    a sum over `queueId` the agent view; in the latter, contacts are the `count` of `tAnswered`,
    since `nConnected` leaves some media types out. For a service level, divide the sum of
    `numerator` by the sum of `denominator`; never average `ratio`.

    More than a declaration: the metrics and groups of the vendor's views.
    """

    name = "conversation_aggregates"
    selected_by_default = True
    path = "/api/v2/analytics/conversations/aggregates/query"
    metrics = (
        "nConnected",
        "nConsultTransferred",
        "nError",
        "nOffered",
        "nOutbound",
        "nOutboundConnected",
        "nOverSla",
        "nTransferred",
        "oServiceLevel",
        "oServiceTarget",
        "tAbandon",
        "tAcd",
        "tAcw",
        "tAgentResponseTime",
        "tAlert",
        "tAnswered",
        "tContacting",
        "tDialing",
        "tFirstResponse",
        "tFlowOut",
        "tHandle",
        "tHeld",
        "tNotResponding",
        "tShortAbandon",
        "tTalk",
        "tUserResponseTime",
        "tVoicemail",
        "tWait",
    )
    group_by = ("mediaType", "queueId", "userId")


class CopilotAggregates(AggregateStream):
    """A metric of copilots in one interval, by group."""

    name = "copilot_aggregates"
    path = "/api/v2/analytics/copilots/aggregates/query"
    group_by = ("agentId",)


class EvaluationAggregates(AggregateStream):
    """A metric of evaluations in one interval, by group."""

    name = "evaluation_aggregates"
    path = "/api/v2/analytics/evaluations/aggregates/query"
    group_by = ("userId", "formId", "queueId")


class FlowAggregates(AggregateStream):
    """A metric of flows, flow outcomes and flow milestones in one interval, by group."""

    name = "flow_aggregates"
    path = "/api/v2/analytics/flows/aggregates/query"
    group_by = ("flowId", "flowOutcomeId", "flowMilestoneId")


class FlowExecutionAggregates(AggregateStream):
    """A metric of flow executions in one interval, by group."""

    name = "flow_execution_aggregates"
    path = "/api/v2/analytics/flowexecutions/aggregates/query"
    group_by = ("flowId",)


class JourneyAggregates(AggregateStream):
    """A metric of web visitors' journeys in one interval, by group."""

    name = "journey_aggregates"
    path = "/api/v2/analytics/journeys/aggregates/query"
    group_by = ("journeySegmentId",)


class KnowledgeAggregates(AggregateStream):
    """A metric of knowledge base searches and views in one interval, by group."""

    name = "knowledge_aggregates"
    path = "/api/v2/analytics/knowledge/aggregates/query"
    group_by = ("knowledgeBaseId",)


class RateLimitAggregates(AggregateStream):
    """A metric of API rate limits in one interval, by group."""

    name = "rate_limit_aggregates"
    path = "/api/v2/analytics/ratelimits/aggregates/query"
    group_by = ("limitName",)


class ResolutionAggregates(AggregateStream):
    """A metric of resolutions (contacts without a follow-up) in one interval, by group."""

    name = "resolution_aggregates"
    path = "/api/v2/analytics/resolutions/aggregates/query"
    group_by = ("queueId", "mediaType")


class SummaryAggregates(AggregateStream):
    """A metric of AI-generated summaries in one interval, by group."""

    name = "summary_aggregates"
    path = "/api/v2/analytics/summaries/aggregates/query"
    group_by = ("queueId", "mediaType")


class SurveyAggregates(AggregateStream):
    """A metric of surveys in one interval, by group."""

    name = "survey_aggregates"
    path = "/api/v2/analytics/surveys/aggregates/query"
    group_by = ("surveyFormId", "queueId", "userId")


class TaskManagementAggregates(AggregateStream):
    """A metric of work items in one interval, by group."""

    name = "task_management_aggregates"
    path = "/api/v2/analytics/taskmanagement/aggregates/query"
    group_by = ("typeId", "statusId")


class TranscriptAggregates(AggregateStream):
    """A metric of transcripts in one interval, by group."""

    name = "transcript_aggregates"
    path = "/api/v2/analytics/transcripts/aggregates/query"
    group_by = ("mediaType",)


class UserAggregates(UserAggregateStream):
    """A user's time in one presence or routing status in one interval, inactive users included.

    A query takes at most 100 users: so a run lists `users` first, whether they are selected or not,
    and each day takes one request per 100 users.
    """

    name = "user_aggregates"
    parent_stream_type = Users
    path = "/api/v2/analytics/users/aggregates/query"
    group_by = ("userId",)


STREAMS = (
    ActionAggregates,
    AgentCopilotAggregates,
    AgentUtilizationAggregates,
    BotAggregates,
    CaseManagementAggregates,
    ConversationAggregates,
    CopilotAggregates,
    EvaluationAggregates,
    FlowAggregates,
    FlowExecutionAggregates,
    JourneyAggregates,
    KnowledgeAggregates,
    RateLimitAggregates,
    ResolutionAggregates,
    SummaryAggregates,
    SurveyAggregates,
    TaskManagementAggregates,
    TranscriptAggregates,
    UserAggregates,
)
