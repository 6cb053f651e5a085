"""One worker of a load: its share, its programs, its state. `test_backfill` has many at once."""

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
from support import files
from support.harness import QUICK, Output, run, simulate_time
from support.loaders import PYTHON, ROOT, environment, settings
from support.process_tree import arguments

from orchestrate.errors import LoadError, NotYetError, SetupError
from orchestrate.files import command
from orchestrate.groups import GROUPS
from orchestrate.loading import Programs, catalog_of, load, select, settings_of
from orchestrate.pipe import pipe
from orchestrate.reports import faults, late
from orchestrate.reports import run as run_once
from orchestrate.shares import Share, share
from orchestrate.states import behind, takeover
from tap_genesys.records.conversation_rows import NESTED
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.streams import STREAMS
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrate.groups import Group

SINCE = datetime(2025, 3, 1, tzinfo=UTC)


def test_shares_add_up_to_the_budget() -> None:
    """The shares of all workers add up to the configured requests and jobs at most."""
    assert share({}, 3) == Share(100, 1)
    environment = {"ORCHESTRATE_REQUESTS_PER_MINUTE": "200", "ORCHESTRATE_JOBS": "9"}
    assert share(environment, 4) == Share(50, 2)


@pytest.mark.parametrize(
    ("environment", "workers", "words"),
    [
        ({}, 4, "ORCHESTRATE_JOBS is 3"),
        ({}, 0, "0 places"),
        ({"ORCHESTRATE_REQUESTS_PER_MINUTE": "2"}, 3, "is 2 for 3 workers"),
        ({"ORCHESTRATE_JOBS": "many"}, 3, "ORCHESTRATE_JOBS is 'many'"),
    ],
)
def test_a_budget_that_does_not_suffice_is_an_error(
    environment: dict[str, str], workers: int, words: str
) -> None:
    """A budget that is too small for the workers, or is no number, is an error that names it."""
    with pytest.raises(SetupError, match=words):
        share(environment, workers)


def test_a_share_wins_over_the_workers_environment() -> None:
    """A worker's share overrides the pace in its environment, so that the budget holds."""
    programs = Programs.of({"TAP_GENESYS_REQUESTS_PER_MINUTE": "300", "TARGET_X": "secret"})
    settings = settings_of(SINCE, SINCE + DAY, Share(75, 1))
    assert programs.for_tap(settings)["TAP_GENESYS_REQUESTS_PER_MINUTE"] == "75"


def test_neither_program_sees_the_others_secrets() -> None:
    """The tap's environment has no setting of the loader, and the loader's none of the tap."""
    environment = {
        "GENESYS_CLIENT_SECRET": "a",
        "TAP_GENESYS_PII_HASH_KEY": "b",
        "TARGET_POSTGRES_X": "c",
    }
    programs = Programs.of(environment)
    assert set(programs.for_tap({})) == {"GENESYS_CLIENT_SECRET", "TAP_GENESYS_PII_HASH_KEY"}
    assert set(programs.for_loader()) == {"TARGET_POSTGRES_X"}


def test_the_groups_are_streams_of_the_tap() -> None:
    """Groups name existing streams only, and a stream that the catalog lacks is an error."""
    names = {vars(stream)["name"] for stream in STREAMS}
    assert all(set(group.streams) <= names for group in GROUPS.values())
    with pytest.raises(SetupError, match="user_presences"):
        select({"streams": []}, GROUPS["agents"], set())


