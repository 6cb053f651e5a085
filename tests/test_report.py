"""The page of the marts: it shows their numbers, follows a choice, and sends no request."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support.contact_centre import DAY, ORG, SINCE
from support.loaders import DATABASE, STREAMS, project, query_duckdb, settings
from support.models import Models
from support.postgres import Postgres
from support.reports import figures, make, require_report, rows, run_report, show, total

from tap_genesys.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.dbt]

ALL = [
    *STREAMS,
    "conversation_aggregates",
    "conversation_evaluations",
    "conversation_surveys",
    "presence_definitions",
    "user_presences",
    "user_routing_statuses",
]
VARIABLES = {
    "genesys__time_zone": "America/New_York",
    "genesys__using_user_statuses": True,
    "genesys__using_reconciliation": True,
    # A test makes that mart by hand.
    "genesys__using_tap_runs": False,
}
END = SINCE + 12 * DAY
LARGEST = 3_000_000
OPTIONAL = ("agent_intervals", "queue_intervals", "reconciliation", "surveys")


@dataclass(frozen=True)
class Reported:
    """A warehouse with marts, and its page."""

    models: Models
    address: str
    page: Path
    html: str

    @property
    def figures(self) -> dict[str, Any]:
        return figures(self.html)

    def value(self, sql: str) -> float:
        """Return the only value of a query of the marts."""
        ((value,),) = self.models.query(sql)
        return float(value or 0)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("duckdb", marks=pytest.mark.xdist_group("report-duckdb")),
        pytest.param("postgres", marks=pytest.mark.xdist_group("report-postgres")),
    ],
)
def reported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reported]:
    """Load the org, build the marts, and make the page."""
    require_report()
    with Postgres() if request.param == "postgres" else contextlib.nullcontext() as server:
        root = project(tmp_path_factory.mktemp(request.param))
        models = Models(root, server)
        with Simulator(ORG.at(END)) as sim:
            variables = settings(sim.url, SINCE, END) | {
                "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
                "TAP_GENESYS_USER_DETAILS_SOURCE": "job",
                "TAP_GENESYS_WINDOW_DAYS": "14",
                "TAP_GENESYS_LOOKBACK_DAYS": "7",
            }
            models.load(variables, [*ALL, "conversation_reconciliation"])
        models.build(VARIABLES)
        address = server.url if server else str(root / DATABASE)
        page = root / "report.html"
        yield Reported(models, address, page, make(address, page))


@pytest.fixture(scope="module")
def shown(reported: Reported) -> dict[str, Any]:
    """Return the charts in a browser: all, of the queue Billing, and of its calls."""
    if reported.models.server:
        pytest.skip("one page is enough for the browser")
    return show(reported.page, reported.figures["queues"][0], "Voice")


@pytest.mark.parametrize(
    ("table", "column", "sql"),
    [
        ("days", "offered", "sum(offered) from marts.genesys__queue_intervals"),
        ("days", "answered", "sum(answered) from marts.genesys__queue_intervals"),
        ("days", "in_time", "sum(service_level_numerator) from marts.genesys__queue_intervals"),
        ("days", "counted", "sum(service_level_denominator) from marts.genesys__queue_intervals"),
        ("days", "talk_seconds", "sum(talk_seconds) from marts.genesys__queue_intervals"),
        ("days", "hold_seconds", "sum(hold_seconds) from marts.genesys__queue_intervals"),
        (
            "days",
            "after_call_work_seconds",
            "sum(after_call_work_seconds) from marts.genesys__queue_intervals",
        ),
        ("days", "handled", "sum(handled) from marts.genesys__queue_intervals"),
        ("half_hours", "offered", "sum(offered) from marts.genesys__queue_intervals"),
        ("half_hours", "abandoned", "sum(abandoned) from marts.genesys__queue_intervals"),
    ],
)
def test_a_column_has_the_sum_of_its_mart(
    reported: Reported, table: str, column: str, sql: str
) -> None:
    """A sum of the page is that of the mart over the same days of the org's clock."""
    days = reported.figures["days"]
    bounds = (
        f"where cast(interval_start_local as date) between date '{days[0]}' and date '{days[-1]}'"
    )
    expected = reported.value(f"select {sql} {bounds}")
    assert total(rows(reported.figures, table), column) == pytest.approx(expected)
    assert expected > 0


