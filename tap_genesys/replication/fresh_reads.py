"""The queries of conversations that jobs lack yet: all of them, or what happened since. Pure.

A query returns what started on a UTC day that its interval touches and was active in it. So a
*full* pass, from the data lake's watermark on, requests hours again of which the last run has read
most. A *narrow* pass requests what was active since the last pass, and, every second hour, the last
minute of each earlier day that jobs may not read yet: what started then and still goes on.

Where the vendor returns all that started on a touched day, as its words can also be read, a narrow
pass costs more and misses nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from tap_genesys.replication.emitted import OVERLAP
from tap_genesys.replication.plan import Read
from tap_genesys.replication.rechecks import utc_day
from tap_genesys.replication.windows import DAY, Window, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.replication.emitted import QueryMark

#: A full pass of at most this length is requested in each run: narrow ones would save nothing, and
#: jobs could follow later only.
FULL_UP_TO = timedelta(hours=8)
#: The time between two readings of earlier days' ends; with hourly runs they are two hours apart.
TAILS_EVERY = timedelta(minutes=90)
_TAIL = timedelta(minutes=1)


def is_full_pass(mark: QueryMark | None, fresh: Window, started: datetime) -> bool:
    """Return whether a run reads all that jobs lack, instead of what happened since the last run.

    It does on each UTC day once, and where a narrow pass would save nothing or miss something.

    Args:
        mark: What queries have emitted; None where that is unknown.
        fresh: The range of conversation starts that jobs lack.
        started: When the run began.
    """
    return (
        mark is None
        or fresh.length <= FULL_UP_TO
        # Before the end of a range that was configured, nothing is requested any more.
        or fresh.end < started
        or fresh.start < mark.full_from
        or utc_day(mark.full_at) != utc_day(started)
    )


def tail_before(fresh: Window, *, reached: datetime) -> Read | None:
    """Return the read of what started on the first day of a full pass, but before it.

    A short pass has none: what started before it is read by job soon.

    Args:
        fresh: The range of conversation starts that the pass reads.
        reached: The bookmark of jobs: what started before it is theirs.
    """
    day = utc_day(fresh.start)
    starts = Window(max(day.start, reached), fresh.start)
    has_ended = fresh.start < day.end - _TAIL < fresh.end - _TAIL
    if fresh.length <= FULL_UP_TO or not has_ended or starts.start >= starts.end:
        return None
    return Read(Window(day.end - _TAIL, day.end), "query", "fresh", starts=starts)


class NarrowPass(NamedTuple):
    """The reads of a narrow pass.

    Args:
        reads: The ends of earlier days first, then what happened since the last pass.
        tails_from: The first start of the days whose ends are read; None where none is.
    """

    reads: tuple[Read, ...]
    tails_from: datetime | None

    @property
    def start(self) -> datetime:
        """The first conversation start that it may emit."""
        return min(read.starts.start for read in self.reads if read.starts)


def narrow_pass(
    mark: QueryMark, end: datetime, *, reached: datetime, watermark: datetime, now: datetime
) -> NarrowPass:
    """Return what a narrow pass reads.

    Args:
        mark: What queries have emitted.
        end: The end of the range that this run reads.
        reached: The bookmark of jobs: what started before it is theirs.
        watermark: The moment up to which the lake is complete.
        now: The begin of the pass.
    """
    # The range of a pass ends with the begin of its run, whose jobs may take hours.
    since = min(mark.at - OVERLAP, mark.until)
    # A query that begins before the last minute of a day returns all that goes on after it.
    days = [day for day in _days(watermark, since) if reached < day.end]
    are_due = now - mark.tails_at >= TAILS_EVERY
    tails = [_read(Window(day.end - _TAIL, day.end), reached) for day in days if are_due]
    windows = [window for window in split(since, end, DAY) if reached < utc_day(window.start).end]
    starts = [read.starts.start for read in tails if read.starts]
    return NarrowPass(
        (*tails, *(_read(window, reached) for window in windows)), min(starts, default=None)
    )


def _days(first: datetime, since: datetime) -> Iterator[Window]:
    """Yield the UTC days from that of a moment on whose last minute begins before another one."""
    day = utc_day(first)
    while day.end - _TAIL < since:
        yield day
        day = utc_day(day.end)


def _read(window: Window, reached: datetime) -> Read:
    day = utc_day(window.start)
    return Read(window, "query", "fresh", starts=Window(max(day.start, reached), day.end))
