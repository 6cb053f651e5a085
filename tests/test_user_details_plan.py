"""The plan of users' details: its batches as lists, and the moments that the state keeps."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plan_runs import (
    FIRST_DAY,
    HOUR,
    SCHEDULES,
    PlanRun,
    ScheduledRun,
    State,
    at,
    first_gap,
    settled,
    text,
)

from tap_genesys.replication.plan import Batch, Read
from tap_genesys.replication.query_passes import LEASE
from tap_genesys.replication.user_details_plan import (
    CLOCK_SKEW,
    KNOWN_UP_TO,
    READ_TO,
    RECHECKS,
    UserDetailsPlan,
)
from tap_genesys.replication.windows import DAY, MILLISECOND, UNSETTLED, Window, iso, parse

if TYPE_CHECKING:
    from datetime import datetime

    from support.plan_runs import Emission

#: The present of a run: noon of the sixth day, with a data lake that is 30 hours behind.
NOON, LAKE = at(5, 12), at(4, 6)
#: The last moment before the watermark.
LAST_BY_JOB = LAKE - MILLISECOND
DECLARED = Batch((), is_declared=True)


class SpanRun(PlanRun):
    """A run that reports its position to its plan, like a stream."""

    def reach(self, plan: Any, read: Read) -> None:
        """Move the bookmark, by job or where queries alone are read, and the plan's `readTo`."""
        if read.by == "job" or self.source == "query":
            self.promise(read.window.end)
        if read.by == "query" or plan.may_be_open:
            plan.reach(read.window.end)


def executed(**options: Any) -> SpanRun:
    """Return an executed run, with a state and inputs as given."""
    run = SpanRun(**{"end": NOON, "watermark": LAKE, "ages": [5], **options})
    run.plan = UserDetailsPlan(run.state, run.inputs())  # type: ignore[attr-defined]
    run.execute(run.plan)  # type: ignore[attr-defined]
    return run


def forward(by: Any, *bounds: tuple[datetime, datetime]) -> tuple[Read, ...]:
    """Return forward reads, within the window of their batch."""
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


def test_a_lake_behind_the_emitted_rows_emits_no_open_span() -> None:
    """Its job emits ended spans only; `readTo` stays behind, and the query starts there."""
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
    """So a lake at that very moment, with a clock that is right, has no more than was emitted."""
    state = {KNOWN_UP_TO: iso(LAKE - CLOCK_SKEW), **({READ_TO: text(4)} if has_read_to else {})}
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
def test_the_range_before_the_bookmark_has_been_read(
    lag: timedelta, later: timedelta, source: str
) -> None:
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
def test_no_row_is_emitted_before_a_state_covers_it(killed_after: int, source: str) -> None:
    """A run that is killed after any window has written a moment that is not earlier."""
    run = executed(source=source, killed_after=killed_after)
    for emission in run.emissions:
        known = parse(emission.state[KNOWN_UP_TO])
        assert known >= emission.knowledge
        assert known > emission.knowledge or emission.read.by == "job"


def test_the_state_keeps_these_keys() -> None:
    """They are read by later versions."""
    assert executed().state.keys() == {"knownUpTo", "readTo", "recheckedUpTo"}


# -- where a run begins and ends


@pytest.mark.parametrize(
    ("read_to", "oldest", "first"), [(3, 0, 3), (3, 4, 4), (None, 0, 4), (None, 5, 5)]
)
def test_a_query_begins_at_read_to(read_to: int | None, oldest: int, first: int) -> None:
    """Else at the bookmark; never before the oldest start of the inputs."""
    kept = {} if read_to is None else {READ_TO: text(read_to)}
    state = {KNOWN_UP_TO: text(5), **kept}
    run = executed(bookmark=at(4), start=at(2), oldest=at(oldest), state=state)
    assert run.batches[2].since == at(first)
    assert run.batches[2].reads[0].window.start == at(first)


