"""The data of the page: at most 20 queues and agents, sums that stay sums, and safe text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from support.reports import figures as embedded

from reporting.figures import figures
from reporting.page import ASSETS, page
from reporting.queries import TABLES, Period, RunHistory

NO_HISTORY = RunHistory(None, None)
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
    html = page(data, PERIOD, NO_HISTORY, source="a<b", now=NOON)
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
    html = page(
        figures(PERIOD, {}, tables()), PERIOD, RunHistory(freshness, None), source="", now=NOON
    )
    assert f'<th scope="row">users</th><td>{text}</td>' in html


def test_no_run_is_a_sentence() -> None:
    """A mart of freshness without rows is not an empty table."""
    html = page(figures(PERIOD, {}, tables()), PERIOD, RunHistory([], []), source="", now=NOON)
    for mart in ("genesys__freshness", "genesys__runs"):
        assert f"The mart <code>{mart}</code> has no rows: no run is loaded." in html
    assert "<table>" not in html


def lane(
    stream: str, name: str, behind: float, with_rows: datetime | None = None
) -> dict[str, Any]:
    """Return a row of the mart of freshness."""
    return {
        "stream": stream,
        "lane": name,
        "behind_seconds": behind,
        "last_run_with_rows": with_rows,
    }


def test_streams_that_a_lane_read_alike_are_one_row() -> None:
    """In the order of the mart; re-checks, which are behind by design, come last."""
    rows = [
        lane("conversation_details", "recheck", 90_000),
        lane("users", "job", 7_200.313, NOON.replace(hour=9)),
        lane("groups", "job", 7_200.312),
        *(lane(f"s{number}", "job", 5_400, NOON.replace(hour=number)) for number in range(4)),
        *(lane(f"table_{number}", "job", 5_000) for number in range(3)),
        lane("teams", "job", 3_600),
    ]
    html = page(figures(PERIOD, {}, tables()), PERIOD, RunHistory(rows, None), source="", now=NOON)
    lines = re.findall(r'<tr><th scope="row">(.*?)</tr>', html)
    assert lines == [
        "users, groups</th><td>job</td><td>2 h 0 min</td><td>2025-03-20 09:00</td>",
        "s0, s1, and 2 more</th><td>job</td><td>1 h 30 min</td><td>2025-03-20 03:00</td>",
        "table_0, table_1, table_2</th><td>job</td><td>1 h 23 min</td><td></td>",
        "teams</th><td>job</td><td>1 h 0 min</td><td></td>",
        "conversation_details</th><td>recheck</td><td>1 d 1 h</td><td></td>",
    ]


def test_the_newest_runs_have_their_outcome() -> None:
    """A run has its start, its length, its outcome and its counts; a killed one has its start."""
    runs: list[dict[str, Any]] = [
        {"started": NOON, "took_seconds": 70, "outcome": "ok", "records": 12_345},
        {"started": NOON, "took_seconds": None, "outcome": "killed", "records": None},
    ]
    html = page(figures(PERIOD, {}, tables()), PERIOD, RunHistory(None, runs), source="", now=NOON)
    start = '<tr><th scope="row">2025-03-20 12:00</th>'
    assert f"{start}<td>1 min 10 s</td><td>ok</td><td>12,345</td></tr>" in html
    assert f"{start}<td></td><td>killed</td><td></td></tr>" in html
    assert '<th scope="col">Took</th><th scope="col">Outcome</th>' in html


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
    html = page(figures(days, {}, tables()), days, NO_HISTORY, source="", now=NOON)
    assert f"<h1>Contact centre, {title}</h1>" in html


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    long = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
    parts = [int(long[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_colours_stand_out_from_the_sheet() -> None:
    """Text has a contrast of 4.5 at least, and shapes of 3: in light, in dark, and in print."""
    palettes = re.findall(r":root \{(.*?)\}", (ASSETS / "style.css").read_text("utf-8"), re.DOTALL)
    assert len(palettes) == 3
    for palette in palettes:
        colours = dict(re.findall(r"--(\w+): (#\w+)", palette))
        for name, least in {"ink": 7, "quiet": 4.5, "c1": 3, "c2": 3, "c3": 3, "c4": 3}.items():
            for ground in ("ground", "sheet"):
                dark, light = sorted(luminance(colours[part]) for part in (name, ground))
                assert (light + 0.05) / (dark + 0.05) >= least, (name, ground, palette)
