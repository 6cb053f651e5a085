"""Unchanged conversations are left out, but none that the warehouse lacks."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from support.harness import Output, last_state, run, tap

from orchestrate.states import takeover
from tap_genesys.records.conversation_rows import NESTED
from tap_genesys.replication.conversation_plan import ConversationPlan
from tap_genesys.replication.windows import DAY, iso, parse
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.faults import Fault

DETAILS, SEGMENTS = "conversation_details", "conversation_segments"
HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
EVENING = SINCE + 6 * DAY + 19 * HOUR
WORLD = World(
    seed=8,
    per_day=120,
    since=SINCE,
    now=EVENING,
    lag=30 * HOUR,
    step=timedelta(0),
    orphans=3,
    endless=9,
)
OPTIONS: dict[str, Any] = {
    "start_date": iso(SINCE),
    "conversation_details_source": "auto",
    "recheck_days": [1, 3, 7, 30],
}


def later(
    sim: Simulator, hours: float, state: dict[str, Any], *tables: str, **options: Any
) -> Output:
    """Return the output of a run some hours after seven in the evening."""
    sim.world = WORLD.at(EVENING + hours * HOUR)
    return run(sim, DETAILS, *tables, state=state, **{**OPTIONS, **options})


def history(sim: Simulator, **options: Any) -> list[Output]:
    """Return the outputs of a first load and a few hourly runs."""
    outputs: list[Output] = []
    for hour in range(4):
        outputs.append(later(sim, hour, outputs[-1].state if outputs else {}, **options))
    return outputs


def steady(sim: Simulator, **options: Any) -> dict[str, Any]:
    """Return the state after a first load and a few hourly runs."""
    return history(sim, **options)[-1].state


def rows_of(*outputs: Output) -> dict[str, dict[str, Any]]:
    """Return the rows after an upsert of outputs, without the time of reading."""
    rows = {row["conversationId"]: row for output in outputs for row in output.records(DETAILS)}
    return {key: {**row, "_readAt": None} for key, row in rows.items()}


def test_an_hourly_run_emits_what_happened_since_and_nothing_else() -> None:
    """An hourly run emits conversations with a date within four hours, and new ones by job."""
    with Simulator(WORLD) as sim:
        state = steady(sim)
        output = later(sim, 4, state)
        everything = later(sim, 4, state, emit_unchanged=True)
    bookmark = state["bookmarks"][DETAILS]["replication_key_value"]
    recent = iso(EVENING + HOUR - timedelta(minutes=1))
    for row in output.records(DETAILS):
        assert row["_source"] == "query" or row["conversationStart"] >= bookmark
        assert row["_source"] == "job" or recent <= str(max(dates_in(row)))
    assert len(output.records(DETAILS)) < len(everything.records(DETAILS)) / 2


def dates_in(value: Any) -> list[str]:
    """Return all past dates of a row, but for its own columns."""
    if isinstance(value, dict):
        return [date for name, part in value.items() if name[0] != "_" for date in dates_in(part)]
    if isinstance(value, list):
        return [date for part in value for date in dates_in(part)]
    is_date = isinstance(value, str) and value[10:11] == "T" and value[-1] == "Z"
    return [value] if is_date and value <= iso(EVENING + 4 * HOUR) else []


def test_what_was_left_out_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The summary counts unchanged rows, and the run takes few requests."""
    caplog.set_level("INFO")
    with Simulator(WORLD) as sim:
        state = steady(sim)
        before = len(sim.requests)
        caplog.clear()
        later(sim, 4, state)
        requests = len(sim.requests) - before
    (summary,) = (text for text in caplog.messages if text.startswith("Summary"))
    assert int(summary.splitlines()[2].split()[3]) > 0
    assert requests < 12


def test_a_run_that_is_killed_leaves_nothing_out_in_the_next_one() -> None:
    """After a kill at any message, the next run completes the table as one that emits all rows.

    The killed run is the first of a UTC day, with jobs, a re-check, a tail query and a full pass.
    """
    with Simulator(WORLD) as sim:
        before = history(sim)
        killed = later(sim, 34.5, before[-1].state)
        assert {"job", "query"} == {row["_source"] for row in killed.records(DETAILS)}
        loaded = rows_of(*before)
        following: dict[str, tuple[Output, Output]] = {}
        for end in range(len(killed.messages) + 1):
            part = Output(messages=killed.messages[:end])
            state = last_state(part.messages) or before[-1].state
            if repr(state) not in following:
                output = later(sim, 35.5, deepcopy(state))
                with patch.object(ConversationPlan, "has_emitted", return_value=False):
                    following[repr(state)] = output, later(sim, 35.5, deepcopy(state))
            rows, everything = (loaded | rows_of(part, output) for output in following[repr(state)])
            assert rows.keys() == everything.keys()
            # Most rows are the same objects, which takes less time to see than that they are equal.
            assert {
                key
                for key, row in rows.items()
                if row is not everything[key] and row != everything[key]
            } <= UNDATED
        assert len(following) > 3


