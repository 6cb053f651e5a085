"""History, day by day, with several workers: each keeps to its share, and all arrives once."""

from __future__ import annotations

import ast
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from loading import PLUGINS, PYTHON, ROOT, environment
from servers import Postgres, binaries
from test_warehouse import descendants, is_tap, plain

from orchestrate.errors import SetupError
from orchestrate.groups import GROUPS
from orchestrate.loading import Programs, select, settings_of
from orchestrate.pipe import pipe
from orchestrate.shares import Share, share
from orchestrate.states import behind, takeover
from tap_genesys.simulator import Simulator, World
from tap_genesys.streams import STREAMS
from tap_genesys.windows import DAY, iso

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 30
ENGINE = ROOT / ".venv-orchestrate/bin"
LOADER = PLUGINS / "loaders/target-postgres/venv/bin/target-postgres"
PATIENCE = 60
#: Long for a busy machine; nothing waits for it when all goes well.
LONGEST = 600
CODE = ["-m", "orchestrate.definitions"]
TELL = """\
import json, dagster as dg
from orchestrate.definitions import defs
with dg.DagsterInstance.get() as instance:
    made = defs.resolve_job_def("conversations_takeover_job").execute_in_process(instance=instance)
    (event,) = made.get_asset_materialization_events()
    print(json.dumps(event.materialization.metadata["state"].value))
"""


def test_shares_add_up_to_the_budget() -> None:
    assert share({}, 3) == Share(100, 1)
    given = {"ORCHESTRATE_REQUESTS_PER_MINUTE": "200", "ORCHESTRATE_JOBS": "9"}
    assert share(given, 4) == Share(50, 2)


@pytest.mark.parametrize(
    ("given", "workers", "words"),
    [
        ({}, 4, "ORCHESTRATE_JOBS is 3"),
        ({}, 0, "0 places"),
        ({"ORCHESTRATE_REQUESTS_PER_MINUTE": "2"}, 3, "is 2 for 3 workers"),
        ({"ORCHESTRATE_JOBS": "many"}, 3, "ORCHESTRATE_JOBS is 'many'"),
    ],
)
def test_a_budget_that_does_not_suffice_is_told(
    given: dict[str, str], workers: int, words: str
) -> None:
    with pytest.raises(SetupError, match=words):
        share(given, workers)


def test_a_share_wins_over_the_workers_environment() -> None:
    """Whoever sets the tap's pace for all cannot break the budget by it."""
    programs = Programs.of({"TAP_GENESYS_REQUESTS_PER_MINUTE": "300", "TARGET_X": "secret"})
    settings = settings_of(SINCE, SINCE + DAY, Share(75, 1))
    assert programs.for_tap(settings)["TAP_GENESYS_REQUESTS_PER_MINUTE"] == "75"


def test_neither_program_sees_the_others_secrets() -> None:
    given = {
        "GENESYS_CLIENT_SECRET": "a",
        "TAP_GENESYS_PII_HASH_KEY": "b",
        "TARGET_POSTGRES_X": "c",
    }
    programs = Programs.of(given)
    assert set(programs.for_tap({})) == {"GENESYS_CLIENT_SECRET", "TAP_GENESYS_PII_HASH_KEY"}
    assert set(programs.for_loader()) == {"TARGET_POSTGRES_X"}


def test_the_groups_are_streams_of_the_tap() -> None:
    known = {vars(one)["name"] for one in STREAMS}
    assert all(set(group.streams) <= known for group in GROUPS.values())
    with pytest.raises(SetupError, match="user_presences"):
        select({"streams": []}, GROUPS["agents"], set())


def test_a_state_says_how_far_a_day_is_loaded() -> None:
    state = bookmark(SINCE + DAY)
    assert behind(state, ["conversation_details"], SINCE + DAY) == {}
    late = behind(state, ["conversation_details", "users"], SINCE + 2 * DAY)
    assert late == {"conversation_details": iso(SINCE + DAY), "users": "nowhere"}


def bookmark(end: datetime, *, watermark: datetime = SINCE + 9 * DAY, **marks: Any) -> Any:
    """Return the state of a day that was loaded."""
    kept = {"replication_key_value": iso(end), "watermark": iso(watermark), "passes": []}
    return {"bookmarks": {"conversation_details": {**kept, "rechecks": marks.get("rechecks", {})}}}


