"""Daily metrics into a Salesforce org that refuses, limits and half fails: each arrives, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.postgres import Postgres, binaries
from support.salesforce_api import HOST, SECRET, Refusal, SalesforceOrg
from support.salesforce_load import (
    AGENT,
    ALL,
    BILLING,
    CERTIFICATE,
    COMPLAINTS,
    CREATE,
    EARLIER,
    PATIENCE,
    PYTHON,
    DuckDB,
    Load,
)

from salesforce.definition import EXTERNAL_ID, fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.salesforce_load import Warehouse

MISSED = "update marts.genesys__queue_intervals set offered = offered + 1 where queue_id = 'q1'"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the certificate of the org's host, and its key."""
    if not PYTHON.exists() or binaries() is None:
        what = "`make test-salesforce` installs simple-salesforce, the system PostgreSQL"
        if os.environ.get("REQUIRE_SALESFORCE"):
            pytest.fail(what)
        pytest.skip(what)
    path = tmp_path_factory.mktemp("tls") / "host.pem"
    subprocess.run([PYTHON, "-c", CERTIFICATE, HOST, path], check=True)  # noqa: S603
    return path


@pytest.fixture
def org(certificate: Path) -> Iterator[SalesforceOrg]:
    """Serve an org with the object that the metadata defines."""
    with SalesforceOrg(fields(), EXTERNAL_ID, certificate) as served:
        yield served


@pytest.fixture
def duckdb(certificate: Path, tmp_path: Path) -> DuckDB:
    """Return a DuckDB file with marts."""
    assert certificate
    file = DuckDB(tmp_path)
    file.run(CREATE)
    return file


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, certificate: Path) -> Iterator[Warehouse]:
    """Return a warehouse with marts, of either kind."""
    assert certificate
    if request.param == "duckdb":
        yield request.getfixturevalue("duckdb")
        return
    with Postgres() as server:
        server.run(CREATE)
        yield server


@pytest.fixture
def load(org: SalesforceOrg, certificate: Path) -> Any:
    """Return the function that runs the command, and returns exit code, stdout and stderr."""

    def run(warehouse: Warehouse, *arguments: str) -> tuple[int, str, str]:
        return Load(org, certificate, warehouse, *arguments).end()

    return run


def test_each_day_of_a_queue_and_an_agent_arrives(
    org: SalesforceOrg, warehouse: Warehouse, load: Any
) -> None:
    """Half hours add up to days of the org's zone, and nulls, quotes and letters arrive."""
    code, out, log = load(warehouse)
    assert (code, out) == (0, "")
    assert "4 upserted, 0 not" in log
    assert org.records.keys() == ALL
    billing = {name: value for name, value in org.records[BILLING].items() if value is not None}
    assert billing == {
        "External_Id__c": BILLING,
        "Kind__c": "Queue",
        "Day__c": "2026-11-27",
        "Queue_Id__c": "q1",
        "Queue_Name__c": 'Billing, "first"',
        "Medium__c": "voice",
        "Offered__c": "5",
        "Answered__c": "4",
        "Abandoned__c": "1",
        "Short_Abandoned__c": "1",
        "Handled__c": "4",
        "Transferred__c": "0",
        "Service_Level_Numerator__c": "3",
        "Service_Level_Denominator__c": "4",
        "Answer_Seconds__c": "19.125",
        "Abandon_Seconds__c": "3",
        "Longest_Wait_Seconds__c": "9",
        "Talk_Seconds__c": "150",
        "Hold_Seconds__c": "0",
        "After_Call_Work_Seconds__c": "30",
        "Handle_Seconds__c": "180",
    }
    agent = {name: value for name, value in org.records[AGENT].items() if value is not None}
    assert agent == {
        "External_Id__c": AGENT,
        "Kind__c": "Agent",
        "Day__c": "2026-11-27",
        "Agent_Id__c": "u1",
        "Agent_Name__c": "Ana Müller",
        "Agent_Email__c": "ana@example.com",
        "Answered__c": "4",
        "Handled__c": "4",
        "Transferred__c": "0",
        "Talk_Seconds__c": "150",
        "Hold_Seconds__c": "0",
        "After_Call_Work_Seconds__c": "30",
        "Handle_Seconds__c": "180",
        "Logged_In_Seconds__c": "3600",
        "On_Queue_Seconds__c": "3500",
        "Idle_Seconds__c": "3200",
        "Interacting_Seconds__c": "260",
        "Communicating_Seconds__c": "0",
        "Not_Responding_Seconds__c": "40",
    }
    assert org.records[COMPLAINTS]["Service_Level_Numerator__c"] is None