def test_the_days_are_those_of_the_orgs_clock(reported: Reported) -> None:
    """The page ends with the newest conversation's day, and has each day since the first."""
    ((first, last),) = reported.models.query(
        "select cast(min(cast(started_at_local as date)) as varchar) as first, "
        "cast(max(cast(started_at_local as date)) as varchar) as last "
        "from marts.genesys__conversations"
    )
    days = reported.figures["days"]
    assert (days[0], days[-1]) == (str(first), str(last))
    assert days == sorted(set(days))
    assert 10 <= len(days) <= 28


@pytest.mark.parametrize("unit", ["queue", "medium"])
def test_service_levels_of_a_queue_and_of_a_medium(reported: Reported, unit: str) -> None:
    """For each queue, and each medium, in-time and counted interactions are the mart's."""
    column = {"queue": "queue_name", "medium": "media_type"}[unit]
    days = reported.figures["days"]
    sql = (
        f"select {column}, sum(service_level_numerator) as in_time, "  # noqa: S608 - our own names
        "sum(service_level_denominator) as counted, "
        "sum(service_level_target * service_level_denominator) as target_sum "
        "from marts.genesys__queue_intervals "
        f"where cast(interval_start_local as date) between date '{days[0]}' and date '{days[-1]}' "
        f"group by {column}"
    )
    expected = {
        name: tuple(float(value or 0) for value in values)
        for name, *values in reported.models.query(sql)
    }
    lines = rows(reported.figures, "days")
    assert {
        name: tuple(
            total([row for row in lines if row[unit] == name], column)
            for column in ("in_time", "counted", "target_sum")
        )
        for name in expected
    } == {name: pytest.approx(values) for name, values in expected.items()}
    assert len(expected) > 2


@pytest.mark.parametrize(
    ("table", "column", "mart", "moment", "sql"),
    [
        ("wrap_ups", "wrap_ups", "wrap_ups", "started_at", "count(*)"),
        ("transfers", "transfers", "transfers", "transferred_at", "sum(transfers)"),
        ("repeats", "contacts", "repeat_contacts", "started_at", "count(*)"),
        (
            "surveys",
            "surveys",
            "surveys",
            "coalesce(completed_at, event_at)",
            "count(promoter_score)",
        ),
    ],
)
def test_outcomes_have_the_counts_of_their_marts(
    reported: Reported, table: str, column: str, mart: str, moment: str, sql: str
) -> None:
    """Wrap-ups, transfers, repeat contacts and surveys of the page's days are all there."""
    days = reported.figures["days"]
    expected = reported.value(
        f"select {sql} from marts.genesys__{mart} "  # noqa: S608 - our own names
        f"where {moment} >= (select min(interval_start) from marts.dim_interval "
        f"where local_date = date '{days[0]}') "
        f"and {moment} < (select max(interval_end) from marts.dim_interval "
        f"where local_date = date '{days[-1]}')"
    )
    assert total(rows(reported.figures, table), column) == expected
    assert expected > 0


@pytest.mark.parametrize("days", [1, 3, 7])
def test_repeats_leave_out_contacts_whose_following_days_are_not_loaded(
    reported: Reported, days: int
) -> None:
    """A contact counts with a repeat or without one only if all the days after it are loaded."""
    for scope in ("voice", "messaging", "together"):
        ((contacts, repeated),) = reported.models.query(
            "select count(*) as contacts, "  # noqa: S608 - our own names
            f"sum(case when is_resolved_within_{days}_days then 0 else 1 end) as repeated "
            f"from marts.genesys__repeat_contacts where scope = '{scope}' and is_identified "
            f"and started_at <= (select max(started_at) from marts.genesys__conversations) "
            f"- interval '{days} days'"
        )
        lines = [row for row in rows(reported.figures, "repeats") if row["scope"] == scope]
        assert total(lines, f"followed_{days}") == contacts
        assert total(lines, f"repeated_{days}") == float(repeated or 0)


