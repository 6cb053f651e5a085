"""`--check`: which streams work, why others do not, and the cost, with a request per stream."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.direct import without_sockets
from support.harness import Output, run, tap
from support.report_schemas import hold_to_schema
from support.tap_process import Process, config, errors

from tap_genesys.errors import StopRun
from tap_genesys.preflight.check import check
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator, World, staff
from tap_genesys.simulator.responses import SimulatedResponse, error
from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from pathlib import Path

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=4, per_day=2_400, since=SINCE, now=datetime(2026, 3, 11, tzinfo=UTC))
#: An org for checks that search rows one by one, such as a conversation that ended.
SMALL = World(seed=4, per_day=40, since=SINCE, now=WORLD.now)
#: Ten days and a busy hour; all runs share one world, so that its rows are generated once.
BUSY = World(seed=4, per_day=115, since=SINCE, now=datetime(2026, 3, 11, 1, tzinfo=UTC))
#: Ten days and an hour of 48 agents, with a watermark that is a day behind.
SPANS = World(seed=4, per_day=1, since=SINCE, now=BUSY.now, lag=DAY)
SOME = ("conversation_details", "users", "user_skills", "system_presences", "flow_outcomes")


def checked(sim: Simulator, capsys: pytest.CaptureFixture[str], *streams: str) -> dict[str, Any]:
    """Check these streams; return the JSON report, the exit code, and the entries by stream."""
    genesys_tap = tap(sim, *streams, start_date=iso(SINCE), conversation_details_source="auto")
    code = 0
    try:
        genesys_tap.check(as_json=True)
    except SystemExit as leaving:
        code = int(str(leaving.code))
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    hold_to_schema("check", report)
    entries = {entry["stream"]: entry for entry in report["streams"]}
    return {**report, "code": code, "entries": entries}


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """A check of an org without faults is ok, with lag, limits, and the cost of each stream."""
    with Simulator(WORLD) as sim:
        report = checked(sim, capsys, *SOME)
        sent = [request for request in sim.requests if request.path != "/oauth/token"]
    assert (report["ok"], report["code"]) == (True, 0)
    assert report["watermark"] == iso(WORLD.watermark)
    assert report["lag_hours"] == 24
    assert report["job_limits"] == {
        "details.jobs.concurrent.access.max": 10,
        "details.jobs.rate.per.second": 5,
    }
    (note,) = report["notes"]
    assert note.startswith(
        "conversation_details_source auto: each run reads by query what happened since"
    )
    assert set(report["entries"]) == set(SOME)
    # One per stream, and for the org, the watermark, the limits of jobs, and open conversations.
    assert len(sent) == len(SOME) + 4
    requests = {
        name: (entry["requests_first_run"], entry["requests_per_day"])
        for name, entry in report["entries"].items()
    }
    # The watermark, ten days, each a job of 2,400 rows: four requests for the job, three pages; and
    # 25 pages of a query from the watermark to now.
    assert requests["conversation_details"] == (96, 33)
    rows = {
        name: (entry["rows_first_run"], entry["rows_per_day"])
        for name, entry in report["entries"].items()
    }
    # A first run emits each conversation once; a later one by job and by query.
    assert rows["conversation_details"] == (24_000, 4_800)
    assert rows["users"] == (60, 60)
    assert requests["users"] == (1, 1)
    assert requests["user_skills"] == (60, 60)
    assert requests["system_presences"] == (1, 1)


def test_a_missing_permission_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A stream without permission is not ok, and the report names the permission."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/flows/outcomes", permission="architect:x:view"))
        report = checked(sim, capsys, *SOME)
    assert (report["ok"], report["code"]) == (False, 1)
    assert report["entries"]["flow_outcomes"]["detail"] == (
        "the client's role lacks architect:x:view"
    )
    assert [name for name, entry in report["entries"].items() if not entry["ok"]] == [
        "flow_outcomes"
    ]


class Echoing(Simulator):
    """Org whose refusals contain the caller's secrets."""

    status = 400

    def respond(self, method: str, path: str, *rest: Any) -> SimulatedResponse:
        if path != "/api/v2/users":
            return super().respond(method, path, *rest)
        return error(self.status, f"nobody knows demo-secret or {rest[-1]}")


