"""The run report: how the run ended, whatever happened, without data of any record."""

from __future__ import annotations

import errno
import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.harness import Output, bookmarked, tap
from support.harness import run as read
from support.report_schemas import hold_to_schema, validator_of

from tap_genesys.errors import Incomplete, SettingError, StopRun
from tap_genesys.interruption import Interrupted
from tap_genesys.replication.windows import iso
from tap_genesys.run_report import table, write_whole
from tap_genesys.simulator import Fault, Simulator, World

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 4, 13, 30, tzinfo=UTC)
WORLD = World(seed=5, per_day=50, since=SINCE, now=NOW)
START: dict[str, Any] = {"start_date": iso(SINCE), "page_size": 20}
QUERY = "/details/query"


def report_of(path: Path) -> dict[str, Any]:
    """Return the report in a file, which has its documented schema."""
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    hold_to_schema("run_report", report)
    return report


def row(report: dict[str, Any], stream: str) -> dict[str, Any]:
    """Return a stream's entry of the report."""
    return next(entry for entry in report["streams"] if entry["stream"] == stream)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the report."""
    return tmp_path / "report.json"


def test_a_whole_run_is_ok_and_adds_up(path: Path) -> None:
    """A whole run is `ok`; records, requests, windows and bookmarks match the output."""
    with Simulator(WORLD) as sim:
        output = read(sim, DETAILS, "users", run_report_path=str(path), **START)
        sent = len(sim.requests)
    report = report_of(path)
    assert (report["version"], report["status"], report["error"]) == (1, "ok", None)
    assert (report["started"], report["ended"]) == (iso(NOW), iso(NOW))
    assert report["requests"] == sent
    details, users = row(report, DETAILS), row(report, "users")
    assert details["records"] == len(output.records(DETAILS))
    assert details["requests"] + users["requests"] + 1 == sent  # and a login
    assert (details["status"], details["parts"]) == ("done", "windows")
    assert details["parts_done"] == details["parts_total"] == 4
    assert details["bookmark"] == output.bookmark()
    assert (users["status"], users["parts"], users["bookmark"]) == ("done", None, None)


def test_the_watermark_and_the_waits_for_jobs_are_reported(path: Path) -> None:
    """A stream read by job has the watermark, its windows, and the seconds of polling."""
    with Simulator(WORLD) as sim:
        output = read(
            sim,
            DETAILS,
            run_report_path=str(path),
            conversation_details_source="job",
            job_poll_seconds=5,
            max_parallel_jobs=1,
            **START,
        )
    details = row(report_of(path), DETAILS)
    assert details["watermark"] == output.state["bookmarks"][DETAILS]["watermark"]
    assert details["parts_done"] == details["parts_total"] > 0
    assert details["waited_seconds"] >= 5 * details["parts_total"]


def test_the_schema_refuses_what_is_no_report(path: Path) -> None:
    """The schema refuses a missing key, a word that is no status, and a whole run with an error."""
    with Simulator(WORLD) as sim:
        read(sim, "users", run_report_path=str(path), **START)
    report = report_of(path)
    spoiled: list[dict[str, Any]] = [
        {key: value for key, value in report.items() if key != "run_id"},
        {**report, "status": "fine"},
        {**report, "error": "A line."},
        {**report, "status": "failed"},
        {**report, "ended": None},
        {**report, "started": "today"},
        {**report, "streams": [{**report["streams"][0], "lanes": []}]},
        {**report, "streams": [{**report["streams"][0], "records": -1}]},
        {**report, "other": 1},
    ]
    for other in spoiled:
        assert not validator_of("run_report").is_valid(other)


def test_a_run_that_goes_on_has_the_schema_too(path: Path) -> None:
    """The report at the start, `running`, has the documented schema."""
    reports = []

    class Writer(Output):
        def write_message(self, message: Any) -> None:
            super().write_message(message)
            reports.append(report_of(path))

    writer = Writer()
    with Simulator(WORLD) as sim:
        tap(sim, "divisions", output=writer, run_report_path=str(path)).sync_or_leave()
    assert {report["status"] for report in reports} == {"running"}


def test_retries_and_their_waits_belong_to_their_stream(path: Path) -> None:
    """Retries and their waits count for their stream and in the total."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=QUERY, status=503, after=1, times=2))
        read(sim, DETAILS, "users", run_report_path=str(path), **START)
        sent = len(sim.requests)
    report = report_of(path)
    assert (row(report, DETAILS)["retries"], row(report, "users")["retries"]) == (2, 0)
    assert row(report, DETAILS)["waited_seconds"] >= 6
    assert (report["retries"], report["requests"]) == (2, sent)