def test_a_state_has_the_streams_that_are_behind() -> None:
    """`behind` returns the streams whose bookmark is before the day's end, with that bookmark."""
    state = bookmark(SINCE + DAY)
    assert behind(state, ["conversation_details"], SINCE + DAY) == {}
    late = behind(state, ["conversation_details", "users"], SINCE + 2 * DAY)
    assert late == {"conversation_details": iso(SINCE + DAY), "users": "nowhere"}


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_a_day_of_each_group_counts_as_loaded_and_is_taken_over(group: Group) -> None:
    """Each bookmarked stream of a group has a bookmark after a day, and only those are compared."""
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


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_a_day_is_no_run_of_the_stream_of_runs(group: Group) -> None:
    """A day's catalog lacks `tap_runs`: no message is of it, and no STATE has it."""
    discovered = TapGenesys(config={}, validate_config=False, setup_mapper=False).catalog_dict
    catalog = select(json.loads(json.dumps(discovered)), group, set())
    output, world = Output(), World(per_day=5, since=SINCE, now=SINCE + 9 * DAY)
    with Simulator(world) as sim:
        genesys_tap = TapGenesys(
            config={
                **QUICK,
                "api_url": sim.url,
                "login_url": sim.url,
                "start_date": iso(SINCE),
                "end_date": iso(SINCE + DAY),
            },
            catalog=catalog,
            message_writer=output,
        )
        simulate_time(genesys_tap, sim)
        genesys_tap.sync_or_leave()
    assert output.of("STATE")
    assert "tap_runs" not in str(output.messages)


def test_a_table_of_a_group_may_be_left_out() -> None:
    """A derived table can be deselected: it has no bookmark of its own."""
    entry: dict[str, Any] = {"metadata": [{"breadcrumb": [], "metadata": {}}]}
    catalog = {"streams": [{"tap_stream_id": name, **entry} for name in GROUPS["agents"].streams]}
    streams = select(catalog, GROUPS["agents"], {"user_routing_statuses"})["streams"]
    assert [stream["tap_stream_id"] for stream in streams] == ["user_presences"]


def selected(*kept: str) -> dict[tuple[str, str], bool | None]:
    """Return whether columns are selected: those of conversations that are nested, and others."""
    names = ["conversationStart", *NESTED]
    group = GROUPS["conversations"]
    streams = [
        {
            "tap_stream_id": stream,
            "metadata": [
                {"breadcrumb": [], "metadata": {}},
                *({"breadcrumb": ["properties", name], "metadata": {}} for name in names),
                {"breadcrumb": ["properties", "x", "properties", "surveys"], "metadata": {}},
            ],
        }
        for stream in group.streams
    ]
    chosen = select({"streams": streams}, group, set(), set(kept))["streams"]
    return {
        (entry["tap_stream_id"], ".".join(part["breadcrumb"][1::2])): part["metadata"].get(
            "selected"
        )
        for entry in chosen
        for part in entry["metadata"]
    }


def test_columns_that_tables_hold_are_left_out_unless_they_are_kept() -> None:
    """Of conversations, and of no other stream; all else keeps the tap's selection."""
    streams = GROUPS["conversations"].streams
    details = "conversation_details"
    for kept in ((), ("surveys",), ("evaluations", "participants")):
        selection = selected(*kept)
        assert {place for place, is_selected in selection.items() if is_selected} == {
            (stream, "") for stream in streams
        }
        assert {place for place, is_selected in selection.items() if is_selected is False} == {
            (details, name) for name in NESTED if name not in kept
        }


def test_the_environment_names_columns_to_keep(tmp_path: Path) -> None:
    """Separated by commas, with or without spaces; an empty variable names none."""
    for text, words in (("participants, segments", "has segments"), (" ,x,,y", "has x, y")):
        environment = {**worker(tmp_path), "ORCHESTRATE_NESTED_COLUMNS": text}
        with pytest.raises(SetupError, match=words):
            catalog_of(Programs.of(environment), GROUP)
    environment = {**worker(tmp_path), "ORCHESTRATE_NESTED_COLUMNS": ""}
    assert catalog_of(Programs.of(environment), GROUP)["streams"]