@pytest.mark.parametrize("status", [400, 403])
def test_a_secret_in_a_refusal_is_redacted(capsys: pytest.CaptureFixture[str], status: int) -> None:
    """Secrets in the text of a refusal are redacted in the report."""
    with Echoing(WORLD) as sim:
        sim.status = status
        detail = checked(sim, capsys, "users")["entries"]["users"]["detail"]
    assert f"answered {status}: nobody knows *** or Bearer *** (" in detail


def test_a_stream_without_a_licence_is_not_ok(capsys: pytest.CaptureFixture[str]) -> None:
    """A stream that the org has no licence for is not ok, with that reason."""
    with Simulator(WORLD, summaries=False) as sim:
        report = checked(sim, capsys, "conversation_summaries", "users")
    assert "not licensed" in report["entries"]["conversation_summaries"]["detail"]
    assert report["code"] == 1


def test_a_follower_whose_parent_is_refused_cannot_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A child stream is not ok if its parent cannot be read."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/api/v2/users", permission="x"))
        report = checked(sim, capsys, "user_skills")
    assert "the parent stream users cannot be read" in report["entries"]["user_skills"]["detail"]
    assert (report["entries"]["users"]["ok"], report["code"]) == (False, 1)


@pytest.mark.parametrize(
    "stream",
    [
        "queue_observations",
        "conversation_reconciliation",
        "organization_limits",
        "schedules_published",
        "time_off_requests",
        "audits",
        "api_usage",
        "workitems",
        "adherence_historical",
        "conversation_transcripts",
    ],
)
def test_other_kinds_of_streams_are_requested_as_a_run_does(
    stream: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The probe of each kind of stream is the request that a run sends."""
    with Simulator(SMALL) as sim:
        report = checked(sim, capsys, stream)
    assert report["ok"]


def test_all_streams_can_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """Each stream can be checked, also one whose records only a run can extract.

    The stream of runs is not among them: nothing is requested for it.
    """
    names = {str(vars(stream)["name"]) for stream in STREAMS}
    with Simulator(SMALL) as sim:
        report = checked(sim, capsys, *names)
    assert (report["ok"], set(report["entries"])) == (True, names - {"tap_runs"})


def test_tables_cannot_work_without_what_they_are_made_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A derived table is not ok if its source cannot be read."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/details/query", permission="x:y:view"))
        report = checked(sim, capsys, "conversation_wrap_ups")
    assert (report["ok"], report["code"]) == (False, 1)
    assert not report["entries"]["conversation_wrap_ups"]["ok"]


def test_further_operations_of_a_stream_are_checked_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A stream of several operations is not ok if one of them is refused."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/aggregates/query", permission="a:b:view"))
        report = checked(sim, capsys, "conversation_reconciliation")
    assert (
        report["entries"]["conversation_reconciliation"]["detail"]
        == "the client's role lacks a:b:view"
    )


def test_tables_are_listed_without_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    """A derived table takes no request of its own."""
    with Simulator(WORLD) as sim:
        report = checked(sim, capsys, "conversation_details", "conversation_wrap_ups")
    entry = report["entries"]["conversation_wrap_ups"]
    assert (entry["ok"], entry["requests_first_run"], entry["requests_per_day"]) == (True, 0, 0)


def test_rows_of_tables_are_estimated_from_a_page_of_conversations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Rows of derived tables are estimated within a quarter, without a further request.

    Rows of attributes are unknown.
    """
    tables = ("participants", "sessions", "segments", "metrics", "wrap_ups")
    names = [f"conversation_{table}" for table in tables]
    attributes = "conversation_participant_attributes"
    with Simulator(BUSY) as sim:
        entries = checked(sim, capsys, "conversation_details", *names, attributes)["entries"]
        sent = [request.path for request in sim.requests if request.path != "/oauth/token"]
        output = run(sim, *names, start_date=iso(SINCE))
    # The org, the conversations, the open ones, the watermark, the limits of jobs.
    assert len(sent) == 5
    details = entries["conversation_details"]
    for name in names:
        first = entries[name]["rows_first_run"]
        assert first == pytest.approx(len(output.records(name)), rel=0.25)
        daily = first * details["rows_per_day"] / details["rows_first_run"]
        assert entries[name]["rows_per_day"] == pytest.approx(daily, rel=0.01)
    assert (entries[attributes]["rows_first_run"], entries[attributes]["rows_per_day"]) == (
        None,
        None,
    )


def test_a_single_conversation_is_requested_where_no_table_is_made_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without derived tables the probe is one conversation; with them a page, as in a run."""
    sizes = []
    with Simulator(SMALL) as sim:
        for tables in ((), ("conversation_wrap_ups",)):
            sim.requests.clear()
            checked(sim, capsys, "conversation_details", *tables)
            query, of_last_minute = (
                request.body for request in sim.requests if request.path.endswith("/details/query")
            )
            assert query
            assert of_last_minute
            sizes.append(query["paging"]["pageSize"])
            assert of_last_minute["paging"]["pageSize"] == 1
            assert of_last_minute["interval"] == "2026-03-10T23:59:00.000Z/2026-03-11T00:00:00.000Z"
    assert sizes == [1, 100]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({}, 80),
        ({"emit_unchanged": True}, 120),
        ({"lookback_days": 1}, 120),
        # Without re-checks, only the look-back reads late changes.
        ({"recheck_days": []}, 80),
    ],
)
def test_unchanged_rows_that_are_emitted_are_estimated(
    options: dict[str, Any], rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unchanged rows of the look-back are in the estimate where the settings emit them."""
    with Simulator(SMALL) as sim:
        config: dict[str, Any] = {"start_date": iso(SINCE), "recheck_days": [1]}
        tap(sim, "conversation_details", **config | options).check(as_json=True)
    (entry,) = json.loads(capsys.readouterr().out)["streams"]
    assert entry["rows_per_day"] == rows


def test_jobs_that_are_refused_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """A refused watermark, which a run requests first, makes the stream not ok."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/availability", permission="x:y:view"))
        report = checked(sim, capsys, "conversation_details", "users")
    assert report["entries"]["conversation_details"]["detail"] == "the client's role lacks x:y:view"
    assert report["code"] == 1


def test_too_many_parallel_jobs_have_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the org allows fewer concurrent jobs than the setting, a note has the remedy."""
    with Simulator(SMALL) as sim:
        sim.lake.most_jobs = 2
        report = checked(sim, capsys, "conversation_details")
    assert report["job_limits"]["details.jobs.concurrent.access.max"] == 2
    (remedy,) = report["notes"][1:]
    assert remedy.endswith("(details.jobs.concurrent.access.max): set max_parallel_jobs to 2.")
    assert (report["ok"], report["code"]) == (True, 0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("forbidden", path="/limits/namespaces", permission="x:y:view"),
        Fault("status", path="/limits/namespaces", status=404, times=None),
        Fault("status", path="/limits/namespaces", status=500, times=None),
    ],
    ids=str,
)
def test_limits_that_cannot_be_read_are_one_line(
    fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    """Limits that cannot be read are a note, not an error: no stream needs them."""
    with Simulator(SMALL) as sim:
        sim.faults.add(fault)
        report = checked(sim, capsys, "conversation_details")
    assert report["job_limits"] is None
    assert report["notes"][1:] == ["Job limits of the org: not readable."]
    assert (report["ok"], report["code"]) == (True, 0)


def test_without_jobs_no_limits_are_requested(capsys: pytest.CaptureFixture[str]) -> None:
    """A source of queries alone requests neither limits nor watermark, as a run does not."""
    with Simulator(SMALL) as sim:
        tap(sim, "conversation_details", "users", start_date=iso(SINCE)).check(as_json=True)
        paths = [request.path for request in sim.requests]
    report = json.loads(capsys.readouterr().out)
    assert not any("limits" in path or "availability" in path for path in paths)
    assert (report["lag_hours"], report["job_limits"]) == (None, None)
    (note,) = report["notes"]
    assert note.startswith("conversation_details_source query: rows are up to date to the minute")


def test_limits_and_lag_are_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The table has the lag, the limits of jobs, and a note about the source."""
    with Simulator(WORLD) as sim:
        genesys_tap = tap(sim, "conversation_details", conversation_details_source="job")
        genesys_tap.check()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("Z, 24 h behind")
    limits = "details.jobs.concurrent.access.max = 10, details.jobs.rate.per.second = 5"
    assert lines[2] == f"Job limits of the org: {limits}"
    assert lines[3].startswith("conversation_details_source job: rows have participants'")


def test_one_stream_in_trouble_does_not_end_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    """A stream that fails is not ok, and all others are checked."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/flows/outcomes", status=500, times=None))
        report = checked(sim, capsys, *SOME)
    assert [name for name, entry in report["entries"].items() if not entry["ok"]] == [
        "flow_outcomes"
    ]
    assert "500" in report["entries"]["flow_outcomes"]["detail"]


