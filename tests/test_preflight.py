"""`--check`: what works, what does not and why, and what it costs; one small request a stream."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.direct import without_sockets
from support.harness import Output, run, tap
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
#: Where the rows are looked for one by one: a conversation that ended, say.
SMALL = World(seed=4, per_day=40, since=SINCE, now=WORLD.now)
#: A busy hour more than ten days; its runs differ in how they ask, and share what was made up.
BUSY = World(seed=4, per_day=115, since=SINCE, now=datetime(2026, 3, 11, 1, tzinfo=UTC))
#: An hour more than ten days of 48 agents, and a lake that is a day behind.
SPANS = World(seed=4, per_day=1, since=SINCE, now=BUSY.now, lag=DAY)
SOME = ("conversation_details", "users", "user_skills", "system_presences", "flow_outcomes")


def checked(sim: Simulator, capsys: pytest.CaptureFixture[str], *streams: str) -> dict[str, Any]:
    """Check these streams; return what was printed, and the exit code."""
    made = tap(sim, *streams, start_date=iso(SINCE), conversation_details_source="auto")
    code = 0
    try:
        made.check(as_json=True)
    except SystemExit as leaving:
        code = int(str(leaving.code))
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return {**told, "code": code, "found": {one["stream"]: one for one in told["streams"]}}


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(WORLD) as sim:
        told = checked(sim, capsys, *SOME)
        asked = [one for one in sim.requests if one.path != "/oauth/token"]
    assert (told["ok"], told["code"]) == (True, 0)
    assert told["watermark"] == iso(WORLD.watermark)
    assert told["lag_hours"] == 24
    assert told["job_limits"] == {
        "details.jobs.concurrent.access.max": 10,
        "details.jobs.rate.per.second": 5,
    }
    (note,) = told["notes"]
    assert note.startswith(
        "conversation_details_source auto: each run reads by query what happened since"
    )
    assert set(told["found"]) == set(SOME)
    # One for each stream, the org, the watermark, the limits of jobs, and what goes on.
    assert len(asked) == len(SOME) + 4
    found = {
        name: (one["requests_first_run"], one["requests_per_day"])
        for name, one in told["found"].items()
    }
    # The watermark, ten days, each a job of 2,400 rows: four requests for the job, three pages; and
    # 25 pages of a query from the watermark to now.
    assert found["conversation_details"] == (96, 33)
    rows = {
        name: (one["rows_first_run"], one["rows_per_day"]) for name, one in told["found"].items()
    }
    # A first run has each conversation once; a later one by job and by query.
    assert rows["conversation_details"] == (24_000, 4_800)
    assert rows["users"] == (60, 60)
    assert found["users"] == (1, 1)
    assert found["user_skills"] == (60, 60)
    assert found["system_presences"] == (1, 1)


def test_a_missing_permission_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/flows/outcomes", permission="architect:x:view"))
        told = checked(sim, capsys, *SOME)
    assert (told["ok"], told["code"]) == (False, 1)
    assert told["found"]["flow_outcomes"]["detail"] == ("the client's role lacks architect:x:view")
    assert [name for name, one in told["found"].items() if not one["ok"]] == ["flow_outcomes"]


class Echoing(Simulator):
    """An org that sends the caller's secrets back when it refuses."""

    status = 400

    def respond(self, method: str, path: str, *rest: Any) -> SimulatedResponse:
        if path != "/api/v2/users":
            return super().respond(method, path, *rest)
        return error(self.status, f"nobody knows demo-secret or {rest[-1]}")


@pytest.mark.parametrize("status", [400, 403])
def test_a_secret_in_a_refusal_is_blotted_out(
    capsys: pytest.CaptureFixture[str], status: int
) -> None:
    with Echoing(WORLD) as sim:
        sim.status = status
        detail = checked(sim, capsys, "users")["found"]["users"]["detail"]
    assert f"answered {status}: nobody knows *** or Bearer *** (" in detail


