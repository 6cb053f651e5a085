"""`load_history`: the missing rows of one table, loaded beside the schedule with the same state."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.harness import Output, last_state, run, tap

from tap_genesys.endpoints.missing_history import setting_problems
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.errors import SettingError
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.streams import STREAMS

DETAILS, SEGMENTS, SESSIONS = (
    "conversation_details", "conversation_segments", "conversation_sessions",
)  # fmt: skip
HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
EVENING = SINCE + 6 * DAY + 19 * HOUR
WORLD = World(seed=8, per_day=40, since=SINCE, now=EVENING, lag=30 * HOUR, step=timedelta(0))
OPTIONS: dict[str, Any] = {
    "start_date": iso(SINCE),
    "conversation_details_source": "auto",
    "recheck_days": [1, 3, 7, 30],
}


def later(
    sim: Simulator, hours: float, state: dict[str, Any], *streams: str, **options: Any
) -> Output:
    """Return the output of a run some hours after seven in the evening."""
    sim.world = WORLD.at(EVENING + hours * HOUR)
    return run(sim, *streams, state=state, **{**OPTIONS, **options})


def rows_of(stream: str, *outputs: Output) -> dict[str, dict[str, Any]]:
    """Return the rows after an upsert of outputs, without the time of reading."""
    key = "conversationId" if stream == DETAILS else "_id"
    rows = {row[key]: row for output in outputs for row in output.records(stream)}
    return {key: {**row, "_readAt": None, "_source": None} for key, row in rows.items()}


def complete(rows: dict[str, dict[str, Any]], until: str) -> dict[str, dict[str, Any]]:
    """Return the rows of conversations that started before a moment."""
    return {key: row for key, row in rows.items() if row["conversationStart"] < until}


def test_a_table_that_is_selected_later_gets_its_history_alone() -> None:
    """The union of its rows is that of a run without state; nothing else is emitted for it."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, DETAILS, SESSIONS)
        without = later(sim, 1, first.state, DETAILS, SESSIONS, SEGMENTS)
        loaded = later(sim, 1, first.state, DETAILS, SESSIONS, SEGMENTS, load_history=[SEGMENTS])
        truth = later(sim, 1, {}, DETAILS, SEGMENTS, conversation_details_source="job")
    bookmark = str(first.bookmark())
    assert without.state["bookmarks"][DETAILS]["history"] == {
        DETAILS: [iso(SINCE)], SESSIONS: [iso(SINCE)], SEGMENTS: [bookmark],
    }  # fmt: skip
    assert loaded.state["bookmarks"][DETAILS]["history"][SEGMENTS] == [iso(SINCE)]
    for stream in (DETAILS, SESSIONS):
        assert rows_of(stream, loaded) == rows_of(stream, without)
    expected = complete(rows_of(SEGMENTS, truth), bookmark)
    assert complete(rows_of(SEGMENTS, loaded), bookmark) == expected
    assert len(expected) > 2 * len(complete(rows_of(SEGMENTS, without), bookmark))
    bookmarks = [deepcopy(output.state["bookmarks"][DETAILS]) for output in (without, loaded)]
    for entry in bookmarks:
        del entry["history"]
    assert bookmarks[0] == bookmarks[1]


def test_a_load_that_is_killed_goes_on_where_it_was() -> None:
    """After a kill at any STATE, the next run completes the table and reads no window again."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, DETAILS)
        options = {"load_history": [SEGMENTS]}
        whole = later(sim, 1, first.state, DETAILS, SEGMENTS, **options)
        expected = rows_of(SEGMENTS, whole)
        states = [place for place, m in enumerate(whole.messages) if m["type"] == "STATE"]
        sizes = []
        for place in [*states[1::3], len(whole.messages) - 1]:
            killed = Output(messages=whole.messages[: place + 1])
            state = last_state(killed.messages)
            following = later(sim, 1, state, DETAILS, SEGMENTS, **options)
            assert rows_of(SEGMENTS, killed, following) == expected
            sizes.append(len(following.records(SEGMENTS)))
    assert sizes[-1] < sizes[0] / 2


def test_a_start_date_that_is_moved_to_earlier_is_logged_and_loaded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without the setting a warning has the range and the setting; with it, all is loaded."""
    begin = iso(SINCE + 3 * DAY)
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, DETAILS, SEGMENTS, start_date=begin)
        caplog.clear()
        without = later(sim, 1, first.state, DETAILS, SEGMENTS)
        assert [text for text in caplog.messages if "load_history" in text] == [
            (
                f"Conversations that started in {iso(SINCE)}/{begin} are not loaded, unless they "
                "are read again: conversation_details, conversation_segments. To load them, set "
                'load_history to ["conversation_details", "conversation_segments"].'
            )
        ]
        caplog.clear()
        loaded = later(sim, 2, without.state, DETAILS, SEGMENTS, load_history=[DETAILS, SEGMENTS])
        assert not [text for text in caplog.messages if "load_history" in text]
        truth = later(sim, 2, {}, DETAILS, SEGMENTS, conversation_details_source="job")
        again = later(sim, 2, loaded.state, DETAILS, SEGMENTS, load_history=[DETAILS, SEGMENTS])
    for stream in (DETAILS, SEGMENTS):
        assert complete(rows_of(stream, loaded), begin) == complete(rows_of(stream, truth), begin)
        assert not complete(rows_of(stream, again), begin)


