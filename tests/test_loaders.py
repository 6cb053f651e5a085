"""docs/loaders.md: the loaders' settings keep all values, and their traps are as described."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.loaders import PLUGINS, declared_settings, feed, require
from support.postgres import Postgres, binaries

from orchestrate.loading import LOADER_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POSTGRES = PLUGINS / "loaders/target-postgres/venv/bin/target-postgres"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Start a PostgreSQL."""
    require(binaries(), POSTGRES, what="PostgreSQL, or target-postgres, is not installed")
    with Postgres() as running:
        yield running


#: A column of each kind that the tap's schemas have.
COLUMNS: dict[str, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "moment": {"type": ["string", "null"], "format": "date-time"},
    "day": {"type": ["string", "null"], "format": "date"},
    "whole": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "yes": {"type": ["boolean", "null"]},
    "object": {"type": ["object", "null"], "properties": {"a": {"type": ["string", "null"]}}},
    "free": {"type": ["object", "null"]},
    "texts": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
    "integers": {"type": ["array", "null"], "items": {"type": ["integer", "null"]}},
    "objects": {"type": ["array", "null"], "items": {"type": ["object", "null"]}},
}
SCHEMA = {
    "type": "SCHEMA",
    "stream": "values",
    "key_properties": ["_id"],
    "schema": {"type": "object", "properties": {"_id": {"type": "string"}, **COLUMNS}},
}
#: Texts that have a meaning in the formats of COPY, of arrays or of JSON, and each character of
#: Latin-1.
TEXTS = [
    *("", " ", "  two  ", "null", "NULL", "\\N", "\\.", "\\\\N", "\\t", "\\", "\\\\", '"', '""'),
    *("'", "a,b", "{", "}", "{}", "{a,b}", '{"a": "b"}', '{"a,"}', "()", "[null]", "%", "%s"),
    *(":x", "$1", "line\nbreak", "line\r\nbreak", "\ttab\t", "\x08\x0b\x0c", "\\x41", "\\u0041"),
    *("äöü ß", "日本語", "🙂👩‍👧", "e\u0301", "\u2028\u2029", "\ufeff", "\ufffd"),
    *("עברית", "x" * 70_000),
    *map(chr, range(1, 256)),
]
OTHERS: list[dict[str, Any]] = [
    {},
    dict.fromkeys(COLUMNS),
    {"moment": "2026-03-01T00:00:00.000Z", "day": "2026-03-01"},
    {"moment": "1969-12-31T23:59:59.999999Z", "day": "0001-01-01"},
    {"moment": "2026-03-29T01:30:00+00:00"},
    *({"whole": number} for number in (0, -1, 2**31, -(2**63), 2**63 - 1)),
    *({"number": number} for number in (0.0, -0.0, 0.1, 1e-7, 1e15, 123456.789, 3, -5)),
    {"yes": True},
    {"yes": False},
    {"object": {}},
    *({"object": {"a": text}} for text in (None, 'q"\\\n')),
    {"object": {"unheardOf": [1]}},
    *({"free": value} for value in ({"a": {"b": [{"c": [None, True, 1.5, ""]}]}}, {"": ""})),
    *({"texts": value} for value in ([], [None], [""], ["null", "NULL", None], [","])),
    {"integers": []},
    {"integers": [None]},
    {"integers": [0, None, -(2**31), 2**31 - 1]},
    {"objects": []},
    {"objects": [{}]},
    {"objects": [None]},
    {"objects": [{"a": [{"b": None}]}, {"c": 'q"\\'}]},
]
ROWS = [
    *OTHERS,
    *({"text": text} for text in TEXTS),
    *({"texts": [text, text], "object": {"a": text}, "free": {text: [text]}} for text in TEXTS),
    *({"objects": [{"a": text}, {"a": [text]}]} for text in TEXTS),
]


