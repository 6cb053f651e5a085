"""The plan of the windows of users' details that a run reads, and of its state. Pure.

The state has, beside the bookmark, which is that of jobs unless the source is `query`:

- `knownUpTo`: no emitted row includes an event at that moment or later;
- `readTo`: all spans that began or ended before it were emitted, from either source; a query starts
  here. It is behind the bookmark where a job had to leave out spans without an end;
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
        inputs: All other inputs of the plan.
    """

    def __init__(self, state: dict[str, Any], inputs: PlanInputs) -> None:
        self._state = state
        self._inputs = inputs
        #: Whether a job may emit spans without an end.
        self.may_be_open = True
        bookmark = inputs.bookmark
        mark = state.get(READ_TO) if bookmark else None
        read_to = parse(mark) if mark else bookmark or inputs.range.start
        self._read_to = max(read_to, inputs.oldest)
        self.schedule = RecheckSchedule(
            inputs.ages,
            marks=(state.get(RECHECKS) or {}) if bookmark else {},
            bookmark=bookmark,
            since=inputs.oldest,
        )

    def batches(self) -> Iterator[Batch]:
        """Yield the batches to read."""
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
        self._know_up_to(max(known_up_to, watermark))
        # A span that ends at the watermark itself may be missing; the next read of either source
        # includes it.
        limit = min(watermark - MILLISECOND, span.end)
        start = min(span.start, self._read_to) if self.may_be_open else span.start
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
        self._know_up_to(max(known_up_to, inputs.now() + MILLISECOND))
        yield Batch((), is_declared=True)

    def finish(self, read: Read, *, is_whole: bool, as_of: datetime) -> None:
        """Note that a window, or a part of one, has been read, with rows current as of a moment."""
        if is_whole:
            self.schedule.read(read.window, as_of)
            self._state[RECHECKS] = self.schedule.marks

    def reach(self, end: datetime) -> None:
        """Note that all that began or ended before a moment is emitted, as far as it is settled."""
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

    def _known_up_to(self) -> datetime:
        """Return the moment before which all events of earlier rows happened."""
        mark = self._state.get(KNOWN_UP_TO)
        if not mark:
            # Rows of a version that kept no such moment may be as new as this run.
            has_history = self._inputs.bookmark is not None
            return self._inputs.started + MILLISECOND if has_history else BEGINNING
        # Without the other marks it is of a version that included the moment itself.
        return parse(mark) + (timedelta(0) if READ_TO in self._state else MILLISECOND)

    def _know_up_to(self, moment: datetime) -> bool:
        """Keep the moment before which all events of the emitted rows happened; return True."""
        self._state[KNOWN_UP_TO] = iso(moment)
        self._state[READ_TO] = iso(self._read_to)
        return True
