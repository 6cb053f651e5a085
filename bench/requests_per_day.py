"""Counts the requests and rows of a steady-state day, for each source of conversations.

Run it: `.venv/bin/python bench/requests_per_day.py 4 24 48`, for data lakes that are so many hours
behind. README.md and docs/freshness.md have its figures. Nothing is waited for: the tap's
clock is the simulator's. An org of 20,000 conversations a day is scaled down twenty times, and so
are the pages, so that there are as many requests. What is counted is the last day: hourly runs go
before it until the passes of the query lane are as many as the lake's lag makes them.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections import Counter
from itertools import product
from typing import Any

from steady_day import (
    DETAILS,
    HOUR,
    JOB_PAGE,
    NOW,
    PAGE,
    PER_DAY,
    RUNGS,
    SCALE,
    hourly_runs,
    keep_conversations,
    kind,
    steady,
)
from support.direct import without_sockets
from support.harness import tap

from tap_genesys.endpoints import source_costs
from tap_genesys.endpoints.volume import DAYS_PER_MONTH
from tap_genesys.preflight.check import check
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

#: Runs of a day.
HOURLY = 24
#: Settings -> what is measured.
CASES: dict[str, dict[str, Any]] = {
    "auto": {"conversation_details_source": "auto"},
    "job": {"conversation_details_source": "job"},
    "query, look-back of a day": {"conversation_details_source": "query"},
    # One run of it, which costs as much as any other; a day has 24.
    "query, look-back of 30 days, no re-checks, one run": {
        "conversation_details_source": "query",
        "lookback_days": 30,
        "recheck_days": [],
    },
}


def day_of(
    world: World, config: dict[str, Any], runs: int, reading: str
) -> tuple[Counter[str], int]:
    """Run hourly for a day, in an org that was loaded before; return what was requested."""
    requests: Counter[str] = Counter()
    records = 0
    source = config["conversation_details_source"]
    # A row comes by job once the watermark has passed the pass of the query that read it; and the
    # first run of a state without marks of emitted rows leaves nothing out.
    before = 5 * int(world.lag / HOUR) // 2 + 24 if source == "auto" else 1
    with Simulator(world, interval_reading=reading) as sim:
        sim.lake.page_limit = JOB_PAGE
        state = steady(world.at(world.now - before * HOUR), source)
        hours = range(1 - before, runs + 1)
        for hour, messages in zip(
            hours, hourly_runs(sim, [DETAILS], hours, state=state, **config), strict=True
        ):
            if hour > 0:
                records += messages.records[DETAILS]
                requests.update(kind(request.path) for request in sim.requests)
    return requests, records


def estimated(world: World, config: dict[str, Any], reading: str) -> int:
    """Return the requests of a day of hourly runs that `--check` estimates."""
    vars(source_costs)["PAGE_SIZE"] = JOB_PAGE
    with Simulator(world, interval_reading=reading) as sim, without_sockets(sim):
        made = tap(sim, DETAILS, **config)
        (finding,) = check(made.run, made._read_streams, runs_per_day=HOURLY).streams  # noqa: SLF001
    return (finding.requests_per_month or 0) // DAYS_PER_MONTH


def main() -> None:
    """Print a line for each lag and case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lags", nargs="*", type=int, default=[24], help="hours; default 24")
    parser.add_argument("--reading", default="overlap", help="of intervals; default overlap")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    keep_conversations()
    since = NOW - 34 * DAY
    print(f"{PER_DAY:,} conversations a day, hourly runs, reading {options.reading}")
    for lag, (name, case) in product(options.lags, CASES.items()):
        world = World(per_day=PER_DAY // SCALE, since=since, now=NOW, lag=lag * HOUR)
        config = {
            "start_date": iso(since),
            "recheck_days": RUNGS,
            "page_size": PAGE,
            **case,
        }
        begun = time.monotonic()
        runs = 1 if name.endswith("one run") else HOURLY
        requests, records = day_of(world, config, runs, options.reading)
        seconds = time.monotonic() - begun
        print(
            f"{lag} h behind, {name}: {requests.total():,} requests, {records * SCALE:,} records, "
            f"{seconds:.0f} s"
        )
        if runs == HOURLY:
            print(f"  {estimated(world, config, options.reading):,} estimated by --check")
        print("  " + ", ".join(f"{what} {count:,}" for what, count in sorted(requests.items())))


if __name__ == "__main__":
    main()
