"""Details of users, page by page, end to end: all entries, few requests, no needless waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import Output, run, tap
from support.user_spans import span_of

from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator, World, agents
from tap_genesys.simulator.record import stamp
from tap_genesys.streams.presence import UserPresences

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_genesys.simulator.agents import Entry

SINCE = datetime(2026, 3, 2, tzinfo=UTC)
WORLD = World(seed=4, per_day=1, since=SINCE, now=SINCE + DAY, lag=timedelta(hours=4))
STREAM, PATH = "user_routing_statuses", UserPresences.path
OPTIONS: dict[str, Any] = {"start_date": iso(SINCE), "user_details_source": "query"}


def entry(number: int, users: int = 30, start: datetime = SINCE) -> Entry:
    """Return one of a day's entries, in the order of time; users take turns."""
    begun = start + number * timedelta(seconds=30)
    dates = {"startTime": stamp(begun), "endTime": stamp(begun + timedelta(seconds=20))}
    return f"user-{number % users}", "routingStatus", {"routingStatus": "IDLE", **dates}


def serve(
    patch: pytest.MonkeyPatch, entries_of: Callable[[datetime, datetime], list[Entry]]
) -> None:
    """Let queries find these entries of an interval."""
    patch.setattr(agents, "stored", lambda _world, start, end, _known: entries_of(start, end))


def starts(entries: list[Entry]) -> set[tuple[str, str]]:
    """Return user and start of each entry."""
    return {(user, span["startTime"]) for user, _field, span in entries}


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """Thirty users with 1,800 entries on a day."""
    entries = [entry(number) for number in range(1800)]
    serve(monkeypatch, lambda _start, _end: entries)
    return entries


@pytest.mark.parametrize(("parallel", "most"), [(1, 19), (4, 23)])
def test_requests_are_as_many_as_pages_and_one(day: list[Entry], parallel: int, most: int) -> None:
    with Simulator(WORLD) as sim:
        output = run(sim, STREAM, max_parallel_requests=parallel, **OPTIONS)
        queried = [one for one in sim.requests if one.path == PATH]
    assert {span_of(row) for row in output.records(STREAM)} == starts(day)
    assert len(queried) <= most


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_page_that_is_empty_once_leaves_nothing_out(day: list[Entry], parallel: int) -> None:
    output = Output()
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("empty", path=PATH, page=3))
        made = tap(sim, STREAM, output=output, max_parallel_requests=parallel, **OPTIONS)
        made.sync_or_leave()
    assert {span_of(row) for row in output.records(STREAM)} == starts(day)
    assert output.bookmark("user_presences") is not None


@pytest.mark.parametrize("policy", ["fail", "accept"])
def test_a_page_that_stays_empty_is_a_hole_and_stops_the_bookmark(
    day: list[Entry], policy: str
) -> None:
    output, options = Output(), {**OPTIONS, "incomplete_windows": policy}
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("empty", path=PATH, page=3, times=None))
        made = tap(sim, STREAM, output=output, **options)
        if policy == "accept":
            made.sync_or_leave()
        else:
            with pytest.raises(StopRun, match="page 3 stayed empty: expected about 1,800 entries"):
                made.sync_or_leave()
        bodies = [one.body or {} for one in sim.requests if one.path == PATH]
        queried = [body["paging"]["pageNumber"] for body in bodies]
    assert {span_of(row) for row in output.records(STREAM)} == starts(day[:200] + day[300:])
    assert (output.bookmark("user_presences") is not None) == (policy == "accept")
    assert queried == [1, 2, 3, 3, 3, 3, *range(4, 20)]


@pytest.mark.usefixtures("day")
def test_a_hole_is_read_again_by_the_next_query_of_auto_too() -> None:
    """Its bookmark is the jobs', so it is not that which says where the query begins.

    It begins half an hour before all that was read, for what has become visible since.
    """
    output, options = Output(), {**OPTIONS, "user_details_source": "auto"}
    with Simulator(WORLD.at(WORLD.now + 10 * timedelta(hours=1), timedelta(hours=20))) as sim:
        sim.faults.add(Fault("empty", path=PATH, page=3, times=4))
        with pytest.raises(StopRun, match="page 3 stayed empty"):
            tap(sim, STREAM, output=output, **options).sync_or_leave()
        sim.requests.clear()
        sim.world = sim.world.at(sim.world.now + timedelta(hours=1))
        run(sim, STREAM, state=output.state, **options)
        intervals = [(one.body or {})["interval"] for one in sim.requests if one.path == PATH]
    begun = SINCE + timedelta(hours=13.5) - timedelta(milliseconds=1)
    assert intervals[0].partition("/")[0] == iso(begun)


def test_what_arrives_while_one_pages_takes_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry comes before all others with each request: what moves on comes twice."""
    held = [entry(number) for number in range(300, 700)]
    first = list(held)

    def grow(_start: datetime, _end: datetime) -> list[Entry]:
        held.insert(0, entry(300 - len(held) + 399))
        return list(held)

    serve(monkeypatch, grow)
    with Simulator(WORLD) as sim:
        output = run(sim, STREAM, **OPTIONS)
    assert starts(first) <= {span_of(row) for row in output.records(STREAM)}
    assert len(output.records(STREAM)) > len(first)


def test_what_a_withdrawal_shifts_out_of_a_run_comes_with_the_look_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While one pages, some of the first entries go, and others come: over three runs.

    The look-back is configured: by default it emits what goes on, and what ended within the hour.
    """
    held = {number: entry(number) for number in range(900)}
    calls = 0

    def change(_start: datetime, _end: datetime) -> list[Entry]:
        nonlocal calls
        calls += 1
        if calls % 2 == 0 and calls < 16:
            held.pop(min(held))
            held[900 + calls] = entry(900 + calls)
        return [held[number] for number in sorted(held)]

    serve(monkeypatch, change)
    found: set[tuple[str, str]] = set()
    state: dict[str, Any] = {}
    missed = []
    with Simulator(WORLD) as sim:
        for hour in range(3):
            sim.world = WORLD.at(WORLD.now + timedelta(minutes=10 * hour))
            output = run(sim, STREAM, state=state, lookback_days=1, **OPTIONS)
            state = output.state
            found |= {span_of(row) for row in output.records(STREAM)}
            missed.append(len(starts([*held.values()]) - found))
    assert missed[0] > 0
    assert missed[-1] == 0
