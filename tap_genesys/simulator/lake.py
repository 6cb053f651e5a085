"""Asynchronous jobs, which read the data lake: rows beyond its watermark are silently missing."""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.bodies import RefusedError, checked_fields, interval, positive
from tap_genesys.simulator.filtering import check, passes
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import SimulatedResponse, error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tap_genesys.simulator.world import World

Row = dict[str, Any]
_MOMENT = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Kind:
    """A family of jobs.

    Args:
        rows: The field of a response that holds the rows.
        fields: The fields that a submission may have.
        find: Returns the matches in an interval with these bounds, up to the watermark, and a
            function that makes a row of a match.
    """

    rows: str
    fields: tuple[str, ...]
    find: Callable[
        [World, datetime, datetime, Row, str], tuple[Sequence[Any], Callable[[Any], Row]]
    ]


@dataclass
class Job:
    """A job: its matches at its submission, and the number of polls since."""

    kind: Kind
    matches: Sequence[Any]
    as_row: Callable[[Any], Row]
    submitted: datetime
    polls: int = 0


@dataclass
class Lake:
    """The jobs of an org.

    Args:
        polls_needed: The number of polls until a job is done.
        most_jobs: The most jobs at once; another one is refused with 429.
        page_limit: The most rows of a result page.
        row_limit: The most rows of a job; the results of a larger one are refused.
        fails_at_row_limit: Whether such a job is FAILED instead.
        lifetime: The time from a job's submission until it expires.
        interval_bounds: The bounds of a job's interval, as in `Habits.job_interval_bounds`.
        oversized_page: The response to a larger page than `page_limit`: `clamp` or `refuse`.
    """

    polls_needed: int = 1
    most_jobs: int = 10
    page_limit: int = 1000
    row_limit: int = 400_000
    fails_at_row_limit: bool = False
    lifetime: timedelta = timedelta(days=1)
    interval_bounds: str = "[)"
    oversized_page: str = "clamp"
    jobs: dict[str, Job] = field(default_factory=dict)
    _names: itertools.count[int] = field(default_factory=itertools.count)

    def submit(self, world: World, kind: Kind, query: Row) -> str:
        """Submit a job and return its id."""
        name = f"job-{next(self._names)}"
        start, end = interval(query.get("interval"))
        matches, as_row = kind.find(world, start, end, query, self.interval_bounds)
        self.jobs[name] = Job(kind, matches, as_row, world.now)
        return name

    def page(self, world: World, job: Job, cursor: str | None, size: int) -> Row:
        """Return a page of a job's results.

        Raises:
            ValueError: The cursor is unknown.
        """
        place = 0 if cursor is None else int(base64.b64decode(cursor, validate=True).decode()[2:])
        size = min(size, self.page_limit)
        rows = [job.as_row(match) for match in job.matches[place : place + size]]
        body: Row = {job.kind.rows: rows, "dataAvailabilityDate": stamp(world.watermark)}
        if place + size < len(job.matches):
            body["cursor"] = base64.b64encode(f"v2{place + size}".encode()).decode()
        return body


def _conversations(
    world: World, start: datetime, end: datetime, query: Row, bounds: str
) -> tuple[list[int], Callable[[int], Row]]:
    """Return the numbers of the conversations that are active in an interval, by the watermark."""
    watermark = world.watermark
    # Dates have whole milliseconds, so an open bound is a closed one a millisecond away.
    start += _MOMENT if bounds[0] == "(" else timedelta(0)
    end += _MOMENT if bounds[1] == "]" else timedelta(0)
    first = world.since
    if query.get("startOfDayIntervalMatching"):
        first = start.replace(hour=0, minute=0, second=0, microsecond=0)
    begin, until = stamp(start), stamp(end)
    filters = query.get("conversationFilters") or [], query.get("segmentFilters") or []
    check(*filters)
    matches = []
    for number in world.numbers(first, min(end, watermark)):
        if world.end_of(number) < start or not world.is_seen(number, watermark):
            continue
        row = world.in_lake(number)
        is_active = row["conversationStart"] < until and begin <= row.get("conversationEnd", "9")
        if is_active and (not any(filters) or passes(row, *filters)):
            matches.append(number)
    return matches, lambda number: world.in_lake(number, watermark)


