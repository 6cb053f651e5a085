"""The plan of the windows of conversations that a run reads, and of its state. Pure.

The bookmark is that of jobs: all activity before it has been read by job. Beside it the state keeps
the highest watermark so far, the passes of queries that the watermark has not passed yet
(`query_passes`), and a mark for each age of the re-checks (`rechecks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.replication.plan import Batch, reads
from tap_genesys.replication.query_passes import BEGINNING, QueryPasses
from tap_genesys.replication.rechecks import RecheckSchedule
from tap_genesys.replication.windows import UNSETTLED, Window, iso, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.replication.plan import PlanInputs, Read, Source

#: Keys of the state, beside the bookmark.
WATERMARK, PASSES = "watermark", "queryPasses"
RECHECKS, RECHECKED_BY = "recheckedUpTo", "recheckedBy"


class ConversationPlan:
    """The batches of one run, and the changes of its state.

    Args:
        state: The stream's part of the state, which is changed in place.
        inputs: All other inputs of the plan.
    """

    schedule: RecheckSchedule
    #: The range of conversation ends that this run is the first to read.
    ended_in: Window

    def __init__(self, state: dict[str, Any], inputs: PlanInputs) -> None:
        self._state = state
        self._inputs = inputs
        #: The earliest conversation start that is read.
        self.oldest = inputs.oldest
        entries, has_history = state.get(PASSES), inputs.bookmark is not None
        #: The passes of queries, whose rows a job must not make older.
        self.passes = QueryPasses(entries, now=inputs.started, has_history=has_history)
        #: The same as of the start of the run.
        self.passes_before = QueryPasses(entries, now=inputs.started, has_history=has_history)
        self._fresh_is_whole = True

    def batches(self) -> Iterator[Batch]:
        """Yield the batches to read; the last one is empty, and only declares the state."""
        watermark = self._inputs.watermark
        yield from self._by_query() if watermark is None else self._by_job_and_query(watermark)
        yield self._declared(())

    def _by_query(self) -> Iterator[Batch]:
        inputs, span = self._inputs, self._inputs.range
        self._begin_schedule("query")
        self.ended_in = Window(inputs.bookmark or span.start, inputs.started - UNSETTLED)
        # A later run by job needs the passes, and no watermark: the last run was by query.
        self._state.pop(WATERMARK, None)
        self.passes.begin(span.start, inputs.now())
        windows = inputs.windows(span.start, span.end)
        yield self._declared(reads(windows, "query", "forward"), span.start)
        self.passes.end(span.start, inputs.now())
        days = self.schedule.due(inputs.started, min(inputs.reached(), span.end))
        if days:
            self.passes.begin(days[0].start, inputs.now())
            yield self._declared(reads(days, "query", "recheck"))
            self.passes.end(days[0].start, inputs.now())

    def _by_job_and_query(self, watermark: datetime) -> Iterator[Batch]:
        inputs, span = self._inputs, self._inputs.range
        highest = parse(self._state.get(WATERMARK, iso(BEGINNING)))
        if watermark < highest:
            # The lake's rows are older than those of an earlier run.
            inputs.warn(
                "The data lake's watermark %s is before %s, where it has been: no job is read.",
                iso(watermark),
                iso(highest),
            )
        else:
            yield from self._by_job(watermark, min(self.passes.limit(watermark), span.end))
        self.passes.forget(watermark)
        start = self.passes.boundary(inputs.reached(), watermark)
        if inputs.source == "auto" and start < span.end:
            self.passes.begin(start, inputs.now())
            windows = inputs.windows(start, span.end)
            yield self._declared(reads(windows, "query", "fresh"))
            if self._fresh_is_whole:
                # The last half hour is left to a later pass: it may not be indexed yet.
                self.passes.end(min(span.end, inputs.started - UNSETTLED), inputs.now())

    def _by_job(self, watermark: datetime, limit: datetime) -> Iterator[Batch]:
        inputs, span = self._inputs, self._inputs.range
        self._begin_schedule("job")
        # The next bookmark; conversations that end later are read again by the next run.
        reached = min(limit, inputs.started - UNSETTLED)
        self.ended_in = Window(inputs.bookmark or span.start, reached)
        # Declared before the first row: a run that is killed may have emitted rows as of it.
        self._state[WATERMARK] = iso(watermark)
        windows = inputs.job_windows(span.start, limit)
        yield self._declared(reads(windows, "job", "forward", by_activity=True), span.start)
        days = self.schedule.due(watermark, min(inputs.reached(), limit))
        yield Batch(reads(days, "job", "recheck"))

    def finish(self, read: Read, *, is_whole: bool, as_of: datetime) -> None:
        """Note that a window, or a part of one, has been read.

        Args:
            read: The window and its source.
            is_whole: Whether the window has no hole.
            as_of: The moment up to which its rows are current; ages of re-checks count to it.
        """
        if read.purpose == "fresh":
            self._fresh_is_whole = self._fresh_is_whole and is_whole
        elif is_whole:
            self.schedule.read(read.window, as_of)
            self._state[RECHECKS] = self.schedule.marks

    def note_query(self, received: datetime) -> bool:
        """Note that a query's response is about to be emitted; return whether STATE changed."""
        is_prolonged = self.passes.prolong(received)
        self._state[PASSES] = self.passes.entries
        return is_prolonged

    def note_job(self, available: datetime | None) -> bool:
        """Note that a job's response is about to be emitted; return whether STATE changed.

        Args:
            available: The lake's watermark when the job was submitted; it advances during a run.
        """
        watermark = self._state.get(WATERMARK)
        # Without one, this run is by query, and its pass is newer than any job.
        if available and watermark and available > parse(watermark):
            self._state[WATERMARK] = iso(available)
            return True
        return False

    def _declared(self, batch: tuple[Read, ...], since: datetime | None = None) -> Batch:
        self._state[PASSES] = self.passes.entries
        return Batch(batch, is_declared=True, since=since)

    def _begin_schedule(self, source: Source) -> None:
        # A re-check by query still lacks attributes, and one by job lacks the latest changes.
        by_same_source = self._state.get(RECHECKED_BY) == source
        self._state[RECHECKED_BY] = source
        self.schedule = RecheckSchedule(
            self._inputs.ages,
            marks=(self._state.get(RECHECKS) or {}) if by_same_source else {},
            bookmark=self._inputs.bookmark,
            since=self._inputs.oldest,
        )
        # At once, so that the other source's marks go even if this run reads nothing.
        self._state[RECHECKS] = self.schedule.marks
