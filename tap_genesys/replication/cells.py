"""Fixed time grids: the cells of aggregates, and the days of a time zone. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tap_genesys.replication.windows import Window, floor

if TYPE_CHECKING:
    from collections.abc import Iterator

_MINUTES = {
    "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT2H": 120, "PT3H": 180, "PT4H": 240, "PT6H": 360,
    "PT8H": 480, "PT12H": 720,
}  # fmt: skip
#: The granularities that divide a day, as the vendor writes them.
GRANULARITIES = (*_MINUTES, "P1D")


def cells(start: datetime, end: datetime, size: timedelta) -> Iterator[Window]:
    """Yield the whole cells of a fixed UTC grid that `[start, end)` touches.

    Args:
        start: First moment.
        end: The moment after the last.
        size: Length of a cell; it divides a day.
    """
    cursor = floor(start, size)
    while cursor < end and start < end:
        yield Window(cursor, cursor + size)
        cursor += size


def day_of(moment: datetime, zone: str) -> Window:
    """Return the day of a moment in a time zone; a day may have 23 or 25 hours.

    Days follow each other without a gap: `day_of(day.end, zone)` is the next one.
    """
    time_zone = ZoneInfo(zone)
    date = moment.astimezone(time_zone).date()
    start, end = (
        datetime(day.year, day.month, day.day, tzinfo=time_zone).astimezone(UTC)
        for day in (date, date + timedelta(days=1))
    )
    return Window(start, end)


def days(start: datetime, end: datetime, zone: str) -> Iterator[Window]:
    """Yield the whole days of a time zone that `[start, end)` touches."""
    day = day_of(start, zone)
    while day.start < end:
        yield day
        day = day_of(day.end, zone)


def halves(window: Window, granularity: str) -> tuple[Window, Window] | None:
    """Return a window's two halves, split between cells; None if it is one cell.

    Args:
        window: A window that starts with a cell.
        granularity: One of `GRANULARITIES`; a day is one cell, however long it is.
    """
    if granularity not in _MINUTES:
        return None
    size = timedelta(minutes=_MINUTES[granularity])
    count = -((window.start - window.end) // size)
    if count < 2:  # noqa: PLR2004 - a single cell cannot be split
        return None
    middle = window.start + count // 2 * size
    return Window(window.start, middle), Window(middle, window.end)
