"""Spans that were emitted with their ends are left out, and no missing span is."""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.direct import without_sockets
from support.harness import Output, last_state, run, tap
from support.user_spans import (
    HOUR,
    KINDS,
    PRESENCES,
    SINCE,
    STATUSES,
    WORLD,
    MarkingLake,
    Warehouse,
    held,
    hold,
    is_settled,
    late,
    span_of,
)

from tap_genesys.config.settings import SCHEMA
from tap_genesys.errors import Incomplete
from tap_genesys.replication.fingerprint import EMITTED
from tap_genesys.replication.windows import DAY, MILLISECOND, UNSETTLED, iso, parse
from tap_genesys.simulator import Fault, Simulator
from tap_genesys.streams.presence import UserPresences

if TYPE_CHECKING:
    from datetime import timedelta

QUERY = UserPresences.path


class Hourly:
    """Consecutive runs against a simulator, and a warehouse that loads their rows."""

    def __init__(self, sim: Simulator, **options: Any) -> None:
        self.sim = sim
        self.options = {"start_date": iso(SINCE), "user_details_source": "auto", **options}
        self.state: dict[str, Any] = {}
        self.warehouse = Warehouse()

    def run(self, *streams: str, after: timedelta = HOUR, **options: Any) -> Output:
        """Execute a run, some time after the last one."""
        world = self.sim.world
        self.sim.world = world.at(world.now + after)
        options = {**self.options, **options}
        output = run(self.sim, *(streams or KINDS), state=self.state, **options)
        self.warehouse.load(output.messages, self.state)
        self.state = output.state
        return output

    @property
    def mark(self) -> list[str] | None:
        """The mark in the state."""
        mark: list[str] | None = self.state["bookmarks"][PRESENCES].get(EMITTED)
        return mark

    @property
    def bookmark(self) -> str:
        """The bookmark in the state."""
        bookmark: str = self.state["bookmarks"][PRESENCES]["replication_key_value"]
        return bookmark


def ended(output: Output) -> list[tuple[str, str]]:
    """Return the stream and key of each row with an end."""
    return [
        (stream, row["_id"])
        for stream in KINDS
        for row in output.records(stream)
        if row.get("endTime")
    ]


@pytest.mark.parametrize("source", ["auto", "job", "query"])
@pytest.mark.parametrize("runs", [0, 2])
def test_a_run_that_is_killed_after_any_message_leaves_nothing_missing_out(
    source: str, runs: int
) -> None:
    """The next whole run has emitted all, whether the first run was killed or the third."""
    world = replace(WORLD.at(SINCE + 8 * HOUR, 2 * HOUR), indexing=HOUR * 3 / 4)
    options = {"user_details_source": source, "window_days": 0.25}
    with Simulator(world) as sim, without_sockets(sim):
        sim.lake = MarkingLake()
        hourly = Hourly(sim, **options)
        for _ in range(runs):
            hourly.run()
        before, state = hourly.warehouse, hourly.state
        begun = sim.world
        messages = hourly.run().messages
        for count in range(len(messages) + 1):
            hourly.warehouse = deepcopy(before)
            hourly.warehouse.load(messages[:count], state)
            hourly.state = last_state(messages[:count]) or state
            sim.world = begun.at(begun.now + HOUR)
            hourly.run()
            hold(hourly.warehouse, sim.world, source)


@pytest.mark.parametrize("lag", [4, 24, 48])
def test_a_steady_day_emits_an_ended_span_at_most_three_times(lag: int) -> None:
    """Beside the re-check: by two queries, and by no job."""
    with Simulator(WORLD.at(SINCE + 9 * DAY + HOUR / 4, lag * HOUR)) as sim, without_sockets(sim):
        hourly = Hourly(sim)
        hourly.run()
        outputs = [hourly.run() for _ in range(lag + 24)]
    recent = iso(SINCE + 8 * DAY)
    rows = [
        (row["_source"], stream, row["_id"])
        for output in outputs[lag:]
        for stream in KINDS
        for row in output.records(stream)
        if row.get("endTime", "") > recent
    ]
    assert {source for source, _, _ in rows} == {"query"}
    counts = [rows.count(row) for row in set(rows)]
    assert max(counts) <= 3
    assert sum(counts) <= 2.2 * len(counts)