#: The conversations that change without a date: only re-checks emit those changes.
UNDATED = {
    WORLD.conversation_id(number)
    for number in WORLD.numbers(SINCE, EVENING)
    if WORLD.changed_at(number)
}


@pytest.mark.parametrize(
    "change",
    [
        {"attributes_exclude": ["nothing_has_this_name"]},
        {"stream_maps": {DETAILS: {"seven": "7"}}},
        {"emit_unchanged": True},
    ],
    ids=str,
)
def test_a_change_of_the_rows_shape_leaves_nothing_out(change: dict[str, Any]) -> None:
    """After a change of the rows' shape all rows are emitted once.

    The next run leaves out unchanged ones.
    """
    with Simulator(WORLD) as sim:
        state = steady(sim)
        unchanged = later(sim, 4, state)
        output = later(sim, 4, state, **change)
        again = later(sim, 5, output.state, **{**change, "emit_unchanged": False})
    assert len(output.records(DETAILS)) > 2 * len(unchanged.records(DETAILS))
    assert len(again.records(DETAILS)) < len(output.records(DETAILS)) / 2


def test_a_deselected_column_leaves_nothing_out() -> None:
    """The first run without nested columns emits all rows that it reads, and the next one few."""

    def narrow(hours: float, state: dict[str, Any]) -> Output:
        sim.world, output = WORLD.at(EVENING + hours * HOUR), Output()
        reader = tap(sim, DETAILS, state=state, output=output, **OPTIONS)
        for name in NESTED:
            reader.streams[DETAILS].metadata[("properties", name)].selected = False
        reader.streams[DETAILS].selected = True  # resolves the selection anew
        reader.sync_or_leave()
        return output

    with Simulator(WORLD) as sim:
        state = steady(sim)
        everything = later(sim, 4, state, emit_unchanged=True)
        output = narrow(4, state)
        again = narrow(5, output.state)
    assert output.ids(DETAILS) == everything.ids(DETAILS)
    assert not [row for row in output.records(DETAILS) if set(NESTED) & set(row)]
    assert 0 < len(again.records(DETAILS)) < len(output.records(DETAILS)) / 2


def test_a_table_that_is_selected_gets_all_that_the_run_reads() -> None:
    """A newly selected table gets the rows of all conversations that the run reads."""
    with Simulator(WORLD) as sim:
        state = steady(sim)
        output = later(sim, 4, state, SEGMENTS)
        everything = later(sim, 4, state, SEGMENTS, emit_unchanged=True)
    assert output.ids(SEGMENTS) == everything.ids(SEGMENTS)


