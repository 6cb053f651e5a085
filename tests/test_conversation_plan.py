"""The plan of conversations: its batches as lists, and the state at each of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
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

from tap_genesys.replication.conversation_plan import (
    PASSES,
    RECHECKED_BY,
    RECHECKS,
    WATERMARK,
    ConversationPlan,
)
from tap_genesys.replication.fingerprint import EMITTED
from tap_genesys.replication.plan import Batch, Read, reads
from tap_genesys.replication.query_passes import LEASE
from tap_genesys.replication.windows import MILLISECOND, UNSETTLED, Window, iso, parse

if TYPE_CHECKING:
    from datetime import datetime

    from support.plan_runs import Emission

#: The present of a first run: noon of the sixth day, with a data lake that is 30 hours behind.
NOON, LAKE = at(5, 12), at(4, 6)
LAST = Batch((), is_declared=True)
NO_RECHECKS = Batch(())


def job(*bounds: tuple[datetime, datetime]) -> tuple[Read, ...]:
    """Return forward reads by job."""
    return tuple(
        Read(Window(*bound), "job", "forward", by_activity=True, within=Window(*bound))
        for bound in bounds
    )


def query(purpose: Any, *bounds: tuple[datetime, datetime]) -> tuple[Read, ...]:
    """Return reads by query."""
    return tuple(
        Read(Window(*bound), "query", purpose, by_activity=False, within=Window(*bound))
        for bound in bounds
    )


def job_recheck(*days: int) -> Batch:
    """Return the batch of days that jobs read again."""
    windows = [Window(at(day), at(day + 1)) for day in days]
    return Batch(tuple(Read(window, "job", "recheck", within=window) for window in windows))


def executed(**options: Any) -> PlanRun:
    """Return an executed run, with a state and inputs as given."""
    run = PlanRun(**{"end": NOON, "watermark": LAKE, "ages": [1], **options})
    assert run.execute(ConversationPlan(run.state, run.inputs()))
    return run


def bare(states: list[State]) -> list[State]:
    """Return states without the marks of emitted rows."""
    return [{key: value for key, value in state.items() if key != EMITTED} for state in states]


def test_a_read_stands_for_itself_unless_its_batch_is_one_whole() -> None:
    """`within` is the batch's window, or the read's own; `by_activity` is passed on."""
    windows = [Window(at(0), at(1)), Window(at(1), at(2))]
    both = Window(at(0), at(2))
    assert reads(iter(windows), "job", "forward", by_activity=True, within=both) == tuple(
        Read(window, "job", "forward", by_activity=True, within=both) for window in windows
    )
    assert [read.within for read in reads(windows, "query", "fresh")] == windows
    assert reads([], "job", "recheck") == ()


# -- first runs


def test_a_first_run_reads_by_job_up_to_the_watermark_and_the_rest_by_query() -> None:
    """Windows of two days by job, of one by query; each batch is declared before its rows."""
    run = executed()
    assert run.batches == [
        Batch(
            job((at(0), at(2)), (at(2), at(4)), (at(4), LAKE)), is_declared=True, since=FIRST_DAY
        ),
        NO_RECHECKS,
        Batch(query("fresh", (LAKE, at(5)), (at(5), NOON)), is_declared=True),
        LAST,
    ]
    jobs = {WATERMARK: iso(LAKE), RECHECKED_BY: "job"}
    read_by_job = {**jobs, RECHECKS: {"1": text(3)}, PASSES: []}
    fresh = {**read_by_job, PASSES: [[iso(LAKE), iso(LAKE), text(5, 13, 3)]]}
    assert bare(run.states) == [
        {**jobs, RECHECKS: {"1": text(0)}, PASSES: []},
        read_by_job,
        fresh,
        {**fresh, PASSES: [[iso(LAKE), text(5, 11, 30), text(5, 12, 5)]]},
    ]
    assert (run.bookmark, run.warnings) == (LAKE, [])


def test_a_first_run_by_job_alone_leaves_the_rest_to_later_runs() -> None:
    """No query is made, and no pass is kept."""
    run = executed(source="job")
    windows = job((at(0), at(2)), (at(2), at(4)), (at(4), LAKE))
    assert run.batches == [Batch(windows, is_declared=True, since=FIRST_DAY), NO_RECHECKS, LAST]
    assert run.state[PASSES] == []
    assert run.bookmark == LAKE


def test_a_first_run_by_query_reads_all_of_the_range() -> None:
    """The pass is declared with the lease's end, and ends with the last response."""
    run = executed(source="query", watermark=None, end=at(2, 6))
    windows = query("forward", (at(0), at(1)), (at(1), at(2)), (at(2), at(2, 6)))
    assert run.batches == [Batch(windows, is_declared=True, since=FIRST_DAY), LAST]
    begun = {RECHECKED_BY: "query", RECHECKS: {"1": text(0)}}
    assert bare(run.states) == [
        {**begun, PASSES: [[text(0), text(0), text(2, 7)]]},
        {**begun, RECHECKS: {"1": text(1)}, PASSES: [[text(0), text(0), text(2, 6, 3)]]},
    ]
    assert run.bookmark == at(2, 5, 30)


