"""The cost of reading a stream, one value for each way of reading: in words, and as an estimate.

A value's words are the column "requests" of docs/streams.md. Its estimate, of requests and rows, is
made from a sample of the stream; nothing is requested here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from tap_genesys.api.jobs import PAGE_SIZE
from tap_genesys.endpoints.volume import Estimate, Volume, in_days, pages
from tap_genesys.replication.windows import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.volume import Basis
    from tap_genesys.replication.windows import Window

#: How many rows a conversation, or a span, becomes by each lane, re-checks aside, with a run a day
#: and a data lake that is a day behind. Counted against the simulator, where a third of the
#: conversations go on for hours or days: 1.1 to 1.3 by job, 1 by query (0.05 where the lake is four
#: hours behind, and the run begins at one). Hourly runs emit more: `bench/rows_per_day.py`.
ROWS_BY_JOB = 1.0
ROWS_BY_QUERY = 1.0

#: Returns the windows of a range.
Windows: TypeAlias = "Callable[[datetime, datetime], Iterable[Window]]"


class Cost(Protocol):
    """The requests that reading a stream takes, and the rows that it emits."""

    @property
    def text(self) -> str:
        """The requests of a run, in words."""

    def estimate(self, basis: Basis) -> Estimate:
        """Return how many requests and rows that is."""


@dataclass(frozen=True, slots=True)
class NoRequests:
    """No request: the rows are made of another stream's records.

    Args:
        parent: The name of that stream.
        count_rows: Returns how many rows records of that stream become; None where that cannot be
            counted.
    """

    parent: str
    count_rows: Callable[[Sequence[Record]], int | None] | None = None
    text: ClassVar[str] = "none"

    def estimate(self, basis: Basis) -> Estimate:
        """Return no request, and the rows of the parent times those of a record of its sample."""
        of_parent = basis.parent_estimate
        return Estimate(
            0,
            0,
            f"made of {self.parent}",
            self._rows(basis, of_parent.rows_first_run),
            self._rows(basis, of_parent.rows_per_day),
        )

    def _rows(self, basis: Basis, rows_of_parent: int | None) -> int | None:
        records = basis.parent.records if basis.parent else ()
        if self.count_rows is None or rows_of_parent is None or not records:
            return None
        rows = self.count_rows(records)
        return None if rows is None else round(rows_of_parent * rows / len(records))


@dataclass(frozen=True, slots=True)
class SingleRequest:
    """One request, since all records are in one response."""

    text: ClassVar[str] = "1"

    def estimate(self, basis: Basis) -> Estimate:
        """Return one request, and its rows."""
        return Estimate.every_run(1, basis.rows)


@dataclass(frozen=True, slots=True)
class PerPage:
    """A request for each page of a listing.

    Args:
        page_size: Records of a page.
    """

    page_size: int

    @property
    def text(self) -> str:
        """The requests of a run, in words."""
        return f"1 per {self.page_size} rows"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the pages, where the sample shows how many records there are."""
        if basis.sample is None or not basis.sample.is_counted:
            return Estimate()
        return Estimate.every_run(pages(basis.count, self.page_size), basis.rows)


@dataclass(frozen=True, slots=True)
class PerParent:
    """The pages of a listing for each record of another stream.

    Args:
        page_size: Records of a page.
        text: The requests of a run, in words.
    """

    page_size: int
    text: str

    def estimate(self, basis: Basis) -> Estimate:
        """Return the pages of the listing in the sample, as often as it is requested."""
        if basis.sample is None:
            return Estimate()
        requests = pages(basis.count, self.page_size) * basis.parts * basis.parent_count
        return Estimate.every_run(requests, basis.rows)


@dataclass(frozen=True, slots=True)
class PerBatch:
    """A request for each batch of another stream's records.

    Args:
        batch_size: Records that one request names.
        text: The requests of a run, in words.
    """

    batch_size: int
    text: str

    def estimate(self, basis: Basis) -> Estimate:
        """Return the batches; the rows of one record, which the sample has, for each of them."""
        if basis.sample is None:
            return Estimate()
        return Estimate.every_run(pages(basis.parent_count, self.batch_size), basis.rows)


@dataclass(frozen=True, slots=True)
class PerRecord:
    """A request, or a few, for each record of an incremental stream that has ended.

    Args:
        requests: How many requests that is.
        unit: The noun for what they are about.
    """

    requests: int
    unit: str

    @property
    def text(self) -> str:
        """The requests of a run, in words."""
        return f"{self.requests} for each {self.unit} that has ended"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests for each day's records: as many end on a day as start on it.

        How many rows the responses hold is unknown.
        """
        per_day = self.requests * basis.parts * basis.parent_count
        return Estimate(per_day * max(1, ceil(basis.wanted.length / DAY)), per_day)


@dataclass(frozen=True, slots=True)
class PerWindow:
    """As many requests for each window of time.

    Args:
        windows: Returns the windows of a range.
        lookback: How far before its bookmark a run starts.
        requests: The requests of a window.
        rechecks: How many past days a run reads again.
        text: The requests of a run, in words.
        is_sampled: Whether the sample holds all rows of a day.
    """

    windows: Windows
    lookback: timedelta
    requests: int = 1
    rechecks: int = 0
    text: str = "by window"
    is_sampled: bool = False

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests and rows of the windows of both runs.

        A later run may emit fewer rows: a day whose rows are unchanged is left out.
        """
        next_run = basis.next_run(self.lookback)
        first, later = (len([*self.windows(*span.bounds)]) for span in (basis.wanted, next_run))
        requests = first * self.requests, (later + self.rechecks) * self.requests
        if not self.is_sampled:
            return Estimate(*requests)
        return Estimate(
            *requests,
            rows_first_run=basis.rows_of_days(self._days(basis.wanted)),
            rows_per_day=basis.rows_of_days(self._days(next_run) + self.rechecks),
        )

    def _days(self, span: Window) -> float:
        """Return how many days of rows the windows of a range have, as far as they are past."""
        windows = self.windows(*span.bounds)
        return sum((min(window.end, span.end) - window.start) / DAY for window in windows)


