"""The plan of users' details: its batches as lists, and the moments that the state keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plan_runs import FIRST_DAY, PlanRun, at, first_gap, settled, text

from tap_genesys.replication.plan import Batch, Read
from tap_genesys.replication.query_passes import LEASE
from tap_genesys.replication.user_details_plan import (
    KNOWN_UP_TO,
    READ_TO,
    RECHECKS,
    UserDetailsPlan,
)
from tap_genesys.replication.windows import DAY, MILLISECOND, UNSETTLED, Window, iso, parse

if TYPE_CHECKING:
    from datetime import datetime

#: The present of a run: noon of the sixth day, with a data lake that is 30 hours behind.
NOON, LAKE = at(5, 12), at(4, 6)
#: The last moment of which a job knows all.
LAST_BY_JOB = LAKE - MILLISECOND
DECLARED = Batch((), is_declared=True)


class SpanRun(PlanRun):
    """A run whose plan is notified of how far it has come, as a stream does."""

    def reach(self, plan: Any, read: Read) -> None:
        """Move the bookmark, by job or where queries alone are read, and the plan's `readTo`."""
        if read.by == "job" or self.source == "query":
            self.promise(read.window.end)
        if read.by == "query" or plan.may_be_open:
            plan.reach(read.window.end)


def executed(**options: Any) -> SpanRun:
    """Return a run that was executed, with a state and inputs as given."""
    run = SpanRun(**{"end": NOON, "watermark": LAKE, "ages": [5], **options})
    run.plan = UserDetailsPlan(run.state, run.inputs())  # type: ignore[attr-defined]
    run.execute(run.plan)  # type: ignore[attr-defined]
    return run


def forward(by: Any, *bounds: tuple[datetime, datetime]) -> tuple[Read, ...]:
    """Return reads that go on, within all that their batch reads."""
    within = Window(bounds[0][0], bounds[-1][1])
    return tuple(Read(Window(*bound), by, "forward", within=within) for bound in bounds)


def test_a_first_run_reads_by_job_and_then_by_query() -> None:
    """The query begins where the job ended, a millisecond before the watermark."""
    run = executed()
    by_job = forward("job", (at(0), at(2)), (at(2), at(4)), (at(4), LAST_BY_JOB))
    by_query = forward("query", (LAST_BY_JOB, at(5)), (at(5), NOON))
    assert run.batches == [
        Batch(by_job, is_declared=True, since=FIRST_DAY),
        Batch(()),
        Batch(by_query, is_declared=True, since=LAST_BY_JOB),
        DECLARED,
    ]
    assert run.states[0] == {KNOWN_UP_TO: iso(LAKE), READ_TO: text(0)}
    assert run.states[2][KNOWN_UP_TO] == iso(NOON + timedelta(minutes=3) + LEASE)
    assert run.states[3][KNOWN_UP_TO] == iso(NOON + timedelta(minutes=5) + MILLISECOND)
    assert run.bookmark == LAST_BY_JOB
    assert run.state[READ_TO] == iso(NOON - UNSETTLED)


def test_a_run_by_job_alone_ends_a_millisecond_before_the_watermark() -> None:
    """What ends at the very watermark is touched by the next run's first window."""
    run = executed(source="job")
    assert [batch.is_declared for batch in run.batches] == [True, False]
    assert run.batches[0].reads[-1].window.end == LAST_BY_JOB
    assert run.state[READ_TO] == iso(LAST_BY_JOB)


def test_a_run_by_query_alone_reads_all_and_moves_the_bookmark() -> None:
    """Up to half an hour before its beginning."""
    run = executed(source="query", watermark=None, end=at(1, 6))
    reads = forward("query", (at(0), at(1)), (at(1), at(1, 6)))
    assert run.batches == [Batch(reads, is_declared=True, since=FIRST_DAY), Batch(()), DECLARED]
    assert run.bookmark == at(1, 6) - UNSETTLED


