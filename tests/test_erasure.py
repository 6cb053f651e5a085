"""docs/erasure.md: the places of a person's data, and SQL that finds and erases it."""

from __future__ import annotations

import functools
import io
import re
from contextlib import nullcontext, redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.harness import run
from support.loaders import ROOT, pour, project, query_duckdb, require, require_meltano, settings
from support.postgres import Postgres, binaries
from support.scripts import script

from tap_genesys.records.conversation_rows import ATTRIBUTES, TABLES, WRAP_UPS
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

PAGE = (ROOT / "docs" / "erasure.md").read_text("utf-8")
SQL = dict(re.findall(r"```sql\n-- ([^\n]+)\n(.*?)```", PAGE, re.DOTALL))
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SINCE = datetime(2025, 3, 3, tzinfo=UTC)
LOADED = ["conversation_details", *TABLES, ATTRIBUTES, WRAP_UPS, "evaluations", "users"]
LOADED += ["external_contacts", "external_contact_notes"]

CONTACT = "11111111-2222-4333-8444-555555555555"
ADDRESS = "+4930987654"
NAME = "Rosalind Unlikely"
REPLACEMENT = "00000000-0000-4000-8000-000000000000"
#: What the first conversations of the org hold of the person.
TRACES = ("contact", "ani", "callback", "attribute", "subject", "name")


class Warehouse(NamedTuple):
    """A database that the org was loaded into.

    Args:
        query: Returns the rows of a query.
        run: Executes a statement that changes rows.
        list_type: The type of a column of objects, of which the page has DuckDB's.
    """

    query: Callable[[str], list[list[Any]]]
    run: Callable[[str], object]
    list_type: str


class Org(World):
    """An org with a person who has used several media, each of which leaves other data."""

    def in_lake(self, number: int, moment: datetime | None = None) -> dict[str, Any]:
        row = super().in_lake(number, moment)
        customer = row["participants"][0]
        session = customer["sessions"][0]
        place = number - self.numbers(SINCE, self.now).start
        match TRACES[place] if place < len(TRACES) else "":
            case "contact":
                customer["externalContactId"] = CONTACT
            case "ani":
                session["ani"] = f"tel:{ADDRESS}"
            case "callback":
                session["callbackNumbers"] = ["+15550100", ADDRESS]
            case "attribute":
                customer["attributes"] = {**customer["attributes"], "number": f"call {ADDRESS}!"}
            case "subject":
                session["segments"][0]["subject"] = f"From {ADDRESS}: hello"
            case "name":
                customer["participantName"] = NAME
        return row


ORG = Org(seed=6, per_day=20, since=SINCE, now=SINCE + 2 * DAY, lag=timedelta(0))


