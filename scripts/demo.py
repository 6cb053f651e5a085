"""The demo: a simulated org, through Meltano, into DuckDB; `make demo` installs what it needs.

What it leaves lies in `.demo/`: the database, the beginning of the simulated world, so that the
next run finds the same history and what has happened since, and the logs. Without that folder
everything starts anew.
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
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType
    from typing import IO, Self

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / ".demo"
DATABASE = FOLDER / "conversations.duckdb"
WORLD = FOLDER / "world.json"
MELTANO_LOG = FOLDER / "meltano.log"
SIMULATOR_LOG = FOLDER / "simulator.log"
QUESTION = FOLDER / "handle_time.sql"

PYTHON = PROJECT / ".venv/bin/python"
MELTANO = PROJECT / ".venv-meltano/bin/meltano"
#: The only Python that has the DuckDB which wrote the database.
DUCKDB_PYTHON = PROJECT / ".meltano/loaders/target-duckdb/venv/bin/python"

STATE_ID = "demo:tap-genesys-to-target-duckdb"
HISTORY = timedelta(days=14)
PER_DAY = 150
#: What does not change while a conversation goes on. A queue does: it would leave a summary without
#: one behind in the database, which the org no longer has.
GROUPINGS = ("conversation:medium", "conversation:direction")
#: The first run stops short of the present, so that the second has something to add.
HELD_BACK = timedelta(hours=6)
#: Seconds for the simulator to make its world up, and for a process to leave.
PATIENCE = 20.0
DAYS_SHOWN = 5
LOG_LINES_SHOWN = 30

SIGNALS = (signal.SIGINT, signal.SIGTERM)
BEGINS = re.compile(r"Beginning sync of '(\w+)'")
TAKES = re.compile(r"metric_name=sync_duration metric_value=([0-9.e-]+)")

READ = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as database:
    json.dump(database.execute(sys.stdin.read()).fetchall(), sys.stdout, default=str)
"""

AVERAGE_HANDLE_TIME = """\
-- Average handle time of calls, in seconds, per queue and day.
with sessions as (
  select conversationstart::date as day,
    unnest(json_extract(participants, '$[*].sessions[*]')) as one_session
  from genesys.conversation_details
), measured as (
  select day,
    list_filter(json_extract_string(one_session, '$.segments[*].queueId'), id -> id is not null)[1]
      as queue_id,
    unnest(json_extract(one_session, '$.metrics[*]')) as metric
  from sessions
  where one_session->>'mediaType' = 'voice'
), handled as (
  select day, queue_id, (metric->>'value')::double / 1000 as seconds
  from measured
  where metric->>'name' = 'tHandle'
)
select queues.name as queue, day, count(*) as handled, avg(seconds) as average
from handled join genesys.routing_queues as queues on queues.id = queue_id
group by all
order by queue, day
"""


class DemoError(Exception):
    """The demo cannot go on; the message is the line that says why."""


class Interrupted(BaseException):
    """A signal asks the demo to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


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


@dataclass(frozen=True, slots=True)
class Loaded:
    """One stream: rows that the simulator holds, that DuckDB has, that are new, and the time."""

    stream: str
    held: int
    arrived: int
    new: int
    seconds: float | None


class Children:
    """Processes that are started here, and are ended with those that they start, in any event."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[str]] = []
        self._signals: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        handlers = [signal.signal(number, signal.SIG_IGN) for number in SIGNALS]
        for process in reversed(self._started):
            self._stop(process)
        for number, handler in zip(SIGNALS, handlers, strict=True):
            signal.signal(number, handler)

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdout: IO[str] | int,
        stderr: IO[str],
    ) -> subprocess.Popen[str]:
        """Start a program; a signal that comes meanwhile counts once the process is known."""
        handlers = [signal.signal(number, self._note) for number in SIGNALS]
        try:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                command,
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )
            self._started.append(process)
        finally:
            for number, handler in zip(SIGNALS, handlers, strict=True):
                signal.signal(number, handler)
        for noted in self._signals:
            signal.raise_signal(noted)
        return process

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _stop(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.stdout:
            process.stdout.close()


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
                "and what began up to a day earlier is read once more."
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
        f"It took {seconds:.0f} seconds, most of them Meltano's start."
    )
    show_handle_time()
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


