"""The demo: a simulated org, through Meltano, into DuckDB; `make demo` installs what it needs.

What it leaves lies in `.demo/`: the database, the beginning of the simulated world, so that the
next run finds the same history and what has happened since, and the logs. Without that folder
everything starts anew.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from urllib.request import urlopen

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
from tables import Loaded, show_answers, show_results

STATE_ID = "demo:tap-genesys-to-target-duckdb"
HISTORY = timedelta(days=14)
PER_DAY = 150
#: What does not change while a conversation goes on. A queue does: it would leave a summary without
#: one behind in the database, which the org no longer has.
GROUPINGS = ("conversation:medium", "conversation:direction")
#: The first run stops short of the present, so that the second has something to add.
HELD_BACK = timedelta(hours=6)
LOG_LINES_SHOWN = 30

BEGINS = re.compile(r"Beginning sync of '(\w+)'")
TAKES = re.compile(r"metric_name=sync_duration metric_value=([0-9.e-]+)")


@dataclass(frozen=True, slots=True)
class World:
    """When the simulated history begins, and whether this is the first run in it."""

    since: datetime
    is_new: bool

    @property
    def now(self) -> datetime:
        """The present of this run, for the simulator and for the tap."""
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
    """Simulate, run, compare, and answer one question.

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
            f"its clock says {now:%Y-%m-%d %H:%M} UTC."
        )
        before = {} if world.is_new else row_counts()
        if not world.is_new:
            print(
                f"Incremental: Meltano's bookmark is {bookmark()}, "
                "and what is still going on is read once more."
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
    print(f"\nMade of the conversations: {len(tables)} tables with {sum(tables.values()):,} rows.")
    missing = [result.stream for result in results if result.held != result.arrived]
    if missing:
        msg = (
            f"{', '.join(missing)}: not what the simulator holds. The log is "
            f"{shown(MELTANO_LOG)}; `rm -r {shown(FOLDER)}` starts anew."
        )
        raise DemoError(msg)
    remember(world)
    new = sum(result.new for result in results)
    print(
        f"\nEvery row has arrived; {new:,} are new. "
        f"It took {seconds:.0f} seconds with Meltano's start."
    )
    show_answers()
    if world.is_new:
        print("Run `make demo` again: six hours pass in that org, and only they are new.")


def require_installation() -> None:
    """Check that everything the demo starts is there.

    Raises:
        DemoError: Something is not.
    """
    for program in (PYTHON, MELTANO, DUCKDB_PYTHON):
        if not program.exists():
            msg = f"{shown(program)} is missing; `make demo` installs it."
            raise DemoError(msg)


def find_world() -> World:
    """Return the world of the earlier runs; without one, a new world and no database."""
    if WORLD.exists() and DATABASE.exists():
        since = json.loads(WORLD.read_text(encoding="utf-8"))["since"]
        return World(datetime.fromisoformat(since), is_new=False)
    for leftover in (DATABASE, DATABASE.with_name(f"{DATABASE.name}.wal")):
        leftover.unlink(missing_ok=True)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return World(today - HISTORY, is_new=True)


def remember(world: World) -> None:
    """Let later runs go on in this world, whose first run is complete."""
    WORLD.write_text(json.dumps({"since": iso(world.since)}) + "\n", encoding="utf-8")


def start_simulator(children: Children, since: datetime, now: datetime) -> str:
    """Start the simulator and return its address."""
    command = [str(PYTHON), "-m", "tap_genesys.simulator", "--port", "0"]
    command += ["--per-day", str(PER_DAY), "--since", iso(since), "--now", iso(now)]
    with SIMULATOR_LOG.open("w", encoding="utf-8") as log:
        process = children.start(command, clean_environment(), stdout=subprocess.PIPE, stderr=log)
    return address(process)


def run_meltano(children: Children, url: str, world: World, now: datetime) -> float:
    """Let Meltano load everything into DuckDB; return the seconds it took.

    Raises:
        DemoError: It failed; the end of its log is shown.
    """
    arguments = ["run", "tap-genesys", "target-duckdb"]
    print(f"meltano --environment=demo {' '.join(arguments)} ...", flush=True)
    if world.is_new:
        # An older world's bookmark may still be in Meltano's own database.
        arguments.insert(1, "--full-refresh")
    settings = {
        "TAP_GENESYS_API_URL": url,
        "TAP_GENESYS_LOGIN_URL": url,
        "TAP_GENESYS_CLIENT_ID": "demo",
        "TAP_GENESYS_CLIENT_SECRET": "demo-secret",
        "TAP_GENESYS_START_DATE": iso(world.since),
        "TAP_GENESYS_END_DATE": iso(now),
        "TAP_GENESYS_SUMMARY_GROUPINGS": json.dumps(GROUPINGS),
        "TAP_GENESYS_REQUESTS_PER_MINUTE": "6000",
        "TAP_GENESYS_WINDOW_DAYS": "7",
        "TAP_GENESYS_JOB_POLL_SECONDS": "0.2",
        "TARGET_DUCKDB_FILEPATH": str(DATABASE),
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


def bookmark() -> str:
    """Return how far conversations have been read, by the state that Meltano keeps.

    Raises:
        DemoError: Meltano does not tell.
    """
    answer = subprocess.run(  # noqa: S603 - our own program
        meltano("state", "get", STATE_ID),
        cwd=PROJECT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        msg = f"Meltano does not tell its state: {lines[-1] if lines else 'it said nothing'}"
        raise DemoError(msg)
    state = json.loads(answer.stdout or "{}").get("singer_state", {})
    details = state.get("bookmarks", {}).get("conversation_details", {})
    return str(details.get("replication_key_value", "nowhere"))


def holdings(url: str, since: datetime, now: datetime) -> dict[str, int]:
    """Ask the simulator how many rows there are of each stream."""
    span = {"from": iso(since), "to": iso(now)}
    query = urlencode(span | {"grouping": ",".join(GROUPINGS)})
    with urlopen(f"{url}/_simulator/holdings?{query}", timeout=PATIENCE) as answer:  # noqa: S310
        held = json.load(answer)
    return {stream: held[stream] for stream in sorted(held) if isinstance(held[stream], int)}


def sync_times() -> dict[str, float]:
    """Return the seconds that each stream took to read, by the tap's metrics in Meltano's log."""
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
