"""The demo: loads a simulated org into DuckDB with Meltano, and builds the marts with dbt.

`make demo` installs the programs.

The folder `.demo/` keeps the database, the logs, and the start of the simulated history, so that
the next run is incremental. Delete the folder to start again.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from urllib.request import urlopen

from closing import make_page, show_closing
from database import row_counts
from places import (
    DATABASE,
    DUCKDB_PYTHON,
    FOLDER,
    MELTANO,
    MELTANO_LOG,
    PATIENCE,
    PROJECT,
    PYTHON,
    SIMULATOR_LOG,
    WORLD,
    DemoError,
    clean_environment,
    iso,
    meltano,
    shown,
)
from processes import SIGNALS, Children, Interrupted, address, leave
from tables import Loaded, show_results

from tap_genesys.streams import STREAMS

STATE_ID = "demo:tap-genesys-to-target-duckdb"
HISTORY = timedelta(days=14)
PER_DAY = 250
#: Streams of the page that are not read by default.
OPTIONAL = ("conversation_reconciliation", "user_presences", "user_routing_statuses")
#: Groupings that do not change during a conversation. A queue does: the database would keep the
#: summary of the group without queue, which no longer exists in the org.
GROUPINGS = ("conversation:medium", "conversation:direction")
#: The first run ends before the present, so that the second one has something to add.
HELD_BACK = timedelta(hours=6)
LOG_LINES_SHOWN = 30

BEGINS = re.compile(r"Beginning sync of '(\w+)'")
TAKES = re.compile(r"metric_name=sync_duration metric_value=([0-9.e-]+)")


@dataclass(frozen=True, slots=True)
class World:
    """The start of the simulated history, and whether this is the first run."""

    since: datetime
    is_new: bool

    @property
    def now(self) -> datetime:
        """The present time of this run, for the simulator and the tap."""
        now = datetime.now(UTC).replace(microsecond=0)
        return now - HELD_BACK if self.is_new else now


def main() -> int:
    """Run the demo once; return the exit code."""
    for number in SIGNALS:
        signal.signal(number, leave)
    try:
        demonstrate()
    except DemoError as error:
        sys.stdout.flush()
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"demo: {error}; `rm -r {shown(FOLDER)}` starts anew.", file=sys.stderr)
        return 1
    except Interrupted as interruption:
        print("\ndemo: interrupted; the simulator is stopped.", file=sys.stderr)
        return 128 + interruption.signal
    return 0


def demonstrate() -> None:
    """Start the simulator, run Meltano, compare the rows, and print the results.

    Raises:
        DemoError: A step failed, or a row is missing.
    """
    require_installation()
    FOLDER.mkdir(exist_ok=True)
    world = find_world()
    now = world.now
    with Children() as children:
        url = start_simulator(children, world.since, now)
        print(
            f"A simulated org: about {PER_DAY} conversations a day since {world.since:%Y-%m-%d}; "
            f"its clock is at {now:%Y-%m-%d %H:%M} UTC."
        )
        before = {} if world.is_new else row_counts()
        if not world.is_new:
            print(
                f"Incremental: Meltano's bookmark is {bookmark()}, "
                "and open conversations are read again."
            )
        seconds = run_meltano(children, url, world, now)
        held = holdings(url, world.since, now)
    after = row_counts()
    times = sync_times()
    results = [
        Loaded(
            stream,
            count,
            after.get(stream, 0),
            after.get(stream, 0) - before.get(stream, 0),
            times.get(stream),
        )
        for stream, count in held.items()
    ]
    show_results(results, is_incremental=not world.is_new)
    tables = {name: count for name, count in after.items() if name not in held}
    print(
        f"\nFurther tables, not counted in the org: {len(tables)}, {sum(tables.values()):,} rows."
    )
    missing = [result.stream for result in results if result.held != result.arrived]
    if missing:
        msg = (
            f"{', '.join(missing)}: row counts differ from the simulator's. The log is "
            f"{shown(MELTANO_LOG)}; `rm -r {shown(FOLDER)}` starts anew."
        )
        raise DemoError(msg)
    remember(world)
    has_page = os.environ.get("PAGE") != "no"
    if has_page:
        make_page()
    show_closing(results, tables, seconds, has_page=has_page, is_new=world.is_new)


def require_installation() -> None:
    """Check that all programs of the demo are installed.

    Raises:
        DemoError: A program is missing.
    """
    for program in (PYTHON, MELTANO, DUCKDB_PYTHON):
        if not program.exists():
            msg = f"{shown(program)} is missing; `make demo` installs it."
            raise DemoError(msg)


def find_world() -> World:
    """Return the world of earlier runs; if there is none, a new world, without a database."""
    if WORLD.exists() and DATABASE.exists():
        since = json.loads(WORLD.read_text(encoding="utf-8"))["since"]
        return World(datetime.fromisoformat(since), is_new=False)
    for leftover in (DATABASE, DATABASE.with_name(f"{DATABASE.name}.wal")):
        leftover.unlink(missing_ok=True)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return World(today - HISTORY, is_new=True)


def remember(world: World) -> None:
    """Save the world for later runs, after a complete run."""
    WORLD.write_text(json.dumps({"since": iso(world.since)}) + "\n", encoding="utf-8")


def start_simulator(children: Children, since: datetime, now: datetime) -> str:
    """Start the simulator, and return its URL."""
    command = [str(PYTHON), "-m", "tap_genesys.simulator", "--port", "0"]
    command += ["--per-day", str(PER_DAY), "--since", iso(since), "--now", iso(now)]
    command += ["--service-levels", "--profile", "typical"]
    with SIMULATOR_LOG.open("w", encoding="utf-8") as log:
        process = children.start(command, clean_environment(), stdout=subprocess.PIPE, stderr=log)
    return address(process)


def run_meltano(children: Children, url: str, world: World, now: datetime) -> float:
    """Load everything into DuckDB with Meltano, and build the marts; return the seconds.

    Raises:
        DemoError: Meltano failed; the end of its log has been printed.
    """
    arguments = ["run", "tap-genesys", "target-duckdb", "dbt-duckdb:build-all"]
    print(f"meltano --environment=demo {' '.join(arguments)} ...", flush=True)
    if world.is_new:
        # An older world's bookmark may still be in Meltano's own database.
        arguments.insert(1, "--full-refresh")
    settings = {
        "TAP_GENESYS_API_URL": url,
        "TAP_GENESYS_LOGIN_URL": url,
        "TAP_GENESYS_CLIENT_ID": "demo",
        "TAP_GENESYS_CLIENT_SECRET": "demo-secret",
        "TAP_GENESYS__SELECT": json.dumps(selection()),
        "TAP_GENESYS_START_DATE": iso(world.since),
        "TAP_GENESYS_END_DATE": iso(now),
        "TAP_GENESYS_SUMMARY_GROUPINGS": json.dumps(GROUPINGS),
        "TAP_GENESYS_REQUESTS_PER_MINUTE": "6000",
        "TAP_GENESYS_WINDOW_DAYS": "7",
        "TAP_GENESYS_JOB_POLL_SECONDS": "0.2",
        "TARGET_DUCKDB_FILEPATH": str(DATABASE),
        "DBT_DUCKDB_PATH": str(DATABASE),
    }
    began = time.monotonic()
    with MELTANO_LOG.open("w", encoding="utf-8") as log:
        environment = clean_environment() | settings
        code = children.start(meltano(*arguments), environment, stdout=log, stderr=log).wait()
    if code != 0:
        lines = MELTANO_LOG.read_text(encoding="utf-8").splitlines()
        print(*lines[-LOG_LINES_SHOWN:], sep="\n", file=sys.stderr)
        msg = f"Meltano ended with code {code}; its whole log is {shown(MELTANO_LOG)}."
        raise DemoError(msg)
    return time.monotonic() - began


def selection() -> list[str]:
    """Return the streams that the demo loads: the tap's defaults, and those of the page."""
    defaults = [str(vars(stream)["name"]) for stream in STREAMS if stream.selected_by_default]
    return [f"{name}.*" for name in (*defaults, *OPTIONAL)]


