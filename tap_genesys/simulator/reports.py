"""What the simulated org prepares as a report: audits, usage, adherence, plans; and work items."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.bodies import RefusedError, interval, known_fields, moment, positive
from tap_genesys.simulator.listings import ids_of, rows_of
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import SimulatedResponse, error, page_of
from tap_genesys.simulator.staff import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_genesys.simulator.world import World

Row = dict[str, Any]

#: Where files lie; addresses below it are signed, and take no token.
FILES = "/_storage/reports/"
_AUDITS = "/api/v2/audits/query"
_USAGE = "/api/v2/usage/query"
_ADHERENCE = "/api/v2/workforcemanagement/adherence/historical/bulk"
_WORKITEMS = "/api/v2/taskmanagement/workitems/query"
_TYPES = "/api/v2/taskmanagement/worktypes/query"
_TIME_OFF = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/timeoffrequests/query"
_UNITS_TIME_OFF = re.compile(_TIME_OFF.replace("{managementUnitId}", "([^/]+)"))
_SHIFTS = re.compile(r"/api/v2/workforcemanagement/businessunits/([^/]+)/agentschedules/search")
#: What a file of audits holds: an array of rows, or an object with `entities` as a page has them.
AUDIT_FILES = ("array", "object")
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_LONGEST = timedelta(days=31)
_LONGEST_TIME_OFF = timedelta(days=33)
_MOST_FILTERS = 3
#: Requests for time off: in how many days, for how many, and what became of them.
_WISHES = (
    (-60, 2, "APPROVED"),
    (-20, 1, "APPROVED"),
    (3, 5, "DENIED"),
    (120, 14, "CANCELED"),
    (150, 1, "PENDING"),
    (400, 2, "PENDING"),
)


@dataclass
class Reports:
    """The reports that were asked for, and the files that they became.

    Args:
        audit_file: What a file of audits holds, one of `AUDIT_FILES`.
        audit_page: The most audits of a page.
        large: A page of so many audits is a file.
    """

    audit_file: str = "array"
    audit_page: int = 500
    large: int = 300
    asked: dict[str, Row] = field(default_factory=dict)
    #: How often each was looked at; it is ready at the second look.
    looks: dict[str, int] = field(default_factory=dict)
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
        """Return what answers a request; none where it is about another thing."""
        if method == "POST":
            if found := _SHIFTS.fullmatch(path):
                return lambda: self._shifts(found[1], body, url)
            if unit := _UNITS_TIME_OFF.fullmatch(path):
                return partial(_time_off, world, unit[1], body)
            taken: dict[str, Callable[[], SimulatedResponse]] = {
                _WORKITEMS: lambda: _workitems(world, body),
                **dict.fromkeys((_AUDITS, _USAGE, _ADHERENCE), lambda: self._take(path, body)),
            }
            return taken.get(path)
        for start, tell in (
            (f"{_AUDITS}/", self._audits),
            (f"{_USAGE}/", self._usage),
            (f"{_ADHERENCE}/jobs/", self._adherence),
        ):
            name, _, rest = path.removeprefix(start).partition("/")
            if path.startswith(start) and name in self.asked:
                return partial(tell, world, name, rest, query, url)
        return None

    def stored(self, path: str, login: str) -> SimulatedResponse:
        """Respond to as a storage does: to a signed address, and to no token beside it."""
        if login:
            return error(400, "Only one auth mechanism allowed", "InvalidArgument")
        found = self.files.get(path.removeprefix(FILES))
        return error(404) if found is None else SimulatedResponse(body=found)

    def _take(self, path: str, body: Row | None) -> SimulatedResponse:
        name = identifier(path, len(self.asked))
        if path == _AUDITS:
            asked = known_fields(body, ("interval", "serviceName", "filters", "sort"))
            start, end = interval(asked.get("interval"))
            if end - start > _LONGEST:
                msg = "The interval may not exceed 31 days"
                raise RefusedError(msg)
            response = SimulatedResponse(
                202, {"id": name, "state": "Queued", "interval": asked["interval"]}
            )
        elif path == _USAGE:
            asked = known_fields(body, ("interval", "granularity", "metrics", "groupBy"))
            interval(asked.get("interval"))
            told = {"executionId": name, "resultsUri": f"{_USAGE}/{name}/results"}
            response = SimulatedResponse(202, told)
        else:
            asked = known_fields(body, ("items", "timeZone"))
            for item in asked.get("items") or []:
                if moment(item.get("endDate")) - moment(item.get("startDate")) > _LONGEST:
                    msg = "A range may not exceed 31 days"
                    raise RefusedError(msg)
            response = SimulatedResponse(202, {"job": {"id": name, "status": "Processing"}})
        self.asked[name] = asked
        return response

    def _is_ready(self, name: str) -> bool:
        self.looks[name] = self.looks.get(name, 0) + 1
        return self.looks[name] > 1

    def _file(self, content: Any, url: str) -> str:  # noqa: ANN401 - JSON is anything
        name = identifier("file", len(self.files))
        self.files[name] = content
        return f"{url}{FILES}{name}?signature={identifier(name)}"

    def _audits(
        self, world: World, name: str, rest: str, query: Mapping[str, str], url: str
    ) -> SimulatedResponse:
        asked = self.asked[name]["interval"]
        if not rest:
            state = "Succeeded" if self._is_ready(name) else "Running"
            return SimulatedResponse(body={"id": name, "state": state, "interval": asked})
        size = min(positive(query, "pageSize", 25), self.audit_page)
        number = positive(query, "cursor", 1)
        rows = list(audits(world, *interval(asked)))
        more = {"cursor": str(number + 1)} if number * size < len(rows) else {}
        page = page_of(rows, number, size)
        told = {"id": name, "pageSize": size, "entities": page, **more}
        if query.get("allowRedirect") == "true" and len(page) >= self.large:
            as_array = self.audit_file == "array"
            address = self._file(_in_file(page) if as_array else {"entities": page}, url)
            return SimulatedResponse(302, {"downloadUrl": address, **more}, {"Location": address})
        return SimulatedResponse(body=told)

    def _usage(
        self, world: World, name: str, _rest: str, query: Mapping[str, str], _url: str
    ) -> SimulatedResponse:
        if not self._is_ready(name):
            return SimulatedResponse(body={"queryStatus": "Running"})
        rows = list(usage(world, *interval(self.asked[name]["interval"])))
        number, size = positive(query, "after", 1), 40
        more = {"cursors": {"after": str(number + 1)}} if number * size < len(rows) else {}
        told = {"queryStatus": "Complete", "results": page_of(rows, number, size), **more}
        return SimulatedResponse(body=told)

    def _adherence(
        self, world: World, name: str, _rest: str, _query: Mapping[str, str], url: str
    ) -> SimulatedResponse:
        if not self._is_ready(name):
            return SimulatedResponse(body={"job": {"id": name, "status": "Processing"}})
        urls = [self._file(adherence(world, item), url) for item in self.asked[name]["items"]]
        return SimulatedResponse(
            body={"job": {"id": name, "status": "Complete"}, "downloadUrls": urls}
        )

    def _shifts(self, unit: str, body: Row | None, url: str) -> SimulatedResponse:
        asked = known_fields(body, ("startDate", "endDate", "userIds"))
        start, end = moment(asked.get("startDate")), moment(asked.get("endDate"))
        told = {
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
        # Every other week is too large to be told here.
        if start.isocalendar().week % 2:
            return SimulatedResponse(
                body={"status": "Complete", "downloadUrl": self._file(told, url)}
            )
        return SimulatedResponse(body={"status": "Complete", "result": told})


def audits(world: World, start: datetime, end: datetime) -> Iterator[Row]:
    """Yield what was changed: every three minutes something."""
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
    """Return audits as a file has them: `eventTime`, in whole seconds, in place of `eventDate`."""
    return [
        {name: value for name, value in row.items() if name != "eventDate"}
        | {"eventTime": f"{row['eventDate'][:19]}Z"}
        for row in rows
    ]


def usage(world: World, start: datetime, end: datetime) -> Iterator[Row]:
    """Yield what was asked of the API, day by day, by two clients: ten times an hour and more.

    Of a day that the span touches, only what lies in the span is counted.
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
    """Return how the agents of a management unit kept to their schedules."""
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
    """Yield an agent's shifts that touch a span: one each day, over midnight."""
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
    """Return the work items, of three types; each was changed last some hours after it was made."""
    rows, types = [], ids_of(world, _TYPES)
    for number in range(150):
        made = world.since + number * _HOUR
        changed = made + (number % 7) * 3 * _HOUR
        if made <= world.now:
            rows.append(
                {
                    "id": identifier(world.seed, "workitem", number),
                    "name": f"Task {number}",
                    "dateCreated": stamp(made),
                    "dateModified": stamp(changed if changed <= world.now else made),
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
        for row, (first, length, status) in zip(rows, _WISHES, strict=True)
    ]


def _time_off(world: World, unit: str, body: Row | None) -> SimulatedResponse:
    asked = known_fields(
        body, ("ids", "userIds", "statuses", "substatuses", "dateRange", "teamIds")
    )
    rows = time_off(world, unit)
    if asked.get("statuses"):
        rows = [row for row in rows if row["status"] in asked["statuses"]]
    if dates := asked.get("dateRange"):
        first, last = (date.fromisoformat(dates[name]) for name in ("startDate", "endDate"))
        wanted = {(first + day * _DAY).isoformat() for day in range((last - first).days + 1)}
        rows = [row for row in rows if wanted & set(row["fullDayManagementUnitDates"])]
    if asked.get("statuses") != ["PENDING"] and not (dates and last - first < _LONGEST_TIME_OFF):
        msg = "Either statuses == [PENDING] or a range of at most 33 days is needed"
        raise RefusedError(msg)
    return SimulatedResponse(body={"entities": rows})


def _workitems(world: World, body: Row | None) -> SimulatedResponse:
    asked = known_fields(
        body, ("select", "pageSize", "filters", "attributes", "after", "sort", "expands")
    )
    named = [one["name"] for one in asked.get("filters") or [] if one["operator"] == "EQ"]
    if (
        not set(named) & {"workbinId", "assigneeId", "queueId", "typeId"}
        or len(asked["filters"]) > _MOST_FILTERS
    ):
        msg = "An EQ filter on workbinId, assigneeId, queueId or typeId, and three filters at most"
        raise RefusedError(msg)
    rows = workitems(world)
    for one in asked["filters"]:
        (value,) = one["values"]
        if one["name"] == "typeId":
            rows = [row for row in rows if row["type"]["id"] == value]
        else:
            later, limit = one["operator"] == "GTE", moment(value)
            rows = [
                row for row in rows if (datetime.fromisoformat(row[one["name"]]) >= limit) == later
            ]
    size, number = min(positive(asked, "pageSize", 25), 200), positive(asked, "after", 1)
    more = {"after": str(number + 1)} if number * size < len(rows) else {}
    return SimulatedResponse(body={"entities": page_of(rows, number, size), **more})
