"""docs/loaders.md: the targets that store all rows and values, and the faults of the others.

`make test-targets` installs the targets and sets `REQUIRE_TARGETS`; `make test` skips these tests.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from support.conversation_tables import FIELDS, NAMES
from support.loaders import PYTHON, catalog, environment, settings
from support.targets import REQUIRED, TARGETS, UNIVERSAL_FILE, Target, s3

from tap_genesys import schemas
from tap_genesys.records.conversation_rows import rows
from tap_genesys.replication.windows import DAY
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Row = dict[str, Any]

pytestmark = pytest.mark.skipif(
    REQUIRED not in os.environ, reason="`make test-targets` installs the targets"
)
DETAILS = "conversation_details"
KEYS = {DETAILS: "conversationId", **dict.fromkeys(NAMES, "_id"), "users": "id"}
KEYS["routing_queues"] = "id"
#: The tap's own columns, of which the org has no value.
OWN = {"_readAt", "_source"}
SINCE = datetime(2025, 3, 3, tzinfo=UTC)
JOBS = {"TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job", "TAP_GENESYS_WINDOW_DAYS": "7"}
#: Some rows have wrap-ups, surveys and evaluations after the first load, others vanish.
ORG = World(seed=3, per_day=20, since=SINCE, now=SINCE + 2 * DAY, until=SINCE + 4 * DAY)
LATER = ORG.at(SINCE + 125 * DAY)
COLUMNS: dict[str, dict[str, Any]] = {
    table: json.loads((resources.files(schemas) / f"{table}.json").read_text("utf-8"))["properties"]
    for table in KEYS
}


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Run the tap twice, the second time from its state; return the files of its messages."""
    folder = tmp_path_factory.mktemp("messages")
    (folder / "catalog.json").write_text(json.dumps(catalog(list(KEYS))), "utf-8")
    command: list[str | Path] = [
        PYTHON.parent / "tap-genesys",
        "--config=ENV",
        "--catalog",
        folder / "catalog.json",
    ]
    files: list[Path] = []
    for world in (ORG, LATER):
        state: list[str | Path] = ["--state", folder / "state.json"] if files else []
        files.append(folder / f"{world.now:%Y-%m-%d}.jsonl")
        with Simulator(world) as sim, files[-1].open("wb") as output:
            variables = settings(sim.url, SINCE, world.now) | JOBS
            subprocess.run(  # noqa: S603 - our own program
                [*command, *state],
                env=environment() | variables,
                stdout=output,
                stderr=subprocess.DEVNULL,
                check=True,
            )
        last = files[-1].read_text("utf-8").splitlines()[-1]
        (folder / "state.json").write_text(json.dumps(json.loads(last)["value"]), "utf-8")
    return files


def truth() -> dict[str, dict[str, Row]]:
    """Return table -> key -> row, as the org has them after the second load."""
    tables: dict[str, list[Row]] = {
        "users": [*LATER.users()],
        "routing_queues": [*LATER.queues()],
        DETAILS: [LATER.in_lake(number) for number in LATER.numbers(SINCE, LATER.now)],
        **{name: [] for name in NAMES},
    }
    for conversation in tables[DETAILS]:
        for name, table_rows in rows(conversation, FIELDS).items():
            tables[name] += table_rows
    return {
        name: {row[KEYS[name]]: row for row in table_rows} for name, table_rows in tables.items()
    }


def plain(value: Any, column: dict[str, Any]) -> Any:
    """Return a value in the form of all targets: parsed JSON, moments in UTC without a zone."""
    kinds = set(column["type"])
    if value is None or (value == "" and kinds != {"string"}):
        return None
    if kinds & {"object", "array"}:
        return without_nulls(parsed(value) if isinstance(value, str) else value)
    if kinds & {"integer", "number"}:
        return float(value)
    if "boolean" in kinds:
        return value in (True, "True")
    if column.get("format") == "date-time":
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return value


def parsed(text: str) -> Any:
    """Return the value of JSON, or of target-csv's Python literal, in which numbers are calls."""
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(re.sub(r"Decimal\('([^']*)'\)", r"\1", text))


