"""A day of a typical contact centre: conversations go to free agents, in their order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from tap_genesys.simulator.course import DAY, SECOND, Leg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_genesys.simulator.demand import Demand, Work
    from tap_genesys.simulator.rota import Agent, Shift

#: The shortest time in a queue.
_ROUTED = SECOND
#: The wait after which a conversation goes to agents of other queues, too.
_WIDENED = 10 * SECOND
#: A later begin of work would not end with the shift.
_MARGIN = 5 * 60 * SECOND

#: Field of a user's details -> its changes: their moments since midnight, and the new statuses.
Changes = dict[str, list[tuple[int, str]]]


@dataclass(slots=True)
class Desk:
    """An agent's day while it passes: conversations and breaks, one after another."""

    agent: Agent
    shift: Shift
    free: int = field(init=False)
    _breaks: list[tuple[int, int, str]] = field(init=False)
    #: The begin, the end, the presence and the routing status of each.
    _spans: list[tuple[int, int, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free = self.shift.on_queue
        self._breaks = list(self.shift.breaks)

    def free_from(self, moment: int) -> int:
        """Return when the agent is free, at a moment or later; breaks that are due come first."""
        while self._breaks and max(moment, self.free) >= self._breaks[0][0]:
            planned, length, presence = self._breaks.pop(0)
            begin = max(planned, self.free)
            self._spans.append((begin, begin + length, presence, "OFF_QUEUE"))
            self.free = begin + length
        return max(moment, self.free)

    def take(self, answered: int, wrapped: int) -> None:
        """Work on a conversation; the agent is free afterwards."""
        self._spans.append((answered, wrapped, "ON_QUEUE", "INTERACTING"))
        self.free = wrapped

    def changes(self) -> Changes:
        """Return the changes of the agent's presence and routing status."""
        end = max(self.free_from(self.shift.end), self.shift.end)
        presences = [(self.shift.start, "AVAILABLE"), (self.shift.on_queue, "ON_QUEUE")]
        statuses = [(self.shift.on_queue, "IDLE")]
        for begin, over, presence, status in self._spans:
            presences += [(begin, presence), (over, "ON_QUEUE")]
            statuses += [(begin, status), (over, "IDLE")]
        return {
            "systemPresence": _compact([*presences, (end, "OFFLINE")]),
            "routingStatus": _compact([*statuses, (end, "OFF_QUEUE")]),
        }


def _compact(changes: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return changes without those that last for no time, or change nothing."""
    compact: list[tuple[int, str]] = []
    for moment, status in changes:
        if compact and compact[-1][0] == moment:
            compact.pop()
        if not compact or compact[-1][1] != status:
            compact.append((moment, status))
    return compact


class Workday:
    """The conversations of a day, each with the agents who took it.

    Args:
        seed: The org's seed.
        starts: The number of each conversation that an agent should take -> its start, in
            milliseconds since midnight.
        demands: The number of each, and of others -> its demand.
        desks: The agents who work, and their shifts.
        ids: The ids of the agents, by their place.
    """

    def __init__(
        self,
        seed: int,
        starts: Mapping[int, int],
        demands: Mapping[int, Demand],
        desks: Sequence[Desk],
        ids: Sequence[str],
    ) -> None:
        self.demands = demands
        self._seed, self._starts, self._desks, self._ids = seed, starts, desks, ids
        #: The number of each conversation -> its agents' parts, none if nobody took it.
        self.legs: dict[int, list[Leg]] = {number: [] for number in starts}
        last = max((desk.shift.end for desk in desks), default=0) - 6 * _MARGIN
        events = [
            (max(min(start + demands[number].ready, last), start + demands[number].offered), number)
            for number, start in starts.items()
        ]
        heapify(events)
        while events:
            ready, number = heappop(events)
            legs, row = self.legs[number], demands[number]
            leg = self._leg(number, row.works[len(legs)], ready)
            if leg:
                legs.append(leg)
                if leg.transfers:
                    heappush(events, (starts[number] + leg.over, number))
            elif legs:
                # No agent is left to whom it could be transferred.
                legs[-1] = replace(legs[-1], transfers=())
        #: The place of each agent who works -> the changes of the agent's statuses.
        self.changes = {desk.agent.place: desk.changes() for desk in desks}

    def _leg(self, number: int, work: Work, ready: int) -> Leg | None:
        """Return the part of the agent who takes a conversation; None if nobody does in time."""
        row, start, is_first = self.demands[number], self._starts[number], not self.legs[number]
        taken = self._free(number, work, ready, row.patience if is_first else DAY)
        if taken is None:
            return None
        desk, begin = taken
        answered = begin + work.ring
        held = answered + round(work.talk * desk.agent.pace)
        over = held + work.held
        wrapped = over + round(work.after * desk.agent.pace)
        desk.take(answered, wrapped)
        offered = start + row.offered if is_first else ready
        return Leg(
            queue=work.queue,
            agent=self._ids[desk.agent.place],
            offered=offered - start,
            begin=begin - start,
            answered=answered - start,
            held=held - start,
            over=over - start,
            wrap=over - start,
            wrapped=wrapped - start,
            waited=answered - offered if row.inbound else None,
            code=work.code,
            has_note=work.has_note,
            transfers=row.transfers if is_first else (),
        )

    def _free(self, number: int, work: Work, ready: int, patience: int) -> tuple[Desk, int] | None:
        """Return the agent who is free first and the moment; None if that is too late."""
        begins = []
        for desk in self._desks:
            widened = _ROUTED if work.queue in desk.agent.queues else _WIDENED
            begin = max(desk.free_from(ready), ready + widened)
            if begin + work.ring <= ready + patience and begin <= desk.shift.end - _MARGIN:
                begins.append((begin, desk))
        if not begins:
            return None
        first = min(begin for begin, _ in begins)
        free = [desk for begin, desk in begins if begin == first]
        choice = random.Random(f"{self._seed}/{number}/{ready}/agent")
        return choice.choices(free, [desk.agent.share for desk in free])[0], first
