"""The progress of a run: the counts of each stream, and the lines made of them. Pure."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_genesys.api.request_note import note_of
from tap_genesys.replication.lanes import MAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_genesys.interruption import Clock

_MINUTE, _FEW_MINUTES = 60, 10


@dataclass
class LaneCounts:
    """The counts of one lane of a stream."""

    records: int = 0
    requests: int = 0
    retries: int = 0


@dataclass
class StreamProgress:
    """The counts of one stream; moments are seconds of the run's clock."""

    stream: str
    #: The parts by which the stream is read, in the plural (`windows`, `parents`), if counted.
    parts: str = ""
    parts_total: int = 0
    parts_done: int = 0
    records: int = 0
    #: Records that were read and left out, since they have not changed since they were emitted.
    unchanged: int = 0
    #: Records that were left out, since they are no objects or lack their key.
    unusable: int = 0
    #: Requests, every retry included.
    requests: int = 0
    retries: int = 0
    #: Seconds of waits over all requests: for the rate limit, retries, jobs and reports.
    waited: float = 0.0
    #: Windows that could not be read completely.
    holes: int = 0
    #: Holes that `incomplete_windows` has accepted: pages, and windows with unusable records.
    accepted: int = 0
    #: Windows of which a reading had fewer rows than the counts promised.
    short: int = 0
    #: The moment up to which the data lake is complete, where it was requested.
    watermark: str | None = None
    began: float | None = None
    ended: float | None = None
    #: Whether an error or a signal ended the sync.
    broke_off: bool = False
    #: The lane of the records that are counted now.
    lane: str = MAIN
    _lanes: dict[str, LaneCounts] = field(default_factory=dict)
    #: The records that `_lanes` has.
    _in_lanes: int = 0

    def enter(self, lane: str) -> None:
        """Count the records from now on in another lane."""
        self._settle()
        self.lane = lane

    def of_lane(self, lane: str) -> LaneCounts:
        """Return the counts of a lane."""
        return self._lanes.setdefault(lane, LaneCounts())

    @property
    def lanes(self) -> dict[str, LaneCounts]:
        """The counts of each lane that has any."""
        self._settle()
        return self._lanes

    def _settle(self) -> None:
        """Add the records since the last call to their lane; records are counted one by one."""
        if new := self.records - self._in_lanes:
            self.of_lane(self.lane).records += new
            self._in_lanes = self.records

    def expect(self, number: int, parts: str) -> None:
        """Add parts that will be read."""
        self.parts_total += number
        self.parts = parts

    def begin(self, now: float) -> None:
        """Note the start of the sync."""
        self.began = now if self.began is None else self.began
        self.ended = None

    def end(self, now: float, *, broke_off: bool) -> None:
        """Note the end of the sync."""
        self.ended, self.broke_off = now, broke_off

    @property
    def is_running(self) -> bool:
        """Whether the stream is being read."""
        return self.began is not None and self.ended is None

    def seconds(self, now: float) -> float:
        """Return the seconds of the sync so far, or in total."""
        if self.began is None:
            return 0.0
        return max(0.0, (now if self.ended is None else self.ended) - self.began)

    def to_go(self, now: float) -> float | None:
        """Return the estimated seconds for the remaining parts; None if unknown."""
        left = self.parts_total - self.parts_done
        if self.parts_done <= 0 or left <= 0:
            return None
        return self.seconds(now) / self.parts_done * left


class Progress:
    """The counts of all streams; safe for requests in any thread.

    Args:
        clock: Counts seconds.
        left: Returns the requests that the rate limit still allows in the present minute.
    """

    def __init__(self, *, clock: Clock, left: Callable[[], int]) -> None:
        self.clock = clock
        self._left = left
        self._lock = threading.Lock()
        self._streams: dict[str, StreamProgress] = {}
        self._no_stream = StreamProgress("")
        self._began = clock.seconds()

    def of(self, stream: str) -> StreamProgress:
        """Return the counts of a stream."""
        with self._lock:
            return self._streams.setdefault(stream, StreamProgress(stream))

    def count_request(self, request: object, waited: float) -> None:
        """Count a request, and the seconds that it waited for the rate limit."""
        with self._lock:
            counts = self._counts_of(request)
            counts.requests += 1
            counts.of_lane(note_of(request).lane).requests += 1
            counts.waited += waited

    def count_retry(self, request: object, waited: float) -> None:
        """Count a retry, and the seconds before it."""
        with self._lock:
            counts = self._counts_of(request)
            counts.retries += 1
            counts.of_lane(note_of(request).lane).retries += 1
            counts.waited += waited

    def count_wait(self, stream: str, seconds: float) -> None:
        """Count seconds of waiting for a job, a report or a page."""
        counts = self.of(stream)
        with self._lock:
            counts.waited += seconds

    @property
    def total(self) -> StreamProgress:
        """The sums over all streams, and over requests without one, such as logins."""
        with self._lock:
            counted = [*self._streams.values(), self._no_stream]
        sums = StreamProgress("", began=self._began)
        for counts in counted:
            sums.records += counts.records
            sums.requests += counts.requests
            sums.retries += counts.retries
            sums.waited += counts.waited
        return sums

    def lines(self) -> list[str]:
        """Return one line per stream that is being read, and one for all derived tables."""
        now, left = self.clock.seconds(), self._left()
        with self._lock:
            running = [counts for counts in self._streams.values() if counts.is_running]
        tables = [counts for counts in running if not (counts.requests or counts.parts)]
        lines = [line(counts, now, left) for counts in running if counts not in tables]
        # Without a stream that sends requests, there are no derived tables either.
        if lines and tables:
            records = sum(counts.records for counts in tables)
            lines.append(f"{len(tables)} tables: {records:,} records{_rate(records, tables, now)}")
        return lines

    def _counts_of(self, request: object) -> StreamProgress:
        name = note_of(request).stream
        if not name:
            return self._no_stream
        return self._streams.setdefault(name, StreamProgress(name))


def line(counts: StreamProgress, now: float, left: int) -> str:
    """Return the progress line of a stream.

    Args:
        counts: The stream's counts.
        now: The seconds of the run's clock.
        left: The requests that the rate limit still allows in the present minute.
    """
    # A narrow terminal cuts off the last parts, so these are the least important.
    parts = []
    if counts.parts:
        parts.append(f"{counts.parts_done:,} of {counts.parts_total:,} {counts.parts}")
    to_go = counts.to_go(now)
    if to_go is not None:
        parts.append(f"about {duration(to_go)} to go")
    parts += [
        f"{counts.records:,} records{_rate(counts.records, [counts], now)}",
        f"{counts.requests:,} requests",
        f"{left:,} left this minute",
    ]
    return f"{counts.stream}: {', '.join(parts)}"


def duration(seconds: float) -> str:
    """Return a duration in words; the longer it is, the coarser."""
    minutes, rest = divmod(round(seconds), _MINUTE)
    if minutes < 1:
        return f"{rest} s"
    if minutes < _FEW_MINUTES:
        return f"{minutes} min {rest:02} s"
    minutes = round(seconds / _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours:,} h {minutes:02} min"


def _rate(records: int, streams: list[StreamProgress], now: float) -> str:
    seconds = max(counts.seconds(now) for counts in streams)
    return f" ({records / seconds:,.0f}/s)" if seconds >= 1 else ""