@pytest.mark.parametrize(("read_to", "first"), [(1, 1), (3, 2)])
def test_a_query_alone_begins_at_the_look_back_or_before(read_to: int, first: int) -> None:
    """Whichever is earlier: the bookmark less the look-back, or `readTo`."""
    run = executed(
        source="query",
        watermark=None,
        bookmark=at(3),
        start=at(2),
        state={KNOWN_UP_TO: text(3), READ_TO: text(read_to)},
    )
    assert run.batches[0].since == at(first)
    assert run.batches[0].reads[0].window == Window(at(first), at(first + 1))


def test_a_job_begins_no_later_than_its_range() -> None:
    """Although queries have read on from there; the bookmark belongs to jobs."""
    state = {KNOWN_UP_TO: text(4), READ_TO: text(4)}
    run = executed(bookmark=at(3), start=at(3), state=state)
    assert run.batches[0].reads == forward("job", (at(3), at(4)), (at(4), LAST_BY_JOB))


def test_jobs_end_at_the_end_of_the_range() -> None:
    """A watermark beyond it adds no window, and neither does the present."""
    run = executed(end=at(2), started=NOON)
    assert run.batches[0].reads == forward("job", (at(0), at(2)))
    assert run.batches[2].reads == ()
    assert run.state[READ_TO] == text(2)


def test_marks_without_a_bookmark_are_those_of_a_run_that_was_killed() -> None:
    """Nothing was promised, so all is read from the start, and no day has been read again."""
    state = {KNOWN_UP_TO: text(3), READ_TO: text(3), RECHECKS: {"5": text(2)}}
    run = executed(state=state)
    assert run.batches[0].reads[0].window.start == at(0)
    assert run.states[0][READ_TO] == text(0)
    assert run.plan.schedule.marks == {"5": text(0)}  # type: ignore[attr-defined]


# -- re-checks


@pytest.mark.parametrize(("source", "mark"), [("job", 1), ("query", 2)])
def test_an_age_is_counted_to_the_moment_of_the_data(source: str, mark: int) -> None:
    """By job to the watermark, by query to the run's start."""
    watermark = at(6, 1) if source == "job" else None
    run = executed(source=source, end=at(7), watermark=watermark)
    assert run.state[RECHECKS] == {"5": text(mark)}


def test_a_state_without_marks_is_read_from_the_bookmark_less_the_age() -> None:
    """A new age has no mark; the days before are not read again for it."""
    state = {KNOWN_UP_TO: text(7), READ_TO: text(7)}
    late = {"bookmark": at(7), "start": at(7), "watermark": at(7, 6), "end": at(8, 12)}
    assert executed(state=state, **late).batches[1].reads == ()


def test_a_query_beside_jobs_reads_as_of_the_present() -> None:
    """Days that it has read at the age of five days need no job, however late the lake is."""
    run = executed(watermark=at(0, 1), end=at(8))
    assert run.state[RECHECKS] == {"5": text(3)}


def test_an_incomplete_window_is_no_recheck() -> None:
    """Its mark stays, however old it is."""
    run = executed(source="query", watermark=None, end=at(7), holes=[at(0, 3)])
    assert run.state[RECHECKS] == {"5": text(0)}


def test_a_hole_that_holds_the_bookmark_holds_the_rechecks_too() -> None:
    """By query no day is read again that has not been read whole a first time."""
    state = {KNOWN_UP_TO: text(3), READ_TO: text(3), RECHECKS: {"0.5": text(2)}}
    run = executed(
        source="query",
        watermark=None,
        ages=[0.5],
        bookmark=at(3),
        start=at(3),
        state=state,
        holes=[at(3, 3)],
    )
    assert [read.window for read in run.batches[1].reads] == [Window(at(2), at(3))]