@pytest.mark.parametrize("source", ["auto", "job"])
def test_jobs_end_at_the_end_of_the_range(source: str) -> None:
    """A watermark beyond it adds no window; only what is not settled is left for a query."""
    run = executed(source=source, end=at(3), watermark=at(3, 1))
    # Half an hour before the end is not settled; where queries read it, jobs do not.
    last = at(2, 23, 30) if source == "auto" else at(3)
    windows = job((at(0), at(2)), (at(2), last))
    assert run.batches == [
        Batch(windows, is_declared=True, since=FIRST_DAY),
        NO_RECHECKS,
        *([Batch(query("fresh", (at(2, 23, 30), at(3))), is_declared=True)] * (source == "auto")),
        LAST,
    ]


def test_nothing_fresh_is_read_where_the_bookmark_is_at_the_end() -> None:
    """Jobs have read a range that ends in the past; no pass starts."""
    state = {WATERMARK: iso(LAKE), PASSES: []}
    run = executed(start=NOON, bookmark=NOON, watermark=at(5, 13), state=state)
    assert run.batches == [Batch((), is_declared=True, since=NOON), NO_RECHECKS, LAST]
    assert run.states[-1][PASSES] == []


def test_a_pass_ends_with_a_range_that_ends_in_the_past() -> None:
    """Not at the start of the run."""
    run = executed(end=at(3), started=NOON, watermark=at(2))
    assert run.batches[2] == Batch(query("fresh", (at(2), at(3))), is_declared=True)
    assert run.state[PASSES] == [[text(2), text(3), text(5, 12, 2)]]


def test_the_state_keeps_these_keys() -> None:
    """They are read by later versions."""
    keys = {"watermark", "queryPasses", "recheckedUpTo", "recheckedBy", "emittedThrough"}
    assert executed().state.keys() == keys


# -- later runs


def test_the_next_run_waits_for_the_watermark_to_pass_the_query() -> None:
    """Jobs stop at the kept pass's start; the query begins where the lake knew of the rest."""
    state = bare([executed().state])[0]
    end, lake = at(5, 13), at(4, 7)
    run = executed(end=end, start=LAKE, bookmark=LAKE, watermark=lake, state=state)
    # What started between the bookmark and the lake, and goes on, is read by the end of its day.
    tail = Read(Window(at(4, 23, 59), at(5)), "query", "fresh", starts=Window(LAKE, lake))
    assert run.batches == [
        Batch((), is_declared=True, since=LAKE),
        NO_RECHECKS,
        Batch((tail,), is_declared=True),
        Batch(query("fresh", (lake, at(5)), (at(5), end)), is_declared=True),
        LAST,
    ]
    kept, of_tail = [iso(LAKE), text(5, 11, 30), text(5, 12, 5)], [iso(LAKE)] * 2
    assert [state[PASSES] for state in run.states] == [
        [kept],
        [kept],
        [kept, [*of_tail, text(5, 14)]],
        [kept, [*of_tail, text(5, 13, 1)], [iso(lake), iso(lake), text(5, 14, 1)]],
        [kept, [*of_tail, text(5, 13, 1)], [iso(lake), text(5, 12, 30), text(5, 13, 3)]],
    ]
    assert (run.bookmark, run.state[WATERMARK]) == (LAKE, iso(lake))


