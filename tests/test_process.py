"""The command under a scheduler: exit codes, whole lines, one clear line for an error."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import termios
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyte
import pytest
from support import tap_process
from support.harness import last_state
from support.loaders import catalog
from support.tap_process import NOW, SINCE, Process, config, errors

from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.listings import COUNTS
from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

DETAILS = "conversation_details"
WORLD = World(seed=13, per_day=40, since=SINCE, now=NOW)
TRUTH = {row["conversationId"] for row in WORLD.conversations(SINCE, NOW)}


def emitted_ids(messages: list[dict[str, Any]]) -> set[str]:
    """Return the ids of the conversations in the messages."""
    return {
        message["record"]["conversationId"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == DETAILS
    }


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """Serve an org."""
    with Simulator(WORLD) as simulator:
        yield simulator


def test_a_whole_run_writes_singer_messages_alone_and_ends_with_0(
    sim: Simulator, tmp_path: Path
) -> None:
    """Standard output has Singer messages and nothing else, and the exit code is 0."""
    process = Process(tmp_path, config(sim))
    code, stderr, _seconds = process.end()
    assert (code, errors(stderr)) == (0, [])
    assert {message["type"] for message in process.messages} == {"SCHEMA", "RECORD", "STATE"}
    assert emitted_ids(process.messages) == TRUTH


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("signum", "expected"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_whole_lines_and_a_true_state(
    sim: Simulator, tmp_path: Path, signum: int, expected: int, unbuffered: str
) -> None:
    """A signal gives its exit code within two seconds, and the next run emits the rest."""
    slow = config(sim, requests_per_minute=900)
    process = Process(tmp_path, slow, PYTHONUNBUFFERED=unbuffered)
    process.read(60)
    code, stderr, seconds = process.end(signum)
    assert code == expected
    assert seconds < 2
    assert errors(stderr) == []
    assert process.messages[-1]["type"] == "STATE"
    assert emitted_ids(process.messages) < TRUTH
    (tmp_path / "state.json").write_text(json.dumps(last_state(process.messages)), "utf-8")
    resumed = Process(tmp_path, config(sim), "--state", str(tmp_path / "state.json"))
    assert resumed.end()[0] == 0
    assert emitted_ids(process.messages) | emitted_ids(resumed.messages) == TRUTH


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_signal_while_the_target_is_slow_cuts_no_line(
    sim: Simulator, tmp_path: Path, unbuffered: str
) -> None:
    """A signal during a blocked write waits until that line is complete."""
    process = Process(tmp_path, config(sim), PYTHONUNBUFFERED=unbuffered)
    process.read(1)
    _wait_until_blocked(process.popen.pid)
    code, _stderr, _seconds = process.end(signal.SIGTERM)
    assert code == 143
    assert process.messages[-1]["type"] == "STATE"


@pytest.mark.parametrize(
    ("fault", "settings"),
    [
        (Fault("slow", path="/details", after=1, seconds=50), {}),
        (Fault("stall", path="/details", after=1, seconds=50), {}),
        (Fault("slow", path="/oauth", seconds=50), {}),
        (Fault("status", path="/details", after=1, status=429, retry_after="50"), {}),
        (Fault("status", path="/details", after=1, times=None), {"retry_wait_seconds": 50}),
        (
            Fault("empty", path="/details", page=2, times=None),
            {"empty_page_wait_seconds": 50},
        ),
        (None, {"requests_per_minute": 1}),
    ],
    ids=["read", "body", "login", "retry-after", "backoff", "empty-page", "pace"],
)
def test_a_signal_ends_every_wait_within_two_seconds(
    sim: Simulator, tmp_path: Path, fault: Fault | None, settings: dict[str, Any]
) -> None:
    """A signal ends a run in any wait within two seconds: requests, retries, pages, pace."""
    if fault is not None:
        sim.faults.add(fault)
    process = Process(tmp_path, config(sim, **settings))
    _wait_until(lambda: len(sim.requests) >= (0 if fault and "oauth" in fault.path else 1))
    process.read(1)
    _wait_until_idle(process.popen.pid)
    code, stderr, seconds = process.end(signal.SIGTERM)
    assert code == 143, stderr
    assert seconds < 2
    assert process.messages


@pytest.mark.parametrize("pace", [60_000, 30])
def test_a_signal_ends_the_wait_for_a_job_and_deletes_it(
    sim: Simulator, tmp_path: Path, pace: int
) -> None:
    """A signal ends the polling of a job and deletes it, without a wait for the pace."""
    slow = config(
        sim, conversation_details_source="job", job_poll_seconds=50, requests_per_minute=pace
    )
    process = Process(tmp_path, slow)
    _wait_until(lambda: sim.lake.jobs)
    _wait_until_idle(process.popen.pid)
    code, stderr, seconds = process.end(signal.SIGTERM)
    assert (code, errors(stderr)) == (143, [])
    assert seconds < 2
    assert not sim.lake.jobs


def test_a_kill_at_any_line_loses_nothing(sim: Simulator, tmp_path: Path) -> None:
    """After a kill at any line the next run emits the rest."""
    for lines in (1, 2, 130, 250, 400):
        process = Process(tmp_path, config(sim))
        process.read(lines)
        process.popen.kill()
        process.end()
        whole = [line for line in process.lines if line.endswith(b"\n")]
        messages = [json.loads(line) for line in whole]
        (tmp_path / "state.json").write_text(json.dumps(last_state(messages)), "utf-8")
        resumed = Process(tmp_path, config(sim), "--state", str(tmp_path / "state.json"))
        assert resumed.end()[0] == 0
        assert emitted_ids(messages) | emitted_ids(resumed.messages) == TRUTH


def test_killed_and_interrupted_runs_are_in_the_stream_of_runs(
    sim: Simulator, tmp_path: Path
) -> None:
    """A run after `kill -9` reports it, though a signal ends that run too; the next has neither."""
    (tmp_path / "runs.json").write_text(json.dumps(catalog([DETAILS, "tap_runs"])), "utf-8")
    state: dict[str, Any] = {}
    outcomes: list[dict[str, str]] = []
    for signum, expected in ((signal.SIGKILL, -9), (signal.SIGTERM, 143), (None, 0)):
        (tmp_path / "state.json").write_text(json.dumps(state), "utf-8")
        files = ("--catalog", "runs.json", "--state", "state.json")
        process = Process(tmp_path, config(sim, conversation_details_source="query"), *files)
        process.read(60)
        assert process.end(signum)[0] == expected
        messages = [json.loads(line) for line in process.lines if line.endswith(b"\n")]
        state = last_state(messages)
        own = [
            message["record"]
            for message in messages
            if message.get("stream") == "tap_runs" and message["type"] == "RECORD"
        ]
        outcomes.append(
            {row["run_id"]: row["outcome"] for row in own if row["stream"] == "tap_runs"}
        )
    assert outcomes[0] == {}
    assert sorted(outcomes[1].values()) == ["interrupted", "killed"]
    assert [*outcomes[2].values()] == ["ok"]
    assert state["bookmarks"]["tap_runs"] == {"unreportedRuns": []}


def test_a_tap_that_hangs_fails_the_test_and_is_killed(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tap that hangs fails its test, and leaves no process."""
    monkeypatch.setattr(tap_process, "PATIENCE", 0.1)
    sim.faults.add(Fault("slow", path="/oauth", seconds=50))
    process = Process(tmp_path, config(sim))
    with pytest.raises(AssertionError, match="the tap ended before it wrote"):
        process.read(10_000)
    assert process.end()[0] == -signal.SIGKILL


