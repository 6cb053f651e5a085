"""Measures how long target-postgres takes for the rows of a steady day of hourly runs.

Run it: `.venv/bin/python bench/hourly_load.py`. It writes bench/hourly_load.json, and needs
PostgreSQL and Meltano's plugins (`make test-integration` installs them).

The org has 20,000 conversations a day, a data lake four hours behind, and 500 conversations that
stand open for ever; `rows_per_day` counts its rows, `steady_day` scales it down twenty times. The
rows of `conversation_details`, its tables and `conversation_aggregates` of each hour are in one
file, which the loader reads from its stdin, with the settings of meltano.yml. Before the day, the
tables are loaded with the rows of the days before it. The loader's start, measured before
each load with a file without rows, is paid 24 times; the rest is scaled up.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import rows_of_aggregates
import rows_per_day
from steady_day import DETAILS, HOUR, NOW, PER_DAY, SCALE, hourly_runs, keep_conversations, steady
from support.loaders import PLUGINS, loader_settings
from support.postgres import Postgres

from tap_genesys.records.conversation_rows import NESTED
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = Path(__file__).parent / "hourly_load.json"
LAG = 4
LOADER = "target-postgres"
_RECORD = re.compile(rb'\{"type":"RECORD"')


def conversations(folder: Path) -> Iterator[int]:
    """Write a file of messages for each hour of the day, 0 for those before; yield the hour."""
    before = rows_per_day.warm_up(LAG)
    world = World(
        per_day=PER_DAY // SCALE,
        since=rows_per_day.SINCE,
        now=NOW,
        lag=LAG * HOUR,
        endless=rows_per_day.NONE,
        orphans=rows_per_day.ORPHANS,
    )
    streams = [DETAILS, *rows_per_day.selected_tables()]
    state = steady(world.at(NOW - before * HOUR), "auto")
    with Simulator(world) as sim:
        for hour, hours in enumerate(
            [range(1 - before, 1), *(range(n, n + 1) for n in range(1, 25))]
        ):
            with (folder / f"{hour}.jsonl").open("wb") as file:
                runs = hourly_runs(
                    sim,
                    streams,
                    hours,
                    state=state,
                    on_text=file.write,
                    deselected=NESTED,
                    **rows_per_day.CONFIG,
                )
                for messages in runs:
                    state = messages.state
            yield hour


def aggregates(folder: Path) -> None:
    """Add the messages of `conversation_aggregates` to the file of each hour."""
    options: dict[str, Any] = {"start_date": iso(rows_of_aggregates.SINCE)}
    state: dict[str, Any] = {}
    with Simulator(rows_of_aggregates.WORLD) as sim:
        for hour in range(25):
            with (folder / f"{hour}.jsonl").open("ab") as file:
                runs = hourly_runs(
                    sim,
                    [rows_of_aggregates.NAME],
                    range(hour, hour + 1),
                    state=state,
                    on_text=file.write,
                    **options,
                )
                for messages in runs:
                    state = messages.state


def rows_in(path: Path) -> int:
    """Return the number of RECORD messages in a file."""
    with path.open("rb") as file:
        return sum(1 for line in file if _RECORD.match(line))


def without_rows(path: Path, target: Path) -> Path:
    """Write the messages of a file that are no records to another one."""
    with path.open("rb") as file, target.open("wb") as schemas:
        schemas.writelines(line for line in file if not _RECORD.match(line))
    return target


def seconds_of(config: Path, path: Path) -> float:
    """Load a file; return the seconds that it takes."""
    program = PLUGINS / "loaders" / LOADER / "venv/bin" / LOADER
    begin = time.monotonic()
    with path.open("rb") as file:
        subprocess.run(  # noqa: S603 - a pinned program
            [program, "--config", config], stdin=file, check=True, capture_output=True
        )
    return time.monotonic() - begin


def main() -> None:
    """Measure; write and print the figures."""
    logging.disable(logging.CRITICAL)
    keep_conversations()
    with tempfile.TemporaryDirectory() as name, Postgres() as server:
        folder = Path(name)
        for hour in conversations(folder):
            print(f"hour {hour} of 24 is read", file=sys.stderr)
        aggregates(folder)
        config = folder / "config.json"
        settings = loader_settings(LOADER, folder, {"TARGET_POSTGRES_SQLALCHEMY_URL": server.url})
        config.write_text(json.dumps(settings), "utf-8")
        seconds_of(config, folder / "0.jsonl")
        empty = without_rows(folder / "24.jsonl", folder / "empty.jsonl")
        hours = [folder / f"{hour}.jsonl" for hour in range(1, 25)]
        # A start beside each load, so that both meet the same machine.
        pairs = [(seconds_of(config, empty), seconds_of(config, path)) for path in hours]
        rows = sum(map(rows_in, hours))
    starts, loads = zip(*pairs, strict=True)
    work = sum(loads) - sum(starts)
    day = work * SCALE + sum(starts)
    figures = {
        "rows a day": rows * SCALE,
        "rows measured": rows,
        "seconds of a start": round(median(starts), 2),
        "rows a second": round(rows / work),
        "minutes a day": round(day / 60, 1),
        "goal: minutes a day at most": 13,
    }
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
