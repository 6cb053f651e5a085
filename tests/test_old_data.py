"""Data too old to be returned: a warning at the begin, and one before the bookmark passes a gap."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.harness import Output, bookmarked, run, tap

from tap_genesys.errors import StopRun
from tap_genesys.replication.old_data import AUDITS, BY_QUERY, Horizon, OldData
from tap_genesys.replication.windows import DAY, Window, iso
from tap_genesys.simulator import Fault, Simulator, World

NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
SINCE = datetime(2024, 8, 10, tzinfo=UTC)
#: An org that is older than its queries reach: beyond their limit lie fourteen days and a half.
WORLD = World(seed=14, per_day=3, since=SINCE, now=NOW, lag=timedelta(hours=4))
LIMIT = NOW - BY_QUERY
DETAILS, PRESENCES = "conversation_details", "user_presences"
QUERIES = {DETAILS: "/conversations/details/query", PRESENCES: "/users/details/query"}
SETTINGS: dict[str, Any] = {
    "start_date": iso(SINCE),
    "end_date": iso(LIMIT + 2 * DAY),
    "user_details_source": "query",
    "lookback_days": 0,
}


def logged(caplog: pytest.LogCaptureFixture, *levels: int) -> list[str]:
    """Return the log lines about old data."""
    return [
        record.message
        for record in caplog.records
        if record.levelno in (levels or (logging.WARNING,)) and "days " in record.message
        if "start_date: " in record.message or "no rows were returned" in record.message
    ]


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.mark.parametrize("stream", [DETAILS, PRESENCES])
def test_a_query_beyond_558_days_is_announced_and_what_stays_empty_is_logged(
    stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A query beyond 558 days logs a warning with the remedy, and one for the empty range."""
    with Simulator(WORLD, query_days=BY_QUERY.days) as sim:
        output = run(sim, stream, **SETTINGS)
    announced, empty = logged(caplog)
    source = "conversation_details_source" if stream == DETAILS else "user_details_source"
    assert announced == (
        f"start_date: {stream} begins at 2024-08-10T00:00:00.000Z, but data more than 558 days "
        "old (before 2024-08-24T13:30:00.000Z) may be missing. Jobs return it: set "
        f"{source} to job. Or set start_date to a later date."
    )
    # The window in which the first row came begins at midnight: for spans that of the next day, on
    # which they end.
    until = "2024-08-24T00:00:00.000Z" if stream == DETAILS else "2024-08-24T13:30:00.000Z"
    assert empty == (
        f"{stream}: no rows were returned from 2024-08-10T00:00:00.000Z to {until}, more "
        f"than 558 days ago. The bookmark moves on. Jobs return it: set {source} to job."
    )
    assert output.records(stream)
    assert output.bookmark(stream) == SETTINGS["end_date"]


