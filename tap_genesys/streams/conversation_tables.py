"""The tables that conversations are broken up into, without a further request."""

from __future__ import annotations

from tap_genesys.endpoints.derived_tables import TableStream
from tap_genesys.streams.conversations import ConversationDetails


class ConversationParticipants(TableStream):
    """Who took part in a conversation: customers, agents, queues, flows, bots."""

    name = "conversation_participants"
    parent_stream_type = ConversationDetails


class ConversationParticipantAttributes(TableStream):
    """What flows and agents noted about a participant, a row for each key; only jobs tell it."""

    name = "conversation_participant_attributes"
    parent_stream_type = ConversationDetails


class ConversationSessions(TableStream):
    """A participant's sessions, one for each medium and turn."""

    name = "conversation_sessions"
    parent_stream_type = ConversationDetails


class ConversationSegments(TableStream):
    """The parts of a session: in a flow, alerting, talking, on hold, wrapping up."""

    name = "conversation_segments"
    parent_stream_type = ConversationDetails


class ConversationMetrics(TableStream):
    """What the vendor measured of a session (tHandle, tAcw, nTransferred, ...); times in ms."""

    name = "conversation_metrics"
    parent_stream_type = ConversationDetails


class ConversationMediaStats(TableStream):
    """The quality of a session's sound, by endpoint."""

    name = "conversation_media_stats"
    parent_stream_type = ConversationDetails


class ConversationFlows(TableStream):
    """The Architect flow that a session went through, with its entry and exit."""

    name = "conversation_flows"
    parent_stream_type = ConversationDetails


class ConversationFlowOutcomes(TableStream):
    """What a flow achieved."""

    name = "conversation_flow_outcomes"
    parent_stream_type = ConversationDetails


class ConversationEvaluations(TableStream):
    """How a conversation was judged, with the score."""

    name = "conversation_evaluations"
    parent_stream_type = ConversationDetails


class ConversationSurveys(TableStream):
    """What the customer answered afterwards, with the scores."""

    name = "conversation_surveys"
    parent_stream_type = ConversationDetails


class ConversationResolutions(TableStream):
    """Whether the customer came back about the same thing."""

    name = "conversation_resolutions"
    parent_stream_type = ConversationDetails


class ConversationWrapUps(TableStream):
    """Each wrap-up code that was given, with note, queue, agent, and the session's handle times.

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
