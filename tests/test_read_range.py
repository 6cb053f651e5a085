"""A run resumes at its bookmark, less the look-back, and not before a configured start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.replication.read_range import ReadRange
from tap_genesys.replication.windows import MILLISECOND

STARTED = datetime(2026, 3, 9, 12, tzinfo=UTC)
BOOKMARK = datetime(2026, 3, 5, tzinfo=UTC)
DAY = timedelta(days=1)
FUTURE = (
    "The bookmark {} is in the future: nothing is read until then. Correct the state if that is a "
    "mistake."
)
SKIPPED = "start_date {} is after the bookmark {}: what lies between is skipped."


def resumed(
    read_range: ReadRange, bookmark: datetime, lookback: timedelta = timedelta(0)
) -> tuple[ReadRange, list[str]]:
    """Return the range of a run that resumes, and its warnings."""
    warnings: list[str] = []

    def warn(text: str, *values: str) -> None:
        warnings.append(text % values)

    return read_range.resumed(bookmark, lookback, started=STARTED, warn=warn), warnings


@given(
    st.timedeltas(-9 * DAY, 9 * DAY),
    st.timedeltas(-9 * DAY, 9 * DAY),
    st.timedeltas(timedelta(0), 9 * DAY),
)
def test_a_configured_start_bounds_what_is_read_again(
    start: timedelta, bookmark: timedelta, lookback: timedelta
) -> None:
    """Another one does not; the end is that of the range."""
    for is_configured in (True, False):
        read_range = ReadRange(BOOKMARK + start, STARTED, is_configured)
        after, _warnings = resumed(read_range, BOOKMARK + bookmark, lookback)
        first = BOOKMARK + bookmark - lookback
        expected = max(first, read_range.start) if is_configured else first
        assert after == ReadRange(expected, STARTED, is_configured)


@pytest.mark.parametrize(
    ("bookmark", "lines"),
    [
        (STARTED, []),
        (STARTED + MILLISECOND, [FUTURE.format("2026-03-09T12:00:00.001Z")]),
    ],
)
def test_a_bookmark_in_the_future_is_a_warning(bookmark: datetime, lines: list[str]) -> None:
    """The moment at which the run began is none."""
    assert resumed(ReadRange(BOOKMARK, STARTED, start_is_configured=True), bookmark)[1] == lines


@pytest.mark.parametrize("is_configured", [True, False])
@pytest.mark.parametrize("late", [timedelta(0), MILLISECOND])
def test_a_configured_start_after_the_bookmark_is_a_warning(
    late: timedelta, *, is_configured: bool
) -> None:
    """The range between the two is not read."""
    read_range = ReadRange(BOOKMARK + late, STARTED, is_configured)
    line = SKIPPED.format("2026-03-05T00:00:00.001Z", "2026-03-05T00:00:00.000Z")
    assert resumed(read_range, BOOKMARK)[1] == ([line] if late and is_configured else [])
