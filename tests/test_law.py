"""The law: no row ever becomes older, each is read again when it is due, and all end as the truth.

A month is loaded, six weeks pass with runs at any distance, the lake lags, runs are killed, rows
arrive while pages are read, and conversations change long after they have ended.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from harness import Output, last_state, tap
from hypothesis import example, given
from hypothesis import strategies as st
from schedules import Stretch, schedules, searching
from warehouse import Warehouse

from tap_genesys.simulator import Simulator, World
from tap_genesys.windows import DAY, floor, iso

DETAILS = "conversation_details"
HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = SINCE + 30 * DAY
END = MONTH + 42 * DAY
RUNGS = [1, 3, 7, 30]
INDEXING = timedelta(minutes=10)
WORLD = World(seed=21, per_day=4, since=SINCE, now=MONTH, until=END, indexing=INDEXING)
CONFIG: dict[str, Any] = {
    "start_date": iso(SINCE),
    "recheck_days": RUNGS,
    "page_size": 3,
    "empty_page_max_tries": 1,
}


@searching
@example(
    [
        Stretch(9 * DAY, 3, 7 * HOUR, 0.028528507638890817, "jobs"),
        Stretch(HOUR, 5, 30 * HOUR, 0.6346512484423646, "auto"),
        Stretch(9 * DAY, 5, 30 * HOUR, None, "auto"),
    ],
    0.5,
    timedelta(0),
    1,
)
@example(
    [
        Stretch(DAY, 1, timedelta(0), 0.9023271210965016, "jobs"),
        Stretch(DAY, 1, timedelta(0), 0.9023271210965016, "auto"),
        Stretch(DAY, 1, timedelta(0), 0.9023271210965016, "jobs"),
    ],
    5,
    timedelta(0),
    4,
)
@given(
    schedules(
        [HOUR, DAY, 5 * HOUR, 50 * HOUR, 9 * DAY],
        [timedelta(0), 2 * HOUR, 7 * HOUR, 30 * HOUR],
        ["auto", "auto", "jobs"],
        most_runs=5,
        stretches=(3, 10),
    ),
    st.sampled_from([0.5, 1, 5]),
    st.sampled_from([timedelta(0), timedelta(seconds=45)]),
    st.sampled_from([1, 4]),
)
def test_any_schedule_ends_with_the_truth_and_never_steps_back(
    stretches: list[Stretch], window_days: float, each_request: timedelta, parallel: int
) -> None:
    warehouse = Warehouse(SINCE)
    state: dict[str, Any] = {}
    world = WORLD
    with Simulator(world) as sim:
        sim.each_request = each_request
        for stretch in stretches:
            for number in range(stretch.runs):
                world = WORLD.at(max(sim.world.now, world.now + stretch.distance), stretch.lag)
                if world.now > END:
                    break
                cut = stretch.cut if number == stretch.runs - 1 else None
                state = one_run(
                    sim,
                    world,
                    state,
                    warehouse,
                    cut=cut,
                    window_days=window_days,
                    max_parallel_requests=parallel,
                    conversation_details_source=stretch.source,
                )
                if cut is None:
                    hold_to_what_is_due(warehouse, state, world, stretch.source)
        sim.each_request = timedelta(0)
        # The last mail is closed 90 days after it began, and the last rung is 30 days later.
        last = WORLD.at(END + 130 * DAY, 6 * HOUR)
        one_run(sim, last, state, warehouse, window_days=31, conversation_details_source="auto")
    assert warehouse.rows == warehouse.truth(last)


def one_run(
    sim: Simulator,
    world: World,
    state: dict[str, Any],
    warehouse: Warehouse,
    *,
    cut: float | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Run once, up to a kill; load what came, and return the state that a later run finds."""
    sim.world = world
    before = len(sim.requests)
    output = Output()
    tap(sim, DETAILS, state=state, output=output, **{**CONFIG, **options}).sync_or_leave()
    messages = output.messages
    if cut is not None:
        messages = messages[: int(len(messages) * cut)]
    requests = len(sim.requests) - before
    warehouse.load(messages, world, each_request=sim.each_request, requests=requests)
    state = last_state(messages) or state
    assert len(json.dumps(state)) < 4000
    return state


def hold_to_what_is_due(
    warehouse: Warehouse, state: dict[str, Any], world: World, source: str
) -> None:
    """After a run that was not killed: all is there, and no row is older than its last due read."""
    details = state["bookmarks"][DETAILS]
    bookmark, truth = (
        datetime.fromisoformat(details[name]) for name in ("replication_key_value", "watermark")
    )
    complete = world.now - INDEXING if source == "auto" else bookmark
    for number in world.numbers(SINCE, complete):
        key = world.conversation_id(number)
        assert key in warehouse.known
        due = [world.end_of(number)] if world.end_of(number) <= bookmark else []
        midnight = floor(world.start_of(number), DAY) + DAY
        # A lake that knows less than it did is not read again until it knows more.
        if midnight <= bookmark and truth <= world.watermark:
            rungs = (midnight + rung * DAY for rung in RUNGS)
            due += [rung for rung in rungs if rung <= truth]
        for moment in due:
            known = warehouse.known[key]
            assert known >= moment or world.in_lake(number, known) == world.in_lake(number, moment)