@pytest.mark.parametrize("source", ["job", "query"])
def test_days_after_the_end_of_the_range_are_not_read_again(source: str) -> None:
    """The end was set back since the bookmark passed it."""
    state = {KNOWN_UP_TO: text(4), READ_TO: text(4), RECHECKS: {"5": text(1)}}
    run = executed(
        source=source,
        watermark=at(12) if source == "job" else None,
        end=at(2),
        started=at(12),
        bookmark=at(4),
        start=at(4),
        state=state,
    )
    assert [read.window for read in run.batches[1].reads] == [Window(at(1), at(2))]


# -- the state's other changes


@pytest.mark.parametrize("late", [timedelta(0), MILLISECOND])
def test_rows_of_an_unknown_version_are_as_young_as_the_run(late: timedelta) -> None:
    """A lake that knows all up to its beginning may lack what a query knew."""
    run = executed(bookmark=at(4), start=at(4), watermark=NOON + CLOCK_SKEW + late)
    assert run.plan.may_be_open is bool(late)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("known_up_to", "is_open"),
    [(LAKE - CLOCK_SKEW, True), (LAKE - CLOCK_SKEW + MILLISECOND, False), (at(4), True)],
    ids=["by a clock that is slow", "later", "by a job"],
)
def test_a_query_may_know_more_than_the_taps_clock_says(
    known_up_to: datetime,
    is_open: bool,  # noqa: FBT001
) -> None:
    """So a job emits open spans only where the lake is ahead by as much as that may be slow."""
    state = {KNOWN_UP_TO: iso(known_up_to), READ_TO: text(4)}
    run = executed(bookmark=at(4), state=state, start=at(4))
    assert run.plan.may_be_open is is_open  # type: ignore[attr-defined]


def test_a_lake_that_stands_still_is_as_new_as_the_rows_of_its_jobs() -> None:
    """Their moment is the lake's own, by whatever clock: no skew is added to it."""
    bookmark = LAST_BY_JOB
    state = {KNOWN_UP_TO: iso(LAKE), READ_TO: iso(bookmark)}
    run = executed(bookmark=bookmark, state=state, start=bookmark)
    assert run.plan.may_be_open  # type: ignore[attr-defined]


def test_a_first_run_has_nothing_to_be_older_than() -> None:
    """However far the lake is behind, and where no lake is read."""
    plan: UserDetailsPlan = executed(watermark=at(0, 1)).plan  # type: ignore[attr-defined]
    assert plan.may_be_open
    run = PlanRun(end=NOON, source="query")
    assert UserDetailsPlan(run.state, run.inputs()).may_be_open


def test_a_known_moment_in_the_future_is_kept() -> None:
    """The lease of a run that was killed: its rows may be that young."""
    kept = text(5, 15)
    run = executed(bookmark=at(4), start=at(4), state={KNOWN_UP_TO: kept, READ_TO: text(4)})
    assert [state[KNOWN_UP_TO] for state in run.states] == [kept] * 4


@pytest.mark.parametrize("late", [-MILLISECOND, timedelta(0), HOUR])
def test_a_response_at_the_end_of_the_lease_prolongs_it_first(late: timedelta) -> None:
    """What happens at the moment itself is known to it, and not accounted for."""
    run = PlanRun(end=NOON, source="query")
    plan = UserDetailsPlan(run.state, run.inputs())
    next(plan.batches())
    received = NOON + LEASE + late
    is_over = late >= timedelta(0)
    assert plan.note_query(received) is is_over
    assert parse(run.state[KNOWN_UP_TO]) == (received + LEASE if is_over else NOON + LEASE)


@pytest.mark.parametrize(
    ("available", "kept"), [(None, LAKE), (LAKE - HOUR, LAKE), (LAKE, LAKE), (NOON, NOON)]
)
def test_a_later_watermark_of_a_job_is_written_first(
    available: datetime | None, kept: datetime
) -> None:
    """The watermark goes on while a run reads."""
    run = PlanRun(end=NOON, watermark=LAKE)
    plan = UserDetailsPlan(run.state, run.inputs())
    next(plan.batches())
    assert plan.note_job(available) is (kept != LAKE)
    assert parse(run.state[KNOWN_UP_TO]) == kept


