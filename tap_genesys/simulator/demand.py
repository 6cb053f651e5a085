"""The work that a typical conversation brings: its queue, the talk, and the customer's patience."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from tap_genesys.simulator.course import DAY, SECOND

if TYPE_CHECKING:
    from tap_genesys.simulator.staff import Staff

_MEDIA = ("voice", "email", "message", "chat", "callback")
_MEDIA_WEIGHTS = (60, 15, 10, 10, 5)
_INBOUND = 0.88
#: The name of each queue -> its share of the conversations, the length of its talk beside that of
#: others, and its own wrap-up codes.
_QUEUES = {
    "Orders": (20, 0.9, ("Order placed", "Order changed", "Order cancelled")),
    "Billing": (18, 1.0, ("Invoice explained", "Refund granted", "Address changed")),
    "Technical Support": (17, 1.4, ("Fault found", "Fault not found", "Password reset")),
    "Returns": (10, 0.8, ("Refund granted", "Refund refused", "Order cancelled")),
    "Loyalty": (5, 0.85, ("Contract renewed", "Contract ended", "Offer declined")),
    "Travel": (8, 1.2, ("Appointment made", "Order changed", "Order cancelled")),
    "Complaints": (7, 1.3, ("Complaint logged", "Refund granted", "Refund refused")),
    "Sales": (15, 1.05, ("Offer made", "Order placed", "Offer declined")),
}
#: Codes of all queues, and their weights beside the three of the queue.
_CODES = ("Resolved", "Call back later", "Escalated", "Duplicate", "Wrong number")
_CODE_WEIGHTS = (9, 6, 3, 8, 3, 2, 1, 1)
#: The callers of one call in four, who call often.
_REGULARS = 250
#: An e-mail or a message that no agent took is closed after this time.
_PATIENT = 2 * DAY
#: The share of calls with a hold, of conversations with a transfer, and of notes.
_HELD, _TRANSFERRED, _NOTED = 0.3, 0.09, 0.1
_BLIND = 0.6
#: The shares of e-mails and messages that stay open after the answer.
_STAYS_OPEN = 0.3


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of a medium, in seconds: ranges, medians of talk and wrap-up, mean patience."""

    flow: tuple[int, int]
    ring: tuple[int, int]
    talk: int
    after: int
    patience: int = 0
    #: The median of the time until an agent turns to it; 0 for at once.
    later: int = 0


_PACES = {
    "voice": Pace((12, 75), (2, 6), 235, 38, patience=280),
    "callback": Pace((0, 1), (8, 25), 200, 35),
    "chat": Pace((15, 60), (4, 15), 390, 30, patience=300),
    "message": Pace((10, 40), (8, 40), 330, 30, later=60),
    "email": Pace((1, 3), (10, 60), 350, 25, later=2400),
}


@dataclass(frozen=True, slots=True)
class Work:
    """An agent's work for an agent of usual speed, in milliseconds."""

    queue: str
    ring: int
    talk: int
    held: int
    after: int
    code: str
    has_note: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """A conversation before an agent takes it; times are milliseconds since its start.

    Args:
        medium: Its medium.
        inbound: Whether the customer begins it.
        ani: The caller's number.
        offered: When it is offered to the queue.
        ready: When an agent is sought.
        patience: The time from `ready` after which the customer leaves.
        works: The work of one agent, or of two with a transfer.
        transfers: The names of the metrics that count the transfer.
        stays_open: The time from the end of the work to that of the conversation.
    """

    medium: str
    inbound: bool
    ani: str
    offered: int
    ready: int
    patience: int
    works: tuple[Work, ...]
    transfers: tuple[str, ...]
    stays_open: int


def demand(staff: Staff, number: int, *, is_open: bool) -> Demand:
    """Return what is drawn of a conversation.

    Args:
        staff: The people and names of the org.
        number: The conversation's number.
        is_open: Whether the contact centre is open; else it is an e-mail.
    """
    choice = random.Random(f"{staff.seed}/{number}/demand")
    (medium,) = choice.choices(_MEDIA, _MEDIA_WEIGHTS)
    medium = medium if is_open else "email"
    inbound = medium != "callback" and (not is_open or choice.random() < _INBOUND)
    pace = _PACES[medium]
    offered = _within(choice, pace.flow) if inbound else 0
    later = _spread(choice, pace.later, 0.9) if inbound else 0
    caller = choice.randrange(10**7)
    regular = choice.random() < 0.25
    works = [_work(choice, staff, pace)]
    transfers: tuple[str, ...] = ()
    if choice.random() < _TRANSFERRED and medium != "email":
        works.append(_work(choice, staff, pace))
        kind = "nBlindTransferred" if choice.random() < _BLIND else "nConsultTransferred"
        transfers = ("nTransferred", kind)
    patience = 4 * SECOND + round(choice.expovariate(1 / (pace.patience or 1)) * SECOND)
    stays_open = 0
    if medium in ("email", "message") and choice.random() < _STAYS_OPEN:
        stays_open = _spread(choice, 86_400, 0.6)
    return Demand(
        medium=medium,
        inbound=inbound,
        ani=f"tel:+1555{caller % _REGULARS if regular else caller:07}",
        offered=offered,
        ready=offered + later,
        patience=patience if inbound and pace.patience else _PATIENT,
        works=tuple(works),
        transfers=transfers,
        stays_open=stays_open,
    )


def _work(choice: random.Random, staff: Staff, pace: Pace) -> Work:
    (queue,) = choice.choices(staff.queues, [share for share, _, _ in _QUEUES.values()])
    _, length, codes = _QUEUES[queue["name"]]
    (code,) = choice.choices((*codes, *_CODES), _CODE_WEIGHTS)
    held = _spread(choice, 70, 0.7) if choice.random() < _HELD and pace.patience else 0
    return Work(
        queue=queue["id"],
        ring=_within(choice, pace.ring),
        talk=_spread(choice, pace.talk * length, 0.6),
        held=held,
        after=_spread(choice, pace.after, 0.6),
        code=next(row["id"] for row in staff.wrapup_codes if row["name"] == code),
        has_note=choice.random() < _NOTED,
    )


def _within(choice: random.Random, seconds: tuple[int, int]) -> int:
    first, last = seconds
    return choice.randrange(first * SECOND, last * SECOND)


def _spread(choice: random.Random, median: float, sigma: float) -> int:
    """Return a time in milliseconds, lognormal around a median in seconds."""
    return round(median * exp(choice.gauss(0, sigma)) * SECOND)
