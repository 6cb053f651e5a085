"""Each procedure of docs/recovery.md, as it is written: the warehouse has the org's rows."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import subprocess
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.direct import without_sockets
from support.harness import Output, last_state, tap
from support.loaders import (
    MELTANO,
    PYTHON,
    ROOT,
    environment,
    pour,
    project,
    query_duckdb,
    require,
    require_meltano,
    settings,
)
from support.postgres import Postgres, binaries
from support.tables import DETAILS, Tables
from support.warehouse import Warehouse

from tap_genesys.errors import StopRun
from tap_genesys.replication.earlier_states import RENAMED
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    State = dict[str, Any]
    #: State and tables at the moment of the backup, and a week later.
    Begun = tuple[tuple[State, Tables], tuple[State, Tables]]

PAGE = (ROOT / "docs/recovery.md").read_text("utf-8")
COMMANDS = {
    name: textwrap.dedent(script)
    for name, script in re.findall(r" *```sh\n *# ([^\n]+)\n(.*?)```", PAGE, re.DOTALL)
}
#: The arguments in the commands, which a reader replaces.
MOMENT, STREAM = "2026-02-01T00:00:00.000Z", "evaluations"
HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
#: An org with late changes, whose data lake is a day behind; nothing starts after its 50th day.
ORG = World(
    seed=12, per_day=4, since=SINCE, now=SINCE, until=SINCE + 50 * DAY, lag=25 * HOUR, undated=5,
    late_events=True, late=6 * HOUR,
)  # fmt: skip
SEGMENTS, EVALUATIONS, PRESENCES = "conversation_segments", "evaluations", "user_presences"
STREAMS = (
    DETAILS, SEGMENTS, EVALUATIONS, "conversation_aggregates", "divisions", "tap_runs",
)  # fmt: skip
OPTIONS: dict[str, Any] = {
    "start_date": iso(SINCE),
    "conversation_details_source": "auto",
    "user_details_source": "auto",
    "recheck_days": [1, 3, 7, 30],
    "aggregates": {"conversation_aggregates": {"granularity": "P1D"}},
    "window_days": 7,
    "retry_max_tries": 1,
}
#: The backup, and the end of all changes: a day is read for the last time when it is 30 days old.
BACKUP, PRESENT, END = 42, 49, 83


class Schedule:
    """Runs of one org that share a state and a warehouse.

    Args:
        sim: The simulator of the org.
        streams: The selected streams.
    """

    def __init__(self, sim: Simulator, streams: tuple[str, ...] = STREAMS) -> None:
        self.sim, self.streams = sim, streams
        self.state: State = {}
        self.tables = Tables()

    def run(self, day: float, **options: Any) -> Output:
        """Run on a day; its error is raised after its messages are loaded."""
        self.sim.world = ORG.at(SINCE + day * DAY)
        output = Output()
        reader = tap(
            self.sim, *self.streams, state=self.state, output=output, **{**OPTIONS, **options}
        )
        try:
            with without_sockets(self.sim):
                reader.sync_or_leave()
        finally:
            self.tables.load(output.messages)
            self.state = last_state(output.messages) or self.state
        return output

    def go_on(self, *days: float, **options: Any) -> None:
        """Run on each of these days."""
        for day in days:
            self.run(day, **options)

    def settle(self, since: int = PRESENT, **options: Any) -> None:
        """Run until all changes of the org have come."""
        self.go_on(*(since + days for days in (1, 2, 4, 8, 16)), END - 2, END, **options)

    def hold(self, **options: Any) -> None:
        """Assert that the tables equal those of a load of everything at the same moment."""
        compared = tuple(stream for stream in self.streams if stream != "tap_runs")
        for stream, expected in load_of_everything(compared, json.dumps(options)).items():
            rows = self.tables.current(stream)
            assert rows == expected, stream
            assert rows


@functools.cache
def load_of_everything(streams: tuple[str, ...], options: str) -> dict[str, dict[Any, Any]]:
    """Return the current rows of each stream after one run at the end.

    Args:
        streams: The streams.
        options: The settings, as JSON.
    """
    with Simulator(ORG) as sim:
        whole = Schedule(sim, streams)
        whole.run(END, **json.loads(options))
    return {stream: whole.tables.current(stream) for stream in streams}


@pytest.fixture(scope="module")
def begun() -> Begun:
    """Return state and tables of a schedule at the moment of the backup, and a week later."""
    with Simulator(ORG) as sim:
        schedule = Schedule(sim)
        schedule.go_on(1, 2, 3, *range(6, BACKUP, 4), BACKUP)
        backup = (schedule.state, schedule.tables.copy())
        schedule.go_on(*range(BACKUP + 1, PRESENT + 1))
        return backup, (schedule.state, schedule.tables)


def resumed(sim: Simulator, state: State, tables: Tables) -> Schedule:
    """Return a schedule with copies of a state and of tables."""
    schedule = Schedule(sim)
    schedule.state, schedule.tables = json.loads(json.dumps(state)), tables.copy()
    return schedule


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., State]:
    """Return the function that runs a documented command on a state, in either form of the file."""

    def edit(name: str, state: State, **replaced: str) -> State:
        script = COMMANDS[name]
        for word, value in {MOMENT: replaced.get("moment"), STREAM: replaced.get("stream")}.items():
            if value is not None:
                assert word in script
                script = script.replace(word, value)
        results = []
        for content in (state, {"singer_state": state}):
            (tmp_path / "state.json").write_text(json.dumps(content), "utf-8")
            subprocess.run(  # noqa: S603 - the documented command
                ["/bin/sh", "-ec", script],
                cwd=tmp_path,
                env=environment()
                | {"PATH": f"{PYTHON.parent}:{os.environ['PATH']}"}
                | {"TAP_GENESYS_CLIENT_ID": "demo", "TAP_GENESYS_CLIENT_SECRET": "demo-secret"},
                check=True,
                capture_output=True,
            )
            results.append(json.loads((tmp_path / "state.json").read_text("utf-8")))
        plain, wrapped = results
        assert wrapped.get("singer_state", wrapped) == plain.get("singer_state", plain)
        bare: State = plain.get("singer_state", plain)
        return bare

    return edit


# Runs that fail for days


def test_days_of_failed_runs_lose_nothing() -> None:
    """A week of runs that break off at several places; the next ones bring all that was missing."""
    with Simulator(ORG) as sim:
        schedule = Schedule(sim)
        schedule.go_on(*range(1, 9, 2), 9)
        bookmark = schedule.state["bookmarks"][DETAILS]["replication_key_value"]
        # Each second one breaks off after a response.
        paths = ["/results", "/details/query", "/evaluations", "/aggregates", "/divisions"]
        for place, path in enumerate([*paths, "/details/query", "/details/jobs"]):
            sim.faults.add(Fault("status", path=path, after=place % 2, status=503, times=None))
            with pytest.raises(StopRun):
                schedule.run(10 + place)
            sim.faults.clear()
        # As the page has it: the runs are in the warehouse, and their bookmark does not pass them.
        rows = schedule.tables.rows("tap_runs")
        runs = [row["outcome"] for row in rows if row["stream"] == "tap_runs"]
        assert runs.count("failed") == 7
        assert schedule.state["bookmarks"][DETAILS]["replication_key_value"] < iso(SINCE + 16 * DAY)
        assert schedule.state["bookmarks"][DETAILS]["replication_key_value"] >= bookmark
        schedule.settle(since=17)
        schedule.hold()


# The state was lost


def test_a_state_from_the_catalog_continues(begun: Begun, edited: Callable[..., State]) -> None:
    """From 31 days before the last run on everything is read; nothing before is read again."""
    _, (_, tables) = begun
    moment = iso(SINCE + (PRESENT - 31) * DAY)
    with Simulator(ORG) as sim:
        schedule = resumed(sim, edited("a state from the catalog", {}, moment=moment), tables)
        output = schedule.run(PRESENT + 1)
        days = {row["intervalStart"][:10] for row in output.records("conversation_aggregates")}
        # With the days before it that are due to be read again.
        assert iso(SINCE + 10 * DAY)[:10] < min(days) <= moment[:10]
        schedule.settle(since=PRESENT + 1)
        schedule.hold()


def test_no_row_gets_older_by_a_state_from_the_catalog(edited: Callable[..., State]) -> None:
    """At no run is a conversation replaced by an earlier reading; with no state, one would be."""
    options = {**OPTIONS, "recheck_days": []}
    # Busy, so that something changes within an hour.
    org = replace(ORG, per_day=8)
    for has_state in (True, False):
        with Simulator(org) as sim, without_sockets(sim):
            warehouse, state = Warehouse(SINCE), {}
            for day in (1.0, 1.5, 2.0, 2.25, 2.3, 2.4, 2.8, 3.5, 5.0):
                sim.world = org.at(SINCE + day * DAY)
                if day == 2.3:
                    bare = edited("a state from the catalog", {}, moment=iso(SINCE))
                    state = bare if has_state else {}
                output = Output()
                tap(sim, DETAILS, state=state, output=output, **options).sync_or_leave()
                state = output.state
                if day == 2.3 and not has_state:
                    with pytest.raises(AssertionError, match="a step back"):
                        warehouse.load(output.messages, sim.world)
                    break
                warehouse.load(output.messages, sim.world)


# The warehouse was lost, or restored


def test_a_lost_warehouse_is_loaded_without_state() -> None:
    """One run without state has everything, and the schedule goes on from there."""
    with Simulator(ORG) as sim:
        schedule = Schedule(sim)
        schedule.run(PRESENT)
        schedule.settle()
        schedule.hold()


def test_a_restored_warehouse_with_its_state_goes_on(begun: Begun) -> None:
    """With the state of the backup, the next runs bring everything since."""
    backup, _ = begun
    with Simulator(ORG) as sim:
        schedule = resumed(sim, *backup)
        schedule.settle()
        schedule.hold()


def test_a_restored_warehouse_with_a_newer_state_is_set_back(
    begun: Begun, edited: Callable[..., State]
) -> None:
    """After the command, the next runs bring what the backup lacks; without it, they do not."""
    (_, tables), (state, _) = begun
    moment = iso(SINCE + (BACKUP - 31) * DAY)
    with Simulator(ORG) as sim:
        schedule = resumed(sim, edited("set the state back", state, moment=moment), tables)
        schedule.settle()
        schedule.hold()
        schedule = resumed(sim, state, tables)
        schedule.run(END)
        with pytest.raises(AssertionError):
            schedule.hold()


# One table is loaded anew


@pytest.mark.parametrize(
    ("stream", "options"),
    [
        ("divisions", {}),
        (EVALUATIONS, {}),
        ("conversation_aggregates", {}),
        (SEGMENTS, {"load_history": [SEGMENTS], "emit_unchanged": True}),
    ],
)
def test_a_table_is_loaded_anew(
    begun: Begun,
    edited: Callable[..., State],
    stream: str,
    options: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After its table is dropped and the state has forgotten it, it has all rows again."""
    _, (state, tables) = begun
    with Simulator(ORG) as sim:
        schedule = resumed(sim, edited("forget a stream", state, stream=stream), tables)
        schedule.tables.drop(stream)
        day = float(PRESENT)
        while True:
            caplog.clear()
            day += 1
            schedule.run(day, **options)
            if not [text for text in caplog.messages if "keep the setting until then" in text]:
                break
        present = Schedule(sim)
        present.run(day)
        assert schedule.tables.current(stream).keys() >= present.tables.current(stream).keys()
        schedule.settle(since=int(day))
        schedule.hold()


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_a_loader_creates_a_renamed_table_again(
    kind: str, tmp_path: Path, edited: Callable[..., State]
) -> None:
    """After the documented statement the loader creates the table, with as many rows as before."""
    require_meltano()
    folder, world = project(tmp_path), ORG.at(SINCE + 20 * DAY)
    (statement,) = re.findall(r"`(alter table [^`]+)`", PAGE)
    with contextlib.ExitStack() as stack:
        server = None
        if kind == "postgres":
            require(binaries(), what="PostgreSQL is not installed")
            server = stack.enter_context(Postgres())
        sim = stack.enter_context(Simulator(world))
        query = server.query if server else functools.partial(query_duckdb, folder)
        loading = settings(sim.url, SINCE, world.now)
        loading |= {"TARGET_POSTGRES_SQLALCHEMY_URL": server.url} if server else {}
        assert pour(folder, f"target-{kind}", loading, [EVALUATIONS]) == 0
        server.run(statement) if server else query(statement)
        path = folder / "state.json"
        state = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps(edited("forget a stream", state)), "utf-8")
        assert pour(folder, f"target-{kind}", loading, [EVALUATIONS]) == 0
        columns = "select count(*) as n, count(distinct id) as d from genesys"
        old, new = (query(f"{columns}.{name}") for name in (f"{EVALUATIONS}_old", EVALUATIONS))
    assert old == new != [[0, 0]]