def test_read_to_never_moves_back() -> None:
    """Not even by a window before it, such as one of the look-back."""
    run = PlanRun(end=NOON, source="query", bookmark=at(4), state={READ_TO: text(3)})
    plan = UserDetailsPlan(run.state, run.inputs())
    plan.reach(at(1))
    assert run.state[READ_TO] == text(3)


# -- laws


def test_a_plan_changes_nothing_before_its_first_batch() -> None:
    """Neither the constructor nor an unstarted generator changes the state."""
    state: State = {KNOWN_UP_TO: iso(LAKE)}
    run = PlanRun(end=NOON, bookmark=at(4), watermark=LAKE, state=deepcopy(state))
    UserDetailsPlan(run.state, run.inputs()).batches()
    assert run.state == state


@pytest.mark.parametrize("source", ["auto", "job", "query"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_batch_that_is_not_executed_leaves_the_state_alone(source: str, count: int) -> None:
    """A batch is planned only after the one before it has been read."""
    run = PlanRun(end=NOON, source=source, watermark=None if source == "query" else LAKE)
    batches = UserDetailsPlan(run.state, run.inputs()).batches()
    kept = [(next(batches, DECLARED), deepcopy(run.state)) for _ in range(count)][-1][1]
    batches.close()  # type: ignore[attr-defined]
    assert run.state == kept


@given(SCHEDULES)
def test_every_schedule_reads_all_and_makes_no_span_older(schedule: list[ScheduledRun]) -> None:
    """Runs at any distance, killed or with holes, while the lake lags and sources change."""
    state: State = {}
    bookmark: datetime | None = None
    now = at(2)
    emissions: list[Emission] = []
    #: The windows that were read completely, and those that were read with their open spans.
    closed: list[Window] = []
    opened: list[Window] = []
    for scheduled in schedule:
        now += scheduled.hours * HOUR
        watermark = scheduled.watermark(now)
        run = SpanRun(ages=[1], **scheduled.options(now, watermark, bookmark, state))
        plan = UserDetailsPlan(state, run.inputs())
        has_ended = run.execute(plan)
        if watermark is not None and plan.may_be_open:
            assert all(_is_known(emission, watermark) for emission in emissions)
        reads_of_run = [read for read in run.whole if read.by == "query" or plan.may_be_open]
        if has_ended and scheduled.hole is None and scheduled.source != "job":
            windows = [read.window for read in reads_of_run]
            assert first_gap([*opened, *windows], FIRST_DAY) >= now
        emissions += run.emissions
        closed += settled(run, run.whole)
        opened += settled(run, reads_of_run)
        state, bookmark = run.written
        assert first_gap(closed, FIRST_DAY) >= (bookmark or FIRST_DAY)
        assert first_gap(opened, FIRST_DAY) >= parse(state[READ_TO])
        for emission in run.emissions:
            assert _is_known(emission, parse(emission.state[KNOWN_UP_TO]))
        now = max(now, run.now)


def _is_known(emission: Emission, moment: datetime) -> bool:
    """Return whether the data of rows is before a moment; by job, not after it."""
    if emission.read.by == "job":
        return emission.knowledge <= moment
    return emission.knowledge < moment


def lacking(known_up_to: str, **options: Any) -> SpanRun:
    """Return an executed run that loads what is before the third day."""
    inputs: dict[str, Any] = {"end": NOON, "watermark": LAKE, "ages": [5], "start": at(4)}
    state: State = {
        KNOWN_UP_TO: known_up_to,
        READ_TO: text(4),
        RECHECKS: {"5": text(2)},
        "history": {"a": [text(2)]},
    }
    run = SpanRun(**{**inputs, "bookmark": at(4), "state": state, **options})
    names = frozenset("a")
    run.execute(
        UserDetailsPlan(run.state, replace(run.inputs(), selected=names, load_history=names))
    )
    return run


def history(by: Any, *bounds: tuple[datetime, datetime]) -> tuple[Read, ...]:
    """Return reads of what the stream `a` lacks."""
    return tuple(
        Read(Window(*bound), by, "history", within=Window(*bound), streams=frozenset("a"))
        for bound in bounds
    )


@pytest.mark.parametrize("source", ["auto", "query"])
def test_a_history_is_read_by_query_within_the_lease(source: str) -> None:
    """With `auto` as well: after all else, and before the moment up to which rows are known."""
    run = lacking(text(5), source=source, watermark=None if source == "query" else LAKE)
    assert run.batches[-2:] == [
        Batch(history("query", (at(0), at(1)), (at(1), at(2)))),
        DECLARED,
    ]
    assert parse(run.states[-2][KNOWN_UP_TO]) > NOON + LEASE - HOUR
    assert run.state["history"] == {"a": [text(0)]}
    # The days are due at the age of five days.
    assert run.state[RECHECKS] == {"5": text(0)}
    assert run.bookmark is not None
    assert run.bookmark >= at(4)


def test_a_history_is_read_by_job_where_jobs_alone_are_read() -> None:
    """Its job is as new as each earlier row, so that it may have spans without an end."""
    run = lacking(text(4), source="job")
    assert run.batches[-1] == Batch(history("job", (at(0), at(2))))
    assert run.state["history"] == {"a": [text(0)]}
    assert run.warnings == []


def test_a_part_that_could_not_be_read_by_job_does_not_wait_for_the_lake() -> None:
    """A window that a run did not read whole has a line of its own, and not that of the lake."""
    state: State = {KNOWN_UP_TO: text(4), READ_TO: text(4), "history": {"a": [text(2)]}}
    run = SpanRun(
        end=NOON, watermark=LAKE, source="job", start=at(4), bookmark=at(4), ages=[5], state=state
    )
    names = frozenset("a")
    # Nothing is read whole.
    plan = UserDetailsPlan(state, replace(run.inputs(), selected=names, load_history=names))
    assert [read.purpose for batch in plan.batches() for read in batch.reads][-1] == "history"
    assert run.warnings == []


def test_a_history_by_job_waits_while_the_lake_is_behind_earlier_rows() -> None:
    """Open spans of its job would be older than these; a line has what waits."""
    run = lacking(text(5), source="job")
    assert all(read.purpose != "history" for batch in run.batches for read in batch.reads)
    assert run.state["history"] == {"a": [text(2)]}
    assert run.warnings == [
        (
            f"load_history: a in {text(0)}/{text(2)} can be loaded once the data lake has passed "
            "what queries have read; keep the setting until then."
        )
    ]


def test_a_history_beyond_the_lake_waits_for_it() -> None:
    """Only what is before the watermark is read by job."""
    lake = at(1, 6)
    run = lacking(text(0), source="job", watermark=lake)
    assert run.batches[-1].reads[-1].window.end == lake - MILLISECOND
    assert run.state["history"] == {"a": [text(0), iso(lake - MILLISECOND), text(2)]}
    assert len(run.warnings) == 1
    assert f"a in {iso(lake - MILLISECOND)}/{text(2)} can" in run.warnings[0]


def test_a_part_of_a_history_with_a_hole_stays_missing() -> None:
    """A window that is not whole is not noted, and no re-check is due for it."""
    run = lacking(text(5), holes=[at(0, 3)])
    assert run.state["history"] == {"a": [text(1)]}
    assert run.state[RECHECKS] == {"5": text(1)}


@pytest.mark.parametrize("source", ["auto", "job"])
def test_a_history_ends_at_end_date(source: str) -> None:
    """What follows it stays missing, although it is before the bookmark."""
    run = lacking(text(4), source=source, end=at(1))
    assert run.state["history"] == {"a": [text(0), text(1), text(2)]}
    assert run.warnings == []
