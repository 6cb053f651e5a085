"""What the vendor prepares as a report, and what is asked for by its own date of change."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from typing_extensions import override

from tap_genesys.api.response import body
from tap_genesys.endpoints.reports import ReportStream
from tap_genesys.errors import StopRun
from tap_genesys.replication.old_data import AUDITS, Horizon
from tap_genesys.replication.windows import DAY, Window, floor, iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.pagination import Page
    from tap_genesys.api.response import Record


class Audits(ReportStream):
    """Who changed what in the org, and when.

    Asked for by day, in four requests or more: the vendor prepares a report, which is waited for,
    and read in pages of 500. A large page is an address of the vendor's storage instead (302); the
    token does not go there. Rows of such a file have `eventTime` in place of `eventDate`: its
    value becomes `eventDate`, and `eventTime` stays beside it.

    More than a declaration: a report is asked for, waited for, and read by cursor or as files.
    """

    name = "audits"
    path = "/api/v2/audits/query"
    primary_keys = ("id",)
    replication_key = "eventDate"
    max_page_size = 500
    allow_redirects = False
    requests_of_window = 4

    @property
    @override
    def horizon(self) -> Horizon:
        return Horizon(
            AUDITS, "The vendor keeps them for a year at least, and nothing else has them."
        )

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, DAY)

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return {"interval": str(window), "sort": [{"name": "Timestamp", "sortOrder": "ascending"}]}

    @override
    def parts(self, window: Window) -> Iterator[list[Record]]:
        path = f"{self.path}/{self.submitted(window).get('id')}"

        def is_done() -> bool | None:
            state = body(self.call("GET", path)).get("state")
            if state in ("Failed", "Cancelled"):
                raise self.failed(state)
            return True if state == "Succeeded" else None

        def page(token: str) -> tuple[list[Record], str]:
            after = {"cursor": token} if token else {}
            params = {"pageSize": self.max_page_size, "allowRedirect": "true", **after}
            redirect = frozenset({HTTPStatus.FOUND})
            response = self.call("GET", f"{path}/results", params=params, accepted=redirect)
            content = body(response)
            cursor = str(content.get("cursor") or "")
            if response.status_code != HTTPStatus.FOUND:
                return content.get("entities") or [], cursor
            url = content.get("downloadUrl") or response.headers.get("Location")
            return self._rows_of_file(self.run.downloads.json(str(url))), cursor

        self.wait_for(is_done)
        yield from self.by_token(page)

    def _rows_of_file(self, content: Any) -> list[Record]:  # noqa: ANN401 - JSON is anything
        """Return the rows of a downloaded page: an array, or an object with `entities`.

        Raises:
            StopRun: It is neither, or a row has no `id`, which is the key.
        """
        rows = content.get("entities") if isinstance(content, dict) else content
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and row.get("id") for row in rows
        ):
            msg = (
                f"{self.where}: the downloaded file holds no audits: expected an array of objects "
                "with an `id`, or an object with such `entities`. Report it; or deselect audits."
            )
            raise StopRun(msg)
        return _dated(rows)


class ApiUsage(ReportStream):
    """How often each client asked for what, day by day, and how that was answered.

    The vendor counts once a day, so the last two days are read again. Three requests for a week.

    More than a declaration: a report is asked for, waited for, and read by cursor.
    """

    name = "api_usage"
    path = "/api/v2/usage/query"
    primary_keys = ("_id",)
    replication_key = "date"
    requests_of_window = 3

    @property
    @override
    def default_lookback(self) -> timedelta:
        return 2 * DAY

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        # Whole days, as far as they have passed: a part would replace the count of all of it.
        midnight = floor(end, DAY)
        if midnight < end:
            end = max(end, min(midnight + DAY, self.run.started))
        return split(floor(start, DAY), end, 7 * DAY)

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        groups = ["OAuthClientId", "TemplateUri", "HttpMethod"]
        return {"interval": str(window), "granularity": "Day", "groupBy": groups}

    @override
    def parts(self, window: Window) -> Iterator[list[Record]]:
        path = f"{self.path}/{self.submitted(window).get('executionId')}/results"

        def page(token: str) -> tuple[list[Record], str]:
            after = {"after": token} if token else {}

            def look() -> Record | None:
                told = body(self.call("GET", path, params=after))
                status = told.get("queryStatus")
                if status == "Failed":
                    raise self.failed(status)
                return told if status == "Complete" else None

            told = self.wait_for(look)
            rows = [{**row, "_id": _usage_key(row)} for row in told.get("results") or []]
            return rows, str((told.get("cursors") or {}).get("after") or "")

        yield from self.by_token(page)


class AdherenceHistorical(ReportStream):
    """How well each agent kept to the schedule, day by day of the management unit's time zone.

    A week at a time, for all management units that share a time zone; what is told of a day may
    change for a while, so the last seven days are read again.

    More than a declaration: a job for each time zone, whose files are opened up into days.
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
    def keyed_by(self) -> tuple[str, ...]:
        return ("userId",)

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, 7 * DAY)

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        zone, units = next(iter(self._by_zone().items()), ("UTC", []))
        return self._question(window, zone, units)

    def _question(self, window: Window, zone: str, units: list[str]) -> dict[str, Any]:
        # Whole days of the zone, as far as they have passed, so that no day is told by its half.
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
            asked = self._question(window, zone, units)
            told = body(self.call("POST", self.path, data=asked))
            job = told.get("job") or {}

            def look(job: Record = job, told: Record = told) -> Record | None:
                if job.get("status") != "Complete":
                    told = body(self.call("GET", f"{self.path}/jobs/{job.get('id')}"))
                status = (told.get("job") or {}).get("status")
                if status == "Error":
                    raise self.failed(status)
                return told if status == "Complete" else None

            for url in self.wait_for(look).get("downloadUrls") or []:
                yield list(self._days(self.run.downloads.json(str(url))))

    def _days(self, result: Record) -> Iterator[Record]:
        start = parse(str(result.get("startDate")))
        for user in result.get("userResults") or []:
            shown = self.shown({"userId": user.get("userId")})["userId"]
            for day in user.get("dayMetrics") or []:
                begins = iso(start + timedelta(seconds=int(day.get("dayStartOffsetSeconds") or 0)))
                yield {
                    **day,
                    "_id": f"{result.get('managementUnitId')}/{shown}/{begins}",
                    "managementUnitId": result.get("managementUnitId"),
                    "userId": user.get("userId"),
                    "dayStart": begins,
                }

    def _by_zone(self) -> dict[str, list[str]]:
        """Return the management units by their time zones."""
        if self._units is None:
            found: dict[str, list[str]] = {}
            number, pages = 1, 1
            while number <= pages:
                params = {"pageSize": 100, "pageNumber": number}
                told = body(self.call("GET", self.units_path, params=params))
                for unit in told.get("entities") or []:
                    zone = _known_zone(unit.get("timeZone"))
                    found.setdefault(zone, []).append(str(unit["id"]))
                number, pages = number + 1, int(told.get("pageCount") or 1)
            self._units = found
        return self._units


