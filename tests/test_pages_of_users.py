"""Paging of user details, end to end: all entries, few requests, no needless waits."""

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
    """Return an entry of a day by its number, in the order of time; users take turns."""
    begun = start + number * timedelta(seconds=30)
    dates = {"startTime": stamp(begun), "endTime": stamp(begun + timedelta(seconds=20))}
    return f"user-{number % users}", "routingStatus", {"routingStatus": "IDLE", **dates}


def serve(
    patch: pytest.MonkeyPatch, entries_of: Callable[[datetime, datetime], list[Entry]]
) -> None:
    """Patch the simulator so that queries return these entries of an interval."""
    patch.setattr(agents, "stored", lambda _world, start, end, *_habits: entries_of(start, end))


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
    """All entries come with one request per page, and a last one; prefetching adds four at most."""
    with Simulator(WORLD) as sim:
        output = run(sim, STREAM, max_parallel_requests=parallel, **OPTIONS)
        queried = [request for request in sim.requests if request.path == PATH]
    assert {span_of(row) for row in output.records(STREAM)} == starts(day)
    assert len(queried) <= most


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_page_that_is_empty_once_leaves_nothing_out(day: list[Entry], parallel: int) -> None:
    """A page that is empty once is requested again, and the bookmark moves."""
    output = Output()
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("empty", path=PATH, page=3))
        genesys_tap = tap(sim, STREAM, output=output, max_parallel_requests=parallel, **OPTIONS)
        genesys_tap.sync_or_leave()
    assert {span_of(row) for row in output.records(STREAM)} == starts(day)
    assert output.bookmark("user_presences") is not None


@pytest.mark.parametrize("policy", ["fail", "accept"])
def test_a_page_that_stays_empty_is_a_hole_and_stops_the_bookmark(
    day: list[Entry], policy: str
) -> None:
    """A page that stays empty is a hole.

    The other pages are emitted, and the bookmark stays, unless holes are accepted.
    """
    output, options = Output(), {**OPTIONS, "incomplete_windows": policy}
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("empty", path=PATH, page=3, times=None))
        genesys_tap = tap(sim, STREAM, output=output, **options)
        if policy == "accept":
            genesys_tap.sync_or_leave()
        else:
            with pytest.raises(StopRun, match="page 3 stayed empty: expected about 1,800 entries"):
                genesys_tap.sync_or_leave()
        bodies = [request.body or {} for request in sim.requests if request.path == PATH]
        queried = [body["paging"]["pageNumber"] for body in bodies]
    assert {span_of(row) for row in output.records(STREAM)} == starts(day[:200] + day[300:])
    assert (output.bookmark("user_presences") is not None) == (policy == "accept")
    assert queried == [1, 2, 3, 3, 3, 3, *range(4, 20)]


@pytest.mark.usefixtures("day")
def test_a_hole_is_read_again_by_the_next_query_of_auto_too() -> None:
    """With `auto`, where the bookmark is that of jobs, the next query covers the hole.

    It begins half an hour before all that was read, for late-arriving entries.
    """
    output, options = Output(), {**OPTIONS, "user_details_source": "auto"}
    with Simulator(WORLD.at(WORLD.now + 10 * timedelta(hours=1), timedelta(hours=20))) as sim:
        sim.faults.add(Fault("empty", path=PATH, page=3, times=4))
        with pytest.raises(StopRun, match="page 3 stayed empty"):
            tap(sim, STREAM, output=output, **options).sync_or_leave()
        sim.requests.clear()
        sim.world = sim.world.at(sim.world.now + timedelta(hours=1))
        run(sim, STREAM, state=output.state, **options)
        intervals = [
            (request.body or {})["interval"] for request in sim.requests if request.path == PATH
        ]
    begun = SINCE + timedelta(hours=13.5) - timedelta(milliseconds=1)
    assert intervals[0].partition("/")[0] == iso(begun)


def test_what_arrives_while_one_pages_takes_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that arrive during paging shift others to the next page.

    Those come twice, none is lost.
    """
    entries = [entry(number) for number in range(300, 700)]
    first = list(entries)

    def grow(_start: datetime, _end: datetime) -> list[Entry]:
        entries.insert(0, entry(300 - len(entries) + 399))
        return list(entries)

    serve(monkeypatch, grow)
    with Simulator(WORLD) as sim:
        output = run(sim, STREAM, **OPTIONS)
    assert starts(first) <= {span_of(row) for row in output.records(STREAM)}
    assert len(output.records(STREAM)) > len(first)


def test_what_a_withdrawal_shifts_out_of_a_run_comes_with_the_look_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The look-back of a later run brings an entry that paging misses as others are withdrawn.

    The look-back is configured: by default it emits what goes on, and what ended within the hour.
    """
    entries = {number: entry(number) for number in range(900)}
    calls = 0

    def change(_start: datetime, _end: datetime) -> list[Entry]:
        nonlocal calls
        calls += 1
        if calls % 2 == 0 and calls < 16:
            entries.pop(min(entries))
            entries[900 + calls] = entry(900 + calls)
        return [entries[number] for number in sorted(entries)]

    serve(monkeypatch, change)
    emitted: set[tuple[str, str]] = set()
    state: dict[str, Any] = {}
    missed = []
    with Simulator(WORLD) as sim:
        for hour in range(3):
            sim.world = WORLD.at(WORLD.now + timedelta(minutes=10 * hour))
            output = run(sim, STREAM, state=state, lookback_days=1, **OPTIONS)
            state = output.state
            emitted |= {span_of(row) for row in output.records(STREAM)}
            missed.append(len(starts([*entries.values()]) - emitted))
    assert missed[0] > 0
    assert missed[-1] == 0
