"""The paths of the demo, and helpers that its modules share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

PROJECT = Path(__file__).resolve().parent.parent.parent
FOLDER = PROJECT / ".demo"
DATABASE = FOLDER / "conversations.duckdb"
WORLD = FOLDER / "world.json"
PAGE = FOLDER / "report.html"
WAREHOUSE = PROJECT / "docs" / "warehouse.md"
MELTANO_LOG = FOLDER / "meltano.log"
SIMULATOR_LOG = FOLDER / "simulator.log"

PYTHON = PROJECT / ".venv/bin/python"
MELTANO = PROJECT / ".venv-meltano/bin/meltano"
#: The Python with the version of DuckDB that wrote the database.
DUCKDB_PYTHON = PROJECT / ".meltano/loaders/target-duckdb/venv/bin/python"
#: The Python that makes the page; `PAGE=no` needs none.
REPORT_PYTHON = PROJECT / ".venv-report/bin/python"

#: Seconds for the simulator to start, and for a process to end.
PATIENCE = 20.0


class DemoError(Exception):
    """The demo cannot continue; the message is one line with the reason."""


def meltano(*arguments: str) -> list[str]:
    """Return a Meltano command that ignores the `.env` of a real org."""
    absent = FOLDER / "no.env"
    return [str(MELTANO), "--environment=demo", f"--env-file={absent}", *arguments]


def clean_environment() -> dict[str, str]:
    """Return the environment without settings for a real org."""
    prefixes = ("TAP_", "TARGET_", "DBT_", "MELTANO_", "GENESYS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"MELTANO_CLI_DISABLE_VERSION_CHECK": "1", "NO_COLOR": "1"}


def iso(moment: datetime) -> str:
    """Format a moment for settings and options."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(path: Path) -> str:
    """Return a path relative to the project."""
    return str(path.relative_to(PROJECT))
