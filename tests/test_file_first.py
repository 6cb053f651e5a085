"""Files of messages become tables in DuckDB: typed, the newest row of each key, and Parquet."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support import files
from support.documents import blocks
from support.harness import QUICK
from support.loaders import (
    PLUGINS,
    PYTHON,
    STREAMS,
    environment,
    project,
    query_duckdb,
    require_meltano,
    settings,
    without_zone,
)

from tap_genesys.file_first.__main__ import main
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator import listings as simulated
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent.parent / "docs" / "file-first.md"
SQL = dict(re.findall(r"```sql\n-- ([^\n]+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
SINCE = datetime(2025, 3, 3, tzinfo=UTC)
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
KINDS: dict[str, Any] = {
    "id": {"type": "string"},
    "name": {"type": ["string", "null"]},
    "startTime": {"type": ["string", "null"], "format": "date-time"},
    "week": {"type": ["string", "null"], "format": "date"},
    "count": {"type": ["integer", "null"]},
    "score": {"type": ["number", "null"]},
    "isOpen": {"type": ["boolean", "null"]},
    "tags": {"type": ["array", "null"]},
    "_extra": {"type": ["object", "null"]},
    "any": {},
    "amount": {"type": ["integer", "number", "null"]},
}
USERS = "select id, name from genesys.users order by id"


def line(kind: str, **values: Any) -> bytes:
    """Return a message as the tap writes it."""
    return json.dumps({"type": kind, **values}, separators=(",", ":")).encode() + b"\n"


def schema(stream: str = "users", bookmark: str | None = None, **properties: Any) -> bytes:
    """Return a SCHEMA message, whose key is `id`."""
    declared = {"properties": {"id": {"type": "string"}, **(properties or KINDS)}}
    marks = {"bookmark_properties": [bookmark]} if bookmark else {}
    return line("SCHEMA", stream=stream, schema=declared, key_properties=["id"], **marks)


def record(key: str, *, at: int = 0, version: int | None = None, **values: Any) -> bytes:
    """Return a RECORD of a user that was read some minutes after noon."""
    extracted = (NOON + timedelta(minutes=at)).isoformat()
    versions = {} if version is None else {"version": version}
    row = {"id": key, **values}
    return line("RECORD", stream="users", time_extracted=extracted, record=row, **versions)


def version(minutes: int) -> int:
    """Return the version of a run that started so many minutes after noon."""
    return int((NOON + timedelta(minutes=minutes)).timestamp() * 1000)


def state(mark: int) -> bytes:
    return line("STATE", value={"bookmarks": {"users": {"mark": mark}}})


class Lane:
    """A folder with files, and a database into which they are loaded."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture
        self.database = duckdb.connect()

    def write(self, name: str, *lines: bytes) -> str:
        """Write a file; return its path."""
        path = self.folder / name
        path.write_bytes(b"".join(lines))
        return str(path)

    def sql(self, *arguments: str) -> str:
        """Return the SQL that the command prints."""
        assert main([*arguments]) == 0
        return self._capture.readouterr().out

    def load(self, *arguments: str) -> None:
        """Load files, each time in the same session."""
        self.database.execute(self.sql(*arguments))

    def rows(self, sql: str = USERS) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.database.execute(sql).fetchall()

    def refused(self, *arguments: str) -> str:
        """Return the line with which the command refuses its arguments."""
        assert main([*arguments]) == 1
        out, err = self._capture.readouterr()
        (text,) = err.splitlines()
        assert not out or "Cannot write" in text
        return text


@pytest.fixture
def lane(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Lane]:
    """Yield a lane with an empty database."""
    lane = Lane(tmp_path, capsys)
    yield lane
    lane.database.close()