def test_what_is_not_licensed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(WORLD, summaries=False) as sim:
        told = checked(sim, capsys, "conversation_summaries", "users")
    assert "not licensed" in told["found"]["conversation_summaries"]["detail"]
    assert told["code"] == 1


def test_a_follower_whose_parent_is_refused_cannot_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/api/v2/users", permission="x"))
        told = checked(sim, capsys, "user_skills")
    assert "the parent stream users cannot be read" in told["found"]["user_skills"]["detail"]
    assert (told["found"]["users"]["ok"], told["code"]) == (False, 1)


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
def test_other_kinds_of_streams_are_asked_as_a_run_asks(
    stream: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Simulator(SMALL) as sim:
        told = checked(sim, capsys, stream)
    assert told["ok"]


def test_all_streams_can_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind can be probed, also one whose records only a run can extract."""
    names = {str(vars(stream)["name"]) for stream in STREAMS}
    with Simulator(SMALL) as sim:
        told = checked(sim, capsys, *names)
    assert (told["ok"], set(told["found"])) == (True, names)


def test_tables_cannot_work_without_what_they_are_made_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/details/query", permission="x:y:view"))
        told = checked(sim, capsys, "conversation_wrap_ups")
    assert (told["ok"], told["code"]) == (False, 1)
    assert not told["found"]["conversation_wrap_ups"]["ok"]


def test_what_a_stream_asks_besides_is_asked_too(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/aggregates/query", permission="a:b:view"))
        told = checked(sim, capsys, "conversation_reconciliation")
    assert (
        told["found"]["conversation_reconciliation"]["detail"] == "the client's role lacks a:b:view"
    )


def test_tables_are_listed_without_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(WORLD) as sim:
        told = checked(sim, capsys, "conversation_details", "conversation_wrap_ups")
    found = told["found"]["conversation_wrap_ups"]
    assert (found["ok"], found["requests_first_run"], found["requests_per_day"]) == (True, 0, 0)


def test_rows_of_tables_are_estimated_from_a_page_of_conversations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Within a quarter of a first run's, without a further request; attributes are unknown."""
    tables = ("participants", "sessions", "segments", "metrics", "wrap_ups")
    names = [f"conversation_{table}" for table in tables]
    attributes = "conversation_participant_attributes"
    with Simulator(BUSY) as sim:
        found = checked(sim, capsys, "conversation_details", *names, attributes)["found"]
        asked = [one.path for one in sim.requests if one.path != "/oauth/token"]
        output = run(sim, *names, start_date=iso(SINCE))
    # The org, the conversations and those that go on, the watermark, the limits of jobs.
    assert len(asked) == 5
    details = found["conversation_details"]
    for name in names:
        first = found[name]["rows_first_run"]
        assert first == pytest.approx(len(output.records(name)), rel=0.25)
        daily = first * details["rows_per_day"] / details["rows_first_run"]
        assert found[name]["rows_per_day"] == pytest.approx(daily, rel=0.01)
    assert (found[attributes]["rows_first_run"], found[attributes]["rows_per_day"]) == (None, None)


def test_a_single_conversation_is_requested_where_no_table_is_made_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With tables it is a page, as a run requests it."""
    sizes = []
    with Simulator(SMALL) as sim:
        for tables in ((), ("conversation_wrap_ups",)):
            sim.requests.clear()
            checked(sim, capsys, "conversation_details", *tables)
            query, of_last_minute = (
                one.body for one in sim.requests if one.path.endswith("/details/query")
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
        # Without re-checks, the look-back is all that brings late changes.
        ({"recheck_days": []}, 80),
    ],
)
def test_unchanged_rows_that_are_emitted_are_estimated(
    options: dict[str, Any], rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """By query alone a run reads the look-back again: so it emits it where it shall."""
    with Simulator(SMALL) as sim:
        config: dict[str, Any] = {"start_date": iso(SINCE), "recheck_days": [1]}
        tap(sim, "conversation_details", **config | options).check(as_json=True)
    (found,) = json.loads(capsys.readouterr().out)["streams"]
    assert found["rows_per_day"] == rows


def test_jobs_that_are_refused_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A run asks for the watermark first."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/availability", permission="x:y:view"))
        told = checked(sim, capsys, "conversation_details", "users")
    assert told["found"]["conversation_details"]["detail"] == "the client's role lacks x:y:view"
    assert told["code"] == 1


def test_too_many_parallel_jobs_have_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """The org lets fewer jobs work at once than the tap would submit: nothing that is wrong."""
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
    """No stream needs them: all that is selected can be read."""
    with Simulator(SMALL) as sim:
        sim.faults.add(fault)
        report = checked(sim, capsys, "conversation_details")
    assert report["job_limits"] is None
    assert report["notes"][1:] == ["Job limits of the org: not readable."]
    assert (report["ok"], report["code"]) == (True, 0)


def test_without_jobs_no_limits_are_requested(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is the watermark: a run by query requests neither."""
    with Simulator(SMALL) as sim:
        tap(sim, "conversation_details", "users", start_date=iso(SINCE)).check(as_json=True)
        paths = [request.path for request in sim.requests]
    report = json.loads(capsys.readouterr().out)
    assert not any("limits" in path or "availability" in path for path in paths)
    assert (report["lag_hours"], report["job_limits"]) == (None, None)
    (note,) = report["notes"]
    assert note.startswith("conversation_details_source query: rows are up to date to the minute")


def test_limits_and_lag_are_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(WORLD) as sim:
        made = tap(sim, "conversation_details", conversation_details_source="job")
        made.check()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("Z, 24 h behind")
    limits = "details.jobs.concurrent.access.max = 10, details.jobs.rate.per.second = 5"
    assert lines[2] == f"Job limits of the org: {limits}"
    assert lines[3].startswith("conversation_details_source job: rows have participants'")


def test_one_stream_in_trouble_does_not_end_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/flows/outcomes", status=500, times=None))
        told = checked(sim, capsys, *SOME)
    assert [name for name, one in told["found"].items() if not one["ok"]] == ["flow_outcomes"]
    assert "500" in told["found"]["flow_outcomes"]["detail"]


def test_wrong_credentials_are_one_line_and_no_secret(tmp_path: Path) -> None:
    with Simulator(WORLD) as sim:
        process = Process(tmp_path, config(sim, client_secret="wrong-secret"), "--check")
        code, stderr, _ = process.end()
    assert code == 1
    (line,) = errors(stderr)
    assert "refuses the credentials" in line
    assert "wrong-secret" not in stderr


def test_a_run_says_at_its_end_what_was_skipped(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator(WORLD) as sim:
        for path in ("/api/v2/users", "/flows/outcomes"):
            sim.faults.add(Fault("forbidden", path=path, permission="some:thing:view"))
        output = run(sim, "users", "user_skills", "flow_outcomes", "divisions")
    assert output.records("divisions")
    (line,) = [entry.message for entry in caplog.records if entry.message.startswith("Skipped: f")]
    assert line.count("some:thing:view") == 2
    assert "users, user_skills (" in line


def test_a_skipped_stream_can_be_an_error_after_the_others_were_read() -> None:
    output = Output()
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/flows/outcomes", permission="some:thing:view"))
        made = tap(sim, "flow_outcomes", "users", output=output, fail_on_skipped_streams=True)
        with pytest.raises(StopRun, match=r"an error \(fail_on_skipped_streams\): flow_outcomes"):
            made.sync_or_leave()
    assert len(output.records("users")) == len(WORLD.users())


def test_a_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(WORLD) as sim:
        tap(sim, "conversation_details", start_date=iso(WORLD.now - DAY)).check()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("Organization: ")
    assert any(line.startswith("conversation_details  ok") for line in printed)
    (head,) = (line for line in printed if line.startswith("stream "))
    requests, rows = "requests: first run  per day  per month", "rows: first run  per day"
    assert " ".join(head.split()) == " ".join(f"stream {requests} {rows}".split())
    rows = "2,400 in the first run, 2,400 per day with one run per day."
    assert f"Estimated rows, without those marked ?: {rows}" in printed
    assert printed[-1] == "All selected streams can be read."


@pytest.mark.parametrize("page_size", [100, 20])
@pytest.mark.parametrize("source", ["auto", "job", "query"])
def test_the_estimate_is_what_a_run_takes(
    source: str, page_size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the first run, and of one a day later; the simulator's days are alike.

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
        told = json.loads(capsys.readouterr().out)["streams"]
        counted, emitted = [], []
        state: dict[str, Any] = {}
        for day in range(6):
            sim.world = BUSY.at(BUSY.now + day * DAY)
            before = len(sim.requests)
            # Only conversations remember what was read, and only two of the runs are counted.
            read = names if day in (0, 5) else names[:1]
            output = run(sim, *read, state=state, **options)
            state = output.state
            emitted.append(len(output.records("conversation_details")))
            asked = [one.path for one in sim.requests[before:] if one.path != "/oauth/token"]
            counted.append(len(asked))
    first, daily = (
        sum(one[name] for one in told) for name in ("requests_first_run", "requests_per_day")
    )
    assert first == pytest.approx(counted[0], rel=0.2)
    assert daily == pytest.approx(counted[-1], rel=0.2)
    (details,) = (one for one in told if one["stream"] == "conversation_details")
    assert details["rows_first_run"] == pytest.approx(emitted[0], rel=0.2)
    # Jobs that wait for the watermark may read a day so late that the first re-check is done.
    assert details["rows_per_day"] == pytest.approx(emitted[-1], rel=0.3)


#: Days of runs until one is like the next, with a data lake that is a day behind at most.
STEADY_AFTER = 3
RUNS = 4


def requests_of_a_day(
    sim: Simulator, streams: tuple[str, ...], runs_per_day: int, **options: Any
) -> int:
    """Return the requests of a day with so many runs, once as many have gone on for days."""
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
    """Return the requests of a month that `--check` estimates."""
    made = tap(sim, *streams, **options)
    report = check(made.run, made._read_streams, runs_per_day=runs_per_day)
    return sum(finding.requests_per_month or 0 for finding in report.streams)


@pytest.mark.parametrize(
    ("source", "hours"), [("query", 24), ("job", 4), ("auto", 4), ("auto", 24)]
)
def test_a_month_of_runs_is_estimated_for_conversations(source: str, hours: int) -> None:
    """A day with four runs takes what the plans of four runs take, within a fifth."""
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
    """So are spans of users, aggregates, whose days are read again, and windows of reports."""
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
    """Of each stream, and so of all."""
    with Simulator(SMALL) as sim:
        made = tap(sim, "conversation_details", "conversation_wrap_ups", "users", "user_skills")
        made.check(as_json=True, runs_per_day=1, users={"CX1": 2})
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
    """Of a stream by query, and of one by cells: a day each, where the default is one."""
    with Simulator(SMALL) as sim:
        streams = ("conversation_details", "conversation_summaries")
        tap(sim, *streams, start_date=iso(SINCE), lookback_days=4).check(as_json=True)
    for finding in json.loads(capsys.readouterr().out)["streams"]:
        assert finding["requests_per_day"] == 5


def test_the_month_and_the_first_load_are_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(SMALL) as sim:
        made = tap(sim, "users", "user_skills", requests_per_minute=60)
        made.check(runs_per_day=24)
    lines = capsys.readouterr().out.splitlines()
    assert "Duration of the first run: less than 0.1 h at 60 requests per minute." in lines
    assert "Estimated requests per month (30 days, 24 runs per day): 43,920." in lines
    (fair_use,) = (line for line in lines if line.startswith("Fair use"))
    assert "5 Communicate (10,000 each) or 1 CX1" in fair_use


def test_the_month_and_the_users_are_options(tmp_path: Path) -> None:
    """Of the command line; a licence that is named twice has both numbers."""
    options = ("--check=json", "--check-runs-per-day=4", "--check-users=cx2=2", "--check-users")
    with Simulator(SMALL) as sim:
        process = Process(tmp_path, config(sim), *options, "CX2=1")
        code, stderr, _ = process.end()
    report = json.loads(b"".join(process.lines))
    assert (code, report["runs_per_day"]) == (0, 4), stderr
    assert (report["fair_use"]["users"], report["fair_use"]["allowance"]) == ({"CX2": 3}, 330_000)


def test_users_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    with Simulator(SMALL) as sim:
        process = Process(tmp_path, config(sim), "--check", "--check-users=CX9=3")
        code, stderr, _ = process.end()
    (line,) = errors(stderr)
    assert code == 1
    assert "--check-users: 'CX9=3' is not LICENCE=USERS, such as CX2=120" in line


def test_what_follows_conversations_is_told_with_its_cost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Simulator(SMALL) as sim:
        told = checked(sim, capsys, "conversation_details", "conversation_speech_analytics")
    found = told["found"]["conversation_speech_analytics"]
    assert (found["ok"], found["requests_first_run"], found["requests_per_day"]) == (True, 400, 40)


@pytest.mark.parametrize("page_size", [100, 20])
@pytest.mark.parametrize("source", ["auto", "job", "query"])
def test_spans_of_users_are_estimated_by_their_own_source(
    source: str, page_size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a first run and one a day later request is what was estimated, within a fifth."""
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
        found, table = json.loads(capsys.readouterr().out)["streams"]
        asked = [one.path for one in sim.requests]
        state: dict[str, Any] = {}
        for day in range(2):
            sim.world = SPANS.at(SPANS.now + day * DAY)
            sim.requests.clear()
            output = run(sim, *streams, state=state, **options)
            state = output.state
            emitted.append(sum(len(output.records(name)) for name in streams))
            counted.append(sum("/users/details/" in one.path for one in sim.requests))
    assert (found["stream"], table["stream"]) == streams
    assert (table["ok"], table["requests_first_run"]) == (True, 0)
    # 480 that begin, and 96 that end, having begun the day before.
    assert found["detail"].startswith("576 entries yesterday")
    assert ("data lake watermark" in found["detail"]) == (source != "query")
    assert any("/users/details/jobs/availability" in path for path in asked) == (source != "query")
    assert found["requests_first_run"] == pytest.approx(counted[0], rel=0.2)
    assert found["requests_per_day"] == pytest.approx(counted[1], rel=0.2)
    # Those of both streams: each of them is an entry, and some are two.
    assert emitted[0] <= found["rows_first_run"] <= 1.6 * emitted[0]
    assert found["rows_per_day"] == pytest.approx(emitted[1], rel=0.2)
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
    """What a first run and, once days have come of age, a later one ask; 250 users are three."""
    monkeypatch.setattr(staff, "_USERS", 250)
    with Simulator(SMALL.at(SMALL.now)) as sim:
        tap(sim, name, start_date=iso(SINCE)).check(as_json=True)
        found = json.loads(capsys.readouterr().out)["streams"][-1]
        assert [found["requests_first_run"], found["requests_per_day"]] == requests_of_runs(
            sim, name, path
        )
    # Ten days; later a day and three that are read again, at most.
    assert found["rows_per_day"] * 10 == found["rows_first_run"] * 4 > 0
    if name == "user_aggregates":
        assert found["detail"] == "250 users: 3 requests per day that is read"


def requests_of_runs(sim: Simulator, name: str, path: str) -> list[int]:
    """Return what a first run requests below a path, and the last of six daily ones after it."""
    counted = []
    state: dict[str, Any] = {}
    for day in range(7):
        sim.world = SMALL.at(SMALL.now + day * DAY)
        before = len(sim.requests)
        state = run(sim, name, state=state, start_date=iso(SINCE)).state
        counted.append(sum(path in one.path for one in sim.requests[before:]))
    return [counted[0], counted[-1]]
