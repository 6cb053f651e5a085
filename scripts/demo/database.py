"""Queries of the demo's DuckDB database, and the documented SQL for them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from places import DATABASE, DUCKDB_PYTHON, WAREHOUSE, DemoError, shown

READ = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1]) as database:
    # It would be drawn on stdout, if a query takes two seconds.
    database.execute("set enable_progress_bar = false")
    json.dump(database.execute(sys.stdin.read()).fetchall(), sys.stdout, default=str)
"""


def documented(comment: str) -> str:
    """Return the SQL of docs/warehouse.md that begins with a comment.

    Raises:
        DemoError: There is no such SQL.
    """
    block = f"```sql\n-- {comment}\n"
    _, found, rest = WAREHOUSE.read_text(encoding="utf-8").partition(block)
    if not found:
        msg = f"{shown(WAREHOUSE)} has no SQL for {comment!r}"
        raise DemoError(msg)
    return rest.partition("```")[0]


def query(sql: str) -> list[list[Any]]:
    """Return the rows of a query.

    Raises:
        DemoError: The query failed.
    """
    process = subprocess.run(  # noqa: S603 - our own program
        [str(DUCKDB_PYTHON), "-c", READ, str(DATABASE)],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines()
        msg = f"DuckDB failed: {lines[-1] if lines else 'without a message'}"
        raise DemoError(msg)
    rows: list[list[Any]] = json.loads(process.stdout)
    return rows


def row_counts() -> dict[str, int]:
    """Return the number of rows of each table in the database."""
    tables = query("select table_name from duckdb_tables() where schema_name = 'genesys'")
    if not tables:
        return {}
    counts = " union all ".join(
        f"select '{table}', count(*) from genesys.{table}"  # noqa: S608 - tables' own names
        for (table,) in tables
    )
    return dict(query(counts))