def test_jobs_read_what_queries_had_once_the_watermark_has_passed_them() -> None:
    """The pass is dropped, but only after the rows of the jobs, which it no longer limits."""
    state = executed().state
    end, lake = at(6, 18), at(5, 12, 6)
    run = executed(end=end, start=LAKE, bookmark=LAKE, watermark=lake, state=state)
    assert run.batches == [
        Batch(job((LAKE, at(5)), (at(5), lake)), is_declared=True, since=LAKE),
        job_recheck(3),
        Batch(query("fresh", (lake, at(6)), (at(6), end)), is_declared=True),
        LAST,
    ]
    assert len(run.states[0][PASSES]) == 1
    assert run.states[2][PASSES] == [[iso(lake), iso(lake), text(6, 19, 3)]]
    assert run.state[RECHECKS] == {"1": text(4)}


@pytest.mark.parametrize(
    ("knowledge", "limit"), [(-MILLISECOND, at(4, 12)), (timedelta(0), LAKE), (HOUR, LAKE)]
)
def test_a_pass_of_the_very_watermark_limits_jobs(knowledge: timedelta, limit: datetime) -> None:
    """A query includes the events of its own moment; a lake with that watermark does not."""
    lake = at(4, 12)
    state = {WATERMARK: iso(LAKE), PASSES: [[iso(LAKE), text(4, 8), iso(lake + knowledge)]]}
    run = executed(source="job", start=at(4), bookmark=at(4), watermark=lake, state=state)
    assert run.batches[0] == Batch(job((at(4), limit)), is_declared=True, since=at(4))


def test_no_fresh_instant_is_skipped_after_a_pass_that_was_cut_off() -> None:
    """A killed pass is incomplete, so the query starts at the end of the jobs."""
    state = {WATERMARK: iso(LAKE), PASSES: [[iso(LAKE), iso(LAKE), iso(NOON + HOUR)]]}
    run = executed(start=LAKE, bookmark=LAKE, watermark=at(4, 8), state=state)
    assert run.batches[2] == Batch(
        query("fresh", (LAKE, at(5)), (at(5), NOON)),
        is_declared=True,
    )


@pytest.mark.parametrize("source", ["auto", "job"])
def test_a_watermark_that_went_back_reads_nothing_by_job(source: str) -> None:
    """One warning; the highest watermark stays, and so do the re-checks' marks."""
    before = {
        WATERMARK: text(4, 8),
        PASSES: [],
        RECHECKED_BY: "job",
        RECHECKS: {"1": text(2)},
    }
    run = executed(source=source, start=LAKE, bookmark=LAKE, state=deepcopy(before))
    fresh = Batch(query("fresh", (LAKE, at(5)), (at(5), NOON)), is_declared=True)
    assert run.batches == [*([fresh] * (source == "auto")), LAST]
    assert run.warnings == [
        (
            f"The data lake's watermark went back from {text(4, 8)} to {iso(LAKE)}: "
            "nothing is read by job."
        )
    ]
    assert bare([{**run.state, PASSES: []}]) == [before]


def test_a_watermark_that_stands_still_is_read() -> None:
    """Equal is not before: re-checks may be due, or the end of the range may have moved."""
    state = {WATERMARK: iso(LAKE), PASSES: [], RECHECKED_BY: "job", RECHECKS: {"1": text(2)}}
    run = executed(source="job", start=LAKE, bookmark=LAKE, state=state)
    assert run.batches == [Batch((), is_declared=True, since=LAKE), job_recheck(2), LAST]
    assert run.warnings == []


