"""The cost of conversation and user details, which are read by query, by job, or by both.

With one run per day, it is arithmetic on the days that are read. With more runs, it follows from
the plans, which are executed without requests (`replication.steady_runs`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from tap_genesys.api.jobs import PAGE_SIZE
from tap_genesys.endpoints.volume import (
    DAYS_PER_MONTH,
    REQUESTS_FOR_THE_WATERMARK,
    Estimate,
    Volume,
    in_days,
)
from tap_genesys.replication.emitted_spans import BEFORE_READ_TO
from tap_genesys.replication.steady_runs import SteadyRuns, SteadySpanRuns
from tap_genesys.replication.windows import DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from tap_genesys.endpoints.volume import Basis
    from tap_genesys.replication.plan import Read
    from tap_genesys.replication.steady_runs import Windows
    from tap_genesys.replication.windows import Window

#: Rows that are emitted per conversation or span by each source, without re-checks, with one run a
#: day and a data lake lag of a day. Measured with the simulator, where a third of the conversations
#: last for hours or days: 1.1 to 1.3 by job, 1 by query (0.05 with a lag of four hours and a run at
#: 01:00). Hourly runs emit more: `bench/rows_per_day.py`.
ROWS_BY_JOB = 1.0
ROWS_BY_QUERY = 1.0


@dataclass(frozen=True, slots=True)
class Sources:
    """The facts about a stream that is read by query, by job, or by both.

    Args:
        source: The setting of its source: `auto`, `job` or `query`.
        windows: Returns the windows of a range for queries.
        job_windows: Returns the windows of a range for jobs.
        lookback: Time before the bookmark at which a run starts.
        page_size: Rows per page of a query.
        rechecks: Past days that a run reads again.
        emits_unchanged: Whether unchanged rows that a query reads again are emitted.
        ages: Ages, in days, at which a day is read again.
    """

    source: str
    windows: Windows
    job_windows: Windows
    lookback: timedelta
    page_size: int
    rechecks: int
    emits_unchanged: bool = False
    ages: tuple[float, ...] = ()

    def steady(self, basis: Basis) -> dict[str, Any]:
        """Return the arguments of `SteadyRuns`."""
        return {
            "source": self.source,
            "runs_per_day": basis.runs_per_day,
            "until": basis.wanted.end,
            "lag": basis.lag,
            "lookback": self.lookback,
            "ages": self.ages,
            "windows": self.windows,
            "job_windows": self.job_windows,
        }

    def requests_of_runs(self, runs: SteadyRuns, requests_of: Callable[[Read], int]) -> int:
        """Return the requests of one day's runs.

        Args:
            runs: The runs.
            requests_of: Returns the requests of a read.
        """
        requests = sum(requests_of(read) for reads in runs.reads_of_a_day() for read in reads)
        watermarks = 0 if self.source == "query" else REQUESTS_FOR_THE_WATERMARK
        return requests + runs.runs_per_day * watermarks

    def volume(self, basis: Basis) -> Volume:
        """Return the volume to read, computed from the number of yesterday's rows."""
        return Volume(basis.count, self.page_size, PAGE_SIZE)

    def with_rows(self, estimate: Estimate, basis: Basis) -> Estimate:
        """Return an estimate with the rows of a first and a later run."""
        if self.source == "query":
            # A day is new; the rest of the range is read again.
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
    """The requests for conversation details.

    Args:
        sources: The facts about the stream.
    """

    sources: Sources
    text: ClassVar[str] = "see [freshness.md](freshness.md)"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests and rows by the stream's source."""
        requests = self._requests(basis)
        per_day = requests.requests_per_day or 0
        if basis.runs_per_day > 1:
            per_day = self._requests_of_runs(basis)
        requests = replace(requests, requests_per_month=per_day * DAYS_PER_MONTH)
        return self.sources.with_rows(requests, basis)

    def _requests_of_runs(self, basis: Basis) -> int:
        volume = self.sources.volume(basis)
        going_on = basis.sample.going_on if basis.sample else 0
        runs = SteadyRuns(**self.sources.steady(basis))
        return self.sources.requests_of_runs(runs, lambda read: volume.read(read, going_on))

    def _requests(self, basis: Basis) -> Estimate:
        sources, volume = self.sources, self.sources.volume(basis)
        detail = f"{basis.count:,} conversations yesterday"
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
    """The requests for the spans of users.

    Args:
        sources: The facts about the stream.
    """

    sources: Sources
    text: ClassVar[str] = "see [freshness.md](freshness.md)"

    def estimate(self, basis: Basis) -> Estimate:
        """Return the requests and rows by the stream's source; a job's row has at least one entry.

        The rows are an upper bound: they include the entries of derived tables, and an entry that
        is stored on two days is one row.
        """
        per_day = self._requests(
            basis, basis.next_run(self.sources.lookback), self.sources.rechecks
        )
        of_runs = per_day if basis.runs_per_day == 1 else self._requests_of_runs(basis)
        requests = Estimate(
            self._requests(basis, basis.wanted, 0),
            per_day,
            f"{basis.count:,} entries yesterday",
            requests_per_month=of_runs * DAYS_PER_MONTH,
        )
        sources = self.sources
        if sources.source == "auto" and not sources.emits_unchanged:
            # Spans that one source emitted with their end are left out by the other.
            sources = replace(sources, source="job")
        return sources.with_rows(requests, basis)

    def _requests_of_runs(self, basis: Basis) -> int:
        volume = self.sources.volume(basis)
        runs = SteadySpanRuns(**self.sources.steady(basis), margin=BEFORE_READ_TO)

        def requests_of(read: Read) -> int:
            # The last page of each query has no entries.
            return volume.read(read) + (read.by == "query")

        return self.sources.requests_of_runs(runs, requests_of)

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
