"""The tables that conversations are broken up into, without a further request."""

from __future__ import annotations

from tap_genesys.endpoints.derived_tables import TableStream
from tap_genesys.streams.conversations import ConversationDetails


class ConversationTable(TableStream):
    """A table of conversations."""

    parent_stream_type = ConversationDetails


class ConversationParticipants(ConversationTable):
    """Who took part in a conversation: customers, agents, queues, flows, bots."""

    name = "conversation_participants"


class ConversationParticipantAttributes(ConversationTable):
    """What flows and agents noted about a participant, a row for each key; only jobs tell it."""

    name = "conversation_participant_attributes"


class ConversationSessions(ConversationTable):
    """A participant's sessions, one for each medium and turn."""

    name = "conversation_sessions"


class ConversationSegments(ConversationTable):
    """The parts of a session: in a flow, alerting, talking, on hold, wrapping up."""

    name = "conversation_segments"


class ConversationMetrics(ConversationTable):
    """What the vendor measured of a session (tHandle, tAcw, nTransferred, ...); times in ms."""

    name = "conversation_metrics"


class ConversationMediaStats(ConversationTable):
    """The quality of a session's sound, by endpoint."""

    name = "conversation_media_stats"


class ConversationFlows(ConversationTable):
    """The Architect flow that a session went through, with its entry and exit."""

    name = "conversation_flows"


class ConversationFlowOutcomes(ConversationTable):
    """What a flow achieved."""

    name = "conversation_flow_outcomes"


class ConversationEvaluations(ConversationTable):
    """How a conversation was judged, with the score."""

    name = "conversation_evaluations"


class ConversationSurveys(ConversationTable):
    """What the customer answered afterwards, with the scores."""

    name = "conversation_surveys"


class ConversationResolutions(ConversationTable):
    """Whether the customer came back about the same thing."""

    name = "conversation_resolutions"


class ConversationWrapUps(ConversationTable):
    """Each wrap-up code that was given, with note, queue, agent, and the session's handle times.

    The times (`tTalk`, `tHeld`, `tAcw`, `tHandle`, in ms) are the session's, and stand on its last
    wrap-up only, so that a sum counts no session twice.
    """

    name = "conversation_wrap_ups"