def test_a_history_without_passes_is_taken_for_a_query_of_this_very_moment() -> None:
    """A state of an earlier version: nothing is read by job until the watermark has passed it."""
    run = executed(start=at(4), bookmark=at(4))
    assert run.batches[0] == Batch((), is_declared=True, since=at(4))
    assert run.states[0][PASSES] == [
        ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", iso(NOON)]
    ]
    assert run.batches[2].reads[0].window.start == at(4)


def test_the_passes_before_a_run_are_kept_apart() -> None:
    """A window that is too large for a query is read by job only below the earlier passes."""
    kept = [text(4), text(4, 8), text(5)]
    run = PlanRun(end=NOON, source="query", bookmark=at(4), state={PASSES: [kept]})
    plan = ConversationPlan(run.state, run.inputs())
    assert run.execute(plan)
    assert plan.passes_before.entries == [kept]
    assert len(plan.passes.entries) == 2


def test_a_history_without_passes_was_a_query_before_the_run_too() -> None:
    """So no job of the run replaces a row that may be newer."""
    run = PlanRun(end=NOON, source="query", bookmark=at(4))
    plan = ConversationPlan(run.state, run.inputs())
    assert plan.passes_before.entries == plan.passes.entries != []


# -- re-checks


def test_days_that_are_due_are_read_again_by_job_once_each() -> None:
    """Oldest first, in a batch without a declaration, and no farther than the jobs have read."""
    state: State = {WATERMARK: iso(LAKE), PASSES: [], RECHECKED_BY: "job"}
    state[RECHECKS] = {"1": text(2), "3": text(0)}
    lake = at(5, 6)
    run = executed(
        source="job", start=LAKE, bookmark=LAKE, watermark=lake, ages=[1, 3], state=state
    )
    assert run.batches == [
        Batch(job((LAKE, at(5)), (at(5), lake)), is_declared=True, since=LAKE),
        job_recheck(0, 1, 2, 3),
        LAST,
    ]
    assert run.state[RECHECKS] == {"1": text(4), "3": text(2)}


def test_no_day_is_read_again_beyond_what_a_pass_allows() -> None:
    """A day that a query has read since the lake's watermark stays with the query."""
    state = {
        WATERMARK: iso(LAKE),
        PASSES: [[text(1, 1), text(3), iso(NOON)]],
        RECHECKED_BY: "job",
        RECHECKS: {"1": text(0)},
    }
    run = executed(source="job", start=LAKE, bookmark=LAKE, state=state)
    assert run.batches[1] == job_recheck(0)


def test_by_query_a_recheck_is_a_pass_of_its_own() -> None:
    """It starts with its first day, is declared, and ends at the last response."""
    state = {PASSES: [], RECHECKED_BY: "query", RECHECKS: {"1": text(2)}}
    run = executed(source="query", watermark=None, start=at(5), bookmark=at(5), state=state)
    days = query("recheck", (at(2), at(3)), (at(3), at(4)))
    assert run.batches == [
        Batch(query("forward", (at(5), NOON)), is_declared=True, since=at(5)),
        Batch(days, is_declared=True),
        LAST,
    ]
    # The later one begins earlier, and so limits jobs for both.
    assert [state[PASSES] for state in run.states] == [
        [[text(5), text(5), text(5, 13)]],
        [[text(2), text(2), text(5, 13, 1)]],
        [[text(2), text(2), text(5, 12, 3)]],
    ]
    assert run.state[RECHECKS] == {"1": text(4)}


def test_a_hole_that_holds_the_bookmark_holds_the_rechecks_too() -> None:
    """By query, no day is read again before it has been read completely once."""
    state = {PASSES: [], RECHECKED_BY: "query", RECHECKS: {"0.5": text(2)}}
    run = executed(
        source="query",
        watermark=None,
        start=at(3),
        bookmark=at(3),
        ages=[0.5],
        state=state,
        holes=[at(4, 3)],
    )
    # The hole leaves day 4 to be due as well, but the bookmark is at its start.
    assert [batch.reads for batch in run.batches[1:]] == [query("recheck", (at(2), at(3))), ()]
    assert run.bookmark == at(4)
    assert run.state[RECHECKS] == {"0.5": text(4)}


