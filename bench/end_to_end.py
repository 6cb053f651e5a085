"""Measures the tap into a loader, end to end: by the loader's defaults, and by ours.

Run it: `.venv/bin/python bench/end_to_end.py [conversations] [rounds]`; by default 20,000
conversations with all tables, three rounds. The cases take turns, and each loads into a new schema
or file; the figures are medians.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

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
]


def seconds(case: Case, sim: Simulator, server: Postgres, folder: Path) -> float:
    """Load once into a new schema or file; return the seconds that it took."""
    new = f"run_{time.time_ns()}"
    places: dict[str, dict[str, Any]] = {
        "target-postgres": {"sqlalchemy_url": server.url, "default_target_schema": new},
        "target-duckdb": {"filepath": str(folder / f"{new}.duckdb"), "default_target_schema": "g"},
    }
    selected, config = folder / f"{new}.catalog.json", folder / f"{new}.json"
    selected.write_text(json.dumps(catalog(STREAMS, case.deselected)), "utf-8")
    config.write_text(json.dumps({**case.settings, **places[case.loader]}), "utf-8")
    tap = {
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
    outcome = pipe(
        [sys.executable, "-m", "tap_genesys", "--config=ENV", "--catalog", str(selected)],
        [str(PLUGINS / f"loaders/{case.loader}/venv/bin/{case.loader}"), "--config", str(config)],
        tap_environment=environment() | tap,
        loader_environment=environment(),
    )
    if outcome.tap or outcome.loader:
        sys.exit(f"{case.name}: the tap ended with {outcome.tap}, the loader {outcome.loader}")
    return time.monotonic() - begun


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
