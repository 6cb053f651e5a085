"""`load_history` of streams with a bookmark of their own, for an earlier `start_date`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.harness import Output, bookmarked, run, tap

from tap_genesys.endpoints.missing_history import MissingHistory
from tap_genesys.replication.plan import Read
from tap_genesys.replication.windows import DAY, Window, iso
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from tap_genesys.endpoints.windowed import WindowedStream

AGGREGATES, EVALUATIONS = "conversation_aggregates", "evaluations"
PRESENCES, STATUSES = "user_presences", "user_routing_statuses"
HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = SINCE + 5 * DAY + 7 * HOUR
WORLD = World(seed=8, per_day=12, since=SINCE, now=NOW, lag=8 * HOUR)
#: The start of the first run.
BEGIN = SINCE + 3 * DAY


def later(sim: Simulator, hours: float, state: Any, *streams: str, **options: Any) -> Output:
    """Return the output of a run some hours after the first one."""
    sim.world = WORLD.at(NOW + hours * HOUR)
    return run(sim, *streams, state=state, **{"start_date": iso(SINCE), **options})


def entry_of(output: Output, stream: str) -> dict[str, Any]:
    """Return a stream's part of the last STATE."""
    entry: dict[str, Any] = output.state["bookmarks"][stream]
    return entry


@pytest.mark.parametrize(
    ("stream", "column"), [(AGGREGATES, "intervalStart"), (EVALUATIONS, "createdDate")]
)
def test_a_load_reads_what_is_missing_after_all_else_and_changes_nothing_else(
    stream: str, column: str
) -> None:
    """Its rows are those before the earlier begin, and come last; the bookmark is the same."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, stream, start_date=iso(BEGIN))
        without = later(sim, 1, first.state, stream, lookback_days=0)
        loaded = later(sim, 1, first.state, stream, lookback_days=0, load_history=[stream])
        truth = later(sim, 1, {}, stream)
    rows = loaded.records(stream)[len(without.records(stream)) :]
    expected = [row for row in truth.records(stream) if row[column] < iso(BEGIN)]
    assert len(expected) > 2
    assert [row[column] for row in rows] == [row[column] for row in expected]
    assert entry_of(loaded, stream)["history"] == {stream: [iso(SINCE)]}
    assert loaded.bookmark(stream) == without.bookmark(stream)


def test_a_stream_that_is_not_named_loads_nothing() -> None:
    """Only the stream in the setting reads its history, although both lack it."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, AGGREGATES, EVALUATIONS, start_date=iso(BEGIN))
        loaded = later(sim, 1, first.state, AGGREGATES, EVALUATIONS, load_history=[EVALUATIONS])
    assert entry_of(loaded, AGGREGATES)["history"] == {AGGREGATES: [iso(BEGIN)]}
    assert entry_of(loaded, EVALUATIONS)["history"] == {EVALUATIONS: [iso(SINCE)]}
    assert all(row["intervalStart"] >= iso(BEGIN) for row in loaded.records(AGGREGATES))


def test_what_the_look_back_reads_needs_no_load(caplog: pytest.LogCaptureFixture) -> None:
    """Evaluations of the last 30 days are read again: then nothing is missing, and none logged."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, EVALUATIONS, start_date=iso(BEGIN))
        again = later(sim, 1, first.state, EVALUATIONS)
    assert entry_of(again, EVALUATIONS)["history"] == {EVALUATIONS: [iso(SINCE)]}
    assert "load_history" not in caplog.text


def test_a_load_ends_at_end_date() -> None:
    """What is at or after `end_date` stays missing."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, EVALUATIONS, start_date=iso(BEGIN))
        end = SINCE + DAY
        loaded = later(
            sim, 1, first.state, EVALUATIONS, end_date=iso(end), load_history=[EVALUATIONS]
        )
    assert entry_of(loaded, EVALUATIONS)["history"] == {
        EVALUATIONS: [iso(SINCE), iso(end), iso(BEGIN)]
    }


