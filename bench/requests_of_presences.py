"""Counts the requests and rows of presences and routing statuses, for each source.

Run it: `.venv/bin/python bench/requests_of_presences.py 4 24 48`, for data lakes that are so many
hours behind. docs/freshness.md has its output. Nothing is waited for: the tap's clock is the
simulator's. A user has some 60 entries a day, which come in some 33 rows of a job. The simulator's
48 users have ten, so pages are scaled down to as many as there would be, and rows are scaled up.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from datetime import UTC, datetime
from itertools import product
from typing import Any

from steady_day import HOUR, hourly_runs

from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = SINCE + 10 * DAY + HOUR
STREAMS = ("user_presences", "user_routing_statuses")
#: Of a user and day: entries, and rows of a job.
ENTRIES, FRAGMENTS = 60, 33
#: Of a day of the simulator's users, who are 48: as many entries as rows of a job.
SIMULATED = 48 * 10
USERS = (48, 800)
SOURCES = ("auto", "job", "query")


def runs(world: World, users: int, source: str) -> tuple[Counter[str], Counter[str]]:
    """Load ten days, and run hourly for a day; return the requests and rows of both."""
    options: dict[str, Any] = {
        "start_date": iso(SINCE),
        "page_size": round(100 * SIMULATED / (users * ENTRIES)),
        "user_details_source": source,
    }
    first, day = Counter[str](), Counter[str]()
    with Simulator(world) as sim:
        sim.lake.page_limit = round(1000 * SIMULATED / (users * FRAGMENTS))
        for hour, messages in enumerate(hourly_runs(sim, STREAMS, range(25), state={}, **options)):
            counts = day if hour else first
            counts["requests"] += sum("/users/details/" in one.path for one in sim.requests)
            counts["rows"] += messages.records.total() * users * ENTRIES // SIMULATED
    return first, day


def main() -> None:
    """Print a line for each lag, size and source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lags", nargs="*", type=int, default=[24], help="hours; default 24")
    logging.disable(logging.CRITICAL)
    for lag, users, source in product(parser.parse_args().lags, USERS, SOURCES):
        world = World(seed=1, per_day=1, since=SINCE, now=NOW, lag=lag * HOUR)
        first, day = runs(world, users, source)
        costs = (f"{one['requests']:6,} requests and {one['rows']:9,} rows" for one in (first, day))
        line = "at first {}, a day {}".format(*costs)
        print(f"{lag:3} h behind, {users:4} users, {source:5}: {line}", flush=True)


if __name__ == "__main__":
    main()