def test_statuses_of_users_are_loaded_anew(edited: Callable[..., State]) -> None:
    """Without the entry of `user_presences`, both tables come from the start on."""
    streams = (PRESENCES, "user_routing_statuses")
    with Simulator(ORG) as sim:
        schedule = Schedule(sim, streams)
        schedule.go_on(1, 8, 15)
        schedule.state = edited("forget a stream", schedule.state, stream=PRESENCES)
        for stream in streams:
            schedule.tables.drop(stream)
        schedule.go_on(16, 17, 19, 25)
        whole = Schedule(sim, streams)
        whole.run(25)
        # Ends of the last days are still corrected.
        last = iso(SINCE + 17 * DAY)
        for stream in streams:
            rows, truth = (
                [row for row in kept.tables.current(stream).values() if row["startTime"] < last]
                for kept in (schedule, whole)
            )
            assert sorted(map(repr, rows)) == sorted(map(repr, truth)) != []


def test_conversations_are_loaded_anew(begun: Begun, edited: Callable[..., State]) -> None:
    """Without the entry of `conversation_details`, it and its tables come from the start on."""
    _, (state, tables) = begun
    with Simulator(ORG) as sim:
        schedule = resumed(sim, edited("forget a stream", state, stream=DETAILS), tables)
        schedule.tables.drop(DETAILS)
        schedule.tables.drop(SEGMENTS)
        schedule.settle()
        schedule.hold()


