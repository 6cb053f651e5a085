"""The streams of the tap: declarations, one module per area of the vendor's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.streams import (
    adherence,
    aggregates,
    architect,
    audits,
    conversation_tables,
    conversations,
    directory,
    employee_performance,
    external_contacts,
    integrations,
    interactions,
    journey,
    observations,
    organization,
    outbound,
    presence,
    quality,
    routing,
    runs,
    task_management,
    telephony,
    usage,
    workforce,
)

if TYPE_CHECKING:
    from tap_genesys.endpoints.kinds import Kind
    from tap_genesys.endpoints.runs import RunStream

#: Every stream. The SDK syncs streams in the order of their names, but the child streams of one
#: parent in the order of this tuple, so a change of it reorders the messages of a run.
STREAMS: tuple[type[Kind | RunStream], ...] = (
    *observations.STREAMS,
    *adherence.STREAMS,
    *aggregates.STREAMS,
    *architect.STREAMS,
    *audits.STREAMS,
    *conversations.STREAMS,
    *interactions.STREAMS,
    *conversation_tables.STREAMS,
    *directory.STREAMS,
    *employee_performance.STREAMS,
    *external_contacts.STREAMS,
    *integrations.STREAMS,
    *journey.STREAMS,
    *organization.STREAMS,
    *outbound.STREAMS,
    *presence.STREAMS,
    *quality.STREAMS,
    *routing.STREAMS,
    *runs.STREAMS,
    *task_management.STREAMS,
    *telephony.STREAMS,
    *usage.STREAMS,
    *workforce.STREAMS,
)
