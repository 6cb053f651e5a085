"""The org and its history: each conversation is a pure function of the seed and its number."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.arrivals import Arrivals, of_edge_cases, of_typical_weeks
from tap_genesys.simulator.changes import (
    draw_delay,
    with_dates_ahead,
    with_late_event,
    with_reopening_segment,
    with_undated_changes,
)
from tap_genesys.simulator.conversation import Script
from tap_genesys.simulator.edge_cases import edge_case
from tap_genesys.simulator.office import Office
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.service_levels import with_targets
from tap_genesys.simulator.snapshots import CHANGES, CORRECTED, REOPENED, snapshot_at
from tap_genesys.simulator.staff import Staff

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_genesys.simulator.course import Course

Row = dict[str, Any]

#: The courses of conversations and of agents' days.
PROFILES = ("edge-cases", "typical")
#: The most complete conversations in the cache, at about 8 kB each.
_CACHED = 10_000
#: The remainder, modulo `World.endless`, of the numbers that never end.
_ENDLESS = 3
#: The number of the org's first days in which its orphans start, if there is room.
_ORPHANED_DAYS = 7
#: A longer conversation is not late and has no undated change, since no re-check could find it.
_LONG = timedelta(days=20)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class World:
    """One org and its history.

    Args:
        seed: The seed; each makes a different org.
        per_day: The number of conversations that start on a UTC day.
        since: The org's first moment.
        now: The present: what starts later does not exist, what ends later is open.
        until: The moment after the last conversation's start; None for no such moment.
        lag: The least lag of the data lake, which jobs read, behind the present.
        step: The step in which the data lake's watermark moves.
        indexing: The longest time from a conversation's start until a query finds it.
        late: The largest delay with which some conversations become visible, with all their events
            at their old dates, by query and by job; the smallest is an hour. 0 for no delay.
        late_share: The share of late conversations.
        late_events: Whether the same share of the others has one event, or part of one, that
            becomes visible with such a delay, at its old date, by query and by job. Believed.
        undated: In one conversation in so many, a participant's attributes (by job, as a query has
            none) and the last wrap-up code change between one and 25 days after its end, without a
            date; 0 for none. Believed.
        reopening_segment: Whether a reopened e-mail has a segment that starts then; else no date in
            it is that of the reopening. Believed.
        late_spans: The largest delay with which some spans of users, and their ends, become
            visible, by query and by job; the smallest is an hour. 0 for no delay. Believed.
        endless: One e-mail in so many never ends. How many is believed.
        orphans: The number of e-mails, spread over the org's first seven days, that never end and
            have no event after their first hours. Source: notes on a live org, one queue
            of which held some 170 open e-mails of up to six months, "abandoned without writing
            conversationEnd" (genesys-admin-app).
        ahead: Whether callbacks and message conversations have dates that may lie ahead of the
            present, `callbackScheduledTime` and `inactivityTimeout`. The fields are the vendor's
            ("The time in the future, after which this conversation would be considered inactive");
            how far in the future is believed.
        agents: The number of users who take conversations, 60 at most.
        service_levels: Whether queues have targets for their service level, and aggregates the
            metrics `oServiceLevel` and `nOverSla`. That both are counted where the answer or the
            abandon was emitted, by its agent, is believed.
        profile: One of `PROFILES`: edge-cases, for tests of bounds; typical, for figures as a
            contact centre has them, with handle times of minutes, shifts, and quiet weekends.
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
    late_share: float = 0.15
    late_events: bool = False
    undated: int = 0
    reopening_segment: bool = False
    late_spans: timedelta = timedelta(0)
    endless: int = 150
    orphans: int = 0
    ahead: bool = False
    agents: int = 48
    service_levels: bool = False
    profile: str = "edge-cases"
    _complete: dict[int, Row] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )

    @cached_property
    def staff(self) -> Staff:
        """The people and names of the org."""
        return Staff(self.seed, self.agents)

    @cached_property
    def _arrivals(self) -> Arrivals:
        arrivals = of_typical_weeks if self.profile == "typical" else of_edge_cases
        return arrivals(self.seed, self.per_day)

    @cached_property
    def office(self) -> Office | None:
        """The days of a typical contact centre; None in a world of edge cases."""
        if self.profile != "typical":
            return None
        return Office(
            self.staff, self.per_day, self._arrivals, self.until, self.is_orphan, self._is_endless
        )

    def at(self, now: datetime, lag: timedelta | None = None) -> World:
        """Return the same org at another present."""
        behind = self.lag if lag is None else lag
        world = replace(self, now=now, lag=behind)
        # Share the cache: with other arguments the conversations may differ, at another time not.
        shared = {"_lock": self._lock, "staff": self.staff, "office": self.office}
        vars(world).update(shared, _complete=self._complete)
        return world

    def users(self) -> list[Row]:
        """Return all users, including inactive and deleted ones."""
        return self.staff.users

    def queues(self) -> list[Row]:
        """Return the queues."""
        return with_targets(self.staff.queues) if self.service_levels else self.staff.queues

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
        return range(self._arrivals.number_at(first), self._arrivals.number_at(last))

    def indexed(self, start: datetime, end: datetime) -> Sequence[int]:
        """Return the numbers among them that a query finds by now; later, it finds all."""
        numbers = self.numbers(start, end)
        behind = max(self.indexing, self.late)
        recent = set(self.numbers(self.now - behind, self.now)) if behind else set()
        if not recent:
            return numbers
        return [
            number
            for number in numbers
            if number not in recent or (self._is_indexed(number) and self.is_seen(number, self.now))
        ]

    def count(self, start: datetime, end: datetime) -> int:
        """Return the number of conversations that start in `[start, end)`."""
        return len(self.numbers(start, end))

    def conversations(self, start: datetime, end: datetime) -> Iterator[Row]:
        """Yield the visible conversations that start in `[start, end)`, by start, as of now."""
        for number in self.numbers(start, end):
            if self.is_seen(number, self.now):
                yield self.conversation(number)

    @cached_property
    def ended(self) -> dict[str, Row]:
        """The ended conversations by id."""
        rows = self.conversations(self.since, self.now)
        return {row["conversationId"]: row for row in rows if row.get("conversationEnd")}

    @property
    def watermark(self) -> datetime:
        """The data lake's watermark: all data before it is in the lake."""
        behind = (self.now - self.lag).astimezone(UTC)
        midnight = behind.replace(hour=0, minute=0, second=0, microsecond=0)
        return behind - (behind - midnight) % self.step if self.step else behind

    def conversation(self, number: int) -> Row:
        """Return a conversation in the form of a query, as it is now."""
        return snapshot_at(self._whole(number), stamp(self.now - self.delay(number)))

    def in_lake(self, number: int, moment: datetime | None = None) -> Row:
        """Return a conversation in the form of a job, as it is at the watermark or at a moment."""
        moment = moment or self.watermark
        return snapshot_at(self._whole(number), stamp(moment - self.delay(number)), by_job=True)

    def delay(self, number: int) -> timedelta:
        """Return the delay with which a conversation and all its events become visible."""
        return self._delay(number, self.end_of(number)) if self.late else timedelta(0)

    def late_event(self, number: int) -> tuple[datetime, datetime] | None:
        """Return the date of the late event and the moment at which it becomes visible, if any."""
        for change in self._whole(number).get(CHANGES, ()):
            if change.date:
                return datetime.fromisoformat(change.date), datetime.fromisoformat(change.moment)
        return None

    def latest_delay(self, number: int) -> timedelta:
        """Return the largest delay of anything in a conversation; 0 for a prompt one."""
        date, moment = self.late_event(number) or (self.now, self.now)
        return max(self.delay(number), moment - date)

    def changed_at(self, number: int) -> list[datetime]:
        """Return the moments, in order, at which a conversation changes without a date.

        These are a nightly correction, the undated changes, and a reopening, unless a segment
        starts then.
        """
        row = self._whole(number)
        moments = [change.moment for change in row.get(CHANGES, ()) if not change.date]
        moments += [row[CORRECTED][0]] if CORRECTED in row else []
        moments += [row[REOPENED][1]] if REOPENED in row and not self.reopening_segment else []
        delay = self.delay(number)
        return sorted(datetime.fromisoformat(moment) + delay for moment in moments)

    def is_orphan(self, number: int) -> bool:
        """Return whether a conversation never ends and has no event after its first hours."""
        if not self.orphans:
            return False
        step = max(2, _ORPHANED_DAYS * self.per_day // self.orphans)
        # Not the first of a day, which has no duration.
        orphan, place = divmod(number - self._first - 1, step)
        return place == 0 and 0 <= orphan < self.orphans

    def is_seen(self, number: int, moment: datetime) -> bool:
        """Return whether a conversation is visible at a moment."""
        return self.start_of(number) + self.delay(number) <= moment

    def conversation_id(self, number: int) -> str:
        """Return the id of a conversation."""
        return str(self._whole(number)["conversationId"])

    def end_of(self, number: int) -> datetime:
        """Return the final end of a conversation."""
        return datetime.fromisoformat(self._whole(number)["conversationEnd"])

    def start_of(self, number: int) -> datetime:
        """Return the start of a conversation: within its day, later than the one before it.

        The first of a day starts at midnight, the last in the day's last millisecond.
        """
        return self._arrivals.start_of(number)

    @cached_property
    def _first(self) -> int:
        """The number of the org's first conversation."""
        return self._arrivals.number_at(self.since)

    def _delay(self, number: int, end: datetime) -> timedelta:
        choice = random.Random(f"{self.seed}:{number}:late")
        lasts = end - self.start_of(number)
        if lasts > _LONG or choice.random() > self.late_share:
            return timedelta(0)
        return draw_delay(choice, self.late)

    def _is_indexed(self, number: int) -> bool:
        share = random.Random(f"{self.seed}:{number}:indexed").random()
        return self.start_of(number) + share * self.indexing <= self.now

    def _whole(self, number: int) -> Row:
        """Return a conversation after its last event."""
        conversation = self._complete.get(number)
        if conversation is None:
            choice = random.Random(f"{self.seed}/{number}")
            course = self._course(choice, number)
            script = Script(self.staff, number, self.start_of(number), choice, course)
            conversation = self._changed(number, script.complete())
            with self._lock:
                while len(self._complete) >= _CACHED:
                    del self._complete[next(iter(self._complete))]
                self._complete[number] = conversation
        return conversation

    def _course(self, choice: random.Random, number: int) -> Course:
        if self.office:
            return self.office.course(choice, number)
        # Every other day begins with a conversation that ends when it starts.
        instant = number % 97 == 0 or number % (2 * self.per_day) == 0
        endless, orphan = self._is_endless(number), self.is_orphan(number)
        return edge_case(
            choice, self.staff, number, instant=instant, endless=endless, orphan=orphan
        )

    def _is_endless(self, number: int) -> bool:
        return number % self.endless == _ENDLESS

    def _changed(self, number: int, row: Row) -> Row:
        """Return a conversation with the changes that the arguments of this world add."""
        if self.reopening_segment:
            row = with_reopening_segment(row)
        if self.ahead:
            row = with_dates_ahead(row, random.Random(f"{self.seed}:{number}:ahead"))
        end = datetime.fromisoformat(row["conversationEnd"])
        if end - self.start_of(number) > _LONG:
            return row
        choice = random.Random(f"{self.seed}:{number}:changes")
        is_late, is_undated = choice.random() <= self.late_share, choice.random() * self.undated < 1
        if is_late and self.late_events and self.late and not self._delay(number, end):
            row = with_late_event(row, choice, self.late)
        if is_undated and self.undated:
            codes = [code["id"] for code in self.wrapup_codes()]
            row = with_undated_changes(row, choice, codes, self.late)
        return row