@pytest.mark.parametrize("end", [LIMIT + 2 * DAY, SINCE + 5 * DAY], ids=["rows", "none"])
@pytest.mark.parametrize("stream", [DETAILS, PRESENCES])
def test_an_empty_range_is_logged_before_the_bookmark_passes_it(
    stream: str, end: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    """The bookmark passes an empty old range only after the warning is logged."""
    bookmarks: list[tuple[str | None, int]] = []
    output = Output()
    with Simulator(WORLD, query_days=BY_QUERY.days) as sim:
        genesys_tap = tap(sim, stream, output=output, **{**SETTINGS, "end_date": iso(end)})
        write = output.write_message

        def record_bookmark(message: Any) -> None:
            write(message)
            bookmarks.append((output.bookmark(stream), len(logged(caplog))))

        output.write_message = record_bookmark  # type: ignore[method-assign]
        genesys_tap.sync_or_leave()
    assert next(lines for moved, lines in bookmarks if moved) == 2
    assert next(lines for moved, lines in bookmarks if not moved and lines) == 1


def test_a_run_that_breaks_off_before_has_passed_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A run that fails before a row has no bookmark, and the next one reads and logs it all."""
    output = Output()
    with Simulator(WORLD, query_days=BY_QUERY.days) as sim:
        sim.faults.add(Fault("status", path=QUERIES[DETAILS], status=400, after=9, times=None))
        with pytest.raises(StopRun):
            tap(sim, DETAILS, output=output, **SETTINGS).sync_or_leave()
        assert len(logged(caplog)) == 1
        assert output.bookmark() is None
        sim.faults.clear()
        resumed = run(sim, DETAILS, state=output.state, **SETTINGS)
    assert resumed.bookmark() == SETTINGS["end_date"]
    assert len(logged(caplog)) == 3
    expected = list(WORLD.conversations(LIMIT, LIMIT + 2 * DAY))
    assert set(resumed.ids()) == {row["conversationId"] for row in expected}


def test_where_all_of_it_is_old_and_empty_the_bookmark_moves_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A range that is old and empty throughout moves the bookmark once, to its end."""
    end = iso(SINCE + 5 * DAY)
    with Simulator(WORLD, query_days=BY_QUERY.days) as sim:
        output = run(sim, DETAILS, **{**SETTINGS, "end_date": end})
    moved = [
        message["value"]["bookmarks"][DETAILS].get("replication_key_value")
        for message in output.of("STATE")
        if DETAILS in message["value"].get("bookmarks", {})
    ]
    assert set(moved) == {None, end}
    assert [line for line in logged(caplog) if f"to {end}, more than 558 days ago" in line]


@pytest.mark.parametrize("query_days", [None, BY_QUERY.days])
def test_a_reading_within_558_days_logs_nothing(
    query_days: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Within 558 days no warning is logged; a later bookmark counts, not `start_date`."""
    with Simulator(WORLD, query_days=query_days) as sim:
        run(sim, DETAILS, **{**SETTINGS, "start_date": iso(LIMIT)})
        state = bookmarked(DETAILS, "conversationStart", iso(LIMIT + DAY))
        run(sim, DETAILS, state=state, **SETTINGS)
    assert logged(caplog) == []


def test_what_is_old_and_there_is_read_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    """Old data that the org does return is read whole, without a second warning."""
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, **SETTINGS)
    (announced,) = logged(caplog)
    assert announced.startswith("start_date: ")
    expected = {row["conversationId"] for row in WORLD.conversations(SINCE, LIMIT + 2 * DAY)}
    assert set(output.ids()) == expected


@pytest.mark.parametrize("source", ["job", "auto"])
@pytest.mark.parametrize("stream", [DETAILS, PRESENCES])
def test_jobs_return_what_is_old_without_a_warning(
    stream: str, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Jobs read old data without a warning.

    A range that is empty even for them is logged as info.
    """
    sources = {"conversation_details_source": source, "user_details_source": source}
    early = iso(SINCE - 3 * DAY)
    with Simulator(WORLD, query_days=BY_QUERY.days) as sim:
        output = run(sim, stream, **{**SETTINGS, **sources})
        assert logged(caplog, logging.WARNING, logging.INFO) == []
        run(sim, stream, **{**SETTINGS, **sources, "start_date": early})
    assert min(str(row[KEYS[stream]]) for row in output.records(stream)) < iso(SINCE + DAY)
    assert logged(caplog) == []
    assert logged(caplog, logging.INFO) == [
        f"{stream}: no rows were returned from {early} to {iso(SINCE)}, more than 558 days ago."
    ]


def test_where_jobs_return_nothing_at_all_that_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A range in which jobs return no row at all is logged once, as info."""
    options = {"start_date": iso(SINCE - 3 * DAY), "end_date": iso(SINCE - DAY)}
    with Simulator(WORLD) as sim:
        run(sim, DETAILS, conversation_details_source="job", **options)
    (line,) = logged(caplog, logging.INFO)
    span = f"from {options['start_date']} to {options['end_date']}"
    assert line == f"{DETAILS}: no rows were returned {span}, more than 558 days ago."


@pytest.mark.parametrize("source", ["job", "query"])
def test_what_was_not_read_is_not_called_empty(
    source: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A range of no length, or one that was refused, is not logged as empty."""
    options = {"start_date": iso(SINCE), "conversation_details_source": source}
    with Simulator(WORLD) as sim:
        run(sim, DETAILS, end_date=iso(SINCE), **options)
        sim.faults.add(Fault("forbidden", path="/details/query", times=None))
        sim.faults.add(Fault("forbidden", path="/details/jobs", after=1, times=None))
        with pytest.raises(
            StopRun, match=r"Skipped streams are an error \(fail_on_skipped_streams\)"
        ):
            run(sim, DETAILS, "users", fail_on_skipped_streams=True, **options)
    assert not [line for line in logged(caplog, logging.INFO, logging.WARNING) if "nothing" in line]


KEYS = {DETAILS: "conversationStart", PRESENCES: "startTime"}


def test_audits_are_kept_for_a_year(caplog: pytest.LogCaptureFixture) -> None:
    """Audits have a limit of 365 days and no other source; both warnings name it."""
    limit = NOW - AUDITS
    options = {"start_date": iso(limit - 3.5 * DAY), "end_date": iso(limit + DAY)}
    with Simulator(WORLD, audit_days=AUDITS.days) as sim:
        output = run(sim, "audits", **options)
    announced, empty = logged(caplog)
    assert "more than 365 days old" in announced
    assert "for at least a year, and no other endpoint has them" in announced
    # The day in which the first row came begins at midnight.
    assert (
        f"no rows were returned from {options['start_date']} to {iso(limit - 13.5 / 24 * DAY)}"
        in empty
    )
    assert min(row["eventDate"] for row in output.records("audits")) >= iso(limit)
    assert output.bookmark("audits") == options["end_date"]


HOURS = st.integers(0, 60)


@given(HOURS, st.integers(1, 10), st.lists(st.booleans(), max_size=12))
def test_whatever_is_empty_is_logged_once_and_before_it_is_passed(
    before: int, length: int, rows: list[bool]
) -> None:
    """An empty old range is logged once, before it is passed.

    The model reads windows with rows or without, from some hours before the limit on.
    """
    logger = logging.getLogger("test_old_data")
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        _read(before, length, rows, lines, logger)
    finally:
        logger.removeHandler(handler)


def test_a_window_that_ends_at_the_horizon_is_passed_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next one begins with what is returned, whatever there is of it."""
    limit = NOW - DAY
    old = OldData("s", limit - DAY, NOW, Horizon(DAY), logging.getLogger("test_old_data"))
    assert old.holds(Window(limit - DAY, limit - timedelta(milliseconds=1)))
    assert not old.holds(Window(limit - DAY, limit))
    assert f"no rows were returned from {iso(limit - DAY)} to {iso(limit)}" in caplog.text


def _read(
    before: int, length: int, rows: list[bool], lines: list[str], logger: logging.Logger
) -> None:
    hour, limit = timedelta(hours=1), NOW - DAY
    start = limit - before * hour
    old = OldData("s", start, NOW, Horizon(DAY, "Remedy."), logger)
    assert len(lines) == (1 if before else 0)
    passed, window = start, Window(start, start)
    for number, has_rows in enumerate(rows):
        window = Window(start + number * length * hour, start + (number + 1) * length * hour)
        if has_rows:
            old.end(window.start)
        if not old.holds(window):
            passed = window.end
        empty = min(_first_row(rows, start, length), limit)
        # What is passed without a row is logged.
        assert (len(lines) == 2) == (passed > start and empty > start and before > 0)
    if old.is_empty:
        old.end(old.empty_until)
    empty = min(_first_row(rows, start, length), limit)
    line = (
        f"s: no rows were returned from {iso(start)} to {iso(empty)}, more than 1 days ago. "
        "The bookmark moves on. Remedy."
    )
    assert lines[1:] == ([line] if before and empty > start else [])


def _first_row(rows: list[bool], start: datetime, length: int) -> datetime:
    """Return the begin of the first window with rows, or the end of the last window."""
    number = rows.index(True) if True in rows else len(rows)
    return start + number * length * timedelta(hours=1)
