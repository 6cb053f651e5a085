"""The law: no row becomes older, each is re-read when it is due, and all end as the truth.

A month is loaded, then six weeks pass with runs at any distance: the watermark lags, runs are
killed, rows arrive during paging, and conversations change long after they have ended.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import example, given
from hypothesis import strategies as st
from support.direct import without_sockets
from support.harness import Output, last_state, tap
from support.run_schedules import Stretch, schedules, searching
from support.warehouse import Warehouse

from tap_genesys.replication.windows import DAY, floor, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.habits import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

DETAILS = "conversation_details"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = SINCE + 30 * DAY
END = MONTH + 42 * DAY
RECHECK_DAYS = [1, 3, 7, 30]
INDEXING = timedelta(minutes=10)
WORLD = World(
    seed=21,
    per_day=4,
    since=SINCE,
    now=MONTH,
    until=END,
    indexing=INDEXING,
    late_share=0.05,
    late_events=True,
    undated=5,
    reopening_segment=True,
    endless=11,
    orphans=3,
    ahead=True,
)
CONFIG: dict[str, Any] = {
    "start_date": iso(SINCE),
    "recheck_days": RECHECK_DAYS,
    "page_size": 3,
    "empty_page_max_tries": 1,
}


#: The vendor does not document which bounds an interval includes, for queries or for jobs.
HABITS = st.fixed_dictionaries(
    {
        "interval_reading": st.sampled_from(WORDS["interval_reading"]),
        "interval_bounds": st.sampled_from(WORDS["interval_bounds"]),
        "job_interval_bounds": st.sampled_from(WORDS["job_interval_bounds"]),
    }
)
USUAL = {name: words[0] for name, words in WORDS.items() if name.startswith(("interval", "job"))}
#: The step of the lake's watermark, and the delay of late-arriving conversations.
STEPS = st.sampled_from([timedelta(0), timedelta(minutes=20), 6 * HOUR])
LATE = st.sampled_from([timedelta(0), 12 * HOUR])
#: The last run, which reads all that is left, by job and by query.
LAST = Stretch(timedelta(0), 1, timedelta(0), None, "auto")
DISTANCES = [HOUR, DAY, 5 * HOUR, 50 * HOUR, 9 * DAY]
LAGS = [timedelta(0), 2 * HOUR, 7 * HOUR, 24 * HOUR, 30 * HOUR, 80 * HOUR]
WINDOW_DAYS = st.sampled_from([0.5, 1, 5])
EACH_REQUEST = st.sampled_from([timedelta(0), timedelta(seconds=45), timedelta(minutes=9)])
PARALLEL = st.sampled_from([1, 4])
#: How far the tap's clock is ahead.
SKEW = st.sampled_from([timedelta(0), timedelta(minutes=10), timedelta(minutes=-10)])
#: Mostly hourly runs, so that narrow passes follow each other.
HOURLY = schedules([HOUR, HOUR, 2 * HOUR, DAY], LAGS, ["auto"], most_runs=30, stretches=(2, 5))


@searching
@example(
    [
        Stretch(9 * DAY, 3, 7 * HOUR, 0.028528507638890817, "job"),
        Stretch(HOUR, 5, 30 * HOUR, 0.6346512484423646, "auto"),
        Stretch(9 * DAY, 5, 30 * HOUR, None, "auto"),
    ],
    0.5,
    timedelta(0),
    1,
    timedelta(0),
    timedelta(0),
    timedelta(0),
    USUAL,
)
@example(
    [
        Stretch(DAY, 1, timedelta(0), 0.9023271210965016, "job"),
        Stretch(DAY, 1, timedelta(0), 0.9023271210965016, "auto"),
        Stretch(DAY, 1, timedelta(0), 0.9023271210965016, "job"),
    ],
    5,
    timedelta(0),
    4,
    timedelta(0),
    timedelta(0),
    timedelta(0),
    USUAL,
)
@given(
    schedules(DISTANCES, LAGS, ["auto", "auto", "job"], most_runs=5, stretches=(3, 10)) | HOURLY,
    WINDOW_DAYS,
    EACH_REQUEST,
    PARALLEL,
    STEPS,
    LATE,
    SKEW,
    HABITS,
)
def test_any_schedule_ends_with_the_truth_and_never_steps_back(
    stretches: list[Stretch],
    window_days: float,
    each_request: timedelta,
    parallel: int,
    step: timedelta,
    late: timedelta,
    skew: timedelta,
    habits: dict[str, Any],
) -> None:
    """Each whole run brings all that is visible, and the last one the truth. No row becomes older.

    None by query replaces one by job.
    """
    warehouse = Warehouse(SINCE, keeps_attributes=True)
    first = replace(WORLD, step=step, late=late)
    with Simulator(first, **habits) as sim, without_sockets(sim):
        sim.each_request = each_request
        state: dict[str, Any] = {}
        options = {"window_days": window_days, "max_parallel_requests": parallel}
        for stretch, world, cut in runs_of(stretches, sim, first):
            before = state
            state = one_run(sim, world, state, warehouse, stretch, cut, skew, **options)
            if cut is None:
                present = world.now + min(skew, timedelta(0))
                complete = present - INDEXING if stretch.source == "auto" else None
                hold_to_what_is_due(warehouse, before, state, world, complete, habits)
                if stretch.source == "auto":
                    hold_to_what_queries_bring(warehouse, before, state, world, skew)
        sim.each_request = timedelta(0)
        # The last mail is closed 90 days after it began, and the last re-check is 30 days later.
        last = first.at(END + 130 * DAY, 6 * HOUR)
        one_run(sim, last, state, warehouse, LAST, None, skew, window_days=31)
    assert warehouse.rows == warehouse.truth(last)


@searching
@given(
    schedules(DISTANCES, LAGS, ["auto", "job", "query"], most_runs=3, stretches=(3, 8)),
    WINDOW_DAYS,
    EACH_REQUEST,
    PARALLEL,
    STEPS,
    HABITS,
)
def test_no_change_of_the_source_steps_back(
    stretches: list[Stretch],
    window_days: float,
    each_request: timedelta,
    parallel: int,
    step: timedelta,
    habits: dict[str, Any],
) -> None:
    """No row becomes older when the source changes between runs.

    Rows by query lack attributes, so the end is not the whole truth.
    """
    warehouse = Warehouse(SINCE)
    first = replace(WORLD, step=step)
    with Simulator(first, **habits) as sim, without_sockets(sim):
        sim.each_request = each_request
        state: dict[str, Any] = {}
        options = {"window_days": window_days, "max_parallel_requests": parallel}
        for stretch, world, cut in runs_of(stretches, sim, first):
            state = one_run(sim, world, state, warehouse, stretch, cut, timedelta(0), **options)


def runs_of(
    stretches: list[Stretch], sim: Simulator, world: World
) -> Iterator[tuple[Stretch, World, float | None]]:
    """Yield each run of a schedule.

    The world at its begin, and the share of messages before its kill.
    """
    first = world
    for stretch in stretches:
        for number in range(stretch.runs):
            world = first.at(max(sim.world.now, world.now + stretch.distance), stretch.lag)
            if world.now > END:
                break
            yield stretch, world, stretch.cut if number == stretch.runs - 1 else None


def one_run(
    sim: Simulator,
    world: World,
    state: dict[str, Any],
    warehouse: Warehouse,
    stretch: Stretch,
    cut: float | None,
    skew: timedelta,
    **options: Any,
) -> dict[str, Any]:
    """Run once, up to a kill; load the messages, and return the state for the next run."""
    sim.world = world
    before = len(sim.requests)
    output = Output()
    options["conversation_details_source"] = stretch.source
    genesys_tap = tap(sim, DETAILS, state=state, output=output, **{**CONFIG, **options})
    genesys_tap.started += skew
    genesys_tap.now = lambda: sim.world.now + skew
    genesys_tap.sync_or_leave()
    messages = output.messages
    if cut is not None:
        messages = messages[: int(len(messages) * cut)]
    requests = len(sim.requests) - before
    warehouse.load(messages, world, each_request=sim.each_request, requests=requests, skew=skew)
    state = last_state(messages) or state
    assert len(json.dumps(state)) < 4000
    return state


def hold_to_what_is_due(
    warehouse: Warehouse,
    before: dict[str, Any],
    state: dict[str, Any],
    world: World,
    complete: datetime | None,
    habits: dict[str, Any],
) -> None:
    """Assert after a whole run that all rows are there, and none is older than its last due read.

    Args: warehouse: The loaded rows. before: The state at the begin of the run. state: The state at
    its end. world: The world at its begin. complete: The time up to which all conversations have
    arrived; None for the bookmark. habits: The vendor's reading of intervals.
    """
    bookmark = moment_of(state, "replication_key_value")
    # After the watermark moves back, no job is submitted until it has caught up.
    reads_jobs = world.watermark >= moment_of(before, "watermark")
    for number in world.numbers(SINCE, complete or bookmark):
        start, end = world.start_of(number), world.end_of(number)
        midnight = floor(start, DAY) + DAY
        due = [midnight + age * DAY for age in RECHECK_DAYS if midnight <= bookmark and reads_jobs]
        due = [moment for moment in due if moment <= world.watermark]
        # A late-arriving conversation comes when its day is read again.
        is_prompt = not world.latest_delay(number)
        # An instant at the bound of an interval is in no query, where intervals overlap and exclude
        # their bounds: a job brings it.
        is_found = start < bookmark or end > start or not no_query_finds_an_instant(habits)
        if is_prompt and start < bookmark and end <= bookmark:
            due.append(end)
        key = world.conversation_id(number)
        assert key in warehouse.moments or not (due or (is_prompt and is_found))
        for moment in due:
            read_at = warehouse.moments[key]
            assert read_at >= moment or world.in_lake(number, read_at) == world.in_lake(
                number, moment
            )


def hold_to_what_queries_bring(
    warehouse: Warehouse,
    before: dict[str, Any],
    state: dict[str, Any],
    world: World,
    skew: timedelta,
) -> None:
    """Assert after a run by `auto` the freshness of docs/freshness.md for what jobs lack.

    Conversations that started today, or in the run's full pass, are as they are now; those of an
    earlier day that jobs cannot read yet, and that continue, are as of that day's last tail query.
    """
    earlier, mark = (
        {name: moment - skew for name, moment in marks_of_queries(value).items()}
        for value in (before, state)
    )
    assert mark["at"] > earlier.get("at", SINCE)
    # Where a full pass was not due, the narrow one began here.
    since = min(earlier["at"] - 2 * HOUR, earlier["until"]) if earlier else SINCE
    present = world.now + min(skew, timedelta(0))
    bookmark = moment_of(state, "replication_key_value")
    for number in world.numbers(bookmark, present - INDEXING):
        start, end = world.start_of(number), world.conversation(number).get("conversationEnd")
        over = datetime.fromisoformat(end) if end else None
        midnight = floor(start, DAY) + DAY
        if world.latest_delay(number) or over == start:
            continue
        is_narrow, since_full = mark["fullAt"] != mark["at"], start >= mark["fullFrom"] + skew
        if since_full and not is_narrow:
            due = present
        elif since_full and (
            start >= floor(world.now + skew, DAY) or since + skew <= midnight - MINUTE
        ):
            due = min(present, over + HOUR) if over else present
        elif (
            midnight > world.watermark
            and start >= mark["tailsFrom"] + skew
            and (over is None or over >= midnight)
        ):
            assert mark["at"] - mark["tailsAt"] < timedelta(minutes=90)
            due = min(present, mark["tailsAt"])
        else:
            continue
        read_at = warehouse.moments[world.conversation_id(number)]
        if read_at < due and not any(
            read_at < moment <= due for moment in world.changed_at(number)
        ):
            assert world.at(read_at).conversation(number) == world.at(due).conversation(number)


def no_query_finds_an_instant(habits: dict[str, Any]) -> bool:
    return habits["interval_reading"] == "overlap" and str(habits["interval_bounds"])[0] == "("


def marks_of_queries(state: dict[str, Any]) -> dict[str, datetime]:
    """Return the marks of emitted rows by query in the stream's state."""
    marks = state.get("bookmarks", {}).get(DETAILS, {}).get("emittedThrough") or [[], []]
    names = ("until", "at", "fullFrom", "fullAt", "tailsFrom", "tailsAt")
    return dict(zip(names, map(datetime.fromisoformat, marks[1]), strict=False))


def moment_of(state: dict[str, Any], name: str) -> datetime:
    """Return a time of the stream's state, or the begin of the org where it has none."""
    value = state.get("bookmarks", {}).get(DETAILS, {}).get(name)
    return datetime.fromisoformat(value) if value else SINCE
