"""The cost of reading a stream: one class per way of reading, with a text and an estimate.

The text is the column "requests" of docs/streams.md. The estimate of requests and rows is computed
from a sample of the stream. No request is made here.
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
    """The requests that a run sends for a stream, and the rows that it emits."""

    @property
    def text(self) -> str:
        """The requests of a run, as text."""

    def estimate(self, basis: Basis) -> Estimate:
        """Return the estimated numbers of requests and rows."""


@dataclass(frozen=True, slots=True)
class NoRequests:
    """No request: the rows are derived from another stream's records.

    Args:
        parent: The name of that stream.
        count_rows: Returns the number of rows that records of that stream become; None where they
            cannot be counted.
    """

    parent: str
    count_rows: Callable[[Sequence[Record]], int | None] | None = None
    text: ClassVar[str] = "none"

    def estimate(self, basis: Basis) -> Estimate:
        """Return no request; rows are those of the parent times the rows per sampled record."""
        of_parent = basis.parent_estimate
        return Estimate(
            0,
            0,
            f"derived from {self.parent}",
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
    """One request per page of a listing.

    Args:
        page_size: Records per page.
    """

    page_size: int

    @property
    def text(self) -> str:
        """The requests of a run, as text."""
        return f"1 per {self.page_size} rows"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the pages, where the sample shows how many records there are."""
        if basis.sample is None or not basis.sample.is_counted:
            return Estimate()
        requests = pages(basis.count, self.page_size)
        return Estimate.every_run(requests, basis.rows, basis.runs_per_day)


@dataclass(frozen=True, slots=True)
class PerParent:
    """One listing per record of another stream.

    Args:
        page_size: Records per page.
        text: The requests of a run, as text.
    """

    page_size: int
    text: str

    def estimate(self, basis: Basis) -> Estimate:
        """Return the pages of the sampled listing, times the number of listings."""
        if basis.sample is None:
            return Estimate()
        requests = pages(basis.count, self.page_size) * basis.parts * basis.parent_count
        return Estimate.every_run(requests, basis.rows, basis.runs_per_day)


@dataclass(frozen=True, slots=True)
class PerBatch:
    """One request per batch of another stream's records.

    Args:
        batch_size: Records per request.
        text: The requests of a run, as text.
    """

    batch_size: int
    text: str

    def estimate(self, basis: Basis) -> Estimate:
        """Return the batches; rows are those of the sampled record times the records."""
        if basis.sample is None:
            return Estimate()
        requests = pages(basis.parent_count, self.batch_size)
        return Estimate.every_run(requests, basis.rows, basis.runs_per_day)


@dataclass(frozen=True, slots=True)
class PerRecord:
    """One or more requests per record of an incremental stream that has ended.

    Args:
        requests: Requests per unit.
        unit: The noun for such a record or a part of it.
    """

    requests: int
    unit: str

    @property
    def text(self) -> str:
        """The requests of a run, as text."""
        return f"{self.requests} per {self.unit} that has ended"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests for the records of each day; as many end on a day as start on it.

        Each record is requested once when it has ended, however often the tap runs. The number of
        rows is unknown.
        """
        per_day = self.requests * basis.parts * basis.parent_count
        first_run = per_day * max(1, ceil(basis.wanted.length / DAY))
        return Estimate(first_run, per_day, requests_per_month=per_day * DAYS_PER_MONTH)


@dataclass(frozen=True, slots=True)
class PerWindow:
    """A fixed number of requests per window of time.

    Args:
        windows: Returns the windows of a range.
        lookback: Time before the bookmark at which a run starts.
        requests: Requests per window.
        rechecks: Past days that a run reads again.
        text: The requests of a run, as text.
        is_sampled: Whether the sample holds all rows of a day.
    """

    windows: Windows
    lookback: timedelta
    requests: int = 1
    rechecks: int = 0
    text: str = "1 or more per window"
    is_sampled: bool = False

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests and rows of the windows of a first and a later run.

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
        """Return the length in days of the past part of a range's windows."""
        windows = self.windows(*span.bounds)
        return sum((min(window.end, span.end) - window.start) / DAY for window in windows)


@dataclass(frozen=True, slots=True)
class PerWindowAndBatch:
    """One request per batch of users and window of time.

    Args:
        per_window: The cost with one batch.
        batch_size: Returns the users per request.
    """

    per_window: PerWindow
    batch_size: Callable[[], int]
    text: ClassVar[str] = "1 per 100 users and day that is read: see [aggregates.md](aggregates.md)"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests of the windows, times the number of batches."""
        batches = pages(basis.parent_count, self.batch_size())
        detail = f"{basis.parent_count:,} users: {batches:,} requests per day that is read"
        estimate = replace(self.per_window, requests=batches).estimate(basis)
        return replace(estimate, detail=detail)