def test_a_lake_that_knows_less_than_was_emitted_closes_no_open_span() -> None:
    """Such a job may emit ended spans only; `readTo` stays behind, and the query begins there."""
    state = {KNOWN_UP_TO: text(5), READ_TO: text(3)}
    run = executed(bookmark=at(4), state=state, start=at(4))
    assert not run.plan.may_be_open  # type: ignore[attr-defined]
    assert run.batches[0].reads == forward("job", (at(4), LAST_BY_JOB))
    assert run.batches[2].reads[0].window.start == at(3)
    assert parse(run.states[0][KNOWN_UP_TO]) == at(5)


def test_a_lake_that_has_caught_up_reads_from_where_all_is_out() -> None:
    """From `readTo`, which is behind the bookmark, so that open spans are not lost."""
    state = {KNOWN_UP_TO: text(4), READ_TO: text(3)}
    run = executed(bookmark=at(4), state=state, start=at(4))
    assert run.plan.may_be_open  # type: ignore[attr-defined]
    assert run.batches[0].reads[0].window.start == at(3)
    assert run.batches[0].since == at(4)


@pytest.mark.parametrize("has_read_to", [True, False])
def test_a_state_without_read_to_meant_the_moment_itself(has_read_to: bool) -> None:  # noqa: FBT001
    """So a lake at that very moment knows no more than what was emitted."""
    state = {KNOWN_UP_TO: iso(LAKE), **({READ_TO: text(4)} if has_read_to else {})}
    run = executed(bookmark=at(4), state=state, start=at(4))
    assert run.plan.may_be_open is has_read_to  # type: ignore[attr-defined]


def test_a_state_without_a_moment_may_be_as_young_as_the_run() -> None:
    """A job then emits no open span."""
    run = executed(bookmark=at(4), state={}, start=at(4))
    assert not run.plan.may_be_open  # type: ignore[attr-defined]


@pytest.mark.parametrize("source", ["auto", "query"])
def test_a_day_is_read_again_when_it_is_five_days_old(source: str) -> None:
    """Once, by job where jobs are read, and each day stands for itself."""
    state = {KNOWN_UP_TO: text(7), READ_TO: text(7), RECHECKS: {"5": text(1)}}
    watermark = at(8, 2) if source == "auto" else None
    run = executed(
        source=source, watermark=watermark, end=at(8, 2), bookmark=at(7), state=state, start=at(7)
    )
    again = [read for batch in run.batches for read in batch.reads if read.purpose == "recheck"]
    day = [Window(at(number), at(number + 1)) for number in (1, 2)]
    assert [read.window for read in again] == day
    assert [read.within for read in again] == day
    assert {read.by for read in again} == {"job" if source == "auto" else "query"}
    assert run.state[RECHECKS] == {"5": text(3)}


def test_a_hole_holds_the_mark_and_where_the_next_query_begins() -> None:
    """What lies behind it is read again."""
    run = executed(source="query", watermark=None, end=at(3), holes=[at(1, 5)])
    assert run.bookmark == at(1)
    assert run.state[READ_TO] == text(1)


@given(
    st.integers(0, 4 * 24).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 30).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(["auto", "job", "query"]),
)
def test_what_is_promised_has_been_read(lag: timedelta, later: timedelta, source: str) -> None:
    """Windows cover the range without a gap, and a second run goes on where the first one ended."""
    state: dict[str, Any] = {}
    bookmark, read = None, []
    for end in (NOON, NOON + later):
        watermark = None if source == "query" else end - lag
        start = (
            FIRST_DAY if bookmark is None else bookmark - (DAY if source == "query" else 0 * DAY)
        )
        run = executed(
            source=source, end=end, watermark=watermark, bookmark=bookmark, start=start, state=state
        )
        bookmark = run.bookmark
        read += settled(run, [item for item in run.whole if item.purpose == "forward"])
        reached = parse(state[READ_TO])
        assert first_gap(read, FIRST_DAY) >= reached
        assert reached <= end - UNSETTLED or reached == FIRST_DAY


@given(st.integers(1, 6), st.sampled_from(["auto", "job"]))
def test_nothing_is_emitted_before_the_state_says_how_young_it_may_be(
    killed_after: int, source: str
) -> None:
    """A run that is killed after any window has written a moment that is not earlier."""
    run = executed(source=source, killed_after=killed_after)
    for emission in run.emissions:
        known = parse(emission.state[KNOWN_UP_TO])
        assert known >= emission.knowledge
        assert known > emission.knowledge or emission.read.by == "job"