def test_a_child_stream_reports_its_parents(path: Path) -> None:
    """A child stream counts its parents; the parent has an entry too, as it was requested."""
    with Simulator(WORLD) as sim:
        output = read(sim, "user_skills", run_report_path=str(path))
    report = report_of(path)
    skills, users = row(report, "user_skills"), row(report, "users")
    assert (skills["parts"], skills["parts_done"]) == ("parents", skills["parts_total"])
    # Some users have no skills.
    assert skills["parts_total"] == len(WORLD.users())
    assert len({row["userId"] for row in output.records("user_skills")}) < len(WORLD.users())
    assert users["requests"] > 0


def test_a_skipped_stream_has_the_reason(path: Path) -> None:
    """A skipped stream has the reason, and does not fail the run."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/users", times=None))
        read(sim, "users", "divisions", run_report_path=str(path))
    report = report_of(path)
    assert report["status"] == "ok"
    assert row(report, "users")["status"] == "skipped"
    assert "403" in row(report, "users")["skipped"]
    assert row(report, "divisions")["skipped"] is None


def test_a_hole_makes_it_incomplete(path: Path) -> None:
    """A hole makes the run and its stream `incomplete`, with one line."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("empty", path=QUERY, page=2, times=4))
        with pytest.raises(Incomplete):
            read(sim, DETAILS, run_report_path=str(path), **START)
    report = report_of(path)
    assert report["status"] == "incomplete"
    assert "page 2 stayed empty" in report["error"]
    assert "\n" not in report["error"]
    assert (row(report, DETAILS)["status"], row(report, DETAILS)["incomplete_windows"]) == (
        "incomplete",
        1,
    )


def test_a_run_that_gives_up_has_failed(path: Path) -> None:
    """In a failed run the stream and its tables are unfinished, and later streams not started."""
    streams = (DETAILS, "conversation_segments", "users")
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=QUERY, after=3, times=None))
        with pytest.raises(StopRun) as stopped:
            read(sim, *streams, run_report_path=str(path), **START)
    report = report_of(path)
    assert (report["status"], report["error"]) == ("failed", str(stopped.value))
    assert row(report, DETAILS)["status"] == "unfinished"
    assert row(report, "conversation_segments")["status"] == "unfinished"
    assert row(report, "users")["status"] == "not started"


def test_the_limit_that_ended_a_run_is_named(path: Path) -> None:
    """The error of a rate limit names the limit."""
    with Simulator(WORLD) as sim:
        limit = "client.credentials.token.rate.per.minute"
        sim.faults.add(Fault("status", path=QUERY, status=429, limit=limit, times=None))
        with pytest.raises(StopRun, match="Gave up"):
            read(sim, DETAILS, run_report_path=str(path), **START)
    assert f"Limit: platform.api {limit} = 300." in report_of(path)["error"]


def test_a_signal_has_its_name(path: Path) -> None:
    """An interrupted run names the signal."""
    with Simulator(WORLD) as sim:
        genesys_tap = tap(sim, DETAILS, run_report_path=str(path), **START)
        genesys_tap.interruption.handle(15)
        with pytest.raises(Interrupted):
            genesys_tap.sync_or_leave()
    assert (report_of(path)["status"], report_of(path)["error"]) == (
        "interrupted",
        "SIGTERM ended the run.",
    )


