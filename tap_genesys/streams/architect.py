"""What conversations run through before an agent has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.listings import ListingStream, PerParentListingStream

if TYPE_CHECKING:
    import requests

    from tap_genesys.api.response import Record


class Datatables(ListingStream):
    """The data tables that flows look things up in."""

    name = "datatables"
    path = "/api/v2/flows/datatables"


class DatatableRows(PerParentListingStream):
    """The rows of data tables; `row` holds the columns, which are the org's own."""

    name = "datatable_rows"
    path = "/api/v2/flows/datatables/{datatableId}/rows"
    parent_stream_type = Datatables
    primary_keys = ("datatableId", "key")
    params: ClassVar[dict[str, Any]] = {"showbrief": "false"}

    @override
    def records_of(self, response: requests.Response) -> list[Record]:
        return [{"key": row.get("key"), "row": row} for row in super().records_of(response)]


class EmergencyGroups(ListingStream):
    """The emergency groups."""

    name = "emergency_groups"
    path = "/api/v2/architect/emergencygroups"


class FlowMilestones(ListingStream):
    """The milestones that flows pass."""

    name = "flow_milestones"
    path = "/api/v2/flows/milestones"


class FlowOutcomes(ListingStream):
    """The outcomes that flows have."""

    name = "flow_outcomes"
    path = "/api/v2/flows/outcomes"
    selected_by_default = True


class Flows(ListingStream):
    """The flows."""

    name = "flows"
    path = "/api/v2/flows"
    selected_by_default = True


class Ivrs(ListingStream):
    """The call routes: numbers, and the flows that answer them."""

    name = "ivrs"
    path = "/api/v2/architect/ivrs"


class Prompts(ListingStream):
    """The prompts that flows play."""

    name = "prompts"
    path = "/api/v2/architect/prompts"


class ScheduleGroups(ListingStream):
    """The groups of schedules."""

    name = "schedule_groups"
    path = "/api/v2/architect/schedulegroups"


class Schedules(ListingStream):
    """The schedules: open, closed, holidays."""

    name = "schedules"
    path = "/api/v2/architect/schedules"


class Scripts(ListingStream):
    """The scripts that agents are shown."""

    name = "scripts"
    path = "/api/v2/scripts"


class FlowVersions(PerParentListingStream):
    """The versions of each flow."""

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
