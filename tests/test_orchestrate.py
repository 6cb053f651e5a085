"""One worker's load: its share, its programs, its state. `test_backfill` has many at once."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import run
from support.loaders import ROOT
from support.process_tree import arguments

from orchestrate.errors import LoadError, NotYetError, SetupError
from orchestrate.groups import GROUPS
from orchestrate.loading import Programs, catalog_of, load, select, settings_of
from orchestrate.pipe import pipe
from orchestrate.shares import Share, share
from orchestrate.states import behind, takeover
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrate.groups import Group

SINCE = datetime(2025, 3, 1, tzinfo=UTC)


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


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_a_day_of_each_group_counts_as_loaded_and_is_taken_over(group: Group) -> None:
    """Each stream that is listed as bookmarked has a bookmark, and those alone are looked at."""
    states = {}
    with Simulator(World(per_day=5, since=SINCE, now=SINCE + 9 * DAY)) as sim:
        for day in (SINCE, SINCE + DAY):
            output = run(
                sim,
                *group.streams,
                start_date=iso(day),
                end_date=iso(day + DAY),
                conversation_details_source="job",
                fail_on_skipped_streams=True,
            )
            assert behind(output.state, group.bookmarked, day + DAY) == {}
            assert behind(output.state, group.bookmarked, day + 2 * DAY).keys() == {
                *group.bookmarked
            }
            states[day] = output.state
    bookmarks = takeover(states, group.bookmarked)["bookmarks"]
    assert {name: values["replication_key_value"] for name, values in bookmarks.items()} == (
        dict.fromkeys(group.bookmarked, iso(SINCE + 2 * DAY))
    )


def test_a_table_of_a_group_may_be_left_out() -> None:
    """What is made of another stream's responses does not mark how far a day was read."""
    entry: dict[str, Any] = {"metadata": [{"breadcrumb": [], "metadata": {}}]}
    catalog = {"streams": [{"tap_stream_id": name, **entry} for name in GROUPS["agents"].streams]}
    chosen = select(catalog, GROUPS["agents"], {"user_routing_statuses"})["streams"]
    assert [stream["tap_stream_id"] for stream in chosen] == ["user_presences"]


def bookmark(end: datetime, *, watermark: datetime = SINCE + 9 * DAY, **marks: Any) -> Any:
    """Return the state of a day that was loaded."""
    kept = {"replication_key_value": iso(end), "watermark": iso(watermark), "queryPasses": []}
    return {"bookmarks": {"conversation_details": {**kept, "recheckedUpTo": {}, **marks}}}


def test_who_takes_over_begins_where_the_first_day_was_read() -> None:
    """What went on when a day was read was active after the watermark of then."""
    early = SINCE + DAY + timedelta(hours=3)
    states = {
        SINCE: bookmark(SINCE + DAY, watermark=early, recheckedUpTo={"7": iso(SINCE)}),
        SINCE + DAY: bookmark(SINCE + 2 * DAY, recheckedUpTo={"7": iso(SINCE + 2 * DAY)}),
    }
    made = takeover(states, ["conversation_details"])["bookmarks"]["conversation_details"]
    assert made["replication_key_value"] == iso(early)
    assert made["watermark"] == iso(SINCE + 9 * DAY)
    assert made["recheckedUpTo"] == {"7": iso(SINCE)}


def test_aggregates_are_read_again_from_the_first_day_that_needs_it() -> None:
    """Days are loaded apart, each with marks of its own; one without marks plays no part."""
    name = "conversation_aggregates"
    ends = [SINCE + day * DAY for day in (1, 2, 3, 4)]
    marks = [{}, *({"1": iso(end), "3": iso(end - DAY)} for end in ends[1:])]
    states = {
        end - DAY: {"bookmarks": {name: {"replication_key_value": iso(end), "recheckedUpTo": mark}}}
        for end, mark in zip(ends, marks, strict=True)
    }
    made = takeover(states, [name])["bookmarks"][name]
    assert made == {
        "replication_key_value": iso(ends[-1]),
        "recheckedUpTo": {"1": iso(ends[-1]), "3": iso(SINCE + DAY)},
    }
    del states[SINCE + 3 * DAY]["bookmarks"][name]["recheckedUpTo"]
    assert "recheckedUpTo" not in takeover(states, [name])["bookmarks"][name]