def test_a_loaded_day_of_aggregates_is_read_again_at_the_ages_to_come() -> None:
    """The mark of five days goes back to the first loaded day that is younger; no other does."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, AGGREGATES, start_date=iso(BEGIN))
        loaded = later(sim, 0, first.state, AGGREGATES, load_history=[AGGREGATES])
    before, marks = (entry_of(output, AGGREGATES)["recheckedUpTo"] for output in (first, loaded))
    # The first day ended four days ago, and the first run began two days ago.
    assert before == {"1": iso(BEGIN + DAY), "3": iso(BEGIN), "5": iso(BEGIN)}
    assert marks == {"1": iso(BEGIN + DAY), "3": iso(SINCE + 2 * DAY), "5": iso(SINCE)}


def test_a_window_with_a_hole_stays_missing() -> None:
    """Only a window that was read whole is in the history."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, EVALUATIONS, start_date=iso(BEGIN))
        stream = reader_of(sim, EVALUATIONS, first.state)
    stream.begin_range(NOW)
    for whole, begin in ((False, BEGIN), (True, SINCE + DAY)):
        stream.window = Window(SINCE + DAY, BEGIN)
        stream.finish_window(whole=whole)
        assert stream.own_state["history"] == {EVALUATIONS: [iso(begin)]}


def reader_of(sim: Simulator, name: str, state: dict[str, Any], **options: Any) -> WindowedStream:
    """Return a stream that resumes from a state."""
    reader = tap(sim, name, state=state, start_date=iso(SINCE), **options)
    stream = cast("WindowedStream", reader.streams[name])
    bookmark = stream.bookmark()
    stream._missing = MissingHistory(stream, stream.range_from(bookmark), bookmark)
    return stream


def test_a_window_is_missing_if_a_part_of_it_is() -> None:
    """Windows that only touch what is missing are not."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, EVALUATIONS, start_date=iso(BEGIN))
        stream = reader_of(sim, EVALUATIONS, first.state)
    windows = {
        Window(SINCE - DAY, SINCE): False,
        Window(SINCE - DAY, SINCE + HOUR): True,
        Window(BEGIN - HOUR, BEGIN + DAY): True,
        Window(BEGIN, BEGIN + DAY): False,
    }
    for stream.window, is_missing in windows.items():
        assert stream.is_history() is is_missing


def test_a_part_that_the_next_look_back_reads_is_no_second_reading_of_a_missing_window() -> None:
    """A missing window comes again only if the look-back reads all of it."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, EVALUATIONS, start_date=iso(BEGIN))
        stream = reader_of(sim, EVALUATIONS, first.state, lookback_days=3)
        window = Window(SINCE, BEGIN)
        stream.window = window
        assert not stream.comes_again()
        stream.window = Window(NOW - 3 * DAY, BEGIN)
        assert stream.comes_again()
        # Earlier runs have read it: only what they lack has to come again.
        stream.own_state["history"] = {EVALUATIONS: [iso(SINCE)]}
        stream = reader_of(sim, EVALUATIONS, {"bookmarks": {EVALUATIONS: stream.own_state}})
        stream.window = window
        assert stream.comes_again()


@pytest.mark.parametrize(("purpose", "comes"), [("history", False), ("forward", True)])
def test_a_missing_window_of_user_details_is_one_by_its_purpose(
    purpose: Any, *, comes: bool
) -> None:
    """Its plan knows what is missing."""
    state = bookmarked(PRESENCES, "startTime", iso(NOW - HOUR))
    with Simulator(WORLD) as sim:
        options: dict[str, Any] = {"user_details_source": "query", "lookback_days": 3}
        stream: Any = tap(sim, PRESENCES, state=state, **options).streams[PRESENCES]
    stream.window = Window(SINCE, BEGIN)
    stream.present = Read(stream.window, "query", purpose)
    assert stream.comes_again() is comes


