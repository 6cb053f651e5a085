"""The schedule of re-checks: a past day is read again at a few ages, however often the tap runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_genesys.replication.windows import DAY, Window, floor, iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def utc_day(moment: datetime) -> Window:
    """Return the UTC day of a moment."""
    start = floor(moment, DAY)
    return Window(start, start + DAY)


class RecheckSchedule:
    """A mark for each age, before which all days have been read at that age.

    A day's age is counted from its end to the moment as of which it is read. Any whole read of a
    day, for whatever purpose, satisfies each age that the day has reached by then. A state keeps
    one mark per age; days that a run reads beyond a mark are kept in memory until the mark gets
    there.

    Args:
        ages: Ages in days.
        marks: Age -> the first day that has not satisfied it, as in the state.
        bookmark: The end of the range that has been read once; None on a first run.
        since: The first moment that any run reads.
        day_of: Returns the day of a moment; days tile time without gaps.
    """

    def __init__(
        self,
        ages: Iterable[float],
        *,
        marks: Mapping[str, str],
        bookmark: datetime | None,
        since: datetime,
        day_of: Callable[[datetime], Window] = utc_day,
    ) -> None:
        self._since = since
        self._day_of = day_of
        self._marks: dict[float, datetime] = {}
        for age in sorted(set(ages)):
            text = marks.get(f"{age:g}")
            if text is not None:
                mark = parse(text)
            elif bookmark is not None:
                mark = bookmark - timedelta(days=age)
            else:
                mark = since
            # Days before a later start are not read any more.
            self._marks[age] = day_of(max(mark, since)).start
        #: Age -> the starts of the days that have satisfied it in this run.
        self._satisfied: dict[float, set[datetime]] = {age: set() for age in self._marks}
        self._begin = self._end = since

    @property
    def marks(self) -> dict[str, str]:
        """The marks in the format of the state."""
        return {f"{age:g}": iso(mark) for age, mark in self._marks.items()}

    def due(self, as_of: datetime, until: datetime) -> list[Window]:
        """Return the days that have reached an age and were not read since, oldest first.

        Args:
            as_of: The moment as of which they would be read.
            until: The end of the range that has been read once.
        """
        days: set[Window] = set()
        for age, mark in self._marks.items():
            reached = min(as_of - timedelta(days=age), until)
            day = self._day_of(mark)
            while day.end <= reached:
                if day.start not in self._satisfied[age]:
                    days.add(day)
                day = self._day_of(day.end)
        return [Window(max(day.start, self._since), day.end) for day in sorted(days)]

    def is_to_come(self, window: Window, as_of: datetime) -> bool:
        """Return whether a re-check of each of a window's days is still to come.

        Args:
            window: The window that is read.
            as_of: The moment as of which it is read.
        """
        oldest = max(floor(window.start, DAY), floor(self._since, DAY)) + DAY
        return any(oldest + timedelta(days=age) > as_of for age in self._marks)

    def read(self, window: Window, as_of: datetime) -> None:
        """Note that a window has been read whole; windows that touch make up whole days.

        Args:
            window: The window.
            as_of: The moment as of which it was read.
        """
        self._begin = self._begin if window.start == self._end else window.start
        self._end = window.end
        day = self._day_of(window.start)
        while day.end <= window.end:
            if self._begin <= max(day.start, self._since):
                self._satisfy(day, as_of)
            day = self._day_of(day.end)

    def lower(self, window: Window, as_of: datetime) -> None:
        """Lower the marks to the days of an earlier window, so that their re-checks follow.

        Args:
            window: A window before the range that earlier runs have read.
            as_of: The moment as of which it was read; ages that a day has reached do not follow.
        """
        for age, mark in self._marks.items():
            day = self._day_of(window.start)
            while day.end + timedelta(days=age) <= as_of and day.end < window.end:
                day = self._day_of(day.end)
            if day.end + timedelta(days=age) > as_of:
                self._marks[age] = min(mark, day.start)

    def _satisfy(self, day: Window, as_of: datetime) -> None:
        for age, satisfied in self._satisfied.items():
            if day.end + timedelta(days=age) <= as_of:
                satisfied.add(day.start)
                while self._marks[age] in satisfied:
                    self._marks[age] = self._day_of(self._marks[age]).end
