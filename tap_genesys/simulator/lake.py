"""Asynchronous jobs, which read the data lake: what it does not know yet is silently missing."""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.answers import Answer, error
from tap_genesys.simulator.bodies import RefusedError, interval, known_fields, positive
from tap_genesys.simulator.filtering import check, passes
from tap_genesys.simulator.record import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tap_genesys.simulator.world import World

Row = dict[str, Any]

_FIELDS = (
    "interval", "order", "orderBy", "conversationFilters", "segmentFilters", "limit",
    "startOfDayIntervalMatching",
)  # fmt: skip


@dataclass
class Job:
    """One job: the conversations that it found, and how often it has been looked at."""

    numbers: list[int]
    as_of: datetime
    looks: int = 0


@dataclass
class Lake:
    """The jobs of an org.

    Args:
        looks_needed: How many looks at a job it takes until it is done.
        most_jobs: How many may exist at once; another one is refused with 429.
        page_limit: The most rows of a result page.
        row_limit: The most rows of a job.
    """

    looks_needed: int = 1
    most_jobs: int = 10
    page_limit: int = 1000
    row_limit: int = 400_000
    jobs: dict[str, Job] = field(default_factory=dict)
    _names: itertools.count[int] = field(default_factory=itertools.count)

    def submit(self, world: World, start: datetime, end: datetime, query: Row) -> str:
        """Start a job and return its name."""
        name = f"job-{next(self._names)}"
        self.jobs[name] = Job(self._found(world, start, end, query), world.watermark)
        return name

    def page(self, world: World, job: Job, cursor: str | None, size: int) -> Row:
        """Return a page of a job's results.

        Raises:
            ValueError: The cursor is unknown.
        """
        place = 0 if cursor is None else int(base64.b64decode(cursor, validate=True).decode()[2:])
        size = min(size, self.page_limit)
        rows = [world.in_lake(one, job.as_of) for one in job.numbers[place : place + size]]
        body: Row = {"conversations": rows, "dataAvailabilityDate": stamp(world.watermark)}
        if place + size < len(job.numbers):
            body["cursor"] = base64.b64encode(f"v2{place + size}".encode()).decode()
        return body

    def _found(self, world: World, start: datetime, end: datetime, query: Row) -> list[int]:
        """Return what was active in the interval, as far as the lake knows."""
        known = world.watermark
        first = world.since
        if query.get("startOfDayIntervalMatching"):
            first = start.replace(hour=0, minute=0, second=0, microsecond=0)
        begin, until = stamp(start), stamp(end)
        filters = query.get("conversationFilters") or [], query.get("segmentFilters") or []
        found = []
        for number in world.numbers(first, min(end, known)):
            if world.end_of(number) < start:
                continue
            row = world.in_lake(number)
            is_active = row["conversationStart"] < until and begin <= row.get(
                "conversationEnd", "9"
            )
            if is_active and (not any(filters) or passes(row, *filters)):
                found.append(number)
        return found


@dataclass
class JobOperations:
    """The operations below `.../details/jobs`.

    Args:
        world: What is true.
        lake: The jobs that there are.
    """

    world: World
    lake: Lake

    def operation(
        self, method: str, rest: str, query: Mapping[str, str], body: Row | None
    ) -> Callable[[], Answer] | None:
        """Return what answers a request; None where nothing does.

        Args:
            method: The HTTP method.
            rest: The path behind `.../jobs`.
            query: The URL's parameters.
            body: The body.
        """
        if (method, rest) == ("POST", ""):
            return lambda: self._submit(body)
        if (method, rest) == ("GET", "/availability"):
            return lambda: Answer(body={"dataAvailabilityDate": stamp(self.world.watermark)})
        name, _, what = rest.lstrip("/").partition("/")
        if name not in self.lake.jobs:
            return None
        return {
            ("GET", ""): lambda: self._look(name),
            ("GET", "results"): lambda: self._page(name, query),
            ("DELETE", ""): lambda: self._delete(name),
        }.get((method, what))

    def _submit(self, body: Row | None) -> Answer:
        query = known_fields(body, _FIELDS)
        start, end = interval(query.get("interval"))
        check(query.get("conversationFilters", []), query.get("segmentFilters", []))
        if len(self.lake.jobs) >= self.lake.most_jobs:
            return error(429, headers={"Retry-After": "1"})
        return Answer(202, {"jobId": self.lake.submit(self.world, start, end, query)})

    def _look(self, name: str) -> Answer:
        job = self.lake.jobs[name]
        job.looks += 1
        is_done = job.looks >= self.lake.looks_needed
        return Answer(body={"state": "FULFILLED" if is_done else "PENDING"})

    def _page(self, name: str, query: Mapping[str, str]) -> Answer:
        job = self.lake.jobs[name]
        if len(job.numbers) > self.lake.row_limit:
            msg = f"Pagination may not exceed {self.lake.row_limit} results."
            raise RefusedError(msg)
        try:
            page = self.lake.page(
                self.world, job, query.get("cursor"), positive(query, "pageSize", 100)
            )
        except ValueError as wrong:
            msg = "The cursor is unknown"
            raise RefusedError(msg) from wrong
        return Answer(body=page)

    def _delete(self, name: str) -> Answer:
        self.lake.jobs.pop(name)
        return Answer(204)