def test_wrong_credentials_are_one_line_and_no_secret(tmp_path: Path) -> None:
    """Wrong credentials are an error of one line without the secret, and exit code 1."""
    with Simulator(WORLD) as sim:
        process = Process(tmp_path, config(sim, client_secret="wrong-secret"), "--check")
        code, stderr, _ = process.end()
    assert code == 1
    (line,) = errors(stderr)
    assert "refuses the credentials" in line
    assert "wrong-secret" not in stderr


def test_a_run_logs_skipped_streams_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """The last line of a run names all skipped streams and their permissions."""
    with Simulator(WORLD) as sim:
        for path in ("/api/v2/users", "/flows/outcomes"):
            sim.faults.add(Fault("forbidden", path=path, permission="some:thing:view"))
        output = run(sim, "users", "user_skills", "flow_outcomes", "divisions")
    assert output.records("divisions")
    (line,) = [entry.message for entry in caplog.records if entry.message.startswith("Skipped: f")]
    assert line.count("some:thing:view") == 2
    assert "users, user_skills (" in line


def test_a_skipped_stream_can_be_an_error_after_the_others_were_read() -> None:
    """With `fail_on_skipped_streams` the run fails at its end, after the other streams."""
    output = Output()
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/flows/outcomes", permission="some:thing:view"))
        genesys_tap = tap(
            sim, "flow_outcomes", "users", output=output, fail_on_skipped_streams=True
        )
        with pytest.raises(StopRun, match=r"an error \(fail_on_skipped_streams\): flow_outcomes"):
            genesys_tap.sync_or_leave()
    assert len(output.records("users")) == len(WORLD.users())


