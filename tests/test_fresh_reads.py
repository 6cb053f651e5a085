"""Full and narrow passes of queries: which one a run makes, what it reads, and how jobs follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from support.plan_runs import FIRST_DAY, PlanRun, State, at

from tap_genesys.replication.conversation_plan import PASSES, ConversationPlan
from tap_genesys.replication.emitted import QueryMark
from tap_genesys.replication.fresh_reads import is_full_pass, narrow_pass, tail_before
from tap_genesys.replication.plan import Read
from tap_genesys.replication.windows import MILLISECOND, Window

if TYPE_CHECKING:
    from datetime import datetime

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def mark(
    last: datetime, *, full: datetime | None = None, tails: datetime | None = None
) -> QueryMark:
    """Return the mark of a pass, with the times of the last full pass and the last tail queries."""
    whole = QueryMark.of_full_pass(at(1), last - 30 * MINUTE, full or last)
    narrow = whole.after_narrow_pass(last - 30 * MINUTE, last, None)
    return replace(narrow, tails_at=tails) if tails else narrow


def read(start: datetime, end: datetime, first: datetime, last: datetime) -> Read:
    """Return a read of a narrow pass, and the conversation starts that it emits."""
    return Read(Window(start, end), "query", "fresh", starts=Window(first, last))


# -- full or narrow

NOON = at(5, 12)
LONG = Window(at(4), NOON)


@pytest.mark.parametrize(
    ("last", "fresh", "is_full"),
    [
        (mark(at(5, 11)), LONG, False),
        (None, LONG, True),
        # Up to eight hours each run reads all.
        (mark(at(5, 11)), Window(at(5, 4), NOON), True),
        (mark(at(5, 11)), Window(at(5, 4) - MILLISECOND, NOON), False),
        # A configured end of the range.
        (mark(at(5, 11)), Window(at(4), NOON - MILLISECOND), True),
        # It begins before all that queries have emitted.
        (mark(at(5, 11)), Window(at(1) - MILLISECOND, NOON), True),
        (mark(at(5, 11)), Window(at(1), NOON), False),
        # The first run of a UTC day.
        (mark(at(5), full=at(5) - MILLISECOND), LONG, True),
        (mark(at(5), full=at(5)), LONG, False),
    ],
)
def test_a_pass_is_full_once_a_day_and_where_a_narrow_one_is_no_use(
    last: QueryMark | None, fresh: Window, *, is_full: bool
) -> None:
    """The first pass of a UTC day is full, and each that a narrow one cannot replace or shorten."""
    assert is_full_pass(last, fresh, NOON) is is_full


# -- what started on the first day of a full pass, but before it


@pytest.mark.parametrize(
    ("fresh", "reached", "starts"),
    [
        (Window(at(4, 6), NOON), at(3), Window(at(4), at(4, 6))),
        # Jobs have read the begin of that day, all but its last millisecond, or all.
        (Window(at(4, 6), NOON), at(4, 1), Window(at(4, 1), at(4, 6))),
        (
            Window(at(4, 6), NOON),
            at(4, 6) - MILLISECOND,
            Window(at(4, 6) - MILLISECOND, at(4, 6)),
        ),
        (Window(at(4, 6), NOON), at(4, 6), None),
        # The full pass begins with the day, or in its last minute.
        (Window(at(4), NOON), at(3), None),
        (
            Window(at(4, 23, 59) - MILLISECOND, NOON),
            at(3),
            Window(at(4), at(4, 23, 59) - MILLISECOND),
        ),
        (Window(at(4, 23, 59), NOON), at(3), None),
        (Window(at(4, 23, 59) + MILLISECOND, NOON), at(3), None),
        # The day's end is in the pass, or it goes on.
        (Window(at(4, 6), at(5) + MILLISECOND), at(3), Window(at(4), at(4, 6))),
        (Window(at(4, 6), at(5)), at(3), None),
        (Window(at(4, 6), at(4, 23)), at(3), None),
        # Up to eight hours, jobs follow soon.
        (Window(at(4, 18), at(5, 2) + MILLISECOND), at(3), Window(at(4), at(4, 18))),
        (Window(at(4, 18), at(5, 2)), at(3), None),
    ],
)
def test_a_full_pass_reads_the_end_of_its_first_day_for_what_started_before_it(
    fresh: Window, reached: datetime, starts: Window | None
) -> None:
    """A tail query of a day's last minute returns conversations that continue after that day."""
    tail = tail_before(fresh, reached=reached)
    assert tail == (
        Read(Window(at(4, 23, 59), at(5)), "query", "fresh", starts=starts) if starts else None
    )


# -- what a narrow pass reads


def test_a_narrow_pass_reads_what_was_active_since_two_hours_before_the_last_one() -> None:
    """A narrow pass reads today's conversations that were active since then.

    Tail queries of earlier days are not due.
    """
    last = mark(at(5, 11), tails=at(5, 11))
    narrow = narrow_pass(last, NOON, reached=at(3), watermark=at(3, 12), now=NOON)
    assert narrow.reads == (read(at(5, 9), NOON, at(5), at(6)),)
    assert narrow.tails_from is None
    assert narrow.start == at(5)


def test_after_midnight_it_reads_the_end_of_yesterday_too() -> None:
    """Just after midnight the narrow query reaches into yesterday, in place of a tail query."""
    last = mark(at(5, 1), tails=at(5, 1))
    narrow = narrow_pass(last, at(5, 2), reached=at(3), watermark=at(3, 12), now=at(5, 2))
    assert narrow.reads == (
        read(at(4, 23), at(5), at(4), at(5)),
        read(at(5), at(5, 2), at(5), at(6)),
    )
    assert narrow.start == at(4)