def test_who_takes_over_begins_where_the_first_day_was_read() -> None:
    """What went on when a day was read was active after the watermark of then."""
    early = SINCE + DAY + timedelta(hours=3)
    states = {
        SINCE: bookmark(SINCE + DAY, watermark=early, rechecks={"7": iso(SINCE)}),
        SINCE + DAY: bookmark(SINCE + 2 * DAY, rechecks={"7": iso(SINCE + 2 * DAY)}),
    }
    made = takeover(states, ["conversation_details"])["bookmarks"]["conversation_details"]
    assert made["replication_key_value"] == iso(early)
    assert made["watermark"] == iso(SINCE + 9 * DAY)
    assert made["rechecks"] == {"7": iso(SINCE)}


def test_a_day_that_is_missing_is_told() -> None:
    states = {SINCE: bookmark(SINCE + DAY), SINCE + 2 * DAY: bookmark(SINCE + 3 * DAY)}
    with pytest.raises(SetupError, match="is not loaded from 2025-03-02"):
        takeover(states, ["conversation_details"])
    with pytest.raises(SetupError, match="No day"):
        takeover({}, ["conversation_details"])


@pytest.mark.parametrize(("tap", "loader"), [(3, 0), (0, 4)])
def test_either_programs_code_comes_back(tap: int, loader: int) -> None:
    outcome = pipe(
        [sys.executable, "-c", f"print('{{}}'); exit({tap})"],
        [sys.executable, "-c", f"import sys; print(sys.stdin.read()); exit({loader})"],
        tap_environment={},
        loader_environment={},
    )
    assert (outcome.tap, outcome.loader) == (tap, loader)


def test_a_loader_that_dies_ends_the_tap() -> None:
    outcome = pipe(
        [sys.executable, "-c", "while True: print('x' * 1000)"],
        [sys.executable, "-c", "exit(5)"],
        tap_environment={},
        loader_environment={},
    )
    assert outcome.loader == 5
    assert outcome.tap != 0


def require() -> None:
    """Skip without Dagster, or fail where it has to be there."""
    needed = [PYTHON, ENGINE / "dagster", LOADER, binaries()]
    if all(path is not None and path.exists() for path in needed):
        return
    what = "`make test-orchestrate` installs Dagster and target-postgres; PostgreSQL comes from the system"
    if os.environ.get("REQUIRE_ORCHESTRATE"):
        pytest.fail(what)
    pytest.skip(what)


def settings(sim: Simulator, server: Postgres, home: Path) -> dict[str, str]:
    """Return the whole environment of an engine that loads a simulated org into a server."""
    kept = {name: value for name, value in environment().items() if not name.startswith("PYTHON")}
    return kept | {
        # Compiled once for all of the programs that start.
        "PYTHONPYCACHEPREFIX": str(home / "compiled"),
        "DAGSTER_HOME": str(home),
        "GENESYS_CLIENT_ID": "demo",
        "GENESYS_CLIENT_SECRET": "demo-secret",
        "TAP_GENESYS_API_URL": sim.url,
        "TAP_GENESYS_LOGIN_URL": sim.url,
        "TAP_GENESYS_JOB_POLL_SECONDS": "0",
        "TARGET_POSTGRES_SQLALCHEMY_URL": server.url,
        "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "genesys",
        "TARGET_POSTGRES_VALIDATE_RECORDS": "false",
        "ORCHESTRATE_TAP": f"{PYTHON.parent / 'tap-genesys'} --config=ENV",
        "ORCHESTRATE_LOADER": f"{LOADER} --config=ENV",
        "ORCHESTRATE_SINCE": f"{SINCE:%Y-%m-%d}",
        "ORCHESTRATE_REQUESTS_PER_MINUTE": "24000",
        "ORCHESTRATE_JOBS": "4",
        "ORCHESTRATE_LEAVE_OUT": ",".join(
            name for name in GROUPS["conversations"].tables if name != "conversation_segments"
        ),
    }


