"""Courses that look for the bounds: of no length, of weeks, wrapped up late, across midnights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_genesys.simulator.course import DAY, FOREVER, ORPHANED, SECOND, Course, Leg

if TYPE_CHECKING:
    import random

    from tap_genesys.simulator.staff import Staff

MEDIA = ("voice",) * 11 + ("email",) * 3 + ("message",) * 3 + ("chat",) * 2 + ("callback",)
_LONGEST_FLOW = DAY
#: Medium -> shortest and longest duration in milliseconds.
_LIVES = {
    "voice": (15 * SECOND, 1500 * SECOND),
    "callback": (120 * SECOND, 5400 * SECOND),
    "chat": (60 * SECOND, 2700 * SECOND),
    "message": (300 * SECOND, 2 * DAY),
    "email": (1200 * SECOND, 4 * DAY),
}


def edge_case(
    choice: random.Random,
    staff: Staff,
    number: int,
    *,
    instant: bool,
    endless: bool = False,
    orphan: bool = False,
) -> Course:
    """Return the course of a conversation.

    Args:
        choice: The source of random numbers.
        staff: The people and names of the org.
        number: The conversation's number.
        instant: Whether it ends in the millisecond in which it starts.
        endless: Whether it never ends if it is an e-mail: it waits in an unstaffed queue.
        orphan: Whether it is such an e-mail without any event after its first hours.
    """
    medium = choice.choice(MEDIA)
    medium = "email" if orphan else medium
    life = 0 if instant else _life(choice, medium, number)
    inbound = medium != "callback" and choice.random() < 0.85
    abandoned = inbound and (instant or choice.random() < 0.08)
    queue = choice.choice(staff.queues)["id"]
    if orphan or (endless and not instant and medium == "email"):
        life, inbound, abandoned = FOREVER, True, True
        queue = staff.queues[0]["id"]
    longest_flow = choice.randrange(*ORPHANED) if orphan else _LONGEST_FLOW
    caller = choice.randrange(10**7)
    queued = life // 8 if inbound else 0
    return Course(
        medium,
        inbound=inbound,
        abandoned=abandoned,
        life=life,
        flow_end=min(life // 20, longest_flow) if inbound else 0,
        queued=queued,
        queue=queue,
        # Every fourth call comes from one of a few callers who call often.
        ani=f"tel:+1555{caller % 200 if caller % 4 == 0 else caller:07}",
        legs=partial(_legs, staff=staff, queue=queue, begin=queued, life=life),
    )


def _life(choice: random.Random, medium: str, number: int) -> int:
    if medium in ("email", "message") and number % 40 == 7:  # left open
        return 90 * DAY
    if medium in ("email", "message") and number % 11 == 5:  # weeks of messages
        return choice.randrange(5 * DAY, 25 * DAY)
    shortest, longest = _LIVES[medium]
    return int(shortest * (longest / shortest) ** choice.random())


def _legs(choice: random.Random, staff: Staff, queue: str, begin: int, life: int) -> list[Leg]:
    """Return the part of one agent, or of two after a transfer to another queue."""
    if choice.random() >= 0.15:
        late = life > 0 and choice.random() < 0.03
        return [_leg(choice, staff, queue, begin, begin, life, late=late)]
    middle = begin + (life - begin) // 3
    first = _leg(choice, staff, queue, begin, begin, middle, transfers=("nTransferred",))
    other = choice.choice(staff.queues)["id"]
    transferred = middle + (life - middle) // 10
    return [first, _leg(choice, staff, other, middle, transferred, life)]


def _leg(
    choice: random.Random,
    staff: Staff,
    queue: str,
    offered: int,
    begin: int,
    end: int,
    *,
    transfers: tuple[str, ...] = (),
    late: bool = False,
) -> Leg:
    """Return the part of an agent, who may consult a second one while the customer holds.

    A late agent sets the wrap-up code hours or days after the conversation's end.
    """
    answered = begin + (end - begin) // 20
    if late:
        over = end
        wrap = end + choice.randrange(3600, 3 * 86_400) * SECOND
        wrapped = wrap + 20 * SECOND
    else:
        over = wrap = end - (end - begin) // 10
        wrapped = end
    held = (over - answered) // 5 if choice.random() < 0.3 else 0
    code = choice.choice(staff.wrapup_codes)["id"]
    has_note = choice.random() < 0.1
    agent = choice.choice(staff.agents)
    consults = not late and held and choice.random() < 0.2
    return Leg(
        queue=queue,
        agent=agent,
        offered=offered,
        begin=begin,
        answered=answered,
        held=over - held,
        over=over,
        wrap=wrap,
        wrapped=wrapped,
        waited=answered - begin,
        code=code,
        has_note=has_note,
        transfers=transfers,
        consulted=choice.choice(staff.agents) if consults else "",
    )
