"""All rows before the bookmark are written: a run can be cut at any line and resumed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.harness import Output, last_state, run, tap

from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World

DETAILS = "conversation_details"
SUMMARIES = "conversation_summaries"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
WORLD = World(seed=11, per_day=12, since=SINCE, now=NOW)
START: dict[str, Any] = {"start_date": iso(SINCE), "page_size": 5}

BOUNDS = ("[)", "[]", "(]", "()")

QUICKLY = settings(max_examples=15, deadline=None)


def printed(messages: list[dict[str, Any]], stream: str = DETAILS) -> set[str]:
    """Return the ids in messages."""
    return {
        message["record"].get("conversationId") or message["record"]["id"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == stream
    }


def promised(state: dict[str, Any], world: World = WORLD) -> set[str]:
    """Return the ids of all conversations that a state covers."""
    value = state.get("bookmarks", {}).get(DETAILS, {}).get("replication_key_value")
    if value is None:
        return set()
    return {
        row["conversationId"] for row in world.conversations(SINCE, datetime.fromisoformat(value))
    }


def unreadable(reading: str, bounds: str, lookback_days: float) -> set[str]:
    """Return the ids of what no query can see that tiles the days: see `test_readings`.

    It begins and ends in one moment, where an interval begins that does not include its start. The
    query before brings it if its interval includes its end, unless a new span begins there.
    """
    if reading == "touched-days" or bounds[0] == "[":
        return set()
    # A look-back reads what a resumed run begins with; only the first run's has none.
    until = SINCE + timedelta(milliseconds=1) if bounds == "(]" and lookback_days else NOW
    return {
        row["conversationId"]
        for row in WORLD.conversations(SINCE, until)
        if row["conversationStart"] == row.get("conversationEnd")
    }


@QUICKLY
@given(
    st.sampled_from([0.2, 0.5, 1, 2, 7]),
    st.sampled_from([0, 0.3, 1, 3]),
    st.sampled_from(["touched-days", "overlap"]),
    st.sampled_from(BOUNDS),
    st.data(),
)
def test_a_run_that_is_cut_anywhere_can_be_resumed(
    window_days: float, lookback_days: float, reading: str, bounds: str, data: st.DataObject
) -> None:
    """After a kill at any line, each STATE was true when written, and the union is complete."""
    options = {**START, "window_days": window_days, "lookback_days": lookback_days}
    hidden = unreadable(reading, bounds, lookback_days)
    with Simulator(WORLD, interval_reading=reading, interval_bounds=bounds) as sim:
        whole = run(sim, DETAILS, **options).messages
        cut = whole[: data.draw(st.integers(0, len(whole)), label="lines before the kill")]
        for line, message in enumerate(cut):
            if message["type"] == "STATE":
                assert promised(message["value"]) - hidden <= printed(cut[:line])
        resumed = run(sim, DETAILS, state=last_state(cut), **options).messages
    truth = {row["conversationId"] for row in WORLD.conversations(SINCE, NOW)}
    assert truth - hidden <= printed(cut) | printed(resumed) <= truth


@pytest.mark.parametrize("window_days", [0.5, 1])
@pytest.mark.parametrize("bounds", BOUNDS)
def test_each_state_comes_after_all_rows_of_its_window(bounds: str, window_days: float) -> None:
    """A day includes a start at the next midnight, which is written before that day's STATE."""
    options = {**START, "window_days": window_days}
    hidden = unreadable("overlap", bounds, 1)
    with Simulator(WORLD, interval_reading="overlap", interval_bounds=bounds) as sim:
        messages = run(sim, DETAILS, **options).messages
    for line, message in enumerate(messages):
        if message["type"] == "STATE":
            assert promised(message["value"]) - hidden <= printed(messages[:line])


@QUICKLY
@given(
    st.lists(
        st.tuples(
            st.timedeltas(timedelta(0), timedelta(days=2)),
            st.booleans(),
            st.sampled_from([0, 0.5, 1.5]),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([0.5, 1, 3]),
)
def test_any_schedule_of_runs_reads_all(
    runs: list[tuple[timedelta, bool, float]], window_days: float
) -> None:
    """At any distance, some with faults: the bookmark never moves back, and there is no gap."""
    state: dict[str, Any] = {}
    seen: set[str] = set()
    bookmarks: list[str] = []
    now = SINCE + timedelta(hours=30)
    for distance, fails, lookback_days in [*runs, (timedelta(0), False, 0)]:
        now += distance
        output = Output()
        with Simulator(WORLD.at(now)) as sim:
            if fails:
                sim.faults.add(Fault("status", status=400, path="details", after=2, times=None))
            options = {**START, "window_days": window_days, "lookback_days": lookback_days}
            reader = tap(sim, DETAILS, state=state, output=output, **options)
            try:
                reader.sync_or_leave()
            except StopRun:
                assert fails
        seen |= printed(output.messages)
        state = output.state or state
        bookmarks += [output.bookmark() or ""] if output.bookmark() else []
        assert promised(state, WORLD.at(now)) <= seen
    assert bookmarks == sorted(bookmarks)
    assert seen == {row["conversationId"] for row in WORLD.at(now).conversations(SINCE, now)}


@QUICKLY
@given(st.sampled_from([1, 6, 24]), st.data())
def test_summaries_can_be_cut_and_resumed(hours: int, data: st.DataObject) -> None:
    """After a kill at any line, the next run leaves the same keys as one whole run."""
    options = {**START, "summary_cell_hours": hours, "lookback_days": 0}
    with Simulator(WORLD) as sim:
        whole = run(sim, SUMMARIES, **options).messages
        cut = whole[: data.draw(st.integers(0, len(whole)), label="lines before the kill")]
        resumed = run(sim, SUMMARIES, state=last_state(cut), **options).messages
    assert printed(cut, SUMMARIES) | printed(resumed, SUMMARIES) == printed(whole, SUMMARIES)


def test_the_bookmark_stays_half_an_hour_behind() -> None:
    """Rows of the last half hour are written, but not covered by the bookmark."""
    busy = World(seed=11, per_day=400, since=SINCE + timedelta(days=4), now=NOW)
    with Simulator(busy) as sim:
        output = run(sim, DETAILS, **START)
    assert output.bookmark() == iso(NOW - timedelta(minutes=30))
    assert printed(output.messages) > promised(output.state, busy)


def test_a_range_within_the_last_half_hour_has_no_bookmark() -> None:
    """Rows of the last half hour may still be indexed, so no bookmark covers them."""
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, start_date=iso(NOW - timedelta(minutes=10)))
    assert output.bookmark() is None


def test_no_state_has_progress_markers() -> None:
    """The SDK's markers and signposts are for unsorted streams, which these are not."""
    with Simulator(WORLD) as sim:
        output = run(sim, **START)
    assert "progress_markers" not in str(output.messages)
    assert "replication_key_signpost" not in str(output.messages)
