"""Architect: flows, and the prompts, schedules and data tables that they use; scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream

if TYPE_CHECKING:
    from tap_genesys.api.response import Record


class Datatables(FullTableStream):
    """A data table, in which flows look up values."""

    name = "datatables"
    path = "/api/v2/flows/datatables"


class DatatableRows(ChildStream):
    """A row of a data table; `row` holds the columns, which are the org's own."""

    name = "datatable_rows"
    path = "/api/v2/flows/datatables/{datatableId}/rows"
    parent_stream_type = Datatables
    primary_keys = ("datatableId", "key")
    params: ClassVar[dict[str, Any]] = {"showbrief": "false"}

    @override
    def opened(self, record: Record) -> Record:
        return {"key": record.get("key"), "row": record}


class EmergencyGroups(FullTableStream):
    """An emergency group."""

    name = "emergency_groups"
    path = "/api/v2/architect/emergencygroups"


class FlowMilestones(FullTableStream):
    """A milestone of flows."""

    name = "flow_milestones"
    path = "/api/v2/flows/milestones"


class FlowOutcomes(FullTableStream):
    """An outcome of flows."""

    name = "flow_outcomes"
    path = "/api/v2/flows/outcomes"
    selected_by_default = True


class Flows(FullTableStream):
    """A flow."""

    name = "flows"
    path = "/api/v2/flows"
    selected_by_default = True


class Ivrs(FullTableStream):
    """A call route: its numbers and flows."""

    name = "ivrs"
    path = "/api/v2/architect/ivrs"


class Prompts(FullTableStream):
    """A prompt that flows play."""

    name = "prompts"
    path = "/api/v2/architect/prompts"


class ScheduleGroups(FullTableStream):
    """A group of schedules."""

    name = "schedule_groups"
    path = "/api/v2/architect/schedulegroups"


class Schedules(FullTableStream):
    """A schedule: open, closed or holiday."""

    name = "schedules"
    path = "/api/v2/architect/schedules"


class Scripts(FullTableStream):
    """A script for agents."""

    name = "scripts"
    path = "/api/v2/scripts"


class FlowVersions(ChildStream):
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
