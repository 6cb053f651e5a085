"""Records, files, waits and settings of the load into Salesforce, without a database or an org."""

from __future__ import annotations

import itertools
import json
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import requests
import yaml
from support.documents import missing_phrases, rows
from support.http_doubles import response
from support.salesforce_api import Refusal, SalesforceOrg
from support.salesforce_load import CREATE
from support.scripts import ROOT

from salesforce import retrying
from salesforce.definition import EXTERNAL_ID, FOLDER, OBJECT, fields, figures
from salesforce.errors import CorrectSettingError, short
from salesforce.records import Record, changes, digest, parts, record, rows_of
from salesforce.retrying import RetryingSession, poll_waits, required_wait
from salesforce.settings import Credentials, domain_of, parser, warehouse_of

if TYPE_CHECKING:
    from collections.abc import Mapping

QUERIES = ("queue_days.sql", "agent_days.sql")
PERMISSIONS = sorted((FOLDER / "permissionsets").glob("*.permissionset-meta.xml"))
NAMESPACE = {"": "http://soap.sforce.com/2006/04/metadata"}
DAY = "2026-11-27"
PAGE = ROOT / "docs" / "salesforce.md"
MARTS = ROOT / "dbt" / "models" / "marts" / "_marts.yml"
LINES = [row[0].strip("`") for row in rows(PAGE, "When it fails")[2:]]
#: Phrases of Salesforce, of simple_salesforce and of DuckDB in the page's lines.
VENDORS = {
    "InvalidBatch",
    "Field name not found",
    "Hold_Seconds__c",
    "Authentication failed",
    "errorCode",
    "IO Error",
    "Could not set lock on file",
}


def queue(name: str, day: str = DAY, offered: str = "5") -> Record:
    """Return a record of a queue."""
    return {EXTERNAL_ID: f"queue/{name}/voice/{day}", "Day__c": day, "Offered__c": offered}


def delivered(*sent: Record) -> dict[str, str]:
    """Return what is stored of records that were delivered."""
    return {str(one[EXTERNAL_ID]): digest(one) for one in sent}


@pytest.mark.parametrize("name", QUERIES)
def test_the_columns_of_a_query_are_fields_of_the_object(name: str) -> None:
    """A column that the object lacks would fail each job; each field comes from a query."""
    columns = re.findall(r'as "(\w+)"', (ROOT / "salesforce" / name).read_text("utf-8"))
    assert columns[0] == EXTERNAL_ID
    assert len(columns) == len(set(columns))
    assert record(columns, [None] * len(columns)).keys() <= fields().keys()


def test_each_field_that_is_sent_is_in_a_query() -> None:
    """A field that no query has would stay empty in every record."""
    text = "".join((ROOT / "salesforce" / name).read_text("utf-8") for name in QUERIES)
    assert set(re.findall(r'as "(\w+)"', text)) == fields().keys()


def test_the_external_id_can_be_upserted_by() -> None:
    """The field is an external id, unique, and long enough for the longest key."""
    path = FOLDER / "objects" / OBJECT / "fields" / f"{EXTERNAL_ID}.field-meta.xml"
    field = ET.parse(path).getroot()  # noqa: S314 - a file of this project
    assert field.findtext("externalId", "", NAMESPACE) == "true"
    assert field.findtext("unique", "", NAMESPACE) == "true"
    longest = len(f"queue/{'-' * 36}/{'m' * 40}/{DAY}")
    assert longest <= int(field.findtext("length", "", NAMESPACE))


def test_metadata_files_are_named_by_their_content() -> None:
    """The name of a file is that of its field, and a formula names fields of the object only."""
    paths = sorted((FOLDER / "objects" / OBJECT / "fields").glob("*.xml"))
    for path in paths:
        field = ET.parse(path).getroot()  # noqa: S314 - a file of this project
        assert path.name == f"{field.findtext('fullName', '', NAMESPACE)}.field-meta.xml"
        formula = field.findtext("formula", "", NAMESPACE)
        assert set(re.findall(r"\w+__c", formula)) <= figures()
    assert len(paths) > len(fields()) > len(figures()) > 10