def test_days_after_the_end_of_the_range_are_left_alone() -> None:
    """An `end_date` before the bookmark excludes the days in between."""
    state = {PASSES: [], RECHECKED_BY: "query", RECHECKS: {"1": text(0)}}
    run = executed(
        source="query", watermark=None, start=at(1), end=at(1), started=NOON, bookmark=at(3),
        state=state,
    )  # fmt: skip
    assert run.batches[1].reads == query("recheck", (at(0), at(1)))


def test_a_state_without_marks_is_read_from_the_bookmark_less_the_age() -> None:
    """A new age has no mark; a state of an earlier version has none at all."""
    state = {PASSES: [], RECHECKED_BY: "job", WATERMARK: iso(LAKE)}
    run = executed(source="job", start=at(4), bookmark=at(4), state=state)
    assert run.states[0][RECHECKS] == {"1": text(3)}


def test_an_incomplete_window_is_no_recheck() -> None:
    """The day stays due, for either source."""
    state = {PASSES: [], RECHECKED_BY: "query", RECHECKS: {"1": text(2)}}
    run = executed(
        source="query", watermark=None, start=at(4), bookmark=at(4), state=state, holes=[at(2, 3)]
    )
    assert run.state[RECHECKS] == {"1": text(2)}


def test_fresh_rows_are_no_recheck() -> None:
    """They have no attributes yet, even if the day is old enough."""
    run = executed(watermark=at(2), end=at(9), ages=[1])
    assert run.batches[2].reads[0].window == Window(at(2), at(3))
    assert run.state[RECHECKS] == {"1": text(1)}


@pytest.mark.parametrize(
    ("before", "marks"),
    [("job", {"1": text(1)}), ("query", {"1": text(4)}), (None, {"1": text(4)})],
)
def test_the_marks_are_those_of_one_source(before: str | None, marks: dict[str, str]) -> None:
    """After a change of source they start again at the bookmark less the age, at once."""
    state: State = {PASSES: [], RECHECKED_BY: before, RECHECKS: {"1": text(1)}}
    run = PlanRun(end=NOON, start=at(5), bookmark=at(5), watermark=LAKE, ages=[1], state=state)
    next(ConversationPlan(run.state, run.inputs()).batches())
    assert (state[RECHECKED_BY], state[RECHECKS]) == ("job", marks)


def test_an_age_is_counted_to_the_moment_of_the_data() -> None:
    """By job to the watermark, by query to the run's start."""
    forward = {"end": at(5), "ages": [3]}
    assert executed(source="job", watermark=at(4), **forward).state[RECHECKS] == {"3": text(1)}
    by_query = executed(source="query", watermark=None, **forward)
    assert by_query.state[RECHECKS] == {"3": text(2)}


@pytest.mark.parametrize(("lake", "mark"), [(at(2) - MILLISECOND, 0), (at(2), 1)])
def test_a_job_in_place_of_a_query_counts_as_of_the_watermark(lake: datetime, mark: int) -> None:
    """The plan of a query has no watermark, so the reading supplies it."""
    run = PlanRun(end=NOON, source="query", ages=[1])
    plan = ConversationPlan(run.state, run.inputs())
    (read, *_others) = next(plan.batches()).reads
    plan.finish(replace(read, by="job"), is_whole=True, as_of=lake)
    assert run.state[RECHECKS] == {"1": text(mark)}


# -- the state's other changes


def test_a_fresh_pass_with_a_hole_covers_nothing() -> None:
    """Its lease stays, since it has emitted rows; a later pass starts where it started."""
    run = executed(holes=[at(5, 3)])
    assert run.state[PASSES] == [[iso(LAKE), iso(LAKE), text(5, 13, 3)]]
    later = executed(
        end=NOON + HOUR, start=LAKE, bookmark=LAKE, watermark=LAKE + HOUR, state=run.state
    )
    assert later.batches[2].reads[0].window.start == LAKE


