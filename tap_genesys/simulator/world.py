"""What is true: a contact centre whose every conversation is a pure function of (seed, number)."""

from __future__ import annotations

import random
import threading
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.conversation import Script
from tap_genesys.simulator.known import known_at
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.staff import Staff

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Row = dict[str, Any]

_EPOCH = date(2020, 1, 1).toordinal()
_DAY_MS = 86_400_000
#: How many of a day's conversations start in each of its hours (UTC), in parts of their sum.
_ARRIVALS = (1, 1, 1, 1, 2, 3, 6, 12, 20, 26, 28, 26, 22, 24, 26, 24, 20, 14, 9, 6, 4, 3, 2, 1)
_CUMULATED = tuple(accumulate(_ARRIVALS, initial=0))
#: How many whole conversations are kept, at about 8 kB each.
_REMEMBERED = 10_000
#: Which of so many e-mails never ends; what share of conversations is seen late.
_ENDLESS, _LATE_SHARE = 3, 0.15
#: What lasts longer than this is not seen late: no re-check would ever find its end.
_LONG = timedelta(days=20)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class World:
    """One org and its history.

    Args:
        seed: Another seed, another org.
        per_day: Conversations that start on a UTC day.
        since: The org's first moment.
        now: The present: what starts later does not exist, what ends later is open.
        until: From when on no conversation starts any more, if there is such a moment.
        lag: How far behind the present the data lake is at least, which jobs read.
        step: The data lake takes in so much at once: its watermark moves in steps of this length.
        indexing: How long it takes at most until a query finds what has started.
        late: How late some conversations are seen at most, with all that happens in them at its
            old dates, by query as by job; at least an hour, and not at all where this is 0.
        endless: One e-mail in so many never ends.
    """

    seed: int = 1
    per_day: int = 200
    since: datetime = field(
        default_factory=lambda: datetime.combine(
            _now().date() - timedelta(days=14), datetime.min.time(), UTC
        )
    )
    now: datetime = field(default_factory=_now)
    until: datetime | None = None
    lag: timedelta = timedelta(hours=24)
    step: timedelta = timedelta(minutes=15)
    indexing: timedelta = timedelta(0)
    late: timedelta = timedelta(0)
    endless: int = 150
    _told: dict[int, Row] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )

    @cached_property
    def staff(self) -> Staff:
        """Who works here."""
        return Staff(self.seed)

    def at(self, now: datetime, lag: timedelta | None = None) -> World:
        """Return the same world at another time."""
        behind = self.lag if lag is None else lag
        world = replace(self, now=now, lag=behind)
        # The conversations are the same ones; in a world with other arguments they need not be.
        vars(world).update(_told=self._told, _lock=self._lock)
        return world

    def users(self) -> list[Row]:
        """Return all users, those who have left too."""
        return self.staff.users

    def queues(self) -> list[Row]:
        """Return the queues."""
        return self.staff.queues

    def wrapup_codes(self) -> list[Row]:
        """Return the wrap-up codes."""
        return self.staff.wrapup_codes

    def divisions(self) -> list[Row]:
        """Return the divisions."""
        return self.staff.divisions

    def numbers(self, start: datetime, end: datetime) -> range:
        """Return the numbers of the conversations that start in `[start, end)` and exist."""
        first = max(start, self.since)
        last = min(end, self.now + timedelta(milliseconds=1), self.until or end)
        if last <= first:
            return range(0)
        return range(self._number_at(first), self._number_at(last))

    def indexed(self, start: datetime, end: datetime) -> Sequence[int]:
        """Return those of them that a query finds; in a while, all."""
        numbers = self.numbers(start, end)
        behind = max(self.indexing, self.late)
        recent = set(self.numbers(self.now - behind, self.now)) if behind else set()
        if not recent:
            return numbers
        return [
            one
            for one in numbers
            if one not in recent or (self._is_indexed(one) and self.is_seen(one, self.now))
        ]

    def count(self, start: datetime, end: datetime) -> int:
        """Return how many conversations start in `[start, end)`."""
        return len(self.numbers(start, end))

    def conversations(self, start: datetime, end: datetime) -> Iterator[Row]:
        """Yield what starts in `[start, end)` and is seen, in the order of starts, as known now."""
        for number in self.numbers(start, end):
            if self.is_seen(number, self.now):
                yield self.conversation(number)

    @cached_property
    def ended(self) -> dict[str, Row]:
        """The conversations that have ended, by their ids."""
        found = self.conversations(self.since, self.now)
        return {one["conversationId"]: one for one in found if one.get("conversationEnd")}

    @property
    def watermark(self) -> datetime:
        """Up to when the data lake knows everything."""
        behind = (self.now - self.lag).astimezone(UTC)
        midnight = behind.replace(hour=0, minute=0, second=0, microsecond=0)
        return behind - (behind - midnight) % self.step if self.step else behind

    def conversation(self, number: int) -> Row:
        """Return a conversation as a query tells it now."""
        return known_at(self._whole(number), stamp(self.now - self.delay(number)))

    def in_lake(self, number: int, moment: datetime | None = None) -> Row:
        """Return a conversation as a job tells it: as far as the lake knows, with attributes."""
        moment = moment or self.watermark
        return known_at(self._whole(number), stamp(moment - self.delay(number)), by_job=True)

    def delay(self, number: int) -> timedelta:
        """Return how late a conversation is seen, and all that happens in it."""
        if not self.late:
            return timedelta(0)
        choice = random.Random(f"{self.seed}:{number}:late")
        lasts = self.end_of(number) - self.start_of(number)
        if lasts > _LONG or choice.random() > _LATE_SHARE:
            return timedelta(0)
        hour = timedelta(hours=1)
        seconds = (hour + choice.random() * (self.late - hour)).total_seconds()
        return timedelta(seconds=round(seconds))

    def is_seen(self, number: int, moment: datetime) -> bool:
        """Return whether a conversation is seen at a moment at all."""
        return self.start_of(number) + self.delay(number) <= moment

    def conversation_id(self, number: int) -> str:
        """Return a conversation's id."""
        return str(self._whole(number)["conversationId"])

    def end_of(self, number: int) -> datetime:
        """Return when a conversation ends for good."""
        return datetime.fromisoformat(self._whole(number)["conversationEnd"])

    def start_of(self, number: int) -> datetime:
        """Return when a conversation starts: within its day, later than the one before it.

        The first of a day starts at midnight to the millisecond, the last in the day's last one.
        """
        day, place = divmod(number, self.per_day)
        midnight = datetime.combine(date.fromordinal(_EPOCH + day), datetime.min.time(), UTC)
        return midnight + timedelta(milliseconds=self._offset(number, place))

    def _is_indexed(self, number: int) -> bool:
        share = random.Random(f"{self.seed}:{number}:indexed").random()
        return self.start_of(number) + share * self.indexing <= self.now

    def _offset(self, number: int, place: int) -> int:
        if place == 0:
            return 0
        if place == self.per_day - 1:
            return _DAY_MS - 1
        # Never at the edge of its part of the day, so that no two start in the same millisecond.
        jitter = 0.1 + 0.8 * random.Random(f"{self.seed}:{number}").random()
        part = (place + jitter) / self.per_day * _CUMULATED[-1]
        hour = bisect_right(_CUMULATED, part) - 1
        return int((hour + (part - _CUMULATED[hour]) / _ARRIVALS[hour]) * _DAY_MS / 24)

    def _number_at(self, moment: datetime) -> int:
        """Return the number of the first conversation that starts at or after a moment."""
        moment = moment.astimezone(UTC)
        first = (moment.date().toordinal() - _EPOCH) * self.per_day
        low, high = first, first + self.per_day
        while low < high:
            middle = (low + high) // 2
            if self.start_of(middle) < moment:
                low = middle + 1
            else:
                high = middle
        return low

    def _whole(self, number: int) -> Row:
        """Return a conversation when all of it has happened."""
        told = self._told.get(number)
        if told is None:
            # Every other day begins with a conversation that ends in the moment in which it starts.
            instant = number % 97 == 0 or number % (2 * self.per_day) == 0
            start = self.start_of(number)
            endless = number % self.endless == _ENDLESS
            told = Script(self.staff, number, start, instant=instant, endless=endless).tell()
            with self._lock:
                while len(self._told) >= _REMEMBERED:
                    del self._told[next(iter(self._told))]
                self._told[number] = told
        return told
