"""The vendor's fair-use allowance of requests, and the share of it that a month of runs takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.preflight.fair_use import (
    ALLOWANCES,
    allowance,
    note,
    total,
    users_needed,
    users_of,
)


def test_each_named_user_adds_what_the_vendor_states() -> None:
    """Allowances are those of the vendor's help page "Genesys Cloud fair use policy"."""
    assert ALLOWANCES == {
        "Communicate": 10_000,
        "CX1": 75_000,
        "CX2": 110_000,
        "CX3": 140_000,
        "EX": 75_000,
    }
    assert allowance({"CX2": 120, "Communicate": 30}) == 13_500_000
    assert allowance({}) is None


@pytest.mark.parametrize("text", ["CX2=120", " cx2 = 120 ", "Cx2=0120"])
def test_a_licence_is_known_in_any_case(text: str) -> None:
    """A licence is recognised whatever its case, spaces and leading zeros."""
    assert users_of(text) == ("CX2", 120)


@pytest.mark.parametrize("text", ["", "CX2", "CX2=", "CX2=0", "CX2=-1", "CX2=1.5", "CX4=1", "=3"])
def test_what_is_no_licence_and_number_is_refused(text: str) -> None:
    """A text that is no `LICENCE=number` raises an error that gives an example and all licences."""
    with pytest.raises(ValueError, match="such as CX2=120; licences: Communicate, CX1"):
        users_of(text)


def test_a_licence_that_is_named_twice_has_both_numbers() -> None:
    """The users of a licence that is named twice are added up."""
    assert total([("CX1", 2), ("EX", 1), ("CX1", 3)]) == {"CX1": 5, "EX": 1}


@given(st.integers(1, 10**9))
def test_users_needed_are_enough_and_one_less_is_not(requests: int) -> None:
    """The number of users per licence is the smallest whose allowance covers the requests."""
    for licence, users in users_needed(requests).items():
        assert ALLOWANCES[licence] * users >= requests
        assert ALLOWANCES[licence] * (users - 1) < requests


def test_a_month_is_a_share_of_the_allowance() -> None:
    """The note gives the percentage of the allowance, and mentions billing only beyond 100 %."""
    assert note(75_000, {"CX1": 4}) == (
        "Fair use policy: 25.0% of the 300,000 requests per month of 4 CX1 users, "
        "which the whole org shares."
    )
    assert "billed" not in note(300_000, {"CX1": 4})
    assert note(300_001, {"CX1": 3, "EX": 1}).endswith(
        "of 3 CX1 and 1 EX users, which the whole org shares. "
        "The vendor bills requests beyond them."
    )


def test_without_users_a_month_is_some_users_allowance() -> None:
    """Without named users the note gives the number of users needed for each licence."""
    assert note(150_000, {}).endswith(
        "include as many requests: 15 Communicate (10,000 each) or 2 CX1 (75,000 each) or "
        "2 CX2 (110,000 each) or 2 CX3 (140,000 each) or 2 EX (75,000 each)."
    )
