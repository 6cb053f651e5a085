"""A window that brings fewer rows than it owes is read again, by this run or by a later one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import Output, bookmarked, run, tap

from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import Window, iso, parse
from tap_genesys.simulator import Fault, Simulator, World, responses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = SINCE + 4 * DAY + timedelta(hours=13, minutes=30)
SIZE = 20
START: dict[str, Any] = {"start_date": iso(SINCE), "page_size": SIZE}
#: Three pages a day, of which the last is short.
ORG: dict[str, Any] = {"seed": 5, "per_day": 50, "since": SINCE, "now": NOW, "lag": DAY / 3}
WORLD = World(**ORG)
TRUTH = {row["conversationId"] for row in WORLD.conversations(SINCE, NOW)}


class Shifting(World):
    """An org whose first conversation of a day vanishes once the day's first page has been read."""

    def indexed(self, start: datetime, end: datetime) -> Sequence[int]:
        found = super().indexed(start, end)
        # Each request takes a second: the login, the first page, ...
        return found[1:] if self.now > NOW + timedelta(seconds=1) else found


@pytest.fixture(autouse=True)
def _one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let counts that are too high be so by one."""
    monkeypatch.setitem(responses._WAYS, "high", lambda number, _much: (number + 1, number + 1))


def read(
    world: World,
    path: Path,
    *faults: Fault,
    total_hits: str = "right",
    seconds: float = 0,
    stops: str = "",
    state: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[Output, Simulator, dict[str, Any]]:
    """Read the details; return what was written, the org, and the row of the run's report."""
    report = path / "report.json"
    output = Output()
    habits: dict[str, Any] = {"total_hits": total_hits, "interval_reading": "overlap"}
    with Simulator(world, **habits) as sim:
        sim.each_request = timedelta(seconds=seconds)
        for fault in faults:
            sim.faults.add(fault)
        chosen = {**START, "run_report_path": str(report), **options}
        genesys_tap = tap(sim, DETAILS, output=output, state=state, **chosen)
        if stops:
            with pytest.raises(StopRun, match=stops):
                genesys_tap.sync_or_leave()
        else:
            genesys_tap.sync_or_leave()
    (row,) = json.loads(report.read_text())["streams"]
    return output, sim, row


def asked(sim: Simulator) -> list[tuple[str, int]]:
    """Return which window's which page was asked for."""
    bodies = [request.body or {} for request in sim.requests if "details/query" in request.path]
    return [(body["interval"], body["paging"]["pageNumber"]) for body in bodies]


def first_pages(sim: Simulator) -> dict[datetime, int]:
    """Return how often each window's first page was asked for, by the window's start."""
    found: dict[datetime, int] = {}
    for interval, page in asked(sim):
        start = parse(interval.partition("/")[0])
        found[start] = found.get(start, 0) + (page == 1)
    return found