def test_agents_have_their_times(reported: Reported) -> None:
    """The 20 agents with the most time on queue are there, with the sums of the mart."""
    days = reported.figures["days"]
    names = ("interacting_seconds", "communicating_seconds", "idle_seconds")
    sums = ", ".join(f"sum({name}) as {name}" for name in names)
    expected = sorted(
        (agent, *(round(float(value)) for value in values))
        for agent, *values in reported.models.query(
            f"select agent_name, {sums} from marts.genesys__agent_intervals where "  # noqa: S608
            f"cast(interval_start_local as date) between date '{days[0]}' and date '{days[-1]}' "
            "group by user_id, agent_name"
        )
    )
    agents = [
        (row["agent"], *(round(row[name]) for name in names))
        for row in rows(reported.figures, "agents")
    ]
    assert len(agents) == 20 < len(expected)
    others = list(expected)
    for agent in agents:
        others.remove(agent)
    least = min(sum(values) for _, *values in agents)
    assert all(sum(values) <= least + 1 for _, *values in others)


def test_reconciliation_has_the_counts_of_each_day(reported: Reported) -> None:
    """Loaded and expected conversations are the mart's, by day and medium."""
    expected = {
        (str(day)[:10], medium): (float(loaded), float(details))
        for day, medium, loaded, details in reported.models.query(
            "select day, media_type, loaded_count, details_count "
            "from marts.genesys__reconciliation where details_count is not null"
        )
    }
    days = set(reported.figures["days"])
    assert {
        (row["day"], row["medium"]): (row["loaded"], row["expected"])
        for row in rows(reported.figures, "reconciliation")
    } == {key: counts for key, counts in expected.items() if key[0] in days}
    assert expected


