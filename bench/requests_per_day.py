"""Counts the requests of a steady-state day, for each source of conversations.

Run it: `.venv/bin/python bench/requests_per_day.py`. The figures in README.md are its output.
Nothing is waited for: the tap's clock is the simulator's. An org of 20,000 conversations a day is
scaled down twenty times, and so are the pages, so that there are as many requests.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from harness import Output, tap

from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator import world as simulated
from tap_genesys.windows import DAY, floor, iso

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 10, tzinfo=UTC)
#: Settings -> what is measured.
CASES: dict[str, dict[str, Any]] = {
    "auto": {"conversation_details_source": "auto"},
    "jobs": {"conversation_details_source": "jobs"},
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


def day_of(world: World, config: dict[str, Any], runs: int) -> tuple[Counter[str], int]:
    """Run hourly for a day, in an org that was loaded before; return what was asked."""
    asked: Counter[str] = Counter()
    records = 0
    with Simulator(world) as sim:
        sim.lake.page_limit = 1000 // SCALE
        state = steady(world, config["conversation_details_source"])
        for hour in range(1, runs + 1):
            sim.world = world.at(world.now + hour * HOUR)
            output = Nothing()
            before = len(sim.requests)
            tap(sim, "conversation_details", state=state, output=output, **config).sync_or_leave()
            state = output.state
            records += output.records_written
            asked.update(kind(request.path) for request in sim.requests[before:])
    return asked, records


def steady(world: World, source: str) -> dict[str, Any]:
    """Return the state of an org that has been read every hour for months."""
    by_query = source == "query"
    truth = world.now if by_query else world.watermark
    bookmark = iso(truth - timedelta(minutes=30)) if by_query else iso(truth)
    details: dict[str, Any] = {
        "replication_key": "conversationStart",
        "replication_key_value": bookmark,
        "recheckedBy": "query" if by_query else "job",
        "rechecks": {f"{rung}": iso(floor(truth - rung * DAY, DAY)) for rung in RUNGS},
        "passes": [],
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
    """Print a line for each case."""
    logging.disable(logging.CRITICAL)
    # The simulator forgets the oldest; here it is asked for all of them again and again.
    vars(simulated)["_REMEMBERED"] = 40 * PER_DAY // SCALE
    since = NOW - 34 * DAY
    print(f"{PER_DAY:,} conversations a day, hourly runs, a lake four hours behind")
    for name, case in CASES.items():
        world = World(per_day=PER_DAY // SCALE, since=since, now=NOW)
        config = {
            "start_date": iso(since),
            "recheck_days": RUNGS,
            "page_size": 100 // SCALE,
            **case,
        }
        begun = time.monotonic()
        asked, records = day_of(world, config, 1 if name.endswith("one run") else 24)
        seconds = time.monotonic() - begun
        print(f"{name}: {asked.total():,} requests, {records * SCALE:,} records, {seconds:.0f} s")
        print("  " + ", ".join(f"{what} {count:,}" for what, count in sorted(asked.items())))


if __name__ == "__main__":
    main()
