"""The streams of the tap: declarations, one module for each area of the vendor's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.streams import (
    agents,
    aggregates,
    architect,
    conversation_tables,
    conversations,
    directory,
    interactions,
    observations,
    outbound,
    platform,
    quality,
    reconciliation,
    reports,
    routing,
    telephony,
    workforce,
)

if TYPE_CHECKING:
    from tap_genesys.endpoints.derived_tables import TableStream
    from tap_genesys.endpoints.stream import GenesysStream

#: Every stream. The SDK syncs streams in the order of their names, but the child streams of one
#: parent in the order of this tuple, so a change of it reorders the messages of a run.
STREAMS: tuple[type[GenesysStream | TableStream], ...] = (
    *observations.STREAMS,
    *agents.STREAMS,
    *aggregates.STREAMS,
    *architect.STREAMS,
    *conversations.STREAMS,
    *directory.STREAMS,
    *interactions.STREAMS,
    *conversation_tables.STREAMS,
    *outbound.STREAMS,
    *platform.STREAMS,
    *quality.STREAMS,
    *reconciliation.STREAMS,
    *reports.STREAMS,
    *routing.STREAMS,
    *telephony.STREAMS,
    *workforce.STREAMS,
)