def test_a_query_removes_the_watermark() -> None:
    """So a later run by job detects that queries came last."""
    state = {WATERMARK: iso(LAKE), PASSES: []}
    run = executed(source="query", watermark=None, start=at(4), bookmark=at(4), state=state)
    assert WATERMARK not in run.states[0]


@pytest.mark.parametrize(("lake", "is_read"), [(LAKE - MILLISECOND, False), (LAKE, True)])
def test_a_query_keeps_jobs_from_a_lake_that_went_back(lake: datetime, is_read: bool) -> None:  # noqa: FBT001
    """A job's row from before the query's run must not be replaced by an older one."""
    state = {WATERMARK: iso(LAKE), PASSES: []}
    run = executed(source="query", watermark=None, start=NOON, bookmark=NOON, ages=[], state=state)
    later = executed(
        source="job", start=at(4), bookmark=at(4), watermark=lake, ages=[], state=run.state
    )
    assert any(read.by == "job" for batch in later.batches for read in batch.reads) is is_read


def test_a_response_after_the_lease_prolongs_it_first() -> None:
    """The last moment of the lease is still within it."""
    run = PlanRun(end=NOON, source="query")
    plan = ConversationPlan(run.state, run.inputs())
    batches = plan.batches()
    next(batches)
    assert not plan.note_query(NOON + LEASE)
    assert run.state[PASSES] == [[text(0), text(0), text(5, 13)]]
    assert plan.note_query(NOON + LEASE + MILLISECOND)
    assert run.state[PASSES] == [[text(0), text(0), iso(NOON + 2 * LEASE + MILLISECOND)]]


@pytest.mark.parametrize(
    ("available", "kept"), [(None, LAKE), (LAKE - HOUR, LAKE), (LAKE, LAKE), (NOON, NOON)]
)
def test_a_later_watermark_of_a_job_is_written_first(
    available: datetime | None, kept: datetime
) -> None:
    """It moves on while a run reads, and never back."""
    run = PlanRun(end=NOON, watermark=LAKE)
    plan = ConversationPlan(run.state, run.inputs())
    next(plan.batches())
    assert plan.note_job(available) is (kept != LAKE)
    assert run.state[WATERMARK] == iso(kept)


def test_a_job_within_a_query_keeps_no_watermark() -> None:
    """The run's pass is later than any watermark."""
    run = PlanRun(end=NOON, source="query")
    plan = ConversationPlan(run.state, run.inputs())
    next(plan.batches())
    assert not plan.note_job(LAKE)
    assert WATERMARK not in run.state


@pytest.mark.parametrize(
    ("options", "ended_in"),
    [
        ({"watermark": LAKE}, (FIRST_DAY, LAKE)),
        ({"watermark": NOON}, (FIRST_DAY, NOON - UNSETTLED)),
        ({"watermark": NOON, "source": "job"}, (FIRST_DAY, NOON - UNSETTLED)),
        ({"watermark": LAKE, "bookmark": at(3)}, (at(3), LAKE)),
        ({"source": "query"}, (FIRST_DAY, NOON - UNSETTLED)),
        ({"source": "query", "bookmark": at(3)}, (at(3), NOON - UNSETTLED)),
    ],
)
def test_ends_that_are_read_first_are_from_the_bookmark_to_what_is_settled(
    options: dict[str, Any], ended_in: tuple[datetime, datetime]
) -> None:
    """For any look-back, the ranges of successive runs touch, and do not overlap."""
    run = PlanRun(end=NOON, state={PASSES: []}, **options)
    plan = ConversationPlan(run.state, run.inputs())
    next(plan.batches())
    assert plan.ended_in == Window(*ended_in)


def test_the_oldest_start_is_that_of_the_inputs() -> None:
    """A job returns active conversations with any start."""
    run = PlanRun(end=NOON, watermark=LAKE, oldest=at(1))
    plan = ConversationPlan(run.state, run.inputs())
    next(plan.batches())
    assert plan.oldest == at(1)
    assert run.state[RECHECKS] == {}


# -- laws


