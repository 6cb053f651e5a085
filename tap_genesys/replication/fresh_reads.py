"""The queries for conversations beyond the data lake's watermark: full and narrow passes. Pure.

A query returns the conversations that started on a UTC day which its interval touches, and that
were active in it. A *full* pass queries everything from the data lake's watermark on, hours of
which the last run has read already. A *narrow* pass queries the time since the last pass, and,
every second hour, the last minute of each earlier day that jobs cannot read yet: that returns the
conversations of that day that last beyond it.

If the vendor returns all conversations that started on a touched day, as its documentation can also
be understood, a narrow pass costs more requests, and misses nothing.
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

#: Up to this length, each run makes a full pass: narrow ones would save nothing, and jobs could
#: read its conversations only later.
FULL_UP_TO = timedelta(hours=8)
#: The time between two readings of earlier days' ends; with hourly runs, two hours.
TAILS_EVERY = timedelta(minutes=90)
_TAIL = timedelta(minutes=1)


def is_full_pass(mark: QueryMark | None, fresh: Window, started: datetime) -> bool:
    """Return whether a run makes a full pass instead of a narrow one.

    It does once per UTC day, and if a narrow pass would save nothing or miss conversations.

    Args:
        mark: The mark of emitted conversations; None where unknown.
        fresh: The range of conversation starts beyond the watermark.
        started: The start of the run.
    """
    return (
        mark is None
        or fresh.length <= FULL_UP_TO
        # A configured end of the range: later runs do not query beyond it.
        or fresh.end < started
        or fresh.start < mark.full_from
        or utc_day(mark.full_at) != utc_day(started)
    )


def tail_before(fresh: Window, *, reached: datetime) -> Read | None:
    """Return the read of the conversations of a full pass's first day that started before the pass.

    A short pass has none, since jobs read those conversations soon.

    Args:
        fresh: The range of conversation starts that the pass reads.
        reached: The bookmark of jobs, which have read conversations that started before it.
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
        reads: First the ends of earlier days, then the time since the last pass.
        tails_from: The first start of the days whose ends are read; None if none is.
    """

    reads: tuple[Read, ...]
    tails_from: datetime | None

    @property
    def start(self) -> datetime:
        """The first conversation start that the pass may emit."""
        return min(read.starts.start for read in self.reads if read.starts)


def narrow_pass(
    mark: QueryMark, end: datetime, *, reached: datetime, watermark: datetime, now: datetime
) -> NarrowPass:
    """Return a narrow pass.

    Args:
        mark: The mark of emitted conversations.
        end: The end of the range that this run reads.
        reached: The bookmark of jobs, which have read conversations that started before it.
        watermark: The moment up to which the data lake is complete.
        now: The start of the pass.
    """
    # A pass reads up to the start of its run, whose jobs may take hours.
    since = min(mark.at - OVERLAP, mark.until)
    # A query that begins before a day's last minute returns what lasts beyond the day.
    days = [day for day in _days(watermark, since) if reached < day.end]
    are_due = now - mark.tails_at >= TAILS_EVERY
    tails = [_read(Window(day.end - _TAIL, day.end), reached) for day in days if are_due]
    windows = [window for window in split(since, end, DAY) if reached < utc_day(window.start).end]
    starts = [read.starts.start for read in tails if read.starts]
    return NarrowPass(
        (*tails, *(_read(window, reached) for window in windows)), min(starts, default=None)
    )


def _days(first: datetime, since: datetime) -> Iterator[Window]:
    """Yield the UTC days from that of `first` whose last minute begins before `since`."""
    day = utc_day(first)
    while day.end - _TAIL < since:
        yield day
        day = utc_day(day.end)


def _read(window: Window, reached: datetime) -> Read:
    day = utc_day(window.start)
    return Read(window, "query", "fresh", starts=Window(max(day.start, reached), day.end))
