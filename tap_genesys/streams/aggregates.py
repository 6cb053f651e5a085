"""Sums over conversations, agents, flows, and what else the vendor counts."""

from __future__ import annotations

from tap_genesys.endpoints.aggregates import AggregateStream, UserAggregateStream
from tap_genesys.streams.directory import Users


class ActionAggregates(AggregateStream):
    """How data actions ran."""

    name = "action_aggregates"
    path = "/api/v2/analytics/actions/aggregates/query"
    group_by = ("actionId", "responseStatus")


class AgentCopilotAggregates(AggregateStream):
    """How agents used what copilots suggested."""

    name = "agent_copilot_aggregates"
    path = "/api/v2/analytics/agentcopilots/aggregates/query"
    group_by = ("queueId", "userId")


class AgentUtilizationAggregates(AggregateStream):
    """How much of their capacity agents used."""

    name = "agent_utilization_aggregates"
    path = "/api/v2/analytics/agentutilizations/aggregates/query"
    group_by = ("userId", "mediaType")


class BotAggregates(AggregateStream):
    """How bots fared."""

    name = "bot_aggregates"
    path = "/api/v2/analytics/bots/aggregates/query"
    group_by = ("botId", "botResult")


class CaseManagementAggregates(AggregateStream):
    """How cases went."""

    name = "case_management_aggregates"
    path = "/api/v2/analytics/casemanagement/aggregates/query"
    group_by = ("caseplanId", "status")


class ConversationAggregates(AggregateStream):
    """What queues and agents did, as the vendor's own views of them count it.

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
    """How copilots were used."""

    name = "copilot_aggregates"
    path = "/api/v2/analytics/copilots/aggregates/query"
    group_by = ("agentId",)


class EvaluationAggregates(AggregateStream):
    """How conversations were judged."""

    name = "evaluation_aggregates"
    path = "/api/v2/analytics/evaluations/aggregates/query"
    group_by = ("userId", "formId", "queueId")


class FlowAggregates(AggregateStream):
    """How flows, their outcomes and milestones went."""

    name = "flow_aggregates"
    path = "/api/v2/analytics/flows/aggregates/query"
    group_by = ("flowId", "flowOutcomeId", "flowMilestoneId")


class FlowExecutionAggregates(AggregateStream):
    """How often flows ran."""

    name = "flow_execution_aggregates"
    path = "/api/v2/analytics/flowexecutions/aggregates/query"
    group_by = ("flowId",)


class JourneyAggregates(AggregateStream):
    """What visitors of web pages did."""

    name = "journey_aggregates"
    path = "/api/v2/analytics/journeys/aggregates/query"
    group_by = ("journeySegmentId",)


class KnowledgeAggregates(AggregateStream):
    """How knowledge bases were searched and read."""

    name = "knowledge_aggregates"
    path = "/api/v2/analytics/knowledge/aggregates/query"
    group_by = ("knowledgeBaseId",)


class RateLimitAggregates(AggregateStream):
    """Which limits of the API were reached."""

    name = "rate_limit_aggregates"
    path = "/api/v2/analytics/ratelimits/aggregates/query"
    group_by = ("limitName",)


class ResolutionAggregates(AggregateStream):
    """Which contacts made a further one needless."""

    name = "resolution_aggregates"
    path = "/api/v2/analytics/resolutions/aggregates/query"
    group_by = ("queueId", "mediaType")


class SummaryAggregates(AggregateStream):
    """How summaries by AI were made and used."""

    name = "summary_aggregates"
    path = "/api/v2/analytics/summaries/aggregates/query"
    group_by = ("queueId", "mediaType")


class SurveyAggregates(AggregateStream):
    """How customers answered surveys."""

    name = "survey_aggregates"
    path = "/api/v2/analytics/surveys/aggregates/query"
    group_by = ("surveyFormId", "queueId", "userId")


class TaskManagementAggregates(AggregateStream):
    """How work items went."""

    name = "task_management_aggregates"
    path = "/api/v2/analytics/taskmanagement/aggregates/query"
    group_by = ("typeId", "statusId")


class TranscriptAggregates(AggregateStream):
    """What transcripts were found to be about."""

    name = "transcript_aggregates"
    path = "/api/v2/analytics/transcripts/aggregates/query"
    group_by = ("mediaType",)


class UserAggregates(UserAggregateStream):
    """How long agents were in which presence and routing status, leavers too.

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
