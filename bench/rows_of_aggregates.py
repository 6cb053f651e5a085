"""Counts the rows and requests of a steady-state day of aggregates, for each way to read again.

Run it: `.venv/bin/python bench/rows_of_aggregates.py`. The figures in docs/aggregates.md are its
output. Nothing is waited for: the tap's clock is the simulator's. An org of 20,000 conversations a
day is scaled down twenty times; nearly each of its conversations has groups and cells of its own,
so that rows are scaled alike.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from steady_day import PER_DAY, SCALE, hourly_runs

from tap_genesys.endpoints.aggregates import AggregateStream
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

NAME = "conversation_aggregates"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=1, per_day=PER_DAY // SCALE, since=SINCE, now=SINCE + 8 * DAY)
#: Case -> its settings, and the ages at which a day is read again; None for the tap's own.
CASES: dict[str, tuple[dict[str, Any], tuple[int, ...] | None]] = {
    "from the bookmark's day on, and at 1, 3 and 5 days": ({}, None),
    "the same, emit_unchanged": ({"emit_unchanged": True}, None),
    "look-back of 1 day, nothing else": ({"lookback_days": 1}, ()),
    "look-back of 5 days, nothing else": ({"lookback_days": 5}, ()),
}


def day_of(
    settings: dict[str, Any] | None = None, ages: tuple[int, ...] | None = None
) -> tuple[int, int]:
    """Load some days, then run hourly for a day; return that day's rows and requests.

    Args:
        settings: Settings that differ from the tap's own.
        ages: The ages at which a day is read again; None for the tap's own.
    """
    options: dict[str, Any] = {"start_date": iso(SINCE), **(settings or {})}
    rows = requests = 0
    with Simulator(WORLD) as sim, ExitStack() as stack:
        if ages is not None:
            stack.enter_context(patch.object(AggregateStream, "recheck_days", ages))
        for hour, messages in enumerate(hourly_runs(sim, [NAME], range(25), state={}, **options)):
            if hour:
                rows += messages.records[NAME]
                requests += sum(request.path.endswith("/query") for request in sim.requests)
    return rows * SCALE, requests


def main() -> None:
    """Print a line for each case."""
    logging.disable(logging.CRITICAL)
    print(f"{PER_DAY:,} conversations a day, cells of half an hour, a run each hour")
    for name, (settings, ages) in CASES.items():
        rows, requests = day_of(settings, ages)
        print(f"{name}: {rows:,} rows, {requests:,} requests")


if __name__ == "__main__":
    main()