def test_a_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Without JSON the report is a table, with the total of rows and a last line."""
    with Simulator(WORLD) as sim:
        tap(sim, "conversation_details", start_date=iso(WORLD.now - DAY)).check()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Organization: ")
    assert any(line.startswith("conversation_details  ok") for line in lines)
    (head,) = (line for line in lines if line.startswith("stream "))
    requests, rows = "requests: first run  per day  per month", "rows: first run  per day"
    assert " ".join(head.split()) == " ".join(f"stream {requests} {rows}".split())
    rows = "2,400 in the first run, 2,400 per day with one run per day."
    assert f"Estimated rows, without those marked ?: {rows}" in lines
    assert lines[-1] == "All selected streams can be read."


@pytest.mark.parametrize("page_size", [100, 20])
@pytest.mark.parametrize("source", ["auto", "job", "query"])
def test_the_estimate_is_what_a_run_takes(
    source: str, page_size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The estimates of a first run and of one a day later match the simulator.

    Requests are within a fifth, and rows of a first run; those of a later run within a third.
    """
    options: dict[str, Any] = {
        "start_date": iso(SINCE),
        "conversation_details_source": source,
        "page_size": page_size,
        "recheck_days": [1, 3],
    }
    names = ("conversation_details", "users", "user_skills", "queue_observations")
    with Simulator(BUSY) as sim:
        tap(sim, *names, **options).check(as_json=True)
        entries = json.loads(capsys.readouterr().out)["streams"]
        counted, emitted = [], []
        state: dict[str, Any] = {}
        for day in range(6):
            sim.world = BUSY.at(BUSY.now + day * DAY)
            before = len(sim.requests)
            # Only conversations have a state, and only the first and the last run are counted.
            read = names if day in (0, 5) else names[:1]
            output = run(sim, *read, state=state, **options)
            state = output.state
            emitted.append(len(output.records("conversation_details")))
            sent = [
                request.path for request in sim.requests[before:] if request.path != "/oauth/token"
            ]
            counted.append(len(sent))
    first, daily = (
        sum(entry[name] for entry in entries) for name in ("requests_first_run", "requests_per_day")
    )
    assert first == pytest.approx(counted[0], rel=0.2)
    assert daily == pytest.approx(counted[-1], rel=0.2)
    (details,) = (entry for entry in entries if entry["stream"] == "conversation_details")
    assert details["rows_first_run"] == pytest.approx(emitted[0], rel=0.2)
    # Jobs may read a day so late, after the watermark, that its first re-check is not due any more.
    assert details["rows_per_day"] == pytest.approx(emitted[-1], rel=0.3)


