"""Backfill in Dagster: thirty days, four at a time, with a killed worker, and each row once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.loaders import PLUGINS, PYTHON, ROOT, environment, without_zone
from support.postgres import Postgres, binaries
from support.process_tree import children, descendants, is_reading_tap

from orchestrate.groups import GROUPS
from orchestrate.loading import LOADER_SETTINGS, Programs, select
from orchestrate.pipe import pipe
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SINCE = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 30
ENGINE = ROOT / ".venv-orchestrate/bin"
LOADER = PLUGINS / "loaders/target-postgres/venv/bin/target-postgres"
PATIENCE = 60
#: Long for a busy machine; nothing waits for it when all goes well.
LONGEST = 500
HASTE = "run_queue: {dequeue_interval_seconds: 1, dequeue_use_threads: true}\n"
CODE = ["-m", "orchestrate.definitions"]
STATE = """\
import json, dagster as dg
from orchestrate.definitions import defs
with dg.DagsterInstance.get() as instance:
    job = defs.resolve_job_def("conversations_takeover_job")
    result = job.execute_in_process(instance=instance)
    (event,) = result.get_asset_materialization_events()
    print(json.dumps(event.materialization.metadata["state"].value))
"""


def require() -> None:
    """Skip the test without Dagster, or fail it if Dagster is required."""
    needed = [PYTHON, ENGINE / "dagster", LOADER, binaries()]
    if all(path is not None and path.exists() for path in needed):
        return
    what = "`make test-orchestrate` installs Dagster and target-postgres, the system PostgreSQL"
    if os.environ.get("REQUIRE_ORCHESTRATE"):
        pytest.fail(what)
    pytest.skip(what)


def settings(sim: Simulator, server: Postgres, home: Path) -> dict[str, str]:
    """Return all environment variables of an engine that loads a simulated org into a server."""
    return environment() | {
        "DAGSTER_HOME": str(home),
        "GENESYS_CLIENT_ID": "demo",
        "GENESYS_CLIENT_SECRET": "demo-secret",
        "TAP_GENESYS_API_URL": sim.url,
        "TAP_GENESYS_LOGIN_URL": sim.url,
        "TAP_GENESYS_JOB_POLL_SECONDS": "0",
        "TARGET_POSTGRES_SQLALCHEMY_URL": server.url,
        "ORCHESTRATE_TAP": f"{PYTHON.parent / 'tap-genesys'} --config=ENV",
        "ORCHESTRATE_LOADER": f"{LOADER} --config={LOADER_SETTINGS} --config=ENV",
        "ORCHESTRATE_SINCE": f"{SINCE:%Y-%m-%d}",
        "ORCHESTRATE_REQUESTS_PER_MINUTE": "24000",
        "ORCHESTRATE_JOBS": "4",
        "ORCHESTRATE_LEAVE_OUT": ",".join(
            name for name in GROUPS["conversations"].tables if name != "conversation_segments"
        ),
    }


def call(given: dict[str, str], *command: str | Path) -> str:
    """Run a program to its end; return its output."""
    run = subprocess.run(  # noqa: S603 - our own programs
        command, cwd=ROOT, env=given, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def backfill(given: dict[str, str], first: datetime, last: datetime) -> None:
    """Launch the backfill of a group's tables and its days, as documented."""
    names = {"tables": "conversations_tables", "days": "conversations"}
    days = {"first": f"{first:%Y-%m-%d}", "last": f"{last:%Y-%m-%d}"}
    mutation, values = ROOT / "orchestrate/backfill.graphql", json.dumps(names | days)
    output = call(given, ENGINE / "dagster-graphql", *CODE, "--file", mutation, "-v", values)
    assert "LaunchBackfillSuccess" in output, output


def runs(home: Path) -> Counter[str]:
    """Count Dagster's runs by status."""
    address = f"file:{home}/history/runs.db?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        return Counter(status for (status,) in database.execute("select status from runs"))


def until(home: Path, daemon: subprocess.Popen[bytes], successes: int) -> Iterator[Counter[str]]:
    """Yield the counts of runs by status until so many have succeeded."""
    end = time.monotonic() + LONGEST
    while (now := runs(home))["SUCCESS"] < successes:
        assert time.monotonic() < end, now
        assert daemon.poll() is None, (home / "daemon.log").read_text()[-3000:]
        yield now
        time.sleep(0.2)


