"""Alerts on `tap_runs` and on the run report, as docs/operations.md has them."""

from __future__ import annotations

import contextlib
import functools
import re
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import run
from support.loaders import ROOT, killing, pour, project, query_duckdb, require_meltano, settings
from support.loaders import require as require_paths
from support.postgres import Postgres, binaries

from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import DAY
from tap_genesys.simulator import Fault, Simulator, World

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
SQL = dict(re.findall(r"```sql\n-- ([^\n]+)\n(.*?)```", PAGE, re.DOTALL))
(SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
LATE, ENDED_BADLY = "streams that are late", "runs of the last day that did not end well"
SINCE = datetime(2025, 3, 3, tzinfo=UTC)
ORG = World(seed=7, per_day=20, since=SINCE, now=SINCE + 3 * DAY)
STREAMS = ["conversation_details", "conversation_segments", "divisions", "tap_runs"]


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_a_query_returns_late_streams_and_failed_runs_alone(kind: str, tmp_path: Path) -> None:
    """A late stream, one that was never read, and a killed run are rows; no other is."""
    require_meltano()
    folder = project(tmp_path)
    with contextlib.ExitStack() as stack:
        server = None
        if kind == "postgres":
            require_paths(binaries(), what="PostgreSQL is not installed")
            server = stack.enter_context(Postgres())
        into = {"TARGET_POSTGRES_SQLALCHEMY_URL": server.url} if server else {}
        for days, is_killed in ((1, False), (2, True), (3, False)):
            with Simulator(ORG.at(SINCE + days * DAY)) as sim:
                environment = settings(sim.url, SINCE, sim.world.now) | into
                environment |= {"TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job"}
                killer = killing(sim, "/results") if is_killed else contextlib.nullcontext()
                with killer:
                    assert (pour(folder, f"target-{kind}", environment, STREAMS) != 0) is is_killed
        query = server.query if server else functools.partial(query_duckdb, folder)
        execute = server.run if server else query
        assert query(SQL[LATE]) == []
        (((_id, _started, outcome),)) = query(SQL[ENDED_BADLY])
        assert outcome == "killed"
        execute(
            "update genesys.tap_runs set ended = ended - interval '27 hours' "
            "where stream = 'divisions'"
        )
        execute(
            "update genesys.tap_runs set outcome = 'skipped' where stream = 'conversation_segments'"
        )
        execute(
            "update genesys.tap_runs set started = started - interval '25 hours' "
            "where outcome = 'killed'"
        )
        late = {(stream, lane): last_done for stream, lane, last_done in query(SQL[LATE])}
        assert {stream for stream, _lane in late} == {"divisions", "conversation_segments"}
        assert late["divisions", "main"] is not None
        assert {late[key] for key in late if key[0] == "conversation_segments"} == {None}
        assert query(SQL[ENDED_BADLY]) == []
        execute("update genesys.tap_runs set lane = 'history' where stream = 'divisions'")
        assert {stream for stream, *_ in query(SQL[LATE])} == {"conversation_segments"}


@pytest.mark.parametrize(
    ("fault", "lines"),
    [
        (None, []),
        (
            Fault("forbidden", path="/divisions", times=None, permission="authorization:x:view"),
            ["divisions is skipped: .*authorization:x:view.*"],
        ),
        (
            Fault("status", path="/users", times=None, status=400),
            ["the run is failed: .*/users.*", "users is unfinished: None"],
        ),
    ],
)
def test_the_command_reports_what_the_run_report_has(
    fault: Fault | None, lines: list[str], tmp_path: Path
) -> None:
    """After a whole run it prints nothing; else a line for each fault, with exit code 1."""
    options: dict[str, Any] = {"run_report_path": str(tmp_path / "run.json")}
    ends = pytest.raises(StopRun) if lines and "the run" in lines[0] else contextlib.nullcontext()
    with Simulator(ORG) as sim:
        if fault:
            sim.faults.add(fault)
        with ends:
            run(sim, "divisions", "users", **options)
    command = subprocess.run(  # noqa: S603 - the documented command
        ["/bin/sh", "-c", SHELL],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (command.returncode, command.stdout) == (1 if lines else 0, "")
    reported = command.stderr.splitlines()
    assert len(reported) == len(lines)
    for line, expected in zip(reported, lines, strict=True):
        assert re.fullmatch(expected, line)
