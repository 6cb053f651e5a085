"""The cost of reading a stream, one value for each way of reading: in words, and as an estimate.

A value's words are the column "requests" of docs/streams.md. Its estimate, of requests and rows, is
made from a sample of the stream; nothing is requested here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, ClassVar, Protocol

from tap_genesys.endpoints.volume import DAYS_PER_MONTH, Estimate, pages
from tap_genesys.replication.windows import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import timedelta

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.volume import Basis
    from tap_genesys.replication.steady_runs import Windows
    from tap_genesys.replication.windows import Window


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
            requests_per_month=0,
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
        return Estimate.every_run(1, basis.rows, basis.runs_per_day)


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
        requests = pages(basis.count, self.page_size)
        return Estimate.every_run(requests, basis.rows, basis.runs_per_day)


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
        return Estimate.every_run(requests, basis.rows, basis.runs_per_day)


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
        requests = pages(basis.parent_count, self.batch_size)
        return Estimate.every_run(requests, basis.rows, basis.runs_per_day)


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

        However often the tap runs, each end is followed up once. How many rows the responses hold
        is unknown.
        """
        per_day = self.requests * basis.parts * basis.parent_count
        first_run = per_day * max(1, ceil(basis.wanted.length / DAY))
        return Estimate(first_run, per_day, requests_per_month=per_day * DAYS_PER_MONTH)


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
        estimate = Estimate(
            self._requests([basis.wanted], 0),
            self._requests([next_run], self.rechecks),
            requests_per_month=DAYS_PER_MONTH
            * self._requests(basis.runs(self.lookback), self.rechecks),
        )
        if not self.is_sampled:
            return estimate
        return replace(
            estimate,
            rows_first_run=basis.rows_of_days(self._days(basis.wanted)),
            rows_per_day=basis.rows_of_days(self._days(next_run) + self.rechecks),
        )

    def _requests(self, spans: Iterable[Window], rechecks: int) -> int:
        windows = sum(len([*self.windows(*span.bounds)]) for span in spans)
        return (windows + rechecks) * self.requests

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
