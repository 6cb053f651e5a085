"""Windows tile a range: no gap, no overlap, none longer than the step."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.replication.windows import (
    DAY,
    SHORTEST,
    Window,
    floor,
    halves,
    iso,
    parse,
    split,
    utc_now,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENTS = st.datetimes(
    min_value=datetime(2015, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40))
STEPS = st.one_of(
    st.timedeltas(min_value=timedelta(minutes=20), max_value=timedelta(days=31)),
    st.integers(min_value=1, max_value=31).map(lambda days: timedelta(days=days)),
    st.integers(min_value=1, max_value=48).map(lambda parts: DAY / parts),
)


@given(MOMENTS, SPANS, STEPS)
def test_windows_tile_the_span(start: datetime, span: timedelta, step: timedelta) -> None:
    """Windows begin at the start, end at the end, touch each other, and none exceeds the step."""
    windows = list(split(start, start + span, step))
    if not windows:
        assert floor(start) == floor(start + span)
        return
    assert windows[0].start == floor(start)
    assert windows[-1].end == floor(start + span)
    assert all(before.end == after.start for before, after in pairwise(windows))
    assert all(timedelta(0) < window.end - window.start <= step for window in windows)


@given(MOMENTS, SPANS, STEPS)
def test_only_the_ends_of_a_span_are_partial(
    start: datetime, span: timedelta, step: timedelta
) -> None:
    """Every window is full, but the first and the last two: a short group, and a part of a day."""
    windows = list(split(start, start + span, step))
    if step >= DAY:
        whole = timedelta(days=step // DAY)
        assert all(window.end - window.start == whole for window in windows[1:-2])
    else:
        grid = {window for day in _days(windows) for window in split(day, day + DAY, step)}
        assert all(window in grid for window in windows[1:-1])


@given(MOMENTS, SPANS, STEPS)
def test_no_window_of_less_than_a_day_spans_a_midnight(
    start: datetime, span: timedelta, step: timedelta
) -> None:
    """A window that is not whole days is within one UTC day."""
    for window in split(start, start + span, step):
        if window.start != floor(window.start, DAY) or window.end != floor(window.end, DAY):
            assert window.end - floor(window.start, DAY) <= DAY


@given(MOMENTS, SPANS, STEPS)
def test_windows_survive_being_written(start: datetime, span: timedelta, step: timedelta) -> None:
    """Bounds are whole milliseconds, so that the interval in a request is exactly the window."""
    for window in split(start, start + span, step):
        assert parse(iso(window.start)) == window.start
        assert parse(iso(window.end)) == window.end


def test_a_window_is_cut_in_two_down_to_the_shortest() -> None:
    """A window of two shortest ones is halved; one that is a millisecond shorter is not."""
    start = datetime(2026, 3, 1, 0, 0, 0, 1000, tzinfo=UTC)
    middle, moment = start + SHORTEST, timedelta(milliseconds=1)
    whole = Window(start, middle + SHORTEST)
    assert halves(whole) == (Window(start, middle), Window(middle, whole.end))
    assert halves(Window(start, whole.end - moment)) is None


def test_an_hourly_run_touches_two_days_not_three() -> None:
    """A look-back of a day is the rest of yesterday, and today."""
    now = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
    assert [str(window) for window in split(now - DAY, now, DAY)] == [
        "2026-03-01T13:30:00.000Z/2026-03-02T00:00:00.000Z",
        "2026-03-02T00:00:00.000Z/2026-03-02T13:30:00.000Z",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T10:00:00", "2026-01-31T10:00:00.000Z"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00.000Z"),
        ("2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00.000Z"),
        ("2026-01-31 10:00:00.123456", "2026-01-31T10:00:00.123Z"),
    ],
)
def test_a_date_without_a_zone_is_utc(text: str, expected: str) -> None:
    """A date without a time zone is UTC."""
    assert iso(parse(text)) == expected


def test_a_window_holds_its_start_and_not_its_end() -> None:
    """A window includes its start and excludes its end."""
    window = Window(parse("2026-01-01"), parse("2026-01-02"))
    assert window.start in window
    assert window.end not in window


def _days(windows: list[Window]) -> set[datetime]:
    return {floor(window.start, DAY) for window in windows}


def test_a_window_of_two_shortest_ones_is_the_shortest_that_is_halved() -> None:
    """A window of exactly two shortest ones is halved, at any start."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    two = Window(start, start + 2 * SHORTEST)
    assert halves(two) == (
        Window(start, start + SHORTEST),
        Window(start + SHORTEST, start + 2 * SHORTEST),
    )
    assert halves(Window(start, two.end - timedelta(milliseconds=1))) is None


@pytest.fixture(params=["IST-5:30", "EST5"])
def _elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the machine's time zone to another one."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_elsewhere")
def test_moments_do_not_depend_on_the_machine_s_time_zone() -> None:
    """Parsing, formatting and rounding do not depend on the machine's time zone."""
    moment = datetime(2026, 1, 31, 8, 15, 0, 250_000, tzinfo=UTC)
    for text in (
        "2026-01-31T08:15:00.250",
        "2026-01-31T08:15:00.250Z",
        "2026-01-31T10:15:00.250+02:00",
    ):
        assert parse(text) == moment
        assert parse(text).tzinfo is UTC
    assert (
        iso(moment)
        == iso(moment.astimezone(timezone(timedelta(hours=1))))
        == "2026-01-31T08:15:00.250Z"
    )
    assert floor(moment.astimezone(timezone(-timedelta(hours=9))), DAY) == datetime(
        2026, 1, 31, tzinfo=UTC
    )
    assert utc_now().tzinfo is UTC
