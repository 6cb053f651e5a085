"""Real warehouses have the rows of the org, and the documented queries the right results."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from support import files
from support.conversation_tables import COLUMNS, FIELDS, NAMES
from support.loaders import (
    STREAMS,
    killing,
    pour,
    project,
    query_duckdb,
    require,
    require_meltano,
    settings,
    without_zone,
)
from support.postgres import Postgres, binaries

from tap_genesys.records.conversation_rows import rows
from tap_genesys.replication.windows import DAY
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    Query = Callable[[str], list[list[Any]]]

PAGE = Path(__file__).parent.parent / "docs" / "warehouse.md"
SQL = dict(re.findall(r"```sql\n-- ([^\n]+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
SINCE = datetime(2025, 3, 3, tzinfo=UTC)
#: The loaders, and the load by way of a file.
KINDS = ("duckdb", "postgres", "files")
JOBS = {
    "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
    "TAP_GENESYS_WINDOW_DAYS": "7",
}


class Org(World):
    """Org whose segments have a field that is in no schema."""

    def in_lake(self, number: int, moment: datetime | None = None) -> dict[str, Any]:
        row = super().in_lake(number, moment)
        for _participant, session in sessions(row):
            for segment in session["segments"]:
                segment["unheardOf"] = {"number": number}
        return row


def sessions(row: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each session with its participant."""
    for participant in row["participants"]:
        for session in participant["sessions"]:
            yield participant, session


def server_of(kind: str) -> AbstractContextManager[Postgres | None]:
    """Return the server of a kind of load."""
    if kind != "postgres":
        return contextlib.nullcontext()
    require(binaries(), what="PostgreSQL is not installed")
    return Postgres()


def into(server: Postgres | None) -> dict[str, str]:
    """Return the loader's settings."""
    return {"TARGET_POSTGRES_SQLALCHEMY_URL": server.url} if server else {}


def loaded(
    kind: str, folder: Path, environment: dict[str, str], streams: Sequence[str] = STREAMS
) -> int:
    """Load by a target, or by way of a file; return the exit code."""
    if kind == "files":
        return files.pour(folder, environment, streams)
    return pour(folder, f"target-{kind}", environment, streams)


def query_of(kind: str, server: Postgres | None, folder: Path) -> Query:
    """Return the function that runs a query."""
    if server:
        return server.query
    return functools.partial(files.query if kind == "files" else query_duckdb, folder)


@pytest.mark.integration
@pytest.mark.parametrize("kind", KINDS)
def test_it_holds_the_truth_after_late_changes_and_a_kill(kind: str, tmp_path: Path) -> None:
    """After a first load, a killed run and late changes, no row is missing, doubled or wrong."""
    require_meltano()
    folder = project(tmp_path)
    org = Org(seed=3, per_day=20, since=SINCE, now=SINCE + 3 * DAY, until=SINCE + 4 * DAY)
    with server_of(kind) as server:
        for days, is_killed in ((2, False), (3, True), (5, False), (125, False)):
            world = org.at(SINCE + days * DAY)
            with Simulator(world) as sim:
                environment = settings(sim.url, SINCE, world.now) | JOBS | into(server)
                # The kill comes in the middle of a job's results.
                killer = killing(sim, "/results") if is_killed else contextlib.nullcontext()
                with killer:
                    code = loaded(kind, folder, environment, ["conversation_details", *NAMES])
                assert (code != 0) is is_killed
        truth = [world.in_lake(number) for number in world.numbers(SINCE, world.now)]
        query = query_of(kind, server, folder)
        hold_equal(query, truth)
        (((news, total),)) = query(
            """select count(*) filter (where (_extra->'unheardOf'->'number') is not null) as news,
            count(*) as total from genesys.conversation_segments"""
        )
    assert news == total > 0


