"""The cost of reading a stream, one value for each way of reading: in words, and as an estimate.

A value's words are the column "requests" of docs/streams.md. Its estimate is made from a sample of
the stream; nothing is requested here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from tap_genesys.api.jobs import PAGE_SIZE
from tap_genesys.endpoints.volume import Estimate, Volume, in_days, pages
from tap_genesys.replication.windows import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from tap_genesys.endpoints.volume import Basis
    from tap_genesys.replication.windows import Window

#: Returns the windows of a range.
Windows: TypeAlias = "Callable[[datetime, datetime], Iterable[Window]]"


class Cost(Protocol):
    """The requests that reading a stream takes."""

    @property
    def text(self) -> str:
        """The requests of a run, in words."""

    def estimate(self, basis: Basis) -> Estimate:
        """Return how many requests that is."""


@dataclass(frozen=True, slots=True)
class NoRequests:
    """No request: the rows are made of another stream's records.

    Args:
        parent: The name of that stream.
    """

    parent: str
    text: ClassVar[str] = "none"

    def estimate(self, _basis: Basis) -> Estimate:
        """Return none."""
        return Estimate(0, 0, f"made of {self.parent}")


@dataclass(frozen=True, slots=True)
class SingleRequest:
    """One request, since all records are in one response."""

    text: ClassVar[str] = "1"

    def estimate(self, _basis: Basis) -> Estimate:
        """Return one."""
        return Estimate.every_run(1)


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
        return Estimate.every_run(pages(basis.count, self.page_size))


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
        return Estimate.every_run(requests)


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
        """Return the batches."""
        if basis.sample is None:
            return Estimate()
        return Estimate.every_run(pages(basis.parent_count, self.batch_size))


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
        """Return the requests for each day's records: as many end on a day as start on it."""
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
    """

    windows: Windows
    lookback: timedelta
    requests: int = 1
    rechecks: int = 0
    text: str = "by window"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests of the windows of both runs."""
        first, later = (
            len([*self.windows(*span.bounds)])
            for span in (basis.wanted, basis.next_run(self.lookback))
        )
        return Estimate(first * self.requests, (later + self.rechecks) * self.requests)


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
    """

    source: str
    windows: Windows
    job_windows: Windows
    lookback: timedelta
    page_size: int
    rechecks: int

    def volume(self, basis: Basis) -> Volume:
        """Return how much there is to read, from the number of yesterday's rows."""
        return Volume(basis.count, self.page_size, PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class ConversationDetailsCost:
    """The pages of queries, or of jobs, for conversations.

    Args:
        sources: The facts about the stream.
    """

    sources: Sources
    text: ClassVar[str] = "see [lanes.md](lanes.md)"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests by the stream's source."""
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
        """Return the requests by the stream's source; a job's row holds one entry at least."""
        return Estimate(
            self._requests(basis, basis.wanted, 0),
            self._requests(basis, basis.next_run(self.sources.lookback), self.sources.rechecks),
            f"{basis.count:,} entries yesterday",
        )

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