def test_a_column_that_no_group_has_is_an_error() -> None:
    """The line names the variable, the column and those that there are."""
    line = (
        r"^ORCHESTRATE_NESTED_COLUMNS has segments, which is no such column: set it to some of "
        r"evaluations, participants, resolutions, surveys\.$"
    )
    with pytest.raises(SetupError, match=line):
        selected("surveys", "segments")


def test_the_columns_are_those_that_the_tables_hold() -> None:
    """The project without the tap installed has the tap's list."""
    assert GROUPS["conversations"].nested == NESTED
    assert not [name for name, group in GROUPS.items() if group.nested and not group.tables]


def bookmark(end: datetime, *, watermark: datetime = SINCE + 9 * DAY, **marks: Any) -> Any:
    """Return the state of a loaded day."""
    values = {"replication_key_value": iso(end), "watermark": iso(watermark), "queryPasses": []}
    return {"bookmarks": {"conversation_details": {**values, "recheckedUpTo": {}, **marks}}}


def test_who_takes_over_begins_where_the_first_day_was_read() -> None:
    """The takeover begins at the first day's watermark.

    Conversations of that day went on after it.
    """
    early = SINCE + DAY + timedelta(hours=3)
    states = {
        SINCE: bookmark(SINCE + DAY, watermark=early, recheckedUpTo={"7": iso(SINCE)}),
        SINCE + DAY: bookmark(SINCE + 2 * DAY, recheckedUpTo={"7": iso(SINCE + 2 * DAY)}),
    }
    merged = takeover(states, ["conversation_details"])["bookmarks"]["conversation_details"]
    assert merged["replication_key_value"] == iso(early)
    assert merged["watermark"] == iso(SINCE + 9 * DAY)
    assert merged["recheckedUpTo"] == {"7": iso(SINCE)}


def test_aggregates_are_read_again_from_the_first_day_that_needs_it() -> None:
    """The takeover keeps the earliest re-check of the days that have some."""
    name = "conversation_aggregates"
    ends = [SINCE + day * DAY for day in (1, 2, 3, 4)]
    marks = [{}, *({"1": iso(end), "3": iso(end - DAY)} for end in ends[1:])]
    states = {
        end - DAY: {"bookmarks": {name: {"replication_key_value": iso(end), "recheckedUpTo": mark}}}
        for end, mark in zip(ends, marks, strict=True)
    }
    merged = takeover(states, [name])["bookmarks"][name]
    assert merged == {
        "replication_key_value": iso(ends[-1]),
        "recheckedUpTo": {"1": iso(ends[-1]), "3": iso(SINCE + DAY)},
    }
    del states[SINCE + 3 * DAY]["bookmarks"][name]["recheckedUpTo"]
    assert "recheckedUpTo" not in takeover(states, [name])["bookmarks"][name]


def test_days_that_an_earlier_version_loaded_are_taken_over_too() -> None:
    """Days of an earlier version, with state keys of other names, are taken over, too."""
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


def test_a_missing_day_is_an_error() -> None:
    """A gap between loaded days, or no day at all, is an error that names it."""
    states = {SINCE: bookmark(SINCE + DAY), SINCE + 2 * DAY: bookmark(SINCE + 3 * DAY)}
    with pytest.raises(SetupError, match="is not loaded from 2025-03-02"):
        takeover(states, ["conversation_details"])
    with pytest.raises(SetupError, match="No day"):
        takeover({}, ["conversation_details"])


@pytest.mark.parametrize(("tap", "loader"), [(3, 0), (0, 4)])
def test_either_programs_code_comes_back(tap: int, loader: int) -> None:
    """The pipe returns the exit codes of both programs."""
    outcome = pipe(
        [sys.executable, "-c", f"print('{{}}'); exit({tap})"],
        [sys.executable, "-c", f"import sys; print(sys.stdin.read()); exit({loader})"],
        tap_environment={},
        loader_environment={},
    )
    assert (outcome.tap, outcome.loader) == (tap, loader)


