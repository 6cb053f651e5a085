"""A job may only speak where no query has seen more than the lake knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.handover import BEGINNING, LEASE, MOST, Passes

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(0, 40), st.booleans()), min_size=1, max_size=60
    )
)
def test_no_job_speaks_of_what_a_query_has_seen_later(
    runs: list[tuple[int, int, bool]],
) -> None:
    """And what lies between the jobs and the query lane has been read by an earlier pass."""
    kept: Any = []
    now, reached, highest = START, START - 100 * HOUR, BEGINNING
    seen: list[tuple[datetime, datetime, datetime]] = []  # from, until, as known at
    for hours, lag, is_cut in runs:
        now += hours * HOUR
        watermark = max(now - lag * HOUR, highest)
        highest = watermark
        passes = Passes(kept, now=now, has_history=True)
        limit = passes.limit(watermark)
        assert limit <= watermark
        for start, _until, at in seen:
            assert at <= watermark or limit <= start
        reached = max(reached, limit)
        passes.forget(watermark)
        begin = passes.boundary(reached, watermark)
        covered = reached
        for start, until, _at in sorted(seen):
            if start <= covered:
                covered = max(covered, until)
        assert begin <= covered
        passes.begin(begin, now)
        if is_cut:
            seen.append((begin, begin, now + LEASE))
        else:
            passes.end(now, now)
            seen.append((begin, now, now))
        kept = passes.kept
        assert len(kept) <= MOST


def test_a_history_of_unknown_passes_waits_until_the_lake_knows_now() -> None:
    """Queries of an earlier version may have read anything, up to now."""
    passes = Passes(None, now=START, has_history=True)
    assert passes.limit(START - HOUR) == BEGINNING
    assert passes.limit(START) == START


def test_a_pass_that_goes_on_beyond_its_lease_says_so_first() -> None:
    passes = Passes([], now=START, has_history=False)
    passes.begin(START, START)
    assert not passes.prolong(START + LEASE)
    assert passes.prolong(START + LEASE + HOUR)
    assert Passes(passes.kept, now=START, has_history=True).limit(START + 2 * LEASE) == START
    assert passes.limit(START + HOUR + 2 * LEASE) == START + HOUR + 2 * LEASE


def test_a_first_run_has_nothing_to_wait_for() -> None:
    passes = Passes(None, now=START, has_history=False)
    assert passes.limit(START - HOUR) == START - HOUR