@dataclass(frozen=True, slots=True)
class PerWindowAndBatch:
    """A request for each batch of users, for each window of time.

    Args:
        per_window: The cost with one batch.
        batch_size: Returns how many users one request names.
    """

    per_window: PerWindow
    batch_size: Callable[[], int]
    text: ClassVar[str] = (
        "1 per 100 users for each reading of a day: see [aggregates.md](aggregates.md)"
    )

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests of the windows, as often as there are batches."""
        batches = pages(basis.parent_count, self.batch_size())
        detail = f"{basis.parent_count:,} users: {batches:,} requests for each reading of a day"
        estimate = replace(self.per_window, requests=batches).estimate(basis)
        return replace(estimate, detail=detail)


@dataclass(frozen=True, slots=True)
class Sources:
    """The facts about a stream that is read by query, by job, or by both.

    Args:
        source: Where its rows come from: `auto`, `job` or `query`.
        windows: Returns the windows of a range that are read by query.
        job_windows: Returns those that are read by job.
        lookback: How far before its bookmark a run starts.
        page_size: Rows of a page of a query.
        rechecks: How many past days a run reads again.
        emits_unchanged: Whether what a query reads again is emitted, though it has not changed.
    """

    source: str
    windows: Windows
    job_windows: Windows
    lookback: timedelta
    page_size: int
    rechecks: int
    emits_unchanged: bool = False

    def volume(self, basis: Basis) -> Volume:
        """Return how much there is to read, from the number of yesterday's rows."""
        return Volume(basis.count, self.page_size, PAGE_SIZE)

    def with_rows(self, estimate: Estimate, basis: Basis) -> Estimate:
        """Return an estimate with the rows of both runs: each row of a first run comes once."""
        if self.source == "query":
            # What is new is a day; the rest of the range is read again.
            days = basis.next_run(self.lookback).length / DAY if self.emits_unchanged else 1.0
        else:
            days = ROWS_BY_JOB + (ROWS_BY_QUERY if self.source == "auto" else 0.0)
        return replace(
            estimate,
            rows_first_run=basis.rows_of_days(basis.wanted.length / DAY),
            rows_per_day=basis.rows_of_days(days + self.rechecks),
        )


@dataclass(frozen=True, slots=True)
class ConversationDetailsCost:
    """The pages of queries, or of jobs, for conversations.

    Args:
        sources: The facts about the stream.
    """

    sources: Sources
    text: ClassVar[str] = "see [lanes.md](lanes.md)"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests and rows by the stream's source."""
        return self.sources.with_rows(self._requests(basis), basis)

    def _requests(self, basis: Basis) -> Estimate:
        sources, volume = self.sources, self.sources.volume(basis)
        detail = f"{basis.count:,} yesterday"
        if sources.source == "query":
            later = sources.windows(*basis.next_run(sources.lookback).bounds)
            first_run = volume.queries(in_days(sources.windows(*basis.wanted.bounds)))
            return Estimate(first_run, volume.queries(in_days(later), sources.rechecks), detail)
        # From the watermark, some hours ago, to now: a query of the day that it touches.
        fresh = volume.query(1) if sources.source == "auto" else 0
        first_run = volume.jobs(in_days(sources.job_windows(*basis.wanted.bounds)))
        return Estimate(first_run + fresh, volume.jobs([1], sources.rechecks) + fresh, detail)


@dataclass(frozen=True, slots=True)
class UserDetailsCost:
    """The pages of queries, or of jobs, for the spans of users.

    Args:
        sources: The facts about the stream.
    """

    sources: Sources
    text: ClassVar[str] = "see [lanes.md](lanes.md)"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests by the stream's source; a job's row holds one entry at least.

        The rows are entries of all kinds, those of tables too: one that is stored on two days is
        one row, so that there are fewer at most.
        """
        requests = Estimate(
            self._requests(basis, basis.wanted, 0),
            self._requests(basis, basis.next_run(self.sources.lookback), self.sources.rechecks),
            f"{basis.count:,} entries yesterday",
        )
        sources = self.sources
        if sources.source == "auto" and not sources.emits_unchanged:
            # What either source has emitted with its end, the other one leaves out.
            sources = replace(sources, source="job")
        return sources.with_rows(requests, basis)

    def _requests(self, basis: Basis, span: Window, rechecks: int) -> int:
        sources, volume = self.sources, self.sources.volume(basis)

        def by_query(days: list[float]) -> int:
            # The last page of each window has no entries.
            return volume.queries(days) + len(days)

        if sources.source == "query":
            return by_query([*in_days(sources.windows(*span.bounds)), *[1.0] * rechecks])
        # From the watermark, up to a day ago, to now: parts of two days.
        fresh = by_query([0.5, 0.5]) if sources.source == "auto" else 0
        return volume.jobs(in_days(sources.job_windows(*span.bounds)), rechecks) + fresh
