"""When a past day is read again: at each of a few ages, however often the tap runs. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_genesys.windows import DAY, Window, floor, iso, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Ladder:
    """For each rung, an age in days, up to which day all have been read at that age.

    A day's age is counted from its end to the moment whose truth is read. Any whole reading of a
    day, whatever it was for, satisfies each rung that the day has reached by then. Days satisfy a
    rung in order, so that one mark a rung is all there is to remember.

    Args:
        rungs: Ages in days.
        marks: Rung -> the first day that has not satisfied it, as a state keeps them.
        bookmark: Up to where everything has been read once; None on a first run.
        since: The first moment that is read at all.
    """

    def __init__(
        self,
        rungs: Iterable[float],
        *,
        marks: Mapping[str, str],
        bookmark: datetime | None,
        since: datetime,
    ) -> None:
        self._since = since
        first = floor(since, DAY)
        self._marks: dict[float, datetime] = {}
        for rung in sorted(set(rungs)):
            mark = marks.get(f"{rung:g}")
            if mark is not None:
                self._marks[rung] = parse(mark)
            elif bookmark is None:
                self._marks[rung] = first
            else:
                self._marks[rung] = max(first, floor(bookmark - timedelta(days=rung), DAY))
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
        days: set[datetime] = set()
        for rung, mark in self._marks.items():
            last = floor(min(truth - timedelta(days=rung), until), DAY)
            day = mark
            while day < last:
                days.add(day)
                day += DAY
        return [Window(max(day, self._since), day + DAY) for day in sorted(days)]

    def read(self, window: Window, truth: datetime) -> None:
        """Note that a window has been read whole; windows that touch make up whole days.

        Args:
            window: What was read.
            truth: The moment whose truth it was.
        """
        self._begin = self._begin if window.start == self._end else window.start
        self._end = window.end
        day = floor(window.start, DAY)
        while day + DAY <= window.end:
            if self._begin <= max(day, self._since):
                self._satisfy(day, truth)
            day += DAY

    def _satisfy(self, day: datetime, truth: datetime) -> None:
        for rung, mark in self._marks.items():
            if mark == day and day + DAY + timedelta(days=rung) <= truth:
                self._marks[rung] = day + DAY