class Workitems(ReportStream):
    """Tasks, as they were last changed.

    Asked for by the date of their last change, a month at a time, once for each type of work item:
    the query needs one to be named, and takes three filters at most. So a run costs a request for
    each type and 200 rows, and one for each 200 types (`workitems:worktype:view`).

    More than a declaration: it is asked for by type and by date, page by token.
    """

    name = "workitems"
    path = "/api/v2/taskmanagement/workitems/query"
    types_path: ClassVar[str] = "/api/v2/taskmanagement/worktypes/query"
    primary_keys = ("id",)
    replication_key = "dateModified"
    max_page_size = 200

    _types: list[str] | None = None

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        # From the start on, not from midnight on: a daily run is one window, so one request a type.
        while start < end:
            yield Window(floor(start), floor(min(start + 30 * DAY, end)))
            start += 30 * DAY

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return self._question(window, next(iter(self._known_types()), ""))

    def _question(self, window: Window, kind: str) -> dict[str, Any]:
        wanted = (
            ("typeId", "EQ", kind),
            ("dateModified", "GTE", iso(window.start)),
            ("dateModified", "LT", iso(window.end)),
        )
        filters = [
            {"name": name, "type": "String", "operator": operator, "values": [value]}
            for name, operator, value in wanted
        ]
        return {"pageSize": self.page_size, "filters": filters}

    @override
    def parts(self, window: Window) -> Iterator[list[Record]]:
        for kind in self._known_types():
            asked = self._question(window, kind)
            yield from self.by_token(partial(self._page, self.path, asked))

    def _known_types(self) -> list[str]:
        if self._types is None:
            asked = {"pageSize": self.page_size, "filters": []}
            pages = self.by_token(partial(self._page, self.types_path, asked))
            self._types = [str(one["id"]) for page in pages for one in page]
        return self._types

    def _page(self, path: str, asked: dict[str, Any], token: str) -> tuple[list[Record], str]:
        after = {"after": token} if token else {}
        told = body(self.call("POST", path, data={**asked, **after}))
        return told.get("entities") or [], str(told.get("after") or "")


def _dated(rows: list[Record]) -> list[Record]:
    """Return audits that all have `eventDate`; in a downloaded file it is called `eventTime`.

    The vendor's own field stays beside it. Source: splunk/genesys_cloud_ta,
    `audit_query_helper.py`, the only public code that reads such a file.
    """
    return [
        row if row.get("eventDate") else {**row, "eventDate": row.get("eventTime")} for row in rows
    ]


def _known_zone(name: object) -> str:
    """Return a time zone's name; UTC where it is none that is known here."""
    try:
        return ZoneInfo(str(name)).key
    except (KeyError, ValueError, OSError):
        return "UTC"


def _usage_key(row: Record) -> str:
    names = ("date", "clientId", "userId", "httpMethod", "templateUri")
    return "/".join(str(row.get(name) or "") for name in names)


STREAMS = (
    AdherenceHistorical,
    ApiUsage,
    Audits,
    Workitems,
)
