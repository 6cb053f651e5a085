"""Aggregates: metrics of conversations, agents, flows and more, by interval and group."""

from __future__ import annotations

from tap_genesys.endpoints.aggregates import AggregateStream, UserAggregateStream
from tap_genesys.streams.directory import Users


class ActionAggregates(AggregateStream):
    """A metric of data actions by interval and group."""

    name = "action_aggregates"
    path = "/api/v2/analytics/actions/aggregates/query"
    group_by = ("actionId", "responseStatus")


class AgentCopilotAggregates(AggregateStream):
    """A metric of copilots' suggestions to agents by interval and group."""

    name = "agent_copilot_aggregates"
    path = "/api/v2/analytics/agentcopilots/aggregates/query"
    group_by = ("queueId", "userId")


class AgentUtilizationAggregates(AggregateStream):
    """A metric of agents' utilization by interval and group."""

    name = "agent_utilization_aggregates"
    path = "/api/v2/analytics/agentutilizations/aggregates/query"
    group_by = ("userId", "mediaType")


class BotAggregates(AggregateStream):
    """A metric of bots by interval and group."""

    name = "bot_aggregates"
    path = "/api/v2/analytics/bots/aggregates/query"
    group_by = ("botId", "botResult")


class CaseManagementAggregates(AggregateStream):
    """A metric of cases by interval and group."""

    name = "case_management_aggregates"
    path = "/api/v2/analytics/casemanagement/aggregates/query"
    group_by = ("caseplanId", "status")


class ConversationAggregates(AggregateStream):
    """A metric of queues and agents by interval and group, as the vendor's views count it.

    A sum over `userId` is the queue's view, a sum over `queueId` the agent's; there, contacts are
    the `count` of `tAnswered`, as `nConnected` leaves some media out. A service level is
    `numerator` divided by `denominator`, summed up before, never the average of `ratio`.

    More than a declaration: the metrics and groups of the vendor's views are its own.
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
    """A metric of copilots by interval and group."""

    name = "copilot_aggregates"
    path = "/api/v2/analytics/copilots/aggregates/query"
    group_by = ("agentId",)


class EvaluationAggregates(AggregateStream):
    """A metric of evaluations by interval and group."""

    name = "evaluation_aggregates"
    path = "/api/v2/analytics/evaluations/aggregates/query"
    group_by = ("userId", "formId", "queueId")


class FlowAggregates(AggregateStream):
    """A metric of flows, their outcomes and milestones by interval and group."""

    name = "flow_aggregates"
    path = "/api/v2/analytics/flows/aggregates/query"
    group_by = ("flowId", "flowOutcomeId", "flowMilestoneId")


class FlowExecutionAggregates(AggregateStream):
    """A metric of flow executions by interval and group."""

    name = "flow_execution_aggregates"
    path = "/api/v2/analytics/flowexecutions/aggregates/query"
    group_by = ("flowId",)


class JourneyAggregates(AggregateStream):
    """A metric of the journeys of web visitors by interval and group."""

    name = "journey_aggregates"
    path = "/api/v2/analytics/journeys/aggregates/query"
    group_by = ("journeySegmentId",)


class KnowledgeAggregates(AggregateStream):
    """A metric of searches and views in knowledge bases by interval and group."""

    name = "knowledge_aggregates"
    path = "/api/v2/analytics/knowledge/aggregates/query"
    group_by = ("knowledgeBaseId",)


class RateLimitAggregates(AggregateStream):
    """A metric of rate limits of the API by interval and group."""

    name = "rate_limit_aggregates"
    path = "/api/v2/analytics/ratelimits/aggregates/query"
    group_by = ("limitName",)


class ResolutionAggregates(AggregateStream):
    """A metric of resolutions, by which no further contact is needed, by interval and group."""

    name = "resolution_aggregates"
    path = "/api/v2/analytics/resolutions/aggregates/query"
    group_by = ("queueId", "mediaType")


class SummaryAggregates(AggregateStream):
    """A metric of AI-generated summaries by interval and group."""

    name = "summary_aggregates"
    path = "/api/v2/analytics/summaries/aggregates/query"
    group_by = ("queueId", "mediaType")


class SurveyAggregates(AggregateStream):
    """A metric of surveys by interval and group."""

    name = "survey_aggregates"
    path = "/api/v2/analytics/surveys/aggregates/query"
    group_by = ("surveyFormId", "queueId", "userId")


class TaskManagementAggregates(AggregateStream):
    """A metric of work items by interval and group."""

    name = "task_management_aggregates"
    path = "/api/v2/analytics/taskmanagement/aggregates/query"
    group_by = ("typeId", "statusId")


class TranscriptAggregates(AggregateStream):
    """A metric of transcripts by interval and group."""

    name = "transcript_aggregates"
    path = "/api/v2/analytics/transcripts/aggregates/query"
    group_by = ("mediaType",)


class UserAggregates(UserAggregateStream):
    """A user's time in a presence or routing status by interval, inactive users included.

    A query names users, 100 at most: so `users` are listed first, whether they are selected or not,
    and a reading of a day takes a request for each hundred of them.
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
