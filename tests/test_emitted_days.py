"""Digests of a day's rows, of which a state keeps a bounded number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tap_genesys.replication.emitted_days import MOST, EmittedDays, RowsDigest
from tap_genesys.replication.windows import DAY

if TYPE_CHECKING:
    import random

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.text(max_size=3), st.floats(-9, 9)
)
ROWS = st.fixed_dictionaries(
    {"_id": st.text(max_size=4), "count": VALUES, "_extra": st.none() | st.lists(VALUES)},
    optional={"sum": VALUES},
)
MANY = st.lists(ROWS, max_size=6)
START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = st.integers(0, 40).map(lambda number: START + number * DAY / 4)
STEPS = st.lists(st.tuples(DAYS, st.sampled_from(["note", "withdraw"])), max_size=40)


def digest(rows: list[dict[str, Any]]) -> str:
    """Return the digest of rows."""
    sums = RowsDigest()
    for row in rows:
        sums.add(row)
    return sums.text


@given(MANY, st.randoms(use_true_random=False))
def test_a_digest_depends_neither_on_order_nor_on_when_rows_were_read(
    rows: list[dict[str, Any]], shuffle: random.Random
) -> None:
    """The order of rows, of columns, and `_readAt` do not count."""
    others = [dict(reversed(list(row.items()))) | {"_readAt": "later"} for row in rows]
    shuffle.shuffle(others)
    assert digest(others) == digest(rows)
    assert len(digest(rows)) == 16
    assert int(digest(rows), 16) >= 0


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ("", "a3dbe6b386261f66"),
        ("a", "e2f0412929a22a8a"),
        ("ab", "4be9b3f51d596a5c"),
        ("aa", "080b2c6669141e0d"),
    ],
)
def test_a_digest_is_this_text(ids: str, text: str) -> None:
    """Where another version makes another one, its first run emits each day once more."""
    some: dict[str, dict[str, Any]]
    some = {"a": {"_id": "a", "count": 1, "_readAt": "x"}, "b": {"_id": "b", "count": None}}
    assert digest([some[name] for name in ids]) == text


@given(MANY, ROWS)
@example([], {"_id": "a"})
def test_a_row_that_is_lost_or_doubled_changes_a_digest(
    rows: list[dict[str, Any]], row: dict[str, Any]
) -> None:
    """A row is counted each time: one that comes twice does not cancel itself."""
    digests = [digest([*rows, *[row] * times]) for times in range(4)]
    assert len(set(digests)) == 4


@given(MANY, ROWS, st.sampled_from(["_id", "count", "sum", "_extra", "new"]), VALUES)
def test_a_value_that_changes_changes_a_digest(
    rows: list[dict[str, Any]], row: dict[str, Any], column: str, value: Any
) -> None:
    """Any column but `_readAt` counts, and one that is new as well."""
    other = {**row, column: value}
    assume(repr(other) != repr(row))
    assert digest([*rows, row]) != digest([*rows, other])


@given(STEPS, st.integers(1, 12))
def test_the_newest_days_are_kept(steps: list[tuple[datetime, str]], most: int) -> None:
    """The state is bounded, and what it holds was noted last and not withdrawn since."""
    days = EmittedDays({}, most)
    expected: dict[datetime, str] = {}
    for number, (start, action) in enumerate(steps):
        if action == "note":
            days.note(start, f"{number:016x}")
            expected[start] = f"{number:016x}"
        else:
            kept = days.digest(start)
            assert days.withdraw(start) is bool(kept)
            expected.pop(start, None)
        assert len(days.state) <= most
        again = EmittedDays(days.state, most)
        assert again.state == days.state
        for day in {start for start, _ in steps}:
            assert days.digest(day) in ("", expected.get(day, ""))
            assert again.digest(day) == days.digest(day)
        for day in sorted(expected)[-most:]:
            newer = sum(key > day for key in {start for start, _ in steps})
            assert days.digest(day) == expected[day] or newer >= most


def test_a_withdrawn_digest_stays_withdrawn_in_a_merged_state() -> None:
    """Its key stays: Meltano merges the state of a run that failed into the one before."""
    days = EmittedDays({"2026-03-01": "a" * 16, "2026-03-02": "b" * 16})
    assert days.withdraw(START)
    merged = {"2026-03-01": "a" * 16, "2026-03-02": "b" * 16} | days.state
    assert not EmittedDays(merged).digest(START)
    assert EmittedDays(merged).digest(START + DAY)
    assert days.withdraw_all()
    assert not days.withdraw_all()
    assert days.state == {"2026-03-01": "", "2026-03-02": ""}


@pytest.mark.parametrize(
    ("start", "key"),
    [
        (START, "2026-03-01"),
        (START + timedelta(hours=23), "2026-03-01T23"),
        (START + timedelta(hours=18, minutes=15), "2026-03-01T18:15"),
        (START + timedelta(hours=10), "2026-03-01T10"),
    ],
)
def test_a_key_is_the_start_of_a_day(start: datetime, key: str) -> None:
    """As short as it can be, for the days of any time zone."""
    days = EmittedDays({})
    days.note(start, "a" * 16)
    assert days.state == {key: "a" * 16}
    assert not days.reach_beyond(start)
    assert days.reach_beyond(start - timedelta(milliseconds=1))
    days.withdraw(start)
    assert not days.reach_beyond(start - DAY)


def test_ten_days_of_digests_take_a_third_of_a_kilobyte() -> None:
    """A state grows by no more, where a day is one window."""
    days = EmittedDays({})
    for number in range(30):
        days.note(START + number * DAY, "a" * 16)
    assert len(days.state) == MOST == 10
    assert len(str(days.state)) < 350