def test_the_page_is_one_small_file_that_names_no_host(reported: Reported) -> None:
    """It has less than 3 MB, and its policy allows its own style and script alone."""
    assert len(reported.html.encode()) < LARGEST
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', reported.html)
    (script,) = re.findall(r"<script>(.*?)</script>", reported.html, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", reported.html, re.DOTALL)
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"script-src {_hash(script)}",
        f"style-src {_hash(style)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    urls = set(re.findall(r"\w+://[^\s\"'<]+", reported.html))
    assert urls <= {"http://www.w3.org/2000/svg"}


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def test_the_page_warns_of_names_and_names_its_sources(reported: Reported) -> None:
    """It states that it holds names, and under each chart the mart and its columns."""
    assert "This page holds the names of agents and queues." in reported.html
    sections = re.findall(r"<section.*?</section>", reported.html, re.DOTALL)
    charts = [section for section in sections if "data-chart=" in section]
    assert len(charts) == 10
    for section in charts:
        (mart,) = re.findall(r'class="source">From <code>(\w+)</code>', section)
        columns = re.findall(r"[:,] <code>(\w+)</code>", section)
        assert columns
        assert set(columns) <= set(reported.models.columns(mart))
        assert re.search(r'<p class="meaning">[A-Z][^<]+\.</p>', section)


def test_no_url_of_a_database_is_in_the_page(reported: Reported) -> None:
    """The page names the database, not its address."""
    assert reported.address not in reported.html


def test_a_mart_that_is_missing_is_named(reported: Reported, tmp_path: Path) -> None:
    """Without optional marts the page names them, with the streams that they need."""
    if reported.models.server:
        pytest.skip("one database is enough")
    (tmp_path / "copy").mkdir()
    shutil.copy(reported.address, tmp_path / "copy" / DATABASE)
    for mart in OPTIONAL:
        ((kind,),) = query_duckdb(
            tmp_path / "copy",
            "select table_type from information_schema.tables "  # noqa: S608 - our own names
            f"where table_schema = 'marts' and table_name = 'genesys__{mart}'",
        )
        drop = "view" if kind == "VIEW" else "table"
        query_duckdb(tmp_path / "copy", f"drop {drop} marts.genesys__{mart}")
    html = make(tmp_path / "copy" / DATABASE, tmp_path / "report.html")
    for mart in OPTIONAL:
        assert f"The mart <code>genesys__{mart}</code> is not in this database." in html
    assert "It needs the stream conversation_reconciliation" in html
    assert html.count("data-chart=") == 3
    chosen = show(tmp_path / "report.html", figures(html)["queues"][0], "Voice")
    assert chosen["console"] == []
    assert chosen["all"]["wrap_ups"]["table"]


def with_mart(reported: Reported, folder: Path, mart: str, select: str) -> str:
    """Return the page of a copy of the database, with a mart that the page lists as missing."""
    if reported.models.server:
        pytest.skip("one database is enough")
    assert f"The mart <code>{mart}</code> is not in this database." in reported.html
    shutil.copy(reported.address, folder / DATABASE)
    query_duckdb(folder, f"create table marts.{mart} as {select}")
    return make(folder / DATABASE, folder / "report.html")


def test_freshness_is_shown_once_it_is_built(reported: Reported, tmp_path: Path) -> None:
    """Rows of genesys__freshness stand in the page; without the mart, it says so."""
    html = with_mart(
        reported,
        tmp_path,
        "genesys__freshness",
        "select 'users <b>' as stream, 'main' as lane, "
        "timestamp '2025-03-01 04:30:00' as complete_to, 97200 as behind_seconds, "
        "timestamp '2025-03-02 07:30:00' as last_started_at, 'done' as last_outcome, "
        "null as last_records_at, 1234 as runs",
    )
    assert (
        '<th scope="row">users &lt;b&gt;</th><td>main</td><td>2025-03-01 04:30</td>'
        "<td>1 d 3 h</td><td>2025-03-02 07:30</td><td>done</td><td></td><td>1,234</td>"
    ) in html
    assert '<th scope="col">Complete to</th><th scope="col">Behind</th>' in html


def test_the_newest_runs_are_shown_once_they_are_built(reported: Reported, tmp_path: Path) -> None:
    """The newest five rows of genesys__runs stand in the page; without the mart, it says so."""
    html = with_mart(
        reported,
        tmp_path,
        "genesys__runs",
        "select 'run ' || hour as run_id, "
        "timestamp '2025-03-01' + hour * interval 1 hour as started_at, 70.25 as duration_seconds, "
        "'incomplete' as outcome, 1000 + hour as records, 9 as requests, 2 as retries "
        "from range(8) as t (hour)",
    )
    lines = re.findall(r'<tr><th scope="row">(2025-.*?)</th>(.*?)</tr>', html)
    assert [start for start, _ in lines] == [f"2025-03-01 0{hour}:00" for hour in (7, 6, 5, 4, 3)]
    assert lines[0][1] == (
        "<td>1 min 10 s</td><td>incomplete</td><td>1,007</td><td>9</td><td>2</td>"
    )


def test_a_choice_changes_the_figures(reported: Reported, shown: dict[str, Any]) -> None:
    """A queue, and then a medium, changes each chart that they apply to, to the mart's numbers."""
    document = reported.figures
    queue = document["queues"][0]
    lines = rows(document, "days")
    of_queue = [row for row in lines if row["queue"] == queue]
    of_both = [row for row in of_queue if row["medium"] == "voice"]
    for state, chosen in (("all", lines), ("queue", of_queue), ("both", of_both)):
        counted, in_time = (int(total(chosen, name)) for name in ("counted", "in_time"))
        chart = shown[state]["service_level"]
        target = total(chosen, "target_sum") / total(chosen, "target_counted")
        assert chart["lead"] == (
            f"{_share(in_time / counted)} of {counted:,} in time, target {_share(target)}"
        )
        assert sum(int(row[3].replace(",", "")) for row in chart["table"][1:]) == in_time
        half_hours = shown[state]["half_hours"]["table"]
        assert half_hours[0] == ["Half hour from", "Offered", "Answered", "Abandoned"]
        for place, name in ((1, "offered"), (2, "answered"), (3, "abandoned")):
            numbers = [int(row[place].replace(",", "")) for row in half_hours[1:]]
            assert sum(numbers) == total(chosen, name)
        if total(chosen, "handled"):
            average = total(chosen, "handle_seconds") / total(chosen, "handled")
            assert shown[state]["handle_time"]["lead"].startswith(_time(average))
    follow_queues = {"service_level", "half_hours", "handle_time", "wrap_ups", "transfers"}
    for chart in follow_queues:
        assert shown["all"][chart]["table"] != shown["queue"][chart]["table"], chart
    for chart in ("occupancy", "reconciliation"):
        assert shown["all"][chart]["table"] == shown["queue"][chart]["table"], chart
    assert shown["queue"]["reconciliation"]["table"] != shown["both"]["reconciliation"]["table"]


def test_outcomes_follow_the_choice(reported: Reported, shown: dict[str, Any]) -> None:
    """Wrap-ups, transfers, surveys and repeats have the numbers of the chosen queue and medium."""
    document = reported.figures
    queue = document["queues"][0]
    for state, voice_only in (("all", False), ("queue", False), ("both", True)):
        chosen = {
            table: [
                row
                for row in rows(document, table)
                if (state == "all" or row["queue"] == queue)
                and (not voice_only or row["medium"] == "voice")
            ]
            for table in ("wrap_ups", "transfers", "surveys", "repeats")
        }
        charts = shown[state]
        assert _sums(charts["wrap_ups"], 1) == total(chosen["wrap_ups"], "wrap_ups")
        assert _sums(charts["transfers"], 4) == total(chosen["transfers"], "transfers")
        parts = [_sums(charts["transfers"], place) for place in (1, 2, 3)]
        assert sum(parts) == total(chosen["transfers"], "transfers")
        groups = ((0, 6), (7, 8), (9, 10))
        counts = [
            total([row for row in chosen["surveys"] if low <= row["score"] <= high], "surveys")
            for low, high in groups
        ]
        assert [_sums(charts["surveys"], place) for place in (1, 2, 3)] == counts
        if sum(counts):
            net = round(100 * (counts[2] - counts[0]) / sum(counts))
            assert charts["surveys"]["lead"].startswith(f"{net:+}".replace("-", "\u2212"))
        calls = [row for row in chosen["repeats"] if row["scope"] == "voice"]
        for line in charts["repeats"]["table"][1:]:
            name, days, *_ = line[0].replace(",", "").split()
            if name == "Calls":
                followed, repeated = (
                    total(calls, f"{kind}_{days}") for kind in ("followed", "repeated")
                )
                assert line[1:4] == [
                    _share(repeated / followed),
                    f"{repeated:,.0f}",
                    f"{followed:,.0f}",
                ]
        assert any(line[0].startswith("Calls") for line in charts["repeats"]["table"])


def test_occupancy_is_of_the_time_on_queue(reported: Reported, shown: dict[str, Any]) -> None:
    """An agent's share is interacting by interacting, communicating and idle; highest first."""
    names = ("interacting_seconds", "communicating_seconds", "idle_seconds")
    shares = sorted(
        (
            row[names[0]] / sum(row[name] for name in names)
            for row in rows(reported.figures, "agents")
        ),
        reverse=True,
    )
    assert [line[1] for line in shown["all"]["occupancy"]["table"][1:]] == list(map(_share, shares))


def test_what_is_not_loaded_is_missing_or_too_recent(
    reported: Reported, shown: dict[str, Any]
) -> None:
    """The reconciliation's chart has what lacks of each day, apart for days that are too recent."""
    lines = rows(reported.figures, "reconciliation")
    chart = shown["all"]["reconciliation"]
    for place, too_recent in ((2, 0), (3, 1)):
        lacking = sum(
            max(0, row["expected"] - row["loaded"])
            for row in lines
            if row["too_recent"] == too_recent
        )
        assert _sums(chart, place) == lacking
    assert _sums(chart, 1) == total(lines, "loaded")
    assert _sums(chart, 4) == total(lines, "expected")


def _sums(chart: dict[str, Any], place: int) -> int:
    cells = [row[place].replace(",", "") for row in chart["table"][1:]]
    return sum(int(cell) for cell in cells if cell != "\u2013")


def _share(value: float) -> str:
    return f"{100 * value:.1f}".removesuffix(".0") + "%"


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def test_the_table_of_a_queue_has_its_service_level(
    reported: Reported, shown: dict[str, Any]
) -> None:
    """In the browser, each queue has the service level that the mart has."""
    header, *lines = shown["all"]["queue_levels"]["table"]
    assert header == ["Queue", "Service level", "Target", "In time", "Counted"]
    levels = {
        name: (int(in_time), int(counted))
        for name, in_time, counted in reported.models.query(
            "select queue_name, cast(sum(service_level_numerator) as int) as in_time, "  # noqa: S608
            "cast(sum(service_level_denominator) as int) as counted "
            "from marts.genesys__queue_intervals "
            f"where cast(interval_start_local as date) <= date '{reported.figures['days'][-1]}' "
            "group by queue_name having sum(service_level_denominator) > 0"
        )
    }
    assert {name: (int(row[2]), int(row[3])) for name, *row in lines} == levels
    for name, level, *_ in lines:
        in_time, counted = levels[name]
        assert float(level.rstrip("%")) == pytest.approx(100 * in_time / counted, abs=0.051)


def test_each_chart_is_drawn_with_a_text_that_replaces_it(shown: dict[str, Any]) -> None:
    """A drawing has shapes, an alternative text and a table; an empty one is a sentence."""
    for state in ("all", "queue", "both"):
        for name, chart in shown[state].items():
            if chart["empty"]:
                assert chart["empty"].endswith("."), name
                assert (chart["alternative"], chart["table"]) == (None, [])
                continue
            assert chart["shapes"] > 0, name
            assert chart["lead"] in chart["alternative"]
            assert len(chart["table"]) > 1
    assert not any(chart["empty"] for chart in shown["all"].values())


def test_the_page_sends_no_request_and_logs_nothing(
    reported: Reported, shown: dict[str, Any]
) -> None:
    """The browser requests the file alone, its console is empty, and the policy refuses a fetch."""
    assert shown["console"] == []
    assert [url for url in shown["requests"] if url != "data:,"] == [reported.page.as_uri()]
    assert shown["refused"] == "connect-src"


def test_the_page_fits_a_phone_and_has_real_headings(shown: dict[str, Any]) -> None:
    """Nothing is wider than the window; headings do not skip a level."""
    assert shown["widths"] == {"1280": 1280, "390": 390}
    assert shown["headings"][:3] == ["H1", "H2", "H3"]
    assert shown["headings"].count("H1") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.duckdb"], "report: database: missing.duckdb is neither a DuckDB file nor a"),
        ([""], "report: database: "),
        (
            ["postgresql://nobody:secret@127.0.0.1:9/none"],
            "report: database: PostgreSQL refuses the connection: ",
        ),
        (["README.md"], "report: database: README.md cannot be opened: "),
        (["missing.duckdb", "--schema", "a'b"], 'report: schema: "a\'b" is not the name of a'),
    ],
)
def test_a_wrong_argument_is_one_line(arguments: list[str], message: str) -> None:
    """A database that cannot be read ends with one line, exit code 1, and no secret."""
    require_report()
    run = run_report(*arguments)
    assert run.returncode == 1
    assert run.stderr.startswith(message)
    assert run.stderr.count("\n") == 1
    assert "secret" not in run.stderr
    assert run.stdout == ""


