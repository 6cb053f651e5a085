"""Meltano, run as its users run it, in a project like this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_genesys.tables import ATTRIBUTES, TABLES, WRAP_UPS
from tap_genesys.windows import iso

if TYPE_CHECKING:
    from datetime import datetime

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv/bin/python"
MELTANO = ROOT / ".venv-meltano/bin/meltano"
PLUGINS = ROOT / ".meltano"
DUCKDB_PYTHON = PLUGINS / "loaders/target-duckdb/venv/bin/python"
DATABASE = "conversations.duckdb"
#: What the tests load.
STREAMS = [
    "conversation_details",
    "conversation_summaries",
    *TABLES,
    ATTRIBUTES,
    WRAP_UPS,
    "divisions",
    "routing_queues",
    "users",
    "wrapup_codes",
]
ASK = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1]) as database:
    json.dump(database.execute(sys.stdin.read()).fetchall(), sys.stdout, default=str)
"""


def require(*paths: Path | None, what: str) -> None:
    """Skip the test where something is not installed; fail where it has to be."""
    if all(path is not None and path.exists() for path in paths):
        return
    if os.environ.get("REQUIRE_MELTANO"):
        pytest.fail(what)
    pytest.skip(what)


def require_meltano() -> None:
    """Skip or fail without Meltano and its plugins."""
    loader = PLUGINS / "loaders/target-postgres/venv/bin/python"
    require(PYTHON, MELTANO, DUCKDB_PYTHON, loader, what="`make test` installs Meltano's plugins")


def project(folder: Path) -> Path:
    """Make a project like this one, with its plugins but without its state."""
    made = folder / "project"
    (made / ".meltano").mkdir(parents=True)
    shutil.copy(ROOT / "meltano.yml", made)
    for kind in ("extractors", "loaders"):
        (made / ".meltano" / kind).symlink_to(PLUGINS / kind)
    return made


def settings(url: str, since: datetime, now: datetime) -> dict[str, str]:
    """Return the environment in which the tap reads a simulator."""
    return {
        "TAP_GENESYS_API_URL": url,
        "TAP_GENESYS_LOGIN_URL": url,
        "TAP_GENESYS_CLIENT_ID": "demo",
        "TAP_GENESYS_CLIENT_SECRET": "demo-secret",
        "TAP_GENESYS_START_DATE": iso(since),
        "TAP_GENESYS_END_DATE": iso(now),
        "TAP_GENESYS_REQUESTS_PER_MINUTE": "6000",
        "TAP_GENESYS_WINDOW_DAYS": "0.5",
        "TAP_GENESYS_JOB_POLL_SECONDS": "0",
        "TARGET_DUCKDB_FILEPATH": DATABASE,
        "TAP_GENESYS__SELECT": json.dumps([f"{name}.*" for name in STREAMS]),
    }


def load(made: Path, loader: str, given: dict[str, str]) -> str:
    """Let Meltano load what a simulator holds; return its log."""
    run = subprocess.run(  # noqa: S603 - our own program
        [MELTANO, "--environment=prod", "run", "--no-install", "tap-genesys", loader],
        cwd=made,
        env=environment() | given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


def ask_duckdb(made: Path, sql: str) -> list[list[Any]]:
    """Return the rows that answer a question to the project's DuckDB."""
    answer = subprocess.run(  # noqa: S603 - our own program
        [DUCKDB_PYTHON, "-c", ASK, made / DATABASE],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    rows: list[list[Any]] = json.loads(answer.stdout)
    return rows


def environment() -> dict[str, str]:
    """Return this environment without what would change Meltano's or the tap's settings."""
    prefixes = ("TAP_", "TARGET_", "MELTANO_", "GENESYS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"MELTANO_CLI_DISABLE_VERSION_CHECK": "1", "NO_COLOR": "1"}
