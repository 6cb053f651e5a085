"""The data of the page: at most 20 queues and agents, sums that stay sums, and safe text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from support.reports import figures as embedded

from reporting.figures import figures
from reporting.page import page
from reporting.queries import TABLES, Period

NOON = datetime(2025, 3, 20, 12, tzinfo=UTC)
PERIOD = Period(
    first=date(2025, 2, 25),
    last=date(2025, 3, 3),
    start=datetime(2025, 2, 25, 5, tzinfo=UTC),
    end=datetime(2025, 3, 4, 5, tzinfo=UTC),
    time_zone="America/New_York",
    newest=datetime(2025, 3, 3, 20, tzinfo=UTC),
)


def day(queue: str | None, offered: int, **others: Any) -> dict[str, Any]:
    """Return a row of the table of days."""
    row = {"queue_id": queue, "media_type": "voice", "day": date(2025, 3, 1), "offered": offered}
    return {**row, "answer_seconds": None, **others}


def tables(**rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]] | None]:
    """Return all tables of the page, those without rows as marts that are missing."""
    return {name: rows.get(name) for name in TABLES}


def test_twenty_queues_have_a_name_and_the_rest_counts_together() -> None:
    """Of 23 queues, the three with the fewest interactions are one entry, with their sums."""
    rows = [day(f"q{number}", 100 + number) for number in range(23)]
    names = {f"q{number}": f"Queue {number:02}" for number in range(23)}
    result = figures(PERIOD, names, tables(days=rows))
    assert result.queues == [*(f"Queue {number:02}" for number in range(3, 23)), "3 other queues"]
    table = result.tables["days"]
    assert table is not None
    assert table["columns"] == ["queue", "medium", "day", "offered", "answer_seconds"]
    assert [20, 0, "2025-03-01", 303, None] in table["rows"]
    assert sum(row[3] for row in table["rows"]) == sum(row["offered"] for row in rows)
    assert len(table["rows"]) == 21


def test_a_queue_without_a_name_has_its_id() -> None:
    """A queue that is not in the listing is still there; a row without a queue has none."""
    result = figures(PERIOD, {}, tables(days=[day("q1", 1), day(None, 2)]))
    assert result.queues == ["q1"]
    table = result.tables["days"]
    assert table is not None
    assert [row[0] for row in table["rows"]] == [0, -1]


def test_sums_keep_numbers_and_nothing_apart() -> None:
    """Nothing and a number is the number; nothing twice stays nothing; decimals are numbers."""
    rows = [
        day("q1", 1, answer_seconds=None),
        day("q1", 2, answer_seconds=Decimal("1.500000")),
        day("q1", 3, answer_seconds=Decimal("2.500000")),
        day("q1", 3, answer_seconds=None),
    ]
    table = figures(PERIOD, {"q1": "Sales"}, tables(days=rows)).tables["days"]
    assert table is not None
    assert table["rows"] == [[0, 0, "2025-03-01", 9, 4]]


def test_two_agents_of_one_name_stay_two() -> None:
    """Rows without a queue are not summed up."""
    rows = [{"agent": "Alex", "idle_seconds": 1}, {"agent": "Alex", "idle_seconds": 2}]
    table = figures(PERIOD, {}, tables(agents=rows)).tables["agents"]
    assert table is not None
    assert table["rows"] == [["Alex", 1], ["Alex", 2]]


def test_twenty_agents_are_shown() -> None:
    """The first 20 of the query."""
    rows = [{"agent": f"Agent {number}", "idle_seconds": 1.25} for number in range(25)]
    table = figures(PERIOD, {}, tables(agents=rows)).tables["agents"]
    assert table is not None
    assert table["rows"] == [[f"Agent {number}", 1.25] for number in range(20)]


def test_the_days_have_no_gap() -> None:
    """Each day from the first to the last, also without rows."""
    days = figures(PERIOD, {}, tables()).days
    assert (days[0], days[3], days[4], days[-1]) == (
        "2025-02-25",
        "2025-02-28",
        "2025-03-01",
        "2025-03-03",
    )
    assert len(days) == 7


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!--", "Größe & Co. “4”"])
def test_a_name_cannot_end_its_script(name: str) -> None:
    """A name of the org is data: it comes back as it was, and adds no element."""
    data = figures(PERIOD, {"q1": name}, tables(days=[day("q1", 1)]))
    html = page(data, PERIOD, None, source="a<b", now=NOON)
    assert embedded(html)["queues"] == [name]
    assert html.count("<script") == 2
    assert html.count("<!--") == 0
    assert "From the database a&lt;b, 20 March 2025, 12:00 UTC." in html


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0, "0 s"), (59.6, "1 min 0 s"), (3_700, "1 h 1 min"), (180_000, "2 d 2 h")],
)
def test_a_time_has_its_two_largest_units(seconds: float | None, text: str) -> None:
    """The time behind of a stream is read at a glance."""
    freshness = [{"stream": "users", "behind_seconds": seconds}]
    html = page(figures(PERIOD, {}, tables()), PERIOD, freshness, source="", now=NOON)
    assert f'<th scope="row">users</th><td>{text}</td>' in html


def test_no_run_is_a_sentence() -> None:
    """A mart of freshness without rows is not an empty table."""
    html = page(figures(PERIOD, {}, tables()), PERIOD, [], source="", now=NOON)
    assert "The mart <code>genesys__freshness</code> has no rows: no run is loaded." in html
    assert "<table>" not in html


@pytest.mark.parametrize(
    ("first", "title"),
    [
        (date(2025, 3, 1), "1 to 3 March 2025"),
        (date(2025, 2, 25), "25 February to 3 March 2025"),
        (date(2024, 12, 30), "30 December 2024 to 3 March 2025"),
    ],
)
def test_the_title_has_the_days(first: date, title: str) -> None:
    """Month and year stand once if both dates have the same."""
    days = replace(PERIOD, first=first)
    html = page(figures(days, {}, tables()), days, None, source="", now=NOON)
    assert f"<h1>Contact centre, {title}</h1>" in html