def test_a_run_sends_what_has_changed(org: SalesforceOrg, warehouse: Warehouse, load: Any) -> None:
    """Without a change, no request is sent; a change, a null and a row that is gone are."""
    load(warehouse)
    requests = len(org.requests)
    assert load(warehouse)[0] == 0
    assert len(org.requests) == requests

    warehouse.run(
        "update marts.genesys__queue_intervals set handled = 9, longest_wait_seconds = null "
        "where interval_start_local < '2026-11-27';"
        "delete from marts.genesys__queue_intervals where queue_id = 'q2'"
    )
    assert load(warehouse)[0] == 0
    (_first, second) = org.jobs.values()
    assert {row[EXTERNAL_ID] for row in second.successful} == {EARLIER, COMPLAINTS}
    assert org.records[EARLIER]["Handled__c"] == "9"
    assert org.records[EARLIER]["Longest_Wait_Seconds__c"] is None
    gone = org.records[COMPLAINTS]
    assert (gone["Offered__c"], gone["Queue_Name__c"]) == ("0", "Complaints")
    assert gone["Idle_Seconds__c"] is None
    assert load(warehouse)[0] == 0
    assert len(org.jobs) == 2


def test_a_dry_run_prints_what_would_be_sent(
    org: SalesforceOrg, warehouse: Warehouse, load: Any
) -> None:
    """Each record is a line of JSON, and neither the org nor the warehouse changes."""
    for _ in range(2):
        code, out, log = load(warehouse, "--dry-run", "--since", "2026-11-27")
        assert (code, org.requests) == (0, [])
        records = [json.loads(line) for line in out.splitlines()]
        assert {record[EXTERNAL_ID] for record in records} == ALL - {EARLIER}
        assert "3 records in the marts, 3 to send" in log
    (mail,) = [record for record in records if record[EXTERNAL_ID] == COMPLAINTS]
    assert (mail["Offered__c"], mail["Service_Level_Numerator__c"]) == ("1", None)


def test_a_failed_record_is_reported_and_tried_again(
    org: SalesforceOrg, warehouse: Warehouse, load: Any
) -> None:
    """A record that fails is logged with its error, and only that one is sent again."""
    error = "FIELD_CUSTOM_VALIDATION_EXCEPTION:No figures before noon:Day__c --"
    org.errors[BILLING] = error
    code, _out, log = load(warehouse)
    assert code == 1
    assert f"{BILLING}: {error}\n" in log
    assert "3 upserted, 1 not" in log
    assert org.records.keys() == ALL - {BILLING}

    org.errors.clear()
    assert load(warehouse)[0] == 0
    assert [row[EXTERNAL_ID] for row in [*org.jobs.values()][1].successful] == [BILLING]
    assert org.records.keys() == ALL


def test_the_unprocessed_records_of_a_failed_job_are_sent_again(
    org: SalesforceOrg, duckdb: DuckDB, load: Any
) -> None:
    """A job that fails half-way keeps what it stored; the rest is logged and sent again."""
    org.fails_after = 1
    code, _out, log = load(duckdb)
    assert code == 1
    assert "is Failed: InternalServerError : retried 20 times" in log
    (stored,) = org.records
    for external_id in ALL - {stored}:
        assert f"{external_id}: not processed\n" in log

    org.fails_after = None
    assert load(duckdb)[0] == 0
    assert {row[EXTERNAL_ID] for row in [*org.jobs.values()][1].successful} == ALL - {stored}


def test_a_record_without_a_result_counts_as_not_sent(
    org: SalesforceOrg, duckdb: DuckDB, load: Any
) -> None:
    """A completed job that says nothing of a record has not confirmed it."""
    org.unrecorded = {AGENT}
    code, _out, log = load(duckdb)
    assert code == 1
    assert f"{AGENT}: not processed\n" in log
    org.unrecorded = set()
    assert load(duckdb)[0] == 0
    assert [row[EXTERNAL_ID] for row in [*org.jobs.values()][1].successful] == [AGENT]


def test_a_field_that_the_org_lacks_is_named(org: SalesforceOrg, duckdb: DuckDB, load: Any) -> None:
    """An object that was not deployed, or without its permission set, fails with the field."""
    del org.fields["Hold_Seconds__c"]
    code, _out, log = load(duckdb)
    assert code == 1
    assert "is Failed: InvalidBatch : Field name not found : Hold_Seconds__c" in log


LIMITED = Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def test_limits_and_errors_of_the_server_are_waited_for(
    org: SalesforceOrg, duckdb: DuckDB, load: Any
) -> None:
    """Each request of a job, and the login, is repeated after a limit or an error of the server."""
    busy = [Refusal(503, "SERVER_UNAVAILABLE"), Refusal(429, headers=(("Retry-After", "0"),))]
    for method, end in [
        ("POST", "/token"),
        ("POST", "/ingest"),
        ("PUT", "/batches"),
        ("PATCH", "AAA"),
        ("GET", "AAA"),
        ("GET", "/successfulResults"),
    ]:
        org.refusals[method, end] = [*busy, LIMITED]
    code, _out, log = load(duckdb)
    assert code == 0, log
    assert org.records.keys() == ALL
    assert not any(org.refusals.values())