@pytest.mark.parametrize("source", ["auto", "query"])
def test_with_emit_unchanged_all_is_emitted_again(source: str) -> None:
    """As for histories that only append, and a query begins at `readTo`; the mark is noted."""
    rows, starts = {}, {}
    for is_set in (False, True):
        with Simulator(WORLD) as sim, without_sockets(sim):
            hourly = Hourly(sim, user_details_source=source, emit_unchanged=is_set)
            hourly.run()
            before = len(sim.requests)
            rows[is_set] = hourly.run(after=2 * HOUR)
            queries = [request for request in sim.requests[before:] if request.path == QUERY]
            intervals = [str((query.body or {})["interval"]) for query in queries]
            starts[is_set] = {interval.partition("/")[0] for interval in intervals}
            assert (hourly.mark or [])[1:] == [iso(sim.world.now - UNSETTLED)]
    began = sim.world.now - 2 * HOUR
    sources = {
        is_set: {row["_source"] for row in rows[is_set].records(STATUSES)} for is_set in rows
    }
    if source == "auto":
        assert starts == {False: {iso(began - HOUR)}, True: {iso(began - UNSETTLED)}}
        assert sources == {False: {"query"}, True: {"job", "query"}}
    assert len(ended(rows[True])) >= 2 * len(ended(rows[False]))


def test_a_look_back_that_is_configured_brings_rows_again() -> None:
    """Those of its day, by job."""
    with Simulator(WORLD) as sim, without_sockets(sim):
        hourly = Hourly(sim)
        hourly.run()
        few = ended(hourly.run())
        many = hourly.run(lookback_days=1)
    by_job = [row for row in many.records(PRESENCES) if row["_source"] == "job"]
    start = iso(sim.world.watermark - DAY)
    assert [row for row in by_job if row["endTime"] < iso(sim.world.watermark - 20 * HOUR)]
    assert all(row["endTime"] >= start for row in by_job)
    assert len(ended(many)) > 2 * len(few)


def test_what_is_left_out_by_emit_unchanged_off_again_is_not_missing() -> None:
    """The queries before had no margin, so jobs emit what those may have missed."""
    world = replace(WORLD.at(SINCE + 3 * DAY + 8 * HOUR, 5 * HOUR), indexing=HOUR * 3 / 4)
    with Simulator(world) as sim, without_sockets(sim):
        hourly = Hourly(sim, emit_unchanged=True)
        for _ in range(5):
            hourly.run()
        for _ in range(7):
            hourly.run(emit_unchanged=False)
        hold(hourly.warehouse, sim.world, "auto")


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("source", ["auto", "query"])
def test_a_run_with_a_hole_notes_no_mark_though_it_is_accepted(
    source: str, *, accepted: bool
) -> None:
    """Nor though a later window is whole. The next run emits what the hole had."""
    settings = {"incomplete_windows": "accept" if accepted else "fail", "page_size": 5}
    with Simulator(WORLD.at(WORLD.now, 30 * HOUR)) as sim:
        hourly = Hourly(sim, user_details_source=source, **settings)
        hourly.run()
        mark = hourly.mark
        assert mark
        # All tries of one page, of the first window only.
        tries = SCHEMA["properties"]["empty_page_max_tries"]["default"] + 1
        sim.faults.add(Fault("empty", path=QUERY, page=2, times=tries))
        sim.world = sim.world.at(sim.world.now + HOUR)
        output = Output()
        reader = tap(sim, *KINDS, state=hourly.state, output=output, **hourly.options)
        with nullcontext() if accepted else pytest.raises(Incomplete):
            reader.sync_or_leave()
        hourly.warehouse.load(output.messages, hourly.state)
        hourly.state = output.state
        assert hourly.mark == mark
        hourly.run()
        hold(hourly.warehouse, sim.world, source)
        assert hourly.mark != mark


