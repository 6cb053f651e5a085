"""The reads of a day on which the tap runs as often as on the days before. Pure: runs of plans.

What a run reads depends on the runs before it: on when they began, and on how far the data lake was
behind them. So the plans themselves are run, for as many days as it takes until one day is like the
next, and the reads of the last day are returned.
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

#: A row comes by job once the watermark has passed the pass of queries that read it, which takes
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
    """Runs at even distances, of a tap that has read conversations for weeks.

    Args:
        source: `auto`, `job` or `query`.
        runs_per_day: How many runs begin on a day.
        until: When the last one begins.
        lag: How far the data lake is behind each of them.
        lookback: How far before its bookmark a run starts again.
        ages: Ages at which a day is read again, in days.
        windows: Cuts a range into the windows of queries.
        job_windows: Cuts a range into the windows of jobs.
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
    """The same of a tap that has read the spans of users.

    Args:
        margin: So long before what has been read a query begins.
    """

    margin: timedelta

    def execute(self, run: _Run) -> None:
        """Execute a run, whose plan is notified of how far it has come."""
        plan = UserDetailsPlan(run.state, run.inputs(), margin=self.margin)

        def reach(read: Read) -> None:
            if read.by == "query" or plan.may_be_open:
                plan.reach(read.window.end)

        run.execute(plan, reach)
        plan.note_emitted(run.bookmark)


class _Run:
    """One run, which reads everything whole, and takes no time.

    Args:
        runs: The runs that it is one of.
        state: The stream's part of the state.
        bookmark: That of the run before.
        started: When it begins.
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
        """Return the inputs of its plan."""
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
        """Read all batches.

        Args:
            plan: Its plan.
            reach: Takes each window that reads on.
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
        """Move the bookmark, by job or where queries alone are read, but not to what is open."""
        if read.by == "job" or self._runs.source == "query":
            reached = min(read.window.end, self._started - UNSETTLED)
            self.bookmark = max(self.bookmark, reached)
