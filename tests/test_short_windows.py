"""A window with fewer rows than counted is read again, by this run or by a later one."""

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
    """Org whose first conversation of a day vanishes after the day's first page is read."""

    def indexed(self, start: datetime, end: datetime) -> Sequence[int]:
        numbers = super().indexed(start, end)
        # Each request takes a second: first the login, then the first page.
        return numbers[1:] if self.now > NOW + timedelta(seconds=1) else numbers


@pytest.fixture(autouse=True)
def _one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set counts that are too high to be so by one."""
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
    """Read the details; return the output, the org, and the stream's entry of the run report."""
    report = path / "report.json"
    output = Output()
    habits: dict[str, Any] = {"total_hits": total_hits, "interval_reading": "overlap"}
    with Simulator(world, **habits) as sim:
        sim.each_request = timedelta(seconds=seconds)
        for fault in faults:
            sim.faults.add(fault)
        settings = {**START, "run_report_path": str(report), **options}
        genesys_tap = tap(sim, DETAILS, output=output, state=state, **settings)
        if stops:
            with pytest.raises(StopRun, match=stops):
                genesys_tap.sync_or_leave()
        else:
            genesys_tap.sync_or_leave()
    (row,) = json.loads(report.read_text())["streams"]
    return output, sim, row


def pages_of(sim: Simulator) -> list[tuple[str, int]]:
    """Return window and page number of each query."""
    bodies = [request.body or {} for request in sim.requests if "details/query" in request.path]
    return [(body["interval"], body["paging"]["pageNumber"]) for body in bodies]


def first_pages(sim: Simulator) -> dict[datetime, int]:
    """Return the number of requests for each window's first page, by the window's start."""
    counts: dict[datetime, int] = {}
    for interval, page in pages_of(sim):
        start = parse(interval.partition("/")[0])
        counts[start] = counts.get(start, 0) + (page == 1)
    return counts


def test_a_row_that_slips_through_is_found_by_a_second_reading(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A window that no later run reads again is read twice; rows of both readings count."""
    caplog.set_level("INFO")
    options: dict[str, Any] = {"end_date": iso(SINCE + DAY), "lookback_days": 0}
    output, sim, row = read(Shifting(**ORG), tmp_path, seconds=1, **options)
    day = {
        conversation["conversationId"] for conversation in WORLD.conversations(SINCE, SINCE + DAY)
    }
    assert set(output.ids()) == day
    assert [page for _interval, page in pages_of(sim)] == [1, 2, 3, 1, 2, 3]
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
    """A short window that a later run reads again is read once, and logged and reported."""
    caplog.set_level("INFO")
    end: dict[str, Any] = {"end_date": iso(SINCE + DAY), **options}
    output, sim, row = read(Shifting(**ORG), tmp_path, seconds=1, **end)
    assert [page for _interval, page in pages_of(sim)] == [1, 2, 3]
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
        # The day has exactly reached that age.
        ({"lookback_days": 0, "recheck_days": [1 + 13.5 / 24]}, 3),
        ({"lookback_days": 0, "recheck_days": [1.6]}, 2),
        ({"lookback_days": 0, "recheck_days": [30]}, 0),
        ({"conversation_details_source": "auto"}, 0),
    ],
)
def test_only_what_nothing_reads_again_is_read_twice(
    options: dict[str, Any], twice: int, tmp_path: Path
) -> None:
    """Only windows that no look-back or re-check covers are read twice.

    The counts of four days and a half are one too high. A window that the next run reads in part is
    read twice as well: no run has read it before.
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
    """With hourly runs, the look-back of the next one covers all but the first hour of this one."""
    state = bookmarked(DETAILS, "conversationStart", iso(NOW - timedelta(minutes=90)))
    _output, sim, _row = read(WORLD, tmp_path, total_hits="high", state=state)
    assert [*first_pages(sim).values()] == [1, 1]


def test_what_was_read_before_and_does_not_come_again_is_read_twice(tmp_path: Path) -> None:
    """With daily runs, the first day of the look-back is not in that of the next run."""
    state = bookmarked(DETAILS, "conversationStart", iso(NOW - DAY - timedelta(minutes=30)))
    _output, sim, _row = read(WORLD, tmp_path, total_hits="high", state=state)
    assert [*first_pages(sim).values()] == [2, 1, 1]


def test_what_ends_where_the_next_run_begins_does_not_come_again(tmp_path: Path) -> None:
    """A window that ends where the next look-back begins is read twice."""
    state = bookmarked(DETAILS, "conversationStart", iso(NOW - timedelta(minutes=90)))
    options: dict[str, Any] = {"lookback_days": 1 + 13 / 24}
    _output, sim, _row = read(WORLD, tmp_path, total_hits="high", state=state, **options)
    assert [*first_pages(sim).values()] == [2, 1, 1]


def test_a_second_reading_prefetches_no_page() -> None:
    """A second reading prefetches no page, so that rows between two pages are not missed.

    Windows are still prefetched.
    """
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

        def counting(context: Any) -> Any:
            planned = [*upcoming(context)]
            ahead.append(sum(window == stream.window for window, _page in planned))
            return iter(planned)

        stream.upcoming = counting
        genesys_tap.sync_or_leave()
    # Page 3 is planned when page 2 is requested; then one more page. Each window is read twice.
    assert ahead == [0, 1, 0, 0, 0, 0, 0, 0] * 2


def test_the_last_re_check_is_read_twice(tmp_path: Path) -> None:
    """A re-check is read twice if no later age follows."""
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
    """A missing page is an error once two readings lack it: no count is that approximate."""
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
    """Late-arriving rows during paging are no error.

    The rows of the first page's time all arrive.
    """
    busy = World(**{**ORG, "per_day": 2000, "indexing": timedelta(minutes=10)})
    options: dict[str, Any] = {"start_date": iso(NOW - timedelta(hours=4)), "lookback_days": 0}
    settings = {**options, "max_parallel_requests": parallel}
    output, _sim, row = read(busy, tmp_path, seconds=20, **settings)
    numbers = busy.indexed(NOW - timedelta(hours=4), NOW)
    expected = {busy.conversation_id(number) for number in numbers}
    assert expected <= set(output.ids())
    assert (row["status"], row["incomplete_windows"]) == ("done", 0)
    assert output.bookmark() == iso(NOW - timedelta(minutes=30))


def test_follow_ups_are_requested_once_for_a_window_read_twice() -> None:
    """A window that is read twice has one follow-up request per conversation."""
    options: dict[str, Any] = {"end_date": iso(SINCE + DAY), "lookback_days": 0}
    with Simulator(WORLD, total_hits="high", interval_reading="overlap") as sim:
        run(sim, DETAILS, "conversation_speech_analytics", **START, **options)
        queries = len(pages_of(sim))
        paths = [request.path for request in sim.requests if "/speechandtext" in request.path]
    assert queries == 8
    assert len(paths) == len(set(paths)) > 40


def test_the_world_shifts_as_it_should() -> None:
    """The org loses a conversation during paging, without which the tests above prove nothing."""
    world, window = Shifting(**ORG), Window(SINCE, SINCE + DAY)
    later = world.at(NOW + timedelta(seconds=2))
    assert len(world.indexed(*window.bounds)) == 50
    assert len(later.indexed(*window.bounds)) == 49
