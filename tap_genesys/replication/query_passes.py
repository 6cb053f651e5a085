"""Up to where a job may speak, so that no row ever becomes older than it was. Pure.

The data lake, which jobs read, knows the world up to its watermark. The query API knows it up to
now. What a query has read at ten, a job may only replace once the watermark has passed ten: before
that, the job's row can lack what the query's row had. So each pass of the query lane is remembered,
with the start from which it read and the moment at which it had read, until the watermark is past
that moment.

A pass that is killed cannot say when that was. So it says beforehand until when it may print at
most, an hour ahead, and says so again before it prints later than that: a lease.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tap_genesys.replication.windows import iso, parse

#: How long a pass may print until it has to say so again.
LEASE = timedelta(hours=1)
#: More passes than these are merged two by two, to the side of caution.
MOST = 24
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of the query lane: all that started in `[start, until)`, as known at `at`.

    Args:
        start: The first conversation start that it read.
        until: Up to where it read whole; `start` while it is under way, or if it was cut off.
        at: When its last answer came; until then, the end of its lease.
    """

    start: datetime
    until: datetime
    at: datetime


class QueryPasses:
    """The passes that the watermark has not passed yet.

    Args:
        kept: As a state keeps them; None where the history was read by something that kept none.
        now: What passes that were not kept may have read up to.
        has_history: Whether there is a bookmark.
    """

    def __init__(self, kept: Any, *, now: datetime, has_history: bool) -> None:  # noqa: ANN401 - a state's
        self._passes: list[Pass] = []
        if kept is None:
            if has_history:
                # Queries may have read any of it, up to now.
                self._passes.append(Pass(BEGINNING, BEGINNING, now))
            return
        self._passes += [Pass(*(parse(moment) for moment in one)) for one in kept]

    @property
    def kept(self) -> list[list[str]]:
        """What a state keeps."""
        return [[iso(one.start), iso(one.until), iso(one.at)] for one in self._passes]

    def limit(self, watermark: datetime) -> datetime:
        """Return up to which conversation start a job's row is not older than one that is printed.

        Args:
            watermark: What the lake knows up to.
        """
        return min(
            [watermark, *(one.start for one in self._passes if self._is_ahead(one, watermark))]
        )

    def forget(self, watermark: datetime) -> None:
        """Let go of the passes that the watermark has passed."""
        self._passes = [one for one in self._passes if self._is_ahead(one, watermark)]

    def boundary(self, reached: datetime, watermark: datetime) -> datetime:
        """Return where the query lane begins: all before is read, by job or by an earlier pass.

        Args:
            reached: Up to where jobs have read.
            watermark: What the lake knows up to.
        """
        covered = reached
        for one in sorted(self._passes, key=lambda item: item.start):
            if one.start <= covered:
                covered = max(covered, one.until)
        furthest = max([watermark, *(one.start for one in self._passes if one.until > one.start)])
        return max(reached, min(covered, furthest))

    def begin(self, start: datetime, now: datetime) -> None:
        """Note that a pass is under way."""
        self._passes.append(Pass(start, start, now + LEASE))
        while len(self._passes) > MOST:
            self._merge()

    def prolong(self, now: datetime) -> bool:
        """Prolong the lease of the pass that is under way, if it is over; return whether it was."""
        is_over = now > self._passes[-1].at
        if is_over:
            self._passes[-1] = replace(self._passes[-1], at=now + LEASE)
        return is_over

    def end(self, until: datetime, at: datetime) -> None:
        """Note that the pass that is under way is complete, up to where, and when."""
        begun = self._passes[-1]
        self._passes[-1] = replace(begun, until=max(begun.start, until), at=at)

    def _merge(self) -> None:
        """Make one of the two that lie closest together: the earlier start, the later moment."""
        places = range(len(self._passes) - 2)
        place = min(places, key=lambda i: abs(self._passes[i + 1].start - self._passes[i].start))
        # A later pass may start earlier, where the source was changed in between.
        first, second = sorted(self._passes[place : place + 2], key=lambda item: item.start)
        is_gap = second.start > first.until
        until = first.until if is_gap else max(first.until, second.until)
        merged = Pass(first.start, until, max(first.at, second.at))
        self._passes[place : place + 2] = [merged]

    def _is_ahead(self, one: Pass, watermark: datetime) -> bool:
        # A query at a moment knows what happens at it; a lake whose watermark it is does not.
        return one.at >= watermark