#: Days of runs until each is like the next, with a watermark that is a day behind at most.
STEADY_AFTER = 3
RUNS = 4


def requests_of_a_day(
    sim: Simulator, streams: tuple[str, ...], runs_per_day: int, **options: Any
) -> int:
    """Return the requests of a day with that many runs, after days of such runs."""
    world, count = sim.world, 0
    state: dict[str, Any] = {}
    for number in range((STEADY_AFTER + 1) * runs_per_day):
        sim.world = world.at(world.now + number * DAY / runs_per_day)
        sim.requests.clear()
        state = run(sim, *streams, state=state, **options).state
        if number >= STEADY_AFTER * runs_per_day:
            count += sum(request.path != "/oauth/token" for request in sim.requests)
    return count


def month_of(sim: Simulator, streams: tuple[str, ...], runs_per_day: int, **options: Any) -> int:
    """Return the estimate of `--check` for a month, in requests."""
    genesys_tap = tap(sim, *streams, **options)
    report = check(genesys_tap.run, genesys_tap._read_streams, runs_per_day=runs_per_day)
    return sum(finding.requests_per_month or 0 for finding in report.streams)


@pytest.mark.parametrize(
    ("source", "hours"), [("query", 24), ("job", 4), ("auto", 4), ("auto", 24)]
)
def test_a_month_of_runs_is_estimated_for_conversations(source: str, hours: int) -> None:
    """The estimate of a month of four runs a day is within a fifth of the simulated requests."""
    world = World(seed=4, per_day=60, since=SINCE, now=BUSY.now, lag=timedelta(hours=hours))
    streams = ("conversation_details", "users")
    options: dict[str, Any] = {
        "start_date": iso(BUSY.now - 2 * DAY),
        "conversation_details_source": source,
        "recheck_days": [1],
        "page_size": 3,
    }
    with Simulator(world) as sim, without_sockets(sim):
        estimated = month_of(sim, streams, RUNS, **options) / 30
        counted = requests_of_a_day(sim, streams, RUNS, **options)
    assert estimated == pytest.approx(counted, rel=0.2)


@pytest.mark.parametrize("source", ["auto", "job", "query"])
def test_a_month_of_runs_is_estimated_for_spans_and_days(source: str) -> None:
    """So is that of user spans, of aggregates with re-read days, and of reports with windows."""
    streams = ("user_presences", "conversation_aggregates", "evaluations")
    options: dict[str, Any] = {
        "start_date": iso(SPANS.now - 3 * DAY),
        "user_details_source": source,
    }
    with Simulator(SPANS) as sim, without_sockets(sim):
        estimated = month_of(sim, streams, RUNS, **options) / 30
        counted = requests_of_a_day(sim, streams, RUNS, **options)
    assert estimated == pytest.approx(counted, rel=0.2)


