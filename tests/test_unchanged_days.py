"""Aggregates and summaries: a day is emitted whole, or not at all if no row has changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from support.harness import Output, bookmarked, tap
from support.unchanged_days import (
    CASES,
    HOUR,
    MADE_UP,
    NOW,
    SINCE,
    SUMMARIES,
    USERS,
    WORLD,
    Case,
    change_all,
    change_first,
    each_case,
    plain,
    settle,
    upsert,
)

from tap_genesys.errors import Incomplete
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the values of past days constant."""
    settle(monkeypatch)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """Yield the org."""
    with Simulator(WORLD) as simulator:
        yield simulator


# Unchanged days


@each_case
def test_a_second_run_over_unchanged_days_emits_nothing(sim: Simulator, case: Case) -> None:
    """Unchanged days emit no row; the bookmark moves, and the digests stay."""
    first = case.read(sim)
    sim.world = WORLD.at(NOW + HOUR)
    second = case.read(sim, first.state)
    assert first.records(case.name)
    assert not second.records(case.name)
    assert second.bookmark(case.name) == iso(NOW + timedelta(minutes=30))
    earlier, present = case.digests(first), case.digests(second)
    common = earlier.keys() & present.keys()
    assert len(common) >= len(earlier) - 1
    assert all(present.values())
    assert all(present[window] == earlier[window] for window in common)


@each_case
def test_the_requests_are_those_of_a_run_that_emits_everything(sim: Simulator, case: Case) -> None:
    """Days that are left out are requested all the same, in the same order."""
    requests = []
    first = case.read(sim)
    for emits in (False, True):
        before = len(sim.requests)
        case.read(sim, first.state, emit_unchanged=emits)
        requests.append([(request.path, request.body) for request in sim.requests[before:]])
    assert requests[0] == requests[1]


