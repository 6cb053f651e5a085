"""Aggregates and summaries: all rows of a day are emitted, or none where none has changed."""

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
    """Keep values as they are."""
    settle(monkeypatch)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """The org."""
    with Simulator(WORLD) as simulator:
        yield simulator


# What is left out


@each_case
def test_a_second_run_over_unchanged_days_emits_nothing(sim: Simulator, case: Case) -> None:
    """The bookmark moves, and the digests stay."""
    first = case.read(sim)
    sim.world = WORLD.at(NOW + HOUR)
    second = case.read(sim, first.state)
    assert first.records(case.name)
    assert not second.records(case.name)
    assert second.bookmark(case.name) == iso(NOW + timedelta(minutes=30))
    earlier, present = case.digests(first), case.digests(second)
    kept = earlier.keys() & present.keys()
    assert len(kept) >= len(earlier) - 1
    assert all(present.values())
    assert all(present[window] == earlier[window] for window in kept)


@each_case
def test_the_requests_are_those_of_a_run_that_emits_everything(sim: Simulator, case: Case) -> None:
    """What is left out has been read, in the same order."""
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
    """One line, and none where there is nothing to report."""
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
    """All rows of its day or cell come, with one `_readAt`, and no other's."""
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
    """Its digest replaces the earlier one: a third run emits nothing."""
    first = case.read(sim)
    change_all(monkeypatch)
    second = case.read(sim, first.state)
    assert case.windows(second.records(case.name))
    assert not case.read(sim, second.state).records(case.name)


def test_a_recheck_of_an_unchanged_day_emits_nothing(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its marks move, whether the day is left out or not; a changed day is emitted."""
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


# What is emitted whether it has changed or not


@each_case
def test_everything_is_emitted_where_that_is_set(sim: Simulator, case: Case) -> None:
    """`emit_unchanged`: no digest is noted, and those of earlier runs are withdrawn."""
    plainly = case.read(sim, emit_unchanged=True)
    again = case.read(sim, plainly.state, emit_unchanged=True)
    assert case.windows(again.records(case.name))
    assert not case.digests(plainly)
    assert not case.digests(again)
    # Once, as after a warehouse was restored: what a later re-check reads is not there.
    once = case.read(sim, case.read(sim).state, emit_unchanged=True)
    assert plain(once.records(case.name)) == plain(again.records(case.name))
    assert not any(case.digests(once).values())
    assert plain(case.read(sim, once.state).records(case.name)) == plain(once.records(case.name))


@each_case
def test_rows_of_another_shape_are_emitted(sim: Simulator, case: Case) -> None:
    """A changed fingerprint leaves nothing out, and the run after it what it emitted."""
    first = case.read(sim)
    expected = case.read(sim, first.state, emit_unchanged=True).records(case.name)
    rules = [{"field": "mediaType", "action": "drop"}]
    changed = case.read(sim, first.state, pii=rules)
    assert len(changed.records(case.name)) == len(expected)
    assert not case.read(sim, changed.state, pii=rules).records(case.name)


@each_case
def test_a_bookmark_that_was_moved_back_brings_its_days(sim: Simulator, case: Case) -> None:
    """The digests are dropped: the user wants the rows again."""
    first = case.read(sim)
    state = first.state
    for moment in (SINCE + 2 * DAY, SINCE + 4 * DAY):
        state["bookmarks"][case.name]["replication_key_value"] = iso(moment)
        again = case.read(sim, state)
        wanted = {
            name: row
            for name, row in plain(first.records(case.name)).items()
            if row[case.column] >= iso(moment)
        }
        assert wanted
        assert wanted.items() <= plain(again.records(case.name)).items()
    del state["bookmarks"][case.name]["replication_key_value"]
    assert plain(case.read(sim, state).records(case.name)) == plain(first.records(case.name))


@pytest.mark.parametrize("name", ["one query a day", "cells of a day"])
def test_a_look_back_that_is_configured_is_emitted(sim: Simulator, name: str) -> None:
    """What only it reads again comes; the day of the bookmark is compared, as a re-check is."""
    case = CASES[name]
    first = case.read(sim, lookback_days=2)
    second = case.read(sim, first.state, lookback_days=2)
    third = case.read(sim, second.state, lookback_days=2)
    for output in (second, third):
        assert case.windows(output.records(case.name)) == {"2026-03-03", "2026-03-04"}
    assert not case.read(sim, third.state, lookback_days=0).records(case.name)


# What is not noted


def test_a_cell_with_a_hole_is_not_noted(sim: Simulator) -> None:
    """Whether the hole is accepted or not: the next whole reading is emitted."""
    case = CASES["cells of a day"]
    whole = case.read(sim)
    given = {"start_date": iso(SINCE), **case.options}
    for word in ("accept", "fail"):
        output = Output()
        sim.faults.add(Fault("empty", path="summary", page=2, times=4))
        instance = tap(
            sim, SUMMARIES, state=whole.state, output=output, incomplete_windows=word, **given
        )
        if word == "accept":
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
    """A page of users stayed empty: the next run, which has all of them, emits all."""
    case = CASES["several queries a day"]
    output = Output()
    given = {"start_date": iso(SINCE), **case.options, "page_size": 25}
    sim.faults.add(Fault("empty", path="/api/v2/users", page=2, times=None))
    with pytest.raises(Incomplete):
        tap(sim, USERS, output=output, **given).sync_or_leave()
    assert output.records(USERS)
    assert not case.digests(output)


def test_no_day_is_noted_where_users_may_be_missing(sim: Simulator) -> None:
    """A stream map leaves some out: the bookmark moves, and days are emitted each time."""
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
    """Nor one that orchestration made: it has no fingerprint."""
    case = CASES["one query a day"]
    state = bookmarked(MADE_UP, "intervalStart", iso(NOW - HOUR))
    output = case.read(sim, state)
    assert case.windows(output.records(MADE_UP)) >= {"2026-03-05", "2026-03-06"}
    assert not case.read(sim, output.state).records(MADE_UP)


def test_a_day_of_a_time_zone_has_its_start_as_key(sim: Simulator) -> None:
    """In UTC, as short as it can be."""
    options = {"aggregates": {MADE_UP: {"time_zone": "Asia/Kathmandu", "granularity": "P1D"}}}
    case = Case(MADE_UP, "intervalStart", options)
    first = case.read(sim)
    assert list(case.digests(first))[-2:] == ["2026-03-04T18:15", "2026-03-05T18:15"]
    assert not case.read(sim, first.state).records(MADE_UP)


def test_a_state_keeps_ten_digests_or_those_of_the_look_back(sim: Simulator) -> None:
    """Ten days, or the cells of a day, one that is touched, and the present one."""
    sim.world = WORLD.at(NOW + 15 * DAY)
    for name, most in zip(CASES, (10, 10, 10, 26), strict=True):
        digests = CASES[name].digests(CASES[name].read(sim))
        assert len(digests) == most
        assert all(len(digest) == 16 for digest in digests.values())
