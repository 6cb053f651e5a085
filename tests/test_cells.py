"""Cells and days cover a span without a gap, on one grid, and windows are cut between cells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_genesys.replication.cells import GRANULARITIES, cells, day_of, days, halves
from tap_genesys.replication.windows import DAY, Window, floor

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"]
# There, clocks change at midnight.
ZONES += ["Atlantic/Azores", "America/Santiago", "Africa/Cairo"]
MOMENTS = st.datetimes(
    min_value=datetime(2015, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40))


@given(MOMENTS, SPANS, st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24]))
def test_cells_lie_on_one_grid_and_cover_the_span(
    start: datetime, span: timedelta, hours: int
) -> None:
    """Two spans that share a moment share the cell around it."""
    size = timedelta(hours=hours)
    grid = list(cells(start, start + span, size))
    assert all(cell.start == floor(cell.start, size) for cell in grid)
    assert all(before.end == after.start for before, after in pairwise(grid))
    if span:
        assert grid[0].start <= start < grid[0].end
        assert grid[-1].start < start + span <= grid[-1].end
    else:
        assert not grid


@pytest.mark.parametrize("hours", [1, 2, 3, 4, 6, 8, 12, 24])
@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_no_cell_lies_beyond_an_end_on_the_grid(hours: int, number: int) -> None:
    """An end on the grid adds no empty cell; a millisecond more adds one."""
    size, start = timedelta(hours=hours), datetime(2026, 3, 1, tzinfo=UTC)
    grid = list(cells(start, start + number * size, size))
    assert grid == [Window(start + n * size, start + (n + 1) * size) for n in range(number)]
    # A moment more is a cell more; a moment less is none less.
    moment = timedelta(milliseconds=1)
    assert len(list(cells(start, start + number * size + moment, size))) == number + 1
    assert len(list(cells(start, start + number * size - moment, size))) == number


def test_a_span_that_ends_on_the_grid_touches_no_cell_beyond() -> None:
    """The end is exclusive."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    assert list(cells(start, start + DAY, DAY)) == [Window(start, start + DAY)]


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
    st.integers(1, 9_000),
    st.sampled_from(ZONES),
)
def test_days_are_whole_and_cover_the_span_without_a_gap(
    start: datetime, minutes: int, zone: str
) -> None:
    """In any time zone; a day has 23, 24 or 25 hours."""
    first = start.replace(tzinfo=UTC)
    end = first + timedelta(minutes=minutes)
    local_days = list(days(first, end, zone))
    assert local_days[0].start <= first
    assert local_days[-1].end >= end
    assert all(day.end == following.start for day, following in pairwise(local_days))
    assert {(day.end - day.start) / timedelta(hours=1) for day in local_days} <= {23, 24, 25}
    assert all(day_of(day.end - timedelta(milliseconds=1), zone) == day for day in local_days)


@given(MOMENTS, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]))
def test_a_day_is_from_midnight_to_midnight_in_its_time_zone(moment: datetime, zone: str) -> None:
    """Its bounds are moments in UTC, whatever the time zone of the machine."""
    day = day_of(moment, zone)
    date = moment.astimezone(ZoneInfo(zone)).date()
    for bound, midnight in ((day.start, date), (day.end, date + timedelta(days=1))):
        local = bound.astimezone(ZoneInfo(zone))
        assert (local.date(), local.hour, local.minute) == (midnight, 0, 0)
        assert bound.tzinfo is UTC


@pytest.mark.parametrize("zone", ZONES)
def test_a_range_that_ends_at_midnight_touches_no_day_beyond(zone: str) -> None:
    """The end is the moment after the last."""
    day = day_of(datetime(2026, 3, 1, 12, tzinfo=UTC), zone)
    assert list(days(day.start, day.end, zone)) == [day]


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
    st.sampled_from(GRANULARITIES[:-1]),
)
@example(datetime(2026, 3, 29, 12), "Europe/Berlin", "PT12H")  # noqa: DTZ001 - 23 hours
@example(datetime(2026, 10, 25, 12), "Europe/Berlin", "PT12H")  # noqa: DTZ001 - 25 hours
def test_halves_are_cut_between_the_cells_of_their_day(
    moment: datetime, zone: str, granularity: str
) -> None:
    """Also where a day has 23 or 25 hours; halved again and again, what is left is a cell each."""
    start = moment.replace(tzinfo=UTC)
    (day,) = days(start, start + timedelta(microseconds=1), zone)
    size = cell_size(granularity)
    parts = list(parted(day, granularity))
    assert (parts[0].start, parts[-1].end) == (day.start, day.end)
    assert all(cell.end == following.start for cell, following in pairwise(parts))
    assert all((cell.start - day.start) % size == timedelta(0) for cell in parts)
    assert all(cell.end - cell.start == size for cell in parts[:-1])
    assert parts[-1].end - parts[-1].start <= size


def cell_size(granularity: str) -> timedelta:
    number, unit = int(granularity[2:-1]), granularity[-1]
    return timedelta(hours=number) if unit == "H" else timedelta(minutes=number)


def parted(window: Window, granularity: str) -> Iterator[Window]:
    parts = halves(window, granularity)
    if parts is None:
        yield window
        return
    for half in parts:
        yield from parted(half, granularity)
