"""Where the demo keeps what, and what all its parts share."""

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
MELTANO_LOG = FOLDER / "meltano.log"
SIMULATOR_LOG = FOLDER / "simulator.log"

PYTHON = PROJECT / ".venv/bin/python"
MELTANO = PROJECT / ".venv-meltano/bin/meltano"
#: The only Python that has the DuckDB which wrote the database.
DUCKDB_PYTHON = PROJECT / ".meltano/loaders/target-duckdb/venv/bin/python"

#: Seconds for the simulator to make its world up, and for a process to leave.
PATIENCE = 20.0


class DemoError(Exception):
    """The demo cannot go on; the message is the line that says why."""


def meltano(*arguments: str) -> list[str]:
    """Return the command that calls Meltano, blind to the `.env` of a real org."""
    absent = FOLDER / "no.env"
    return [str(MELTANO), "--environment=demo", f"--env-file={absent}", *arguments]


def clean_environment() -> dict[str, str]:
    """Return the environment without settings that are meant for a real org."""
    prefixes = ("TAP_", "TARGET_", "MELTANO_", "GENESYS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"MELTANO_CLI_DISABLE_VERSION_CHECK": "1", "NO_COLOR": "1"}


def iso(moment: datetime) -> str:
    """Write a moment as settings and flags take it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(path: Path) -> str:
    """Return a path as seen from the project."""
    return str(path.relative_to(PROJECT))