def test_a_plan_changes_nothing_before_its_first_batch() -> None:
    """Neither the constructor nor an unstarted generator changes the state."""
    state: State = {WATERMARK: iso(LAKE), PASSES: None, RECHECKS: {"1": text(2)}}
    run = PlanRun(end=NOON, bookmark=at(4), watermark=LAKE, state=deepcopy(state))
    ConversationPlan(run.state, run.inputs()).batches()
    assert run.state == state


@pytest.mark.parametrize("source", ["auto", "job", "query"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_batch_that_is_not_executed_leaves_the_state_alone(source: str, count: int) -> None:
    """A batch is planned only after the one before it has been read."""
    run = PlanRun(
        end=NOON,
        source=source,
        start=at(4),
        bookmark=at(4),
        watermark=None if source == "query" else LAKE,
        ages=[1],
        state={PASSES: [], RECHECKS: {"1": text(1)}, RECHECKED_BY: source.replace("auto", "job")},
    )
    batches = ConversationPlan(run.state, run.inputs()).batches()
    kept = [(next(batches, LAST), deepcopy(run.state)) for _ in range(count)][-1][1]
    batches.close()  # type: ignore[attr-defined]
    assert run.state == kept


@given(SCHEDULES)
def test_every_schedule_reads_all_and_makes_no_row_older(schedule: list[ScheduledRun]) -> None:
    """Runs at any distance, killed or with holes, while the lake lags and sources change."""
    state: State = {}
    bookmark: datetime | None = None
    now = at(2)
    emissions: list[Emission] = []
    covered: list[Window] = []
    for scheduled in schedule:
        now += scheduled.hours * HOUR
        watermark = scheduled.watermark(now)
        bookmark = _resumed_from(bookmark, watermark, state)
        run = PlanRun(ages=[1, 3], **scheduled.options(now, watermark, bookmark, state))
        has_ended = run.execute(ConversationPlan(state, run.inputs()))
        _check_jobs(run, emissions)
        _check_states(run)
        if has_ended and scheduled.hole is None and scheduled.source != "job":
            reads_of_run = [read.window for read in run.whole]
            assert first_gap([*covered, *reads_of_run], FIRST_DAY) >= now
        emissions += run.emissions
        covered += settled(run, run.whole)
        state, bookmark = run.written
        assert first_gap(covered, FIRST_DAY) >= (bookmark or FIRST_DAY)
        now = max(now, run.now)


def _resumed_from(
    bookmark: datetime | None, watermark: datetime | None, state: State
) -> datetime | None:
    """Return the bookmark, at most at the jobs' position."""
    if bookmark is None or watermark is None:
        return bookmark
    highest = parse(state[WATERMARK]) if WATERMARK in state else watermark
    return min(bookmark, max(watermark, highest))


def _check_jobs(run: PlanRun, emissions: list[Emission]) -> None:
    """Check that forward windows tile the range, and that no job overwrites a later row."""
    jobs = [read.window for batch in run.batches for read in batch.reads if read.by == "job"]
    forward = [read.window for batch in run.batches for read in batch.reads if read.by_activity]
    if forward:
        assert forward[0].start == run.start
        assert all(window.end == following.start for window, following in pairwise(forward))
    for window in jobs:
        assert window.start < window.end <= min(run.watermark or run.end, run.end)
        for emission in emissions:
            if emission.read.by == "query":
                is_older = emission.knowledge >= (run.watermark or run.end)
                assert not is_older or window.end <= _starts(emission.read).start


def _check_states(run: PlanRun) -> None:
    """Check that the last STATE before each row covers it."""
    for read, knowledge, state in run.emissions:
        if read.by == "job":
            assert parse(state[WATERMARK]) >= knowledge
        else:
            passes = [[parse(moment) for moment in kept] for kept in state[PASSES]]
            assert any(
                start <= _starts(read).start and known >= knowledge
                for start, _until, known in passes
            )


def _starts(read: Read) -> Window:
    """Return the conversation starts that a read may emit."""
    return read.starts or read.window
