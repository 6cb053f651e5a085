"""Workforce management: plans, schedules, time off, and adherence."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from typing_extensions import override

from tap_genesys.api.paging import SinglePage
from tap_genesys.api.request_note import note_of
from tap_genesys.api.response import body
from tap_genesys.endpoints.listings import ChildStream, FullTableStream
from tap_genesys.endpoints.reports import ReportStream
from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import DAY, Window, floor, iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import requests
    from singer_sdk.helpers.types import Context

    from tap_genesys.api.page_steps import Page
    from tap_genesys.api.response import Record

_WEEK = 7 * DAY
#: The most days that a query for time off may be about; both bounds belong to it.
_RANGE = 33 * DAY


class AdherenceHistorical(ReportStream):
    """An agent's adherence to the schedule on one day of the management unit's time zone.

    Requested by week, for all management units that share a time zone; a day's figures may change
    for a while, so the last seven days are read again.

    More than a declaration: a job for each time zone, whose files are flattened into days.
    """

    name = "adherence_historical"
    path = "/api/v2/workforcemanagement/adherence/historical/bulk"
    units_path: ClassVar[str] = "/api/v2/workforcemanagement/managementunits"
    primary_keys = ("_id",)
    replication_key = "dayStart"
    requests_of_window = 4

    _units: dict[str, list[str]] | None = None
    _zone: str

    @property
    @override
    def default_lookback(self) -> timedelta:
        return 7 * DAY

    @property
    @override
    def key_columns(self) -> tuple[str, ...]:
        return ("userId",)

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, 7 * DAY)

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        zone, units = next(iter(self._by_zone().items()), ("UTC", []))
        return self._question(window, zone, units)

    def _question(self, window: Window, zone: str, units: list[str]) -> dict[str, Any]:
        # Whole days of the zone, as far as they have passed, so that no row is about half a day.
        start, end = (moment.astimezone(ZoneInfo(zone)) for moment in window.bounds)
        first = start.replace(hour=0, minute=0, second=0, microsecond=0)
        last = end.replace(hour=0, minute=0, second=0, microsecond=0)
        last += timedelta(days=1) if last < end else timedelta(0)
        last = min(last, max(end, self.run.started))
        dates = {"startDate": iso(first), "endDate": iso(last)}
        return {"items": [{"managementUnitId": unit, **dates} for unit in units], "timeZone": zone}

    @override
    def parts(self, window: Window) -> Iterator[list[Record]]:
        for zone, units in self._by_zone().items():
            question = self._question(window, zone, units)
            content = body(self.call("POST", self.path, data=question))
            job = content.get("job") or {}

            def look(job: Record = job, content: Record = content) -> Record | None:
                if job.get("status") != "Complete":
                    content = body(self.call("GET", f"{self.path}/jobs/{job.get('id')}"))
                status = (content.get("job") or {}).get("status")
                if status == "Error":
                    raise self.failed(status)
                return content if status == "Complete" else None

            for url in self.wait_for(look).get("downloadUrls") or []:
                yield list(self._days(self.run.downloads.json(str(url))))

    def _days(self, result: Record) -> Iterator[Record]:
        start = parse(str(result.get("startDate")))
        for user in result.get("userResults") or []:
            user_id = self.redacted({"userId": user.get("userId")})["userId"]
            for day in user.get("dayMetrics") or []:
                begins = iso(start + timedelta(seconds=int(day.get("dayStartOffsetSeconds") or 0)))
                yield {
                    **day,
                    "_id": f"{result.get('managementUnitId')}/{user_id}/{begins}",
                    "managementUnitId": result.get("managementUnitId"),
                    "userId": user.get("userId"),
                    "dayStart": begins,
                }

    def _by_zone(self) -> dict[str, list[str]]:
        """Return the management units by their time zones."""
        if self._units is None:
            by_zone: dict[str, list[str]] = {}
            number, pages = 1, 1
            while number <= pages:
                params = {"pageSize": 100, "pageNumber": number}
                content = body(self.call("GET", self.units_path, params=params))
                for unit in content.get("entities") or []:
                    zone = _known_zone(unit.get("timeZone"))
                    by_zone.setdefault(zone, []).append(str(unit["id"]))
                number, pages = number + 1, int(content.get("pageCount") or 1)
            self._units = by_zone
        return self._units


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
    def extract(self, response: requests.Response) -> list[Record]:
        content = self.content(response)
        if content.get("status") not in (None, "Complete"):
            label = note_of(response.request).label
            msg = f"{label}: the schedules are {content['status']!r}; run again."
            raise StopRun(msg)
        rows = []
        schedules = content.get("result") or content
        for agent in schedules.get("agentSchedules") or []:
            for row in _spans(agent):
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


def _known_zone(name: object) -> str:
    """Return a time zone's name; UTC where the name is unknown."""
    try:
        return ZoneInfo(str(name)).key
    except (KeyError, ValueError, OSError):
        return "UTC"


def _spans(agent: Record) -> Iterator[Record]:
    """Yield an agent's shifts, and days off, which have no id of their own."""
    user = (agent.get("user") or {}).get("id")
    for shift in agent.get("shifts") or []:
        yield {**shift, "userId": user, "kind": "shift"}
    for day in agent.get("fullDayTimeOffMarkers") or []:
        parts = (day.get(name) for name in ("businessUnitDate", "timeOffRequestId"))
        key = "/".join(str(part) for part in parts)
        yield {**day, "id": f"time_off/{key}", "userId": user, "kind": "time_off"}


STREAMS = (
    ActivityCodes,
    AdherenceHistorical,
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