def test_a_month_at_one_run_a_day_is_thirty_days(capsys: pytest.CaptureFixture[str]) -> None:
    """A month at one run a day has thirty times its requests, per stream and in total."""
    with Simulator(SMALL) as sim:
        genesys_tap = tap(
            sim, "conversation_details", "conversation_wrap_ups", "users", "user_skills"
        )
        genesys_tap.check(as_json=True, runs_per_day=1, users={"CX1": 2})
    report = json.loads(capsys.readouterr().out)
    for finding in report["streams"]:
        assert finding["requests_per_month"] == 30 * finding["requests_per_day"]
    per_month = sum(finding["requests_per_month"] for finding in report["streams"])
    assert report["runs_per_day"] == 1
    assert report["fair_use"] == {
        "requests_per_month": per_month,
        "users": {"CX1": 2},
        "allowance": 150_000,
        "users_needed": {"Communicate": 1, "CX1": 1, "CX2": 1, "CX3": 1, "EX": 1},
    }
    first_run = sum(finding["requests_first_run"] for finding in report["streams"])
    assert report["hours_first_run"] == round(first_run / 60_000 / 60, 2)


def test_a_look_back_that_is_configured_costs_requests(capsys: pytest.CaptureFixture[str]) -> None:
    """Each day of a configured look-back adds a request per stream to the estimate."""
    with Simulator(SMALL) as sim:
        streams = ("conversation_details", "conversation_summaries")
        tap(sim, *streams, start_date=iso(SINCE), lookback_days=4).check(as_json=True)
    for finding in json.loads(capsys.readouterr().out)["streams"]:
        assert finding["requests_per_day"] == 5


def test_the_month_and_the_first_load_are_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The table has the duration of the first run, the requests of a month, and the fair use."""
    with Simulator(SMALL) as sim:
        genesys_tap = tap(sim, "users", "user_skills", requests_per_minute=60)
        genesys_tap.check(runs_per_day=24)
    lines = capsys.readouterr().out.splitlines()
    assert "Duration of the first run: less than 0.1 h at 60 requests per minute." in lines
    assert "Estimated requests per month (30 days, 24 runs per day): 43,920." in lines
    (fair_use,) = (line for line in lines if line.startswith("Fair use"))
    assert "5 Communicate (10,000 each) or 1 CX1" in fair_use


@pytest.mark.parametrize(("unknown", "streams"), [(1, "1 stream"), (2, "2 streams")])
def test_streams_without_an_estimate_are_counted(unknown: int, streams: str) -> None:
    """The requests of a month name the number of streams that are left out of them."""
    with Simulator(SMALL) as sim:
        genesys_tap = tap(sim, "users", "user_skills")
        report = check(genesys_tap.run, genesys_tap._read_streams)
    for finding in report.streams[:unknown]:
        finding.requests_per_month = None
    assert f", without {streams} marked ?." in report.as_table()


def test_the_month_and_the_users_are_options(tmp_path: Path) -> None:
    """`--check-runs-per-day` and `--check-users` are options; users of one licence are added up."""
    options = ("--check=json", "--check-runs-per-day=4", "--check-users=cx2=2", "--check-users")
    with Simulator(SMALL) as sim:
        # By query: the simulated data lake is months behind the process's clock.
        by_query = config(sim, conversation_details_source="query")
        process = Process(tmp_path, by_query, *options, "CX2=1")
        code, stderr, _ = process.end()
    report = json.loads(b"".join(process.lines))
    hold_to_schema("check", report)
    assert (code, report["runs_per_day"]) == (0, 4), stderr
    assert (report["fair_use"]["users"], report["fair_use"]["allowance"]) == ({"CX2": 3}, 330_000)


def test_users_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    """An invalid `--check-users` is an error of one line, with an example."""
    with Simulator(SMALL) as sim:
        process = Process(tmp_path, config(sim), "--check", "--check-users=CX9=3")
        code, stderr, _ = process.end()
    (line,) = errors(stderr)
    assert code == 1
    assert "--check-users: 'CX9=3' is not LICENCE=USERS, such as CX2=120" in line


def test_follow_ups_are_reported_with_their_cost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The estimate of a follow-up stream is one request per conversation."""
    with Simulator(SMALL) as sim:
        report = checked(sim, capsys, "conversation_details", "conversation_speech_analytics")
    entry = report["entries"]["conversation_speech_analytics"]
    assert (entry["ok"], entry["requests_first_run"], entry["requests_per_day"]) == (True, 400, 40)


