"""The moments at which conversations start: a cycle of a day or a week, its hours weighted."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate

_HOUR_MS = 3_600_000
_DAY = timedelta(days=1)
#: A Wednesday. The numbers of the conversations of an org count from a cycle's begin near it.
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_MONDAY = _EPOCH - 2 * _DAY
#: The weights of the hours (UTC) in which a day's conversations start.
_DAY_HOURS = (1, 1, 1, 1, 2, 3, 6, 12, 20, 26, 28, 26, 22, 24, 26, 24, 20, 14, 9, 6, 4, 3, 2, 1)
#: Weights of the hours of a typical weekday: open from 7 to 21. Before, only e-mails come.
_WEEKDAY = (2, 2, 2, 2, 2, 3, 6, 28, 72, 116, 134, 128, 110, 114, 122, 118, 96, 58, 28, 10, 2)
_SATURDAY = (*(2,) * 8, 20, 54, 70, 66, 54, 48, 40, 26, 8)
_SUNDAY = (*(2,) * 9, 26, 42, 44, 36, 28, 18)
#: Monday is the busiest day.
_MONDAY_WEIGHT = 1.15


def _padded(hours: tuple[float, ...]) -> tuple[float, ...]:
    return hours + (0,) * (24 - len(hours))


_WEEK_HOURS = (
    *_padded(tuple(_MONDAY_WEIGHT * weight for weight in _WEEKDAY)),
    *_padded(_WEEKDAY) * 4,
    *_padded(_SATURDAY),
    *_padded(_SUNDAY),
)


@dataclass(frozen=True)
class Arrivals:
    """The starts of numbered conversations, each later than the one before it.

    Args:
        seed: The org's seed.
        first: The moment at which the cycle of the conversation 0 starts.
        size: The number of conversations in a cycle.
        hours: The weights of the hours of a cycle.
        bounds: Whether the first conversation of a cycle starts at its first millisecond, and the
            last in its last one.
    """

    seed: int
    first: datetime
    size: int
    hours: tuple[float, ...]
    bounds: bool

    def start_of(self, number: int) -> datetime:
        """Return the start of a conversation, in whole milliseconds."""
        cycle, place = divmod(number, self.size)
        return (
            self.first + cycle * self._length + timedelta(milliseconds=self._offset(number, place))
        )

    def number_at(self, moment: datetime) -> int:
        """Return the number of the first conversation that starts at or after a moment."""
        low = (moment.astimezone(UTC) - self.first) // self._length * self.size
        high = low + self.size
        while low < high:
            middle = (low + high) // 2
            if self.start_of(middle) < moment:
                low = middle + 1
            else:
                high = middle
        return low

    @cached_property
    def _length(self) -> timedelta:
        return timedelta(hours=len(self.hours))

    @cached_property
    def _cumulated(self) -> tuple[float, ...]:
        return tuple(accumulate(self.hours, initial=0))

    def _offset(self, number: int, place: int) -> int:
        """Return the milliseconds from the begin of its cycle to a conversation's start."""
        if self.bounds and place == 0:
            return 0
        if self.bounds and place == self.size - 1:
            return len(self.hours) * _HOUR_MS - 1
        # Inside its part of the cycle, so that no two start in the same millisecond.
        part = (place + _jitter(self.seed, number)) / self.size * self._cumulated[-1]
        hour = bisect_right(self._cumulated, part) - 1
        return int((hour + (part - self._cumulated[hour]) / self.hours[hour]) * _HOUR_MS)


@lru_cache(maxsize=1 << 16)
def _jitter(seed: int, number: int) -> float:
    return 0.1 + 0.8 * random.Random(f"{seed}:{number}").random()


def of_edge_cases(seed: int, per_day: int) -> Arrivals:
    """Return arrivals with the same course each day, and conversations at its bounds."""
    return Arrivals(seed, _EPOCH, per_day, _DAY_HOURS, bounds=True)


def of_typical_weeks(seed: int, per_day: int) -> Arrivals:
    """Return arrivals with quiet nights and weekends; `per_day` is their mean over a week."""
    return Arrivals(seed, _MONDAY, 7 * per_day, _WEEK_HOURS, bounds=False)
