"""States of earlier versions are read, and lead to the same rows."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from golden.states import NAMES, Earlier, load, spans_of
from hypothesis import given
from hypothesis import strategies as st
from support.harness import Output, run
from support.warehouse import Warehouse

from orchestrate.groups import GROUPS
from orchestrate.states import takeover
from tap_genesys.replication.earlier_states import RENAMED, renamed
from tap_genesys.replication.windows import DAY, MILLISECOND, floor, iso, parse
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
    """Return a state of the version before `readTo` and re-reads of aggregates."""
    kept = STATES[source]
    lane = "query" if source == "query" else "job"
    details = {
        "replication_key": "conversationStart",
        "replication_key_value": at(kept["bookmark"]),
        "recheckedBy": lane,
        "rechecks": MARKS,
        "passes": [[at(hours) for hours in bounds] for bounds in kept["passes"]],
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
    """Nothing is read from the start, and nothing after the bookmark is missing."""
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
def test_renaming_a_state_is_idempotent(state: dict[str, Any]) -> None:
    """It leaves the given state alone, and no earlier name remains."""
    before = deepcopy(state)
    result = renamed(state)
    assert state == before
    assert not {*RENAMED} & {*names_in(result)}
    assert renamed(result) == result


@given(states({**EARLIER, **OTHER}))
def test_each_value_comes_under_its_present_name(state: dict[str, Any]) -> None:
    """Only the keys of a stream's bookmark change: no value, no stream's name, nothing else."""
    result = renamed(state)
    assert {**result, "bookmarks": None} == {**state, "bookmarks": None}
    assert result["bookmarks"] == {
        stream: {RENAMED.get(name, name): value for name, value in kept.items()}
        for stream, kept in state["bookmarks"].items()
    }


@given(states({**PRESENT, **OTHER}))
def test_a_state_of_this_version_is_left_alone(state: dict[str, Any]) -> None:
    """No present name is renamed."""
    assert renamed(state) == state


def test_of_two_names_the_value_counts_that_promises_less() -> None:
    """A merged state may have both names, written by different versions in either order."""
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
    """An empty or foreign state is no error."""
    assert renamed(state) == state


# Recorded states of an earlier version, with the contents of the warehouse.

EVALUATIONS = "evaluations"
SPANS = (PRESENCES, "user_routing_statuses")
HABITS: dict[str, Any] = {
    "interval_reading": "overlap",
    "interval_bounds": "[)",
    "job_interval_bounds": "[)",
}
#: Since the state was written: at once, while a lease in it lasts, and later.
DISTANCES = (timedelta(minutes=10), 3 * HOUR, 2 * DAY)
#: The keys of every bookmark after a run, and all keys of each stream's.
BOOKMARK = {"replication_key", "replication_key_value"}
#: What has been emitted: only a pass that ended whole notes it.
EMITTED = "emittedThrough"
KEYS = {
    DETAILS: BOOKMARK
    | {"fingerprint", "history", "watermark", "queryPasses"}
    | {"recheckedBy", "recheckedUpTo"},
    PRESENCES: BOOKMARK | {"fingerprint", "history", "knownUpTo", "readTo", "recheckedUpTo"},
    AGGREGATES: BOOKMARK | {"fingerprint", "history", "recheckedUpTo"},
    EVALUATIONS: BOOKMARK | {"history"},
}
#: Stream -> a part of the paths of its requests.
PATHS = {DETAILS: "conversations/details", PRESENCES: "users/details", AGGREGATES: "aggregates"}


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_state_goes_on(name: str) -> None:
    """Nothing is read from the start, nothing is missing, and no row becomes older."""
    earlier = load(name)
    hold_to_the_truth(earlier, earlier.state)


def test_the_recorded_days_of_a_backfill_are_taken_over() -> None:
    """The incremental run starts where the days of the backfill end, and loses no row."""
    earlier = load("backfill")
    streams = [name for group in GROUPS.values() for name in group.bookmarked]
    state = takeover(earlier.days, streams)
    bookmarks = state["bookmarks"].values()
    assert all(parse(values["replication_key_value"]) > SINCE for values in bookmarks)
    hold_to_the_truth(earlier, state)


def test_the_recorded_states_are_of_all_kinds() -> None:
    """Some hold a lease, one has no passes, and none has the keys of later versions."""
    states = {name: load(name).state["bookmarks"] for name in NAMES}
    leases = {
        name: [end for _, _, end in bookmarks.get(DETAILS, {}).get("passes", [])]
        + [bookmark["told"] for stream, bookmark in bookmarks.items() if stream == PRESENCES]
        for name, bookmarks in states.items()
    }
    assert {name for name, ends in leases.items() if any(end > iso(THEN) for end in ends)} == {
        "auto-killed-in-query",
        "query-killed",
        "users-auto-killed",
        "users-query-killed",
    }
    assert "passes" not in states["jobs-killed"][DETAILS]
    assert not any("readTo" in state.get(PRESENCES, {}) for state in states.values())
    assert not any("rechecks" in state.get(AGGREGATES, {}) for state in states.values())
    assert all(load(name).world.now == THEN for name in NAMES)


def hold_to_the_truth(earlier: Earlier, state: dict[str, Any]) -> None:
    """Go on from a state; compare all rows with the earlier ones and with the simulator."""
    warehouse = Warehouse(SINCE)
    warehouse.moments = dict(earlier.conversations)
    warehouse._state = state["bookmarks"].get(DETAILS, {})
    spans = {stream: dict(contents) for stream, contents in earlier.spans.items()}
    evaluations = set(earlier.evaluations)
    kept = state
    for distance in DISTANCES:
        world = earlier.world.at(THEN + distance)
        with Simulator(world, **HABITS) as sim:
            output = run(sim, *earlier.streams, state=kept, **earlier.settings)
            if kept is state:
                hold_to_the_bookmarks(sim, earlier, state)
        kept = output.state
        details = [m for m in output.messages if m.get("stream", DETAILS) == DETAILS]
        warehouse.load(details, world)
        if DETAILS in earlier.streams:
            bookmark = parse(output.bookmark(DETAILS) or "")
            hold_to_the_rechecks(warehouse, earlier, world, bookmark)
        for stream, contents in spans.items():
            for row in output.records(stream):
                ((span, has_ended),) = spans_of([row], world).items()
                assert has_ended or not contents.get(span)
                contents[span] = has_ended
        evaluations |= {*output.ids(EVALUATIONS)}
        for stream, values in output.state["bookmarks"].items():
            assert values.keys() - {EMITTED} == expected_keys(stream, earlier.source)
    whole = all_at(earlier, world)
    assert evaluations >= {*whole.ids(EVALUATIONS)}
    for stream, contents in spans.items():
        truth = spans_of(whole.records(stream), world)
        assert truth
        ended = {span for span, has_ended in truth.items() if has_ended}
        assert ended <= {span for span, has_ended in contents.items() if has_ended}
        assert truth.keys() <= contents.keys()
    assert {*whole.ids(DETAILS)} <= warehouse.moments.keys()


def hold_to_the_bookmarks(sim: Simulator, earlier: Earlier, state: dict[str, Any]) -> None:
    """Check that a first run requests nothing before the bookmark that is not due."""
    for stream, path in PATHS.items():
        kept = state["bookmarks"].get(stream)
        intervals = [
            request.body["interval"]
            for request in sim.requests
            if path in request.path and request.body and "interval" in request.body
        ]
        if kept is None:
            assert not intervals
            continue
        bookmark = parse(kept["replication_key_value"])
        # The default of a query's look-back.
        is_queried = earlier.source == "query" and stream != AGGREGATES
        start = floor(bookmark, DAY) if stream == AGGREGATES else bookmark
        start -= DAY if is_queried else timedelta(0)
        assert bookmark > SINCE
        for begin, end in (map(parse, interval.split("/")) for interval in intervals):
            # A job's interval has a millisecond more.
            is_due = days_due(kept, sim.world.now) >= {floor(begin + MILLISECOND, DAY)}
            assert begin >= start - MILLISECOND or (is_due and end - begin <= DAY + MILLISECOND)


def days_due(kept: dict[str, Any], now: datetime) -> set[datetime]:
    """Return the days whose re-checks are due by the marks of a bookmark."""
    days = set()
    marks = kept.get("recheckedUpTo", kept.get("rechecks", {}))
    for rung, mark in marks.items():
        day = parse(mark)
        while day + DAY + float(rung) * DAY <= now:
            days.add(day)
            day += DAY
    return days


def hold_to_the_rechecks(
    warehouse: Warehouse, earlier: Earlier, world: World, bookmark: datetime
) -> None:
    """Check that all rows before the bookmark have come, and again if a re-check was due."""
    truth = world.now if earlier.source == "query" else world.watermark
    for number in world.numbers(SINCE, bookmark):
        moment = warehouse.moments[world.conversation_id(number)]
        midnight, end = floor(world.start_of(number), DAY) + DAY, world.end_of(number)
        due = [midnight + days * DAY for days in earlier.settings["recheck_days"]]
        # A query alone finds what has ended within its look-back.
        due += [end] if earlier.source != "query" and end < bookmark else []
        due = [at for at in due if midnight <= bookmark and at <= truth]
        assert moment >= max(due, default=SINCE)


def all_at(earlier: Earlier, world: World) -> Output:
    """Return the output of a run without a state."""
    with Simulator(world, **HABITS) as sim:
        return run(sim, *earlier.streams, **earlier.settings)


def expected_keys(stream: str, source: str) -> set[str]:
    """Return the keys of a stream's bookmark after a run."""
    if stream == DETAILS and source == "query":
        return KEYS[DETAILS] - {"watermark"}
    return KEYS.get(stream, set())
