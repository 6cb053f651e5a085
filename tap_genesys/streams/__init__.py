"""The table of contents: every stream that the tap has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.streams.conversation_tables import (
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
from tap_genesys.streams.conversations import ConversationDetails, ConversationSummaries
from tap_genesys.streams.directory import Divisions, Users
from tap_genesys.streams.routing import RoutingQueues, WrapupCodes

if TYPE_CHECKING:
    from tap_genesys.client import GenesysStream
    from tap_genesys.derived import TableStream

#: Streams that ask for something.
ASKING: tuple[type[GenesysStream], ...] = (
    ConversationDetails,
    ConversationSummaries,
    Divisions,
    RoutingQueues,
    Users,
    WrapupCodes,
)
#: Tables that are made of `conversation_details`.
DERIVED: tuple[type[TableStream], ...] = (
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
STREAMS: tuple[type[GenesysStream | TableStream], ...] = (*ASKING, *DERIVED)
