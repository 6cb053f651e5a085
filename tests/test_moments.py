"""The latest past time in a record, at any depth."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dates import dates_ahead, dates_of

from tap_genesys.records.moments import latest_moment
from tap_genesys.replication.windows import iso, parse
from tap_genesys.simulator import World

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WORLD = World(seed=3, per_day=60, since=datetime(2026, 3, 1, tzinfo=UTC), now=NOW, ahead=True)


@given(st.integers(0, 500), st.integers(0, 200))
def test_it_is_the_greatest_date_of_a_conversation_that_is_past(place: int, hours: int) -> None:
    """The latest date of any field counts.

    A date in the future does not, until its time has come.
    """
    numbers = WORLD.numbers(WORLD.since, NOW)
    conversation = WORLD.conversation(numbers[place % len(numbers)])
    dates = [*dates_of(conversation), *dates_ahead(conversation)]
    until = max(dates_of(conversation)[0], NOW.replace(day=1 + hours // 24, hour=hours % 24))
    expected = max(date for date in dates if iso(date)[:19] <= iso(until)[:19])
    assert latest_moment(conversation, iso(until)) == iso(expected)[:19]


def test_a_world_has_dates_ahead() -> None:
    """The simulated org has dates in the future, without which the property above is empty."""
    conversations = map(WORLD.conversation, WORLD.numbers(WORLD.since, NOW))
    assert any(date > NOW for row in conversations for date in dates_ahead(row))


@pytest.mark.parametrize(
    ("record", "latest"),
    [
        ({}, ""),
        ({"a": "2026-03-10T11:00:00.000Z"}, "2026-03-10T11:00:00"),
        ({"a": "2026-03-10T11:00:00Z"}, "2026-03-10T11:00:00"),
        (
            {"a": [{"b": ["2026-03-09T11:00:00Z", {"c": "2026-03-09T12:00:00.5Z"}]}]},
            "2026-03-09T12:00:00",
        ),
        ({"now": iso(NOW), "a": "2026-03-10T11:00:00Z"}, "2026-03-10T12:00:00"),
        ({"later": "2026-03-10T12:00:01Z"}, ""),
        # Text that only looks like a date at first.
        ({"a": "2026-03-10"}, ""),
        ({"a": "2026-03-10 11:00:00Z"}, ""),
        ({"a": "2026/03/10T11:00:00Z"}, ""),
        ({"a": "2026-03/10T11:00:00Z"}, ""),
        ({"a": "2025/03/10T11:00:00Z"}, ""),
        ({"a": "2026-02/10T11:00:00Z"}, ""),
        ({"a": "2026-03-10T11:00:00"}, ""),
        ({"a": "2026-03-10T11:00:0Z"}, ""),
        ({"a": "2026-03-10T11:00:00 or so"}, ""),
        ({"a": None, "b": 7, "c": True, "d": "zzzz"}, ""),
    ],
)
def test_what_counts_as_a_date(record: dict[str, Any], latest: str) -> None:
    """Only the vendor's format counts, with or without milliseconds, up to the present."""
    assert latest_moment(record, iso(NOW)) == latest
    assert not latest or parse(f"{latest}Z") <= NOW