def test_a_row_that_slips_through_is_found_by_a_second_reading(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What came in either of them has come; nothing would read the window again."""
    caplog.set_level("INFO")
    options: dict[str, Any] = {"end_date": iso(SINCE + DAY), "lookback_days": 0}
    output, sim, row = read(Shifting(**ORG), tmp_path, seconds=1, **options)
    day = {conversation["conversationId"] for conversation in WORLD.conversations(SINCE, SINCE + DAY)}
    assert set(output.ids()) == day
    assert [page for _interval, page in asked(sim)] == [1, 2, 3, 1, 2, 3]
    assert row["short_windows"] == 1
    assert (
        "expected 50 rows, received 49; no later run reads them, so read them once more."
        in caplog.text
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lookback_days": 1}, "a later run reads them again"),
        ({"lookback_days": 0, "recheck_days": [1, 4]}, "a later run reads them again"),
    ],
)
def test_a_window_that_comes_again_is_read_once(
    options: dict[str, Any], words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no failure, and the log and the report name it."""
    caplog.set_level("INFO")
    end: dict[str, Any] = {"end_date": iso(SINCE + DAY), **options}
    output, sim, row = read(Shifting(**ORG), tmp_path, seconds=1, **end)
    assert [page for _interval, page in asked(sim)] == [1, 2, 3]
    assert len(set(output.ids())) == 49
    assert f"expected 50 rows, received 49; {words}" in caplog.text.replace("49: a", "49; a")
    assert row["short_windows"] == 1
    assert row["status"] == "done"
    assert output.bookmark() == iso(SINCE + DAY)


@pytest.mark.parametrize(
    ("options", "twice"),
    [
        ({"lookback_days": 1}, 4),
        ({"lookback_days": 1 + 12.9 / 24}, 4),
        ({"lookback_days": 1 + 13 / 24}, 3),
        ({"lookback_days": 2}, 3),
        ({"lookback_days": 0}, 5),
        ({"lookback_days": 9}, 0),
        # The age of the day that ended so long ago has been reached exactly.
        ({"lookback_days": 0, "recheck_days": [1 + 13.5 / 24]}, 3),
        ({"lookback_days": 0, "recheck_days": [1.6]}, 2),
        ({"lookback_days": 0, "recheck_days": [30]}, 0),
        ({"conversation_details_source": "auto"}, 0),
    ],
)
def test_only_what_nothing_reads_again_is_read_twice(
    options: dict[str, Any], twice: int, tmp_path: Path
) -> None:
    """Four days and a half, and a count that is always one too high.

    A window that the next run reads in part is read twice as well: no run has read it before.
    """
    output, sim, row = read(WORLD, tmp_path, total_hits="high", **options)
    counted = first_pages(sim)
    assert set(output.ids()) == TRUTH
    assert [*counted.values()] == [2] * twice + [1] * (len(counted) - twice)
    assert row["short_windows"] == len(counted)
    assert row["status"] == "done"
    if options.get("conversation_details_source") != "auto":
        assert output.bookmark() == iso(NOW - timedelta(minutes=30))


def test_what_was_read_before_and_comes_again_in_part_is_read_once(tmp_path: Path) -> None:
    """An hourly run's look-back: the next one reads all of it but its first hour."""
    state = bookmarked(DETAILS, "conversationStart", iso(NOW - timedelta(minutes=90)))
    _output, sim, _row = read(WORLD, tmp_path, total_hits="high", state=state)
    assert [*first_pages(sim).values()] == [1, 1]


def test_what_was_read_before_and_does_not_come_again_is_read_twice(tmp_path: Path) -> None:
    """A daily run's look-back: the day before yesterday, from the bookmark less a day."""
    state = bookmarked(DETAILS, "conversationStart", iso(NOW - DAY - timedelta(minutes=30)))
    _output, sim, _row = read(WORLD, tmp_path, total_hits="high", state=state)
    assert [*first_pages(sim).values()] == [2, 1, 1]


def test_what_ends_where_the_next_run_begins_does_not_come_again(tmp_path: Path) -> None:
    """From 23 o'clock to the midnight at which the next look-back starts."""
    state = bookmarked(DETAILS, "conversationStart", iso(NOW - timedelta(minutes=90)))
    options: dict[str, Any] = {"lookback_days": 1 + 13 / 24}
    _output, sim, _row = read(WORLD, tmp_path, total_hits="high", state=state, **options)
    assert [*first_pages(sim).values()] == [2, 1, 1]


def test_a_second_reading_asks_for_no_page_ahead() -> None:
    """Rows that arrive between two pages are then never missed; windows are still sent ahead."""
    ahead: list[int] = []
    options: dict[str, Any] = {
        "end_date": iso(SINCE + 2 * DAY),
        "lookback_days": 0,
        "max_parallel_requests": 4,
    }
    with Simulator(WORLD, total_hits="high", interval_reading="overlap") as sim:
        genesys_tap = tap(sim, DETAILS, **START, **options)
        stream: Any = genesys_tap.streams[DETAILS]
        upcoming = stream.upcoming

        def noted(context: Any) -> Any:
            coming = [*upcoming(context)]
            ahead.append(sum(window == stream.window for window, _page in coming))
            return iter(coming)

        stream.upcoming = noted
        genesys_tap.sync_or_leave()
    # Page 3 is known of when page 2 is asked for; then comes the look. Each window is read twice.
    assert ahead == [0, 1, 0, 0, 0, 0, 0, 0] * 2


def test_the_last_re_check_is_read_twice(tmp_path: Path) -> None:
    state = bookmarked(DETAILS, "conversationStart", iso(NOW - timedelta(minutes=90)))
    marks = {"1": iso(SINCE + 2 * DAY), "2": iso(SINCE + DAY)}
    state["bookmarks"][DETAILS] |= {"recheckedUpTo": marks, "recheckedBy": "query"}
    options: dict[str, Any] = {"recheck_days": [1, 2], "lookback_days": 0}
    _output, sim, _row = read(WORLD, tmp_path, total_hits="high", state=state, **options)
    counted = first_pages(sim)
    assert counted[SINCE + DAY] == 2
    assert counted[SINCE + 2 * DAY] == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_page_that_is_missing_is_a_failure_once_two_readings_lack_it(
    times: int, tmp_path: Path
) -> None:
    """The first page comes once more in place of the third; a count is not that approximate."""
    world = World(**{**ORG, "per_day": 60})
    fault = Fault("same_page", path="/query", page=3, times=times)
    options: dict[str, Any] = {"end_date": iso(SINCE + DAY), "lookback_days": 0}
    stops = "expected 60 rows, received 40" if times == 2 else ""
    output, _sim, row = read(world, tmp_path, fault, stops=stops, **options)
    assert len(set(output.ids())) == (40 if times == 2 else 60)
    assert row["incomplete_windows"] == (times == 2)
    assert row["short_windows"] == 1
    assert output.bookmark() == (None if times == 2 else iso(SINCE + DAY))


@pytest.mark.parametrize("parallel", [1, 4])
def test_rows_that_arrive_while_one_pages_are_no_failure(parallel: int, tmp_path: Path) -> None:
    """Late, in the middle, at each page: what was there at first has come, by one reading."""
    busy = World(**{**ORG, "per_day": 2000, "indexing": timedelta(minutes=10)})
    options: dict[str, Any] = {"start_date": iso(NOW - timedelta(hours=4)), "lookback_days": 0}
    chosen = {**options, "max_parallel_requests": parallel}
    output, _sim, row = read(busy, tmp_path, seconds=20, **chosen)
    numbers = busy.indexed(NOW - timedelta(hours=4), NOW)
    found = {busy.conversation_id(number) for number in numbers}
    assert found <= set(output.ids())
    assert (row["status"], row["incomplete_windows"]) == ("done", 0)
    assert output.bookmark() == iso(NOW - timedelta(minutes=30))


def test_what_follows_a_conversation_is_asked_for_once_though_it_came_twice() -> None:
    options: dict[str, Any] = {"end_date": iso(SINCE + DAY), "lookback_days": 0}
    with Simulator(WORLD, total_hits="high", interval_reading="overlap") as sim:
        run(sim, DETAILS, "conversation_speech_analytics", **START, **options)
        queries = len(asked(sim))
        paths = [request.path for request in sim.requests if "/speechandtext" in request.path]
    assert queries == 8
    assert len(paths) == len(set(paths)) > 40


def test_the_world_shifts_as_it_should() -> None:
    """Else the tests above prove nothing."""
    world, window = Shifting(**ORG), Window(SINCE, SINCE + DAY)
    later = world.at(NOW + timedelta(seconds=2))
    assert len(world.indexed(*window.bounds)) == 50
    assert len(later.indexed(*window.bounds)) == 49