def hold_equal(query: Query, truth: list[dict[str, Any]]) -> None:
    """Assert that each table, seen through its view, equals the truth, column by column."""
    (((count, distinct),)) = query(
        'select count(*) as n, count(distinct "conversationId") as d '
        "from genesys.conversation_details"
    )
    assert count == distinct == len(truth)
    ends = dict(
        query('select "conversationId", "conversationEnd" from genesys.conversation_details')
    )
    expected = {row["conversationId"]: without_zone(row.get("conversationEnd")) for row in truth}
    assert {key: without_zone(value) for key, value in ends.items()} == expected
    expected_rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in truth:
        for table, table_rows in rows(row, FIELDS).items():
            expected_rows[table] += table_rows
    for table in NAMES:
        columns = [name for name in sorted(COLUMNS[table]) if is_scalar(table, name)]
        listed = ", ".join(f'part."{name}"' for name in columns)
        current = query(
            f"select {listed} from genesys.{table} part "  # noqa: S608 - our own names
            'join genesys.conversation_details whole on whole."conversationId" = '
            'part."conversationId" where part."_readAt" >= whole."_readAt"'
        )
        key = columns.index("_id")
        assert {row[key]: tuple(map(without_zone, row)) for row in current} == {
            row["_id"]: tuple(without_zone(row.get(name)) for name in columns)
            for row in expected_rows[table]
        }, table
        assert len(current) == len(expected_rows[table])


def is_scalar(table: str, name: str) -> bool:
    """Return whether a column is the vendor's or a key, and no list or object."""
    kinds = COLUMNS[table][name]["type"]
    return name not in ("_readAt", "_source") and not {"array", "object"} & set(kinds)


#: An org without further changes, but for mails that stay open.
QUIET = World(seed=6, per_day=60, since=SINCE, now=SINCE + 60 * DAY, until=SINCE + 5 * DAY)
TRUTH = [QUIET.in_lake(number) for number in QUIET.numbers(SINCE, QUIET.now)]
QUEUES = {queue["id"]: queue["name"] for queue in QUIET.queues()}
AGENTS = {user["id"]: user["name"] for user in QUIET.users()}
CODES = {code["id"]: code["name"] for code in QUIET.wrapup_codes()}