def test_a_reader_that_goes_away_is_one_line(sim: Simulator, tmp_path: Path) -> None:
    """A target that dies ends the tap with an error of one line."""
    process = Process(tmp_path, config(sim))
    process.read(3)
    assert process.popen.stdout is not None
    process.popen.stdout.close()
    assert process.popen.wait(tap_process.PATIENCE) == 1
    stderr = process.stderr.read_text("utf-8")
    (line,) = errors(stderr)
    assert line.startswith("The reader of stdout is gone")
    assert "Exception ignored" not in stderr


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"client_secret": None}, "client_secret is missing; set it, or GENESYS_CLIENT_SECRET"),
        ({"region": "mars-1"}, 'region is "mars-1"; use an AWS region'),
        ({"page_size": 0}, "page_size is 0; use a whole number, 1 or more."),
        ({"start_date": "2027-01-01"}, "start_date 2027-01-01T00:00:00.000Z is after end_date"),
        (
            {"conversation_details_source": "jobs"},
            'conversation_details_source is "jobs"; it is called "job" now: use one of auto,',
        ),
        ({"strict": True}, "strict is true; it is called fail_on_skipped_streams now: set that"),
        ({"stream_maps": 7}, "stream_maps is 7"),
        (
            {"run_report_path": "none/report.json"},
            'run_report_path is "none/report.json"; use a file in a folder that exists.',
        ),
        ({"run_report_path": "/dev/stdout"}, 'run_report_path is "/dev/stdout"; use a plain file.'),
        (
            {"run_report_path": "/proc/report.json"},
            'run_report_path is "/proc/report.json"; it cannot be written (',
        ),
        ({"client_id": "wrong"}, "Genesys Cloud refuses the credentials (400"),
        ({"client_secret": "wrong"}, "Genesys Cloud refuses the credentials (401"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_exit_code_1(
    sim: Simulator, tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    """A wrong setting is an error of one line with the remedy, and exit code 1."""
    process = Process(tmp_path, config(sim, **settings))
    code, stderr, _seconds = process.end()
    assert code == 1
    (line,) = errors(stderr)
    assert line.startswith(words)
    assert not emitted_ids(process.messages)


def test_a_run_logs_a_summary_and_writes_its_report(sim: Simulator, tmp_path: Path) -> None:
    """The summary in the log and the file of `run_report_path` have the same counts."""
    process = Process(tmp_path, config(sim, run_report_path="report.json"))
    code, stderr, _seconds = process.end()
    assert (code, errors(stderr)) == (0, [])
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (report["status"], report["error"]) == ("ok", None)
    written = Counter(m["stream"] for m in process.messages if m["type"] == "RECORD")
    assert {
        entry["stream"]: entry["records"] for entry in report["streams"] if entry["records"]
    } == written
    assert report["records"] == sum(written.values())
    assert report["requests"] == len(sim.requests)
    table = stderr.partition(" Summary (ok): ")[2].splitlines()
    assert table[0].startswith(f"{report['records']:,} records, {report['requests']:,} requests")
    assert [line.split()[0] for line in table[2:]] == [
        entry["stream"] for entry in report["streams"]
    ]
    assert not list(tmp_path.glob(".report*"))


def test_a_signal_is_the_status_of_the_report(sim: Simulator, tmp_path: Path) -> None:
    """The report of an interrupted run has that status.

    Until then it is `running`, and stays so after a kill.
    """
    slow = config(sim, requests_per_minute=300, run_report_path="report.json")
    process = Process(tmp_path, slow)
    process.read(60)
    running = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (running["status"], running["ended"]) == ("running", None)
    code, stderr, _seconds = process.end(signal.SIGTERM)
    assert (code, errors(stderr)) == (143, [])
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (report["status"], report["error"]) == ("interrupted", "SIGTERM ended the run.")
    details = next(entry for entry in report["streams"] if entry["stream"] == DETAILS)
    assert details["status"] == "unfinished"
    bookmark = last_state(process.messages).get("bookmarks", {}).get(DETAILS, {})
    assert details["bookmark"] == bookmark.get("replication_key_value")
    assert report["streams"][-1]["status"] == "not started"
    assert " Summary (interrupted): " in stderr


def test_a_terminal_shows_a_live_line_and_log_lines_stay_whole(
    sim: Simulator, tmp_path: Path
) -> None:
    """A terminal shows a progress line during the run; after it only the log is left."""
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    written = bytearray()

    def look() -> None:
        with contextlib.suppress(OSError):  # Linux's end of file of a terminal
            while piece := os.read(reader, 65536):
                written.extend(piece)

    watcher = threading.Thread(target=look)
    process = Process(
        tmp_path, config(sim, requests_per_minute=1200), stderr=terminal, TERM="xterm"
    )
    os.close(terminal)
    watcher.start()
    code = process.end()[0]
    watcher.join()
    os.close(reader)
    assert code == 0
    text = written.decode()
    assert re.search(rf"{DETAILS}: \d+ of \d+ windows, .*records.*left this minute", text)
    screen = pyte.HistoryScreen(200, 50, history=10_000)
    pyte.ByteStream(screen).feed(bytes(written))
    scrolled = ["".join(row[x].data for x in range(200)) for row in screen.history.top]
    lines = [line.rstrip() for line in [*scrolled, *screen.display]]
    assert not [line for line in lines if "left this minute" in line]
    logged = [line for line in lines if re.match(r"\d{4}-\d\d-\d\d .* \| INFO ", line)]
    assert len(logged) == text.count("| INFO ")
    assert [line for line in lines if " Summary (ok): " in line]


def test_a_run_that_gives_up_is_one_line(sim: Simulator, tmp_path: Path) -> None:
    """A run that gives up is an error of one line with operation and status.

    The bookmark is written.
    """
    sim.faults.add(Fault("status", path="/details", after=8, times=None))
    process = Process(tmp_path, config(sim, retry_wait_seconds=0, retry_max_tries=2))
    code, stderr, _seconds = process.end()
    assert code == 1
    (line,) = errors(stderr)
    assert line.startswith("Gave up after 2 tries (retry_max_tries): ")
    assert "/api/v2/analytics/conversations/details" in line
    assert "503" in line
    assert last_state(process.messages)["bookmarks"][DETAILS]["replication_key_value"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "Cannot read "), ("{", "The config is not JSON"), ("[]", "")],
)
def test_a_config_that_cannot_be_read_is_one_line(
    tmp_path: Path, content: str | None, words: str
) -> None:
    """A config file that is missing or no JSON object is an error of one line."""
    path = tmp_path / "wrong.json"
    if content is not None:
        path.write_text(content, "utf-8")
    process = Process(tmp_path, {}, "--config", str(path))
    code, stderr, _seconds = process.end()
    assert code == 1
    assert errors(stderr)[0].startswith(words)


