"""Runs of a plan without a stream: the reader executes its batches, and no request is made."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tap_genesys.replication.plan import PlanInputs
from tap_genesys.replication.read_range import ReadRange
from tap_genesys.replication.windows import DAY, UNSETTLED, Window, iso, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_genesys.replication.plan import Batch, Read

FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
State = dict[str, Any]


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment, counted from the first day."""
    return FIRST_DAY + timedelta(days=day, hours=hour, minutes=minute)


def text(day: int, hour: int = 0, minute: int = 0) -> str:
    """Return a moment as a state keeps it."""
    return iso(at(day, hour, minute))


class Plan(Protocol):
    """A plan of batches."""

    def batches(self) -> Iterator[Batch]:
        """Yield what to read."""

    def finish(self, read: Read, *, is_whole: bool, as_of: datetime) -> None:
        """Note that a window has been read."""

    def note_query(self, taken: datetime) -> bool:
        """Note a query's response."""

    def note_job(self, available: datetime | None) -> bool:
        """Note a job's response."""


class Emission(NamedTuple):
    """The rows of a window, with the state that was written last before them."""

    read: Read
    #: When a query's response came; for a job, the watermark.
    knowledge: datetime
    state: State


class Killed(Exception):
    """The run is killed."""


@dataclass(kw_only=True)
class PlanRun:
    """One run: reads batches as a stream does, without rows.

    Args:
        end: The end of the range.
        start: The start of the range.
        started: The beginning of the run; by default the end of the range.
        source: `auto`, `job` or `query`.
        watermark: That of the data lake; None for a query.
        bookmark: That of earlier runs.
        oldest: The first start that is wanted.
        ages: Ages of re-checks, in days.
        state: The stream's part of the state.
        holes: Windows of queries that hold one of these moments are not read whole.
        takes: Time that a window takes.
        killed_after: How many windows emit rows before the run is killed; None where it is not.
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
    #: The windows that were read, and those of them that were read whole.
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
        """Return the plan's inputs: a day is a window of queries, two days are one of jobs."""
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
        """Read all batches; return whether the run came to its end."""
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

    def reach(self, plan: Plan, read: Read) -> None:  # noqa: ARG002 - some plans are notified
        """Move the bookmark to the end of a window."""
        self.promise(read.window.end)

    def promise(self, end: datetime) -> None:
        """Move the bookmark, but not to what is not settled."""
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
    """Return the windows of reads, those of queries up to what was settled when the run began."""
    until = run.begun - UNSETTLED
    windows = [
        Window(read.window.start, min(read.window.end, until))
        if read.by == "query"
        else read.window
        for read in reads
    ]
    return [window for window in windows if window.start < window.end]