#: A slow loader, with which the pipe is full, and which prints the number of bytes.
SLOW = """
import json, sys, time
size = 0
while block := sys.stdin.buffer.raw.read(5000):
    size += len(block)
    time.sleep(0.001)
print(json.dumps({"size": size}))
"""


def test_signals_lose_nothing_of_what_goes_through() -> None:
    """Every byte arrives although signals interrupt writes, which then write a part."""
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


#: A worker whose programs print their process ids, and whose tap does not end by itself.
WORKER = """
import sys
from orchestrate.pipe import pipe
tap = "import os, sys\\nsys.stderr.write(f'{os.getpid()}\\\\n')\\nwhile True: print('x' * 1000)"
loader = "import os, sys\\nsys.stderr.write(f'{os.getpid()}\\\\n')\\nfor line in sys.stdin: pass"
pipe([sys.executable, "-c", tap], [sys.executable, "-c", loader],
     tap_environment={}, loader_environment={})
"""


def test_nothing_outlives_a_worker_that_is_killed() -> None:
    """After a worker is killed, neither of its programs runs on."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", WORKER], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stderr
        pids = [int(worker.stderr.readline()) for _ in range(2)]
        worker.kill()
        # The end of the file comes when both programs, which hold it open, are gone.
        worker.stderr.read()
    assert not any(arguments(pid) for pid in pids)


def test_a_loader_that_dies_ends_the_tap() -> None:
    """A loader that dies ends a tap that writes, and its exit code is returned."""
    outcome = pipe(
        [sys.executable, "-c", "while True: print('x' * 1000)"],
        [sys.executable, "-c", "exit(5)"],
        tap_environment={},
        loader_environment={},
    )
    assert outcome.loader == 5
    assert outcome.tap != 0


#: A tap that prints a line once its loader has died, then waits; an alarm ends it at last.
QUIET = """
import pathlib, signal, sys, time
signal.alarm(20)
stat = pathlib.Path("/proc", open(sys.argv[1]).read(), "stat")
while stat.read_text().rpartition(") ")[2][0] != "Z":
    time.sleep(0.001)