@pytest.mark.parametrize("content", ["{", "[]", "7"])
@pytest.mark.parametrize("option", ["--state", "--catalog"])
def test_a_state_or_catalog_that_is_none_is_one_line(
    sim: Simulator, tmp_path: Path, option: str, content: str
) -> None:
    """A state or catalog that is no JSON object is an error of one line."""
    (tmp_path / "wrong.json").write_text(content, "utf-8")
    process = Process(tmp_path, config(sim), option, str(tmp_path / "wrong.json"))
    code, stderr, _seconds = process.end()
    assert code == 1
    assert len(errors(stderr)) == 1


def test_the_environment_configures_the_tap(sim: Simulator, tmp_path: Path) -> None:
    """With `--config ENV` environment variables are settings, of any type."""
    process = Process(
        tmp_path,
        {},
        "--config",
        "ENV",
        GENESYS_CLIENT_ID="demo",
        GENESYS_CLIENT_SECRET="demo-secret",
        TAP_GENESYS_API_URL=sim.url,
        TAP_GENESYS_LOGIN_URL=sim.url,
        TAP_GENESYS_START_DATE=iso(SINCE),
        TAP_GENESYS_END_DATE=iso(NOW),
        TAP_GENESYS_WINDOW_DAYS="0.5",
        TAP_GENESYS_REQUESTS_PER_MINUTE="60000",
        TAP_GENESYS_JOB_POLL_SECONDS="0",
        TAP_GENESYS_SUMMARY_METRICS='["conversation:count"]',
    )
    code, stderr, _seconds = process.end()
    assert (code, errors(stderr)) == (0, [])
    assert emitted_ids(process.messages) == TRUTH


