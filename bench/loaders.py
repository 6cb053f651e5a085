"""Measures the loaders: rows per second, CPU and memory, by their defaults and by our settings.

Run it, when `make test-integration` has installed the loaders, on an idle machine:
`.venv/bin/python bench/loaders.py [conversations] [rounds] > bench/loaders.txt`. Each case is a run
of the loader on a file of messages, so that the tap costs nothing; the figures are medians.
docs/loaders.md has them.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.loaders import PLUGINS, catalog, declared_settings, environment  # noqa: E402
from support.postgres import Postgres  # noqa: E402

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
DETAILS = "conversation_details"
#: Name of a file of messages -> its streams, and the columns of conversations that are left out.
MESSAGES: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "conversations and tables": ([DETAILS, *TABLES, ATTRIBUTES, WRAP_UPS], NESTED),
    "conversations alone": ([DETAILS], NESTED),
    "conversations with nested columns": ([DETAILS], ()),
}
_TICKS = os.sysconf("SC_CLK_TCK")


class Case(NamedTuple):
    """A loader with settings.

    Args:
        name: The name of the case.
        loader: The loader.
        settings: Its settings beside those that it needs to run at all.
        messages: The name of its file of messages.
    """

    name: str
    loader: str
    settings: Mapping[str, Any]
    messages: str = "conversations and tables"


def _cases() -> list[Case]:
    postgres, duckdb = declared_settings("target-postgres"), declared_settings("target-duckdb")
    return [
        Case("target-postgres, defaults", "target-postgres", {}),
        Case("target-postgres, no validation", "target-postgres", {"validate_records": False}),
        Case("target-postgres, COPY", "target-postgres", {"use_copy": True}),
        Case("target-postgres, meltano.yml", "target-postgres", postgres),
        *(
            Case(
                f"target-postgres, meltano.yml, batches of {size:,}",
                "target-postgres",
                {**postgres, "batch_size_rows": size},
            )
            for size in (1_000, 100_000)
        ),
        *(
            Case(f"target-postgres, meltano.yml, {name}", "target-postgres", postgres, name)
            for name in [*MESSAGES][1:]
        ),
        Case("target-duckdb, meltano.yml", "target-duckdb", duckdb),
        Case(
            "target-duckdb, batches of 10,000",
            "target-duckdb",
            {**duckdb, "batch_size_rows": 10_000},
        ),
        *(
            Case(f"target-duckdb, meltano.yml, {name}", "target-duckdb", duckdb, name)
            for name in [*MESSAGES][1:]
        ),
        Case("target-jsonl, meltano.yml", "target-jsonl", {}),
    ]  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """The cost of a load: seconds, CPU seconds of the loader and of the server, megabytes."""

    seconds: float
    cpu: float
    server: float
    megabytes: float


def write_messages(sim: Simulator, folder: Path) -> dict[str, tuple[Path, int]]:
    """Run the tap for each file of messages; return name -> file and its number of records."""
    config = {
        "client_id": "demo",
        "client_secret": "demo-secret",
        "api_url": sim.url,
        "login_url": sim.url,
        "start_date": iso(NOW - DAY),
        "conversation_details_source": "job",
        "recheck_days": [],
        "job_poll_seconds": 0,
        "requests_per_minute": 60_000,
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    tap = [sys.executable, "-m", "tap_genesys"]
    files = {}
    for name, (streams, deselected) in MESSAGES.items():
        (folder / "catalog.json").write_text(json.dumps(catalog(streams, deselected)), "utf-8")
        path = folder / f"{name}.jsonl"
        with path.open("wb") as lines:
            subprocess.run(  # noqa: S603 - our own program
                [*tap, "--config", folder / "config.json", "--catalog", folder / "catalog.json"],
                cwd=ROOT,
                stdout=lines,
                stderr=subprocess.DEVNULL,
                check=True,
            )
        with path.open("rb") as lines:
            files[name] = path, sum(line.startswith(b'{"type":"RECORD"') for line in lines)
    return files


def load(case: Case, messages: Path, folder: Path, server: Postgres) -> Cost:
    """Run a case once, into a new schema or file."""
    new = f"run_{time.time_ns()}"
    needed: dict[str, dict[str, Any]] = {
        "target-postgres": {"sqlalchemy_url": server.url, "default_target_schema": new},
        "target-duckdb": {"filepath": str(folder / f"{new}.duckdb"), "default_target_schema": "g"},
        "target-jsonl": {"destination_path": str(folder / new)},
    }
    (folder / new).mkdir()
    config = folder / f"{new}.json"
    config.write_text(json.dumps({**case.settings, **needed[case.loader]}), "utf-8")
    command: list[str | Path] = [
        PLUGINS / f"loaders/{case.loader}/venv/bin/{case.loader}",
        "--config",
        config,
    ]
    before, begun, peak = _cpu_with_children(server.pid), time.monotonic(), 0.0
    with messages.open("rb") as lines:
        process = subprocess.Popen(  # noqa: S603 - a pinned program
            command,
            stdin=lines,
            env=environment(),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, _peak(process.pid))
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    if process.returncode:
        sys.exit(f"{case.name} ended with code {process.returncode}")
    time.sleep(0.2)  # until the server has reaped the process of the connection
    after = _cpu_with_children(server.pid)
    return Cost(seconds, usage.ru_utime + usage.ru_stime, after - before, peak)


def _cpu_with_children(pid: int) -> float:
    """Return the CPU seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _peak(pid: int) -> float:
    """Return the most memory that a process has had so far, in MB; 0 if it is ending."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def main(conversations: int = 2_000, rounds: int = 3) -> None:
    """Print a line for each case."""
    at_once = timedelta(0)
    world = World(per_day=conversations, since=NOW - DAY, now=NOW, lag=at_once, step=at_once)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Simulator(world) as sim:
            files = write_messages(sim, folder)
        costs: dict[str, list[Cost]] = {}
        with Postgres() as server:
            for _ in range(rounds):
                for case in _cases():
                    cost = load(case, files[case.messages][0], folder, server)
                    costs.setdefault(case.name, []).append(cost)
    load_average = os.getloadavg()[2]
    print(f"Medians of {rounds} rounds; load average of the last 15 minutes: {load_average:.1f}.")
    for title, (_, count) in files.items():
        print(f"{title}: {count:,} rows")
    print("\ncase | rows/s | s | loader's CPU s | server's CPU s | MB")
    for case in _cases():
        runs = costs[case.name]
        seconds, cpu, server_cpu, megabytes = (
            statistics.median(getattr(run, name) for run in runs)
            for name in ("seconds", "cpu", "server", "megabytes")
        )
        rate = files[case.messages][1] / seconds
        print(
            f"{case.name} | {rate:,.0f} | {seconds:.1f} | {cpu:.1f} | {server_cpu:.1f} | "
            f"{megabytes:.0f}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
