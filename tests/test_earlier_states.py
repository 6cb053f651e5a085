"""States that earlier versions wrote are read, and lead to the same rows."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.harness import run

from tap_genesys.replication.earlier_states import RENAMED, renamed
from tap_genesys.replication.windows import DAY, floor, iso
from tap_genesys.simulator import Simulator, World

DETAILS, PRESENCES, AGGREGATES = "conversation_details", "user_presences", "conversation_aggregates"
HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
#: When the state was written, after two runs an hour apart, of a data lake four hours behind.
THEN = datetime(2026, 3, 4, 12, tzinfo=UTC)
WORLD = World(seed=4, per_day=12, since=SINCE, now=THEN, lag=4 * HOUR, step=timedelta(0))
MARKS = {f"{age}": iso(SINCE + (2 if age == 1 else 0) * DAY) for age in (1, 3, 7, 30)}
#: Source -> bookmark, watermark, passes, and moment of the spans, as hours from then.
STATES: dict[str, dict[str, Any]] = {
    "auto": {"bookmark": -5, "watermark": -4, "passes": [(-5, -1.5, -1), (-4, -0.5, 0)], "told": 0},
    "job": {"bookmark": -4, "watermark": -4, "passes": [], "told": -4},
    "query": {"bookmark": -0.5, "passes": [(-84, -84, -1), (-25.5, -25.5, 0)], "told": 0},
}


def state(source: str) -> dict[str, Any]:
    """Return the state as the version before `readTo` and re-reads of aggregates wrote it."""
    kept = STATES[source]
    lane = "query" if source == "query" else "job"
    details = {
        "replication_key": "conversationStart",
        "replication_key_value": at(kept["bookmark"]),
        "recheckedBy": lane,
        "rechecks": MARKS,
        "passes": [[at(hours) for hours in one] for one in kept["passes"]],
    }
    if "watermark" in kept:
        details["watermark"] = at(kept["watermark"])
    known = THEN - 4 * HOUR - timedelta(milliseconds=1)
    reached = at(-0.5) if source == "query" else iso(known)
    return {
        "bookmarks": {
            DETAILS: details,
            PRESENCES: {
                "replication_key": "startTime",
                "replication_key_value": reached,
                "told": at(kept["told"]),
            },
            AGGREGATES: {"replication_key": "intervalStart", "replication_key_value": at(-0.5)},
        }
    }


def at(hours: float) -> str:
    return iso(THEN + hours * HOUR)


@pytest.mark.parametrize("source", STATES)
def test_a_state_of_an_earlier_version_goes_on(source: str) -> None:
    """Nothing is read from the beginning, nothing after the bookmark is left out."""
    options = {
        "start_date": iso(SINCE),
        "conversation_details_source": source,
        "user_details_source": source,
        "recheck_days": [1, 3, 7, 30],
    }
    now = THEN + 3 * HOUR
    with Simulator(WORLD.at(now)) as sim:
        first = run(sim, DETAILS, PRESENCES, AGGREGATES, state=state(source), **options)
        sim.world = WORLD.at(now + 2 * DAY)
        second = run(sim, DETAILS, PRESENCES, AGGREGATES, state=first.state, **options)
    for output in (first, second):
        for message in output.of("STATE"):
            assert not {*RENAMED} & {*names_in(message["value"])}
    kept = STATES[source]
    bookmark = THEN + kept["bookmark"] * HOUR
    until = now + 2 * DAY - (4 * HOUR if source == "job" else timedelta(0))
    started = {row["conversationId"] for row in WORLD.at(until).conversations(bookmark, until)}
    assert started <= {*first.ids(DETAILS), *second.ids(DETAILS)}
    # A query knew more of these than the lake did in the first run.
    earliest = min((THEN + hours * HOUR for hours, _, _ in kept["passes"]), default=None)
    for row in first.records(DETAILS):
        if row["_source"] == "job" and earliest is not None:
            assert row["conversationStart"] < iso(earliest)
    assert sum(row["_source"] == "query" for row in first.records(PRESENCES)) or source == "job"
    days = {row["intervalStart"][:10] for row in first.records(AGGREGATES)}
    assert iso(floor(THEN, DAY))[:10] in days
    assert iso(SINCE)[:10] not in days


def names_in(state: dict[str, Any]) -> list[str]:
    """Return the names of all keys of all streams' states."""
    return [name for kept in state["bookmarks"].values() for name in kept]