print("a line", flush=True)
signal.pause()
"""
#: A loader that writes its process id, and ends.
BRIEF = "import os, sys; print(os.getpid(), end='', file=open(sys.argv[1], 'w')); exit(5)"


def test_a_loader_that_dies_ends_a_tap_that_waits(tmp_path: Path) -> None:
    """A dead loader ends a tap that writes nothing more, which would never get a broken pipe."""
    open_end = tmp_path / "open"
    os.mkfifo(open_end)
    outcome = pipe(
        [sys.executable, "-c", QUIET, str(open_end)],
        [sys.executable, "-c", BRIEF, str(open_end)],
        tap_environment={},
        loader_environment={},
    )
    assert (outcome.tap, outcome.loader) == (-signal.SIGTERM, 5)


#: A tap of one stream, whose STATE and exit code are in the environment.
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
#: A loader that copies its input.
LOADER = "import os, sys; print(sys.stdin.read()); sys.exit(int(os.environ['FAKE_LOADER']))"
GROUP = GROUPS["evaluations"]


def worker(
    folder: Path, *, reached: datetime | None = None, tap: str = "0", loader: int = 0
) -> dict[str, str]:
    """Return the environment of a worker whose programs end with these codes, after a STATE."""
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
    """A day is loaded when both programs succeed and the STATE reaches its end."""
    environment = worker(tmp_path, reached=SINCE + DAY)
    assert loaded(environment) == json.loads(environment["FAKE_STATE"])


@pytest.mark.parametrize(("tap", "loader"), [(3, 0), (0, 4), (3, 4)])
def test_a_day_of_which_a_program_failed_is_not_loaded(
    tmp_path: Path, tap: int, loader: int
) -> None:
    """A program that fails fails the day, whatever its STATE is."""
    environment = worker(tmp_path, reached=SINCE + DAY, tap=str(tap), loader=loader)
    with pytest.raises(LoadError, match=f"tap .* code {tap}, the loader with code {loader};"):
        loaded(environment)


@pytest.mark.parametrize(
    ("reached", "words"),
    [(None, "nowhere"), (SINCE + DAY - timedelta(milliseconds=1), "2025-03-01T23:59:59.999Z")],
)
def test_an_incomplete_day_is_not_loaded(
    tmp_path: Path, reached: datetime | None, words: str
) -> None:
    """A day that a bookmark does not cover whole is to be tried later."""
    with pytest.raises(NotYetError, match=f"incomplete yet: evaluations up to {words}"):
        loaded(worker(tmp_path, reached=reached))


def test_an_empty_span_is_loaded_without_a_bookmark(tmp_path: Path) -> None:
    """A range of no length is loaded without a bookmark: it creates the tables."""
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
def test_the_exit_code_distinguishes_a_retry_from_a_failure(
    tmp_path: Path, days: float, tap: str, code: int, words: str
) -> None:
    """The command exits with 0, with 75 for a day to be tried later, or with 1, and one line."""
    environment = worker(tmp_path, reached=SINCE + days * DAY, tap=tap)
    outcome = subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, "--workers", "1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == code, outcome.stderr
    assert outcome.stderr.startswith(words)
    assert outcome.stderr.count("\n") == bool(words)
    if code == 0:
        assert json.loads(outcome.stdout) == json.loads(environment["FAKE_STATE"])
    else:
        assert outcome.stdout == ""


def test_a_signal_ends_the_command_and_its_programs(tmp_path: Path) -> None:
    """A SIGTERM ends the command and its programs, with the exit code of that signal."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [*COMMAND, "--workers", "1"],
        cwd=ROOT,
        env=worker(tmp_path, tap="waits"),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        tap = int(process.stderr.readline())
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM
    assert not arguments(tap)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "orchestrate").glob("*.py")), ids=lambda path: path.stem
)
def test_the_worker_needs_python_alone(path: Path) -> None:
    """The worker imports the standard library only, so that any scheduler can start it.

    Dagster's modules alone need Dagster, and the one that builds the models its integration of dbt.
    """
    tree = ast.parse(path.read_text("utf-8"))
    names = {
        module.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for module in node.names
    }
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"orchestrate"}
    engine = {"definitions": {"dagster"}, "incremental": {"dagster", "dagster_dbt"}}
    assert foreign == engine.get(path.stem, set())


NOON = SINCE + DAY / 2
HOUR = timedelta(hours=1)
WHOLE: dict[str, Any] = {
    "status": "ok",
    "error": None,
    "started": iso(NOON - HOUR),
    "streams": [],
}
LANES = [
    {"lane": "job", "bookmark": iso(NOON - 99 * HOUR)},
    {"lane": "query", "bookmark": iso(NOON - 26 * HOUR)},
    {"lane": "history", "bookmark": None},
]


def stream(status: str = "done", skipped: str | None = None, lanes: Any = ()) -> dict[str, Any]:
    """Return a report with one stream, `users`."""
    row = {"stream": "users", "status": status, "skipped": skipped, "lanes": lanes}
    return WHOLE | {"streams": [row]}


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        (WHOLE, []),
        (stream(lanes=[{"lane": "main", "bookmark": None}]), []),
        (stream(lanes=LANES), []),
        (
            stream(lanes=LANES[::2]),
            [f"users is complete up to {iso(NOON - 99 * HOUR)} only."],
        ),
        (stream("skipped", "No licence."), ["users is skipped: No licence."]),
        (stream("incomplete", lanes=LANES[:1]), ["users is incomplete."]),
        (WHOLE | {"status": "failed", "error": "A line."}, ["The run is failed: A line."]),
        (WHOLE | {"status": "running"}, ["The run is running: it was killed"]),
        (WHOLE | {"started": iso(NOON - 26 * HOUR)}, []),
        (
            WHOLE | {"started": iso(NOON - 27 * HOUR)},
            [f"The last run began at {iso(NOON - 27 * HOUR)}."],
        ),
    ],
)
def test_a_report_has_a_line_for_each_fault(report: dict[str, Any], lines: list[str]) -> None:
    """A run that is old or not whole is a fault, and a stream not read, or late in each lane."""
    assert [*faults(report, NOON, 26 * HOUR)] == lines
    late_lines = ("The last run began", "users is complete up to")
    expected = [line for line in lines if not line.startswith(late_lines)]
    assert [*faults(report, NOON, late({"ORCHESTRATE_LATE_HOURS": "1e9"}))] == expected


