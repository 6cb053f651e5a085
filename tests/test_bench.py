"""What the bench concludes from its figures, and what its server answers."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parent.parent / "bench"
sys.path.insert(0, str(BENCH))

arithmetic: Any = importlib.import_module("arithmetic")
org: Any = importlib.import_module("org")
report: Any = importlib.import_module("report")
results: Any = importlib.import_module("results")
serve: Any = importlib.import_module("serve")


def test_a_record_takes_what_an_empty_run_does_not() -> None:
    assert arithmetic.per_record([5.0, 3.0, 100.0], [1.0, 1.0, 9.0], 4) == 1.0


@pytest.mark.parametrize(
    ("rows", "fewest", "demanded"),
    [([250], 3, 3), ([200], 2, 3), ([60], 1, 2), ([0], 0, 1), ([250, 200, 60, 0], 6, 9)],
)
def test_requests_that_hold_data_and_that_paging_demands(
    rows: list[int], fewest: int, demanded: int
) -> None:
    """A short last page ends a window, a full one does not, and a first page counts as full."""
    assert arithmetic.fewest_requests(rows, 100) == fewest
    assert arithmetic.demanded_requests(rows, 100) == demanded


def test_the_bound_is_the_rates_or_the_latencys() -> None:
    assert arithmetic.bound(300, per_second=5, latency=1, parallel=16) == 60
    assert arithmetic.bound(320, per_second=5, latency=16, parallel=16) == 320


def test_a_target_is_met_at_its_limit_and_not_beyond() -> None:
    def verdict(measured: float | None, **limit: float) -> str:
        return str(arithmetic.Target("it", measured, **limit).verdict)

    assert verdict(1.35, most=1.35) == verdict(8, least=8) == "met"
    assert verdict(1.36, most=1.35) == verdict(7.9, least=8) == "**not met**"
    assert verdict(None, most=1) == "not measured"


def test_pages_made_before_are_json_and_no_two_rows_have_the_same_id() -> None:
    """A short last page ends a day; the page behind it holds the count alone."""
    told = org.made("small")
    made = org.Org(1_250, told)
    days = (date(2026, 3, 9), date(2026, 3, 10))
    pages = [json.loads(made.page(days[:1], number, 100)) for number in range(1, 14)]
    results = [json.loads(made.results(days, first, 1000)) for first in (0, 1000, 2000)]
    rows = [row for page in pages for row in page["conversations"]]
    assert len(rows) == len({row["conversationId"] for row in rows}) == 1_250
    assert all(row["conversationStart"].startswith("2026-03-09T") for row in rows)
    assert json.loads(made.page(days[:1], 14, 100)) == {"totalHits": 1_250}
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
    assert len(serve.days(interval)) == count


def test_the_report_compares_what_was_measured_and_leaves_out_what_was_not() -> None:
    """A ratio is of medians, an empty run left out; a target without figures is not met."""

    def runs(*cpu: float, rows: int) -> list[dict[str, float]]:
        return [{"cpu": one, "rows": rows} for one in cpu]

    found = results.Results(
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
    first, *others = report.goals(found).splitlines()[2:]
    assert first.split(" | ")[1:] == ["at most 1.35x", "1.20x", "met |"]
    assert all(line.endswith("- | not measured |") for line in others)