def test_a_load_is_a_lane_of_its_own() -> None:
    """`tap_runs` has the lane `history`: its requests, and the rows of the table alone."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, DETAILS)
        streams = (DETAILS, SEGMENTS, SESSIONS, "tap_runs")
        loaded = later(sim, 1, first.state, *streams, load_history=[SEGMENTS])
    lanes = {row["stream"]: row for row in loaded.records("tap_runs") if row["lane"] == "history"}
    assert lanes.keys() == {DETAILS, SEGMENTS}
    assert lanes[DETAILS]["requests"] > 0
    assert lanes[DETAILS]["records"] == 0
    assert lanes[SEGMENTS]["records"] > 0


def test_a_follow_up_stream_that_is_selected_later_gets_its_history() -> None:
    """Each conversation that ended before the bookmark is requested once."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, DETAILS, "surveys", conversation_details_source="job")
        options = {"conversation_details_source": "job", "load_history": ["recordings"]}
        loaded = later(sim, 0, first.state, DETAILS, "surveys", "recordings", **options)
        truth = later(sim, 0, {}, DETAILS, "recordings", conversation_details_source="job")
    assert not loaded.records(DETAILS)
    assert first.records("surveys")
    assert not loaded.records("surveys")
    assert sorted(loaded.ids("recordings")) == sorted(truth.ids("recordings")) != []


def test_a_stream_that_is_not_selected_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """`load_history` of a stream that is not selected loads nothing."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, DETAILS)
        later(sim, 1, first.state, DETAILS, load_history=[SEGMENTS])
    line = "load_history: conversation_segments is not selected, so nothing is loaded of it."
    assert line in caplog.messages


def test_without_start_date_the_run_of_the_selection_has_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The line names the table and both settings, and is not repeated."""
    caplog.set_level("INFO")
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, DETAILS, start_date=None)
        second = later(sim, 1, first.state, DETAILS, SEGMENTS, start_date=None)
        lines = [text for text in caplog.messages if text.startswith("Selected now")]
        later(sim, 2, second.state, DETAILS, SEGMENTS, start_date=None)
    assert lines == [
        (
            "Selected now: conversation_segments. Conversations that are not read again have no "
            'rows there; set start_date, and load_history to ["conversation_segments"], to load '
            "them."
        )
    ]
    assert [text for text in caplog.messages if text.startswith("Selected now")] == lines


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            {"start_date": None},
            (
                'load_history is ["conversation_segments"] without start_date: set the first '
                "moment to load."
            ),
        ),
        (
            {"load_history": ["users"]},
            (
                'load_history has "users", a stream without a bookmark: each run reads what the '
                "vendor has, and has no earlier rows to load. Leave it out."
            ),
        ),
        (
            {"load_history": ["segments"]},
            'load_history has "segments", and no stream has that name: see docs/streams.md.',
        ),
        (
            {"conversation_details_source": "query", "load_history": [SEGMENTS, "audits"]},
            (
                'load_history is ["conversation_segments"], which is loaded by job, and '
                "conversation_details_source is query: set that to auto or job."
            ),
        ),
    ],
)
def test_what_cannot_be_loaded_is_one_line(options: dict[str, Any], line: str) -> None:
    """No `start_date`, no bookmark, no such stream, no job: an error before the first request."""
    with Simulator(WORLD) as sim, pytest.raises(SettingError) as error:
        tap(sim, DETAILS, **{**OPTIONS, "load_history": [SEGMENTS], **options})
    assert line in str(error.value)


def test_the_setting_names_each_stream_with_a_bookmark_and_its_children() -> None:
    """Each windowed stream, its tables and follow-up streams are allowed; no other stream is."""
    config = {"load_history": [vars(stream)["name"] for stream in STREAMS]}
    lines = [*setting_problems({**config, "conversation_details_source": "auto"}, STREAMS)]
    refused = {line.split('"')[1] for line in lines}
    loaded = {
        vars(stream)["name"]
        for stream in STREAMS
        if any(
            issubclass(reader, WindowedStream)
            for reader in (stream, stream.parent_stream_type)
            if reader
        )
    }
    assert refused == {*config["load_history"]} - loaded
    assert {DETAILS, SEGMENTS, "recordings", "audits", "user_routing_statuses"} <= loaded
    assert {"users", "user_observations", "tap_runs", "schedules_published"} <= refused


@pytest.mark.parametrize("stream", ["conversation_aggregates", "audits", "user_presences"])
def test_another_stream_logs_what_an_earlier_start_date_would_add(
    stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each run logs it, until it is loaded; the same date is not logged."""
    begin = iso(SINCE + 3 * DAY)
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, stream, start_date=begin)
        again = later(sim, 1, first.state, stream, start_date=begin)
        assert not [text for text in caplog.messages if "start_date" in text]
        moved = later(sim, 2, again.state, stream)
        assert [text for text in caplog.messages if "start_date" in text] == [
            (
                f"{stream}: start_date is earlier than what earlier runs have read; what is in "
                f"{iso(SINCE)}/{begin} is not loaded. To load it, set load_history to "
                f'["{stream}"].'
            )
        ]
        caplog.clear()
        loaded = later(sim, 3, moved.state, stream, load_history=[stream])
        later(sim, 4, loaded.state, stream)
    assert not [text for text in caplog.messages if "start_date" in text]