@pytest.mark.parametrize("hours", ["a day", "0", "-1", "nan", "1e99"])
def test_hours_that_are_no_positive_number_are_one_line(hours: str) -> None:
    """The age from which on a run is late is 26 hours, or a positive number of hours."""
    assert late({}) == late({"ORCHESTRATE_LATE_HOURS": ""}) == 26 * HOUR
    assert late({"ORCHESTRATE_LATE_HOURS": "0.5"}) == HOUR / 2
    with pytest.raises(SetupError, match=r"^ORCHESTRATE_LATE_HOURS is .*; use a number") as raised:
        late({"ORCHESTRATE_LATE_HOURS": hours})
    assert f'"{hours}"' in str(raised.value)


def test_a_run_has_a_report_of_its_own(tmp_path: Path) -> None:
    """The command gets a fresh path whatever the environment has; without a report it is None."""
    script = tmp_path / "run.py"
    script.write_text(
        "import os, sys\n"
        "if sys.argv[1:]:\n"
        "    open(os.environ['TAP_GENESYS_RUN_REPORT_PATH'], 'x').write('{\"status\": \"ok\"}')\n"
        "sys.exit(3)\n"
    )
    (tmp_path / "old.json").write_text("{}")
    variables = {**os.environ, "TAP_GENESYS_RUN_REPORT_PATH": str(tmp_path / "old.json")}
    command = f"{sys.executable} {script}"
    assert run_once(variables | {"ORCHESTRATE_RUN": command}) == (3, None)
    assert run_once(variables | {"ORCHESTRATE_RUN": f"{command} x"}) == (3, {"status": "ok"})
    with pytest.raises(SetupError, match=r"absent does not start: .* Correct ORCHESTRATE_RUN"):
        run_once({"ORCHESTRATE_RUN": "absent"})


def into_files(folder: Path, **fake: Any) -> dict[str, str]:
    """Return the environment of a worker that writes files, without a loader."""
    (folder / "files").mkdir(exist_ok=True)
    environment = worker(folder, **fake) | {"ORCHESTRATE_FILES": str(folder / "files")}
    del environment["ORCHESTRATE_LOADER"]
    return environment


def test_a_day_may_go_into_a_file(tmp_path: Path) -> None:
    """The file has all messages, and its last STATE counts; a second load replaces it."""
    for kept in (1, 2):
        environment = into_files(tmp_path, reached=SINCE + kept * DAY)
        # The fake tap prints a text as it is: here, messages.
        value = json.loads(environment["FAKE_STATE"])
        values: list[Any] = [{}, value]
        states = [json.dumps({"type": "STATE", "value": each}) for each in values]
        messages = "\n".join([*states, '{"type":"RECORD","stream":"evaluations"}'])
        assert loaded(environment | {"FAKE_STATE": messages}) == value
        (file,) = (tmp_path / "files" / "evaluations").iterdir()
        assert file.name == "20250301T000000Z_20250302T000000Z.jsonl"
        assert file.read_text("utf-8") == messages + "\n"


