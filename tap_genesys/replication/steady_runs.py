"""Simulated runs at a constant rate, from which `--check` estimates requests. Pure.

The reads of a run depend on the runs before it: on their starts, and on the data lake's lag. So the
plans are executed without requests, for as many days as it takes until each day is like the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tap_genesys.replication.conversation_plan import PASSES, WATERMARK, ConversationPlan
from tap_genesys.replication.plan import PlanInputs
from tap_genesys.replication.query_passes import BEGINNING
from tap_genesys.replication.read_range import ReadRange
from tap_genesys.replication.user_details_plan import UserDetailsPlan
from tap_genesys.replication.windows import DAY, UNSETTLED, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from tap_genesys.replication.plan import Batch, Read
    from tap_genesys.replication.windows import Window

#: A job reads a conversation once the watermark has passed the pass of queries that read it, after
#: two to three lags.
_LAGS_BEFORE = 3

#: Returns the windows of a range.
Windows: TypeAlias = "Callable[[datetime, datetime], Iterator[Window]]"


class Plan(Protocol):
    """A plan of one run."""

    def batches(self) -> Iterator[Batch]:
        """Yield the batches to read."""

    def finish(self, read: Read, *, is_whole: bool, as_of: datetime) -> None:
        """Note that a window has been read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyRuns:
    """Runs at equal intervals of a tap that has read conversations for weeks.

    Args:
        source: `auto`, `job` or `query`.
        runs_per_day: Runs per day.
        until: The start of the last run.
        lag: The data lake's lag at the start of each run.
        lookback: Time before the bookmark at which a run starts.
        ages: Ages at which a day is read again, in days.
        windows: Splits a range into the windows of queries.
        job_windows: Splits a range into the windows of jobs.
    """

    source: str
    runs_per_day: int
    until: datetime
    lag: timedelta
    lookback: timedelta
    ages: tuple[float, ...]
    windows: Windows
    job_windows: Windows

    def reads_of_a_day(self) -> list[list[Read]]:
        """Return the reads of each run of the last day."""
        distance = DAY / self.runs_per_day
        days = 2 + _LAGS_BEFORE * self.lag // DAY
        moments = [
            self.until - number * distance for number in reversed(range(days * self.runs_per_day))
        ]
        begun = moments[0] - distance
        state: dict[str, Any] = {PASSES: []}
        bookmark = begun - UNSETTLED
        if self.source != "query":
            bookmark = min(bookmark, begun - self.lag)
            state[WATERMARK] = iso(bookmark)
        runs = []
        for moment in moments:
            run = _Run(self, state, bookmark, moment)
            self.execute(run)
            bookmark = run.bookmark
            runs.append(run.reads)
        return runs[-self.runs_per_day :]

    def execute(self, run: _Run) -> None:
        """Execute a run."""
        run.execute(ConversationPlan(run.state, run.inputs()))


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadySpanRuns(SteadyRuns):
    """Runs at equal intervals of a tap that has read the spans of users for weeks.

    Args:
        margin: Time before `readTo` at which a query begins.
    """

    margin: timedelta

    def execute(self, run: _Run) -> None:
        """Execute a run, and note in its plan the end of each read."""
        plan = UserDetailsPlan(run.state, run.inputs(), margin=self.margin)

        def reach(read: Read) -> None:
            if read.by == "query" or plan.may_be_open:
                plan.reach(read.window.end)

        run.execute(plan, reach)
        plan.note_emitted(run.bookmark)


class _Run:
    """One run, which reads all windows completely and takes no time.

    Args:
        runs: The series of runs.
        state: The stream's part of the state.
        bookmark: The bookmark of the run before.
        started: The start of the run.
    """

    def __init__(
        self, runs: SteadyRuns, state: dict[str, Any], bookmark: datetime, started: datetime
    ) -> None:
        self.state = state
        self.bookmark = bookmark
        self.reads: list[Read] = []
        self._runs = runs
        self._started = started
        self._watermark = None if runs.source == "query" else started - runs.lag

    def inputs(self) -> PlanInputs:
        """Return the inputs of the run's plan."""
        runs = self._runs
        start = self.bookmark - runs.lookback
        return PlanInputs(
            source=runs.source,
            range=ReadRange(start, self._started, start_is_configured=False),
            bookmark=self.bookmark,
            oldest=BEGINNING,
            started=self._started,
            now=lambda: self._started,
            watermark=self._watermark,
            reached=lambda: self.bookmark,
            ages=runs.ages,
            windows=runs.windows,
            job_windows=runs.job_windows,
            warn=lambda *_: None,
            may_leave_out=True,
        )

    def execute(self, plan: Plan, reach: Callable[[Read], None] = lambda _read: None) -> None:
        """Execute all batches of a plan.

        Args:
            plan: The plan.
            reach: Called with each read from the bookmark.
        """
        for batch in plan.batches():
            for read in batch.reads:
                self.reads.append(read)
                as_of = self._watermark if read.by == "job" else self._started
                plan.finish(read, is_whole=True, as_of=as_of or self._started)
                if read.purpose == "forward":
                    self._promise(read)
                    reach(read)

    def _promise(self, read: Read) -> None:
        """Move the bookmark after a read by job, or by query if that is the only source."""
        if read.by == "job" or self._runs.source == "query":
            reached = min(read.window.end, self._started - UNSETTLED)
            self.bookmark = max(self.bookmark, reached)