def moments() -> st.SearchStrategy[str]:
    return st.datetimes(timezones=st.just(UTC)).map(iso)


#: Each key with its value, under its earlier name.
EARLIER: dict[str, st.SearchStrategy[Any]] = {
    "told": moments(),
    "passes": st.lists(st.lists(moments(), min_size=3, max_size=3), max_size=3),
    "rechecks": st.dictionaries(st.sampled_from(["1", "3", "5"]), moments()),
}
PRESENT = {RENAMED[name]: values for name, values in EARLIER.items()}
#: Keys that keep their names, even where a value holds an earlier one.
OTHER: dict[str, st.SearchStrategy[Any]] = {
    "replication_key_value": moments(),
    "readTo": moments(),
    "recheckedBy": st.sampled_from(["job", "query"]),
    "partitions": st.just([{"context": {"told": 1}, "rechecks": {"passes": []}}]),
    "other": st.dictionaries(st.sampled_from([*RENAMED]), st.integers(), min_size=1),
}


def states(keys: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    streams = st.dictionaries(
        st.sampled_from([DETAILS, PRESENCES, "told"]), st.fixed_dictionaries({}, optional=keys)
    )
    return st.fixed_dictionaries({"bookmarks": streams}, optional={"told": st.integers()})


@given(states({**EARLIER, **PRESENT, **OTHER}))
def test_a_state_that_was_renamed_stays_as_it_is(state: dict[str, Any]) -> None:
    before = deepcopy(state)
    result = renamed(state)
    assert state == before
    assert not {*RENAMED} & {*names_in(result)}
    assert renamed(result) == result


@given(states({**EARLIER, **OTHER}))
def test_each_value_comes_under_its_present_name(state: dict[str, Any]) -> None:
    """Only the names of a stream's own keys change: no value, no stream's name, nothing beside."""
    result = renamed(state)
    assert {**result, "bookmarks": None} == {**state, "bookmarks": None}
    assert result["bookmarks"] == {
        stream: {RENAMED.get(name, name): value for name, value in kept.items()}
        for stream, kept in state["bookmarks"].items()
    }


@given(states({**PRESENT, **OTHER}))
def test_a_state_of_this_version_is_left_alone(state: dict[str, Any]) -> None:
    assert renamed(state) == state


def test_of_two_names_the_value_counts_that_promises_less() -> None:
    """Whichever was written last: a merge keeps the earlier one, an earlier version the present."""
    early, late = at(-3), at(-1)
    for earlier, present in ((early, late), (late, early)):
        kept = {"told": earlier, "knownUpTo": present}
        assert renamed({"bookmarks": {PRESENCES: kept}})["bookmarks"][PRESENCES] == {
            "knownUpTo": late
        }
    both = {
        "passes": [[early] * 3],
        "queryPasses": [[late] * 3],
        "rechecks": {"1": early},
        "recheckedUpTo": {"1": late},
    }
    assert renamed({"bookmarks": {DETAILS: both}})["bookmarks"][DETAILS] == {
        "queryPasses": [[early] * 3, [late] * 3],
        "recheckedUpTo": {"1": late},
    }
    empty: dict[str, Any] = {"told": late, "knownUpTo": None, "passes": None, "queryPasses": []}
    assert renamed({"bookmarks": {DETAILS: empty}})["bookmarks"][DETAILS] == {
        "knownUpTo": late,
        "queryPasses": [],
    }


@pytest.mark.parametrize("state", [{}, {"bookmarks": {}}, {"bookmarks": None}, {"value": 1}])
def test_a_state_without_bookmarks_passes(state: dict[str, Any]) -> None:
    assert renamed(state) == state