@pytest.mark.parametrize("path", PERMISSIONS, ids=lambda path: path.name.partition(".")[0])
def test_a_permission_set_has_every_field(path: object) -> None:
    """A field without a permission is hidden, and a job that has it fails."""
    permissions = ET.parse(str(path)).getroot()  # noqa: S314 - a file of this project
    editable = {
        permission.findtext("field", "", NAMESPACE).partition(".")[2]: permission.findtext(
            "editable", "", NAMESPACE
        )
        == "true"
        for permission in permissions.findall("fieldPermissions", NAMESPACE)
    }
    everything = {
        file.name.partition(".")[0] for file in (FOLDER / "objects" / OBJECT / "fields").iterdir()
    }
    assert editable.keys() == everything
    loads = "_Load." in str(path)
    assert {name for name, edits in editable.items() if edits} == (
        fields().keys() if loads else set()
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (Decimal("5.000000000"), "5"),
        (Decimal("0.000"), "0"),
        (10, "10"),
        (1200.0, "1200"),
        (0.1 + 0.2, "0.3"),
        (Decimal("1.0005"), "1"),
        (-1.25, "-1.25"),
        (12345678901, "12345678901"),
        (date(2026, 11, 27), DAY),
        ("", None),
        (None, None),
        ("Müller, A.", "Müller, A."),
    ],
)
def test_a_value_has_one_text(value: object, text: str | None) -> None:
    """Values that are equal have equal texts, whatever type a database gives them."""
    assert record([EXTERNAL_ID, "Offered__c"], ["key", value])["Offered__c"] == text


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([EXTERNAL_ID, "Smiles__c"], "definition lacks the field Smiles__c"),
        (["Offered__c"], "no column External_Id__c"),
    ],
)
def test_a_column_without_a_field_is_an_error(columns: list[str], words: str) -> None:
    """A query and the definition that do not fit are named before anything is sent."""
    with pytest.raises(CorrectSettingError, match=words):
        record(columns, ["x"] * len(columns))


def test_a_record_that_the_org_has_is_left_out() -> None:
    """A record is sent if it is new or if any of its values has changed, a null as well."""
    same, other, new = queue("a"), queue("b"), queue("c")
    assert changes([same, other, new], delivered(same, queue("b", offered="4"))) == [other, new]
    emptied: Record = {**same, "Offered__c": None}
    assert changes([emptied], delivered(same)) == [emptied]


def test_a_row_that_is_gone_has_zeros_once() -> None:
    """The figures of its kind become 0 while its day has other rows; its names stay."""
    stays, gone = queue("a"), queue("b")
    (zeros,) = changes([stays], delivered(stays, gone))
    assert zeros == {EXTERNAL_ID: gone[EXTERNAL_ID], "Offered__c": "0"}
    assert changes([stays], delivered(stays, zeros)) == []


@pytest.mark.parametrize(
    "gone",
    [queue("a", "2026-11-26"), {EXTERNAL_ID: f"agent/u/{DAY}", "Handled__c": "2"}],
    ids=["day", "kind"],
)
def test_what_the_marts_lack_as_a_whole_stays(gone: Record) -> None:
    """A day that is not loaded, or a mart that is not built, is no reason to clear records."""
    stays = queue("a")
    assert changes([stays], delivered(stays, gone)) == []


def test_a_file_has_null_and_absent_values() -> None:
    """`#N/A` sets a field to null, an empty cell leaves it as it is, and quotes are doubled."""
    agent: Record = {EXTERNAL_ID: "agent/u/d", "Agent_Name__c": 'A "B", C'}
    ((sent, file),) = parts([{EXTERNAL_ID: "queue/a", "Offered__c": None}, agent], 1000)
    assert sent[1] is agent
    assert file == (
        f'{EXTERNAL_ID},Offered__c,Agent_Name__c\nqueue/a,#N/A,\nagent/u/d,,"A ""B"", C"\n'
    )