def address(process: subprocess.Popen[str]) -> str:
    """Return the address in the simulator's first line.

    Raises:
        DemoError: No such line came in time.
    """
    deadline = Timer(PATIENCE, process.terminate)
    deadline.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        deadline.cancel()
    _, found, url = line.strip().rpartition(" at ")
    if not found:
        lines = SIMULATOR_LOG.read_text(encoding="utf-8").splitlines()
        msg = f"the simulator did not start: {lines[-1] if lines else 'it said nothing'}"
        raise DemoError(msg)
    return url


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


def meltano(*arguments: str) -> list[str]:
    """Return the command that calls Meltano, blind to the `.env` of a real org."""
    absent = FOLDER / "no.env"
    return [str(MELTANO), "--environment=demo", f"--env-file={absent}", *arguments]


def clean_environment() -> dict[str, str]:
    """Return the environment without settings that are meant for a real org."""
    prefixes = ("TAP_", "TARGET_", "MELTANO_", "GENESYS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"MELTANO_CLI_DISABLE_VERSION_CHECK": "1", "NO_COLOR": "1"}


def holdings(url: str, since: datetime, now: datetime) -> dict[str, int]:
    """Ask the simulator how many rows there are of each stream."""
    span = {"from": iso(since), "to": iso(now)}
    query = urlencode(span | {"grouping": ",".join(GROUPINGS)})
    with urlopen(f"{url}/_simulator/holdings?{query}", timeout=PATIENCE) as answer:  # noqa: S310
        held = json.load(answer)
    return {stream: held[stream] for stream in sorted(held) if isinstance(held[stream], int)}


def row_counts() -> dict[str, int]:
    """Return the number of rows of each table in the database."""
    tables = ask("select table_name from duckdb_tables() where schema_name = 'genesys'")
    if not tables:
        return {}
    counts = " union all ".join(
        f"select '{table}', count(*) from genesys.{table}"  # noqa: S608 - tables' own names
        for (table,) in tables
    )
    return dict(ask(counts))


def ask(sql: str) -> list[list[Any]]:
    """Return the rows that answer a question to the database.

    Raises:
        DemoError: DuckDB does not answer.
    """
    answer = subprocess.run(  # noqa: S603 - our own program
        [str(DUCKDB_PYTHON), "-c", READ, str(DATABASE)],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        msg = f"DuckDB does not answer: {lines[-1] if lines else 'it said nothing'}"
        raise DemoError(msg)
    rows: list[list[Any]] = json.loads(answer.stdout)
    return rows


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


def show_results(results: Sequence[Loaded], *, is_incremental: bool) -> None:
    """Print what was held, what arrived, and what of that is new."""
    header = ["stream", "held", "arrived", *(["new"] if is_incremental else []), "seconds"]
    rows = [
        [
            result.stream,
            f"{result.held:,}",
            f"{result.arrived:,}",
            *([f"{result.new:,}"] if is_incremental else []),
            "" if result.seconds is None else f"{result.seconds:.1f}",
        ]
        for result in results
    ]
    show_table(header, rows)


def show_handle_time() -> None:
    """Print the question that a manager would ask, answered for the last days."""
    QUESTION.write_text(AVERAGE_HANDLE_TIME, encoding="utf-8")
    answer = ask(AVERAGE_HANDLE_TIME)
    days = sorted({day for _, day, _, _ in answer})[-DAYS_SHOWN:]
    times = {(queue, day): minutes(seconds) for queue, day, _, seconds in answer}
    queues = sorted({queue for queue, _ in times})
    print("\nAverage handle time of calls per queue and day, in minutes:seconds")
    show_table(
        ["queue", *days],
        [[queue, *(times.get((queue, day), "") for day in days)] for queue in queues],
    )
    print(f"\nThe database is {shown(DATABASE)}, that question's SQL {shown(QUESTION)}.")


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    print()
    for row in (header, *rows):
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())


def minutes(seconds: float) -> str:
    """Write a duration as 4:05."""
    whole, rest = divmod(round(seconds), 60)
    return f"{whole}:{rest:02}"


def iso(moment: datetime) -> str:
    """Write a moment as settings and flags take it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(path: Path) -> str:
    """Return a path as seen from the project."""
    return str(path.relative_to(PROJECT))


def leave(number: int, _frame: FrameType | None) -> None:
    """Leave, past what is to be stopped.

    Raises:
        Interrupted: Always.
    """
    raise Interrupted(number)


if __name__ == "__main__":
    sys.exit(main())
