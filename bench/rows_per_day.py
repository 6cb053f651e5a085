"""Counts the rows and requests of a steady-state day of conversations, and how late they come.

Run it: `.venv/bin/python bench/rows_per_day.py 4 24 48`, for data lakes that are so many hours
behind, under both readings of an interval. It writes bench/rows_per_day.json, and prints a table
for each lag, with the figures of earlier commits (`earlier_rows_per_day`).

The org has 20,000 conversations a day, and 500 that stand open for ever; the tap reads it every
hour with `conversation_details_source: auto`. `steady_day` scales both down twenty times. What is
counted is a day of 24 runs, the last at its end; before it the tap runs hourly until the jobs'
bookmark is as far behind as it will be.

Rows are the RECORD lines on the tap's stdout. The rows of re-checks are those of jobs that are
submitted with `startOfDayIntervalMatching`.

The staleness of a conversation, at the end of a run, is the age of the oldest event that a query
returns at that moment and the warehouse's row lacks: of the earliest date up to then that is in the
response, and not in the row that was emitted last; 0 where there is none. What is reported is the
highest at the end of any of the day's runs, of conversations that started on the UTC day before the
run's and have no end yet. How far the bookmark is behind is measured at the end of each run, too.

The size of STATE is that of its value in bytes of JSON, with all streams selected that are selected
by default, the largest at the end of any of the day's runs. It does not depend on how many
conversations there are, so these runs are of an org with few of them.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import rows_of_aggregates
from day_figures import RECHECK, Day, as_json, of_json, table
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

from tap_genesys.replication.windows import DAY, floor, iso, parse
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.lake import Lake
from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tap_genesys.simulator.lake import Kind

BENCH = Path(__file__).parent
READINGS = ("overlap", "touched-days")
#: Beyond the oldest re-check, and the jobs' bookmark at the begin of the first run.
SINCE = NOW - 45 * DAY
#: Conversations that stand open for ever, and the `endless` of a world that has no others.
ORPHANS, NONE = 500 // SCALE, 10**9
#: Conversations a day where only the size of the state counts.
FEW = 10
CONFIG: dict[str, Any] = {
    "conversation_details_source": "auto",
    "recheck_days": RUNGS,
    "start_date": iso(SINCE),
}
#: A date in a record, as the vendor and the tap write it.
_DATE = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"')


@dataclass
class JobsOfRechecks(Lake):
    """The jobs of an org, and the names of those that read a day again."""

    rechecks: set[str] = field(default_factory=set)

    def submit(self, world: World, kind: Kind, query: dict[str, Any]) -> str:
        """Start a job and return its name."""
        name = super().submit(world, kind, query)
        if query.get("startOfDayIntervalMatching"):
            self.rechecks.add(name)
        return name


class Warehouse:
    """The dates in the latest row of each conversation, and the rows that came by each lane.

    Args:
        sim: The simulator that the rows come from.
        since: The start of the first conversation whose dates are kept.
    """

    def __init__(self, sim: Simulator, since: datetime) -> None:
        self.lanes: Counter[str] = Counter()
        self._dates: dict[str, frozenset[bytes]] = {}
        self._sim = sim
        self._since = iso(since)
        self._jobs = sim.lake = JobsOfRechecks(
            page_limit=JOB_PAGE, interval_bounds=sim.habits.job_interval_bounds
        )

    def add(self, line: bytes) -> None:
        """Take a RECORD line of `conversation_details`."""
        record = orjson.loads(line)["record"]
        self.lanes["query" if record["_source"] == "query" else self._job()] += 1
        if record["conversationStart"] >= self._since:
            self._dates[record["conversationId"]] = frozenset(_DATE.findall(line))

    def stale(self) -> timedelta:
        """Return how stale a conversation is at most, of yesterday's that go on."""
        world = self._sim.world
        today = floor(world.now, DAY)
        ages = [0 * HOUR]
        for number in world.indexed(today - DAY, today):
            conversation = world.conversation(number)
            if "conversationEnd" not in conversation:
                dates = self._dates.get(conversation["conversationId"], frozenset())
                missing = oldest_missing(orjson.dumps(conversation), dates, world.now)
                ages.append(world.now - missing if missing else 0 * HOUR)
        return max(ages)

    def _job(self) -> str:
        """Return the purpose of the job whose results were requested last."""
        paths = (request.path for request in reversed(self._sim.requests))
        name = next(path for path in paths if path.endswith("/results")).split("/")[-2]
        return RECHECK if name in self._jobs.rechecks else "job"


def oldest_missing(response: bytes, dates: frozenset[bytes], now: datetime) -> datetime | None:
    """Return the oldest past date of a response that a row lacks.

    Args:
        response: The JSON of the conversation in the response.
        dates: The dates of the row.
        now: The present: what lies ahead is no event.
    """
    known = iso(now).encode()
    missing = [date for date in _DATE.findall(response) if date <= known and date not in dates]
    return parse(min(missing).decode()) if missing else None


