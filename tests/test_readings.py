"""The laws hold for each reading of the vendor's words about intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from support.harness import run, tap

from tap_genesys.replication.plan import Read
from tap_genesys.replication.windows import DAY, Window, iso, split
from tap_genesys.simulator import Simulator, World

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 4, 17, 45, tzinfo=UTC)
WORLD = World(seed=9, per_day=40, since=SINCE, now=NOW, step=timedelta(0))
READINGS = ("touched-days", "overlap")
BOUNDS = ("[)", "[]", "(]", "()")


def at_a_bound(row: dict[str, str], window_days: float) -> bool:
    """Return whether a conversation is an instant at the start of a window."""
    windows = split(SINCE, NOW, timedelta(days=window_days))
    bounds = {iso(window.start) for window in windows}
    return row["conversationStart"] == row.get("conversationEnd") in bounds


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("window_days", [0.25, 1, 2])
def test_each_conversation_is_emitted_once(reading: str, bounds: str, window_days: float) -> None:
    """Exactly the conversations that started in the range are emitted, once.

    One combination misses some: an interval that overlaps and includes neither bound. Then no query
    that tiles a day returns a conversation that begins and ends in the very millisecond of a bound,
    and the assertion names exactly those as missing.
    """
    habits: dict[str, Any] = {"interval_reading": reading, "interval_bounds": bounds}
    with Simulator(WORLD, **habits) as sim:
        output = run(sim, DETAILS, start_date=iso(SINCE), window_days=window_days)
    expected = [
        row["conversationId"]
        for row in WORLD.conversations(SINCE, NOW)
        if not (reading == "overlap" and bounds == "()" and at_a_bound(row, window_days))
        and not (reading == "overlap" and bounds[0] == "(" and _opens_the_span(row))
    ]
    assert sorted(output.ids()) == sorted(expected)
    assert len(expected) >= WORLD.count(SINCE, NOW) - 4 / min(window_days, 1)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("bounds", BOUNDS)
def test_two_runs_read_what_one_run_reads(reading: str, bounds: str) -> None:
    """Two runs emit the conversations of one run, whatever the reading."""
    habits: dict[str, Any] = {"interval_reading": reading, "interval_bounds": bounds}
    with Simulator(WORLD.at(NOW - timedelta(days=1)), **habits) as sim:
        first = run(sim, DETAILS, start_date=iso(SINCE))
    with Simulator(WORLD, **habits) as sim:
        second = run(sim, DETAILS, start_date=iso(SINCE), state=first.state)
        once = run(sim, DETAILS, start_date=iso(SINCE))
    assert set(first.ids()) | set(second.ids()) == set(once.ids())


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("source", ["job", "auto"])
@pytest.mark.parametrize("window_days", [0.25, 1, 31])
def test_jobs_return_each_conversation_whatever_bounds_they_have(
    reading: str, bounds: str, source: str, window_days: float
) -> None:
    """Jobs emit each conversation once in a run; the next run reads those at its end."""
    habits: dict[str, Any] = {"interval_reading": reading, "job_interval_bounds": bounds}
    options: dict[str, Any] = {"conversation_details_source": source, "window_days": window_days}
    ids: list[str] = []
    state: dict[str, Any] = {}
    for now in (NOW - timedelta(hours=17, minutes=45), NOW):
        with Simulator(WORLD.at(now, timedelta(0)), **habits) as sim:
            output = run(sim, DETAILS, start_date=iso(SINCE), state=state, **options)
        by_job = [row for row in output.records(DETAILS) if row["_source"] == "job"]
        assert len({row["conversationId"] for row in by_job}) == len(by_job)
        state, ids = output.state, [*ids, *output.ids()]
    assert set(ids) == {row["conversationId"] for row in WORLD.conversations(SINCE, NOW)}


def test_the_world_holds_the_hard_case() -> None:
    """The org has instants exactly at midnight, without which the tests above prove nothing."""
    hard = [row for row in WORLD.conversations(SINCE, NOW) if at_a_bound(row, 1)]
    assert len(hard) >= 2


def _opens_the_span(row: dict[str, str]) -> bool:
    """Return whether a conversation is an instant at the start of the range."""
    return row["conversationStart"] == row.get("conversationEnd") == iso(SINCE)


@pytest.mark.parametrize(("start", "emitted"), [(DAY, ["c"]), (DAY / 2, []), (2 * DAY, [])])
def test_a_row_at_the_end_of_a_window_belongs_to_the_one_that_begins_there(
    start: timedelta, emitted: list[str]
) -> None:
    """A row at the end of a window is held for the window that begins there, and for no other.

    The copy that was read may be outdated.
    """
    unreachable: Any = SimpleNamespace(url="https://api.example.test", world=WORLD)
    stream: Any = tap(unreachable, DETAILS).streams[DETAILS]
    nothing = Window(SINCE, SINCE)
    stream.plan = SimpleNamespace(ended_in=nothing, has_emitted=lambda *_: False)
    stream._owed, stream._at_end, stream._in_read = {}, {}, set()
    stream.window = Window(SINCE, SINCE + DAY)
    stream.present = Read(stream.window, "query", "fresh")
    assert not stream.keeps({"conversationId": "c", "conversationStart": iso(SINCE + DAY)})
    stream.window = Window(SINCE + start, SINCE + 3 * DAY)
    takes = Window(SINCE, SINCE + 3 * DAY)
    stream.present = Read(stream.window, "query", "fresh", starts=takes)
    stream.begin_window()
    assert [row["conversationId"] for row in stream.rest_of_window()] == emitted