def bookmark() -> str:
    """Return the bookmark of conversations in Meltano's state.

    Raises:
        DemoError: The state cannot be read.
    """
    process = subprocess.run(  # noqa: S603 - our own program
        meltano("state", "get", STATE_ID),
        cwd=PROJECT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines()
        msg = f"Meltano state get failed: {lines[-1] if lines else 'without a message'}"
        raise DemoError(msg)
    state = json.loads(process.stdout or "{}").get("singer_state", {})
    details = state.get("bookmarks", {}).get("conversation_details", {})
    return str(details.get("replication_key_value", "nowhere"))


def holdings(url: str, since: datetime, now: datetime) -> dict[str, int]:
    """Request the number of rows of each stream from the simulator."""
    span = {"from": iso(since), "to": iso(now)}
    query = urlencode(span | {"grouping": ",".join(GROUPINGS)})
    with urlopen(f"{url}/_simulator/holdings?{query}", timeout=PATIENCE) as response:  # noqa: S310
        held = json.load(response)
    return {stream: held[stream] for stream in sorted(held) if isinstance(held[stream], int)}


def sync_times() -> dict[str, float]:
    """Return the seconds per stream, from the tap's metrics in Meltano's log."""
    times = {}
    stream = ""
    for line in MELTANO_LOG.read_text(encoding="utf-8").splitlines():
        if begins := BEGINS.search(line):
            stream = begins[1]
        elif takes := TAKES.search(line):
            times[stream] = float(takes[1])
    return times


if __name__ == "__main__":
    sys.exit(main())