def test_an_unreadable_variable_is_one_line(tmp_path: Path) -> None:
    """A variable that cannot be parsed is an error of one line that names it."""
    process = Process(tmp_path, {}, "--config", "ENV", TAP_GENESYS_PAGE_SIZE="many")
    code, stderr, _seconds = process.end()
    assert code == 1
    assert errors(stderr) == ["TAP_GENESYS_PAGE_SIZE is 'many'; use a whole number, 1 or more."]


def test_secrets_show_nowhere_at_debug_level(sim: Simulator, tmp_path: Path) -> None:
    """At debug level neither log nor output contains the secret or a token."""
    sim.faults.add(Fault("unauthorized", path="/details", after=3))
    process = Process(tmp_path, config(sim), LOGLEVEL="DEBUG")
    code, stderr, _seconds = process.end()
    assert code == 0
    tokens = {request.headers["Authorization"].split()[1] for request in sim.requests}
    text = stderr + b"".join(process.lines).decode()
    assert not [secret for secret in ("demo-secret", *tokens) if secret in text]


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_a_response_that_cannot_be_read_ends_in_one_line(
    sim: Simulator, tmp_path: Path, level: str
) -> None:
    """A response that is no JSON ends the run in one line with stream, window and operation.

    The traceback is at debug level only.
    """
    sim.faults.add(Fault("html", path="/details/query", times=None))
    settings = config(sim, retry_wait_seconds=0, retry_max_tries=2)
    process = Process(tmp_path, settings, LOGLEVEL=level)
    code, stderr, _seconds = process.end()
    assert code == 1
    (line,) = errors(stderr)
    assert line.startswith("Gave up after 2 tries (retry_max_tries): conversation_details, window ")
    assert "POST /api/v2/analytics/conversations/details/query answered 200: expected JSON" in line
    assert "(correlation id " in line
    assert "Traceback" not in stderr
    assert ("StopRun, raised at:" in stderr) == (level == "DEBUG")


