"""The arithmetic of the bench, and the responses of its server."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tap_genesys.simulator import Request, Simulator, World
from tap_genesys.simulator.lake import CONVERSATIONS

BENCH = Path(__file__).parent.parent / "bench"
sys.path.insert(0, str(BENCH))

arithmetic: Any = importlib.import_module("arithmetic")
day_figures: Any = importlib.import_module("day_figures")
org: Any = importlib.import_module("org")
report: Any = importlib.import_module("report")
results: Any = importlib.import_module("results")
rows_per_day: Any = importlib.import_module("rows_per_day")
serve: Any = importlib.import_module("serve")
steady_day: Any = importlib.import_module("steady_day")


def test_a_record_takes_the_time_beyond_an_empty_run() -> None:
    """The time per record is the difference of the medians, divided by the number of records."""
    assert arithmetic.per_record([5.0, 3.0, 100.0], [1.0, 1.0, 9.0], 4) == 1.0


@pytest.mark.parametrize(
    ("rows", "fewest", "demanded"),
    [([250], 3, 3), ([200], 2, 3), ([60], 1, 2), ([0], 0, 1), ([250, 200, 60, 0], 6, 9)],
)
def test_the_fewest_requests_and_those_of_paging(
    rows: list[int], fewest: int, demanded: int
) -> None:
    """A short last page ends a window, a full one does not, and a first page counts as full."""
    assert arithmetic.fewest_requests(rows, 100) == fewest
    assert arithmetic.demanded_requests(rows, 100) == demanded


def test_the_bound_is_that_of_rate_or_latency() -> None:
    """The rate limit bounds a run, or the latency with all parallel requests under way."""
    assert arithmetic.bound(300, per_second=5, latency=1, parallel=16) == 60
    assert arithmetic.bound(320, per_second=5, latency=16, parallel=16) == 320


def test_a_target_is_met_at_its_limit_and_not_beyond() -> None:
    """A target without a measurement is "not measured"."""

    def verdict(measured: float | None, **limit: float) -> str:
        return str(arithmetic.Target("it", measured, **limit).verdict)

    assert verdict(1.35, most=1.35) == verdict(8, least=8) == "met"
    assert verdict(1.36, most=1.35) == verdict(7.9, least=8) == "**not met**"
    assert verdict(None, most=1) == "not measured"


def test_pages_made_before_are_json_and_no_two_rows_have_the_same_id() -> None:
    """A short last page ends a day; the page behind it holds the count alone."""
    small = org.Org(1_250, org.templates("small"))
    days = (date(2026, 3, 9), date(2026, 3, 10))
    pages = [json.loads(small.page(days[:1], number, 100)) for number in range(1, 14)]
    results = [json.loads(small.results(days, first, 1000)) for first in (0, 1000, 2000)]
    rows = [row for page in pages for row in page["conversations"]]
    assert len(rows) == len({row["conversationId"] for row in rows}) == 1_250
    assert all(row["conversationStart"].startswith("2026-03-09T") for row in rows)
    assert json.loads(small.page(days[:1], 14, 100)) == {"totalHits": 1_250}
    of_job = [row["conversationId"] for page in results for row in page["conversations"]]
    assert len(set(of_job)) == len(of_job) == 2_500
    assert of_job[:1_250] == [row["conversationId"] for row in rows]
    assert [page.get("cursor") for page in results] == ["1000", "2000", None]


@pytest.mark.parametrize(
    ("interval", "count"),
    [
        ("2026-03-09T00:00:00.000Z/2026-03-10T00:00:00.000Z", 1),
        ("2026-03-09T00:00:00.000Z/2026-03-10T00:00:00.001Z", 2),
        ("2026-03-09T10:00:00.000Z/2026-03-09T12:00:00.000Z", 1),
    ],
)
def test_an_interval_touches_days(interval: str, count: int) -> None:
    """An interval that ends at midnight does not touch the next day."""
    assert len(serve.days(interval)) == count


def test_the_report_leaves_out_missing_measurements() -> None:
    """A ratio is of medians without the empty run; a target without figures is not met."""

    def runs(*cpu: float, rows: int) -> list[dict[str, float]]:
        return [{"cpu": seconds, "rows": rows} for seconds in cpu]

    figures = results.Results(
        {
            "about": {},
            "figures": {
                "cpu": {
                    report.DEFAULT: runs(3.1, 2.5, 9.0, rows=1000),
                    report.FLOOR: runs(2.2, rows=1000),
                },
                "empty": {report.DEFAULT: runs(0.7, rows=0), report.FLOOR: runs(0.2, rows=0)},
            },
        }
    )
    first, *others = report.goals(figures).splitlines()[2:]
    assert first.split(" | ")[1:] == ["at most 1.35x", "1.20x", "met |"]
    assert all(line.endswith("- | not measured |") for line in others)


def test_records_are_counted_by_stream_and_the_last_state_is_kept() -> None:
    """A RECORD counts in whatever order its keys are; a SCHEMA does not."""
    details: list[bytes] = []
    messages = steady_day.Messages(details.append)
    record = b'{"type":"RECORD","stream":"conversation_details","record":{}}'
    messages.buffer.write(b'{"type":"SCHEMA","stream":"teams"}\n' + record + b"\n")
    messages.buffer.write(b'{"stream":"teams","type":"RECORD","record":{}}\n')
    messages.buffer.write(b'{"type":"STATE","value":{"n":1}}\n{"type":"STATE","value":{"n":2}}\n')
    assert messages.records == {"conversation_details": 1, "teams": 1}
    assert messages.state == {"n": 2}
    assert details == [record]


@pytest.mark.parametrize(
    ("held", "oldest"),
    [((), 8), ((8, 9), 10), ((8, 10), 9), ((8, 9, 10), None), ((8, 9, 10, 13), None)],
)
def test_the_oldest_event_that_a_row_lacks(held: tuple[int, ...], oldest: int | None) -> None:
    """An event at this moment counts, a date that lies ahead does not."""
    dates = {hour: f"2026-03-09T{hour:02}:00:00.000Z" for hour in (8, 9, 10, 13)}
    response = json.dumps({"start": dates[8], "events": [dates[10], dates[9], dates[13]]}).encode()
    row = frozenset(dates[hour].encode() for hour in held)
    now = datetime(2026, 3, 9, 10, tzinfo=UTC)
    expected = oldest and datetime(2026, 3, 9, oldest, tzinfo=UTC)
    assert rows_per_day.oldest_missing(response, row, now) == expected


def test_conversations_of_yesterday_are_stale_until_they_are_read_again() -> None:
    """Right after a run by query none is stale; without one, as long as the oldest event is ago."""
    now = datetime(2026, 3, 9, 1, tzinfo=UTC)
    world = World(per_day=100, since=now - timedelta(days=2), now=now)
    config = {"start_date": "2026-03-07T00:00:00Z", "conversation_details_source": "query"}
    with Simulator(world) as sim:
        warehouse = rows_per_day.Warehouse(sim, now - timedelta(days=2))
        assert timedelta(hours=1) < warehouse.stale() <= timedelta(hours=25)
        run = {"state": {}, "on_record": warehouse.add, **config}
        (messages,) = steady_day.hourly_runs(sim, ["conversation_details"], range(1), **run)
        assert warehouse.stale() == timedelta(0)
        sim.world = world.at(now + timedelta(hours=6))
        assert timedelta(0) < warehouse.stale() <= timedelta(hours=6)
    assert warehouse.lanes == {"query": messages.records["conversation_details"]}


def test_a_job_that_reads_a_day_again_is_known_by_its_body() -> None:
    """Rows belong to the job whose results were requested last."""
    world = World(per_day=20, lag=timedelta(0))
    start = world.since + timedelta(days=3)
    query = {"interval": f"{start:%FT%T}Z/{start + timedelta(days=1):%FT%T}Z"}
    by_start = {**query, "startOfDayIntervalMatching": True}
    with Simulator(world) as sim:
        warehouse = rows_per_day.Warehouse(sim, world.since)
        names = [sim.lake.submit(world, CONVERSATIONS, body) for body in (query, by_start)]
        for name in (*names, names[0]):
            path = f"/api/v2/analytics/conversations/details/jobs/{name}/results"
            sim.note(Request("GET", path, {}, None, {}, 200))
            record = {"_source": "job", "conversationStart": "", "conversationId": name}
            warehouse.add(json.dumps({"record": record}).encode())
    assert warehouse.lanes == {"job": 2, day_figures.RECHECK: 1}


def day(reading: str = "overlap", **others: Any) -> Any:
    figures = {
        "lag": 24,
        "reading": reading,
        "conversations": 1_000,
        "details": {"job": 3_000, "query": 1_500, day_figures.RECHECK: 4_000},
        "tables": 5_000_001,
        "aggregates": 10,
        "requests": {"login": 24, "query": 2_476},
        "stale": 2.0,
        "behind": 72.5,
        "state": 6_000,
    }
    return day_figures.Day(**figures | others)


def test_a_table_of_a_lag_compares_the_confirmed_reading_with_the_goals() -> None:
    """Rows of re-checks count apart; the other reading has no goal, another lag another table."""
    days = [("", day()), ("abc", day("touched-days", tables=7)), ("", day(lag=4))]
    header, _line, *lines = day_figures.table(24, days).splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines]
    assert header.endswith("| goal | overlap | abc touched-days |")
    assert [row[-2] for row in cells] == [
        "8,500", "4.00", "4.50, met", "2,500, met", "5,000,001, **not met**", "10, met",
        "2.0, met", "72.5, **not met**", "6,000, met",
    ]  # fmt: skip
    assert [row[-1] for row in cells][3:5] == ["2,500", "7"]


def test_figures_are_read_as_they_were_written() -> None:
    """The file of results has the version, the command, and each figure."""
    days = [day(), day("touched-days")]
    content = json.loads(json.dumps(day_figures.as_json(days, "abc", "bench/x.py abc")))
    assert day_figures.of_json(content) == [("abc", day) for day in days]