def kill_one_worker(daemon: subprocess.Popen[bytes]) -> bool:
    """Kill a worker with a reading tap, and its two programs, like a lost machine."""
    for worker in descendants(daemon.pid):
        programs = children(worker)
        taps = [pid for pid in programs if is_reading_tap(pid)]
        if not taps:
            continue
        # It stands still, so that it cannot be at its end when its worker dies.
        os.kill(taps[0], signal.SIGSTOP)
        for pid in (worker, *programs):
            os.kill(pid, signal.SIGKILL)
        return True
    return False


@pytest.mark.integration
def test_a_backfill_loads_everything_once(tmp_path: Path) -> None:
    """30 days, 4 at a time, with a killed worker; then an incremental run goes on."""
    require()
    # The instance that is shipped, with a place more, and looking for work more often.
    shipped = (ROOT / "orchestrate/dagster.yaml").read_text("utf-8")
    wider = shipped.replace("default_limit: 3", "default_limit: 4")
    assert wider != shipped
    (tmp_path / "dagster.yaml").write_text(wider + HASTE)
    end = SINCE + DAYS * DAY
    world = World(seed=3, per_day=10, since=SINCE, now=end + DAY, until=end)
    with Simulator(world) as sim, Postgres() as server:
        given = settings(sim, server, tmp_path)
        backfill(given, SINCE, end - DAY)
        with (tmp_path / "daemon.log").open("wb") as log:
            daemon = subprocess.Popen(  # noqa: S603 - our own program
                [ENGINE / "dagster-daemon", "run", *CODE],
                cwd=ROOT,
                env=given,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            # The tables come alone, the days after them.
            for now in until(tmp_path, daemon, 1):
                assert now.total() <= 1
            assert server.query("select count(*) from genesys.conversation_details") == [[0]]
            is_killed, most = False, 0
            for now in until(tmp_path, daemon, 1 + DAYS):
                is_killed = is_killed or kill_one_worker(daemon)
                most = max(most, now["STARTING"] + now["STARTED"])
        finally:
            daemon.terminate()
            daemon.wait(PATIENCE)
        # The one that was killed, and no other, has failed; its day came with another run.
        assert runs(tmp_path) == {"SUCCESS": 1 + DAYS, "FAILURE": 1}
        assert most == 4
        hold(server, world)
        state = json.loads(call(given, ENGINE / "python", "-c", STATE).splitlines()[-1])
        later = world.at(end + 9 * DAY)
        assert ends(later) != ends(world)
        go_on(later, given, state, tmp_path)
        hold(server, later)


def go_on(world: World, given: dict[str, str], state: dict[str, Any], folder: Path) -> None:
    """Start one incremental run."""
    programs = Programs.of(given)
    (folder / "state.json").write_text(json.dumps(state))
    group = GROUPS["conversations"]
    left_out = set(given["ORCHESTRATE_LEAVE_OUT"].split(","))
    catalog = json.loads(call(programs.for_tap({}), *programs.tap, "--discover"))
    (folder / "catalog.json").write_text(json.dumps(select(catalog, group, left_out)))
    files = ["--catalog", str(folder / "catalog.json"), "--state", str(folder / "state.json")]
    with Simulator(world) as sim:
        of_it = {
            "TAP_GENESYS_API_URL": sim.url,
            "TAP_GENESYS_LOGIN_URL": sim.url,
            "TAP_GENESYS_START_DATE": iso(SINCE),
            "TAP_GENESYS_END_DATE": iso(world.now),
            "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
            "TAP_GENESYS_WINDOW_DAYS": "31",
            "TAP_GENESYS_REQUESTS_PER_MINUTE": "6000",
        }
        outcome = pipe(
            [*programs.tap, *files],
            programs.loader,
            tap_environment=programs.for_tap(of_it),
            loader_environment=programs.for_loader(),
        )
    assert (outcome.tap, outcome.loader) == (0, 0)


def ends(world: World) -> dict[str, object]:
    """Return the end of each conversation in the simulator."""
    truth = (world.in_lake(number) for number in world.numbers(SINCE, world.now))
    return {row["conversationId"]: without_zone(row.get("conversationEnd")) for row in truth}


def hold(server: Postgres, world: World) -> None:
    """Check that each conversation and each segment of the simulator is loaded once."""
    rows = server.query(
        'select "conversationId", "conversationEnd" from genesys.conversation_details'
    )
    assert {key: without_zone(value) for key, value in rows} == ends(world)
    assert len(rows) == len(ends(world))
    truth = (world.in_lake(number) for number in world.numbers(SINCE, world.now))
    segments = sum(
        len(session["segments"])
        for row in truth
        for participant in row["participants"]
        for session in participant["sessions"]
    )
    sql = "select count(*) as n, count(distinct _id) as d from genesys.conversation_segments"
    assert server.query(sql) == [[segments, segments]]
