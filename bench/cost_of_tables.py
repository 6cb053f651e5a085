"""Measures what the tables of conversations cost, beside the conversations themselves.

Run it: `.venv/bin/python bench/cost_of_tables.py`. Each case is a run in a process of its own, that
reads the same responses from a simulator; user and system time are the process's, the median of 5.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tap_genesys.records.conversation_rows import ATTRIBUTES, NESTED, TABLES, WRAP_UPS
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

NOW = datetime(2026, 3, 10, tzinfo=UTC)
DETAILS = "conversation_details"
ALL = [DETAILS, *TABLES, ATTRIBUTES, WRAP_UPS]
#: Case -> streams, and columns of conversations that are not selected.
CASES: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "conversations alone": ([DETAILS], ()),
    "and their twelve tables": (ALL, ()),
    "conversations without nested columns": ([DETAILS], NESTED),
    "and their twelve tables, without nested columns": (ALL, NESTED),
    "nothing (start and login)": (["divisions"], ()),
}
ROWS = 8_000
ROUNDS = 5


def seconds(sim: Simulator, folder: Path, streams: list[str], deselected: tuple[str, ...]) -> float:
    """Run the tap once; return the CPU seconds that it took.

    Args:
        sim: The simulator.
        folder: A folder for the tap's files.
        streams: The selected streams.
        deselected: The columns of conversations that are not selected.
    """
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
    tap = [sys.executable, "-m", "tap_genesys"]
    found = json.loads(subprocess.run([*tap, "--discover"], capture_output=True, check=True).stdout)  # noqa: S603
    for stream in found["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["stream"] in streams
            elif stream["stream"] == DETAILS and entry["breadcrumb"][1] in deselected:
                entry["metadata"]["selected"] = False
    for name, content in (("config", config), ("catalog", found)):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603
        [*tap, "--config", folder / "config.json", "--catalog", folder / "catalog.json"],
        stdout=(folder / "out.jsonl").open("wb"),
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main() -> None:
    """Print a line for each case."""
    # A lake that lags would know nothing of the one day.
    at_once = timedelta(0)
    world = World(per_day=ROWS, since=NOW - DAY, now=NOW, lag=at_once, step=at_once)
    taken: dict[str, list[float]] = {name: [] for name in CASES}
    with Simulator(world) as sim, tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for name, (streams, deselected) in CASES.items():
                taken[name].append(seconds(sim, Path(folder), streams, deselected))
    rows = world.count(NOW - DAY, world.watermark)
    alone, *_, nothing = (statistics.median(times) for times in taken.values())
    print(f"{rows:,} conversations; CPU of a run, and of each conversation beyond start and login:")
    for name, times in taken.items():
        median = statistics.median(times)
        print(
            f"{name}: {median:.2f} s ({min(times):.2f} to {max(times):.2f}), "
            f"{(median - nothing) / rows * 1e6:.0f} us, "
            f"{(median - nothing) / (alone - nothing):.2f} times those alone"
        )


if __name__ == "__main__":
    main()
