"""Counts the requests of presences and routing statuses, for each source.

Run it: `.venv/bin/python bench/requests_of_presences.py`. docs/lanes.md has its output. Nothing is
waited for: the tap's clock is the simulator's. Its 48 users are all that it has, so pages are
scaled down: one of 4 stands for one of 100, one of 40 for a job's of 1,000, as for 1,200 users.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from harness import run

from tap_genesys.simulator import Simulator, World
from tap_genesys.windows import DAY, iso

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=1, per_day=1, since=SINCE, now=SINCE + 10 * DAY)
HOUR = timedelta(hours=1)
STREAMS = ("user_presences", "user_routing_statuses")
#: Users -> what a page of a query holds, and of a job.
SCALES = {48: (100, 1000), 1200: (4, 40)}


def main() -> None:
    """Print a line for each source and size: ten days at first, then a day of hourly runs."""
    logging.disable(logging.CRITICAL)
    for users, (page, job_page) in SCALES.items():
        for source in ("auto", "jobs", "query"):
            options: dict[str, Any] = {"start_date": iso(SINCE), "page_size": page}
            state: dict[str, Any] = {}
            counts = []
            with Simulator(WORLD) as sim:
                sim.lake.page_limit = job_page
                for hour in range(25):
                    sim.world = WORLD.at(WORLD.now + hour * HOUR)
                    before = len(sim.requests)
                    state = run(
                        sim, *STREAMS, state=state, user_details_source=source, **options
                    ).state
                    counts.append(
                        sum("/users/details/" in one.path for one in sim.requests[before:])
                    )
            print(f"{users:5} users, {source:5}: {counts[0]:4} at first, {sum(counts[1:]):5} a day")


if __name__ == "__main__":
    main()