def test_columns_have_the_types_of_the_schema(lane: Lane) -> None:
    """Timestamps have a zone, and what is nested, or of any type, is JSON."""
    values: dict[str, Any] = {
        "name": "ä'\"\n",
        "startTime": "2025-03-03T01:02:03.123+02:00",
        "week": "2025-03-03",
        "count": 9_007_199_254_740_993,
        "score": 0.1,
        "isOpen": False,
        "tags": ["x", 1],
        "_extra": {"a": {"b": None}},
        "any": 5,
        "amount": 2,
    }
    lane.load(lane.write("a.jsonl", schema(), record("u", **values, unheardOf=1), record("v")))
    described = lane.rows("describe genesys.users")
    assert {row[0]: row[1] for row in described} == {
        "id": "VARCHAR",
        "name": "VARCHAR",
        "startTime": "TIMESTAMP WITH TIME ZONE",
        "week": "DATE",
        "count": "BIGINT",
        "score": "DOUBLE",
        "isOpen": "BOOLEAN",
        "tags": "JSON",
        "_extra": "JSON",
        "any": "JSON",
        "amount": "DOUBLE",
        "_sdc_extracted_at": "TIMESTAMP WITH TIME ZONE",
        "_sdc_table_version": "BIGINT",
    }
    full, empty = lane.rows("select * from genesys.users order by id")
    assert full == (
        "u",
        values["name"],
        datetime(2025, 3, 2, 23, 2, 3, 123000, UTC),
        date(2025, 3, 3),
        values["count"],
        0.1,
        False,
        '["x",1]',
        '{"a":{"b":null}}',
        "5",
        2.0,
        NOON,
        None,
    )
    assert empty == ("v", *[None] * 10, NOON, None)


def test_a_timestamp_without_a_zone_is_utc(lane: Lane) -> None:
    """The session's time zone does not matter."""
    file = lane.write("a.jsonl", schema(), record("u", startTime="2025-03-03T01:02:03"))
    session = lane.database.cursor()
    session.execute("set timezone = 'Asia/Kolkata'")
    session.execute(lane.sql(file))
    sql = 'select epoch_ms("startTime") from genesys.users'
    assert lane.rows(sql) == [(int(datetime(2025, 3, 3, 1, 2, 3, tzinfo=UTC).timestamp() * 1000),)]


def test_the_newest_row_of_a_key_stays(lane: Lane) -> None:
    """The newest is the one that was read last, and of several of one moment the last line."""
    lane.load(
        lane.write(
            "a.jsonl",
            schema(),
            record("u", at=1, name="new"),
            record("v", at=1, name="first"),
            record("u", at=0, name="old"),
            record("v", at=1, name="last"),
        )
    )
    assert lane.rows() == [("u", "new"), ("v", "last")]


