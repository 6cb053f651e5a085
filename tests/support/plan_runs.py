"""Run a plan without a stream: execute its batches without a request."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from hypothesis import strategies as st

from tap_genesys.replication.plan import PlanInputs
from tap_genesys.replication.read_range import ReadRange
from tap_genesys.replication.windows import DAY, UNSETTLED, Window, iso, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_genesys.replication.plan import Batch, Read

FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
State = dict[str, Any]


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment, as days, hours and minutes from the first day."""
    return FIRST_DAY + timedelta(days=day, hours=hour, minutes=minute)


def text(day: int, hour: int = 0, minute: int = 0) -> str:
    """Return a moment in the form of a state."""
    return iso(at(day, hour, minute))


class Plan(Protocol):
    """A plan of batches."""

    def batches(self) -> Iterator[Batch]:
        """Yield batches of windows."""

    def finish(self, read: Read, *, is_whole: bool, as_of: datetime) -> None:
        """Record that a window has been read."""

    def note_query(self, taken: datetime) -> bool:
        """Record a query's response; return whether the state has changed."""

    def note_job(self, available: datetime | None) -> bool:
        """Record a job's response; return whether the state has changed."""


class Emission(NamedTuple):
    """The rows of a window, with the last STATE before them."""

    read: Read
    #: The moment of a query's response; for a job, the watermark.
    knowledge: datetime
    state: State


class Killed(Exception):
    """The run is killed."""


@dataclass(kw_only=True)
class PlanRun:
    """A run that reads batches like a stream, without rows.

    Args:
        end: The end of the range.
        start: The start of the range.
        started: The start of the run; by default, the end of the range.
        source: `auto`, `job` or `query`.
        watermark: The data lake's watermark; None for a query.
        bookmark: The bookmark of earlier runs.
        oldest: The first start in the range.
        ages: Ages of re-checks, in days.
        state: The stream's part of the state.
        holes: Moments; a query's window that holds one of them is incomplete.
        takes: The time that a window takes.
        killed_after: The number of windows that emit rows before the run is killed; None if it is
            not killed.
    """

    end: datetime
    start: datetime = FIRST_DAY
    started: datetime | None = None
    source: str = "auto"
    watermark: datetime | None = None
    bookmark: datetime | None = None
    oldest: datetime = FIRST_DAY
    ages: Iterable[float] = ()
    state: State = field(default_factory=dict)
    holes: Iterable[datetime] = ()
    takes: timedelta = MINUTE
    killed_after: int | None = None
    #: The batches, and a copy of the state as each of them was yielded.
    batches: list[Batch] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    #: The windows that were read, and the complete ones among them.
    emissions: list[Emission] = field(default_factory=list)
    whole: list[Read] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begun = self.started or self.end
        self.now = self.begun
        self._complete = True
        self._first = self.start
        self.written: tuple[State, datetime | None] = (deepcopy(self.state), self.bookmark)

    def inputs(self) -> PlanInputs:
        """Return the plan's inputs; a query's window is a day, a job's two days."""
        return PlanInputs(
            source=self.source,
            range=ReadRange(self.start, self.end, start_is_configured=False),
            bookmark=self.bookmark,
            oldest=self.oldest,
            started=self.begun,
            now=lambda: self.now,
            watermark=self.watermark,
            reached=lambda: self.bookmark or self.start,
            ages=self.ages,
            windows=partial(split, step=DAY),
            job_windows=partial(split, step=2 * DAY),
            warn=lambda message, *values: self.warnings.append(message % values),
            may_leave_out=True,
        )

    def execute(self, plan: Plan) -> bool:
        """Read all batches; return whether the run ended, not killed."""
        try:
            for batch in plan.batches():
                self.batches.append(batch)
                self.states.append(deepcopy(self.state))
                if batch.since is not None:
                    self._first, self._complete = batch.since, True
                if batch.is_declared:
                    self._write()
                for read in batch.reads:
                    self._read(plan, read)
        except Killed:
            return False
        return True

    def _read(self, plan: Plan, read: Read) -> None:
        self.now += self.takes
        if read.by == "query":
            has_changed, knowledge = plan.note_query(self.now), self.now
        else:
            assert self.watermark is not None
            has_changed, knowledge = plan.note_job(self.watermark), self.watermark
        if has_changed:
            self._write()
        self.emissions.append(Emission(read, knowledge, self.written[0]))
        if len(self.emissions) == self.killed_after:
            raise Killed
        is_whole = read.by == "job" or not any(moment in read.window for moment in self.holes)
        if is_whole:
            self.whole.append(read)
        as_of = self.begun if read.by == "query" else knowledge
        plan.finish(read, is_whole=is_whole, as_of=as_of)
        if read.purpose == "forward":
            self._complete = self._complete and is_whole
            if self._complete:
                self.reach(plan, read)
        self._write()

    def reach(self, plan: Plan, read: Read) -> None:  # noqa: ARG002 - for plans that record it
        """Move the bookmark to the end of a window."""
        self.promise(read.window.end)

    def promise(self, end: datetime) -> None:
        """Move the bookmark, at most to the settled part."""
        settled = min(end, self.begun - UNSETTLED)
        if settled > (self.bookmark or self._first):
            self.bookmark = settled

    def _write(self) -> None:
        self.written = (deepcopy(self.state), self.bookmark)


