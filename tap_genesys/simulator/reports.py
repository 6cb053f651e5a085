"""Reports: audits, usage, adherence, agent schedules; also time-off requests and work items."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.bodies import RefusedError, checked_fields, interval, moment, positive
from tap_genesys.simulator.listings import ids_of, rows_of
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import SimulatedResponse, error, page_of
from tap_genesys.simulator.staff import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_genesys.simulator.world import World

Row = dict[str, Any]

#: The path of the files; URLs below it are signed, and refuse a token.
FILES = "/_storage/reports/"
_AUDITS = "/api/v2/audits/query"
_USAGE = "/api/v2/usage/query"
_ADHERENCE = "/api/v2/workforcemanagement/adherence/historical/bulk"
_WORKITEMS = "/api/v2/taskmanagement/workitems/query"
_TYPES = "/api/v2/taskmanagement/worktypes/query"
_TIME_OFF = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/timeoffrequests/query"
_UNITS_TIME_OFF = re.compile(_TIME_OFF.replace("{managementUnitId}", "([^/]+)"))
_SHIFTS = re.compile(r"/api/v2/workforcemanagement/businessunits/([^/]+)/agentschedules/search")
#: The content of a file of audits: an array of rows, or an object with `entities`, like a page.
AUDIT_FILES = ("array", "object")
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_LONGEST = timedelta(days=31)
_LONGEST_TIME_OFF = timedelta(days=33)
_MOST_FILTERS = 3
#: Time-off requests: days from the present to the first day, number of days, status.
_TIME_OFF_REQUESTS = (
    (-60, 2, "APPROVED"),
    (-20, 1, "APPROVED"),
    (3, 5, "DENIED"),
    (120, 14, "CANCELED"),
    (150, 1, "PENDING"),
    (400, 2, "PENDING"),
)


@dataclass
class Reports:
    """The submitted reports, and their files.

    Args:
        audit_file: The content of a file of audits, one of `AUDIT_FILES`.
        audit_page: The most audits of a page.
        large: The number of audits from which a page is a file.
    """

    audit_file: str = "array"
    audit_page: int = 500
    large: int = 300
    #: A report's id -> the body of its submission.
    submissions: dict[str, Row] = field(default_factory=dict)
    #: A report's id -> the number of polls; it is ready at the second one.
    polls: dict[str, int] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)

    def operation(
        self,
        world: World,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Row | None,
        url: str,
    ) -> Callable[[], SimulatedResponse] | None:
        """Return the handler of a request; None for another path."""
        if method == "POST":
            if match := _SHIFTS.fullmatch(path):
                return lambda: self._shifts(match[1], body, url)
            if unit := _UNITS_TIME_OFF.fullmatch(path):
                return partial(_time_off, world, unit[1], body)
            handlers: dict[str, Callable[[], SimulatedResponse]] = {
                _WORKITEMS: lambda: _workitems(world, body),
                **dict.fromkeys((_AUDITS, _USAGE, _ADHERENCE), lambda: self._submit(path, body)),
            }
            return handlers.get(path)
        for start, handler in (
            (f"{_AUDITS}/", self._audits),
            (f"{_USAGE}/", self._usage),
            (f"{_ADHERENCE}/jobs/", self._adherence),
        ):
            name, _, rest = path.removeprefix(start).partition("/")
            if path.startswith(start) and name in self.submissions:
                return partial(handler, world, name, rest, query, url)
        return None

    def stored(self, path: str, login: str) -> SimulatedResponse:
        """Return the file at a signed URL; refuse a request with a token, as storages do."""
        if login:
            return error(400, "Only one auth mechanism allowed", "InvalidArgument")
        content = self.files.get(path.removeprefix(FILES))
        return error(404) if content is None else SimulatedResponse(body=content)

    def _submit(self, path: str, body: Row | None) -> SimulatedResponse:
        name = identifier(path, len(self.submissions))
        if path == _AUDITS:
            submission = checked_fields(body, ("interval", "serviceName", "filters", "sort"))
            start, end = interval(submission.get("interval"))
            if end - start > _LONGEST:
                msg = "The interval may not exceed 31 days"
                raise RefusedError(msg)
            response = SimulatedResponse(
                202, {"id": name, "state": "Queued", "interval": submission["interval"]}
            )
        elif path == _USAGE:
            submission = checked_fields(body, ("interval", "granularity", "metrics", "groupBy"))
            interval(submission.get("interval"))
            execution = {"executionId": name, "resultsUri": f"{_USAGE}/{name}/results"}
            response = SimulatedResponse(202, execution)
        else:
            submission = checked_fields(body, ("items", "timeZone"))
            for item in submission.get("items") or []:
                if moment(item.get("endDate")) - moment(item.get("startDate")) > _LONGEST:
                    msg = "A range may not exceed 31 days"
                    raise RefusedError(msg)
            response = SimulatedResponse(202, {"job": {"id": name, "status": "Processing"}})
        self.submissions[name] = submission
        return response

    def _is_ready(self, name: str) -> bool:
        self.polls[name] = self.polls.get(name, 0) + 1
        return self.polls[name] > 1

    def _file(self, content: Any, url: str) -> str:  # noqa: ANN401 - JSON is anything
        name = identifier("file", len(self.files))
        self.files[name] = content
        return f"{url}{FILES}{name}?signature={identifier(name)}"

    def _audits(
        self, world: World, name: str, rest: str, query: Mapping[str, str], url: str
    ) -> SimulatedResponse:
        report_interval = self.submissions[name]["interval"]
        if not rest:
            state = "Succeeded" if self._is_ready(name) else "Running"
            return SimulatedResponse(body={"id": name, "state": state, "interval": report_interval})
        size = min(positive(query, "pageSize", 25), self.audit_page)
        number = positive(query, "cursor", 1)
        rows = list(audits(world, *interval(report_interval)))
        more = {"cursor": str(number + 1)} if number * size < len(rows) else {}
        page = page_of(rows, number, size)
        body = {"id": name, "pageSize": size, "entities": page, **more}
        if query.get("allowRedirect") == "true" and len(page) >= self.large:
            as_array = self.audit_file == "array"
            file_url = self._file(_in_file(page) if as_array else {"entities": page}, url)
            return SimulatedResponse(302, {"downloadUrl": file_url, **more}, {"Location": file_url})
        return SimulatedResponse(body=body)

    def _usage(
        self, world: World, name: str, _rest: str, query: Mapping[str, str], _url: str
    ) -> SimulatedResponse:
        if not self._is_ready(name):
            return SimulatedResponse(body={"queryStatus": "Running"})
        rows = list(usage(world, *interval(self.submissions[name]["interval"])))
        number, size = positive(query, "after", 1), 40
        more = {"cursors": {"after": str(number + 1)}} if number * size < len(rows) else {}
        body = {"queryStatus": "Complete", "results": page_of(rows, number, size), **more}
        return SimulatedResponse(body=body)

    def _adherence(
        self, world: World, name: str, _rest: str, _query: Mapping[str, str], url: str
    ) -> SimulatedResponse:
        if not self._is_ready(name):
            return SimulatedResponse(body={"job": {"id": name, "status": "Processing"}})
        urls = [self._file(adherence(world, item), url) for item in self.submissions[name]["items"]]
        return SimulatedResponse(
            body={"job": {"id": name, "status": "Complete"}, "downloadUrls": urls}
        )

    def _shifts(self, unit: str, body: Row | None, url: str) -> SimulatedResponse:
        search = checked_fields(body, ("startDate", "endDate", "userIds"))
        start, end = moment(search.get("startDate")), moment(search.get("endDate"))
        schedules = {
            "agentSchedules": [
                {
                    "user": {"id": identifier(unit, "agent", number)},
                    "shifts": list(shifts(unit, number, start, end)),
                    "fullDayTimeOffMarkers": [
                        {
                            "businessUnitDate": (start + number * _DAY).date().isoformat(),
                            "timeOffRequestId": identifier(unit, number, "off"),
                            "lengthMinutes": 480,
                        }
                    ],
                }
                for number in range(3)
            ],
            "businessUnitTimeZone": "Europe/Berlin",
            "publishedSchedules": [],
        }
        # Every other week is so large that it becomes a file.
        if start.isocalendar().week % 2:
            return SimulatedResponse(
                body={"status": "Complete", "downloadUrl": self._file(schedules, url)}
            )
        return SimulatedResponse(body={"status": "Complete", "result": schedules})


def audits(world: World, start: datetime, end: datetime) -> Iterator[Row]:
    """Yield the audits of an interval: one every three minutes."""
    step = timedelta(minutes=3)
    at = (
        world.since + -(-(start - world.since) // step) * step
        if start > world.since
        else world.since
    )
    while at < min(end, world.now):
        yield {
            "id": identifier(world.seed, "audit", stamp(at)),
            "eventDate": stamp(at),
            "serviceName": "Routing",
            "action": "Update",
            "entityType": "Queue",
            "level": "USER",
            "user": {"id": world.users()[0]["id"]},
            "message": {"message": "changed"},
        }
        at += step


def _in_file(rows: Sequence[Row]) -> list[Row]:
    """Return audits in the form of a file: `eventTime` in whole seconds in place of `eventDate`."""
    return [
        {name: value for name, value in row.items() if name != "eventDate"}
        | {"eventTime": f"{row['eventDate'][:19]}Z"}
        for row in rows
    ]


def usage(world: World, start: datetime, end: datetime) -> Iterator[Row]:
    """Yield the requests of two clients to the API by day and path: ten an hour and more.

    Of a day that the interval touches, only the hours in the interval count.
    """
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < min(end, world.now):
        hours = (min(day + _DAY, end, world.now) - max(day, start)) // _HOUR
        for client in ("one", "two"):
            for place, path in enumerate(("/api/v2/users", "/api/v2/flows", "/api/v2/teams")):
                yield {
                    "clientId": identifier(world.seed, client),
                    "clientName": client,
                    "templateUri": path,
                    "httpMethod": "GET",
                    "requests": 10 * hours + place,
                    "status200": 10 * hours,
                    "date": stamp(day),
                }
        day += _DAY


def adherence(world: World, item: Row) -> Row:
    """Return the adherence of a management unit's agents to their schedules."""
    start, end = moment(item["startDate"]), moment(item["endDate"])
    days = range(-(-(end - start) // _DAY))
    return {
        "startDate": item["startDate"],
        "endDate": item["endDate"],
        "managementUnitId": item["managementUnitId"],
        "userResults": [
            {
                "userId": user["id"],
                "adherencePercentage": 90.5,
                "impact": "Positive",
                "dayMetrics": [
                    {
                        "dayStartOffsetSeconds": int(day * _DAY / timedelta(seconds=1)),
                        "adherencePercentage": 80.0 + day,
                        "exceptionCount": day,
                    }
                    for day in days
                ],
            }
            for user in world.users()[:3]
        ],
    }


def shifts(unit: str, number: int, start: datetime, end: datetime) -> Iterator[Row]:
    """Yield an agent's shifts that touch an interval: one each day, past midnight."""
    day = start.replace(hour=0, minute=0, second=0, microsecond=0) - _DAY
    while day < end:
        begins = day + (20 + number) * _HOUR
        if begins < end and begins + 8 * _HOUR > start:
            yield {
                "id": identifier(unit, number, stamp(begins)),
                "startDate": stamp(begins),
                "lengthMinutes": 480,
                "activities": [
                    {
                        "startDate": stamp(begins),
                        "lengthMinutes": 480,
                        "description": "On queue",
                        "activityCodeId": "0",
                        "paid": True,
                    }
                ],
            }
        day += _DAY


def workitems(world: World) -> list[Row]:
    """Return the work items, of three types, each last modified hours after its creation."""
    rows, types = [], ids_of(world, _TYPES)
    for number in range(150):
        created = world.since + number * _HOUR
        modified = created + (number % 7) * 3 * _HOUR
        if created <= world.now:
            rows.append(
                {
                    "id": identifier(world.seed, "workitem", number),
                    "name": f"Task {number}",
                    "dateCreated": stamp(created),
                    "dateModified": stamp(modified if modified <= world.now else created),
                    "statusCategory": "Open",
                    "type": {"id": types[number % 3]},
                }
            )
    return rows


def time_off(world: World, unit: str) -> list[Row]:
    """Return a management unit's requests for time off."""
    rows = rows_of(world, _TIME_OFF, unit)
    return [
        row
        | {
            "status": status,
            "isFullDayRequest": True,
            "partialDayStartDateTimes": [],
            "fullDayManagementUnitDates": [
                (world.now + (first + day) * _DAY).date().isoformat() for day in range(length)
            ],
        }
        for row, (first, length, status) in zip(rows, _TIME_OFF_REQUESTS, strict=True)
    ]


def _time_off(world: World, unit: str, body: Row | None) -> SimulatedResponse:
    query = checked_fields(
        body, ("ids", "userIds", "statuses", "substatuses", "dateRange", "teamIds")
    )
    rows = time_off(world, unit)
    if query.get("statuses"):
        rows = [row for row in rows if row["status"] in query["statuses"]]
    if dates := query.get("dateRange"):
        first, last = (date.fromisoformat(dates[name]) for name in ("startDate", "endDate"))
        days = {(first + day * _DAY).isoformat() for day in range((last - first).days + 1)}
        rows = [row for row in rows if days & set(row["fullDayManagementUnitDates"])]
    if query.get("statuses") != ["PENDING"] and not (dates and last - first < _LONGEST_TIME_OFF):
        msg = "Either statuses == [PENDING] or a range of at most 33 days is needed"
        raise RefusedError(msg)
    return SimulatedResponse(body={"entities": rows})


def _workitems(world: World, body: Row | None) -> SimulatedResponse:
    query = checked_fields(
        body, ("select", "pageSize", "filters", "attributes", "after", "sort", "expands")
    )
    filters = query.get("filters") or []
    equal = [condition["name"] for condition in filters if condition["operator"] == "EQ"]
    if (
        not set(equal) & {"workbinId", "assigneeId", "queueId", "typeId"}
        or len(filters) > _MOST_FILTERS
    ):
        msg = "An EQ filter on workbinId, assigneeId, queueId or typeId, and three filters at most"
        raise RefusedError(msg)
    rows = workitems(world)
    for condition in filters:
        name, (value,) = condition["name"], condition["values"]
        if name == "typeId":
            rows = [row for row in rows if row["type"]["id"] == value]
        else:
            later, limit = condition["operator"] == "GTE", moment(value)
            rows = [row for row in rows if (datetime.fromisoformat(row[name]) >= limit) == later]
    size, number = min(positive(query, "pageSize", 25), 200), positive(query, "after", 1)
    more = {"after": str(number + 1)} if number * size < len(rows) else {}
    return SimulatedResponse(body={"entities": page_of(rows, number, size), **more})
