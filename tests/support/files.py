"""Load files of messages into DuckDB 2, as docs/file-first.md describes."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from support.loaders import PYTHON, catalog, environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: The database; not that of target-duckdb, whose DuckDB cannot open it.
DATABASE = "files.duckdb"
#: The time zone of queries: no result may depend on it.
ZONE = "Asia/Kolkata"


def pour(root: Path, variables: Mapping[str, str], streams: Sequence[str]) -> int:
    """Run the tap into a file, load the file, keep its state; return the tap's exit code."""
    catalog_file, state = root / "catalog.json", root / "state.json"
    catalog_file.write_text(json.dumps(catalog(streams)), "utf-8")
    (root / "runs").mkdir(exist_ok=True)
    file = root / "runs" / f"{len([*(root / 'runs').iterdir()]):03}.jsonl"
    earlier: list[str | Path] = ["--state", state] if state.exists() else []
    with file.open("wb") as output:
        tap = subprocess.run(  # noqa: S603 - our own program
            [PYTHON.parent / "tap-genesys", "--config=ENV", "--catalog", catalog_file, *earlier],
            env=environment() | dict(variables),
            stdout=output,
            check=False,
        )
    load(root / DATABASE, file, "--state", state)
    return tap.returncode


def load(database: Path, *arguments: str | Path) -> None:
    """Load files with the SQL that the command prints."""
    sql = subprocess.run(  # noqa: S603 - our own program
        [PYTHON, "-m", "tap_genesys.file_first", *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    with duckdb.connect(database) as connection:
        connection.execute(sql)


def query(root: Path, sql: str) -> list[list[Any]]:
    """Return the rows of a query to the folder's database, moments in UTC."""
    with duckdb.connect(root / DATABASE) as connection:
        connection.execute(f"set timezone = '{ZONE}'")
        return [[*map(_in_utc, row)] for row in connection.execute(sql).fetchall()]


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    return value
