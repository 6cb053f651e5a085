"""The table of contents: every stream that the tap has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.streams.conversations import ConversationDetails, ConversationSummaries
from tap_genesys.streams.directory import Divisions, Users
from tap_genesys.streams.routing import RoutingQueues, WrapupCodes

if TYPE_CHECKING:
    from tap_genesys.client import GenesysStream

STREAMS: tuple[type[GenesysStream], ...] = (
    ConversationDetails,
    ConversationSummaries,
    Divisions,
    RoutingQueues,
    Users,
    WrapupCodes,
)