# Secrets and keys


def test_a_new_secret_needs_nothing_else() -> None:
    """With the old one, a run fails in one line with its name; with the new one, all comes."""
    with Simulator(ORG, client_secret="rotated") as sim:
        schedule = Schedule(sim)
        schedule.go_on(1, 20, client_secret="rotated")
        state = schedule.state
        with pytest.raises(StopRun, match="check client_secret"):
            schedule.run(25, client_secret="demo-secret")
        bookmark = state["bookmarks"][DETAILS]["replication_key_value"]
        assert schedule.state["bookmarks"][DETAILS]["replication_key_value"] == bookmark
        schedule.settle(since=26, client_secret="rotated")
        schedule.hold()


def test_another_hash_key_takes_a_load_of_everything() -> None:
    """Rows that are not read again keep the old hashes; after a run without state, none does."""
    rules = {"pii": [{"field": "ani", "action": "hash"}]}
    sessions = "conversation_sessions"
    with Simulator(ORG) as sim:
        schedule = Schedule(sim, (DETAILS, sessions))
        old, new = ({**rules, "pii_hash_key": letter * 16} for letter in "ab")

        def hashes(kept: Schedule) -> set[str]:
            return {row["ani"] for row in kept.tables.rows(sessions) if row.get("ani")}

        schedule.go_on(1, 45, **old)
        before = hashes(schedule)
        schedule.run(46, **new)
        assert before & hashes(schedule)
        schedule.state = {}
        schedule.run(46, **new)
        assert hashes(schedule)
        assert not before & hashes(schedule)


