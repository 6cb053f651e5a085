"""The rota of a typical contact centre: who works when, how fast, and for which queues."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import TYPE_CHECKING

from tap_genesys.simulator.course import SECOND

if TYPE_CHECKING:
    from datetime import date

    from tap_genesys.simulator.staff import Staff

_MINUTE = 60 * SECOND
_HOUR = 60 * _MINUTE
#: Conversations a day, over a week's mean, for each agent.
_PER_AGENT = 23
_FEWEST = 6
#: The hours at which shifts begin; agents take turns.
_STARTS = (8, 9, 10, 7, 11, 12.5)
_LENGTH = 8.5
#: At a weekend, the earlier and the later shift.
_WEEKEND_STARTS = (8, 8.5)
#: The days off of agents, who take turns: most have the weekend.
_DAYS_OFF = ((5, 6), (5, 6), (6, 0), (1, 5), (5, 6), (1, 2))
_SATURDAY = 5
_ABSENT = 0.04
#: The hours from a shift's begin, the minutes, and the presence of its breaks.
_BREAKS = ((2.0, 15, "BREAK"), (4.0, 45, "MEAL"), (6.5, 15, "BREAK"))
_MEETING = (3.0, (30, 60), "MEETING")
_QUEUES_OF_AN_AGENT = 5


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent.

    Args:
        place: The place in `Staff.agents`.
        pace: The length of talk and wrap-up beside that of others.
        share: The weight with which a conversation comes to this agent among those who are free.
        meets: The share of the days with a meeting.
        queues: The ids of the queues whose conversations come at once.
    """

    place: int
    pace: float
    share: float
    meets: float
    queues: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shift:
    """An agent's working day; moments are milliseconds since midnight (UTC).

    Args:
        start: When the agent logs in.
        on_queue: When the agent goes on queue.
        end: When the agent takes no more conversations.
        breaks: The begin, the length and the presence of each break, in their order.
    """

    start: int
    on_queue: int
    end: int
    breaks: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Rota:
    """The agents who take conversations, and their shifts.

    Args:
        staff: The people and names of the org.
        per_day: The mean number of conversations a day, which decides how many agents there are.
    """

    staff: Staff
    per_day: int

    @cached_property
    def agents(self) -> list[Agent]:
        """The agents, the first of `Staff.agents`."""
        number = max(_FEWEST, round(self.per_day / _PER_AGENT))
        return [self._agent(place) for place in range(min(number, len(self.staff.agents)))]

    def shift(self, agent: Agent, day: date) -> Shift | None:
        """Return the shift of an agent; None on a day off."""
        choice = random.Random(f"{self.staff.seed}/{agent.place}/{day}/shift")
        weekday = day.weekday()
        is_absent = choice.random() < _ABSENT and weekday < _SATURDAY
        if weekday in _DAYS_OFF[agent.place % len(_DAYS_OFF)] or is_absent:
            return None
        starts = _STARTS if weekday < _SATURDAY else _WEEKEND_STARTS
        start = round(starts[agent.place % len(starts)] * _HOUR + choice.gauss(0, 2) * _MINUTE)
        breaks: list[tuple[float, float, str]] = [
            (start + hours * _HOUR + choice.gauss(0, 8) * _MINUTE, minutes, kind)
            for hours, minutes, kind in _BREAKS
        ]
        hours, length, kind = _MEETING
        if choice.random() < agent.meets:
            breaks.insert(1, (start + hours * _HOUR, choice.uniform(*length), kind))
        return Shift(
            start=start,
            on_queue=start + round(choice.uniform(1, 5) * _MINUTE),
            end=start + round(_LENGTH * _HOUR),
            breaks=tuple(
                (round(begin), round((minutes + choice.expovariate(1 / 2)) * _MINUTE), kind)
                for begin, minutes, kind in breaks
            ),
        )

    def _agent(self, place: int) -> Agent:
        choice = random.Random(f"{self.staff.seed}/{place}/agent")
        queues = [queue["id"] for queue in self.staff.queues]
        return Agent(
            place=place,
            pace=exp(choice.gauss(0, 0.16)),
            share=choice.uniform(0.3, 1.7),
            meets=choice.uniform(0, 0.5),
            queues=frozenset(choice.sample(queues, _QUEUES_OF_AN_AGENT)),
        )