CONVERSATIONS = Kind(
    "conversations",
    (
        "interval", "order", "orderBy", "conversationFilters", "segmentFilters", "limit",
        "startOfDayIntervalMatching",
    ),
    _conversations,
)  # fmt: skip


@dataclass
class JobOperations:
    """The operations below `.../details/jobs`.

    Args:
        world: The org and its history.
        lake: The jobs of the org.
        kind: The family of the jobs.
    """

    world: World
    lake: Lake
    kind: Kind

    def operation(
        self, method: str, rest: str, query: Mapping[str, str], body: Row | None
    ) -> Callable[[], SimulatedResponse] | None:
        """Return the handler of a request; None if there is none.

        Args:
            method: The HTTP method.
            rest: The path after `.../jobs`.
            query: The URL's parameters.
            body: The body.
        """
        if (method, rest) == ("POST", ""):
            return lambda: self._submit(body)
        if (method, rest) == ("GET", "/availability"):
            return lambda: SimulatedResponse(
                body={"dataAvailabilityDate": stamp(self.world.watermark)}
            )
        name, _, part = rest.lstrip("/").partition("/")
        job = self.lake.jobs.get(name)
        if job is None or job.kind is not self.kind:
            return None
        return {
            ("GET", ""): lambda: self._poll(job),
            ("GET", "results"): lambda: self._page(job, query),
            ("DELETE", ""): lambda: self._delete(name),
        }.get((method, part))

    def _submit(self, body: Row | None) -> SimulatedResponse:
        query = checked_fields(body, self.kind.fields)
        if len(self.lake.jobs) >= self.lake.most_jobs:
            key, value = "details.jobs.concurrent.access.max", self.lake.most_jobs
            limit = {"key": key, "namespace": "analytics", "value": value}
            return error(429, headers={"Retry-After": "1"}, limit=limit)
        return SimulatedResponse(202, {"jobId": self.lake.submit(self.world, self.kind, query)})

    def _expires(self, job: Job) -> datetime:
        return job.submitted + self.lake.lifetime

    def _poll(self, job: Job) -> SimulatedResponse:
        job.polls += 1
        state = "FULFILLED" if job.polls >= self.lake.polls_needed else "PENDING"
        if self.world.now >= self._expires(job):
            state = "EXPIRED"
        dates = {"submissionDate": job.submitted, "expirationDate": self._expires(job)}
        if state == "FULFILLED":
            dates["completionDate"] = self.world.now
            if self.lake.fails_at_row_limit and len(job.matches) > self.lake.row_limit:
                reason = f"The query exceeds {self.lake.row_limit} results."
                return SimulatedResponse(body={"state": "FAILED", "errorMessage": reason})
        return SimulatedResponse(
            body={"state": state, **{name: stamp(date) for name, date in dates.items()}}
        )

    def _page(self, job: Job, query: Mapping[str, str]) -> SimulatedResponse:
        if self.world.now >= self._expires(job):
            msg = "The results have expired"
            raise RefusedError(msg)
        if len(job.matches) > self.lake.row_limit:
            msg = f"Pagination may not exceed {self.lake.row_limit} results."
            raise RefusedError(msg)
        size = positive(query, "pageSize", 100)
        if size > self.lake.page_limit and self.lake.oversized_page == "refuse":
            msg = f"pageSize may not exceed {self.lake.page_limit}"
            raise RefusedError(msg)
        try:
            page = self.lake.page(self.world, job, query.get("cursor"), size)
        except ValueError as failure:
            msg = "The cursor is unknown"
            raise RefusedError(msg) from failure
        return SimulatedResponse(body=page)

    def _delete(self, name: str) -> SimulatedResponse:
        self.lake.jobs.pop(name)
        return SimulatedResponse(204)