@pytest.fixture(scope="module", params=KINDS)
def query(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    """Load a quiet org, create the views, and yield the function that runs a query."""
    require_meltano()
    folder = project(tmp_path_factory.mktemp(request.param))
    with Simulator(QUIET) as sim, server_of(request.param) as server:
        environment = settings(sim.url, SINCE, QUIET.now) | JOBS | into(server)
        assert loaded(request.param, folder, environment) == 0
        query = query_of(request.param, server, folder)
        execute(query, SQL["views"])
        yield query


def measured() -> Iterator[tuple[dict[str, Any], str, str, str, int]]:
    """Yield each metric of the truth: session, queue's name, agent's id, metric, value."""
    for row in TRUTH:
        for participant, session in sessions(row):
            queues = [segment["queueId"] for segment in session["segments"] if "queueId" in segment]
            for metric in session.get("metrics", ()):
                queue = QUEUES[min(queues)] if queues else ""
                yield session, queue, participant.get("userId", ""), metric["name"], metric["value"]


def means(values: Mapping[Any, list[float]]) -> Any:
    """Return the mean of each list, approximately."""
    return pytest.approx({key: sum(numbers) / len(numbers) for key, numbers in values.items()})


def figures(query: Query, name: str) -> dict[Any, Any]:
    """Return the result of a query with two columns, a name and a number."""
    return {what: float(value) for what, value in query(SQL[name])}


def counts(name: str, *, medium: str = "", most: float = float("inf")) -> Counter[str]:
    """Count the metrics of a name by queue."""
    return Counter(
        queue
        for session, queue, _agent, metric, value in measured()
        if queue and metric == name and value <= most
        if not medium or session["mediaType"] == medium
    )


@pytest.mark.integration
def test_service_level(query: Query) -> None:
    """The service level is the share of offered calls that are answered within 20 seconds."""
    offered, quick = (
        counts("nOffered", medium="voice"),
        counts("tAnswered", medium="voice", most=20_000),
    )
    levels = {queue: (number, share) for queue, number, share in query(SQL["service level"])}
    assert set(levels) == set(offered)
    for queue, number in offered.items():
        assert levels[queue] == (number, pytest.approx(quick[queue] / number))


@pytest.mark.integration
def test_abandon_rate(query: Query) -> None:
    """The abandon rate is the share of offered calls that are abandoned."""
    offered, abandoned = counts("nOffered", medium="voice"), counts("tAbandon", medium="voice")
    expected = {queue: abandoned[queue] / number for queue, number in offered.items()}
    assert figures(query, "abandon rate") == pytest.approx(expected)
    assert abandoned.total() > 3


@pytest.mark.integration
def test_average_handle_time(query: Query) -> None:
    """The average handle time has a mean per queue and agent."""
    times = defaultdict(list)
    for _session, queue, agent, metric, value in measured():
        if metric == "tHandle" and queue:
            times[queue, AGENTS[agent]].append(value / 1000)
    result = query(SQL["average handle time"])
    assert {(queue, agent): number for queue, agent, number, _s in result} == {
        key: len(values) for key, values in times.items()
    }
    assert {(queue, agent): float(s) for queue, agent, _number, s in result} == means(times)


@pytest.mark.integration
def test_transfers(query: Query) -> None:
    """Transfers are counted per queue, beside handled interactions."""
    transferred, handled = counts("nTransferred"), counts("tHandle")
    pairs = {queue: (moved, all_) for queue, moved, all_ in query(SQL["transfers"])}
    assert {queue: pair for queue, pair in pairs.items() if any(pair)} == {
        queue: (transferred[queue], handled[queue]) for queue in handled
    }
    assert transferred.total() > 3


@pytest.mark.integration
def test_wrap_up_distribution(query: Query) -> None:
    """A conversation counts once for each of its wrap-up codes."""
    expected: Counter[str] = Counter()
    for row in TRUTH:
        codes = {
            CODES[segment["wrapUpCode"]]
            for _participant, session in sessions(row)
            for segment in session["segments"]
            if "wrapUpCode" in segment
        }
        expected.update(codes or {"None"})
    assert figures(query, "wrap-up distribution") == dict(expected)
    assert expected["None"]


@pytest.mark.integration
def test_after_call_work(query: Query) -> None:
    """After-call work is summed up per agent, in seconds."""
    times: defaultdict[str, float] = defaultdict(float)
    for _session, _queue, agent, metric, value in measured():
        if metric == "tAcw":
            times[AGENTS[agent]] += value / 1000
    assert figures(query, "after-call work") == pytest.approx(times)


@pytest.mark.integration
def test_first_response(query: Query) -> None:
    """The first response is the mean time to an agent's first segment, per medium."""
    waits = defaultdict(list)
    for row in TRUTH:
        firsts: defaultdict[str, list[str]] = defaultdict(list)
        for participant, session in sessions(row):
            if participant["purpose"] == "agent" and session["mediaType"] in (
                "chat",
                "message",
                "email",
            ):
                firsts[session["mediaType"]] += [
                    segment["segmentStart"]
                    for segment in session["segments"]
                    if segment["segmentType"] == "interact"
                ]
        for medium, starts in firsts.items():
            if starts:
                begun = datetime.fromisoformat(row["conversationStart"])
                first = datetime.fromisoformat(min(starts))
                waits[medium].append((first - begun).total_seconds())
    result = query(SQL["first response"])
    assert {medium: number for medium, number, _s in result} == {
        medium: len(values) for medium, values in waits.items()
    }
    assert {medium: float(s) for medium, _number, s in result} == means(waits)


@pytest.mark.integration
def test_survey_score(query: Query) -> None:
    """The survey score is the mean of all scores per agent."""
    scores = defaultdict(list)
    for row in TRUTH:
        for survey in row.get("surveys", ()):
            scores[AGENTS[survey["userId"]]].append(survey["oSurveyTotalScore"])
    result = query(SQL["survey score"])
    assert {agent: number for agent, number, _score in result} == {
        agent: len(values) for agent, values in scores.items()
    }
    assert {agent: float(score) for agent, _number, score in result} == means(scores)


@pytest.mark.integration
def test_arrivals_by_hour(query: Query) -> None:
    """Arrivals are counted per hour of the local time zone."""
    zone = ZoneInfo("America/New_York")
    starts = (datetime.fromisoformat(row["conversationStart"]) for row in TRUTH)
    expected = Counter(start.astimezone(zone).hour for start in starts)
    assert figures(query, "arrivals by hour") == dict(expected)


@pytest.mark.integration
def test_repeat_callers(query: Query) -> None:
    """Repeat calls are those of a number within seven days of the one before."""
    calls = defaultdict(list)
    for row in TRUTH:
        for participant, session in sessions(row):
            is_call = session["mediaType"] == "voice" and session["direction"] == "inbound"
            if is_call and participant["purpose"] == "customer":
                calls[session["ani"]].append(datetime.fromisoformat(row["conversationStart"]))
    repeats = Counter(
        ani
        for ani, starts in calls.items()
        for before, after in itertools.pairwise(sorted(starts))
        if after - before <= timedelta(days=7)
    )
    assert query(SQL["repeat callers"]) == [[repeats.total(), len(repeats)]]
    assert repeats


@pytest.mark.integration
def test_daily_agent_figures(query: Query) -> None:
    """The figures have one row per agent and day, with a key, for tools that push them on."""
    execute(query, SQL["daily agent figures"])
    result = query("select external_id, handled from genesys.daily_agent_figures")
    expected: Counter[str] = Counter()
    for row in TRUTH:
        day = row["conversationStart"][:10]
        for participant, session in sessions(row):
            handled = [
                metric for metric in session.get("metrics", ()) if metric["name"] == "tHandle"
            ]
            if "userId" in participant and session.get("metrics"):
                expected[f"{participant['userId']}/{day}"] += len(handled)
    assert {key: number for key, number in result} == dict(expected)  # noqa: C416 - lists
    assert len(result) == len(expected)


def execute(query: Query, statement: str) -> None:
    """Run a statement without a result."""
    server = getattr(query, "__self__", None)
    server.run(statement) if isinstance(server, Postgres) else query(statement)


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_freshness(kind: str, tmp_path: Path) -> None:
    """Each table is as fresh as the state says, and a killed run is among those that failed."""
    require_meltano()
    folder = project(tmp_path)
    org = World(seed=7, per_day=20, since=SINCE, now=SINCE + 3 * DAY)
    streams = ["conversation_details", "conversation_segments", "divisions", "tap_runs"]
    sent: Counter[bool] = Counter()
    with server_of(kind) as server:
        for days, is_killed in ((1, False), (2, True), (3, False)):
            with Simulator(org.at(SINCE + days * DAY)) as sim:
                environment = settings(sim.url, SINCE, sim.world.now) | JOBS | into(server)
                killer = killing(sim, "/results") if is_killed else contextlib.nullcontext()
                with killer:
                    assert (pour(folder, f"target-{kind}", environment, streams) != 0) is is_killed
                sent[is_killed] += len(sim.requests)
        query = server.query if server else functools.partial(query_duckdb, folder)
        fresh = query(SQL["how fresh is each table"])
        failed = query(SQL["runs that did not end well"])
        per_day = query(SQL["requests of a day"])
    bookmarks = json.loads((folder / "state.json").read_text("utf-8"))["bookmarks"]
    details = bookmarks["conversation_details"]
    complete_to = {(stream, lane): without_zone(to) for stream, lane, to, *_ in fresh}
    last_read = complete_to.pop(("divisions", "main"))
    assert complete_to == {
        (stream, lane): without_zone(value)
        for stream in ("conversation_details", "conversation_segments")
        for lane, value in {
            "job": details["replication_key_value"],
            "recheck": min(details["recheckedUpTo"].values()),
        }.items()
    }
    assert {outcome for *_, outcome in fresh} == {"done"}
    (((_id, started, ended, outcome),)) = failed
    assert (ended, outcome) == (None, "killed")
    assert str(without_zone(started)) < str(last_read)
    assert sum(int(requests) for _, requests, _ in per_day) == sent[False]
    assert bookmarks["tap_runs"] == {"unreportedRuns": []}


@pytest.mark.integration
def test_parquet_files_hold_the_rows(tmp_path: Path) -> None:
    """Parquet files from DuckDB, and from target-jsonl's files, have all rows, as documented."""
    require_meltano()
    folder = project(tmp_path)
    (folder / "output").mkdir()
    streams = ["conversation_details", "conversation_wrap_ups"]
    with Simulator(QUIET) as sim:
        environment = settings(sim.url, SINCE, QUIET.now) | JOBS
        assert pour(folder, "target-duckdb", environment, streams) == 0
        (folder / "state.json").unlink()
        assert pour(folder, "target-jsonl", environment, streams) == 0
    for name, table in (
        ("parquet", "conversation_wrap_ups"),
        ("parquet from jsonl", "conversation_details"),
    ):
        sql = re.sub(
            r"'(output/)?(conversation_\w+\.(?:jsonl|parquet))'",
            lambda m: f"'{folder}/{m[1] or ''}{m[2]}'",
            SQL[name],
        )
        query_duckdb(folder, sql)
        ((stored,),) = query_duckdb(folder, f"select count(*) from '{folder}/{table}.parquet'")  # noqa: S608
        ((held,),) = query_duckdb(folder, f"select count(*) from genesys.{table}")  # noqa: S608
        assert stored == held > 0