@pytest.mark.parametrize(
    ("stream", "days", "remedy"),
    [
        ("audits", 365, "The vendor keeps audits for at least a year, and no other"),
        (PRESENCES, 558, "Jobs return it: set user_details_source to job."),
    ],
)
def test_a_load_of_what_the_vendor_may_not_have_is_a_warning(
    stream: str, days: int, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The line has the begin, the age and the remedy; it is logged by runs that load alone."""
    begin = NOW - (days + 1) * DAY
    state = bookmarked(stream, "eventDate", iso(NOW - HOUR))
    state["bookmarks"][stream]["history"] = {stream: [iso(begin)]}
    options: dict[str, Any] = {"user_details_source": "auto", "start_date": iso(begin - DAY)}
    with Simulator(WORLD) as sim:
        later(sim, 0, state, stream, **options)
        assert "may be missing" not in caplog.text
        later(sim, 0, state, stream, load_history=[stream], **options)
    line = f"start_date: {stream} begins at {iso(begin - DAY)}, but data more than {days} days old"
    assert any(text.startswith(line) and remedy in text for text in caplog.messages)


def test_without_start_date_nothing_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    """There is no first moment, so no run logs that something lacks."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, AGGREGATES, start_date=iso(BEGIN))
        again = later(sim, 1, first.state, AGGREGATES, start_date=None)
    assert entry_of(again, AGGREGATES)["history"] == {AGGREGATES: [iso(BEGIN)]}
    assert "load_history" not in caplog.text


def test_a_load_is_logged_with_its_range(caplog: pytest.LogCaptureFixture) -> None:
    """The line has the stream and the part that is loaded."""
    caplog.set_level("INFO")
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, AGGREGATES, start_date=iso(BEGIN))
        later(sim, 1, first.state, AGGREGATES, load_history=[AGGREGATES])
    assert (
        f"Loading what {AGGREGATES} lacks in {iso(SINCE)}/{iso(BEGIN)}, after all else."
    ) in caplog.messages
    assert "is not loaded" not in caplog.text


def test_a_load_is_a_lane_of_its_own() -> None:
    """`tap_runs` has the requests and rows of a load in the lane `history`."""
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, AGGREGATES, start_date=iso(BEGIN))
        loaded = later(sim, 1, first.state, AGGREGATES, "tap_runs", load_history=[AGGREGATES])
    lanes = {row["lane"]: row for row in loaded.records("tap_runs") if row["stream"] == AGGREGATES}
    # One request for each of the three days.
    assert lanes["history"]["requests"] == 3
    assert lanes["history"]["records"] > 0


@pytest.mark.parametrize("source", ["auto", "job", "query"])
def test_a_table_of_user_details_that_is_selected_later_is_loaded_alone(source: str) -> None:
    """Its rows are those of a run without state; the stream itself has no row of the history."""
    options: dict[str, Any] = {"user_details_source": source, "lookback_days": 0}
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, PRESENCES, **options)
        names = (PRESENCES, STATUSES)
        without = later(sim, 24, first.state, *names, **options)
        loaded = later(sim, 24, first.state, *names, load_history=[STATUSES], **options)
        truth = later(sim, 24, {}, *names, **options)
    assert entry_of(without, PRESENCES)["history"] == {
        PRESENCES: [iso(SINCE)], STATUSES: [first.bookmark(PRESENCES)],
    }  # fmt: skip
    assert entry_of(loaded, PRESENCES)["history"] == {key: [iso(SINCE)] for key in names}
    assert set(without.ids(STATUSES)) < set(truth.ids(STATUSES))
    assert set(loaded.ids(STATUSES)) == set(truth.ids(STATUSES))
    assert loaded.ids(PRESENCES) == without.ids(PRESENCES)


@pytest.mark.parametrize("source", ["auto", "job"])
def test_user_details_that_are_selected_later_than_their_table_are_loaded_alone(
    source: str,
) -> None:
    """The table, which was selected before, has no row of the history."""
    options: dict[str, Any] = {"user_details_source": source}
    with Simulator(WORLD) as sim:
        first = later(sim, 0, {}, STATUSES, **options)
        names = (PRESENCES, STATUSES)
        without = later(sim, 24, first.state, *names, **options)
        loaded = later(sim, 24, first.state, *names, load_history=[PRESENCES], **options)
        truth = later(sim, 24, {}, *names, **options)
    assert loaded.ids(STATUSES) == without.ids(STATUSES)
    assert set(without.ids(PRESENCES)) < set(loaded.ids(PRESENCES)) == set(truth.ids(PRESENCES))
