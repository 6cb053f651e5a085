"""`python -m reporting DATABASE`: make the page of a database with marts."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from reporting.database import Database
from reporting.errors import ReportError
from reporting.figures import figures
from reporting.page import page
from reporting.queries import period, queue_names, read, run_history


def main(arguments: list[str] | None = None) -> int:
    """Make the page, print its path, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reporting", description=__doc__)
    parser.add_argument("database", help="the path of a DuckDB file, or a PostgreSQL URL")
    parser.add_argument("--schema", default="marts", help="the schema of the marts (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("report.html"), help="%(default)s")
    options = parser.parse_args(arguments)
    try:
        html = make(options.database, options.schema, datetime.now(UTC))
        options.output.write_text(html, encoding="utf-8")
    except ReportError as error:
        sys.stderr.write(f"report: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"report: output: {error}\n")
        return 1
    sys.stdout.write(f"{options.output}\n")
    return 0


def make(address: str, schema: str, now: datetime) -> str:
    """Return the page of a database.

    Args:
        address: The path of a DuckDB file, or the URL of a PostgreSQL database.
        schema: The schema of the marts.
        now: The time at which it is made.

    Raises:
        ReportError: The database cannot be read, or its marts are missing or empty.
    """
    with Database(address, schema) as database:
        days = period(database)
        data = figures(days, queue_names(database), read(database, days))
        return page(data, days, run_history(database), source=database.label, now=now)


if __name__ == "__main__":
    sys.exit(main())
