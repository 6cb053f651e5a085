"""Workforce management: plans, schedules, and time off."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.api.paging import SinglePage
from tap_genesys.api.request_note import note_of
from tap_genesys.api.shape import LIST, OBJECT, TEXT, Required, misfit
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.errors import StopRun
from tap_genesys.records.usable import parted
from tap_genesys.replication.windows import DAY, floor, iso, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from singer_sdk.helpers.types import Context

    from tap_genesys.api.response import Record
    from tap_genesys.api.shape import Shape

_WEEK = 7 * DAY
_MONTH_SECONDS = 31 * 86_400
#: The shapes of a response, and of an agent in it.
_SCHEDULES = {"status": TEXT, "result": {"agentSchedules": LIST}, "agentSchedules": LIST}
_AGENT = {
    "user": Required({"id": Required(TEXT)}),
    "shifts": [{"id": Required(TEXT)}],
    "fullDayTimeOffMarkers": [OBJECT],
}
#: The most days that a query for time off may be about; both bounds belong to it.
_RANGE = 33 * DAY


class BusinessUnits(FullTableStream):
    """A business unit."""

    name = "business_units"
    path = "/api/v2/workforcemanagement/businessunits"
    paging = SinglePage()


class ManagementUnits(FullTableStream):
    """A management unit."""

    name = "management_units"
    path = "/api/v2/workforcemanagement/managementunits"


class ActivityCodes(ChildStream):
    """An activity code: a kind of work or of absence."""

    name = "activity_codes"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/activitycodes"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class CapacityPlans(ChildStream):
    """A capacity plan."""

    name = "capacity_plans"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/capacityplans"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class TimeOffRequests(ChildStream):
    """A request for time off, with its dates and status.

    Read by the dates of the time off, since the query needs them: from four weeks back
    (`lookback_days`) to half a year ahead, 33 days a query, and once more for all that are
    pending, whatever their dates. That is eight queries for each management unit. A row that is in
    two ranges is emitted once.

    More than a declaration: the operation takes ranges of days, or all that are pending.
    """

    name = "time_off_requests"
    is_history = True
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/timeoffrequests/query"
    paging = SinglePage()
    http_method = "POST"
    parent_stream_type = ManagementUnits
    ranges: ClassVar[int] = 7

    @override
    def contexts(self) -> list[dict[str, Any]]:
        self._seen: set[tuple[Any, Any]] = set()
        first = floor(self.run.started - _back(self), DAY)
        starts = ["", *(iso(first + number * _RANGE) for number in range(self.ranges))]
        return [{**context, "from": start} for context in super().contexts() for start in starts]

    @override
    def payload(self, context: Context) -> dict[str, Any]:
        if not context["from"]:
            return {"statuses": ["PENDING"]}
        start = parse(str(context["from"]))
        first, last = (moment.date() for moment in (start, start + _RANGE - DAY))
        return {"dateRange": {"startDate": first.isoformat(), "endDate": last.isoformat()}}

    @override
    def parent_columns(self, context: Context) -> Record:
        return self.redacted({name: context[name] for name in context if name != "from"})

    @override
    def keeps(self, record: Record) -> bool:
        key = (self.columns_of_parent.get("managementUnitId"), record.get("id"))
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new


class ManagementUnitUsers(ChildStream):
    """A user of a management unit."""

    name = "management_unit_users"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/users"
    paging = SinglePage()
    parent_stream_type = ManagementUnits


class PlanningGroups(ChildStream):
    """A planning group, the unit of a forecast."""

    name = "planning_groups"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/planninggroups"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class SchedulingRuns(ChildStream):
    """A run of the generation of schedules."""

    name = "scheduling_runs"
    is_history = True
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/scheduling/runs"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class ServiceGoalTemplates(ChildStream):
    """A template of service goals."""

    name = "service_goal_templates"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/servicegoaltemplates"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class StaffingGroups(ChildStream):
    """A staffing group."""

    name = "staffing_groups"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/staffinggroups"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class TimeOffPlans(ChildStream):
    """A time-off plan."""

    name = "time_off_plans"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/timeoffplans"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class WorkPlanRotations(ChildStream):
    """A rotation of work plans."""

    name = "work_plan_rotations"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/workplanrotations"
    paging = SinglePage()
    parent_stream_type = ManagementUnits


class WorkPlans(ChildStream):
    """A work plan."""

    name = "work_plans"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/workplans"
    paging = SinglePage()
    parent_stream_type = ManagementUnits


class SchedulesPublished(ChildStream):
    """A shift, or a whole day off, of an agent in a published schedule.

    Read for four weeks back (`lookback_days`) and six weeks ahead, a request for each week and
    business unit, since plans change up to their last day. A shift at the turn of two weeks is
    emitted once. A shift that was removed from a plan keeps its row: take the rows with the newest
    `_readAt` of a week. Times are UTC; `businessUnitTimeZone` is the time zone of the unit.

    More than a declaration: requests are by week, and plans are flattened into shifts.
    """

    name = "schedules_published"
    is_history = True
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/agentschedules/search"
    paging = SinglePage()
    http_method = "POST"
    parent_stream_type = BusinessUnits
    primary_keys = ("businessUnitId", "userId", "id")
    weeks_ahead: ClassVar[int] = 6

    @property
    @override
    def response_shape(self) -> Shape:
        return {"downloadUrl": TEXT, **_SCHEDULES}

    @override
    def contexts(self) -> list[dict[str, Any]]:
        self._seen: set[tuple[Any, Any]] = set()
        first = floor(self.run.started - _back(self), DAY)
        first -= timedelta(days=first.weekday())
        weeks = (self.run.started - first) // _WEEK + 1 + self.weeks_ahead
        return [
            {**context, "week": iso(first + number * _WEEK)}
            for context in super().contexts()
            for number in range(weeks)
        ]

    @override
    def payload(self, context: Context) -> dict[str, Any]:
        start = parse(str(context["week"]))
        return {"startDate": iso(start), "endDate": iso(start + _WEEK)}

    @override
    def extract(self, response: requests.Response) -> list[Any]:
        content = self.content(response)
        if content.get("status") not in (None, "Complete"):
            label = note_of(response.request).label
            msg = f"{label}: the schedules are {content['status']!r}; run again."
            raise StopRun(msg)
        schedules = content.get("result") or content
        agents, rows = parted(schedules.get("agentSchedules"))
        for agent in agents:
            for row in _spans(agent):
                if not isinstance(row, dict):
                    rows.append(row)
                    continue
                row["businessUnitTimeZone"] = schedules.get("businessUnitTimeZone")
                key = (row["userId"], row["id"])
                if key not in self._seen:
                    self._seen.add(key)
                    rows.append(row)
        return rows


def _back(stream: ChildStream) -> timedelta:
    """Return how far back plans are read again."""
    configured = stream.config.get("lookback_days")
    return timedelta(days=28 if configured is None else float(configured))


def _spans(agent: Record) -> Iterator[Any]:
    """Yield an agent's shifts, and days off, which have no id of their own."""
    if misfit(agent, _AGENT):
        yield None  # it is left out, and reported
        return
    user = agent["user"]["id"]
    for shift in agent.get("shifts") or []:
        yield {**shift, "userId": user, "kind": "shift"}
    for day in agent.get("fullDayTimeOffMarkers") or []:
        parts = (day.get(name) for name in ("businessUnitDate", "timeOffRequestId"))
        key = "/".join(str(part) for part in parts)
        yield {**day, "id": f"time_off/{key}", "userId": user, "kind": "time_off"}


STREAMS = (
    ActivityCodes,
    BusinessUnits,
    CapacityPlans,
    ManagementUnitUsers,
    ManagementUnits,
    PlanningGroups,
    SchedulesPublished,
    SchedulingRuns,
    ServiceGoalTemplates,
    StaffingGroups,
    TimeOffPlans,
    TimeOffRequests,
    WorkPlanRotations,
    WorkPlans,
)