@pytest.mark.parametrize(
    ("days", "tap", "messages", "error"),
    [
        (1, "3", "", LoadError),
        (0.5, "0", "", NotYetError),
        (1, "0", "no message", LoadError),
    ],
)
def test_a_day_that_is_not_loaded_has_no_file(
    tmp_path: Path, days: float, tap: str, messages: str, error: type[LoadError]
) -> None:
    """A failed or incomplete load leaves no file, and an earlier file as it was."""
    earlier = tmp_path / "files" / "evaluations" / "20250301T000000Z_20250302T000000Z.jsonl"
    for content in (None, "earlier"):
        environment = into_files(tmp_path, reached=SINCE + days * DAY, tap=tap)
        value = json.loads(environment["FAKE_STATE"])
        state = json.dumps({"type": "STATE", "value": value})
        if content:
            earlier.write_text(content, "utf-8")
        with pytest.raises(error) as raised:
            loaded(environment | {"FAKE_STATE": messages or state})
        assert type(raised.value) is error
        assert [path.read_text("utf-8") for path in earlier.parent.iterdir()] == (
            [content] if content else []
        )


def test_a_line_that_is_no_message_is_logged_without_it(tmp_path: Path) -> None:
    """The line itself may hold data."""
    for text in ("secret", '["secret"]', '{"value": "secret"}'):
        writer = subprocess.run(  # noqa: S603 - our own program
            command(tmp_path / "file"), input=text, capture_output=True, text=True, check=False
        )
        assert (writer.returncode, writer.stdout) == (1, "")
        words = "A line of the tap's output is no Singer message: it cannot be loaded.\n"
        assert writer.stderr == words


def test_a_load_has_one_destination(tmp_path: Path) -> None:
    """A loader beside a folder, and a folder that does not exist, are errors that name it."""
    environment = {"ORCHESTRATE_FILES": str(tmp_path), "ORCHESTRATE_LOADER": "target-x"}
    with pytest.raises(SetupError, match="ORCHESTRATE_FILES and ORCHESTRATE_LOADER are both set"):
        Programs.of(environment)
    absent = str(tmp_path / "absent")
    with pytest.raises(SetupError, match=f"ORCHESTRATE_FILES is {absent}, which is no folder"):
        Programs.of({"ORCHESTRATE_FILES": absent})


def test_history_in_files_is_loaded_as_documented(tmp_path: Path) -> None:
    """The files of three days, loaded by one SQL script, are the conversations of these days."""
    world = World(per_day=5, since=SINCE, now=SINCE + 9 * DAY, until=SINCE + 3 * DAY)
    (tmp_path / "files").mkdir()
    group = GROUPS["conversations"]
    with Simulator(world) as sim:
        programs = Programs.of(
            environment()
            | settings(sim.url, SINCE, world.now)
            | {
                "ORCHESTRATE_TAP": f"{PYTHON.parent / 'tap-genesys'} --config=ENV",
                "ORCHESTRATE_FILES": str(tmp_path / "files"),
            }
        )
        catalog = catalog_of(programs, group)
        part = Share(60_000, 1)
        load(programs, group, catalog, SINCE, SINCE, part)
        states = {
            day: load(programs, group, catalog, day, day + DAY, part)
            for day in (SINCE + number * DAY for number in range(3))
        }
    assert takeover(states, group.bookmarked)["bookmarks"]
    paths = sorted((tmp_path / "files" / "conversation_details").glob("*.jsonl"))
    assert len(paths) == 4
    files.load(tmp_path / files.DATABASE, *paths)
    truth = [world.in_lake(number) for number in world.numbers(SINCE, world.now)]
    sql = 'select "conversationId" from genesys.conversation_details order by 1'
    assert files.query(tmp_path, sql) == sorted([row["conversationId"]] for row in truth)
    sessions = sum(len(person["sessions"]) for row in truth for person in row["participants"])
    sql = "select count(*) from genesys.conversation_sessions"
    assert files.query(tmp_path, sql) == [[sessions]]