def selected_tables() -> list[str]:
    """Return the tables of conversations that are selected by default."""
    streams: list[Any] = [*STREAMS]
    (details,) = (stream for stream in streams if vars(stream)["name"] == DETAILS)
    return [
        vars(stream)["name"]
        for stream in streams
        if stream.parent_stream_type is details and stream.selected_by_default
    ]


def day_of(lag: int, reading: str) -> Day:
    """Return the figures of a day of one org, whose data lake is so many hours behind."""
    keep_conversations()
    logging.disable(logging.CRITICAL)
    before = warm_up(lag)
    world = World(
        per_day=PER_DAY // SCALE,
        since=SINCE,
        now=NOW,
        lag=lag * HOUR,
        endless=NONE,
        orphans=ORPHANS,
    )
    streams = [DETAILS, *selected_tables()]
    requests: Counter[str] = Counter()
    records: Counter[str] = Counter()
    stale = behind = 0 * HOUR
    with Simulator(world, interval_reading=reading) as sim:
        warehouse = Warehouse(sim, NOW - DAY)
        state = steady(world.at(NOW - before * HOUR), "auto")
        hours = range(1 - before, 1)
        # How many requests these runs make does not count, so their pages are not scaled.
        for messages in hourly_runs(
            sim, streams, hours, state=state, on_record=warehouse.add, **CONFIG
        ):
            state = messages.state
        warehouse.lanes.clear()
        config = {**CONFIG, "page_size": PAGE}
        for messages in hourly_runs(
            sim, streams, range(1, 25), state=state, on_record=warehouse.add, **config
        ):
            records += messages.records
            requests.update(kind(request.path) for request in sim.requests)
            stale = max(stale, warehouse.stale())
            bookmark = messages.state["bookmarks"][DETAILS]["replication_key_value"]
            behind = max(behind, sim.world.now - parse(bookmark))
    return Day(
        lag,
        reading,
        conversations=PER_DAY,
        details={lane: rows * SCALE for lane, rows in sorted(warehouse.lanes.items())},
        tables=records.total() * SCALE,
        aggregates=0,
        requests=dict(sorted(requests.items())),
        stale=round(stale / HOUR, 2),
        behind=round(behind / HOUR, 2),
        state=size_of_state(lag, reading),
    )


def rows_of_default_aggregates() -> int:
    """Return the rows of a day of `conversation_aggregates` by the default settings."""
    logging.disable(logging.CRITICAL)
    rows, _requests = rows_of_aggregates.day_of()
    return rows


def warm_up(lag: int) -> int:
    """Return the hours after which the tap is as far behind as it will be."""
    return lag * 5 // 2 + 24


def size_of_state(lag: int, reading: str) -> int:
    """Return the size of the largest STATE at the end of a run of the default selection."""
    before = warm_up(lag)
    world = World(per_day=FEW, since=SINCE, now=NOW, lag=lag * HOUR)
    with Simulator(world, interval_reading=reading) as sim:
        state = steady(world.at(NOW - before * HOUR), "auto")
        runs = hourly_runs(sim, [], range(1 - before, 25), state=state, **CONFIG)
        sizes = [len(orjson.dumps(messages.state)) for messages in runs]
    return max(sizes[-24:])


def measure(arguments: list[str], version: str = "") -> None:
    """Measure each lag under each reading; write the figures, and print the tables.

    Args:
        arguments: Of the command line.
        version: The commit that is measured; empty for the present one.
    """
    parser = argparse.ArgumentParser(description="Count the rows and requests of a steady day.")
    parser.add_argument("lags", nargs="*", type=int, default=[4, 24, 48], help="hours; 4 24 48")
    parser.add_argument("--reading", choices=READINGS, help="of intervals; both by default")
    parser.add_argument("--processes", type=int, default=2, help="days at a time; default 2")
    options = parser.parse_args(arguments)
    readings = [options.reading] if options.reading else READINGS
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(options.processes, context) as pool:
        aggregates = pool.submit(rows_of_default_aggregates)
        cases = product(sorted(options.lags, reverse=True), readings)
        futures = [pool.submit(day_of, *case) for case in cases]
        days = [replace(future.result(), aggregates=aggregates.result()) for future in futures]
    days.sort(key=lambda day: (day.lag, day.reading))
    script = f"earlier_rows_per_day.py {version}" if version else "rows_per_day.py"
    content = as_json(days, version, " ".join([f"bench/{script}", *arguments]))
    path = BENCH / f"rows_per_day{version and '.'}{version}.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    for lag in sorted({day.lag for day in days}):
        print(f"{table(lag, measured())}\n")


def measured() -> list[tuple[str, Day]]:
    """Return all figures in the files of results, those of earlier commits first."""
    files = sorted(BENCH.glob("rows_per_day*.json"))
    return [day for file in files for day in of_json(json.loads(file.read_text("utf-8")))]


if __name__ == "__main__":
    measure(sys.argv[1:])