def test_an_error_that_is_not_ours_is_only_named(path: Path) -> None:
    """Of an unexpected error only the class is reported: its text may hold data of a record."""

    class Writer(Output):
        def write_message(self, message: Any) -> None:
            if message.to_dict()["type"] == "RECORD":
                msg = f"cannot write {message.to_dict()['record']}"
                raise ValueError(msg)

    writer = Writer()
    with Simulator(WORLD) as sim, pytest.raises(ValueError, match="cannot write"):
        tap(sim, "users", output=writer, run_report_path=str(path)).sync_or_leave()
    assert (report_of(path)["status"], report_of(path)["error"]) == (
        "failed",
        "ValueError; the log has more.",
    )


def test_no_secret_and_no_record_is_in_it(path: Path) -> None:
    """The report has no secret, no token and no id of a record."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=QUERY, status=400, after=2, times=None))
        output = Output()
        with pytest.raises(StopRun):
            tap(sim, DETAILS, output=output, run_report_path=str(path), **START).sync_or_leave()
        tokens = {request.headers["Authorization"].split()[1] for request in sim.requests}
    text = path.read_text("utf-8")
    assert not [secret for secret in ("demo-secret", *tokens) if secret in text]
    assert not [name for name in output.ids(DETAILS) if name in text]


def test_a_secret_in_an_error_is_redacted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the text of any error is redacted.

    The vendor's words are quoted in several places.
    """

    def fail() -> None:
        msg = "nobody knows demo-secret"
        raise StopRun(msg)

    with Simulator(WORLD) as sim:
        genesys_tap = tap(sim, "users", run_report_path=str(path))
        monkeypatch.setattr(genesys_tap.streams["users"], "sync", fail)
        with pytest.raises(StopRun):
            genesys_tap.sync_or_leave()
    assert report_of(path)["error"] == "nobody knows ***"


def test_a_resumed_run_reports_the_bookmark_even_if_it_fails(path: Path) -> None:
    """A run that fails before its first STATE reports the bookmark that it began with."""
    before = iso(datetime(2026, 3, 3, tzinfo=UTC))
    state = bookmarked(DETAILS, "conversationStart", before)
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=QUERY, times=None))
        with pytest.raises(StopRun):
            read(sim, DETAILS, state=state, run_report_path=str(path), **START)
    assert row(report_of(path), DETAILS)["bookmark"] == before


def test_a_place_that_cannot_be_written_stops_the_run_before_a_request(path: Path) -> None:
    """A path that cannot be written is an error before the first request."""
    with Simulator(WORLD) as sim:
        genesys_tap = tap(sim, "users", run_report_path=str(path))
        path.mkdir()  # after the settings were checked
        with pytest.raises(SettingError) as refused:
            genesys_tap.sync_or_leave()
        assert sim.requests == []
    (line,) = refused.value.lines
    assert line.startswith(f'run_report_path is "{path}"; it cannot be written (')
    assert line.endswith(": use a file in a folder that may be written to.")