def test_of_one_moment_the_file_that_is_loaded_last_stays(lane: Lane) -> None:
    """As by a loader, which stores rows in the order of their messages."""
    for name in ("first", "last"):
        lane.load(lane.write(f"{name}.jsonl", schema(), record("u", name=name)))
    assert lane.rows() == [("u", "last")]


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
@pytest.mark.parametrize("is_together", [True, False])
def test_the_order_of_loads_does_not_matter(
    lane: Lane,
    order: tuple[int, ...],
    is_together: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Files that are loaded in any order, together or alone, and again, have the same rows."""
    paths = [
        lane.write("a.jsonl", schema(), record("u", at=0, name="old"), record("v", at=0, name="v")),
        lane.write("b.jsonl", schema(), record("u", at=1, name="new")),
        lane.write("c.jsonl", schema(), record("u", at=2, name=None)),
    ]
    chosen = [paths[number] for number in order]
    for arguments in [chosen] if is_together else [[path] for path in (*chosen, chosen[0])]:
        lane.load(*arguments)
    assert lane.rows() == [("u", None), ("v", "v")]


def test_a_file_that_is_loaded_twice_changes_nothing(lane: Lane) -> None:
    """All columns of all rows stay, and of the activated versions."""
    file = lane.write(
        "a.jsonl",
        schema(),
        record("u", version=version(0), name="u"),
        line("ACTIVATE_VERSION", stream="users", version=version(0)),
    )
    tables = ("users", "_activated_versions")

    def content() -> list[list[tuple[Any, ...]]]:
        return [lane.rows(f"select * from genesys.{table}") for table in tables]  # noqa: S608

    lane.load(file)
    before = content()
    lane.load(file)
    assert content() == before
    assert all(len(rows) == 1 for rows in before)


def test_columns_that_a_later_file_adds_are_added(lane: Lane) -> None:
    """And a file without them leaves their values, whether loaded alone or together."""
    old = lane.write(
        "a.jsonl", schema(name=KINDS["name"]), record("u", name="old"), record("v", name="v")
    )
    new = lane.write(
        "b.jsonl", schema(count=KINDS["count"]), record("u", at=1, count=3), record("w", count=4)
    )
    for paths in ([old], [new], [old], [new, old]):
        lane.load(*paths)
        if new in paths:
            sql = "select id, name, count from genesys.users order by id"
            assert lane.rows(sql)[1:] == [("v", "v", None), ("w", None, 4)]
    assert lane.rows("select count from genesys.users where id = 'u'") == [(3,)]


def test_files_that_are_loaded_together_have_the_columns_of_all(lane: Lane) -> None:
    """The columns of each SCHEMA of a stream, whichever comes last."""
    old = lane.write("a.jsonl", schema(name=KINDS["name"]), record("u", name="u"))
    new = lane.write("b.jsonl", schema(count=KINDS["count"]), record("v", count=4))
    for number, paths in enumerate(([old, new], [new, old])):
        lane.load(*paths, "--schema", f"s{number}")
        sql = f"select id, name, count from s{number}.users order by id"  # noqa: S608
        assert lane.rows(sql) == [("u", "u", None), ("v", None, 4)]


def test_rows_of_older_versions_go(lane: Lane) -> None:
    """And those without a version that were read before; later ones without a version stay."""
    activate = line("ACTIVATE_VERSION", stream="users", version=version(5))
    first = lane.write(
        "a.jsonl",
        schema(),
        record("unversioned", at=3),
        record("old", at=2, version=version(2)),
        line("ACTIVATE_VERSION", stream="users", version=version(2)),
    )
    second = lane.write(
        "b.jsonl",
        schema(),
        record("kept", at=6, version=version(5)),
        activate,
        record("later", at=7),
    )
    lane.load(first)
    assert len(lane.rows()) == 2
    # Loaded again, the first file brings none of them back.
    for paths in ([second], [first], [first, second], [second, first]):
        lane.load(*paths)
        assert [key for key, _ in lane.rows()] == ["kept", "later"]


def test_a_version_that_is_not_activated_deletes_nothing(lane: Lane) -> None:
    """A killed run leaves rows of two versions; another stream's message is of no effect."""
    other = line("ACTIVATE_VERSION", stream="groups", version=version(9))
    lane.load(lane.write("a.jsonl", schema(), record("old", version=version(0))))
    lane.load(lane.write("b.jsonl", schema(), record("new", at=1, version=version(1)), other))
    assert [key for key, _ in lane.rows()] == ["new", "old"]


def test_of_a_cut_file_whole_lines_count(lane: Lane) -> None:
    """Cut anywhere, a file has the rows and the last STATE of its whole lines."""
    lines = [schema(), record("a"), state(1), record("b"), state(2), record("c")]
    content = b"".join(lines)
    kept = lane.folder / "state.json"
    for cut in {
        position + offset
        for position in itertools.accumulate(map(len, lines))
        for offset in (-20, -2, -1, 0, 1, 20)
        if len(lines[0]) <= position + offset <= len(content)
    }:
        kept.unlink(missing_ok=True)
        session = duckdb.connect()
        session.execute(lane.sql(lane.write("a.jsonl", content[:cut]), "--state", str(kept)))
        # A line is whole without its end of line, too.
        whole = [text for text in content[: cut + 1].split(b"\n")[:-1] if cut < len(content)]
        whole = whole if cut < len(content) else content.split(b"\n")[:-1]
        keys = [json.loads(text)["record"]["id"] for text in whole if b"RECORD" in text]
        assert [key for key, _ in session.execute(USERS).fetchall()] == keys
        states = [json.loads(text)["value"] for text in whole if b"STATE" in text]
        assert (json.loads(kept.read_text("utf-8")) if kept.exists() else None) == (
            states[-1] if states else None
        )


def test_a_cut_file_is_logged(lane: Lane, capsys: pytest.CaptureFixture[str]) -> None:
    """A line on stderr names the file, and the other files are loaded, too."""
    cut = lane.write("a.jsonl", schema(), record("a"), record("b")[:-9])
    assert main([cut, lane.write("b.jsonl", record("c"))]) == 0
    out, err = capsys.readouterr()
    assert err == f"{cut}: the last line is cut off, and left out.\n"
    lane.database.execute(out)
    assert [key for key, _ in lane.rows()] == ["a", "c"]


def test_a_blank_line_is_no_row(lane: Lane) -> None:
    """Nor an error."""
    lane.load(lane.write("a.jsonl", schema(), b"\n", record("u"), b" \n", record("v"), b"\n"))
    assert [key for key, _ in lane.rows()] == ["u", "v"]


def test_a_compressed_file_is_loaded(lane: Lane) -> None:
    """gzip, by the name of the file."""
    lane.load(lane.write("a.jsonl.gz", gzip.compress(schema() + record("u", name="u"))))
    assert lane.rows() == [("u", "u")]


def test_a_long_line_is_loaded(lane: Lane) -> None:
    """A line may be longer than DuckDB reads by default."""
    name = "x" * (40 << 20)
    lane.load(lane.write("a.jsonl", schema(), record("u", name=name), record("v")))
    sql = "select length(name) from genesys.users where id = 'u'"
    assert lane.rows(sql) == [(len(name),)]


def test_names_are_quoted(lane: Lane) -> None:
    """Whatever a file, a column or the schema is called."""
    properties: dict[str, Any] = {'a "b"': {"type": "string"}, "select": {"type": "integer"}}
    values: dict[str, Any] = {'a "b"': "x", "select": 1}
    file = lane.write("it's.jsonl", schema(**properties), record("u", **values))
    lane.load(file, "--schema", "my schema")
    assert lane.rows('select "a ""b""", "select" from "my schema".users') == [("x", 1)]


def test_the_last_state_is_written(lane: Lane) -> None:
    """It is that of the last file that has one; without any, the file of the state stays."""
    kept = lane.folder / "state.json"
    first = lane.write("a.jsonl", schema(), state(1), state(2))
    second = lane.write("b.jsonl", schema())
    for paths in ([first], [second], [first, second]):
        lane.sql(*paths, "--state", str(kept))
        assert json.loads(kept.read_text("utf-8")) == {"bookmarks": {"users": {"mark": 2}}}
    lane.sql(lane.write("c.jsonl", schema(), state(3)), "--state", str(kept))
    assert json.loads(kept.read_text("utf-8")) == {"bookmarks": {"users": {"mark": 3}}}
    assert sorted(path.name for path in lane.folder.iterdir() if "state" in path.name) == [
        "state.json"
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([record("u", count="many")], "Could not convert string 'many' to INT64"),
        ([record("u", startTime="late")], "late"),
        ([record("u")[:-9] + b"\n"], r"Malformed JSON in file .*a\.jsonl"),
        ([record("u"), record("v")[:-9] + b"\n", b"{"], "A line is no Singer message"),
        ([line("RECORD", stream="users", record={"id": "u"})], "no time_extracted"),
        ([record("u").replace(b"users", b"groups")], "no SCHEMA"),
        ([record("u").replace(b'"stream":"users",', b"")], "no SCHEMA"),
        ([record("u").replace(b'"id":"u"', b'"name":"u"')], "NOT NULL"),
    ],
)
def test_a_row_that_cannot_be_loaded_undoes_the_load(
    lane: Lane, lines: list[bytes], words: str
) -> None:
    """Nothing of its file is loaded, no Parquet written, and DuckDB's message has the cause."""
    file = lane.write("a.jsonl", schema(bookmark="startTime", **KINDS), record("w"), *lines)
    session = lane.database.cursor()
    with pytest.raises(duckdb.Error, match=f"(?s){words}"):
        session.execute(lane.sql(file, "--parquet", str(lane.folder)))
    session.execute("rollback")
    assert lane.rows("select count(*) from information_schema.tables") == [(0,)]
    assert [path.name for path in lane.folder.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", None, "Cannot read {}: No such file or directory."),
        ("a.jsonl", b"", "{}: no SCHEMA message; expected the output of tap-genesys."),
        ("a.jsonl", record("u"), "{}: no SCHEMA message; expected the output of tap-genesys."),
        ("a.jsonl", schema() + b"log\n", "{}, line 2: no Singer message; remove the line, or"),
        ("a.jsonl", schema() + b"[1]\n", "{}, line 2: no Singer message; remove the line, or"),
        ("a.jsonl.gz", gzip.compress(schema())[:-9], "{} is not a whole gzip file; unpack what"),
        ("a.jsonl.gz", schema(), "{} is not a whole gzip file; unpack what it has into"),
        ("a.jsonl", schema().replace(b'["id"]', b"[]"), "The stream users has no key in its"),
        ("a.jsonl", schema().replace(b'["id"]', b'["_"]'), "The stream users has no key in its"),
        ("a[1].jsonl", schema(), "{}: DuckDB takes * ? [ for a pattern; rename the file."),
    ],
)
def test_bad_input_is_one_line(lane: Lane, name: str, content: bytes | None, words: str) -> None:
    """Exit code 1, and a line that names the file and the remedy."""
    path = str(lane.folder / name) if content is None else lane.write(name, content)
    assert lane.refused(path).startswith(words.format(path))