def first_gap(windows: Iterable[Window], start: datetime) -> datetime:
    """Return the first moment from `start` on that no window covers."""
    covered = start
    for window in sorted(windows):
        if window.start <= covered:
            covered = max(covered, window.end)
    return covered


def settled(run: PlanRun, reads: Iterable[Read]) -> list[Window]:
    """Return the windows of reads, cut for queries at the settled part at the run's start."""
    until = run.begun - UNSETTLED
    windows = [
        Window(read.window.start, min(read.window.end, until))
        if read.by == "query"
        else read.window
        for read in reads
    ]
    return [window for window in windows if window.start < window.end]


class ScheduledRun(NamedTuple):
    """A run of a schedule."""

    #: Hours since the run before it.
    hours: int
    #: Hours by which the data lake lags.
    lag: int
    source: str
    #: Hours from the hole to the present; None without a hole.
    hole: int | None
    #: Minutes that a window takes.
    minutes: int
    #: The number of windows that emit rows before the run is killed; None if it is not killed.
    killed_after: int | None

    def watermark(self, now: datetime) -> datetime | None:
        """Return the data lake's watermark; None for a query."""
        return None if self.source == "query" else max(now - self.lag * HOUR, at(0, 1))

    def options(
        self, now: datetime, watermark: datetime | None, bookmark: datetime | None, state: State
    ) -> dict[str, Any]:
        """Return the arguments of a `PlanRun`; a query looks back for a day."""
        lookback = DAY if bookmark and self.source == "query" else timedelta(0)
        return {
            "end": now,
            "start": max((bookmark or FIRST_DAY) - lookback, FIRST_DAY),
            "source": self.source,
            "watermark": watermark,
            "bookmark": bookmark,
            "state": state,
            "holes": () if self.hole is None else [now - self.hole * HOUR],
            "takes": self.minutes * MINUTE,
            "killed_after": self.killed_after,
        }


#: Schedules of runs at any distance, killed or with holes, while the lake lags and sources change.
SCHEDULES = st.lists(
    st.builds(
        ScheduledRun,
        hours=st.integers(1, 60),
        lag=st.integers(0, 70),
        source=st.sampled_from(["auto", "auto", "job", "query"]),
        hole=st.none() | st.integers(0, 50),
        minutes=st.sampled_from([1, 25]),
        killed_after=st.none() | st.none() | st.integers(1, 5),
    ),
    min_size=1,
    max_size=14,
)
