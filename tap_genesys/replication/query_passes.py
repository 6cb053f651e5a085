"""The limit that passes of queries set to jobs, so that no row becomes older than it was. Pure.

The data lake, which jobs read, is complete up to its watermark; the query API, up to now. A row
that a query read at ten may only be replaced by a job once the watermark has passed ten: before
that, the job's row can lack what the query's row had. So the state keeps each pass of queries, with
its start and the moment of its last response, until the watermark is past that moment.

A pass that is killed cannot record that moment. So it records a later one beforehand, an hour
ahead, up to which it may emit rows, and renews it before it emits any after that: a lease.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tap_genesys.replication.windows import MILLISECOND, iso, parse

#: The time for which a pass may emit rows until it renews its lease.
LEASE = timedelta(hours=1)
#: The most passes in a state; more are merged in pairs, cautiously.
MOST = 24
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of queries: all that started in `[start, until)`, as of `at`.

    Args:
        start: The first conversation start that it read.
        until: The end of its complete range; `start` while it is under way, or if it broke off.
        at: The time of its last response; until then, the end of its lease.
    """

    start: datetime
    until: datetime
    at: datetime


class QueryPasses:
    """The passes that the watermark has not passed yet.

    Args:
        entries: The state's; None where the history was read by a version that kept none.
        now: The latest end of passes without an entry.
        has_history: Whether there is a bookmark.
    """

    def __init__(self, entries: Any, *, now: datetime, has_history: bool) -> None:  # noqa: ANN401 - a state's
        self._passes: list[Pass] = []
        if entries is None:
            if has_history:
                # Queries may have read all of it, up to now.
                self._passes.append(Pass(BEGINNING, BEGINNING, now))
            return
        self._passes += [Pass(*(parse(moment) for moment in entry)) for entry in entries]

    @property
    def entries(self) -> list[list[str]]:
        """The passes in the format of the state."""
        return [[iso(item.start), iso(item.until), iso(item.at)] for item in self._passes]

    def limit(self, watermark: datetime) -> datetime:
        """Return the conversation start up to which no job's row is older than an emitted one.

        Args:
            watermark: The moment up to which the lake is complete.
        """
        return min(
            [watermark, *(item.start for item in self._passes if self._is_ahead(item, watermark))]
        )

    def forget(self, watermark: datetime) -> None:
        """Drop the passes that the watermark has passed."""
        self._passes = [item for item in self._passes if self._is_ahead(item, watermark)]

    def boundary(
        self, reached: datetime, watermark: datetime, until: datetime = BEGINNING
    ) -> datetime:
        """Return the start of the next pass: all before it is read, by job or an earlier pass.

        Args:
            reached: The end of the range that jobs have read.
            watermark: The moment up to which the lake is complete.
            until: The end of the range that jobs and passes have read, as far as the state has it.
        """
        covered = max(reached, until)
        for item in sorted(self._passes, key=lambda item: item.start):
            if item.start <= covered:
                covered = max(covered, item.until)
        starts = (item.start for item in self._passes if item.until > item.start)
        furthest = max([watermark, *starts])
        return max(reached, min(covered, furthest))

    def begin(self, start: datetime, now: datetime) -> None:
        """Add a pass, which is under way."""
        # A later pass from an earlier start on limits jobs by itself.
        self._passes = [
            item for item in self._passes if item.start < start or item.until > item.start
        ]
        self._passes.append(Pass(start, start, now + LEASE))
        while len(self._passes) > MOST:
            self._merge()

    def add_jobs(self, watermark: datetime) -> None:
        """Add what jobs have emitted: a lake that went back behind their watermark limits all jobs.

        Args:
            watermark: The highest one of those jobs. A lake with the same one limits none.
        """
        self._passes.insert(0, Pass(BEGINNING, BEGINNING, watermark - MILLISECOND))

    def prolong(self, now: datetime) -> bool:
        """Renew the lease of the pass that is under way, if it is over; return whether it was."""
        is_over = now > self._passes[-1].at
        if is_over:
            self._passes[-1] = replace(self._passes[-1], at=now + LEASE)
        return is_over

    def end(self, until: datetime, at: datetime) -> None:
        """Complete the pass that is under way.

        Args:
            until: The end of its range.
            at: The time of its last response.
        """
        current = self._passes[-1]
        self._passes[-1] = replace(current, until=max(current.start, until), at=at)

    def _merge(self) -> None:
        """Merge the two passes closest to each other: the earlier start, the later moment."""
        indexes = range(len(self._passes) - 2)
        index = min(indexes, key=lambda i: abs(self._passes[i + 1].start - self._passes[i].start))
        # A later pass may start earlier, where the source was changed in between.
        first, second = sorted(self._passes[index : index + 2], key=lambda item: item.start)
        is_gap = second.start > first.until
        until = first.until if is_gap else max(first.until, second.until)
        merged = Pass(first.start, until, max(first.at, second.at))
        self._passes[index : index + 2] = [merged]

    def _is_ahead(self, item: Pass, watermark: datetime) -> bool:
        # A query includes events at its own moment; a lake excludes those at its watermark.
        return item.at >= watermark
