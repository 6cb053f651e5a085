"""Measures a load end to end: by a loader's defaults, by our settings, and by a file and SQL.

Run it: `.venv/bin/python bench/end_to_end.py [conversations] [rounds] > bench/end_to_end.txt`; by
default 20,000 conversations with all tables, three rounds. The cases take turns, and each loads
into a new schema or file; the figures are medians. The figures in docs/loaders.md are its output.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from file_first import LOAD  # noqa: E402 - the sibling
from support.loaders import PLUGINS, catalog, declared_settings, environment  # noqa: E402
from support.postgres import Postgres  # noqa: E402

from orchestrate.pipe import pipe  # noqa: E402
from tap_genesys.records.conversation_rows import (  # noqa: E402
    ATTRIBUTES,
    NESTED,
    TABLES,
    WRAP_UPS,
)
from tap_genesys.replication.windows import DAY, iso  # noqa: E402
from tap_genesys.simulator import Simulator, World  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 3, 10, tzinfo=UTC)
STREAMS = ["conversation_details", *TABLES, ATTRIBUTES, WRAP_UPS]


#: By no loader: into a file, and from there by the SQL of `tap_genesys.file_first`.
FILE_FIRST = "DuckDB, file first"


class Case(NamedTuple):
    """A loader with settings, and the columns of conversations that are left out."""

    name: str
    loader: str
    settings: Mapping[str, Any]
    deselected: tuple[str, ...]


CASES = [
    Case(f"{loader}, {name}", loader, settings, deselected)
    for loader in ("target-postgres", "target-duckdb")
    for name, settings, deselected in (
        ("defaults, all columns", {}, ()),
        ("meltano.yml", declared_settings(loader), NESTED),
    )
] + [Case(FILE_FIRST, "", {}, NESTED)]


def seconds(case: Case, sim: Simulator, server: Postgres, folder: Path) -> float:
    """Load once into a new schema or file; return the seconds that it took."""
    new = f"run_{time.time_ns()}"
    selected = folder / f"{new}.catalog.json"
    selected.write_text(json.dumps(catalog(STREAMS, case.deselected)), "utf-8")
    tap = [sys.executable, "-m", "tap_genesys", "--config=ENV", "--catalog", str(selected)]
    variables = environment() | {
        "TAP_GENESYS_CLIENT_ID": "demo",
        "TAP_GENESYS_CLIENT_SECRET": "demo-secret",
        "TAP_GENESYS_API_URL": sim.url,
        "TAP_GENESYS_LOGIN_URL": sim.url,
        "TAP_GENESYS_START_DATE": iso(NOW - DAY),
        "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
        "TAP_GENESYS_RECHECK_DAYS": "[]",
        "TAP_GENESYS_JOB_POLL_SECONDS": "0",
        "TAP_GENESYS_REQUESTS_PER_MINUTE": "60000",
        "PYTHONPATH": str(ROOT),
    }
    begun = time.monotonic()
    if case.name == FILE_FIRST:
        by_file(tap, variables, folder / new)
    else:
        by_loader(case, tap, variables, server, folder / new)
    return time.monotonic() - begun


def by_file(tap: list[str], variables: dict[str, str], new: Path) -> None:
    """Let the tap write a file, and load it by the SQL script for it."""
    messages, script = new.with_suffix(".jsonl"), new.with_suffix(".sql")
    with messages.open("wb") as file:
        subprocess.run(tap, env=variables, stdout=file, check=True)  # noqa: S603 - the tap
    with script.open("wb") as file:
        command = [sys.executable, "-m", "tap_genesys.file_first", str(messages)]
        subprocess.run(command, stdout=file, check=True)  # noqa: S603 - our own
    with script.open("rb") as file:
        command = [sys.executable, "-c", LOAD, str(new.with_suffix(".duckdb"))]
        subprocess.run(command, stdin=file, check=True)  # noqa: S603 - our own
    messages.unlink()


def by_loader(
    case: Case, tap: list[str], variables: dict[str, str], server: Postgres, new: Path
) -> None:
    """Let the tap write into the loader, which has a new schema or file."""
    places: dict[str, dict[str, Any]] = {
        "target-postgres": {"sqlalchemy_url": server.url, "default_target_schema": new.name},
        "target-duckdb": {
            "filepath": str(new.with_suffix(".duckdb")),
            "default_target_schema": "g",
        },
    }
    config = new.with_suffix(".json")
    config.write_text(json.dumps({**case.settings, **places[case.loader]}), "utf-8")
    outcome = pipe(
        tap,
        [str(PLUGINS / f"loaders/{case.loader}/venv/bin/{case.loader}"), "--config", str(config)],
        tap_environment=variables,
        loader_environment=environment(),
    )
    if outcome.tap or outcome.loader:
        sys.exit(f"{case.name}: the tap ended with {outcome.tap}, the loader {outcome.loader}")


def main(conversations: int = 20_000, rounds: int = 3) -> None:
    """Print a line for each case."""
    at_once = timedelta(0)
    world = World(per_day=conversations, since=NOW - DAY, now=NOW, lag=at_once, step=at_once)
    taken: dict[str, list[float]] = {case.name: [] for case in CASES}
    with (
        tempfile.TemporaryDirectory() as name,
        # The logs of tap and loader, which `pipe` leaves in this process's stderr.
        Path(name, "log").open("wb") as log,
        Simulator(world) as sim,
        Postgres() as server,
    ):
        shown = os.dup(2)
        os.dup2(log.fileno(), 2)
        for _ in range(rounds):
            for case in CASES:
                taken[case.name].append(seconds(case, sim, server, Path(name)))
        os.dup2(shown, 2)
    count = world.count(NOW - DAY, world.watermark)
    print(f"{count:,} conversations with {len(STREAMS) - 1} tables, medians of {rounds} rounds")
    for name, times in taken.items():
        print(f"{name}: {statistics.median(times):.1f} s ({min(times):.1f} to {max(times):.1f})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