@pytest.mark.parametrize(
    ("reached", "windows"),
    [
        (at(5) - MILLISECOND, [Window(at(4, 23), at(5)), Window(at(5), at(5, 2))]),
        (at(5), [Window(at(5), at(5, 2))]),
    ],
)
def test_it_does_not_read_the_end_of_a_day_that_jobs_have_read(
    reached: datetime, windows: list[Window]
) -> None:
    """A day that jobs have read whole is in no narrow query."""
    last = mark(at(5, 1), tails=at(5, 1))
    narrow = narrow_pass(last, at(5, 2), reached=reached, watermark=at(5), now=at(5, 2))
    assert [part.window for part in narrow.reads] == windows


@pytest.mark.parametrize(("minutes", "are_read"), [(89, False), (90, True), (600, True)])
def test_the_ends_of_earlier_days_are_read_every_second_hour(
    minutes: int, *, are_read: bool
) -> None:
    """Tail queries of days that jobs have not read whole are due 90 minutes after the last."""
    last = mark(at(5, 11), tails=NOON - minutes * MINUTE)
    narrow = narrow_pass(last, NOON, reached=at(3, 6), watermark=at(3, 12), now=NOON)
    tails = (
        read(at(3, 23, 59), at(4), at(3, 6), at(4)),
        read(at(4, 23, 59), at(5), at(4), at(5)),
    )
    assert narrow.reads[:-1] == (tails if are_read else ())
    assert narrow.tails_from == (at(3, 6) if are_read else None)
    assert narrow.start == (at(3, 6) if are_read else at(5))


@pytest.mark.parametrize(
    ("last", "tails"),
    [(at(5, 1, 59), []), (at(5, 1, 59) + MILLISECOND, [Window(at(4, 23, 59), at(5))])],
)
def test_a_day_whose_last_minute_the_narrow_query_touches_whole_has_no_tail(
    last: datetime, tails: list[Window]
) -> None:
    """A narrow query that covers a day's last minute returns what its tail query would."""
    now = at(5, 2, 30)
    narrow = narrow_pass(mark(last, tails=at(4, 12)), now, reached=at(4), watermark=at(4), now=now)
    since = Window(last - 2 * HOUR, at(5))
    assert [part.window for part in narrow.reads] == [*tails, since, Window(at(5), now)]


def test_a_day_whose_end_was_never_read_is_read_at_once() -> None:
    """A day whose end no tail query and no narrow query covers gets its tail query at once."""
    last = mark(at(5, 3), tails=at(5) - MINUTE)
    narrow = narrow_pass(last, at(5, 4), reached=at(3), watermark=at(4), now=at(5, 4))
    assert [part.window for part in narrow.reads] == [
        Window(at(4, 23, 59), at(5)),
        Window(at(5, 1), at(5, 4)),
    ]


@pytest.mark.parametrize(
    ("watermark", "reached"), [(at(5), at(3)), (at(4, 12), at(5)), (at(5, 1), at(5, 1))]
)
def test_a_day_that_jobs_may_read_or_have_read_has_no_tail(
    watermark: datetime, reached: datetime
) -> None:
    """No tail query for a day that ended before the watermark or before the bookmark."""
    last = mark(at(5, 11), tails=at(4))
    narrow = narrow_pass(last, NOON, reached=reached, watermark=watermark, now=NOON)
    assert [part.window for part in narrow.reads] == [Window(at(5, 9), NOON)]
    assert narrow.reads[0].starts == Window(max(at(5), reached), at(6))


def test_a_narrow_pass_begins_where_the_last_one_ended_if_that_took_hours() -> None:
    """After a run of many hours the narrow query begins where the last pass's range ended.

    So nothing lies between the two.
    """
    last = mark(at(5, 3)).after_narrow_pass(at(5, 3), at(5, 9), None)
    narrow = narrow_pass(last, NOON, reached=at(5), watermark=at(5), now=NOON)
    assert narrow.reads[0].window == Window(at(5, 3), NOON)


# -- weeks of hourly runs


@pytest.mark.parametrize(("lag", "behind"), [(4, 9), (24, 72), (48, 120), (80, 200)])
def test_jobs_follow_within_days_over_three_weeks_of_hourly_runs(lag: int, behind: int) -> None:
    """With narrow passes each day, jobs keep up with the watermark, and the state stays small."""
    state: State = {}
    bookmark = FIRST_DAY
    first = 2 * lag + 48
    for hour in range(first, first + 21 * 24):
        now = at(0, hour)
        run = PlanRun(
            end=now,
            start=bookmark,
            bookmark=bookmark if state else None,
            watermark=now - lag * HOUR,
            state=state,
            takes=timedelta(0),
        )
        assert run.execute(ConversationPlan(state, run.inputs()))
        state, bookmark = run.written[0], run.bookmark or bookmark
        assert len(state[PASSES]) <= 12
        if hour >= first + 5 * lag + 24:
            assert now - bookmark <= behind * HOUR
        queries = [part for batch in run.batches for part in batch.reads if part.by == "query"]
        is_full = any(part.starts is None for part in queries)
        assert is_full == (lag <= 8 or now == now.replace(hour=0) or hour == first)
    assert now - bookmark > lag * HOUR
