"""Which windows of users' details a run reads, and what its state keeps. Pure.

The state has, beside the bookmark, which belongs to jobs unless the source is `query`:

- `knownUpTo`: nothing that was emitted knows what happened at that moment or later;
- `readTo`: all that began or ended before it was emitted, from whichever source; a query starts
  here. It is behind the bookmark where a job had to leave out spans that go on;
- `recheckedUpTo`: the first day that has not been read at the age of five days.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.replication.plan import Batch, reads
from tap_genesys.replication.query_passes import BEGINNING, LEASE
from tap_genesys.replication.rechecks import RecheckSchedule
from tap_genesys.replication.windows import MILLISECOND, UNSETTLED, Window, iso, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.replication.plan import PlanInputs, Read

#: Keys of the state, beside the bookmark.
KNOWN_UP_TO, READ_TO, RECHECKS = "knownUpTo", "readTo", "recheckedUpTo"


class UserDetailsPlan:
    """The batches of one run, and the changes of its state.

    Args:
        state: The stream's part of the state, which is changed in place.
        inputs: All else that the plan is made of.
    """

    def __init__(self, state: dict[str, Any], inputs: PlanInputs) -> None:
        self._state = state
        self._inputs = inputs
        #: Whether a job may emit spans without an end.
        self.may_be_open = True
        bookmark = inputs.bookmark
        kept = state.get(READ_TO) if bookmark else None
        read_to = parse(kept) if kept else bookmark or inputs.range.start
        self._read_to = max(read_to, inputs.oldest)
        self.schedule = RecheckSchedule(
            inputs.ages,
            marks=(state.get(RECHECKS) or {}) if bookmark else {},
            bookmark=bookmark,
            since=inputs.oldest,
        )

    def batches(self) -> Iterator[Batch]:
        """Yield what to read."""
        watermark, start = self._inputs.watermark, self._inputs.range.start
        if watermark is None:
            yield from self._by_query(min(start, self._read_to))
            return
        yield from self._by_job(watermark)
        if self._inputs.source == "auto":
            yield from self._by_query(self._read_to)

    def _by_job(self, watermark: datetime) -> Iterator[Batch]:
        span = self._inputs.range
        known_up_to = self._known_up_to()
        self.may_be_open = watermark >= known_up_to
        self._know(max(known_up_to, watermark))
        # What ends at the very watermark may not be known; both sources' next reading touches it.
        limit = min(watermark - MILLISECOND, span.end)
        start = min(span.start, self._read_to) if self.may_be_open else span.start
        windows = self._inputs.job_windows(start, limit)
        within = Window(start, limit)
        forward = reads(windows, "job", "forward", within=within)
        yield Batch(forward, is_declared=True, since=span.start)
        days = self.schedule.due(watermark, min(self._inputs.reached(), limit))
        yield Batch(reads(days, "job", "recheck"))

    def _by_query(self, start: datetime) -> Iterator[Batch]:
        """Yield what queries read; a run that is killed has noted until when it may emit."""
        inputs, end = self._inputs, self._inputs.range.end
        known_up_to = self._known_up_to()
        self._know(max(known_up_to, inputs.now() + LEASE))
        windows = inputs.windows(start, end)
        forward = reads(windows, "query", "forward", within=Window(start, end))
        yield Batch(forward, is_declared=True, since=start)
        if inputs.watermark is None:
            days = self.schedule.due(inputs.started, min(inputs.reached(), end))
            yield Batch(reads(days, "query", "recheck"))
        self._know(max(known_up_to, inputs.now() + MILLISECOND))
        yield Batch((), is_declared=True)

    def finish(self, read: Read, *, is_whole: bool) -> None:
        """Note that a window, or a part of one, has been read."""
        if is_whole:
            by_job = self._inputs.watermark if read.by == "job" else None
            self.schedule.read(read.window, by_job or self._inputs.started)
            self._state[RECHECKS] = self.schedule.marks

    def reach(self, end: datetime) -> None:
        """Note that all that began or ended before a moment is out, as far as that is settled."""
        self._read_to = max(self._read_to, min(end, self._inputs.started - UNSETTLED))
        self._state[READ_TO] = iso(self._read_to)

    def note_query(self, taken: datetime) -> bool:
        """Note that a query's response is about to be emitted; return whether STATE changed."""
        return taken >= parse(self._state[KNOWN_UP_TO]) and self._know(taken + LEASE)

    def note_job(self, available: datetime | None) -> bool:
        """Note that a job's response is about to be emitted; return whether STATE changed.

        Args:
            available: Up to when the lake knew everything when the job was submitted, which goes on
                while a run reads.
        """
        known_up_to = parse(self._state[KNOWN_UP_TO])
        return available is not None and available > known_up_to and self._know(available)

    def _known_up_to(self) -> datetime:
        """Return the moment before which all happened that earlier rows may know of."""
        kept = self._state.get(KNOWN_UP_TO)
        if not kept:
            # What was read by something that kept no such moment may be as young as this run.
            has_history = self._inputs.bookmark is not None
            return self._inputs.started + MILLISECOND if has_history else BEGINNING
        # Without the other marks it is of a version that meant the moment itself, too.
        return parse(kept) + (timedelta(0) if READ_TO in self._state else MILLISECOND)

    def _know(self, moment: datetime) -> bool:
        """Keep the moment before which all happened that this run's rows may know of."""
        self._state[KNOWN_UP_TO] = iso(moment)
        self._state[READ_TO] = iso(self._read_to)
        return True