def messages(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the SCHEMA, and a RECORD of each row, with its place as its key."""
    return [
        SCHEMA,
        *(
            {"type": "RECORD", "stream": "values", "record": {"_id": f"{place}", **row}}
            for place, row in enumerate(rows)
        ),
    ]


@pytest.mark.integration
def test_copy_stores_the_values_that_insert_stores(server: Postgres, tmp_path: Path) -> None:
    """Nulls, quotes, backslashes, line breaks, all of Unicode, arrays and JSON; new rows and old.

    Compared is the text of whole rows, in which a null differs from an empty text and from JSON's.
    """
    copying = declared_settings("target-postgres")
    assert copying["use_copy"] is True
    contents, types = {}, {}
    for schema, settings in (("inserted", {"use_copy": False}), ("copied", {})):
        config = {**copying, **settings, "sqlalchemy_url": server.url}
        config["default_target_schema"] = schema
        # The second load updates each row but the last: each has the values of the next one.
        for rows in (ROWS, ROWS[1:]):
            loaded = feed(POSTGRES, config, messages(rows), tmp_path)
            assert loaded.returncode == 0, loaded.stderr[-2000:]
        # COPY stores 3 as 3.0, the same number.
        listed = ", ".join(
            "trim_scale(number)" if name == "number" else f'"{name}"' for name in COLUMNS
        )
        contents[schema] = server.query(
            f"select _id, row({listed})::text as row from {schema}.values order by cast(_id as int)"  # noqa: S608
        )
        types[schema] = server.query(
            "select column_name, data_type, udt_name from information_schema.columns "  # noqa: S608
            f"where table_schema = '{schema}' order by 1"
        )
    assert len(contents["inserted"]) == len(ROWS)
    assert contents["copied"] == contents["inserted"]
    assert types["copied"] == types["inserted"]
    texts = server.query("select text from copied.values where text is not null")
    assert {text for (text,) in texts} == set(TEXTS)
    nulls = "select count(*) as n from copied.values where _id = '0' and text is null"
    assert server.query(nulls) == [[1]]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("copies", "in_utc", "with_offset"),
    [
        (True, "2026-03-01 12:00:00", "2026-03-01 14:00:00"),
        (False, "2026-03-01 21:00:00", "2026-03-01 21:00:00"),
    ],
)
def test_a_time_zone_of_the_server_moves_inserted_moments_alone(
    server: Postgres, tmp_path: Path, *, copies: bool, in_utc: str, with_offset: str
) -> None:
    """COPY stores the clock that a moment has, the vendor's in UTC; INSERT that of the session."""
    schema = f"zone_{copies}".lower()
    config = {
        **declared_settings("target-postgres"),
        "sqlalchemy_url": server.url,
        "use_copy": copies,
    }
    moments = [{"moment": "2026-03-01T12:00:00Z"}, {"moment": "2026-03-01T14:00:00+02:00"}]
    server.run("alter role postgres set timezone to 'Asia/Tokyo'")
    config["default_target_schema"] = schema
    loaded = feed(POSTGRES, config, messages(moments), tmp_path)
    server.run("alter role postgres reset timezone")
    assert loaded.returncode == 0, loaded.stderr[-2000:]
    stored = server.query(f"select cast(moment as text) from {schema}.values order by _id")  # noqa: S608
    assert stored == [[in_utc], [with_offset]]


def batch(folder: Path, *rows: dict[str, Any], version: int | None = None) -> dict[str, Any]:
    """Write rows to a file; return the BATCH of it, as the SDK's taps emit it."""
    path = folder / f"batch-{len(list(folder.iterdir()))}.json.gz"
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(lines.encode()))
    message: dict[str, Any] = {"type": "BATCH", "stream": "values", "manifest": [path.as_uri()]}
    message["encoding"] = {"format": "jsonl", "compression": "gzip"}
    return message if version is None else {**message, "version": version}


@pytest.mark.integration
def test_a_batch_before_activate_version_empties_a_table_in_postgres(
    server: Postgres, tmp_path: Path
) -> None:
    """Rows of a BATCH have no version, so that none is of the version that becomes active."""
    config: dict[str, Any] = {"sqlalchemy_url": server.url, "default_target_schema": "batches"}
    config |= {"hard_delete": True, "validate_records": False}
    activate = {"type": "ACTIVATE_VERSION", "stream": "values", "version": 2}
    content = [SCHEMA, batch(tmp_path, {"_id": "1", "text": "a"}, version=2), activate]
    loaded = feed(POSTGRES, config, content, tmp_path)
    assert loaded.returncode == 0, loaded.stderr[-2000:]
    assert server.query("select count(*) as n from batches.values") == [[0]]


@pytest.mark.integration
def test_a_batch_overtakes_records_before_it_in_postgres(server: Postgres, tmp_path: Path) -> None:
    """A RECORD that follows is right; one that precedes a BATCH of its key is stored after it."""
    config = {"sqlalchemy_url": server.url, "default_target_schema": "order"}
    older = {"type": "RECORD", "stream": "values", "record": {"_id": "1", "text": "older"}}
    content = [SCHEMA, older, batch(tmp_path, {"_id": "1", "text": "newer"})]
    assert feed(POSTGRES, config, content, tmp_path).returncode == 0
    assert server.query('select text from "order".values') == [["older"]]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("loader", "config", "error"),
    [
        ("target-jsonl", {"destination_path": "{folder}"}, "no attribute 'asdict'"),
        (
            "target-duckdb",
            {"filepath": "{folder}/w.duckdb", "default_target_schema": "g"},
            "Unknown message type BATCH",
        ),
    ],
)
def test_a_loader_without_batch_ends_with_an_error(
    loader: str, config: dict[str, str], error: str, tmp_path: Path
) -> None:
    """It is a message type that they do not know."""
    path = PLUGINS / f"loaders/{loader}/venv/bin/{loader}"
    require(path, what=f"{loader} is not installed")
    places = {name: value.replace("{folder}", str(tmp_path)) for name, value in config.items()}
    loaded = feed(path, places, [SCHEMA, batch(tmp_path, {"_id": "1"})], tmp_path)
    assert loaded.returncode != 0
    assert error in loaded.stderr


def test_orchestrate_has_the_settings_of_meltano_yml() -> None:
    """Whatever runs the loader, its settings are those that are measured and tested."""
    assert json.loads(LOADER_SETTINGS.read_text("utf-8")) == declared_settings("target-postgres")
