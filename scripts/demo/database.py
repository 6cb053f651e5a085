"""What has arrived in DuckDB, and what can be asked there."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from places import DATABASE, DUCKDB_PYTHON, PROJECT, DemoError, shown

READ = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1]) as database:
    json.dump(database.execute(sys.stdin.read()).fetchall(), sys.stdout, default=str)
"""

WAREHOUSE = PROJECT / "docs" / "warehouse.md"


def documented(question: str) -> str:
    """Return the SQL that docs/warehouse.md gives for a question, by the comment it begins with.

    Raises:
        DemoError: It gives none.
    """
    block = f"```sql\n-- {question}\n"
    _, found, rest = WAREHOUSE.read_text(encoding="utf-8").partition(block)
    if not found:
        msg = f"{shown(WAREHOUSE)} has no SQL for {question!r}"
        raise DemoError(msg)
    return rest.partition("```")[0]


def ask(sql: str) -> list[list[Any]]:
    """Return the rows that answer a question to the database.

    Raises:
        DemoError: DuckDB does not answer.
    """
    answer = subprocess.run(  # noqa: S603 - our own program
        [str(DUCKDB_PYTHON), "-c", READ, str(DATABASE)],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        msg = f"DuckDB does not answer: {lines[-1] if lines else 'it said nothing'}"
        raise DemoError(msg)
    rows: list[list[Any]] = json.loads(answer.stdout)
    return rows


def row_counts() -> dict[str, int]:
    """Return the number of rows of each table in the database."""
    tables = ask("select table_name from duckdb_tables() where schema_name = 'genesys'")
    if not tables:
        return {}
    counts = " union all ".join(
        f"select '{table}', count(*) from genesys.{table}"  # noqa: S608 - tables' own names
        for (table,) in tables
    )
    return dict(ask(counts))