def without_nulls(value: Any) -> Any:
    """Return a structure without the fields that are null, which typed files fill in."""
    if isinstance(value, dict):
        return {k: without_nulls(item) for k, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def current(stored: dict[str, list[Row]]) -> dict[str, dict[str, Row]]:
    """Return table -> key -> the row of the newest reading, without rows that vanished.

    As docs/freshness.md has it for tables that only append, and docs/warehouse.md for such rows.
    """
    newest: dict[str, dict[str, Row]] = {}
    for table, table_rows in stored.items():
        ordered = sorted(table_rows, key=lambda row: row["_readAt"])
        newest[table] = {row[KEYS[table]]: row for row in ordered}
    read = {key: row["_readAt"] for key, row in newest[DETAILS].items()}
    for table in NAMES:
        newest[table] = {
            key: row
            for key, row in newest[table].items()
            if row["_readAt"] >= read[row["conversationId"]]
        }
    return newest


def with_names_of_schema(table: str, stored: Iterable[Row]) -> list[Row]:
    """Return rows with the names of the schema's columns, whatever case the target has."""
    names = {name.lower(): name for name in COLUMNS[table]}
    return [{names.get(name.lower(), name): value for name, value in row.items()} for row in stored]


def differences(stored: dict[str, list[Row]]) -> dict[str, int]:
    """Return the number of rows that are missing or too many, and of values that differ."""
    found: Counter[str] = Counter()
    present = current(stored)
    for table, expected in truth().items():
        found[f"{table}: missing"] += len(expected.keys() - present[table].keys())
        found[f"{table}: too many"] += len(present[table].keys() - expected.keys())
        for key in expected.keys() & present[table].keys():
            for name in COLUMNS[table].keys() - OWN - {"_extra"}:
                values = (expected[key].get(name), present[table][key].get(name))
                wanted, got = (plain(value, COLUMNS[table][name]) for value in values)
                found[f"{table}.{name}"] += wanted != got
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_stores_all_rows_and_values(name: str, loads: list[Path], tmp_path: Path) -> None:
    """After two loads with late changes, the newest readings are the org's rows, value by value."""
    target = TARGETS[name]
    with target.server() as server:
        for messages in loads:
            loaded = target.load(messages, tmp_path, server)
            assert loaded.returncode == 0, loaded.stderr[-2000:]
        stored = {
            table: with_names_of_schema(table, target.read(tmp_path, server, table))
            for table in KEYS
        }
    assert differences(stored) == {}


def message(schema: Row, record: Row) -> str:
    """Return the lines of a table with one row."""
    properties = {"id": {"type": "string"}, **schema}
    lines = [
        {"type": "SCHEMA", "stream": "t", "key_properties": ["id"], "schema": {}},
        {"type": "RECORD", "stream": "t", "record": {"id": "1", **record}},
    ]
    lines[0]["schema"] = {"type": "object", "properties": properties}
    return "".join(f"{json.dumps(line)}\n" for line in lines)


OBJECT = {"type": ["object", "null"]}
MOMENT = {"type": ["string", "null"], "format": "date-time"}


@pytest.mark.parametrize(
    ("target", "lines", "error"),
    [
        (
            s3("parquet"),
            message({"o": OBJECT}, {"o": None}),
            "'NoneType' object has no attribute 'items'",
        ),
        (
            UNIVERSAL_FILE,
            message({"m": MOMENT}, {"m": "2026-03-01T00:00:00Z"}),
            "Object of type datetime is not JSON serializable",
        ),
    ],
)
def test_a_fault_of_a_target_is_still_there(
    target: Target, lines: str, error: str, tmp_path: Path
) -> None:
    """One row suffices; when this fails, the target may hold what it did not."""
    (tmp_path / "messages.jsonl").write_text(lines, "utf-8")
    with target.server() as server:
        loaded = target.load(tmp_path / "messages.jsonl", tmp_path, server)
    assert loaded.returncode != 0
    assert error in loaded.stderr


def test_numbers_in_target_csvs_objects_are_no_json(tmp_path: Path) -> None:
    """An object is a Python literal, and a number with a fraction in it a call."""
    lines = message({"o": {"type": "object"}}, {"o": {"x": 4.5, "y": None}})
    (tmp_path / "messages.jsonl").write_text(lines, "utf-8")
    target = TARGETS["csv"]
    assert target.load(tmp_path / "messages.jsonl", tmp_path, None).returncode == 0
    assert target.read(tmp_path, None, "t")[0]["o"] == "{'x': Decimal('4.5'), 'y': None}"
