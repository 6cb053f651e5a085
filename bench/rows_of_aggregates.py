"""Counts the rows and requests of a steady-state day of aggregates, for each way to read again.

Run it: `.venv/bin/python bench/rows_of_aggregates.py`. The figures in docs/aggregates.md are its
output. Nothing is waited for: the tap's clock is the simulator's. An org of 20,000 conversations a
day is scaled down twenty times; nearly each of its conversations has groups and cells of its own,
so that rows are scaled alike.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.harness import run

from tap_genesys.endpoints.aggregates import AggregateStream
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

NAME = "conversation_aggregates"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
PER_DAY = 20_000
SCALE = 20
WORLD = World(seed=1, per_day=PER_DAY // SCALE, since=SINCE, now=SINCE + 8 * DAY)
_AGES = AggregateStream.recheck_days
#: Case -> its settings, and the ages at which a day is read again.
CASES: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "from the bookmark's day on, and at 1, 3 and 5 days": ({}, _AGES),
    "the same, emit_unchanged": ({"emit_unchanged": True}, _AGES),
    "look-back of 1 day, nothing else": ({"lookback_days": 1}, ()),
    "look-back of 5 days, nothing else": ({"lookback_days": 5}, ()),
}


def main() -> None:
    """Print a line for each case: a first load, then a day of hourly runs."""
    logging.disable(logging.CRITICAL)
    print(f"{PER_DAY:,} conversations a day, cells of half an hour, a run each hour")
    with Simulator(WORLD) as sim:
        for name, (settings, ages) in CASES.items():
            AggregateStream.recheck_days = ages
            options = {"start_date": iso(SINCE), **settings}
            sim.world = WORLD
            output = run(sim, NAME, **options)
            rows = requests = 0
            for hour in range(1, 25):
                sim.world = WORLD.at(WORLD.now + hour * timedelta(hours=1))
                before = len(sim.requests)
                output = run(sim, NAME, state=output.state, **options)
                rows += len(output.records(NAME))
                requests += sum(one.path.endswith("/query") for one in sim.requests[before:])
            print(f"{name}: {rows * SCALE:,} rows, {requests:,} requests")


if __name__ == "__main__":
    main()
