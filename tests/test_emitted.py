"""The moment as of which a conversation was emitted, and the rows that are left out by it.

`test_emitted_law` holds the consequences; here each bound has a case on both of its sides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from support.plan_runs import at, text

from tap_genesys.replication.emitted import (
    Emitted,
    JobMark,
    QueryMark,
    job_mark,
    query_mark,
    with_mark,
)
from tap_genesys.replication.windows import MILLISECOND

HOUR = timedelta(hours=1)

# -- jobs

JOBS = JobMark(since=at(1), until=at(4), at=at(4, 12))
BOOKMARK = at(3)


@pytest.mark.parametrize(
    ("start", "moment"),
    [
        (at(1) - MILLISECOND, None),
        (at(1), JOBS.at),
        (at(4) - MILLISECOND, JOBS.at),
        (at(4), None),
    ],
)
def test_a_job_has_emitted_what_started_in_its_range(
    start: datetime, moment: datetime | None
) -> None:
    """As of the watermark; its range has its first moment, and not its last."""
    assert JOBS.moment(start) == moment


@pytest.mark.parametrize(
    ("start", "latest", "is_left_out"),
    [
        (at(2), at(4, 11) - MILLISECOND, True),
        # Within the margin.
        (at(2), at(4, 11), False),
        # The response shows no moment.
        (at(2), None, False),
        # Jobs read it for the first time, whatever an edited state has.
        (BOOKMARK - MILLISECOND, at(4), True),
        (BOOKMARK, at(4), False),
        # It started before the first start that earlier runs wanted.
        (at(1) - MILLISECOND, at(4), False),
    ],
)
def test_a_job_leaves_out_what_a_job_has_emitted_as_it_is(
    start: datetime, latest: datetime | None, *, is_left_out: bool
) -> None:
    """Its latest moment is more than an hour before the watermark."""
    emitted = Emitted(with_mark(None, JOBS), BOOKMARK)
    assert emitted.by_job(start, lambda: latest) is is_left_out


# -- queries

#: Its last whole pass was at noon, its last full pass after midnight.
QUERIES = QueryMark(
    until=at(5, 11, 30),
    at=at(5, 12),
    full_from=at(3, 6),
    full_at=at(5, 0, 30),
    tails_from=at(3),
    tails_at=at(5, 11),
)
#: The first start of its tails is later than that of its full pass.
LATE_TAILS = replace(QUERIES, tails_from=at(4))
#: Its tails were read at a midnight, those of the day before from one in the morning on.
AT_MIDNIGHT = replace(QUERIES, tails_from=at(4, 1), tails_at=at(5))
BEFORE_MIDNIGHT = replace(AT_MIDNIGHT, tails_at=at(5) - MILLISECOND)


@pytest.mark.parametrize(
    ("mark", "start", "end", "moment"),
    [
        # The end of the range that was read.
        (QUERIES, at(5, 11, 30) - MILLISECOND, None, QUERIES.at),
        (QUERIES, at(5, 11, 30), None, None),
        # Of an earlier day, and active after it: the tail queries return it.
        (QUERIES, at(3), None, QUERIES.tails_at),
        (QUERIES, at(3) - MILLISECOND, None, None),
        (QUERIES, at(4, 12), at(5), QUERIES.tails_at),
        (QUERIES, at(4, 12), at(5) - MILLISECOND, QUERIES.at),
        # They have read that day after its end only.
        (AT_MIDNIGHT, at(4, 1), None, AT_MIDNIGHT.tails_at),
        (BEFORE_MIDNIGHT, at(4, 1), None, QUERIES.at),
        # What started before the tails' first start, and what did before the full pass's.
        (LATE_TAILS, at(4), None, QUERIES.tails_at),
        (LATE_TAILS, at(4) - MILLISECOND, None, QUERIES.full_at),
        (LATE_TAILS, at(3, 6), None, QUERIES.full_at),
        (LATE_TAILS, at(3, 6) - MILLISECOND, None, None),
        (QUERIES, at(3, 6) - MILLISECOND, at(3, 7), None),
        (QUERIES, at(3, 6), at(3, 7), QUERIES.at),
        # As long as its day had not ended, a narrow pass returned it.
        (AT_MIDNIGHT, at(4, 1) - MILLISECOND, None, QUERIES.full_at),
        (BEFORE_MIDNIGHT, at(4, 1) - MILLISECOND, None, QUERIES.at),
        (LATE_TAILS, at(3, 7), at(4) - MILLISECOND, QUERIES.at),
        (LATE_TAILS, at(3, 7), at(4), QUERIES.full_at),
    ],
)
def test_the_moment_of_a_conversation_is_that_of_the_last_pass_that_returned_it(
    mark: QueryMark, start: datetime, end: datetime | None, moment: datetime | None
) -> None:
    """The tails' for one that outlasts its day, else the last pass's, or the last full one's."""
    assert mark.moment(start, end, end or start) == moment


@pytest.mark.parametrize(
    ("latest", "moment"), [(HOUR, QUERIES.at), (HOUR + MILLISECOND, QUERIES.full_at)]
)
def test_what_happens_an_hour_after_the_end_was_read_by_a_full_pass_only(
    latest: timedelta, moment: datetime
) -> None:
    """Up to then, narrow passes still return it when that is visible."""
    end = at(4, 13)
    assert QUERIES.moment(at(4, 12), end, end + latest) == moment


