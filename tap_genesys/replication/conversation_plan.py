"""The plan of a run for conversations: the windows to read, and the changes of the state. Pure.

The bookmark is that of jobs: all activity before it has been read by job. Beside it, the state has
the highest watermark so far, the passes of queries that are ahead of the watermark
(`query_passes`), a mark per age of the re-checks (`rechecks`), a mark of emitted conversations per
source (`emitted`), and the range of complete rows of each stream (`history`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.replication.emitted import (
    Emitted,
    JobMark,
    QueryMark,
    query_mark,
    with_mark,
)
from tap_genesys.replication.fingerprint import EMITTED
from tap_genesys.replication.fresh_reads import is_full_pass, narrow_pass, tail_before
from tap_genesys.replication.history import HISTORY, History
from tap_genesys.replication.plan import Batch, history_reads, reads, warn_of_waiting
from tap_genesys.replication.query_passes import BEGINNING, QueryPasses
from tap_genesys.replication.rechecks import RecheckSchedule
from tap_genesys.replication.windows import UNSETTLED, Window, iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
    #: The range of conversation ends that no earlier run has read.
    ended_in: Window

    def __init__(self, state: dict[str, Any], inputs: PlanInputs) -> None:
        self._state = state
        self._inputs = inputs
        #: The earliest conversation start that is read.
        self.oldest = inputs.oldest
        entries, has_history = state.get(PASSES), inputs.bookmark is not None
        #: The passes of queries, whose rows no older row of a job must replace.
        self.passes = QueryPasses(entries, now=inputs.started, has_history=has_history)
        #: The passes as of the start of the run.
        self.passes_before = QueryPasses(entries, now=inputs.started, has_history=has_history)
        marks = state.get(EMITTED) if inputs.may_leave_out and inputs.bookmark else None
        self._mark = query_mark(marks)
        #: The sources that have been read without a hole in this run.
        self._whole_sources: set[Source] = {"job", "query"}
        self._has_all_rows = True
        self._emitted = Emitted(marks, inputs.bookmark)
        # Without re-checks, only the look-back of queries reads again what a page lost.
        has_safety_net = inputs.source != "query" or bool([*inputs.ages])
        self._leaves_out_forward = inputs.may_leave_out and not inputs.rereads and has_safety_net
        #: The ranges in which the rows of each stream are complete.
        self.history = History(
            state.get(HISTORY),
            inputs.selected,
            bookmark=inputs.bookmark,
            start=inputs.range.start,
            oldest=inputs.oldest,
        )
        self._note_history()

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
        if highest := self._state.pop(WATERMARK, None):
            self.passes.add_jobs(parse(highest))
        begun = inputs.now()
        self.passes.begin(span.start, begun)
        windows = inputs.windows(span.start, span.end)
        yield self._declared(reads(windows, "query", "forward"), span.start)
        self.passes.end(span.start, inputs.now())
        self._note_pass(QueryMark.of_full_pass(span.start, self._settled(span.end), begun))
        days = self.schedule.due(inputs.started, min(inputs.reached(), span.end))
        if days:
            self.passes.begin(days[0].start, inputs.now())
            yield self._declared(reads(days, "query", "recheck"))
            self.passes.end(days[0].start, inputs.now())

    def _by_job_and_query(self, watermark: datetime) -> Iterator[Batch]:
        inputs, span = self._inputs, self._inputs.range
        highest = parse(self._state.get(WATERMARK, iso(BEGINNING)))
        limit = min(self.passes.limit(watermark), span.end)
        if inputs.source == "auto":
            # Younger ones are left to queries, so that no row by query replaces one by job.
            limit = min(limit, inputs.started - UNSETTLED)
        if watermark < highest:
            # The lake's rows are older than those of an earlier run.
            inputs.warn(
                "The data lake's watermark went back from %s to %s: nothing is read by job.",
                iso(highest),
                iso(watermark),
            )
        else:
            yield from self._by_job(watermark, limit)
        self.passes.forget(watermark)
        until = self._mark.until if self._mark else BEGINNING
        start = self.passes.boundary(inputs.reached(), watermark, until)
        if inputs.source == "auto" and start < span.end:
            yield from self._fresh(Window(start, span.end), watermark)
        if inputs.load_history and watermark >= highest:
            yield from self._load_history(min(self.passes.limit(watermark), span.end))

    def _load_history(self, limit: datetime) -> Iterator[Batch]:
        """Yield the reads of what some streams lack: re-checks of earlier days, for these alone."""
        inputs, reached = self._inputs, self._inputs.reached()
        yield Batch(history_reads(self.history, inputs, "job", min(limit, reached)))
        warn_of_waiting(self.history, inputs, limit, reached)

    def _fresh(self, fresh: Window, watermark: datetime) -> Iterator[Batch]:
        inputs, mark, begun = self._inputs, self._mark, self._inputs.now()
        if mark is None or is_full_pass(mark, fresh, inputs.started):
            tail, tails_from = tail_before(fresh, reached=inputs.reached()), None
            if tail and tail.starts:
                tails_from = tail.starts.start
                self.passes.begin(tails_from, begun)
                yield self._declared((tail,))
                self.passes.end(tails_from, inputs.now())
            self.passes.begin(fresh.start, inputs.now())
            windows = inputs.windows(fresh.start, fresh.end)
            yield self._declared(reads(windows, "query", "fresh"))
            if "query" in self._whole_sources:
                until = self._settled(fresh.end)
                self.passes.end(until, inputs.now())
                self._note_pass(QueryMark.of_full_pass(fresh.start, until, begun, tails_from))
            return
        narrow = narrow_pass(
            mark, fresh.end, reached=inputs.reached(), watermark=watermark, now=begun
        )
        self.passes.begin(narrow.start, begun)
        yield self._declared(narrow.reads)
        # It does not read all of its range, so only the time of its last response is noted.
        self.passes.end(narrow.start, inputs.now())
        until = self._settled(fresh.end)
        self._note_pass(mark.after_narrow_pass(until, begun, narrow.tails_from))

    def _by_job(self, watermark: datetime, limit: datetime) -> Iterator[Batch]:
        inputs, span = self._inputs, self._inputs.range
        self._begin_schedule("job")
        # The next bookmark; conversations that end later are read again by the next run.
        reached = min(limit, inputs.started - UNSETTLED)
        self.ended_in = Window(inputs.bookmark or span.start, reached)
        # Declared before the first row: a killed run may have emitted rows as of this watermark.
        self._state[WATERMARK] = iso(watermark)
        forward = reads(inputs.job_windows(span.start, limit), "job", "forward", by_activity=True)
        yield self._declared(forward, span.start)
        if forward and self._has_all_rows and "job" in self._whole_sources:
            self._note(JobMark(self.oldest, inputs.reached(), watermark))
        days = self.schedule.due(watermark, min(inputs.reached(), limit))
        yield Batch(reads(days, "job", "recheck"))

    def has_emitted(
        self,
        read: Read,
        start: datetime,
        end: datetime | None,
        latest: Callable[[], datetime | None],
    ) -> bool:
        """Return whether earlier runs have emitted a conversation as it is in a response.

        Args:
            read: The read that returned it.
            start: The start of the conversation.
            end: The end of the conversation; None while it is open.
            latest: Returns its latest past moment; None without one.
        """
        if read.purpose in ("recheck", "history") or (
            read.purpose == "forward" and not self._leaves_out_forward
        ):
            return False
        if read.by == "job":
            return self._emitted.by_job(start, latest)
        bookmark = self._inputs.bookmark
        is_new = read.purpose == "forward" and (bookmark is None or start >= bookmark)
        return not is_new and self._emitted.by_query(start, end, latest)

    def finish(self, read: Read, *, is_whole: bool, as_of: datetime) -> None:
        """Note that a window, or a part of one, has been read.

        Args:
            read: The window and its source.
            is_whole: Whether the window has no hole.
            as_of: The moment up to which its rows are current; ages of re-checks count to it.
        """
        if read.purpose == "history":
            if is_whole:
                self.history.note(read.window, read.streams)
                self._note_history()
                self.schedule.lower(read.window, as_of)
                self._state[RECHECKS] = self.schedule.marks
            return
        if not is_whole:
            self._whole_sources.discard(read.by)
        if read.purpose == "fresh" or not is_whole:
            return
        start, end = read.window.bounds
        if read.purpose == "forward" and self._leaves_out_forward and self._inputs.bookmark:
            # Before the bookmark, changes without a date have been left out.
            start = max(start, self._inputs.bookmark)
        if start < end:
            self.schedule.read(Window(start, end), as_of)
        self._state[RECHECKS] = self.schedule.marks

    def note_missing_rows(self) -> None:
        """Note that rows may be missing, although their window counts as read."""
        self._has_all_rows = False

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
        # Without a watermark, the run reads by query only, and its pass is newer than any job.
        if available and watermark and available > parse(watermark):
            self._state[WATERMARK] = iso(available)
            return True
        return False

    def _note_history(self) -> None:
        if entry := self.history.entry:
            self._state[HISTORY] = entry

    def _settled(self, end: datetime) -> datetime:
        # The last half hour is left to a later pass, as it may not be indexed yet.
        return min(end, self._inputs.started - UNSETTLED)

    def _note_pass(self, mark: QueryMark) -> None:
        """Move the mark of queries, if none of their rows can be missing."""
        if self._has_all_rows and "query" in self._whole_sources:
            self._note(mark)

    def _note(self, mark: JobMark | QueryMark) -> None:
        """Move a mark of emitted conversations; their rows precede the next STATE."""
        self._state[EMITTED] = with_mark(self._state.get(EMITTED), mark)

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