def test_a_range_whose_end_moves_on_is_read_whole() -> None:
    """Conversations after an earlier run's configured end are emitted, however late it ran."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, end_date=iso(EVENING - 3 * DAY))
        second = later(sim, 1, first.state, end_date=iso(EVENING - DAY))
        numbers = WORLD.numbers(SINCE, EVENING - DAY)
        assert rows_of(first, second).keys() >= {*map(WORLD.conversation_id, numbers)}


def test_a_bookmark_that_was_moved_back_brings_the_rows_again() -> None:
    """A bookmark that a user moves back two days makes the run emit those days again."""
    with Simulator(WORLD) as sim:
        state = steady(sim)
        details = state["bookmarks"][DETAILS]
        start = parse(details["replication_key_value"]) - 2 * DAY
        edited = deepcopy(state)
        edited["bookmarks"][DETAILS]["replication_key_value"] = iso(start)
        output = later(sim, 4, edited)
        numbers = WORLD.numbers(start, parse(details["replication_key_value"]))
    assert {*output.ids()} >= {*map(WORLD.conversation_id, numbers)}


def test_an_earlier_start_brings_what_still_goes_on() -> None:
    """An earlier `start_date` emits open conversations that began before the first one."""
    orphans = [n for n in WORLD.numbers(SINCE, SINCE + 5 * DAY) if WORLD.is_orphan(n)]
    ids = {*map(WORLD.conversation_id, orphans)}
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, start_date=iso(SINCE + 5 * DAY))
        assert not ids & {*first.ids()}
        second = later(sim, 48, first.state)
    assert ids <= {*second.ids()}


def test_a_state_that_was_taken_over_leaves_nothing_out() -> None:
    """A state that orchestration took over leaves out no row.

    It has no fingerprint, as its days were read at different watermarks.
    """
    with Simulator(WORLD) as sim:
        state = takeover({SINCE: steady(sim)}, [DETAILS])
        assert not {"fingerprint", "emittedThrough"} & state["bookmarks"][DETAILS].keys()
        output = later(sim, 4, state)
        everything = later(sim, 4, state, emit_unchanged=True)
    assert output.ids() == everything.ids()


@pytest.mark.parametrize(
    ("options", "leaves_out"),
    [
        ({}, True),
        ({"recheck_days": []}, False),
        ({"lookback_days": 1}, False),
        ({"lookback_days": 0.5}, False),
    ],
    ids=str,
)
def test_by_query_the_look_back_leaves_out_unless_it_is_all_there_is(
    options: dict[str, Any], *, leaves_out: bool
) -> None:
    """The look-back leaves out unchanged rows, unless it is configured or replaces re-checks."""
    by_query = {"conversation_details_source": "query", **options}
    with Simulator(WORLD) as sim:
        state = steady(sim, **by_query)
        output = later(sim, 4, state, **by_query)
        everything = later(sim, 4, state, **by_query, emit_unchanged=True)
    if leaves_out:
        assert 2 * len(output.ids()) < len(everything.ids())
    else:
        assert output.ids() == everything.ids()


def test_a_full_table_has_all_rows() -> None:
    """With FULL_TABLE rows of earlier runs are emitted again."""
    output = Output()
    with Simulator(WORLD) as sim:
        state = steady(sim)
        everything = later(sim, 4, {})
        full = tap(sim, DETAILS, state=state, output=output, **OPTIONS)
        full.streams[DETAILS].forced_replication_method = "FULL_TABLE"
        full.sync_or_leave()
    assert {*output.ids()} == {*everything.ids()}


def test_emit_unchanged_reads_and_emits_all_that_jobs_lack() -> None:
    """With `emit_unchanged` a run emits all since the watermark, as for a restored warehouse."""
    with Simulator(WORLD) as sim:
        state = steady(sim)
        restored = later(sim, 4, state, emit_unchanged=True)
        numbers = sim.world.numbers(sim.world.watermark, sim.world.now)
        assert {*restored.ids()} >= {*map(WORLD.conversation_id, numbers)}


class WorldWithCases(World):
    """Org whose participants have an attribute that begins like a date."""

    def in_lake(self, number: int, moment: datetime | None = None) -> dict[str, Any]:
        """Return a conversation with such attributes."""
        conversation = super().in_lake(number, moment)
        day = iso(self.now)[:10]
        for participant in conversation["participants"]:
            participant["attributes"] = {"case": f"{day}T-CASE-4711-XYZ", "due": f"{day}T24:00:00Z"}
        return conversation


def test_an_attribute_that_only_looks_like_a_date_stops_no_run() -> None:
    """An attribute that only looks like a date stops no run."""
    world = WorldWithCases(
        seed=8, per_day=40, since=SINCE, now=EVENING, lag=2 * HOUR, orphans=3, endless=9
    )
    state: dict[str, Any] = {}
    with Simulator(world) as sim:
        for hour in range(6):
            sim.world = world.at(EVENING + hour * HOUR)
            output = run(sim, DETAILS, state=state, **OPTIONS)
            state = output.state
    assert [row for row in output.records(DETAILS) if row["_source"] == "job"]


def test_an_accepted_hole_does_not_count_as_emitted() -> None:
    """After an accepted hole the marks stay, so that the next run emits the missing rows."""
    with Simulator(WORLD) as sim:
        state = steady(sim, page_size=1)
        sim.faults.add(Fault("empty", path="/details/query", page=2, times=4))
        output = later(sim, 4, state, page_size=1, incomplete_windows="accept")
        marks = state["bookmarks"][DETAILS]["emittedThrough"]
        assert output.state["bookmarks"][DETAILS]["emittedThrough"] == marks