def test_discovery_needs_no_settings(tmp_path: Path) -> None:
    """`--discover` needs no settings and lists every stream."""
    process = Process(tmp_path, {}, "--discover")
    code, stderr, _seconds = process.end()
    assert (code, errors(stderr)) == (0, [])
    catalog = json.loads(b"".join(process.lines))
    assert len(catalog["streams"]) == len(STREAMS)


def test_a_test_run_reads_a_record_of_each_stream(sim: Simulator, tmp_path: Path) -> None:
    """`--test` emits one record of each stream, but of child streams, whose parent ends before."""
    # Some listings have a smallest page size of ten.
    process = Process(tmp_path, config(sim, page_size=10), "--test")
    code, stderr, _seconds = process.end()
    assert (code, errors(stderr)) == (0, [])
    streams = Counter(m["stream"] for m in process.messages if m["type"] == "RECORD")
    own: list[Any] = [
        stream
        for stream in STREAMS
        if not stream.parent_stream_type and vars(stream)["name"] != "tap_runs"
    ]
    # One listing of the simulated org is empty.
    expected = {stream.name: min(1, COUNTS.get(stream.path, 1)) for stream in own}
    assert {stream.name: streams[stream.name] for stream in own} == expected
    # It is no run: no message is of the stream of runs, and no STATE has one.
    assert process.messages
    assert not [line for line in process.lines if b"tap_runs" in line]


def _wait_until(condition: Any) -> None:
    end = time.monotonic() + tap_process.PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def _wait_until_idle(pid: int) -> None:
    """Wait until the process sleeps at several looks in a row."""
    looks = 0

    def sleeps() -> bool:
        nonlocal looks
        looks = looks + 1 if _state(pid) == "S" else 0
        return looks > 20

    _wait_until(sleeps)


def _wait_until_blocked(pid: int) -> None:
    """Wait until the process is blocked in a write to a pipe that is full."""
    wchan = Path(f"/proc/{pid}/wchan")
    _wait_until(lambda: _state(pid) == "S" and "pipe" in wchan.read_text("ascii"))


def _state(pid: int) -> str:
    stat = Path(f"/proc/{pid}/stat").read_text("ascii")
    return stat.rpartition(")")[2].split()[0]