# Another region


def test_another_address_keeps_the_state(begun: Begun) -> None:
    """With the address of another server of the same org, the runs go on from the state."""
    _, (state, tables) = begun
    with Simulator(ORG) as old, Simulator(ORG) as sim:
        assert old.url != sim.url
        assert old.url not in json.dumps(state)
        schedule = resumed(sim, state, tables)
        output = schedule.run(PRESENT + 1)
        days = {row["intervalStart"][:10] for row in output.records("conversation_aggregates")}
        assert min(days) > iso(SINCE + 40 * DAY)
        schedule.settle(since=PRESENT + 1)
        schedule.hold()


def test_another_org_needs_a_state_of_its_own(begun: Begun) -> None:
    """With a state of its own all of it is loaded; with the old one, its history is not."""
    _, (state, tables) = begun
    other = World(seed=13, per_day=8, since=SINCE, now=SINCE + 50 * DAY)
    ids = {row["conversationId"] for row in tables.rows(DETAILS)}
    truth = {other.conversation_id(number) for number in other.numbers(SINCE, other.now)}
    assert not ids & truth
    for kept, is_whole in (({}, True), (state, False)):
        with Simulator(other) as sim:
            output = Output()
            tap(sim, *STREAMS, state=kept, output=output, **OPTIONS).sync_or_leave()
        assert ({*output.ids(DETAILS)} == truth) is is_whole