def test_a_state_that_cannot_be_written_is_one_line(lane: Lane) -> None:
    """And it names the file."""
    file = lane.write("a.jsonl", schema(), state(1))
    target = lane.folder / "absent" / "state.json"
    assert lane.refused(file, "--state", str(target)).startswith(f"Cannot write {target}: No such")


def test_a_folder_that_does_not_exist_is_one_line(lane: Lane) -> None:
    """A folder in the cloud is left to DuckDB."""
    file, absent = lane.write("a.jsonl", schema()), str(lane.folder / "absent")
    refusal = lane.refused(file, "--parquet", absent)
    assert refusal == f"{absent} is no folder; create it, or correct --parquet."
    assert "to 's3://lake/users.parquet'" in lane.sql(file, "--parquet", "s3://lake/")


def test_a_reader_that_is_gone_is_one_line(lane: Lane) -> None:
    """The state is not written, as the SQL has not arrived."""
    kept = lane.folder / "state.json"
    file = lane.write("a.jsonl", schema(), state(1))
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(  # noqa: S603 - our own program
        [PYTHON, "-m", "tap_genesys.file_first", file, "--state", kept],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (process.returncode, process.stderr) == (
        1,
        "The reader of the SQL is gone (did DuckDB stop?).\n",
    )
    assert not kept.exists()


def test_parquet_has_a_file_for_each_day(lane: Lane) -> None:
    """A load writes the days of its rows, in UTC, and leaves the others; a listing is one file."""

    def start(day: int, hour: int = 23) -> str:
        return (NOON.replace(hour=hour) + day * DAY).isoformat()

    calls = schema(bookmark="startTime", **KINDS)
    groups = schema("groups") + record("g").replace(b"users", b"groups")
    lake = lane.folder / "lake"
    lake.mkdir()
    first = [record(f"{day}", startTime=start(day)) for day in range(120)] + [record("never")]
    lane.load(lane.write("a.jsonl", calls, *first, groups), "--parquet", str(lake))
    paths = sorted((lake / "users").rglob("*.parquet"))
    assert len(paths) == 121
    (lake / "users" / "_day=2025-03-04" / paths[0].name).unlink()
    later = record("0", at=1, name="late", startTime=start(0, 1)), record("z", startTime=start(0))
    lane.load(lane.write("b.jsonl", calls, *later), "--parquet", str(lake))
    assert len([*(lake / "users").rglob("*.parquet")]) == 120
    in_lake = lane.rows(
        f"select id, name, cast(_day as varchar) from read_parquet('{lake}/users/*/*.parquet', "  # noqa: S608
        "hive_partitioning = true) where _day = '2025-03-03' order by id"
    )
    assert in_lake == [("0", "late", "2025-03-03"), ("z", None, "2025-03-03")]
    assert lane.rows(f"select id from '{lake}/groups.parquet'") == [("g",)]  # noqa: S608


#: The command line of DuckDB, in Python.
DUCKDB = """\
#!{python}
import duckdb, sys
assert sys.argv[1] == "-bail"
duckdb.connect(sys.argv[2]).execute(sys.stdin.read())
"""


def test_the_documented_commands_load_an_org(tmp_path: Path) -> None:
    """Run twice, they load what is new, and each hour's file on its own; the lake has it by day."""
    (commands,) = blocks(PAGE, "bash")
    assert "> load.sql" in commands
    commands = commands.replace('"$run" --state', '"$run" --parquet lake --state')
    for folder in ("runs", "lake", "bin"):
        (tmp_path / folder).mkdir()
    shim = tmp_path / "bin" / "duckdb"
    shim.write_text(DUCKDB.format(python=sys.executable), "utf-8")
    shim.chmod(0o755)
    path = f"{shim.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    org = World(seed=3, per_day=10, since=SINCE, now=SINCE, until=SINCE + 3 * DAY)
    for days in (2, 125):
        world = org.at(SINCE + days * DAY)
        with Simulator(world) as sim:
            config = {
                **QUICK,
                "api_url": sim.url,
                "login_url": sim.url,
                "start_date": iso(SINCE),
                "end_date": iso(world.now),
                "conversation_details_source": "job",
            }
            (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
            subprocess.run(  # noqa: S603
                ["/bin/bash", "-eu", "-o", "pipefail", "-c", commands],
                cwd=tmp_path,
                env=os.environ | {"PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)},
                check=True,
            )
    assert len([*(tmp_path / "runs").iterdir()]) == 2
    truth = {row["conversationId"]: row for row in world.conversations(SINCE, SINCE + 3 * DAY)}
    ends = 'select "conversationId", epoch_ms("conversationEnd") from genesys.conversation_details'
    with duckdb.connect(tmp_path / "warehouse.duckdb") as database:
        rows = dict(database.execute(ends).fetchall())
        sql = SQL["parquet by day"].replace("'lake/", f"'{tmp_path}/lake/")
        (in_lake,) = database.execute(sql).fetchall()
        (in_table,) = database.execute(
            "select count(*) from genesys.conversation_segments"
        ).fetchall()
    assert rows == {
        key: int(datetime.fromisoformat(row["conversationEnd"]).timestamp() * 1000)
        if "conversationEnd" in row
        else None
        for key, row in truth.items()
    }
    assert in_lake == in_table
    assert in_lake > (0,)


ROLES = "/api/v2/authorization/roles"


@pytest.mark.integration
def test_it_equals_the_load_of_target_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs with late changes, by the same messages: each column of each row is equal.

    But for rows that the org deleted, which target-duckdb keeps.
    """
    require_meltano()
    folder = project(tmp_path)
    streams = [*STREAMS, "roles"]
    monkeypatch.setattr(simulated, "_made_up", simulated._made_up.__wrapped__)
    org = World(seed=3, per_day=15, since=SINCE, now=SINCE, until=SINCE + 3 * DAY)
    for days, roles in ((2, 151), (125, 120)):
        monkeypatch.setitem(simulated.COUNTS, ROLES, roles)
        world = org.at(SINCE + days * DAY)
        with Simulator(world) as sim:
            variables = settings(sim.url, SINCE, world.now) | {
                "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
                "TAP_GENESYS_WINDOW_DAYS": "7",
                "TAP_GENESYS_EMIT_ACTIVATE_VERSION_MESSAGES": "true",
            }
            assert files.pour(folder, variables, streams) == 0
        into_target(folder, max((folder / "runs").iterdir()))
    deleted = "select count(*) from genesys.roles"
    assert (files.query(folder, deleted), query_duckdb(folder, deleted)) == ([[120]], [[151]])
    declared = TapGenesys(config={}, validate_config=False, setup_mapper=False).streams
    for stream in STREAMS:
        columns = [*declared[stream].schema["properties"]]
        listed = ", ".join(f'"{name}"' for name in columns)
        sql = f"select {listed} from genesys.{stream}"  # noqa: S608 - our own names
        ours, theirs = files.query(folder, sql), query_duckdb(folder, sql)
        assert sorted(map(comparable, ours)) == sorted(map(comparable, theirs)), stream
        assert ours


def comparable(row: list[Any]) -> str:
    """Return a row as a text: timestamps without their zone, JSON without its form."""
    return json.dumps([parsed(value) for value in row], default=str, sort_keys=True)


def parsed(value: Any) -> Any:
    """Return the content of a value that is JSON, and of a timestamp."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        return json.loads(value)
    return without_zone(value)


def into_target(folder: Path, file: Path) -> None:
    """Load a file by target-duckdb."""
    config = {"filepath": str(folder / "conversations.duckdb"), "default_target_schema": "genesys"}
    (folder / "target.json").write_text(json.dumps(config), "utf-8")
    target = PLUGINS / "loaders/target-duckdb/venv/bin/target-duckdb"
    with file.open("rb") as messages:
        subprocess.run(  # noqa: S603 - our own program
            [target, "--config", folder / "target.json"],
            stdin=messages,
            stdout=subprocess.DEVNULL,
            env=environment(),
            check=True,
        )
