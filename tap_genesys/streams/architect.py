"""Architect: flows, and the prompts, schedules and data tables that they use; scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.listings import ListingStream, PerParentListingStream

if TYPE_CHECKING:
    import requests

    from tap_genesys.api.response import Record


class Datatables(ListingStream):
    """A data table, in which flows look up values."""

    name = "datatables"
    path = "/api/v2/flows/datatables"


class DatatableRows(PerParentListingStream):
    """A row of a data table; `row` holds the columns, which are the org's own."""

    name = "datatable_rows"
    path = "/api/v2/flows/datatables/{datatableId}/rows"
    parent_stream_type = Datatables
    primary_keys = ("datatableId", "key")
    params: ClassVar[dict[str, Any]] = {"showbrief": "false"}

    @override
    def records_of(self, response: requests.Response) -> list[Record]:
        return [{"key": row.get("key"), "row": row} for row in super().records_of(response)]


class EmergencyGroups(ListingStream):
    """An emergency group."""

    name = "emergency_groups"
    path = "/api/v2/architect/emergencygroups"


class FlowMilestones(ListingStream):
    """A milestone of flows."""

    name = "flow_milestones"
    path = "/api/v2/flows/milestones"


class FlowOutcomes(ListingStream):
    """An outcome of flows."""

    name = "flow_outcomes"
    path = "/api/v2/flows/outcomes"
    selected_by_default = True


class Flows(ListingStream):
    """A flow."""

    name = "flows"
    path = "/api/v2/flows"
    selected_by_default = True


class Ivrs(ListingStream):
    """A call route: its numbers and flows."""

    name = "ivrs"
    path = "/api/v2/architect/ivrs"


class Prompts(ListingStream):
    """A prompt that flows play."""

    name = "prompts"
    path = "/api/v2/architect/prompts"


class ScheduleGroups(ListingStream):
    """A group of schedules."""

    name = "schedule_groups"
    path = "/api/v2/architect/schedulegroups"


class Schedules(ListingStream):
    """A schedule: open, closed or holiday."""

    name = "schedules"
    path = "/api/v2/architect/schedules"


class Scripts(ListingStream):
    """A script for agents."""

    name = "scripts"
    path = "/api/v2/scripts"


class FlowVersions(PerParentListingStream):
    """A version of a flow."""

    name = "flow_versions"
    path = "/api/v2/flows/{flowId}/versions"
    parent_stream_type = Flows


STREAMS = (
    DatatableRows,
    Datatables,
    EmergencyGroups,
    FlowMilestones,
    FlowOutcomes,
    FlowVersions,
    Flows,
    Ivrs,
    Prompts,
    ScheduleGroups,
    Schedules,
    Scripts,
)
