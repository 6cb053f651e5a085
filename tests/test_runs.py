"""`tap_runs`: each run that reaches its end reports itself; one that was killed, the next one."""

from __future__ import annotations

import contextlib
import io
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.harness import Output, last_state, run, tap, without_times

from tap_genesys.errors import Incomplete, StopRun
from tap_genesys.interruption import Interrupted
from tap_genesys.output.progress import StreamProgress
from tap_genesys.output.writer import SingerWriter
from tap_genesys.replication.unreported_runs import MOST, BegunRun, UnreportedRuns
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World

DETAILS, SEGMENTS, RUNS = "conversation_details", "conversation_segments", "tap_runs"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 6, 13, 30, tzinfo=UTC)
WORLD = World(seed=51, per_day=12, since=SINCE, now=NOW)
START: dict[str, Any] = {"start_date": iso(SINCE), "page_size": 5}
QUERY = "/details/query"
#: Streams with a table, with a bookmark, and with neither.
STREAMS = (DETAILS, SEGMENTS, "divisions", RUNS)

QUICKLY = settings(max_examples=20, deadline=None)


def begin(
    sim: Simulator, run_id: str, *streams: str, output: Output | None = None, **options: Any
) -> tuple[Any, Output]:
    """Return a tap whose run has this id, and its output."""
    output = output or Output()
    genesys_tap = tap(sim, *(streams or STREAMS), output=output, **START | options)
    genesys_tap.run_id = run_id
    return genesys_tap, output


def read(
    sim: Simulator, run_id: str, *streams: str, raises: Any = None, **options: Any
) -> list[dict[str, Any]]:
    """Return the messages of a run with this id, which may end with an error."""
    genesys_tap, output = begin(sim, run_id, *streams, **options)
    if raises is None:
        genesys_tap.sync_or_leave()
    else:
        with pytest.raises(raises):
            genesys_tap.sync_or_leave()
    return output.messages


