"""The plan of a run for user details: the windows to read, and the changes of the state. Pure.

The state has, beside the bookmark, which is that of jobs unless the source is `query`:

- `knownUpTo`: no emitted row includes an event at that moment or later;
- `readTo`: all spans that began or ended before it were emitted, from either source; a query starts
  a margin before it. It is behind the bookmark where a job had to leave out spans without an end;
- `recheckedUpTo`: the first day that has not been read at the age of five days;
- `emittedThrough`: the mark of spans that are left out (`emitted_spans`);
- `history`: the range of complete rows of each stream (`history`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.replication.emitted_spans import EmittedSpans
from tap_genesys.replication.fingerprint import EMITTED
from tap_genesys.replication.history import HISTORY, History
from tap_genesys.replication.plan import Batch, history_reads, reads, warn_of_waiting
from tap_genesys.replication.query_passes import BEGINNING, LEASE
from tap_genesys.replication.rechecks import RecheckSchedule
from tap_genesys.replication.windows import DAY, MILLISECOND, UNSETTLED, Window, floor, iso, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.replication.plan import PlanInputs, Read, Source

#: How slow the tap's clock may be: a query sees what has happened by the vendor's.
CLOCK_SKEW = timedelta(minutes=10)
#: Keys of the state, beside the bookmark.
KNOWN_UP_TO, READ_TO, RECHECKS = "knownUpTo", "readTo", "recheckedUpTo"


class UserDetailsPlan:
    """The batches of one run, and the changes of its state.

    Args:
        state: The stream's part of the state, which is changed in place.
        inputs: All other inputs of the plan.
        margin: Time before `readTo` at which a query begins, for spans that became visible late.
    """

    def __init__(
        self,
        state: dict[str, Any],
        inputs: PlanInputs,
        *,
        margin: timedelta = timedelta(0),
    ) -> None:
        self._state = state
        self._inputs = inputs
        #: Whether a job may emit spans without an end.
        self.may_be_open = True
        bookmark = inputs.bookmark
        earlier = state.get(READ_TO) if bookmark else None
        read_to = parse(earlier) if earlier else bookmark or inputs.range.start
        self._read_to = self._given_read_to = max(read_to, inputs.oldest)
        # A state of an earlier version has no `readTo`, and is resumed at the bookmark.
        self._margin = margin if earlier else timedelta(0)
        self.schedule = RecheckSchedule(
            inputs.ages,
            marks=(state.get(RECHECKS) or {}) if bookmark else {},
            bookmark=bookmark,
            since=inputs.oldest,
        )
        #: The ranges in which the rows of each stream are complete.
        self.history = History(
            state.get(HISTORY),
            inputs.selected,
            bookmark=bookmark,
            start=inputs.range.start,
            oldest=inputs.oldest,
        )
        self._note_history()
        self._mark = self._valid_mark()
        self._emitted = self._emitted_ends()
        #: Whether jobs have to read a margin before the bookmark, which queries have moved.
        self._is_first_after_queries = False

    def batches(self) -> Iterator[Batch]:
        """Yield the batches to read."""
        watermark, start = self._inputs.watermark, self._inputs.range.start
        if watermark is None:
            yield from self._by_query(min(start, self._query_start()))
            return
        yield from self._by_job(watermark)
        if self._inputs.source == "auto":
            yield from self._by_query(self._query_start())
        elif self._inputs.load_history:
            yield from self._history_by_job(watermark - MILLISECOND)

    def _by_job(self, watermark: datetime) -> Iterator[Batch]:
        span = self._inputs.range
        known_up_to = self._known_up_to()
        self.may_be_open = watermark >= known_up_to + self._skew_of(known_up_to)
        self._know_up_to(max(known_up_to, watermark))
        # A span that ends at the watermark itself may be missing; the next read of either source
        # includes it.
        limit = min(watermark - MILLISECOND, span.end)
        start = min(span.start, self._read_to) if self.may_be_open else span.start
        if self._mark is None and self._is_bookmark_of_queries(known_up_to):
            # Queries may have missed spans before it that were not visible yet.
            self._is_first_after_queries = True
            start = max(start - self._margin, self._inputs.oldest)
        windows = self._inputs.job_windows(start, limit)
        within = Window(start, limit)
        forward = reads(windows, "job", "forward", within=within)
        yield Batch(forward, is_declared=True, since=span.start)
        days = self.schedule.due(watermark, min(self._inputs.reached(), limit))
        yield Batch(reads(days, "job", "recheck"))

    def _by_query(self, start: datetime) -> Iterator[Batch]:
        """Yield the batches of queries, after the lease up to which a run may emit rows."""
        inputs, end = self._inputs, self._inputs.range.end
        known_up_to = self._known_up_to()
        self._know_up_to(max(known_up_to, inputs.now() + LEASE))
        windows = inputs.windows(start, end)
        forward = reads(windows, "query", "forward", within=Window(start, end))
        yield Batch(forward, is_declared=True, since=start)
        if inputs.watermark is None:
            days = self.schedule.due(inputs.started, min(inputs.reached(), end))
            yield Batch(reads(days, "query", "recheck"))
        if inputs.load_history:
            # By query, also with `auto`: queries have emitted later events than a job has, so an
            # open span of a job's could replace the same span with its end.
            yield Batch(history_reads(self.history, inputs, "query", self._end_of_history))
        self._know_up_to(max(known_up_to, inputs.now() + MILLISECOND))
        yield Batch((), is_declared=True)

    def _history_by_job(self, limit: datetime) -> Iterator[Batch]:
        inputs, end = self._inputs, self._end_of_history
        if self.may_be_open:
            yield Batch(history_reads(self.history, inputs, "job", min(end, limit)))
        warn_of_waiting(self.history, inputs, limit if self.may_be_open else inputs.oldest, end)

    @property
    def _end_of_history(self) -> datetime:
        """The end of the range that only earlier runs can have read."""
        inputs = self._inputs
        return min(inputs.bookmark, inputs.range.end) if inputs.bookmark else inputs.oldest

    def is_emitted(self, read: Read, end: datetime) -> bool:
        """Return whether a span was emitted with its end, and is left out.

        Args:
            read: The read that returned the span.
            end: The end of the span.
        """
        ends = self._emitted.get(read.by)
        return read.purpose == "forward" and ends is not None and end in ends

    def note_emitted(self, bookmark: datetime | None) -> None:
        """Write the mark of emitted spans, at the end of a complete run.

        Args:
            bookmark: The bookmark at the end of the run.
        """
        if bookmark is None:
            return
        has_moved = bookmark != self._inputs.bookmark
        if self._is_first_after_queries and self._inputs.source == "job" and not has_moved:
            # Jobs have yet to read the margin before it, which only a run without a mark does.
            return
        # Without an earlier mark, spans that ended before the start of the first query may not have
        # been emitted in the present shape until jobs have read them.
        since = self._mark.bookmark if self._mark else self._given_read_to
        self._state[EMITTED] = EmittedSpans(max(bookmark, since), self._read_to).entry

    def finish(self, read: Read, *, is_whole: bool, as_of: datetime) -> None:
        """Note that a window, or a part of one, has been read, with rows current as of a moment."""
        if not is_whole:
            return
        if read.purpose == "history":
            self.history.note(read.window, read.streams)
            self._note_history()
            self.schedule.lower(read.window, as_of)
        else:
            self.schedule.read(read.window, as_of)
        self._state[RECHECKS] = self.schedule.marks

    def reach(self, end: datetime) -> None:
        """Note that all spans which began or ended before a moment have been emitted."""
        self._read_to = max(self._read_to, min(end, self._inputs.started - UNSETTLED))
        self._state[READ_TO] = iso(self._read_to)

    def note_query(self, received: datetime) -> bool:
        """Note that a query's response is about to be emitted; return whether STATE changed."""
        return received >= parse(self._state[KNOWN_UP_TO]) and self._know_up_to(received + LEASE)

    def note_job(self, available: datetime | None) -> bool:
        """Note that a job's response is about to be emitted; return whether STATE changed.

        Args:
            available: The lake's watermark when the job was submitted; it advances during a run.
        """
        known_up_to = parse(self._state[KNOWN_UP_TO])
        return available is not None and available > known_up_to and self._know_up_to(available)

    def _note_history(self) -> None:
        if entry := self.history.entry:
            self._state[HISTORY] = entry

    def _query_start(self) -> datetime:
        """Return the start of a query: all spans before it were visible, and have been emitted."""
        if self._read_to > self._given_read_to:
            # Jobs of this run have read up to it; the data lake is complete up to its watermark.
            return self._read_to
        # An accepted hole is before `readTo`, but not before the mark's moment.
        moments = [self._read_to, *([self._mark.moment] if self._mark else [])]
        return max(min(moments) - self._margin, self._inputs.oldest)

    def _is_bookmark_of_queries(self, known_up_to: datetime) -> bool:
        """Return whether queries moved the bookmark: then emitted rows have events beyond it."""
        bookmark = self._inputs.bookmark
        return bookmark == self._given_read_to and known_up_to >= bookmark + UNSETTLED

    def _skew_of(self, known_up_to: datetime) -> timedelta:
        """Return how much later than a moment its rows may be: queries' moments are the tap's."""
        bookmark = self._inputs.bookmark
        # Jobs note their watermark, which is the data lake's, a millisecond after their bookmark.
        is_of_jobs = bookmark is None or known_up_to <= bookmark + MILLISECOND
        return timedelta(0) if is_of_jobs else CLOCK_SKEW

    def _valid_mark(self) -> EmittedSpans | None:
        """Return the mark from the state at the start of the run; None if nothing is left out."""
        mark = EmittedSpans.of_state(self._state.get(EMITTED))
        # A moment after the start of this run was written with a wrong clock.
        is_valid = mark and self._inputs.may_leave_out and mark.moment <= self._inputs.started
        return mark if is_valid else None

    def _emitted_ends(self) -> dict[Source, Window]:
        """Return source -> the range of ends of the spans that are left out."""
        inputs, mark = self._inputs, self._mark
        if not mark or not inputs.bookmark or inputs.bookmark < mark.bookmark:
            return {}
        age = timedelta(days=min(inputs.ages))
        ages_end_at: dict[Source, datetime | None] = {
            "job": inputs.watermark,
            "query": inputs.started,
        }
        ends: dict[Source, Window] = {}
        for source, as_of in ages_end_at.items():
            if as_of is not None:
                # A read of a day that has reached the age of a re-check counts as that re-check.
                first = floor(as_of - age, DAY)
                first = max(first, inputs.bookmark) if inputs.rereads else first
                ends[source] = Window(first, mark.limit)
        return ends

    def _known_up_to(self) -> datetime:
        """Return the moment before which all events of earlier rows happened."""
        mark = self._state.get(KNOWN_UP_TO)
        if not mark:
            # An earlier version kept no such moment: its rows may be as new as this run.
            has_history = self._inputs.bookmark is not None
            return self._inputs.started + MILLISECOND if has_history else BEGINNING
        # Without `readTo` it is from an earlier version, which included the moment itself.
        return parse(mark) + (timedelta(0) if READ_TO in self._state else MILLISECOND)

    def _know_up_to(self, moment: datetime) -> bool:
        """Write the moment before which all events of the emitted rows happened; return True."""
        self._state[KNOWN_UP_TO] = iso(moment)
        self._state[READ_TO] = iso(self._read_to)
        return True