def test_the_log_has_how_many_days_were_left_out(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """One line has the number of days that were left out, if there are any."""
    caplog.set_level("INFO")
    case = CASES["one query a day"]
    first = case.read(sim)
    assert "left out" not in caplog.text
    case.read(sim, first.state)
    assert f"{MADE_UP}: left out 2 of 2 days or cells, whose rows an earlier run" in caplog.text


@each_case
def test_one_changed_value_emits_the_whole_window(
    sim: Simulator, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed value emits all rows of its day or cell, with one `_readAt`, and no other's."""
    first = case.read(sim)
    rows = plain(first.records(case.name))
    window = max(case.windows(rows.values()))
    change_first(monkeypatch, window)
    sim.world = WORLD.at(NOW + HOUR)
    second = case.read(sim, first.state).records(case.name)
    assert case.windows(second) == {window}
    assert plain(second).keys() == {name for name in rows if case.window(rows[name]) == window}
    assert sum(row != rows[name] for name, row in plain(second).items()) == 1
    assert {row["_readAt"] for row in second} == {iso(NOW + HOUR)}


@each_case
def test_a_change_is_emitted_once(
    sim: Simulator, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change is emitted once: its digest replaces the earlier one."""
    first = case.read(sim)
    change_all(monkeypatch)
    second = case.read(sim, first.state)
    assert case.windows(second.records(case.name))
    assert not case.read(sim, second.state).records(case.name)


def test_a_recheck_of_an_unchanged_day_emits_nothing(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A re-check of an unchanged day emits no row, and its mark moves; a changed day is emitted."""
    case = CASES["one query a day"]
    states = [case.read(sim)]
    for number in range(1, 6):
        sim.world = WORLD.at(NOW + number * DAY)
        if number == 5:
            change_first(monkeypatch, "2026-03-05")
        states.append(case.read(sim, states[-1].state))
        marks = states[-1].state["bookmarks"][MADE_UP]["recheckedUpTo"]
        assert marks["1"] == iso(SINCE + (4 + number) * DAY)
    emitted = [sorted(case.windows(output.records(MADE_UP))) for output in states[1:]]
    assert emitted == [
        ["2026-03-07"],
        ["2026-03-08"],
        ["2026-03-09"],
        ["2026-03-10"],
        ["2026-03-05", "2026-03-11"],
    ]


# Days that are emitted unchanged


@each_case
def test_everything_is_emitted_where_that_is_set(sim: Simulator, case: Case) -> None:
    """`emit_unchanged` emits all rows, and withdraws the digests of earlier runs."""
    first = case.read(sim, emit_unchanged=True)
    again = case.read(sim, first.state, emit_unchanged=True)
    assert case.windows(again.records(case.name))
    assert not case.digests(first)
    assert not case.digests(again)
    # Set once, as for a restored warehouse, which lacks the rows of later re-checks.
    once = case.read(sim, case.read(sim).state, emit_unchanged=True)
    assert plain(once.records(case.name)) == plain(again.records(case.name))
    assert not any(case.digests(once).values())
    assert plain(case.read(sim, once.state).records(case.name)) == plain(once.records(case.name))


@each_case
def test_rows_of_another_shape_are_emitted(sim: Simulator, case: Case) -> None:
    """A changed fingerprint emits all rows once; the next run leaves out unchanged ones."""
    first = case.read(sim)
    expected = case.read(sim, first.state, emit_unchanged=True).records(case.name)
    rules = [{"field": "mediaType", "action": "drop"}]
    changed = case.read(sim, first.state, pii=rules)
    assert len(changed.records(case.name)) == len(expected)
    assert not case.read(sim, changed.state, pii=rules).records(case.name)


@each_case
def test_a_bookmark_that_was_moved_back_brings_its_days(sim: Simulator, case: Case) -> None:
    """A bookmark that a user moves back drops the digests, so that those days are emitted again."""
    first = case.read(sim)
    state = first.state
    for moment in (SINCE + 2 * DAY, SINCE + 4 * DAY):
        state["bookmarks"][case.name]["replication_key_value"] = iso(moment)
        again = case.read(sim, state)
        expected = {
            name: row
            for name, row in plain(first.records(case.name)).items()
            if row[case.column] >= iso(moment)
        }
        assert expected
        assert expected.items() <= plain(again.records(case.name)).items()
    del state["bookmarks"][case.name]["replication_key_value"]
    assert plain(case.read(sim, state).records(case.name)) == plain(first.records(case.name))


@pytest.mark.parametrize("name", ["one query a day", "cells of a day"])
def test_a_look_back_that_is_configured_is_emitted(sim: Simulator, name: str) -> None:
    """A configured look-back is emitted; the day of the bookmark is compared, as a re-check is."""
    case = CASES[name]
    first = case.read(sim, lookback_days=2)
    second = case.read(sim, first.state, lookback_days=2)
    third = case.read(sim, second.state, lookback_days=2)
    for output in (second, third):
        assert case.windows(output.records(case.name)) == {"2026-03-03", "2026-03-04"}
    assert not case.read(sim, third.state, lookback_days=0).records(case.name)


# No digest


def test_a_cell_with_a_hole_is_not_noted(sim: Simulator) -> None:
    """A cell with a hole has no digest, accepted or not: its next whole reading is emitted."""
    case = CASES["cells of a day"]
    whole = case.read(sim)
    settings = {"start_date": iso(SINCE), **case.options}
    for policy in ("accept", "fail"):
        output = Output()
        sim.faults.add(Fault("empty", path="summary", page=2, times=4))
        instance = tap(
            sim, SUMMARIES, state=whole.state, output=output, incomplete_windows=policy, **settings
        )
        if policy == "accept":
            instance.sync_or_leave()
        else:
            with pytest.raises(Incomplete):
                instance.sync_or_leave()
        assert case.windows(output.records(SUMMARIES)) == {"2026-03-04"}
        assert case.digests(output)["2026-03-04"] == ""
        again = case.read(sim, output.state).records(SUMMARIES)
        assert "2026-03-04" in case.windows(again)
        loaded = upsert(whole.messages, output.messages, [{"record": row} for row in again])
        assert plain(case.newest(loaded)) == plain(whole.records(SUMMARIES))


def test_no_day_is_noted_where_users_are_missing(sim: Simulator) -> None:
    """No day has a digest after a page of users stayed empty, so that the next run emits all."""
    case = CASES["several queries a day"]
    output = Output()
    settings = {"start_date": iso(SINCE), **case.options, "page_size": 25}
    sim.faults.add(Fault("empty", path="/api/v2/users", page=2, times=None))
    with pytest.raises(Incomplete):
        tap(sim, USERS, output=output, **settings).sync_or_leave()
    assert output.records(USERS)
    assert not case.digests(output)


def test_no_day_is_noted_where_users_may_be_missing(sim: Simulator) -> None:
    """Where a stream map drops users, no day has a digest.

    The bookmark moves, and days are emitted.
    """
    case = CASES["several queries a day"]
    whole = case.read(sim)
    maps = {"users": {"__filter__": "state == 'active'"}}
    first = case.read(sim, stream_maps=maps)
    second = case.read(sim, first.state, stream_maps=maps)
    assert first.bookmark(USERS) == whole.bookmark(USERS)
    assert 0 < len(first.records(USERS)) < len(whole.records(USERS))
    assert not case.digests(first)
    assert case.windows(second.records(USERS)) == {"2026-03-05", "2026-03-06"}


# The state


def test_a_state_of_an_earlier_version_leaves_nothing_out(sim: Simulator) -> None:
    """A state without a fingerprint, old or of orchestration, leaves out no row."""
    case = CASES["one query a day"]
    state = bookmarked(MADE_UP, "intervalStart", iso(NOW - HOUR))
    output = case.read(sim, state)
    assert case.windows(output.records(MADE_UP)) >= {"2026-03-05", "2026-03-06"}
    assert not case.read(sim, output.state).records(MADE_UP)


def test_a_day_of_a_time_zone_has_its_start_as_key(sim: Simulator) -> None:
    """The key of a digest is the day's start in UTC, without trailing zeros."""
    options = {"aggregates": {MADE_UP: {"time_zone": "Asia/Kathmandu", "granularity": "P1D"}}}
    case = Case(MADE_UP, "intervalStart", options)
    first = case.read(sim)
    assert list(case.digests(first))[-2:] == ["2026-03-04T18:15", "2026-03-05T18:15"]
    assert not case.read(sim, first.state).records(MADE_UP)


def test_a_state_keeps_ten_digests_or_those_of_the_look_back(sim: Simulator) -> None:
    """A state has ten digests, or those of the look-back, which bounds its size."""
    sim.world = WORLD.at(NOW + 15 * DAY)
    for name, most in zip(CASES, (10, 10, 10, 26), strict=True):
        digests = CASES[name].digests(CASES[name].read(sim))
        assert len(digests) == most
        assert all(len(digest) == 16 for digest in digests.values())
