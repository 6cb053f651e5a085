"""When a past day is read again: at each of a few ages, however often the tap runs. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_genesys.replication.windows import DAY, Window, floor, iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def utc_day(moment: datetime) -> Window:
    """Return the UTC day that a moment is in."""
    start = floor(moment, DAY)
    return Window(start, start + DAY)


class RecheckSchedule:
    """For each rung, an age in days, up to which day all have been read at that age.

    A day's age is counted from its end to the moment whose truth is read. Any whole reading of a
    day, whatever it was for, satisfies each rung that the day has reached by then. A state keeps
    one mark a rung; what a run reads beyond a mark is remembered until the mark has come there.

    Args:
        rungs: Ages in days.
        marks: Rung -> the first day that has not satisfied it, as a state keeps them.
        bookmark: Up to where everything has been read once; None on a first run.
        since: The first moment that is read at all.
        day_of: Returns the day that a moment is in; days follow each other without a gap.
    """

    def __init__(
        self,
        rungs: Iterable[float],
        *,
        marks: Mapping[str, str],
        bookmark: datetime | None,
        since: datetime,
        day_of: Callable[[datetime], Window] = utc_day,
    ) -> None:
        self._since = since
        self._day_of = day_of
        self._marks: dict[float, datetime] = {}
        for rung in sorted(set(rungs)):
            kept = marks.get(f"{rung:g}")
            if kept is not None:
                mark = parse(kept)
            elif bookmark is not None:
                mark = bookmark - timedelta(days=rung)
            else:
                mark = since
            # A start that has moved on leaves the days before it alone.
            self._marks[rung] = day_of(max(mark, since)).start
        #: Rung -> the starts of the days that have satisfied it in this run.
        self._satisfied: dict[float, set[datetime]] = {rung: set() for rung in self._marks}
        self._begin = self._end = since

    @property
    def marks(self) -> dict[str, str]:
        """What a state keeps."""
        return {f"{rung:g}": iso(mark) for rung, mark in self._marks.items()}

    def due(self, truth: datetime, until: datetime) -> list[Window]:
        """Return the days that have reached a rung and were not read since, oldest first.

        Args:
            truth: The moment whose truth a reading would bring.
            until: Days that end later have not been read a first time.
        """
        days: set[Window] = set()
        for rung, mark in self._marks.items():
            reached = min(truth - timedelta(days=rung), until)
            day = self._day_of(mark)
            while day.end <= reached:
                if day.start not in self._satisfied[rung]:
                    days.add(day)
                day = self._day_of(day.end)
        return [Window(max(day.start, self._since), day.end) for day in sorted(days)]

    def is_to_come(self, window: Window, truth: datetime) -> bool:
        """Return whether a rung lies ahead of each of a window's days.

        Args:
            window: What is read now.
            truth: The moment whose truth that is.
        """
        oldest = max(floor(window.start, DAY), floor(self._since, DAY)) + DAY
        return any(oldest + timedelta(days=rung) > truth for rung in self._marks)

    def read(self, window: Window, truth: datetime) -> None:
        """Note that a window has been read whole; windows that touch make up whole days.

        Args:
            window: What was read.
            truth: The moment whose truth it was.
        """
        self._begin = self._begin if window.start == self._end else window.start
        self._end = window.end
        day = self._day_of(window.start)
        while day.end <= window.end:
            if self._begin <= max(day.start, self._since):
                self._satisfy(day, truth)
            day = self._day_of(day.end)

    def _satisfy(self, day: Window, truth: datetime) -> None:
        for rung, satisfied in self._satisfied.items():
            if day.end + timedelta(days=rung) <= truth:
                satisfied.add(day.start)
                while self._marks[rung] in satisfied:
                    self._marks[rung] = self._day_of(self._marks[rung]).end