def call(given: dict[str, str], *command: str | Path) -> str:
    """Run a program to its end; return what it printed."""
    run = subprocess.run(  # noqa: S603 - our own programs
        command, cwd=ROOT, env=given, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def runs(home: Path) -> Counter[str]:
    """Count Dagster's runs by how they stand."""
    with sqlite3.connect(f"file:{home}/history/runs.db?mode=ro", uri=True) as database:
        return Counter(status for (status,) in database.execute("select status from runs"))


def until(home: Path, daemon: subprocess.Popen[bytes], successes: int) -> Iterator[Counter[str]]:
    """Yield how the runs stand, until so many have succeeded."""
    end = time.monotonic() + LONGEST
    while (now := runs(home))["SUCCESS"] < successes:
        assert time.monotonic() < end, now
        assert daemon.poll() is None, (home / "daemon.log").read_text()[-3000:]
        yield now
        time.sleep(0.2)


def kill_one_worker(daemon: subprocess.Popen[bytes]) -> bool:
    """Kill a worker whose tap is at work, and its two programs, as if their machine was gone."""
    for worker in descendants(daemon.pid):
        programs = children(worker)
        taps = [one for one in programs if is_loading(one)]
        if not taps:
            continue
        # It stands still, so that it cannot be at its end when its worker dies.
        os.kill(taps[0], signal.SIGSTOP)
        for one in (worker, *programs):
            os.kill(one, signal.SIGKILL)
        return True
    return False


def children(pid: int) -> list[int]:
    """Return the processes that one has started, none where it is gone."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(one) for each in threads for one in (each / "children").read_text().split()]
    except OSError:
        return []


def is_loading(pid: int) -> bool:
    """Return whether a process is a tap that reads."""
    try:
        return is_tap(pid) and b"--catalog" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_backfill_brings_everything_once(tmp_path: Path) -> None:
    """30 days, 4 at a time, a worker killed; then one incremental run brings what went on."""
    require()
    # The instance that is shipped, with a place more, and looking for work more often.
    shipped = (ROOT / "orchestrate/dagster.yaml").read_text("utf-8")
    wider = shipped.replace("default_limit: 3", "default_limit: 4")
    assert wider != shipped
    (tmp_path / "dagster.yaml").write_text(wider + "run_queue: {dequeue_interval_seconds: 1}\n")
    end = SINCE + DAYS * DAY
    world = World(seed=3, per_day=10, since=SINCE, now=end + DAY, until=end)
    with Simulator(world) as sim, Postgres() as server:
        given = settings(sim, server, tmp_path)
        dagster = ENGINE / "dagster"
        call(given, dagster, "job", "launch", *CODE, "-j", "conversations_tables_job")
        with (tmp_path / "daemon.log").open("wb") as log:
            daemon = subprocess.Popen(  # noqa: S603 - our own program
                [ENGINE / "dagster-daemon", "run", *CODE],
                cwd=ROOT,
                env=given,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            for now in until(tmp_path, daemon, 1):
                assert not now["FAILURE"], (tmp_path / "daemon.log").read_text()[-3000:]
            assert server.ask("select count(*) from genesys.conversation_details") == [[0]]
            last = f"{end - DAY:%Y-%m-%d}"
            span = ["--from", f"{SINCE:%Y-%m-%d}", "--to", last, "--noprompt"]
            call(given, dagster, "job", "backfill", *CODE, "-j", "conversations_job", *span)
            is_killed, most = False, 0
            for now in until(tmp_path, daemon, 1 + DAYS):
                is_killed = is_killed or kill_one_worker(daemon)
                most = max(most, now["STARTING"] + now["STARTED"])
        finally:
            daemon.terminate()
            daemon.wait(PATIENCE)
        # The one that was killed, and no other, has failed; its day came with another run.
        assert runs(tmp_path) == {"SUCCESS": 1 + DAYS, "FAILURE": 1}
        assert 1 < most <= 4
        hold(server, world)
        state = json.loads(call(given, ENGINE / "python", "-c", TELL).splitlines()[-1])
        later = world.at(end + 9 * DAY)
        assert ends(later) != ends(world)
        go_on(later, given, state, tmp_path)
        hold(server, later)


def go_on(world: World, given: dict[str, str], state: dict[str, Any], folder: Path) -> None:
    """Let one incremental run take over."""
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
            "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "jobs",
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
    """Return when each conversation ended, by the truth."""
    truth = (world.in_lake(number) for number in world.numbers(SINCE, world.now))
    return {row["conversationId"]: plain(row.get("conversationEnd")) for row in truth}


def hold(server: Postgres, world: World) -> None:
    """Hold what is loaded against the truth: each conversation once, each segment once."""
    rows = server.ask(
        'select "conversationId", "conversationEnd" from genesys.conversation_details'
    )
    assert {key: plain(value) for key, value in rows} == ends(world)
    assert len(rows) == len(ends(world))
    truth = (world.in_lake(number) for number in world.numbers(SINCE, world.now))
    segments = sum(
        len(session["segments"])
        for row in truth
        for participant in row["participants"]
        for session in participant["sessions"]
    )
    asked = "select count(*) as n, count(distinct _id) as d from genesys.conversation_segments"
    assert server.ask(asked) == [[segments, segments]]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "orchestrate").glob("*.py")), ids=lambda one: one.stem
)
def test_the_worker_needs_python_alone(path: Path) -> None:
    """Any scheduler can start it; only Dagster's own module needs Dagster."""
    tree = ast.parse(path.read_text("utf-8"))
    names = {
        one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names
    }
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"orchestrate"}
    assert foreign == ({"dagster"} if path.stem == "definitions" else set())
