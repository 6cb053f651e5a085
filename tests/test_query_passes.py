"""Query passes: jobs emit only days whose rows by query are not newer than the lake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.replication.query_passes import BEGINNING, LEASE, MOST, QueryPasses
from tap_genesys.replication.windows import MILLISECOND, iso

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(0, 80), st.booleans()), min_size=1, max_size=60
    )
)
def test_no_job_emits_what_a_query_has_read_later(
    runs: list[tuple[int, int, bool]],
) -> None:
    """No job emits a row that a query has read later.

    An earlier pass has read all between jobs and queries.
    """
    entries: Any = []
    now, reached, highest = START, START - 100 * HOUR, BEGINNING
    read: list[tuple[datetime, datetime, datetime]] = []  # from, until, as of
    for hours, lag, is_cut in runs:
        now += hours * HOUR
        watermark = highest = max(now - lag * HOUR, highest)
        passes = QueryPasses(entries, now=now, has_history=True)
        limit = passes.limit(watermark)
        assert limit <= watermark
        for start, _until, at in read:
            assert at < watermark or limit <= start
        reached = max(reached, limit)
        passes.forget(watermark)
        begin = passes.boundary(reached, watermark)
        assert begin <= covered(reached, read)
        passes.begin(begin, now)
        if is_cut:
            read.append((begin, begin, now + LEASE))
        else:
            passes.end(now, now)
            read.append((begin, now, now))
        entries = passes.entries
        assert len(entries) <= MOST


@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 9), st.integers(0, 90)),
        min_size=MOST,
        max_size=2 * MOST,
    ),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_merged_passes_cover_no_more_than_each_of_them(
    passes: list[tuple[int, int, int]], reached_hours: int, lag: int
) -> None:
    """Passes that are merged, to bound the state, cover no more than each of them does."""
    read = [
        (START + start * HOUR, START + (start + length) * HOUR, START + at * HOUR)
        for start, length, at in passes
    ]
    entries = [[iso(moment) for moment in moments] for moments in read]
    merged = QueryPasses(entries, now=START, has_history=True)
    merged.begin(START + 100 * HOUR, START + 100 * HOUR)
    assert len(merged.entries) <= MOST
    watermark, reached = START + lag * HOUR, START + reached_hours * HOUR
    for start, _until, at in read:
        assert at < watermark or merged.limit(watermark) <= start
    assert merged.boundary(reached, watermark) <= covered(reached, read)


def covered(reached: datetime, read: list[tuple[datetime, datetime, datetime]]) -> datetime:
    """Return the end of the range that passes have read whole, from the jobs' bookmark on."""
    for start, until, _at in sorted(read):
        if start <= reached:
            reached = max(reached, until)
    return reached


def test_a_watermark_of_the_very_moment_of_a_pass_is_not_enough() -> None:
    """A watermark equal to the time of a pass is not enough.

    The lake has only what was before it.
    """
    passes = QueryPasses([], now=START, has_history=False)
    passes.begin(START - HOUR, START)
    passes.end(START, START)
    passes.forget(START)
    assert passes.limit(START) == START - HOUR
    later = START + timedelta(milliseconds=1)
    assert passes.limit(later) == later


def test_jobs_wait_for_the_watermark_after_unknown_passes() -> None:
    """Without a record of passes, jobs wait until the watermark passes now.

    Queries of an earlier version may have read anything.
    """
    passes = QueryPasses(None, now=START, has_history=True)
    assert passes.limit(START - HOUR) == BEGINNING
    later = START + timedelta(milliseconds=1)
    assert passes.limit(START) == BEGINNING
    assert passes.limit(later) == later


def test_a_pass_that_outlasts_its_lease_is_prolonged_first() -> None:
    """A pass that outlasts its lease writes a new one before it reads on."""
    passes = QueryPasses([], now=START, has_history=False)
    passes.begin(START, START)
    assert not passes.prolong(START + LEASE)
    assert passes.prolong(START + LEASE + HOUR)
    assert (
        QueryPasses(passes.entries, now=START, has_history=True).limit(START + 2 * LEASE) == START
    )
    over = START + HOUR + 2 * LEASE
    assert passes.limit(over) == START
    assert passes.limit(over + HOUR) == over + HOUR


def passes_of(*bounds: tuple[int, int]) -> QueryPasses:
    """Return passes with these hours as bounds, each as of the hundredth hour."""
    entries = [[*bound, 100] for bound in bounds]
    moments = [[iso(START + hours * HOUR) for hours in entry] for entry in entries]
    return QueryPasses(moments, now=START, has_history=True)