@pytest.mark.parametrize("most", [1, 60, 61, 90, 1000])
def test_parts_have_every_record_once_and_fit(most: int) -> None:
    """A file is no larger than allowed, in bytes, unless one record is, and full otherwise."""
    sent: list[Record] = [
        {EXTERNAL_ID: f"queue/{number}", "Queue_Name__c": "é" * number} for number in range(12)
    ]
    cut = [*parts(sent, most)]
    assert [one for part, _file in cut for one in part] == sent
    sizes = [len(file.encode()) for _part, file in cut]
    assert all(
        size <= most or len(part) == 1 for (part, _file), size in zip(cut, sizes, strict=True)
    )
    header = len(f"{EXTERNAL_ID},Queue_Name__c\n")
    for (_part, file), (_next, following) in itertools.pairwise(cut):
        first = following.splitlines(keepends=True)[1]
        assert len(file.encode()) + len(first.encode()) > most
        assert file.startswith(following[:header])
    for part, file in cut:
        assert [row[EXTERNAL_ID] for row in rows_of(file)] == [one[EXTERNAL_ID] for one in part]


def test_without_records_there_is_no_part() -> None:
    """No job is created for nothing."""
    assert [*parts([], 1000)] == []


def test_an_empty_result_has_no_rows() -> None:
    """A response without a body, as a job without failures may have it."""
    assert rows_of("") == []


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits, which take no time."""
    waited: list[float] = []
    monkeypatch.setattr("salesforce.retrying.time.sleep", waited.append)
    return waited


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        ([Refusal(429), Refusal(503, headers=(("Retry-After", "30"),))], [2.0, 30.0]),
        ([Refusal(403, retrying.LIMIT), Refusal(500, "X")], [2.0, 4.0]),
        ([Refusal(403, "INSUFFICIENT_ACCESS")], []),
        ([Refusal(400, "INVALIDJOB")], []),
        ([Refusal(429, headers=(("Retry-After", "3600"),))], []),
        ([Refusal(503)] * 9, [2.0, 4.0, 8.0, 16.0, 32.0]),
    ],
)
def test_a_wait_doubles_and_is_as_long_as_required(
    waits: list[float], refusals: list[Refusal], expected: list[float]
) -> None:
    """A limit or an error of the server is repeated, at most five times; other errors are not."""
    with SalesforceOrg(fields(), EXTERNAL_ID) as org, RetryingSession(2) as session:
        session.trust_env = False
        org.refusals["POST", "/x"] = [*refusals]
        session.post(f"{org.url}/x")
        assert session.sent == len(expected) + 1 == len(org.requests)
    assert waits == expected


@pytest.mark.parametrize(("method", "tries"), [("GET", 6), ("POST", 1)])
def test_a_lost_response_is_no_reason_to_repeat_a_post(
    waits: list[float], method: str, tries: int
) -> None:
    """A request that may have been processed is repeated only if that is harmless."""
    with SalesforceOrg(fields(), EXTERNAL_ID) as org, RetryingSession(1) as session:
        session.trust_env = False
        org.refusals[method, "/x"] = [Refusal(0)] * 9
        with pytest.raises(requests.ConnectionError):
            session.request(method, f"{org.url}/x")
        assert len(org.requests) == tries
    assert len(waits) == tries - 1


def test_a_request_has_a_time_out() -> None:
    """`simple_salesforce` sets none, and a request without one may wait for ever."""
    sent: list[Mapping[str, object]] = []

    class Adapter(requests.adapters.BaseAdapter):
        def send(self, _request: object, **options: object) -> requests.Response:  # type: ignore[override]
            sent.append(options)
            return response()

        def close(self) -> None:
            pass

    with RetryingSession(0) as session:
        session.mount("https://", Adapter())
        session.get("https://example.my.salesforce.com/")
        session.get("https://example.my.salesforce.com/", timeout=1)
    assert [options["timeout"] for options in sent] == [retrying.TIMEOUT, 1]


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), (" 7 ", 7), ("soon", 0), ("-1", 0), ("²", 0), ("", 0)]
)
def test_a_required_wait_is_a_number_of_seconds(value: str, seconds: float) -> None:
    """A date, or anything else, is as no header."""
    assert required_wait(response(headers={"Retry-After": value})) == seconds


def test_a_job_is_polled_less_and_less_often() -> None:
    """Each wait is half as long again, up to a minute, so that a long job costs few requests."""
    assert [*itertools.islice(poll_waits(20), 5)] == [20, 30, 45, 60, 60]
    assert [*itertools.islice(poll_waits(300), 2)] == [60, 60]


def test_a_long_response_is_cut_to_a_line() -> None:
    """An error page of a gateway does not fill the log."""
    assert short("a\n  b") == "a b"
    assert short("x" * 301) == "x" * 300 + "..."


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("example.my.salesforce.com", "example.my"),
        ("https://Example.my.salesforce.com/", "example.my"),
        ("example--test.sandbox.my", "example--test.sandbox.my"),
    ],
)
def test_a_domain_is_read_from_an_address(text: str, domain: str) -> None:
    """The address of the browser will do."""
    assert domain_of(text) == domain


@pytest.mark.parametrize("text", ["login", "test.salesforce.com", "a.my@b", "a.my/path", "..."])
def test_a_domain_that_is_none_is_an_error(text: str) -> None:
    """The token request has the secret: its host is the org's own, or there is none."""
    with pytest.raises(CorrectSettingError, match="SALESFORCE_DOMAIN"):
        domain_of(text)