@pytest.mark.parametrize(
    ("method", "end", "refusal", "words"),
    [
        ("POST", "/ingest", LIMITED, "403 [{'errorCode': 'REQUEST_LIMIT_EXCEEDED'"),
        ("PUT", "/batches", Refusal(503, "SERVER_UNAVAILABLE"), "the upload was refused: 503"),
        ("GET", "/successfulResults", Refusal(500, "UNKNOWN_EXCEPTION"), "a request: 500"),
        ("POST", "/token", Refusal(503), "returned no token: 503"),
        ("POST", "/token", Refusal(200, "a token"), "returned no token"),
        ("POST", "/token", Refusal(0), "example.my.salesforce.com cannot be reached"),
        ("GET", "AAA", Refusal(200), "cannot be read: JSONDecodeError"),
        ("GET", "AAA", Refusal(401), "cannot be read: JSONDecodeError"),
        ("POST", "/ingest", Refusal(403, "API_DISABLED_FOR_ORG"), "'API_DISABLED_FOR_ORG'"),
        ("GET", "AAA", Refusal(0), "cannot be reached"),
        ("POST", "/ingest", Refusal(200, "a job"), "returned no job to jobs/ingest"),
    ],
)
def test_what_stays_refused_ends_the_run_and_loses_nothing(
    org: SalesforceOrg,
    duckdb: DuckDB,
    load: Any,
    method: str,
    end: str,
    refusal: Refusal,
    words: str,
) -> None:
    """A refusal that lasts is one line and exit code 1; the next run sends everything again."""
    org.refusals[method, end] = [refusal] * 6
    code, _out, log = load(duckdb)
    assert code == 1
    assert words in log.splitlines()[-1]
    org.refusals.clear()
    assert load(duckdb)[0] == 0
    assert org.records.keys() == ALL


def test_an_app_that_nobody_approved_is_one_line(
    org: SalesforceOrg, duckdb: DuckDB, load: Any
) -> None:
    """The warning of `simple_salesforce`, which has the consumer key, is not shown."""
    org.approved = False
    code, _out, log = load(duckdb)
    assert code == 1
    assert "user hasn't approved this consumer; check SALESFORCE_DOMAIN" in log


def test_a_session_that_expires_is_renewed(
    org: SalesforceOrg, certificate: Path, duckdb: DuckDB
) -> None:
    """A token that ends while a job runs costs a login, and nothing else."""
    org.ends.clear()
    run = Load(org, certificate, duckdb)
    _wait_for(org, "InProgress")
    org.expire_tokens()
    org.ends.set()
    assert run.end()[0] == 0
    assert [path for _method, path in org.requests].count("/services/oauth2/token") == 2
    assert len(org.jobs) == 1


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_sends_again(
    org: SalesforceOrg, certificate: Path, duckdb: DuckDB, load: Any, signum: int
) -> None:
    """A run that ends while its job runs has confirmed nothing; each record is there once."""
    org.ends.clear()
    # In the background of a shell, the tests ignore SIGINT, and so would the command.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    run = Load(org, certificate, duckdb)
    signal.signal(signal.SIGINT, before)
    _wait_for(org, "InProgress")
    run.process.send_signal(signum)
    code, _out, _log = run.end()
    assert code == (130 if signum == signal.SIGINT else -signum)
    org.ends.set()
    assert load(duckdb)[0] == 0
    assert org.records.keys() == ALL
    assert len(org.jobs) == 2


def test_a_job_has_a_deadline(org: SalesforceOrg, duckdb: DuckDB, load: Any) -> None:
    """A job that does not end is no reason to wait for ever, and its records are sent again."""
    org.ends.clear()
    code, _out, log = load(duckdb, "--job-timeout=0")
    assert code == 1
    assert "is InProgress after 0 s (--job-timeout)" in log
    org.ends.set()
    assert load(duckdb)[0] == 0


def test_a_large_load_is_several_jobs(org: SalesforceOrg, duckdb: DuckDB, load: Any) -> None:
    """Each job has a part of the records, and what one has confirmed is not sent again."""
    code, _out, _log = load(duckdb, "--job-bytes=1")
    assert code == 0
    assert len(org.jobs) == len(ALL)
    assert org.records.keys() == ALL


