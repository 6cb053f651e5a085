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
#: The longest range of a time off query; both bounds are inclusive.
_RANGE = 33 * DAY


class BusinessUnits(FullTableStream):
    """A business unit: the unit of forecasts and schedules, which contains management units."""

    name = "business_units"
    path = "/api/v2/workforcemanagement/businessunits"
    paging = SinglePage()


class ManagementUnits(FullTableStream):
    """A management unit: agents who are managed and scheduled together."""

    name = "management_units"
    path = "/api/v2/workforcemanagement/managementunits"


class ActivityCodes(ChildStream):
    """An activity code: a kind of work, break or absence in agents' schedules."""

    name = "activity_codes"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/activitycodes"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class CapacityPlans(ChildStream):
    """A capacity plan: a long-term plan of the staff that a business unit needs."""

    name = "capacity_plans"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/capacityplans"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class TimeOffRequests(ChildStream):
    """A request for time off, with its dates and status.

    The query requires dates of the time off. Each run reads from four weeks back (`lookback_days`)
    to half a year ahead, 33 days per query, and all pending requests whatever their dates: eight
    queries per management unit. A request that is in two ranges is emitted once.

    More than a declaration: the operation takes ranges of days, or the status PENDING.
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
    """A user's membership in a management unit."""

    name = "management_unit_users"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/users"
    paging = SinglePage()
    parent_stream_type = ManagementUnits


class PlanningGroups(ChildStream):
    """A planning group: routes of conversations that are forecast together."""

    name = "planning_groups"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/planninggroups"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class SchedulingRuns(ChildStream):
    """A run of the schedule generator, with its state and target week."""

    name = "scheduling_runs"
    is_history = True
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/scheduling/runs"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class ServiceGoalTemplates(ChildStream):
    """A service goal template: targets for service level, speed of answer and abandon rate."""

    name = "service_goal_templates"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/servicegoaltemplates"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class StaffingGroups(ChildStream):
    """A staffing group: agents who serve the same planning groups."""

    name = "staffing_groups"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/staffinggroups"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class TimeOffPlans(ChildStream):
    """A time-off plan: the rules and limits for approving time off."""

    name = "time_off_plans"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/timeoffplans"
    paging = SinglePage()
    parent_stream_type = BusinessUnits


class WorkPlanRotations(ChildStream):
    """A work plan rotation: work plans that agents follow in turn."""

    name = "work_plan_rotations"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/workplanrotations"
    paging = SinglePage()
    parent_stream_type = ManagementUnits


class WorkPlans(ChildStream):
    """A work plan: constraints on the shifts of agents."""

    name = "work_plans"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/workplans"
    paging = SinglePage()
    parent_stream_type = ManagementUnits


class SchedulesPublished(ChildStream):
    """A shift, or a full day off, of an agent in a published schedule.

    Schedules change up to their last day, so each run reads from four weeks back (`lookback_days`)
    to six weeks ahead, with one request per week and business unit. A shift at the turn of two
    weeks is emitted once. A shift that was removed from a schedule keeps its row: per week, take
    the rows with the newest `_readAt`. Times are UTC; `businessUnitTimeZone` is the time zone of
    the business unit.

    More than a declaration: requests are per week, and schedules are flattened into shifts.
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
            msg = (
                f"{label}: the schedules are {content['status']!r}, not Complete. Run again later."
            )
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
    """Return how far back a run reads schedules and time off again."""
    configured = stream.config.get("lookback_days")
    return timedelta(days=28 if configured is None else float(configured))


def _spans(agent: Record) -> Iterator[Any]:
    """Yield an agent's shifts and full days off; the latter get an id, as the vendor has none."""
    if misfit(agent, _AGENT):
        yield None  # counted as an unusable record
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