def test_days_that_an_earlier_version_loaded_are_taken_over_too() -> None:
    """Their marks had another name; the last day may be of either version."""
    name, mark = "conversation_aggregates", {"7": iso(SINCE)}
    keys = ("rechecks", "recheckedUpTo")
    for last in keys:
        states = {
            SINCE + day * DAY: {
                "bookmarks": {name: {"replication_key_value": iso(SINCE + (day + 1) * DAY)}}
            }
            for day in (0, 1)
        }
        for state, key in zip(states.values(), ("rechecks", last), strict=True):
            state["bookmarks"][name][key] = mark  # type: ignore[assignment]
        assert takeover(states, [name])["bookmarks"][name] == {
            "replication_key_value": iso(SINCE + 2 * DAY),
            "recheckedUpTo": mark,
        }


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


#: Takes its time, so that the pipe is full, and tells how much came.
SLOW = """
import json, sys, time
size = 0
while found := sys.stdin.buffer.raw.read(5000):
    size += len(found)
    time.sleep(0.001)
print(json.dumps({"size": size}))
"""


def test_signals_lose_nothing_of_what_goes_through() -> None:
    """A write that a signal breaks into writes a part."""
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        outcome = pipe(
            [sys.executable, "-c", "print('x' * 1_999_999)"],
            [sys.executable, "-c", SLOW],
            tap_environment={},
            loader_environment={},
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert outcome.state == {"size": 2_000_000}


#: A worker that tells who it is, with a tap that does not end by itself.
WORKER = """
import sys
from orchestrate.pipe import pipe
tap = "import os, sys\\nsys.stderr.write(f'{os.getpid()}\\\\n')\\nwhile True: print('x' * 1000)"
loader = "import os, sys\\nsys.stderr.write(f'{os.getpid()}\\\\n')\\nfor line in sys.stdin: pass"
pipe([sys.executable, "-c", tap], [sys.executable, "-c", loader],
     tap_environment={}, loader_environment={})
"""


def test_nothing_outlives_a_worker_that_is_killed() -> None:
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", WORKER], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stderr
        started = [int(worker.stderr.readline()) for _ in range(2)]
        worker.kill()
        # Its end comes once nobody has it open any more: when both programs are gone.
        worker.stderr.read()
    assert not any(arguments(one) for one in started)


def test_a_loader_that_dies_ends_the_tap() -> None:
    outcome = pipe(
        [sys.executable, "-c", "while True: print('x' * 1000)"],
        [sys.executable, "-c", "exit(5)"],
        tap_environment={},
        loader_environment={},
    )
    assert outcome.loader == 5
    assert outcome.tap != 0


#: Prints a line once its loader has died, and then waits; an alarm ends it, if nothing else does.
QUIET = """
import pathlib, signal, sys, time
signal.alarm(20)
stat = pathlib.Path("/proc", open(sys.argv[1]).read(), "stat")
while stat.read_text().rpartition(") ")[2][0] != "Z":
    time.sleep(0.001)
print("a line", flush=True)
signal.pause()
"""
#: Writes who it is, and ends.
BRIEF = "import os, sys; print(os.getpid(), end='', file=open(sys.argv[1], 'w')); exit(5)"


def test_a_loader_that_dies_ends_a_tap_that_waits(tmp_path: Path) -> None:
    """It may have nothing more to print, and so would never notice."""
    open_end = tmp_path / "open"
    os.mkfifo(open_end)
    outcome = pipe(
        [sys.executable, "-c", QUIET, str(open_end)],
        [sys.executable, "-c", BRIEF, str(open_end)],
        tap_environment={},
        loader_environment={},
    )
    assert (outcome.tap, outcome.loader) == (-signal.SIGTERM, 5)


#: A tap of one stream, whose STATE and end the environment has.
TAP = """
import json, os, signal, sys
if "--discover" in sys.argv:
    metadata = [{"breadcrumb": [], "metadata": {}}]
    print(json.dumps({"streams": [{"tap_stream_id": "evaluations", "metadata": metadata}]}))
elif os.environ["FAKE_TAP"] == "waits":
    signal.alarm(20)
    print(os.getpid(), file=sys.stderr, flush=True)
    signal.pause()
else:
    print(os.environ["FAKE_STATE"])
    sys.exit(int(os.environ["FAKE_TAP"]))
"""
#: A loader that lets out what it gets.
LOADER = "import os, sys; print(sys.stdin.read()); sys.exit(int(os.environ['FAKE_LOADER']))"
GROUP = GROUPS["evaluations"]


def worker(
    folder: Path, *, reached: datetime | None = None, tap: str = "0", loader: int = 0
) -> dict[str, str]:
    """Return the environment of a worker whose programs end so, after a STATE that says so."""
    values = {"evaluations": {"replication_key_value": iso(reached)}} if reached else {}
    (folder / "tap.py").write_text(TAP, "utf-8")
    (folder / "loader.py").write_text(LOADER, "utf-8")
    return {
        "ORCHESTRATE_TAP": f"{sys.executable} {folder / 'tap.py'}",
        "ORCHESTRATE_LOADER": f"{sys.executable} {folder / 'loader.py'}",
        "FAKE_STATE": json.dumps({"bookmarks": values}),
        "FAKE_TAP": tap,
        "FAKE_LOADER": str(loader),
    }


def loaded(environment: dict[str, str], end: datetime = SINCE + DAY) -> Any:
    """Load the first day."""
    programs = Programs.of(environment)
    return load(programs, GROUP, catalog_of(programs, GROUP), SINCE, end, Share(100, 1))


def test_a_day_that_both_programs_confirm_is_loaded(tmp_path: Path) -> None:
    environment = worker(tmp_path, reached=SINCE + DAY)
    assert loaded(environment) == json.loads(environment["FAKE_STATE"])


@pytest.mark.parametrize(("tap", "loader"), [(3, 0), (0, 4), (3, 4)])
def test_a_day_of_which_a_program_failed_is_not_loaded(
    tmp_path: Path, tap: int, loader: int
) -> None:
    """Whatever its STATE says."""
    environment = worker(tmp_path, reached=SINCE + DAY, tap=str(tap), loader=loader)
    with pytest.raises(LoadError, match=f"tap .* code {tap}, the loader with code {loader};"):
        loaded(environment)


@pytest.mark.parametrize(
    ("reached", "words"),
    [(None, "nowhere"), (SINCE + DAY - timedelta(milliseconds=1), "2025-03-01T23:59:59.999Z")],
)
def test_a_day_that_is_not_known_whole_is_not_loaded(
    tmp_path: Path, reached: datetime | None, words: str
) -> None:
    with pytest.raises(NotYetError, match=f"incomplete yet: evaluations up to {words}"):
        loaded(worker(tmp_path, reached=reached))


def test_an_empty_span_is_loaded_without_a_bookmark(tmp_path: Path) -> None:
    """It makes the tables."""
    assert loaded(worker(tmp_path), end=SINCE) == {"bookmarks": {}}


COMMAND = [sys.executable, "-m", "orchestrate", "evaluations", "2025-03-01", "2025-03-02"]


@pytest.mark.parametrize(
    ("days", "tap", "code", "words"),
    [
        (1, "0", 0, ""),
        (0.5, "0", 75, "Data up to 2025-03-02T00:00:00+00:00 is incomplete yet"),
        (1, "3", 1, "The tap ended with code 3"),
    ],
)
def test_the_command_s_exit_code_says_whether_to_try_again(
    tmp_path: Path, days: float, tap: str, code: int, words: str
) -> None:
    environment = worker(tmp_path, reached=SINCE + days * DAY, tap=tap)
    told = subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, "--workers", "1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == code, told.stderr
    assert told.stderr.startswith(words)
    assert told.stderr.count("\n") == bool(words)
    if code == 0:
        assert json.loads(told.stdout) == json.loads(environment["FAKE_STATE"])
    else:
        assert told.stdout == ""


def test_a_signal_ends_the_command_and_its_programs(tmp_path: Path) -> None:
    """With the exit code of one."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [*COMMAND, "--workers", "1"],
        cwd=ROOT,
        env=worker(tmp_path, tap="waits"),
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stderr
        tap = int(command.stderr.readline())
        command.terminate()
        assert command.wait() == 128 + signal.SIGTERM
    assert not arguments(tap)


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