# Upgrade


def test_a_state_with_the_keys_of_the_version_before_continues(begun: Begun) -> None:
    """The next runs read it under its earlier names, and bring everything."""
    _, (state, tables) = begun
    earlier = {present: name for name, present in RENAMED.items()}
    renamed = {
        stream: {earlier.get(name, name): value for name, value in entry.items()}
        for stream, entry in state["bookmarks"].items()
    }
    assert {"passes", "rechecks"} <= renamed[DETAILS].keys()
    with Simulator(ORG) as sim:
        schedule = resumed(sim, {"bookmarks": renamed}, tables)
        schedule.settle()
        schedule.hold()


def test_an_earlier_state_beside_newer_tables_goes_on(begun: Begun) -> None:
    """After a return to the state before an upgrade, the next runs end with the org's rows."""
    (state, _), (_, tables) = begun
    with Simulator(ORG) as sim:
        schedule = resumed(sim, state, tables)
        schedule.settle()
        schedule.hold()


@pytest.mark.integration
def test_a_new_column_is_added_by_the_loader(tmp_path: Path) -> None:
    """It is null in earlier rows, and filled in those that are emitted again."""
    require_meltano()
    folder = project(tmp_path)
    streams, sql = [EVALUATIONS], "select count(*), count(releasedate) from genesys.evaluations"
    without = {"TAP_GENESYS_STREAM_MAPS": json.dumps({EVALUATIONS: {"releaseDate": None}})}
    counts = []
    for day, variables in ((60, without), (120, {})):
        world = ORG.at(SINCE + day * DAY)
        with Simulator(world) as sim:
            loading = settings(sim.url, SINCE, world.now) | variables
            assert pour(folder, "target-duckdb", loading, streams) == 0
        if day == 60:
            ((earlier,),) = query_duckdb(folder, "select count(*) from genesys.evaluations")
        else:
            ((rows, filled),) = query_duckdb(folder, sql)
            counts = [earlier, rows, filled]
    earlier, rows, filled = counts
    assert rows >= earlier > 0
    assert filled < rows


# The state as a file


def test_a_command_changes_its_entries_alone(edited: Callable[..., State]) -> None:
    """A bookmark is set back and never ahead, its history stays; one stream alone is forgotten."""
    early, late = iso(SINCE), iso(SINCE + 9 * DAY)
    history = {"history": {DETAILS: [early], SEGMENTS: [early]}}
    entries = {
        name: {"replication_key": "a", "replication_key_value": value, "watermark": late, **history}
        for name, value in ((EVALUATIONS, early), (DETAILS, late))
    }
    state = {"bookmarks": {**entries, "divisions": {}}}
    moment = iso(SINCE + DAY)
    assert edited("set the state back", state, moment=moment)["bookmarks"] == {
        EVALUATIONS: {"replication_key": "a", "replication_key_value": early, **history},
        DETAILS: {"replication_key": "a", "replication_key_value": moment, **history},
        "divisions": {},
    }
    without = {"history": {DETAILS: [early]}}
    assert edited("forget a stream", state, stream=SEGMENTS)["bookmarks"] == {
        EVALUATIONS: entries[EVALUATIONS] | without,
        DETAILS: entries[DETAILS] | without,
        "divisions": {},
    }


@pytest.mark.integration
def test_meltano_reads_and_writes_the_state(tmp_path: Path) -> None:
    """The documented commands return the state that they have set, as a whole."""
    require_meltano()
    folder = project(tmp_path)
    (block,) = re.findall(r"```console\n(meltano state get.*?)```", PAGE, re.DOTALL)
    commands = block.replace("meltano ", f"{MELTANO} ").strip().splitlines()
    before = {"singer_state": {"bookmarks": {DETAILS: {"a": "1", "watermark": "2"}}}}
    after = {"singer_state": {"bookmarks": {DETAILS: {"a": "3"}}}}
    for state in (before, after):
        (folder / "state.json").write_text(json.dumps(state), "utf-8")
        for command in reversed(commands):
            subprocess.run(  # noqa: S603 - the documented command
                ["/bin/sh", "-ec", command], cwd=folder, env=environment(), check=True,
                capture_output=True,
            )  # fmt: skip
        assert json.loads((folder / "state.json").read_text("utf-8")) == state
