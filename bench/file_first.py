"""Measures the load of one file of messages into DuckDB: by a SQL script, and by target-duckdb.

Run it: `.venv/bin/python bench/file_first.py > bench/file_first.txt`. The figures in
docs/file-first.md are its output. The tap writes the conversations of a simulated org, with their
twelve tables, to a file, which is not measured. Each load is of that file, and begins with the
start of its programs; target-duckdb has the settings of meltano.yml, without validation. The loads
take turns; a figure is the median of its rounds. CPU is that of all threads, memory the largest
resident set of a program.
"""

from __future__ import annotations

import argparse
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
from typing import TYPE_CHECKING

from tap_genesys.records.conversation_rows import ATTRIBUTES, TABLES, WRAP_UPS
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Sequence[str | Path]

ROOT = Path(__file__).parent.parent
TARGET = ROOT / ".meltano/loaders/target-duckdb/venv/bin/target-duckdb"
STREAMS = ("conversation_details", *TABLES, ATTRIBUTES, WRAP_UPS)
NOW = datetime(2026, 3, 10, tzinfo=UTC)
LOAD = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.stdin.read())"
VERSION = "import duckdb; print(duckdb.__version__)"
#: Without the variables of this Python, which is not that of target-duckdb.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a load: seconds, seconds of CPU, and bytes of memory."""

    seconds: float
    cpu: float
    memory: int


def cost(*commands: tuple[Command, Path, Path]) -> Cost:
    """Run commands one after the other, each with its input and output file."""
    begin, cpu, memory = time.perf_counter(), 0.0, 0
    for command, source, sink in commands:
        with source.open("rb") as stdin, sink.open("wb") as stdout:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                command, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env=_env(command)
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{command[0]} ended with code {process.returncode}.")
        cpu += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss * 1024)
    return Cost(time.perf_counter() - begin, cpu, memory)


def _env(command: Command) -> dict[str, str] | None:
    return CLEAN if Path(command[0]).is_relative_to(TARGET.parent) else None


def extract(folder: Path, conversations: int) -> Path:
    """Let the tap write the conversations of a day to a file."""
    at_once = timedelta(0)
    world = World(per_day=conversations, since=NOW - DAY, now=NOW, lag=at_once, step=at_once)
    tap = [sys.executable, "-m", "tap_genesys"]
    discovered = subprocess.run([*tap, "--discover"], capture_output=True, check=True)  # noqa: S603
    catalog = json.loads(discovered.stdout)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["stream"] in STREAMS
    with Simulator(world) as sim:
        config = {
            "client_id": "demo",
            "client_secret": "demo-secret",
            "api_url": sim.url,
            "login_url": sim.url,
            "start_date": iso(NOW - DAY),
            "conversation_details_source": "job",
            "job_poll_seconds": 0,
            "requests_per_minute": 60_000,
        }
        for name, content in (("config", config), ("catalog", catalog)):
            (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
        arguments: list[str | Path] = [
            "--config",
            folder / "config.json",
            "--catalog",
            folder / "catalog.json",
        ]
        with (folder / "messages.jsonl").open("wb") as file:
            subprocess.run([*tap, *arguments], stdout=file, stderr=subprocess.DEVNULL, check=True)  # noqa: S603
    return folder / "messages.jsonl"


def loads(folder: Path, file: Path) -> dict[str, Callable[[], Cost]]:
    """Return the loads by name; each begins without a database, but for the second one."""
    (folder / "target.json").write_text(
        json.dumps(
            {
                "filepath": str(folder / "target.duckdb"),
                "default_target_schema": "genesys",
                "batch_size_rows": 100_000,
                "data_flattening_max_level": 0,
                "add_metadata_columns": False,
            }
        ),
        "utf-8",
    )
    nothing, script, lake = Path(os.devnull), folder / "load.sql", folder / "lake"
    lake.mkdir()

    def by_script(database: str, *options: str | Path) -> Cost:
        return cost(
            ([sys.executable, "-m", "tap_genesys.file_first", file, *options], nothing, script),
            ([sys.executable, "-c", LOAD, folder / database], script, nothing),
        )

    def first(database: str, *options: str | Path) -> Cost:
        (folder / database).unlink(missing_ok=True)
        return by_script(database, *options)

    def by_target() -> Cost:
        (folder / "target.duckdb").unlink(missing_ok=True)
        return cost(([TARGET, "--config", folder / "target.json"], file, nothing))

    return {
        "SQL script": lambda: first("first.duckdb"),
        "SQL script, the file again": lambda: by_script("first.duckdb"),
        "SQL script, with Parquet": lambda: first("lake.duckdb", "--parquet", lake),
        "target-duckdb": by_target,
    }


def main() -> None:
    """Print the size of the file, and a line for each load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = extract(folder, options.conversations)
        with file.open("rb") as lines:
            rows = sum(line.startswith(b'{"type":"RECORD"') for line in lines)
        ways = loads(folder, file)
        costs: dict[str, list[Cost]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, load in ways.items():
                costs[way].append(load())
    versions = [
        subprocess.check_output([python, "-c", VERSION], env=_env([python]), text=True)  # noqa: S603
        for python in (sys.executable, TARGET.parent / "python")
    ]
    print(
        f"{options.conversations:,} conversations with their tables: {rows:,} rows, "
        f"{options.rounds} rounds, {os.cpu_count()} cores, DuckDB {versions[0].strip()}, "
        f"of target-duckdb {versions[1].strip()}"
    )
    for way, measured in costs.items():
        seconds, cpu, memory = (
            statistics.median(values)
            for values in zip(*((c.seconds, c.cpu, c.memory) for c in measured), strict=True)
        )
        print(
            f"{way}: {seconds:.1f} s, {rows / seconds:,.0f} rows a second; "
            f"{cpu:.1f} s of CPU, {rows / cpu:,.0f} rows for each; {memory / 1e6:,.0f} MB"
        )


if __name__ == "__main__":
    main()