def test_credentials_do_not_show_their_secrets() -> None:
    """A traceback or a log of the object has the host alone."""
    names = {
        "SALESFORCE_DOMAIN": "example.my",
        "SALESFORCE_CONSUMER_KEY": "hidden-key",
        "SALESFORCE_CONSUMER_SECRET": "hidden-secret",
    }
    credentials = Credentials.of(names)
    assert credentials.host == "example.my.salesforce.com"
    assert "hidden" not in repr(credentials)
    for name in names:
        with pytest.raises(CorrectSettingError, match=f"{name} is not set"):
            Credentials.of({**names, name: ""})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("genesys.duckdb", "genesys.duckdb"),
        ("postgresql+psycopg://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgres://h/d", "postgresql://h/d"),
    ],
)
def test_a_warehouse_is_a_file_or_a_url(text: str, url: str) -> None:
    """The URL of target-postgres may have SQLAlchemy's name of the driver."""
    assert warehouse_of({"WAREHOUSE_URL": text}) == url


@pytest.mark.parametrize("line", LINES)
def test_a_quoted_line_has_the_words_of_the_code(line: str) -> None:
    """Each phrase of the page's lines is a text of salesforce/, or the vendor's."""
    missing = missing_phrases(line, ROOT / "salesforce")
    assert [phrase for phrase in missing if phrase not in VENDORS] == []


def test_the_page_has_every_option_with_its_default() -> None:
    """The table of docs/salesforce.md is that of the command."""
    cells = re.findall(r"^\| `(--[\w-]+)` \|([^|]*)\|", PAGE.read_text("utf-8"), re.MULTILINE)
    defaults = {
        action.option_strings[-1]: {None: "all days", False: ""}.get(action.default, action.default)
        for action in parser()._actions
        if action.dest != "help"
    }
    assert {option: cell.strip("` ") for option, cell in cells} == {
        option: f"{default:g}" if isinstance(default, float) else str(default)
        for option, default in defaults.items()
    }


def test_the_page_has_every_field() -> None:
    """The table of docs/salesforce.md has the fields that are sent, and the formulas."""
    files = (FOLDER / "objects" / OBJECT / "fields").iterdir()
    named = {
        name for row in rows(PAGE, "What arrives") for name in re.findall(r"`(\w+__c)`", row[0])
    }
    assert named == {path.name.partition(".")[0] for path in files}


@pytest.mark.skipif(not MARTS.exists(), reason="the dbt package is not here")
def test_the_tests_marts_have_columns_of_the_dbt_package() -> None:
    """What the load's tests create is what dbt builds: the queries read no other columns."""
    models = {model["name"]: model for model in yaml.safe_load(MARTS.read_text("utf-8"))["models"]}
    tables = re.findall(r"create table marts\.(\w+) \((.*?)\);", CREATE, re.DOTALL)
    assert len(tables) == 3
    for table, text in tables:
        columns = set(re.findall(r"(\w+) (?:text|bigint|boolean|timestamp|decimal)", text))
        assert columns <= {column["name"] for column in models[table]["columns"]}, table


def test_the_definition_is_a_project_of_the_salesforce_cli() -> None:
    """`sf project deploy start` reads the folder of the metadata."""
    project = json.loads((ROOT / "salesforce" / "sfdx-project.json").read_text("utf-8"))
    (package,) = project["packageDirectories"]
    assert FOLDER.is_relative_to(ROOT / "salesforce" / package["path"])