def server_of(kind: str) -> AbstractContextManager[Postgres | None]:
    """Start the server that a kind of database needs."""
    if kind == "duckdb":
        return nullcontext()
    require(binaries(), what="PostgreSQL is not installed")
    return Postgres()


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Load the org; a test changes nothing that the other one looks at."""
    require_meltano()
    folder = project(tmp_path_factory.mktemp(request.param))
    with Simulator(ORG) as sim, server_of(request.param) as server:
        environment = settings(sim.url, SINCE, ORG.now) | {
            "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job"
        }
        if server:
            environment["TARGET_POSTGRES_SQLALCHEMY_URL"] = server.url
        assert pour(folder, f"target-{request.param}", environment, LOADED) == 0
        if server:
            yield Warehouse(server.query, server.run, "jsonb[]")
        else:
            yield Warehouse(
                functools.partial(query_duckdb, folder),
                lambda sql: query_duckdb(folder, f"{sql}; select 1"),
                "json",
            )


def executed(warehouse: Warehouse, block: str, **values: str) -> list[list[Any]]:
    """Execute a documented block without the statements about tables that are not loaded."""
    sql = SQL[block].replace(" as json)", f" as {warehouse.list_type})")
    for placeholder, value in values.items():
        sql = sql.replace(f"<{placeholder}>", value)
    rows: list[list[Any]] = []
    for statement in filter(str.strip, sql.split(";")):
        tables = set(re.findall(r"genesys\.(\w+)", statement)) - {"erasure"}
        if tables <= set(LOADED):
            if statement.lstrip().startswith("select"):
                rows = warehouse.query(statement)
            else:
                warehouse.run(statement)
    return rows


def texts(warehouse: Warehouse) -> list[list[str]]:
    """Return the table and the text of each row in the warehouse."""
    return warehouse.query(
        " union all ".join(
            f"select '{table}' as name, cast(one as text) as line from genesys.{table} one"  # noqa: S608 - our own names
            for table in LOADED
        )
    )


def text_of(warehouse: Warehouse) -> str:
    """Return all data in the warehouse as text."""
    return "\n".join(text for _, text in texts(warehouse))


def name_of(number: int) -> str:
    """Return the id of a conversation."""
    return str(ORG.in_lake(number)["conversationId"])


@pytest.mark.integration
def test_a_customer_is_found_by_each_trace_and_erased_everywhere(warehouse: Warehouse) -> None:
    """The other conversations keep all of their rows."""
    values = {"contact": CONTACT, "address": ADDRESS, "name": NAME}
    before = text_of(warehouse)
    assert all(trace in before for trace in values.values())
    (count,) = warehouse.query("select count(*) from genesys.conversation_segments")
    executed(warehouse, "find conversations", **values)
    numbers = [*ORG.numbers(SINCE, ORG.now)]
    subjects, others = numbers[: len(TRACES)], numbers[len(TRACES) :]
    names = {name_of(number) for number in subjects}
    ids = warehouse.query('select "conversationId" from genesys.erasure')
    assert {name for (name,) in ids} == names
    # Without the part that finds it in a table, a subject is found in the nested columns.
    subject = name_of(subjects[TRACES.index("subject")])
    warehouse.run(f"delete from genesys.erasure where \"conversationId\" = '{subject}'")  # noqa: S608 - an id
    executed(warehouse, "find in nested columns", **values)
    ids = warehouse.query('select "conversationId" from genesys.erasure')
    assert sorted(name for (name,) in ids) == sorted(names)
    ((number, first, last),) = executed(warehouse, "count what was found")
    assert number == len(TRACES)
    assert str(SINCE.date()) <= str(first) <= str(last)
    executed(warehouse, "erase conversations")
    executed(warehouse, "erase evaluations and contact", **values)
    executed(warehouse, "end")
    after = text_of(warehouse)
    assert not [trace for trace in (*values.values(), *names) if trace in after]
    segments = [
        segment
        for number in others
        for participant in ORG.in_lake(number)["participants"]
        for session in participant["sessions"]
        for segment in session["segments"]
    ]
    ((left,),) = warehouse.query("select count(*) from genesys.conversation_segments")
    assert left == len(segments) < count[0]


@pytest.mark.integration
def test_an_agent_is_replaced_in_conversations(warehouse: Warehouse) -> None:
    """Their number stays, under another id; evaluations and listings have rules of their own."""
    sql = (
        'select "userId", count(*) from genesys.conversation_participants '
        'where "userId" is not null group by 1'
    )
    counts = dict(warehouse.query(sql))
    user = max(counts, key=lambda name: counts[name])
    ((name,),) = warehouse.query(f"select name from genesys.users where id = '{user}'")  # noqa: S608 - an id
    holding = {table for table, text in texts(warehouse) if user in text}
    assert holding > {"users", "conversation_details", "conversation_participants"}
    for block in ("replace an agent", "replace an agent in nested columns"):
        executed(warehouse, block, user=user, name=name, replacement=REPLACEMENT)
    replaced = dict(warehouse.query(sql))
    assert replaced.pop(REPLACEMENT) == counts.pop(user)
    assert replaced == counts
    assert {table for table, text in texts(warehouse) if user in text} <= {"users"}


def test_each_table_of_conversations_is_in_the_erasure() -> None:
    """As is each listing whose rows are about one; a schema that gains an id adds itself."""
    deleted = set(re.findall(r"delete from genesys\.(\w+)", SQL["erase conversations"]))
    assert {"conversation_details", *TABLES, ATTRIBUTES, WRAP_UPS} <= deleted
    assert {"conversation_transcripts", "recordings", "surveys"} <= deleted


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("conversationId", "conversation"),
        ("consultationConversationIds", "conversation"),
        ("externalContactId", "contact"),
        ("userId", "user"),
        ("selectedAgentId", "user"),
        ("createdBy", "user"),
        ("ani", "address"),
        ("addressFrom", "address"),
        ("callbackNumbers", "address"),
        ("personalEmail", "address"),
        ("participantName", "name"),
        ("wrapUpNote", "free text"),
        ("attributes", "free text"),
        ("queueId", ""),
        ("conversationStart", ""),
        ("macAddress", ""),
        ("maxCallsPerAgent", ""),
    ],
)
def test_a_field_is_personal_by_its_name(name: str, kind: str) -> None:
    """So a new column is in the inventory of personal data without a list."""
    assert script("personal_columns").kind_of(name) == kind


def test_a_column_that_a_schema_gains_is_in_the_table() -> None:
    """Also one within a list of objects; `test_docs` then finds the page stale."""
    module = script("personal_columns")
    below = {"items": {"properties": {"senderEmail": {"type": ["string"]}}}}
    schema = {"properties": {"faxPhoneNumber": {}, "size": {}, "mails": below}}
    assert module.columns_of("x", schema) == {"faxPhoneNumber": ["address"], "mails": ["address"]}


def test_every_id_of_a_conversation_is_in_the_table_of_columns() -> None:
    """Whichever of the tables that are made of conversations it is in."""
    module = script("personal_columns")
    for name, schema in module.schemas().items():
        for column in ("conversationId", "userId", "externalContactId", "ani", "dnis"):
            if column in schema["properties"]:
                assert column in module.columns_of(name, schema), (name, column)


def test_a_hash_is_found_with_the_key_alone() -> None:
    """The documented lines make the hash that the rule has made."""
    key = "a key of sixteen and more characters"
    with Simulator(ORG) as sim:
        output = run(
            sim,
            "conversation_sessions",
            start_date=iso(SINCE),
            conversation_details_source="job",
            pii=[{"field": "ani", "action": "hash"}],
            pii_hash_key=key,
        )
    hashes = {row.get("ani") for row in output.records("conversation_sessions")}
    (code,) = PYTHON
    hashed = []
    for secret in (key, "another key of sixteen characters"):
        with redirect_stdout(io.StringIO()) as printed:
            exec(code.replace("<key>", secret).replace("<value>", f"tel:{ADDRESS}"), {})  # noqa: S102 - our page
        hashed.append(printed.getvalue().strip())
    assert hashed[0] in hashes
    assert hashed[1] not in hashes
