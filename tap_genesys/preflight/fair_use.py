"""The API requests per month that the vendor's licences include, and the share of a month. Pure.

Source: the vendor's help page "Genesys Cloud fair use policy": each named user of a licence adds to
the requests that an org may send per month without a bill; concurrent users add 1.3 times as much.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from tap_genesys.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Licence -> included requests per month and named user.
ALLOWANCES = {
    "Communicate": 10_000,
    "CX1": 75_000,
    "CX2": 110_000,
    "CX3": 140_000,
    "EX": 75_000,
}
_EXAMPLE = "CX2=120"


def users_of(text: str) -> tuple[str, int]:
    """Parse a licence and its number of users: `CX2=120`.

    Raises:
        ValueError: The text is malformed, or names an unknown licence.
    """
    name, _, number = text.partition("=")
    licences = {licence.lower(): licence for licence in ALLOWANCES}
    licence = licences.get(name.strip().lower())
    if licence is None or not (number.strip().isdecimal() and int(number) > 0):
        names = ", ".join(ALLOWANCES)
        msg = f"{text!r} is not LICENCE=USERS, such as {_EXAMPLE}; licences: {names}."
        raise ValueError(msg)
    return licence, int(number)


def users_by_licence(option: str, texts: Iterable[str]) -> dict[str, int]:
    """Parse `LICENCE=USERS` texts of an option into licence -> number of users.

    Raises:
        SettingError: A text is malformed.
    """
    try:
        return total(map(users_of, texts))
    except ValueError as error:
        msg = f"{option}: {error}"
        raise SettingError([msg]) from error


def total(users: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return licence -> number of users; the numbers of a repeated licence add up."""
    totals: dict[str, int] = {}
    for licence, number in users:
        totals[licence] = totals.get(licence, 0) + number
    return totals


def allowance(users: Mapping[str, int]) -> int | None:
    """Return the included requests per month of an org; None where its users are unknown."""
    return sum(ALLOWANCES[licence] * number for licence, number in users.items()) or None


def users_needed(requests: int) -> dict[str, int]:
    """Return licence -> number of users that include so many requests per month."""
    return {licence: ceil(requests / each) for licence, each in ALLOWANCES.items()}


def note(requests: int, users: Mapping[str, int]) -> str:
    """Return a sentence that compares a month's requests with the included ones.

    Args:
        requests: Requests per month.
        users: Licence -> number of users; empty where unknown.
    """
    allowed = allowance(users)
    if allowed is None:
        needed = " or ".join(
            f"{number:,} {licence} ({ALLOWANCES[licence]:,} each)"
            for licence, number in users_needed(requests).items()
        )
        return f"Fair use policy: users whose licences include as many requests: {needed}."
    of_users = " and ".join(f"{number:,} {licence}" for licence, number in users.items())
    share = f"{requests / allowed:.1%} of the {allowed:,} requests per month of {of_users} users"
    beyond = " The vendor bills requests beyond them." if requests > allowed else ""
    return f"Fair use policy: {share}, which the whole org shares.{beyond}"