def rows_of(messages: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the rows of `tap_runs` by run, stream and lane; no key comes twice."""
    rows = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == RUNS]
    keyed = {(row["run_id"], row["stream"], row["lane"]): row for row in rows}
    assert len(keyed) == len(rows)
    return keyed


def outcomes_of(messages: list[dict[str, Any]]) -> dict[tuple[str, str, str], str]:
    """Return the outcomes by run, stream and lane."""
    return {key: row["outcome"] for key, row in rows_of(messages).items()}


def entry_of(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state's entry of `tap_runs`."""
    entry: dict[str, Any] = state["bookmarks"][RUNS]
    return entry


def begun(*runs: str) -> dict[str, Any]:
    """Return the entry of runs that began at the present."""
    return {"unreportedRuns": [[name, iso(NOW)] for name in runs]}


def hold_order(messages: list[dict[str, Any]]) -> None:
    """Assert that SCHEMA and a STATE with the run come first, its rows last, and then one STATE."""
    names = [(message["type"], message.get("stream")) for message in messages]
    assert names[:2] == [("SCHEMA", RUNS), ("STATE", None)]
    assert names.count(("SCHEMA", RUNS)) == 1
    first = names.index(("RECORD", RUNS))
    assert set(names[first:-1]) == {("RECORD", RUNS)}
    assert names[-1] == ("STATE", None)
    assert ("ACTIVATE_VERSION", RUNS) not in names
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    assert all(entry_of(state)["unreportedRuns"] for state in states[:-1])
    assert entry_of(states[-1]) == {"unreportedRuns": []}


# A whole run


def test_a_whole_run_has_a_row_for_each_stream_and_lane() -> None:
    """A whole run emits one row for each stream and lane, and last one for itself."""
    with Simulator(WORLD) as sim:
        messages = read(
            sim, "a", conversation_details_source="auto", emit_activate_version_messages=True
        )
        sent = len(sim.requests)
    hold_order(messages)
    rows = rows_of(messages)
    run_values = {"run_id": "a", "started": iso(NOW), "ended": iso(NOW)}
    assert [key[1:] for key in rows] == [
        *((stream, lane) for stream in (DETAILS, SEGMENTS) for lane in ("job", "query")),
        ("divisions", "main"),
        (RUNS, "main"),
    ]
    assert all(row.items() >= run_values.items() for row in rows.values())
    assert all(row["tap_version"] for row in rows.values())
    assert {row["outcome"] for key, row in rows.items() if key[1] != RUNS} == {"done"}
    assert rows["a", RUNS, "main"]["outcome"] == "ok"
    assert sum(row["requests"] for row in rows.values()) == sent
    assert rows["a", RUNS, "main"]["requests"] == 1  # the login
    for stream in (*STREAMS[:-1], RUNS):
        emitted = [m["record"] for m in messages if m.get("stream") == stream and "record" in m]
        by_lane = (
            {
                lane: sum(record["_source"] == lane for record in emitted)
                for lane in ("job", "query")
            }
            if stream == DETAILS
            else {}
        )
        own = {lane: row["records"] for (_, name, lane), row in rows.items() if name == stream}
        assert sum(own.values()) == len(emitted) > 0
        assert own.items() >= by_lane.items()


def test_a_lane_has_its_own_bookmark_and_watermark() -> None:
    """Jobs are as far as the watermark, queries half an hour behind the run; tables alike."""
    with Simulator(WORLD) as sim:
        messages = read(sim, "a", conversation_details_source="auto", recheck_days=[1])
    rows, kept = rows_of(messages), last_state(messages)["bookmarks"][DETAILS]
    watermark = kept["watermark"]
    half_past = iso(NOW.replace(minute=0))
    for stream in (DETAILS, SEGMENTS):
        lanes = {lane: row for (_, name, lane), row in rows.items() if name == stream}
        far = {lane: (row["bookmark"], row["watermark"]) for lane, row in lanes.items()}
        assert far == {
            "job": (kept["replication_key_value"], watermark),
            "query": (half_past, None),
            "recheck": (kept["recheckedUpTo"]["1"], watermark),
        }
    assert watermark < half_past
    assert (rows["a", "divisions", "main"]["bookmark"]) is None


@pytest.mark.parametrize("source", ["job", "query"])
def test_a_source_has_one_lane_beside_its_rechecks(source: str) -> None:
    """By one source, there is its lane, and that of re-checks, whose rows and requests are its."""
    options = {"conversation_details_source": source, "recheck_days": [1, 3]}
    with Simulator(WORLD.at(NOW.replace(day=4))) as sim:
        state = last_state(read(sim, "a", **options))
        sim.world = WORLD
        sim.requests.clear()
        messages = read(sim, "b", state=state, **options)
        login_and_listing = 2
        sent = len(sim.requests) - login_and_listing
    rows = {lane: row for (_, name, lane), row in rows_of(messages).items() if name == DETAILS}
    assert list(rows) == [source, "recheck"]
    days = {
        m["record"]["conversationStart"][:10]
        for m in messages
        if m["type"] == "RECORD" and m["stream"] == DETAILS
    }
    assert min(days) < state["bookmarks"][DETAILS]["replication_key_value"][:10]
    assert all(row["records"] and row["requests"] for row in rows.values())
    assert sum(row["requests"] for row in rows.values()) == sent
    bookmarks = last_state(messages)["bookmarks"][DETAILS]
    assert rows["recheck"]["bookmark"] == min(bookmarks["recheckedUpTo"].values())
    assert rows[source]["bookmark"] == bookmarks["replication_key_value"]
    watermark = bookmarks["watermark"] if source == "job" else None
    assert {row["watermark"] for row in rows.values()} == {watermark}


EARLY, BETWEEN, LATE = iso(SINCE), iso(SINCE + timedelta(days=1)), iso(NOW)
MARK = [LATE, *[EARLY] * 5]


@pytest.mark.parametrize(
    ("source", "state", "expected"),
    [
        ("auto", {"emittedThrough": [[], MARK]}, LATE),
        ("auto", {"emittedThrough": [[], [EARLY] * 6]}, BETWEEN),
        ("auto", {"emittedThrough": []}, BETWEEN),
        ("auto", {}, BETWEEN),
        ("query", {"emittedThrough": [[], MARK]}, BETWEEN),
    ],
)
def test_conversations_are_by_query_as_far_as_their_mark(
    source: str, state: dict[str, Any], expected: str
) -> None:
    """With `auto`, queries are as far as their mark, or as jobs, whose rows came before.

    By query alone, the bookmark is theirs.
    """
    kept = {"replication_key_value": BETWEEN, **state}
    with Simulator(WORLD) as sim:
        genesys_tap, _ = begin(
            sim, "a", DETAILS, conversation_details_source=source,
            state={"bookmarks": {DETAILS: kept}},
        )  # fmt: skip
        lanes = genesys_tap.streams[DETAILS].lanes
    assert lanes["query"].bookmark == expected


@pytest.mark.parametrize(
    ("source", "kept", "lanes"),
    [
        ("auto", {"replication_key_value": EARLY, "readTo": LATE}, {"job": EARLY, "query": LATE}),
        ("auto", {"replication_key_value": LATE, "readTo": EARLY}, {"job": LATE, "query": EARLY}),
        ("query", {"replication_key_value": EARLY, "readTo": LATE}, {"query": EARLY}),
        ("job", {"replication_key_value": EARLY, "readTo": LATE}, {"job": EARLY}),
        # A run that has read nothing has a moment all the same.
        ("auto", {"readTo": EARLY}, {"job": None, "query": None}),
        ("auto", {}, {"job": None, "query": None}),
    ],
)
def test_spans_are_by_query_as_far_as_all_have_been_read(
    source: str, kept: dict[str, Any], lanes: dict[str, str | None]
) -> None:
    """With `auto`, queries of spans are as far as `readTo`, once there is a bookmark."""
    with Simulator(WORLD) as sim:
        genesys_tap, _ = begin(
            sim, "a", "user_presences", user_details_source=source,
            state={"bookmarks": {"user_presences": kept}},
        )  # fmt: skip
        far = genesys_tap.streams["user_presences"].lanes
    assert {lane: of.bookmark for lane, of in far.items()} == {**lanes, "recheck": None}


def test_presences_have_the_lanes_of_their_source() -> None:
    """Spans by query reach beyond those by job: up to `readTo` of the state."""
    with Simulator(WORLD) as sim:
        messages = read(sim, "a", "user_presences", "user_routing_statuses", RUNS)
    rows, kept = rows_of(messages), last_state(messages)["bookmarks"]["user_presences"]
    assert kept["replication_key_value"] < kept["readTo"]
    for stream in ("user_presences", "user_routing_statuses"):
        own = {lane: row for (_, name, lane), row in rows.items() if name == stream}
        assert [*own] == ["job", "query", "recheck"]
        assert own["job"]["bookmark"] == kept["replication_key_value"]
        assert own["query"]["bookmark"] == kept["readTo"]
        assert own["job"]["records"]
        assert own["query"]["records"]


def test_aggregates_have_a_lane_of_rechecks() -> None:
    """Days of aggregates that are read again count in a lane of their own."""
    stream, first = "conversation_aggregates", WORLD.at(NOW.replace(day=4))
    with Simulator(first) as sim:
        state = last_state(read(sim, "a", stream, RUNS))
        sim.world = WORLD
        messages = read(sim, "b", stream, RUNS, state=state, emit_unchanged=True)
    rows, kept = rows_of(messages), last_state(messages)["bookmarks"][stream]
    main, recheck = (rows["b", stream, lane] for lane in ("main", "recheck"))
    assert main["bookmark"] == kept["replication_key_value"]
    assert recheck["bookmark"] == min(kept["recheckedUpTo"].values())
    assert main["requests"] == 3  # the days since the bookmark
    assert recheck["requests"] > 0
    assert main["records"]
    assert recheck["records"]


def test_follow_ups_are_as_far_as_the_bookmark_of_their_parent() -> None:
    """A follow-up stream has one lane, with the bookmark of its parent."""
    with Simulator(WORLD) as sim:
        messages = read(sim, "a", DETAILS, "recordings", RUNS, conversation_details_source="auto")
    rows, kept = rows_of(messages), last_state(messages)["bookmarks"][DETAILS]
    assert rows["a", "recordings", "main"]["bookmark"] == kept["replication_key_value"]
    assert rows["a", "recordings", "main"]["requests"] > 1


def test_a_window_of_queries_that_is_read_by_job_counts_as_a_lane() -> None:
    """A window that is too large for a query is read by job, and counts in that lane.

    So do the rows of its tables, and the window after it counts as read by query again.
    """
    until = SINCE + timedelta(days=3)

    class Writer(Output):
        def write_message(self, message: Any) -> None:
            super().write_message(message)
            if days := {row["conversationStart"][:10] for row in self.records(DETAILS)}:
                # Of three days, the second one is beyond the ceiling.
                vars(genesys_tap.streams[DETAILS])["ceiling"] = 5 if len(days) == 1 else None

    with Simulator(WORLD, interval_reading="touched-days") as sim:
        options = {"end_date": iso(until), "window_days": 1, "page_size": 20}
        streams = (DETAILS, SEGMENTS, RUNS)
        genesys_tap, output = begin(sim, "a", *streams, output=Writer(), **options)
        genesys_tap.sync_or_leave()
    rows = rows_of(output.messages)
    sources = {row["conversationId"]: row["_source"] for row in output.records(DETAILS)}
    assert set(sources.values()) == {"job", "query"}
    for name in (DETAILS, SEGMENTS):
        emitted = [sources[row["conversationId"]] for row in output.records(name)]
        for lane in ("job", "query"):
            assert rows["a", name, lane]["records"] == emitted.count(lane)
    assert rows["a", DETAILS, "job"]["requests"] > 3


@pytest.mark.parametrize("parallel", [1, 8])
def test_rows_do_not_depend_on_parallel_requests(parallel: int) -> None:
    """With prefetched requests, rows and requests are counted in the same lanes."""
    options = {"conversation_details_source": "auto", "recheck_days": [1]}
    with Simulator(WORLD) as sim:
        expected = rows_of(read(sim, "a", **options))
    with Simulator(WORLD) as sim:
        actual = rows_of(read(sim, "a", max_parallel_requests=parallel, **options))
        sent = len(sim.requests)
    # A count that is too high can cost a few requests more.
    assert sum(row["requests"] for row in actual.values()) == sent
    assert actual.keys() == expected.keys()
    for key, row in actual.items():
        without = {"requests"}
        assert {k: v for k, v in row.items() if k not in without} == {
            k: v for k, v in expected[key].items() if k not in without
        }


def test_retries_belong_to_their_lane() -> None:
    """Retries of a query count for the lane `query`, and those of a login for the run."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=QUERY, status=503, times=2))
        sim.faults.add(Fault("status", path="/oauth/token", status=503))
        rows = rows_of(read(sim, "a", conversation_details_source="auto"))
    retries = {key[1:]: row["retries"] for key, row in rows.items() if row["retries"]}
    assert retries == {(DETAILS, "query"): 2, (RUNS, "main"): 1}


# Runs that end otherwise


def test_a_failed_run_reports_itself() -> None:
    """After a stream has failed, its rows are last, and STATE has all that was emitted."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=QUERY, status=400, after=3, times=None))
        messages = read(sim, "a", raises=StopRun)
    hold_order(messages)
    assert outcomes_of(messages) == {
        ("a", DETAILS, "query"): "unfinished",
        ("a", SEGMENTS, "query"): "unfinished",
        ("a", "divisions", "main"): "not started",
        ("a", RUNS, "main"): "failed",
    }


def test_a_skipped_stream_says_so() -> None:
    """A stream without permission is `skipped`, and the run is `ok`; if all are, it has failed."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/divisions", times=None))
        one_of_two = outcomes_of(read(sim, "a", "divisions", "users", RUNS))
        all_of_them = outcomes_of(read(sim, "b", "divisions", RUNS, raises=StopRun))
    assert one_of_two["a", "divisions", "main"] == "skipped"
    assert one_of_two["a", "users", "main"] == "done"
    assert one_of_two["a", RUNS, "main"] == "ok"
    assert all_of_them == {("b", "divisions", "main"): "skipped", ("b", RUNS, "main"): "failed"}


def test_an_incomplete_run_reports_itself() -> None:
    """A run with a hole is `incomplete`, and its bookmark is that before the hole."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("empty", path=QUERY, page=2, times=4))
        messages = read(sim, "a", raises=Incomplete)
    hold_order(messages)
    rows = rows_of(messages)
    assert rows["a", RUNS, "main"]["outcome"] == "incomplete"
    assert rows["a", DETAILS, "query"]["outcome"] == "incomplete"
    assert rows["a", DETAILS, "query"]["bookmark"] is None
    assert rows["a", "divisions", "main"]["outcome"] == "done"


def test_an_interrupted_run_reports_itself() -> None:
    """A run that a signal ends is `interrupted`, and what it had not read is unfinished."""

    class Writer(Output):
        def write_message(self, message: Any) -> None:
            super().write_message(message)
            if len(self.of("RECORD")) == 10:
                genesys_tap.interruption.handle(15)

    with Simulator(WORLD) as sim:
        genesys_tap, writer = begin(sim, "a", output=Writer())
        with pytest.raises(Interrupted):
            genesys_tap.sync_or_leave()
    hold_order(writer.messages)
    assert outcomes_of(writer.messages) == {
        ("a", DETAILS, "query"): "unfinished",
        ("a", SEGMENTS, "query"): "unfinished",
        ("a", "divisions", "main"): "not started",
        ("a", RUNS, "main"): "interrupted",
    }


@QUICKLY
@given(st.data())
def test_the_state_of_a_failed_run_is_true(data: st.DataObject) -> None:
    """Whichever request fails, a run that goes on from the last STATE reads all that is missing."""
    options = {"conversation_details_source": data.draw(st.sampled_from(["auto", "query"]))}
    streams = (DETAILS, SEGMENTS, "conversation_aggregates", RUNS)
    with Simulator(WORLD) as sim:
        expected = read(sim, "whole", *streams, **options)
        number = len(sim.requests)
        sim.requests.clear()
        after = data.draw(st.integers(0, number - 1), label="requests before the failure")
        sim.faults.add(Fault("status", status=400, after=after, times=None))
        failed = read(sim, "a", *streams, raises=StopRun, **options)
    with Simulator(WORLD) as sim:
        resumed = read(sim, "b", *streams, state=last_state(failed), **options)

    def keys(messages: list[dict[str, Any]], stream: str) -> set[str]:
        return {
            m["record"].get("_id") or m["record"]["conversationId"]
            for m in messages
            if m["type"] == "RECORD" and m["stream"] == stream
        }

    for stream in streams[:-1]:
        assert keys(failed, stream) | keys(resumed, stream) == keys(expected, stream)
    killed = [key for key, outcome in outcomes_of(resumed).items() if outcome == "killed"]
    assert not killed


def test_an_error_stays_that_of_the_run_if_the_reader_is_gone() -> None:
    """If stdout is closed, the run ends with its first error, and the next one reports it."""
    errors = iter(["gone", "still gone"])

    class Writer(Output):
        def write_message(self, message: Any) -> None:
            if len(self.messages) >= 20:
                raise StopRun(next(errors))
            super().write_message(message)

    with Simulator(WORLD) as sim:
        genesys_tap, writer = begin(sim, "a", output=Writer())
        with pytest.raises(StopRun, match=r"^gone$"):
            genesys_tap.sync_or_leave()
        messages = read(sim, "b", state=last_state(writer.messages))
    assert [*errors] == []
    assert outcomes_of(messages)["a", RUNS, "main"] == "killed"


def test_a_reader_that_is_gone_at_the_end_fails_the_run(tmp_path: Any) -> None:
    """If the rows of the run cannot be written, the run has failed."""

    class Writer(Output):
        def write_message(self, message: Any) -> None:
            if message.to_dict().get("stream") == RUNS and message.to_dict()["type"] == "RECORD":
                msg = "gone"
                raise StopRun(msg)
            super().write_message(message)

    path = tmp_path / "report.json"
    with Simulator(WORLD) as sim:
        genesys_tap, _ = begin(sim, "a", output=Writer(), run_report_path=str(path))
        with pytest.raises(StopRun, match="gone"):
            genesys_tap.sync_or_leave()
    assert '"status": "failed"' in path.read_text("utf-8")


# Runs that were killed


@QUICKLY
@given(st.data())
def test_a_run_that_is_killed_is_reported_by_the_next_one(data: st.DataObject) -> None:
    """Cut at any message, a run is reported as killed once its first STATE is out, and only then.

    With its last STATE, a run has reported itself.
    """
    with Simulator(WORLD) as sim:
        whole = read(sim, "a")
        place = data.draw(st.integers(0, len(whole)), label="messages before the kill")
        next_run = read(sim, "b", state=last_state(whole[:place]))
    rows = rows_of(next_run)
    first = next(place for place, message in enumerate(whole) if message["type"] == "STATE")
    is_known = first < place < len(whole)
    killed = [row for row in rows.values() if row["outcome"] == "killed"]
    nothing = dict.fromkeys(
        ("ended", "bookmark", "watermark", "records", "requests", "retries", "tap_version")
    )
    expected = {
        "run_id": "a", "stream": RUNS, "lane": "main", "started": iso(NOW), "outcome": "killed",
        **nothing,
    }  # fmt: skip
    assert killed == [expected] * is_known
    assert rows["b", RUNS, "main"]["outcome"] == "ok"
    assert rows["b", RUNS, "main"]["records"] == len(rows)
    hold_order(next_run)


def test_runs_that_are_killed_one_after_the_other_are_all_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The run that reaches its end reports all that were killed before it, each with a warning."""
    state: dict[str, Any] = {}
    with Simulator(WORLD) as sim:
        for name in "abc":
            cut = read(sim, name, "divisions", RUNS, state=state)[:3]
            state = last_state(cut)
        assert entry_of(state) == begun(*"abc")
        caplog.clear()
        messages = read(sim, "d", "divisions", RUNS, state=state)
    assert outcomes_of(messages) == {
        ("a", RUNS, "main"): "killed",
        ("b", RUNS, "main"): "killed",
        ("c", RUNS, "main"): "killed",
        ("d", "divisions", "main"): "done",
        ("d", RUNS, "main"): "ok",
    }
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [
        f"The run {name}, begun at {iso(NOW)}, did not reach its end, or the loader did not "
        "confirm it."
        for name in "abc"
    ]
    assert entry_of(last_state(messages)) == {"unreportedRuns": []}


@given(st.integers(1, 3 * MOST))
def test_the_state_does_not_grow_with_killed_runs(number: int) -> None:
    """The state keeps the newest runs; of an older one, which is dropped, a line is logged."""
    runs = UnreportedRuns()
    dropped: list[BegunRun] = []
    for place in range(number):
        runs, gone = UnreportedRuns.of_entry(runs.entry).with_run(str(place), NOW)
        dropped += gone
    kept = [name for name, _ in runs.entry]
    assert len(kept) <= MOST
    assert [run.id for run in dropped] + kept == [str(place) for place in range(number)]
    assert [run.id for run in runs.earlier] == kept[:-1]


def test_a_run_that_finds_no_place_in_the_state_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A killed run whose entry is dropped leaves a warning."""
    names = [f"run-{place}" for place in range(MOST)]
    state = {"bookmarks": {RUNS: begun(*names)}}
    with Simulator(WORLD) as sim:
        messages = read(sim, "last", "divisions", RUNS, state=state)
    assert [key[0] for key, outcome in outcomes_of(messages).items() if outcome == "killed"] == (
        names[1:]
    )
    assert f"No row of the run run-0, begun at {iso(NOW)}, is left." in caplog.messages


@pytest.mark.parametrize(
    "entry",
    ["x", 7, [1], ["ab"], [["a"]], [["a", "b"]], [["a", None]], [["", iso(NOW)]], [[1, iso(NOW)]]],
)
def test_a_malformed_entry_is_one_line(entry: object) -> None:
    """A malformed entry of the state ends the run with its value and a remedy, and no message."""
    state = {"bookmarks": {RUNS: {"unreportedRuns": entry}}}
    with Simulator(WORLD) as sim:
        genesys_tap, output = begin(sim, "a", state=state)
        with pytest.raises(StopRun) as stopped:
            genesys_tap.sync_or_leave()
        assert sim.requests == []
    assert str(stopped.value) == (
        f"The state's unreportedRuns of tap_runs is {entry!r}; use a list of pairs, id and start "
        "of a run, or leave it out."
    )
    assert output.messages == []


def test_an_entry_of_none_is_an_empty_one() -> None:
    """A state without runs, or with null, is that of a run that reported itself."""
    entries: tuple[list[Any] | None, ...] = (None, [])
    for entry in entries:
        assert UnreportedRuns.of_entry(entry).entry == []


# Without the stream


@pytest.mark.parametrize("source", ["auto", "query"])
def test_without_the_stream_nothing_changes(source: str) -> None:
    """Deselected, it leaves no message and no key of the state; all other messages are the same."""
    options: dict[str, Any] = {"conversation_details_source": source}
    with Simulator(WORLD) as sim:
        genesys_tap, with_runs = begin(sim, "a", *STREAMS, **options)
        genesys_tap.sync_or_leave()
    with Simulator(WORLD) as sim:
        genesys_tap, without = begin(sim, "a", *STREAMS, **options)
        genesys_tap.streams[RUNS].selected = False
        genesys_tap.sync_or_leave()
    others = []
    for message in without_times(with_runs):
        if message.get("stream") == RUNS:
            continue
        if message["type"] == "STATE":
            del message["value"]["bookmarks"][RUNS]
            if not message["value"]["bookmarks"]:
                continue
        others.append(message)
    # The STATE after the rows equals the one before them.
    assert others.pop() == others[-1]
    assert without_times(without) == others
    assert RUNS not in str(without.messages)


def test_deselected_it_leaves_the_entry_of_a_killed_run() -> None:
    """A run without the stream passes an earlier entry on, for a run that has the stream."""
    state = {"bookmarks": {RUNS: begun("killed")}}
    with Simulator(WORLD) as sim:
        messages = read(sim, "a", DETAILS, state=state)
        assert entry_of(last_state(messages)) == begun("killed")
        reported = outcomes_of(read(sim, "b", DETAILS, RUNS, state=last_state(messages)))
    assert reported["killed", RUNS, "main"] == "killed"


def test_random_ids_differ() -> None:
    """Each run has an id of its own, of 122 random bits."""
    with Simulator(WORLD) as sim:
        ids = {run(sim, "divisions", RUNS).records(RUNS)[0]["run_id"] for _ in range(3)}
    assert len(ids) == 3
    assert {len(name) for name in ids} == {36}


def test_a_stream_map_applies() -> None:
    """Stream maps apply to its rows as to any other."""
    with Simulator(WORLD) as sim:
        output = run(
            sim, "divisions", RUNS, stream_maps={RUNS: {"environment": "'test'", "watermark": None}}
        )
    assert {row["environment"] for row in output.records(RUNS)} == {"test"}
    assert not any("watermark" in row for row in output.records(RUNS))


# Counting


@given(st.lists(st.tuples(st.sampled_from(["job", "query", "recheck"]), st.integers(0, 5))))
def test_records_are_counted_in_the_lane_in_which_they_come(lanes: list[tuple[str, int]]) -> None:
    """Each record counts once, in the lane that was entered last."""
    counts, expected = StreamProgress("users"), dict[str, int]()
    for lane, number in lanes:
        counts.enter(lane)
        counts.records += number
        expected[lane] = expected.get(lane, 0) + number
    assert {lane: of.records for lane, of in counts.lanes.items()} == {
        lane: number for lane, number in expected.items() if number
    }
    assert sum(of.records for of in counts.lanes.values()) == counts.records


def test_buffered_rows_of_tables_count_in_the_lane_of_their_conversation() -> None:
    """Rows of tables that are still buffered when a lane is entered count in the one before."""
    conversation = next(iter(WORLD.conversations(SINCE, NOW)))
    expected = sum(
        len(session.get("segments", ()))
        for participant in conversation["participants"]
        for session in participant["sessions"]
    )
    with Simulator(WORLD) as sim, contextlib.redirect_stdout(io.StringIO()):
        genesys_tap, _ = begin(sim, "a", DETAILS, SEGMENTS, output=cast("Any", SingerWriter()))
        stream = genesys_tap.streams[DETAILS]
        stream.fan_out.begin()
        stream.enter("query")
        stream.fan_out.add(conversation)
        stream.enter("job")
        stream.fan_out.end(broke_off=False)
        lanes = genesys_tap.run.progress.of(SEGMENTS).lanes
    assert {lane: counts.records for lane, counts in lanes.items()} == {"query": expected}
    assert expected > 0