@pytest.mark.parametrize(
    ("reached", "watermark", "until", "boundary"),
    [
        # The begin of the last whole pass, or the watermark if that is later.
        (0, 3, None, 5),
        (0, 5, None, 5),
        (0, 6, None, 6),
        (0, 13, None, 12),
        (0, 13, 20, 13),
        # Jobs have read up to the middle of the pass, or beyond all passes.
        (7, 3, None, 7),
        (20, 13, 3, 20),
        # No pass begins at or before what is covered.
        (-2, 13, None, -2),
        (-2, 13, -1, -1),
        (-2, 13, 0, 12),
    ],
)
def test_the_next_pass_begins_where_the_last_whole_one_did(
    reached: int, watermark: int, until: int | None, boundary: int
) -> None:
    """A pass begins as far back as jobs, earlier passes or the mark of emitted rows cover."""
    passes = passes_of((0, 10), (5, 12), (8, 8))
    covered = () if until is None else (START + until * HOUR,)
    start = passes.boundary(START + reached * HOUR, START + watermark * HOUR, *covered)
    assert start == START + boundary * HOUR


@pytest.mark.parametrize(
    ("start", "expected"),
    [(6, [(0, 10), (5, 5)]), (5, [(0, 10)]), (4, [(0, 10)]), (-1, [(0, 10)])],
)
def test_a_pass_drops_those_that_cover_nothing_and_begin_no_earlier(
    start: int, expected: list[tuple[int, int]]
) -> None:
    """A new pass replaces those that cover nothing and begin no earlier: it limits jobs longer."""
    passes = passes_of((0, 10), (5, 5))
    passes.begin(START + start * HOUR, START + 100 * HOUR)
    assert passes.entries[:-1] == passes_of(*expected).entries


def test_a_pass_that_is_broken_off_before_its_start_covers_nothing() -> None:
    """A pass that ends before its start covers the empty range at its start."""
    passes = passes_of()
    passes.begin(START, START)
    passes.end(START - HOUR, START + HOUR)
    assert passes.entries == [[iso(START), iso(START), iso(START + HOUR)]]


def test_a_pass_that_came_to_an_end_covers_its_range() -> None:
    """As of the moment of its last response."""
    passes = passes_of()
    passes.begin(START, START)
    passes.end(START + HOUR, START + 2 * HOUR)
    assert passes.entries == [[iso(START), iso(START + HOUR), iso(START + 2 * HOUR)]]


def test_unknown_passes_are_kept_with_the_moment_of_the_first_run_that_keeps_them() -> None:
    """They cover nothing, and limit jobs in the runs that follow too."""
    passes = QueryPasses(None, now=START, has_history=True)
    assert passes.entries == [[iso(BEGINNING), iso(BEGINNING), iso(START)]]
    assert passes.boundary(START, START - HOUR) == START


def test_as_many_passes_are_kept_as_they_are_as_a_state_may_have() -> None:
    """The one that begins is the last of them."""
    bounds = [(10 * number, 10 * number + 5) for number in range(MOST - 1)]
    passes = passes_of(*bounds)
    passes.begin(START + 1000 * HOUR, START)
    assert passes.entries[:-1] == passes_of(*bounds).entries
    assert len(passes.entries) == MOST


@pytest.mark.parametrize("place", [0, 1, MOST // 2, MOST - 2])
@pytest.mark.parametrize(("length", "merged_length"), [(4, 4), (5, 8), (6, 8), (9, 9)])
def test_the_passes_that_begin_closest_to_each_other_are_merged(
    place: int, length: int, merged_length: int
) -> None:
    """The range is that of both where they touch, and that of the earlier one where they do not."""
    starts = [10 * number - (5 if number > place else 0) for number in range(MOST)]
    bounds = [(start, start + 3) for start in starts]
    bounds[place] = (starts[place], starts[place] + length)
    passes = passes_of(*bounds)
    passes.begin(START + 1000 * HOUR, START)
    merged = (starts[place], starts[place] + merged_length)
    expected = passes_of(*bounds[:place], merged, *bounds[place + 2 :])
    assert passes.entries[:-1] == expected.entries


def test_a_first_run_is_limited_by_the_watermark_alone() -> None:
    """In a first run the watermark alone limits jobs."""
    passes = QueryPasses(None, now=START, has_history=False)
    assert passes.limit(START - HOUR) == START - HOUR


def test_a_lake_behind_earlier_jobs_limits_all_jobs() -> None:
    """No later pass replaces the entry, and a lake that is as far removes it."""
    passes = QueryPasses([], now=START, has_history=True)
    passes.add_jobs(START)
    passes.begin(START - HOUR, START + HOUR)
    passes.end(START, START + HOUR)
    assert passes.limit(START - MILLISECOND) == BEGINNING
    assert passes.limit(START) == START - HOUR
    assert passes.limit(START + 2 * HOUR) == START + 2 * HOUR
    passes.forget(START)
    assert passes.entries == [[iso(START - HOUR), iso(START), iso(START + HOUR)]]
