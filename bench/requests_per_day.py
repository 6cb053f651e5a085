"""Counts the requests and rows of a steady-state day, for each source of conversations.

Run it: `.venv/bin/python bench/requests_per_day.py 4 24 48`, for data lakes that are so many hours
behind. The figures in README.md and docs/lanes.md are its output. Nothing is waited for: the tap's
clock is the simulator's. An org of 20,000 conversations a day is scaled down twenty times, and so
are the pages, so that there are as many requests. What is counted is the last day: hourly runs go
before it until the passes of the query lane are as many as the lake's lag makes them.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.direct import without_sockets
from support.harness import Output, tap

from tap_genesys.replication.windows import DAY, floor, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator import world as simulated

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 10, tzinfo=UTC)
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
PER_DAY = 20_000
SCALE = 20
RUNGS = [1, 3, 7, 30]


class Nothing(Output):
    """Keeps the last state, and counts records instead of keeping them."""

    records_written = 0

    def write_message(self, message: Message) -> None:
        """Count a record; keep a state."""
        if message.to_dict()["type"] == "RECORD":
            self.records_written += 1
        else:
            super().write_message(message)
            self.messages = self.messages[-1:]


def day_of(
    world: World, config: dict[str, Any], runs: int, reading: str
) -> tuple[Counter[str], int]:
    """Run hourly for a day, in an org that was loaded before; return what was requested."""
    requests: Counter[str] = Counter()
    records = 0
    source = config["conversation_details_source"]
    # A row comes by job once the watermark has passed the pass of the query that read it.
    before = 2 * int(world.lag / HOUR) + 2 if source == "auto" else 0
    with Simulator(world, interval_reading=reading) as sim, without_sockets(sim):
        sim.lake.page_limit = 1000 // SCALE
        state = steady(world.at(world.now - before * HOUR), source)
        for hour in range(1 - before, runs + 1):
            sim.world = world.at(world.now + hour * HOUR)
            output = Nothing()
            sim.requests.clear()
            tap(sim, "conversation_details", state=state, output=output, **config).sync_or_leave()
            state = output.state
            if hour > 0:
                records += output.records_written
                requests.update(kind(request.path) for request in sim.requests)
    return requests, records


def steady(world: World, source: str) -> dict[str, Any]:
    """Return the state of an org that has been read every hour for months."""
    by_query = source == "query"
    truth = world.now if by_query else world.watermark
    bookmark = iso(truth - timedelta(minutes=30)) if by_query else iso(truth)
    details: dict[str, Any] = {
        "replication_key": "conversationStart",
        "replication_key_value": bookmark,
        "recheckedBy": "query" if by_query else "job",
        "recheckedUpTo": {f"{rung}": iso(floor(truth - rung * DAY, DAY)) for rung in RUNGS},
        "queryPasses": [],
    }
    if not by_query:
        details["watermark"] = bookmark
    return {"bookmarks": {"conversation_details": details}}


def kind(path: str) -> str:
    """Return what a request is for."""
    parts = path.split("/jobs", 1)
    if len(parts) == 1:
        return "login" if "token" in path else "query"
    return {"": "submit", "/availability": "availability"}.get(
        parts[1], "results" if path.endswith("/results") else "look or delete"
    )


def main() -> None:
    """Print a line for each lag and case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lags", nargs="*", type=int, default=[24], help="hours; default 24")
    parser.add_argument("--reading", default="overlap", help="of intervals; default overlap")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    # The simulator forgets the oldest; here it is asked for all of them again and again.
    vars(simulated)["_REMEMBERED"] = 45 * PER_DAY // SCALE
    since = NOW - 34 * DAY
    print(f"{PER_DAY:,} conversations a day, hourly runs, reading {options.reading}")
    for lag, (name, case) in product(options.lags, CASES.items()):
        world = World(per_day=PER_DAY // SCALE, since=since, now=NOW, lag=lag * HOUR)
        config = {
            "start_date": iso(since),
            "recheck_days": RUNGS,
            "page_size": 100 // SCALE,
            **case,
        }
        begun = time.monotonic()
        runs = 1 if name.endswith("one run") else 24
        requests, records = day_of(world, config, runs, options.reading)
        seconds = time.monotonic() - begun
        print(
            f"{lag} h behind, {name}: {requests.total():,} requests, {records * SCALE:,} records, "
            f"{seconds:.0f} s"
        )
        print("  " + ", ".join(f"{what} {count:,}" for what, count in sorted(requests.items())))


if __name__ == "__main__":
    main()
