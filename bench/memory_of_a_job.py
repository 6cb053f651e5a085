"""Measures the peak memory of a run whose one job has more and more rows.

Run it: `.venv/bin/python bench/memory_of_a_job.py`. docs/freshness.md has its figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SIZES = (2_000, 20_000, 100_000)


def peak(rows: int) -> tuple[int, int]:
    """Return the records that one job of so many rows brought, and the peak memory in MB."""
    world = World(per_day=rows, since=NOW - DAY, now=NOW, until=NOW)
    with Simulator(world.at(NOW + DAY)) as sim, tempfile.TemporaryDirectory() as folder:
        config = {
            "client_id": "demo",
            "client_secret": "demo-secret",
            "api_url": sim.url,
            "login_url": sim.url,
            "start_date": iso(world.since),
            "end_date": iso(NOW),
            "conversation_details_source": "job",
            "recheck_days": [],
            "job_poll_seconds": 0,
            "requests_per_minute": 60_000,
            "request_timeout_seconds": 3600,
        }
        tap = [sys.executable, "-m", "tap_genesys"]
        selected = catalog(tap, folder)
        file = Path(folder) / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        command = [*tap, "--config", str(file), "--catalog", selected]
        counted = megabytes = 0
        with subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout  # noqa: S101 - it is a pipe
            for line in process.stdout:
                counted += line.startswith(b'{"type":"RECORD"')
                if counted % 500 == 0:
                    megabytes = max(megabytes, most_memory(process.pid))
        if process.returncode != 0:
            sys.exit(f"the tap ended with {process.returncode}")
    return counted, megabytes


def most_memory(pid: int) -> int:
    """Return the most that a process has had so far, in MB.

    The `ru_maxrss` of a child would do, but for that it begins with what its parent had.
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def catalog(tap: list[str], folder: str) -> str:
    """Write a catalog in which only conversations are selected; return its path."""
    run = subprocess.run([*tap, "--discover"], capture_output=True, check=True)  # noqa: S603
    found = json.loads(run.stdout)
    found["streams"] = [one for one in found["streams"] if one["stream"] == "conversation_details"]
    path = Path(folder) / "catalog.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return str(path)


def main() -> None:
    """Print a line for each size."""
    for rows in SIZES:
        counted, megabytes = peak(rows)
        print(f"a job of {counted:,} rows: {megabytes} MB at most", flush=True)


if __name__ == "__main__":
    main()
