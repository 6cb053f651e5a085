"""Workforce management: adherence to schedules."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from typing_extensions import override

from tap_genesys.api.response import body
from tap_genesys.api.shape import COUNT, DATE, LIST, TEXT, Kind, Required, misfit
from tap_genesys.endpoints.reports import ReportStream
from tap_genesys.records.usable import parted
from tap_genesys.replication.windows import DAY, Window, iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.page_steps import Page
    from tap_genesys.api.response import Record

_MONTH_SECONDS = 31 * 86_400
#: The shapes of responses, of a file, and of their entries.
_REPORT = {"job": Required({"status": TEXT}), "downloadUrls": [TEXT]}
_SUBMITTED = {**_REPORT, "job": Required({"id": Required(TEXT), "status": TEXT})}
_SECONDS = Kind(
    "seconds of a month", lambda value: type(value) is int and 0 <= value <= _MONTH_SECONDS
)
_FILE = {"startDate": Required(DATE), "userResults": LIST}
_USER = {"userId": Required(TEXT), "dayMetrics": [{"dayStartOffsetSeconds": _SECONDS}]}
_UNITS = {"entities": [{"id": Required(TEXT)}], "pageCount": COUNT}


class AdherenceHistorical(ReportStream):
    """An agent's adherence to the schedule on one day, in the time zone of the management unit.

    A week takes one job for all management units that share a time zone. A day's figures may still
    change, so each run reads the last seven days again.

    More than a declaration: a job per time zone, whose files are flattened into days.
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
        return self._query_of(window, zone, units)

    def _query_of(self, window: Window, zone: str, units: list[str]) -> dict[str, Any]:
        # Whole past days of the time zone, so that no row covers half a day.
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
            query = self._query_of(window, zone, units)
            content = body(self.call("POST", self.path, data=query, shape=_SUBMITTED))
            job = content["job"]

            def look(job: Record = job, content: Record = content) -> Record | None:
                if job.get("status") != "Complete":
                    path = f"{self.path}/jobs/{job['id']}"
                    content = body(self.call("GET", path, shape=_REPORT))
                status = content["job"].get("status")
                if status == "Error":
                    raise self.failed(status)
                return content if status == "Complete" else None

            for url in self.wait_for(look).get("downloadUrls") or []:
                yield list(self._days(self.run.downloads.json(url, _FILE, self.label)))

    def _days(self, result: Record) -> Iterator[Any]:
        start = parse(result["startDate"])
        users, others = parted(result.get("userResults"))
        yield from others
        for user in users:
            if misfit(user, _USER):
                yield None  # counted as an unusable record
                continue
            user_id = self.redacted({"userId": user["userId"]})["userId"]
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
        """Return time zone -> ids of its management units."""
        if self._units is None:
            by_zone: dict[str, list[str]] = {}
            number, pages = 1, 1
            while number <= pages:
                params = {"pageSize": 100, "pageNumber": number}
                content = body(self.call("GET", self.units_path, params=params, shape=_UNITS))
                for unit in content.get("entities") or []:
                    zone = _known_zone(unit.get("timeZone"))
                    by_zone.setdefault(zone, []).append(unit["id"])
                is_last = not content.get("entities")
                number, pages = number + 1, 0 if is_last else int(content.get("pageCount") or 1)
            self._units = by_zone
        return self._units


def _known_zone(name: object) -> str:
    """Return a time zone's canonical name; UTC where it is unknown."""
    try:
        return ZoneInfo(str(name)).key
    except (KeyError, ValueError, OSError):
        return "UTC"


STREAMS = (AdherenceHistorical,)
