"""The vendor's allowance of requests a month, and what a month of runs uses of it. Pure.

Source: the vendor's help page "Genesys Cloud fair use policy": each named user of a licence adds to
the requests that an org may send in a month without a bill; for concurrent users it is 1.3 times as
much.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Licence -> requests a month for each named user.
ALLOWANCES = {
    "Communicate": 10_000,
    "CX1": 75_000,
    "CX2": 110_000,
    "CX3": 140_000,
    "EX": 75_000,
}
_EXAMPLE = "CX2=120"


def users_of(text: str) -> tuple[str, int]:
    """Read a licence and the number of its users: `CX2=120`.

    Raises:
        ValueError: It is none, or names a licence that has no allowance.
    """
    name, _, number = text.partition("=")
    licences = {licence.lower(): licence for licence in ALLOWANCES}
    licence = licences.get(name.strip().lower())
    if licence is None or not (number.strip().isdecimal() and int(number) > 0):
        names = ", ".join(ALLOWANCES)
        msg = f"{text!r} is no licence and number of users, such as {_EXAMPLE}; licences: {names}."
        raise ValueError(msg)
    return licence, int(number)


def total(users: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return licence -> users; a licence that is named twice has both numbers."""
    totals: dict[str, int] = {}
    for licence, number in users:
        totals[licence] = totals.get(licence, 0) + number
    return totals


def allowance(users: Mapping[str, int]) -> int | None:
    """Return the requests a month that an org may send; None where its users are not known."""
    return sum(ALLOWANCES[licence] * number for licence, number in users.items()) or None


def users_needed(requests: int) -> dict[str, int]:
    """Return for each licence how many users' allowance so many requests a month are."""
    return {licence: ceil(requests / each) for licence, each in ALLOWANCES.items()}


def note(requests: int, users: Mapping[str, int]) -> str:
    """Return the sentence about a month's requests, and the allowance as far as it is known.

    Args:
        requests: The requests of a month.
        users: Licence -> users.
    """
    allowed = allowance(users)
    if allowed is None:
        needed = ", ".join(
            f"{number:,} with {licence} ({ALLOWANCES[licence]:,} each)"
            for licence, number in users_needed(requests).items()
        )
        return f"Fair use, which the whole org shares: the allowance of named users, {needed}."
    of_users = " and ".join(f"{number:,} with {licence}" for licence, number in users.items())
    share = f"{requests / allowed:.1%} of the {allowed:,} requests a month of {of_users}"
    beyond = " The vendor bills what is beyond it." if requests > allowed else ""
    return f"Fair use, which the whole org shares: {share}.{beyond}"
