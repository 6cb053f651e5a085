"""The course of a conversation: all that is drawn of it before it has the vendor's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

SECOND = 1000
DAY = 86_400 * SECOND
#: Longer than any test.
FOREVER = 2_000_000 * DAY
#: The range of the last event of an orphan, which never ends: within its first hours.
ORPHANED = (60 * SECOND, 3 * 3600 * SECOND)


@dataclass(frozen=True, slots=True)
class Leg:
    """An agent's part of a conversation; moments are milliseconds since its start.

    Args:
        queue: The id of its queue.
        agent: The id of the agent.
        offered: When the queue got it.
        begin: When the agent's phone rings, or the call of the agent begins.
        answered: When the agent and the customer begin to talk.
        held: When the customer is put on hold, until `over`; `over` without a hold.
        over: When they end.
        wrap: When the wrap-up begins, hours after `over` if it is late.
        wrapped: When the wrap-up ends.
        waited: The time until the answer that counts for the service level; None if nobody waited.
        code: The id of the wrap-up code.
        has_note: Whether the wrap-up has a note.
        transfers: The names of the metrics that count its transfer; empty without one.
        consulted: The id of a colleague who is consulted during the hold; empty without one.
    """

    queue: str
    agent: str
    offered: int
    begin: int
    answered: int
    held: int
    over: int
    wrap: int
    wrapped: int
    waited: int | None
    code: str
    has_note: bool = False
    transfers: tuple[str, ...] = ()
    consulted: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """The course of a conversation; moments are milliseconds since its start.

    Args:
        medium: Its medium.
        inbound: Whether the customer begins it.
        abandoned: Whether the customer leaves the queue before an agent answers.
        life: Its end.
        flow_end: When its flow ends, and it is offered to the queue.
        queued: When it leaves the queue for an agent.
        queue: The id of its first queue.
        ani: The caller's number.
        legs: Returns the parts of its agents.
        scores: The promoter scores from which that of a survey is drawn.
    """

    medium: str
    inbound: bool
    abandoned: bool
    life: int
    flow_end: int
    queued: int
    queue: str
    ani: str
    legs: Callable[[random.Random], Sequence[Leg]]
    scores: Sequence[int] = range(11)
