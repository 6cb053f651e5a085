"""Architect: flows, and the prompts, schedules and data tables that they use; scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream

if TYPE_CHECKING:
    from tap_genesys.api.response import Record


class Datatables(FullTableStream):
    """A data table: a key-value table that flows look up."""

    name = "datatables"
    path = "/api/v2/flows/datatables"


class DatatableRows(ChildStream):
    """A row of a data table; the column `row` holds its values, whose names the org defines."""

    name = "datatable_rows"
    path = "/api/v2/flows/datatables/{datatableId}/rows"
    parent_stream_type = Datatables
    primary_keys = ("datatableId", "key")
    params: ClassVar[dict[str, Any]] = {"showbrief": "false"}

    @override
    def opened(self, record: Record) -> Record:
        return {"key": record.get("key"), "row": record}


class EmergencyGroups(FullTableStream):
    """An emergency group: a switch that sends calls to emergency flows while it is enabled."""

    name = "emergency_groups"
    path = "/api/v2/architect/emergencygroups"


class FlowMilestones(FullTableStream):
    """A flow milestone: a named point in flows that conversations reach."""

    name = "flow_milestones"
    path = "/api/v2/flows/milestones"


class FlowOutcomes(FullTableStream):
    """A flow outcome: a named result that flows set, such as a completed payment."""

    name = "flow_outcomes"
    path = "/api/v2/flows/outcomes"
    selected_by_default = True


class Flows(FullTableStream):
    """An Architect flow, with its type, division and published version."""

    name = "flows"
    path = "/api/v2/flows"
    selected_by_default = True


class Ivrs(FullTableStream):
    """A call route (IVR): phone numbers, and the flows that take their calls."""

    name = "ivrs"
    path = "/api/v2/architect/ivrs"


class Prompts(FullTableStream):
    """A prompt: an announcement that flows play."""

    name = "prompts"
    path = "/api/v2/architect/prompts"


class ScheduleGroups(FullTableStream):
    """A schedule group: the open, closed and holiday schedules of one time zone."""

    name = "schedule_groups"
    path = "/api/v2/architect/schedulegroups"


class Schedules(FullTableStream):
    """An Architect schedule: a period, such as opening hours or a holiday, and its recurrence."""

    name = "schedules"
    path = "/api/v2/architect/schedules"


class Scripts(FullTableStream):
    """A script, the pages that an agent sees during a conversation."""

    name = "scripts"
    path = "/api/v2/scripts"


class FlowVersions(ChildStream):
    """A version of an Architect flow, with its dates of check-in and publication."""

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
