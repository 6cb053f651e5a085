"""A typical contact centre: the courses of its conversations, and the statuses of its agents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from tap_genesys.simulator.course import DAY, FOREVER, ORPHANED, SECOND, Course
from tap_genesys.simulator.demand import demand
from tap_genesys.simulator.rota import Rota
from tap_genesys.simulator.workday import Desk, Workday

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import date

    from tap_genesys.simulator.arrivals import Arrivals
    from tap_genesys.simulator.staff import Staff

_MOMENT = timedelta(milliseconds=1)
#: The promoter scores of surveys: most customers are content.
_SCORES = (
    0, 0, 1, 2, 3, 4, 5, 5, 5, 6, 6, 6, *(7,) * 8, *(8,) * 14, *(9,) * 15, *(10,) * 18,
)  # fmt: skip
_STORED_DAYS = 100


@dataclass
class Office:
    """The days of a typical contact centre, each a function of the seed.

    Args:
        staff: The people and names of the org.
        per_day: The mean number of conversations a day.
        arrivals: The moments at which conversations start.
        until: The moment after the last conversation's start; None for no such moment.
        is_orphan: Whether a conversation never ends and has no event after its first hours.
        is_endless: Whether it never ends if it is an e-mail.
    """

    staff: Staff
    per_day: int
    arrivals: Arrivals
    until: datetime | None
    is_orphan: Callable[[int], bool]
    is_endless: Callable[[int], bool]
    _days: dict[date, Workday] = field(default_factory=dict)

    @cached_property
    def rota(self) -> Rota:
        """The agents who take conversations, and their shifts."""
        return Rota(self.staff, self.per_day)

    def course(self, choice: random.Random, number: int) -> Course:
        """Return the course of a conversation."""
        day = self._day(self.arrivals.start_of(number).date())
        row, legs = day.demands[number], day.legs.get(number)
        if legs is None:
            return self._unanswered(choice, number, row.ani)
        if legs:
            queued, life = legs[0].begin, legs[-1].wrapped + row.stays_open
        else:
            queued = life = row.ready + row.patience
        return Course(
            row.medium,
            inbound=row.inbound,
            abandoned=not legs,
            life=life,
            flow_end=row.offered,
            queued=queued,
            queue=row.works[0].queue,
            ani=row.ani,
            legs=lambda _: legs,
            scores=_SCORES,
        )

    def changes(
        self, place: int, kind: str, first: datetime, last: datetime
    ) -> list[tuple[datetime, str]]:
        """Return the changes of an agent's presence or routing status in a range of days.

        Args:
            place: The agent's place in `Staff.agents`.
            kind: `systemPresence` or `routingStatus`.
            first: The first midnight.
            last: The midnight after the last day.
        """
        changes: list[tuple[datetime, str]] = []
        for number in range((last - first).days):
            midnight = first + timedelta(days=number)
            of_day = self._day(midnight.date()).changes.get(place)
            if of_day:
                changes += [
                    (midnight + moment * _MOMENT, status) for moment, status in of_day[kind]
                ]
        return changes

    def _unanswered(self, choice: random.Random, number: int, ani: str) -> Course:
        """Return the course of an e-mail in a queue that nobody reads."""
        return Course(
            "email",
            inbound=True,
            abandoned=True,
            life=FOREVER,
            flow_end=choice.randrange(*ORPHANED) if self.is_orphan(number) else SECOND,
            queued=FOREVER,
            queue=self.staff.queues[0]["id"],
            ani=ani,
            legs=lambda _: (),
        )

    def _day(self, day: date) -> Workday:
        workday = self._days.get(day)
        if workday is None:
            workday = self._worked(day)
            if len(self._days) >= _STORED_DAYS:
                self._days.clear()
            self._days[day] = workday
        return workday

    def _worked(self, day: date) -> Workday:
        shifts = [(agent, self.rota.shift(agent, day)) for agent in self.rota.agents]
        desks = [Desk(agent, shift) for agent, shift in shifts if shift]
        opens = min((desk.shift.on_queue for desk in desks), default=DAY)
        midnight = datetime.combine(day, datetime.min.time(), UTC)
        end = midnight + timedelta(days=1)
        if self.until:
            end = max(midnight, min(end, self.until))
        numbers = range(self.arrivals.number_at(midnight), self.arrivals.number_at(end))
        starts = {
            number: (self.arrivals.start_of(number) - midnight) // _MOMENT for number in numbers
        }
        demands = {
            number: demand(self.staff, number, is_open=start >= opens)
            for number, start in starts.items()
        }
        taken = {
            number: start
            for number, start in starts.items()
            if not (self.is_orphan(number) or self._is_unread(number, demands[number].medium))
        }
        return Workday(self.staff.seed, taken, demands, desks, self.staff.agents)

    def _is_unread(self, number: int, medium: str) -> bool:
        return medium == "email" and self.is_endless(number)