@pytest.mark.parametrize("page_size", [100, 20])
@pytest.mark.parametrize("source", ["auto", "job", "query"])
def test_spans_of_users_are_estimated_by_their_own_source(
    source: str, page_size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The estimate of user spans is within a fifth of a first run and of one a day later."""
    streams = ("user_presences", "user_routing_statuses")
    options: dict[str, Any] = {
        "start_date": iso(SINCE),
        "user_details_source": source,
        "page_size": page_size,
    }
    counted, emitted = [], []
    with Simulator(SPANS) as sim:
        sim.lake.polls_needed = 2
        tap(sim, *streams, **options).check(as_json=True)
        presences, table = json.loads(capsys.readouterr().out)["streams"]
        paths = [request.path for request in sim.requests]
        state: dict[str, Any] = {}
        for day in range(2):
            sim.world = SPANS.at(SPANS.now + day * DAY)
            sim.requests.clear()
            output = run(sim, *streams, state=state, **options)
            state = output.state
            emitted.append(sum(len(output.records(name)) for name in streams))
            counted.append(sum("/users/details/" in request.path for request in sim.requests))
    assert (presences["stream"], table["stream"]) == streams
    assert (table["ok"], table["requests_first_run"]) == (True, 0)
    # 480 begin that day, and 96 end that began the day before.
    assert presences["detail"].startswith("576 entries yesterday")
    assert ("data lake watermark" in presences["detail"]) == (source != "query")
    assert any("/users/details/jobs/availability" in path for path in paths) == (source != "query")
    assert presences["requests_first_run"] == pytest.approx(counted[0], rel=0.2)
    assert presences["requests_per_day"] == pytest.approx(counted[1], rel=0.2)
    # Rows of both streams: each entry is a row, and some are two.
    assert emitted[0] <= presences["rows_first_run"] <= 1.6 * emitted[0]
    assert presences["rows_per_day"] == pytest.approx(emitted[1], rel=0.2)
    assert (table["rows_first_run"], table["rows_per_day"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("conversation_aggregates", "/conversations/aggregates/"),
        ("user_aggregates", "/users/aggregates/"),
    ],
)
def test_aggregates_are_estimated_with_the_days_that_are_read_again(
    name: str, path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The estimate of aggregates has the re-read days, and a request per hundred users."""
    monkeypatch.setattr(staff, "_USERS", 101)
    daily = {name: {"granularity": "P1D"}}
    with Simulator(replace(SMALL)) as sim:
        tap(sim, name, start_date=iso(SINCE), aggregates=daily).check(as_json=True)
        entry = json.loads(capsys.readouterr().out)["streams"][-1]
        assert [entry["requests_first_run"], entry["requests_per_day"]] == requests_of_runs(
            sim, name, path, aggregates=daily
        )
    # Ten days; later a new day, and three that are re-read at most.
    assert entry["rows_per_day"] * 10 == entry["rows_first_run"] * 4 > 0
    if name == "user_aggregates":
        assert entry["detail"] == "101 users: 2 requests per day that is read"


def requests_of_runs(sim: Simulator, name: str, path: str, **options: Any) -> list[int]:
    """Return the requests to a path of a first run, and of the last of six daily runs after it."""
    counted = []
    state: dict[str, Any] = {}
    for day in range(7):
        sim.world = sim.world.at(SMALL.now + day * DAY)
        before = len(sim.requests)
        state = run(sim, name, state=state, start_date=iso(SINCE), **options).state
        counted.append(sum(path in request.path for request in sim.requests[before:]))
    return [counted[0], counted[-1]]
