"""Half-open ranges of UTC time, and their split into windows of requests. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = timedelta(days=1)
#: The shortest window: no contact centre has 100,000 conversations a minute.
SHORTEST = timedelta(minutes=1)
#: The resolution of the vendor's dates.
MILLISECOND = timedelta(milliseconds=1)
#: Newer data is emitted, but the bookmark stays before it, since the vendor still indexes it. The
#: vendor advises intervals such as "now-30min/now-1min".
UNSETTLED = timedelta(minutes=30)


@dataclass(frozen=True, order=True, slots=True)
class Window:
    """The moments from `start`, inclusive, to `end`, exclusive; both aware and in UTC."""

    start: datetime
    end: datetime

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Start and end."""
        return self.start, self.end

    @property
    def length(self) -> timedelta:
        """The time from start to end."""
        return self.end - self.start

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{iso(self.start)}/{iso(self.end)}"


def halves(window: Window) -> tuple[Window, Window] | None:
    """Return a window's two halves; None if they would be shorter than `SHORTEST`."""
    length = window.end - window.start
    if length < 2 * SHORTEST:
        return None
    middle = floor(window.start + length / 2)
    return Window(window.start, middle), Window(middle, window.end)


def parse(text: str) -> datetime:
    """Parse an ISO 8601 date or date-time; without a time zone, it is UTC.

    Raises:
        ValueError: `text` is neither, or is in the first or the last year of the calendar.
    """
    moment = datetime.fromisoformat(text)
    if moment.year in (MINYEAR, MAXYEAR):
        msg = f"{text!r} is at the end of the calendar, beyond which nothing can be computed"
        raise ValueError(msg)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """Format a moment as the vendor does: `2026-01-31T08:15:00.250Z`.

    The vendor's resolution is a millisecond, so windows have whole milliseconds as bounds.
    """
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def floor(moment: datetime, step: timedelta = MILLISECOND) -> datetime:
    """Return the start of the step that contains a moment; steps count from UTC midnight.

    Args:
        moment: An aware moment.
        step: Length of a step; it divides a day.
    """
    midnight = _midnight(moment)
    return midnight + (moment.astimezone(UTC) - midnight) // step * step


def split(start: datetime, end: datetime, step: timedelta) -> Iterator[Window]:
    """Split `[start, end)` into windows that tile it, none longer than `step`.

    The cuts are at UTC midnights, since the vendor stores conversations in daily indexes and
    returns each day that an interval touches. Whole days are grouped up to `step`; a `step` below
    a day divides each day alike. So only the first and the last window can be partial, and two
    runs over the same days send the same requests.

    Args:
        start: First moment.
        end: The moment after the last; a range that is empty or reversed has no windows.
        step: The maximum length of a window, at least a second.
    """
    cursor = floor(start)
    last = floor(end)
    while cursor < last:
        cut = min(_next_cut(cursor, last, step), last)
        yield Window(cursor, cut)
        cursor = cut


def _next_cut(cursor: datetime, last: datetime, step: timedelta) -> datetime:
    midnight = _midnight(cursor)
    if step < DAY:
        return _next_fraction(cursor, midnight, step)
    if cursor > midnight:
        return midnight + DAY
    whole_days = min(step // DAY, (last - cursor) // DAY)
    return cursor + max(whole_days, 1) * DAY


def _next_fraction(cursor: datetime, midnight: datetime, step: timedelta) -> datetime:
    """Return the next of the cuts that divide a day into equal pieces, on whole milliseconds."""
    day = DAY // MILLISECOND
    pieces = -(-day // (step // MILLISECOND))
    elapsed = (cursor - midnight) // MILLISECOND
    # The greatest number of whole pieces that end at or before `cursor`, plus one.
    number = elapsed * pieces // day + 1
    while (cut := day * number // pieces) <= elapsed:
        number += 1
    return midnight + cut * MILLISECOND


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def utc_now() -> datetime:
    """Return the present time, in UTC."""
    return datetime.now(UTC)