@pytest.mark.parametrize(
    ("start", "end", "latest", "is_left_out"),
    [
        (at(5, 9), at(5, 10), at(5, 11) - MILLISECOND, True),
        # Its latest moment, its end or its start is within the margin.
        (at(5, 9), at(5, 10), at(5, 11), False),
        (at(5, 9), at(5, 11) - MILLISECOND, at(5, 10), True),
        (at(5, 9), at(5, 11), at(5, 10), False),
        (at(5, 11) - MILLISECOND, None, at(5, 10), True),
        (at(5, 11), None, at(5, 10), False),
        (at(5, 11), at(5, 10), at(5, 10), False),
        # The response shows no moment.
        (at(5, 9), None, None, False),
        # No pass has read it.
        (at(2), None, at(2), False),
        # The margin is that of the pass that has returned it.
        (at(4, 12), at(4, 13), at(4, 14), True),
        (at(4, 12), at(4, 13), at(4, 14) + MILLISECOND, True),
        (at(4, 12), at(4, 13), at(4, 23, 30) - MILLISECOND, True),
        (at(4, 12), at(4, 13), at(4, 23, 30), False),
    ],
)
def test_a_query_leaves_out_what_was_emitted_as_it_is(
    start: datetime, end: datetime | None, latest: datetime | None, *, is_left_out: bool
) -> None:
    """Nothing in it is less than an hour before the pass that returned it, or after."""
    emitted = Emitted(with_mark(None, QUERIES), BOOKMARK)
    assert emitted.by_query(start, end, lambda: latest) is is_left_out


def test_the_dates_of_a_conversation_that_goes_on_are_not_read() -> None:
    """Its start or its end is reason enough to emit it."""

    def latest() -> datetime:
        raise AssertionError

    emitted = Emitted(with_mark(None, QUERIES), BOOKMARK)
    assert not emitted.by_query(at(5, 9), at(5, 11), latest)
    assert not emitted.by_query(at(5, 11), None, latest)


def test_a_conversation_that_has_ended_and_shows_no_moment_is_emitted() -> None:
    """Nothing shows that it is as it was."""
    emitted = Emitted(with_mark(None, QUERIES), BOOKMARK)
    assert not emitted.by_query(at(5, 9), at(5, 10), lambda: None)


# -- what is left out needs a mark


def old() -> datetime:
    """Return a moment long before each mark."""
    return at(2)


@pytest.mark.parametrize("marks", [None, []])
def test_without_marks_nothing_is_left_out(marks: list[list[str]] | None) -> None:
    """A first run, or one whose shape of rows has changed."""
    emitted = Emitted(marks, BOOKMARK)
    assert not emitted.by_job(at(2), old)
    assert not emitted.by_query(at(4), at(4, 1), old)


def test_the_mark_of_one_source_leaves_out_no_row_of_the_other() -> None:
    """A job has attributes, and a query the latest changes."""
    by_job, by_query = (Emitted(with_mark(None, mark), BOOKMARK) for mark in (JOBS, QUERIES))
    assert by_job.by_job(at(2), old)
    assert not by_job.by_query(at(4), at(4, 1), old)
    assert by_query.by_query(at(4), at(4, 1), old)
    assert not by_query.by_job(at(2), old)


def test_without_a_bookmark_no_job_leaves_anything_out() -> None:
    """It reads everything for the first time."""
    assert not Emitted(with_mark(None, JOBS), None).by_job(at(2), old)


# -- the marks of a state


def test_a_mark_replaces_that_of_its_source_only() -> None:
    """Jobs' moments are the first list, queries' the second; later versions read them."""
    of_jobs = with_mark(None, JOBS)
    both = with_mark(of_jobs, QUERIES)
    assert of_jobs == [[text(1), text(4), text(4, 12)], []]
    assert both == [
        of_jobs[0],
        [text(5, 11, 30), text(5, 12), text(3, 6), text(5, 0, 30), text(3), text(5, 11)],
    ]
    assert (job_mark(both), query_mark(both)) == (JOBS, QUERIES)
    assert with_mark(both, replace(JOBS, at=at(4, 13))) == [
        [text(1), text(4), text(4, 13)],
        both[1],
    ]
    assert with_mark([[], both[1]], JOBS) == both
    assert job_mark(with_mark(None, QUERIES)) is None


@pytest.mark.parametrize(("tails", "tails_from"), [(at(4), at(4)), (None, at(4, 6))])
def test_a_full_pass_counts_as_a_narrow_one_and_as_tails(
    tails: datetime | None, tails_from: datetime
) -> None:
    """The tails begin with the first start of its day, where it has read that day's end."""
    mark = QueryMark.of_full_pass(at(4, 6), at(5, 11, 30), at(5, 12), tails)
    assert mark == QueryMark(
        until=at(5, 11, 30),
        at=at(5, 12),
        full_from=at(4, 6),
        full_at=at(5, 12),
        tails_from=tails_from,
        tails_at=at(5, 12),
    )


def test_a_narrow_pass_moves_its_own_moments_only() -> None:
    """Its range never gets shorter, and the tails' moments move where it has read tails."""
    now = at(5, 13)
    assert QUERIES.after_narrow_pass(at(5, 12, 30), now, None) == replace(
        QUERIES, until=at(5, 12, 30), at=now
    )
    assert QUERIES.after_narrow_pass(at(5, 11), now, at(4)) == replace(
        QUERIES, at=now, tails_from=at(4), tails_at=now
    )