def test_a_table_that_is_selected_later_has_all_from_the_bookmark_on() -> None:
    """Jobs emit what queries had read before it was selected, although they know it."""
    with Simulator(WORLD.at(WORLD.now, 12 * HOUR)) as sim, without_sockets(sim):
        hourly = Hourly(sim)
        hourly.run(PRESENCES)
        for _ in range(3):
            hourly.run(PRESENCES, after=4 * HOUR)
        bookmark = hourly.bookmark
        until = iso(sim.world.now)
        for _ in range(6):
            hourly.run(after=4 * HOUR)
        loaded = hourly.warehouse.spans(STATUSES)
        truth = held(sim.world, STATUSES)
    due = {span: end for span, end in truth.items() if end and bookmark < end}
    assert [end for end in due.values() if end and end < until]
    assert {span: loaded.get(span) for span in due} == due


def test_a_bookmark_that_was_moved_back_brings_rows_again() -> None:
    """All of them, in that run."""
    with Simulator(WORLD.at(WORLD.now + 8 * DAY)) as sim, without_sockets(sim):
        hourly = Hourly(sim)
        first = ended(hourly.run())
        hourly.run()
        hourly.state["bookmarks"][PRESENCES]["replication_key_value"] = iso(SINCE)
        again = ended(hourly.run())
        assert set(first) <= set(again)
        assert len(ended(hourly.run())) < len(first) / 4


@pytest.mark.parametrize("source", ["auto", "query"])
def test_spans_that_are_seen_hours_late_arrive_with_the_re_check(source: str) -> None:
    """At five days, whichever source reads them, with their ends."""
    world = replace(WORLD, late_spans=12 * HOUR)
    with Simulator(world) as sim, without_sockets(sim):
        hourly = Hourly(sim, user_details_source=source)
        for _ in range(10):
            hourly.run(after=2 * HOUR)
        missing = {
            span
            for span, end in held(sim.world, PRESENCES, sim.world.now - 13 * HOUR).items()
            if end and span in late(12 * HOUR, PRESENCES)
        } - {span for span, end in hourly.warehouse.spans(PRESENCES).items() if end}
        assert missing
        for _ in range(8):
            hourly.run(after=20 * HOUR)
        hold(hourly.warehouse, sim.world, source)
        truth = min(sim.world.watermark, sim.world.now)
        assert all(is_settled(PRESENCES, span, truth) for span in missing)
        assert missing <= {span for span, end in hourly.warehouse.spans(PRESENCES).items() if end}


def test_a_day_that_is_first_read_by_job_at_five_days_is_emitted_whole() -> None:
    """No re-check of it follows, so that corrected ends come with this reading or never."""
    with Simulator(WORLD.at(SINCE + 9.5 * DAY, 24 * HOUR)) as sim, without_sockets(sim):
        hourly = Hourly(sim)
        hourly.run()
        hourly.run()
        hourly.run(after=9 * DAY)
        hold(hourly.warehouse, sim.world, "auto")
        rows = {span_of(row) for row in hourly.warehouse.rows[PRESENCES].values()}
        assert rows >= set(held(sim.world, PRESENCES))


def test_the_mark_holds_where_a_run_has_read_to() -> None:
    """Half an hour before it began, and the bookmark, which is that of jobs."""
    with Simulator(WORLD) as sim, without_sockets(sim):
        hourly = Hourly(sim)
        hourly.run()
        assert hourly.mark == [hourly.bookmark, iso(sim.world.now - UNSETTLED)]
        assert parse(hourly.bookmark) == sim.world.watermark - MILLISECOND