def test_a_schema_without_marts_is_one_line(reported: Reported) -> None:
    """The line names the table that is missing, and what makes it."""
    run = run_report(reported.address, "--schema", "genesys")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        "report: database: the schema genesys has no table dim_interval; `dbt build` makes the "
        "marts, and SCHEMA (--schema) names their schema.\n"
    )


SMALL = """
create schema marts;
create table marts.genesys__conversations (
    started_at timestamp, started_at_local timestamp, first_queue_id text, last_queue_id text
);
create table marts.genesys__conversation_legs (queue_id text);
create table marts.dim_queue (queue_id text, name text, is_current boolean);
create table marts.dim_interval as
    select moment as interval_start, moment + interval 30 minutes as interval_end,
        cast(moment as date) as local_date, 'UTC' as time_zone
    from range(timestamp '2025-01-01', timestamp '2025-03-01', interval 30 minutes) as t (moment)
"""


def test_an_empty_mart_is_one_line(tmp_path: Path) -> None:
    """Without a conversation there is no page, and the line has the remedy."""
    require_report()
    query_duckdb(tmp_path, SMALL)
    run = run_report(tmp_path / DATABASE, "--output", tmp_path / "report.html")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        "report: database: genesys__conversations has no rows; load first, then run `dbt build`.\n"
    )
    assert not (tmp_path / "report.html").exists()


def test_the_last_28_days_are_shown(tmp_path: Path) -> None:
    """Of 50 days with conversations, the page has the newest 28."""
    require_report()
    query_duckdb(tmp_path, SMALL)
    query_duckdb(
        tmp_path,
        "insert into marts.genesys__conversations select moment, moment, null, null from "
        "range(timestamp '2025-01-03 08:00:00', timestamp '2025-02-22', interval 1 day) t (moment)",
    )
    html = make(tmp_path / DATABASE, tmp_path / "report.html")
    days = figures(html)["days"]
    assert (len(days), days[0], days[-1]) == (28, "2025-01-25", "2025-02-21")
    assert "<h1>Contact centre, 25 January to 21 February 2025</h1>" in html