def test_a_part_that_is_done_is_not_sent_again(
    org: SalesforceOrg, duckdb: DuckDB, load: Any
) -> None:
    """If the second job is refused, the next run begins with its records."""
    org.refusals["PUT", "3AAA/batches"] = [Refusal(400, "INVALIDJOBSTATE")]
    code, _out, log = load(duckdb, "--job-bytes=1")
    assert code == 1
    assert "the upload was refused: 400" in log
    done = set(org.records)
    assert len(done) == 1
    assert load(duckdb, "--job-bytes=1")[0] == 0
    sent = [row[EXTERNAL_ID] for job in org.jobs.values() for row in job.successful]
    assert sorted(sent) == sorted(ALL)


def test_a_full_refresh_sends_everything(org: SalesforceOrg, duckdb: DuckDB, load: Any) -> None:
    """For an org whose records were lost."""
    load(duckdb)
    org.records.clear()
    assert load(duckdb, "--full-refresh")[0] == 0
    assert org.records.keys() == ALL


def test_each_org_has_deliveries_of_its_own(
    org: SalesforceOrg, certificate: Path, duckdb: DuckDB, load: Any
) -> None:
    """What a sandbox has confirmed is not what the production org has."""
    load(duckdb)
    assert "0 to send" in load(duckdb, "--dry-run")[2]
    other = {"SALESFORCE_DOMAIN": "example--test.sandbox.my.salesforce.com"}
    assert "4 to send" in Load(org, certificate, duckdb, "--dry-run", variables=other).end()[2]


def test_agents_without_a_mart_are_left_out(org: SalesforceOrg, duckdb: DuckDB, load: Any) -> None:
    """The mart of agents needs streams that are not loaded by default; queues arrive without it."""
    load(duckdb)
    duckdb.run("drop table marts.genesys__agent_intervals;" + MISSED)
    code, _out, log = load(duckdb)
    assert code == 0
    assert "no marts.genesys__agent_intervals: its metrics are left out" in log
    assert org.records[AGENT]["Handled__c"] == "4"
    assert org.records[BILLING]["Offered__c"] == "7"


def test_the_requests_of_a_run_are_few(org: SalesforceOrg, duckdb: DuckDB, load: Any) -> None:
    """A job without an error is six requests with the login, and its polls: docs/salesforce.md."""
    org.polls = 1
    _code, _out, log = load(duckdb)
    assert len(org.requests) == 6
    assert "by 6 requests" in log
    assert "API requests of the org in the last 24 hours: 18 of 15,000" in log


@pytest.mark.parametrize(
    ("variables", "arguments", "words"),
    [
        ({"WAREHOUSE_URL": ""}, [], "WAREHOUSE_URL is not set"),
        ({"WAREHOUSE_URL": "mysql://x"}, [], "a URL that begins with postgresql://"),
        ({"WAREHOUSE_URL": "/nowhere/x.duckdb"}, [], "the warehouse: IO Error"),
        ({"WAREHOUSE_URL": f"postgresql://u:{SECRET}@127.0.0.1:1/x"}, [], "the warehouse: conn"),
        ({"WAREHOUSE_URL": f"postgresql://u:{SECRET}%zz@127.0.0.1/x"}, [], "the warehouse: inv"),
        ({"WAREHOUSE_URL": f"postgresql://u:{SECRET}@[/x"}, [], "WAREHOUSE_URL is no URL"),
        ({"SALESFORCE_DOMAIN": "login"}, [], "SALESFORCE_DOMAIN is 'login'"),
        ({"SALESFORCE_CONSUMER_SECRET": ""}, [], "SALESFORCE_CONSUMER_SECRET is not set"),
        ({"SALESFORCE_CONSUMER_SECRET": "wrong"}, [], "refuses the login: Authentication failed"),
        ({}, ["--schema", "other"], "run dbt build first, or set --schema"),
        ({}, ["--schema", "a;b"], "--schema is 'a;b'"),
        ({}, ["--since", "yesterday"], "argument --since: invalid"),
        ({}, ["--job-bytes", "0"], "argument --job-bytes: it has to be 1 or more"),
        ({}, ["--poll-seconds", "nan"], "argument --poll-seconds: it has to be 0 or more"),
    ],
)
def test_a_wrong_setting_is_one_line(
    org: SalesforceOrg,
    certificate: Path,
    duckdb: DuckDB,
    variables: dict[str, str],
    arguments: list[str],
    words: str,
) -> None:
    """The last line of stderr has the setting, nothing is sent, and no secret is shown."""
    code, out, log = Load(org, certificate, duckdb, *arguments, variables=variables).end()
    assert (code in {1, 2}, out) == (True, "")
    assert words in log.splitlines()[-1]
    assert not org.records


def _wait_for(org: SalesforceOrg, state: str) -> None:
    """Wait until a job is in a state."""
    pause = threading.Event()
    for _ in range(PATIENCE * 50):
        if any(job.state == state for job in [*org.jobs.values()]):
            return
        pause.wait(0.02)
    pytest.fail(f"no job is {state}")