def test_a_place_that_is_lost_at_the_end_is_a_warning(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A path that cannot be written at the end is a warning: the data is emitted."""

    class Writer(Output):
        def write_message(self, message: Any) -> None:
            super().write_message(message)
            if path.is_file():
                path.unlink()
                path.mkdir()

    writer = Writer()
    with Simulator(WORLD) as sim:
        tap(sim, "users", output=writer, run_report_path=str(path)).sync_or_leave()
    (warning,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warning.startswith(f"run_report_path {path}: not written (")


def test_without_the_setting_there_is_the_summary_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without `run_report_path` the summary is logged, and no file is written."""
    caplog.set_level(logging.INFO)
    monkeypatch.chdir(tmp_path)
    with Simulator(WORLD) as sim:
        read(sim, "users")
    assert [
        record.message for record in caplog.records if record.message.startswith("Summary (ok): ")
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_slow_run_logs_its_progress_every_half_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every 30 seconds of the run's clock a line of progress is logged."""
    caplog.set_level(logging.INFO)
    with Simulator(WORLD) as sim:
        genesys_tap = tap(sim, DETAILS, "users", requests_per_minute=6, **START)
        begun = genesys_tap.clock.seconds()
        genesys_tap.sync_or_leave()
        seconds = genesys_tap.clock.seconds() - begun
    lines = [record.message for record in caplog.records if record.message.startswith("Progress: ")]
    assert seconds / 30 - 2 <= len(lines) <= seconds / 30
    assert any(line.startswith(f"Progress: {DETAILS}: 2 of 4 windows, ") for line in lines)
    assert any(" to go" in line for line in lines)


def test_progress_is_logged_while_a_job_is_polled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Progress is logged during a long wait for a job, without requests."""
    caplog.set_level(logging.INFO)
    with Simulator(WORLD) as sim:
        read(
            sim,
            DETAILS,
            conversation_details_source="job",
            job_poll_seconds=300,
            window_days=30,
            **START,
        )
    lines = [record.message for record in caplog.records if record.message.startswith("Progress: ")]
    assert len(lines) >= 300 / 30 - 1


def test_metrics_come_once_a_stream_however_many_requests(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The SDK's metrics are logged once per stream, not once per request."""
    caplog.set_level(logging.INFO)
    with Simulator(WORLD) as sim:
        read(sim, "user_skills")
        sent = len(sim.requests)
    counted = [record for record in caplog.records if "http_request_count" in record.message]
    assert sent > 50
    assert len(counted) == 2  # users, and their skills


def test_the_table_is_aligned_and_holds_every_stream() -> None:
    """The summary is a table with a line per stream, texts to the left, numbers to the right."""
    streams = [
        {
            "stream": name,
            "status": "done",
            "records": records,
            "unchanged": 12,
            "requests": 2,
            "retries": 0,
            "waited_seconds": 1.2,
            "bookmark": "2026-03-01T00:00:00.000Z",
            "watermark": None,
        }
        for name, records in (("a", 1), ("longer", 1_000_000))
    ]
    sums = {"records": 1_000_001, "requests": 4, "retries": 0, "waited_seconds": 2.4, "seconds": 61}
    head, *lines = table({"status": "ok", **sums, "streams": streams}).splitlines()
    assert head == (
        "Summary (ok): 1,000,001 records, 4 requests, 0 retries, 2 s waited by all requests "
        "together; 1 min 01 s in all."
    )
    assert [" ".join(line.split()) for line in lines] == [
        "stream records unchanged requests retries waited bookmark watermark",
        "a done 1 12 2 0 1 s 2026-03-01T00:00:00.000Z",
        "longer done 1,000,000 12 2 0 1 s 2026-03-01T00:00:00.000Z",
    ]
    # Names are aligned to the left, numbers to the right.
    ends = [
        [line.index(text) + len(text) for line, text in zip(lines, texts, strict=True)]
        for texts in (
            ("records", " 1", "1,000,000"),
            ("unchanged", "12", "12"),
            ("waited", "1 s", "1 s"),
        )
    ]
    assert all(len({*column}) == 1 for column in ends)
    assert [line.index("done") for line in lines[1:]] == [8, 8]


@given(old=st.text(), new=st.text())
def test_a_file_is_replaced_whole(
    tmp_path_factory: pytest.TempPathFactory, old: str, new: str
) -> None:
    """A file is replaced atomically: an open reader reads the old text to its end."""
    old, new = old.replace("\r", ""), new.replace("\r", "")
    path = tmp_path_factory.mktemp("whole") / "report.json"
    write_whole(path, old)
    with path.open(encoding="utf-8") as reader:
        write_whole(path, new)
        assert reader.read() == old
    assert path.read_text("utf-8") == new
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """After a failed write, as on a full disk, the old text is there, and no other file."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "report.json"
    write_whole(path, "old")
    monkeypatch.setattr(os if step == "fsync" else Path, step, fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new")
    assert path.read_text("utf-8") == "old"
    assert [*tmp_path.iterdir()] == [path]
