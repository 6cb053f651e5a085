"""The tables of conversations, which need no request of their own."""

from __future__ import annotations

from tap_genesys.endpoints.derived_tables import TableStream
from tap_genesys.streams.conversations import ConversationDetails


class ConversationParticipants(TableStream):
    """A participant of a conversation: customer, agent, queue, flow or bot."""

    name = "conversation_participants"
    parent_stream_type = ConversationDetails


class ConversationParticipantAttributes(TableStream):
    """An attribute of a participant, set by a flow or an agent; only jobs return attributes."""

    name = "conversation_participant_attributes"
    parent_stream_type = ConversationDetails


class ConversationSessions(TableStream):
    """A session: a connection of one participant in one medium, such as voice or email."""

    name = "conversation_sessions"
    parent_stream_type = ConversationDetails


class ConversationSegments(TableStream):
    """A segment of a session: one phase, such as IVR, alerting, talking, hold or wrap-up."""

    name = "conversation_segments"
    parent_stream_type = ConversationDetails


class ConversationMetrics(TableStream):
    """A metric of a session, such as tHandle, tAcw or nTransferred; times in milliseconds."""

    name = "conversation_metrics"
    parent_stream_type = ConversationDetails


class ConversationMediaStats(TableStream):
    """The audio quality of a session at one endpoint: packets, latency, MOS."""

    name = "conversation_media_stats"
    parent_stream_type = ConversationDetails


class ConversationFlows(TableStream):
    """The Architect flow that a session went through, with its entry and exit."""

    name = "conversation_flows"
    parent_stream_type = ConversationDetails


class ConversationFlowOutcomes(TableStream):
    """A flow outcome that a session reached."""

    name = "conversation_flow_outcomes"
    parent_stream_type = ConversationDetails


class ConversationEvaluations(TableStream):
    """An evaluation of a conversation, with its score."""

    name = "conversation_evaluations"
    parent_stream_type = ConversationDetails


class ConversationSurveys(TableStream):
    """A survey about a conversation, with its scores."""

    name = "conversation_surveys"
    parent_stream_type = ConversationDetails


class ConversationResolutions(TableStream):
    """A resolution: whether the customer made contact again about the same subject."""

    name = "conversation_resolutions"
    parent_stream_type = ConversationDetails


class ConversationWrapUps(TableStream):
    """A wrap-up code of a session, with note, queue, agent, and the session's handle times.

    The times (`tTalk`, `tHeld`, `tAcw`, `tHandle`, in ms) are the session's, and stand on its last
    wrap-up only, so that a sum counts no session twice.
    """

    name = "conversation_wrap_ups"
    parent_stream_type = ConversationDetails


STREAMS = (
    ConversationEvaluations,
    ConversationFlowOutcomes,
    ConversationFlows,
    ConversationMediaStats,
    ConversationMetrics,
    ConversationParticipantAttributes,
    ConversationParticipants,
    ConversationResolutions,
    ConversationSegments,
    ConversationSessions,
    ConversationSurveys,
    ConversationWrapUps,
)
