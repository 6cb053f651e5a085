"""The plan of conversations: the rows that count as emitted, and the marks that a run leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.plan_runs import PlanRun, State, at, text

from tap_genesys.replication.conversation_plan import (
    PASSES,
    RECHECKED_BY,
    RECHECKS,
    ConversationPlan,
)
from tap_genesys.replication.emitted import JobMark, Marks, QueryMark, query_mark, with_mark
from tap_genesys.replication.fingerprint import EMITTED
from tap_genesys.replication.plan import Purpose, Read, Source
from tap_genesys.replication.windows import MILLISECOND, Window, parse

if TYPE_CHECKING:
    from datetime import datetime

    from support.plan_runs import Plan

HOUR = timedelta(hours=1)
NOON, LAKE = at(5, 12), at(4, 6)
BOOKMARK = at(3, 12)
JOBS = JobMark(at(0), at(4), at(4))
QUERIES = QueryMark.of_full_pass(at(0), at(4), at(4))
#: Both sources have emitted all that started before the fifth day.
MARKS = with_mark(with_mark(None, JOBS), QUERIES)


def is_emitted(
    by: Source,
    purpose: Purpose,
    start: datetime,
    *,
    may_leave_out: bool = True,
    rereads: bool = False,
    latest: datetime | None = None,
    **options: Any,
) -> bool:
    """Return whether a conversation of one minute counts as emitted, with its latest moment."""
    run = PlanRun(
        **{
            "end": NOON,
            "bookmark": BOOKMARK,
            "ages": [1],
            "state": {PASSES: [], EMITTED: MARKS},
            **options,
        }
    )
    inputs = replace(run.inputs(), may_leave_out=may_leave_out, rereads=rereads)
    read = Read(Window(at(3), at(4)), by, purpose)
    end = start + timedelta(minutes=1)
    return ConversationPlan(run.state, inputs).has_emitted(read, start, end, lambda: latest or end)


BEFORE = BOOKMARK - MILLISECOND


@pytest.mark.parametrize(
    ("by", "purpose", "start", "expected"),
    [
        ("job", "forward", BEFORE, True),
        # Jobs, or the queries in their place, read it for the first time.
        ("job", "forward", BOOKMARK, False),
        ("query", "forward", BEFORE, True),
        ("query", "forward", BOOKMARK, False),
        # A fresh pass begins after the bookmark of jobs.
        ("query", "fresh", BOOKMARK, True),
        # What changes without a date is what re-checks are for.
        ("job", "recheck", BEFORE, False),
        ("query", "recheck", BEFORE, False),
    ],
)
def test_a_row_is_left_out_where_its_source_reads_it_again(
    by: Source, purpose: Purpose, start: datetime, *, expected: bool
) -> None:
    """Not where a source reads it for the first time, and never in a re-check."""
    assert is_emitted(by, purpose, start) is expected


@pytest.mark.parametrize("mark", [JOBS, QUERIES])
def test_each_source_leaves_out_what_it_has_emitted_itself(mark: JobMark | QueryMark) -> None:
    """A row by query lacks attributes of one by job, which lacks the latest changes."""
    state = {PASSES: [], EMITTED: with_mark(None, mark)}
    assert is_emitted("job", "forward", BEFORE, state=state) is (mark is JOBS)
    assert is_emitted("query", "forward", BEFORE, state=state) is (mark is QUERIES)


@pytest.mark.parametrize(("latest", "expected"), [(at(4, 10, 30), True), (at(4, 13), False)])
def test_what_changes_long_after_its_end_is_as_old_as_the_full_pass(
    latest: datetime, *, expected: bool
) -> None:
    """A narrow pass does not return it any more."""
    full = QueryMark.of_full_pass(at(0), at(4, 11, 30), at(4, 12))
    narrow = full.after_narrow_pass(at(4, 19, 30), at(4, 20), None)
    state = {PASSES: [], EMITTED: with_mark(None, narrow)}
    assert is_emitted("query", "fresh", at(4, 10), latest=latest, state=state) is expected


@pytest.mark.parametrize("purpose", ["forward", "fresh"])
def test_nothing_is_left_out_of_a_full_table_or_of_rows_of_another_shape(purpose: Purpose) -> None:
    """For any state."""
    assert is_emitted("query", purpose, BEFORE)
    assert not is_emitted("query", purpose, BEFORE, may_leave_out=False)
    assert not is_emitted("job", purpose, BEFORE, may_leave_out=False)


def test_without_a_bookmark_all_that_is_read_forward_is_new() -> None:
    """Somebody has removed it from the state."""
    assert not is_emitted("query", "forward", BEFORE, bookmark=None)
    assert not is_emitted("job", "forward", BEFORE, bookmark=None)


def test_a_look_back_that_is_configured_is_emitted() -> None:
    """A fresh pass leaves out all the same."""
    assert not is_emitted("query", "forward", BEFORE, rereads=True)
    assert not is_emitted("job", "forward", BEFORE, rereads=True)
    assert is_emitted("query", "fresh", BEFORE, rereads=True)


@pytest.mark.parametrize(
    ("source", "by", "expected"),
    [("query", "query", False), ("auto", "job", True), ("job", "job", True)],
)
def test_without_rechecks_queries_alone_emit_their_look_back(
    source: str, by: Source, *, expected: bool
) -> None:
    """It is then all that brings back what a page has lost; jobs lose nothing."""
    assert is_emitted(by, "forward", BEFORE, source=source, ages=()) is expected
    assert is_emitted(by, "forward", BEFORE, source=source, ages=[1])


# -- what the look-back satisfies


def rechecked(
    *, rereads: bool = False, may_leave_out: bool = True, **options: Any
) -> tuple[list[Window], dict[str, str]]:
    """Return the days that a run by query reads again, and the marks of its re-checks."""
    run = PlanRun(
        **{
            "end": NOON,
            "start": at(3),
            "bookmark": at(4),
            "source": "query",
            "ages": [0.5],
            "state": {PASSES: [], RECHECKED_BY: "query", RECHECKS: {"0.5": text(3)}},
            **options,
        }
    )
    inputs = replace(run.inputs(), may_leave_out=may_leave_out, rereads=rereads)
    assert run.execute(ConversationPlan(run.state, inputs))
    reads = [read for batch in run.batches for read in batch.reads]
    return [read.window for read in reads if read.purpose == "recheck"], run.state[RECHECKS]


DAY_THREE, DAY_FOUR = Window(at(3), at(4)), Window(at(4), at(5))


def test_a_look_back_that_leaves_out_is_no_recheck() -> None:
    """Its day is read again at its age, since it has left out what changes without a date."""
    assert rechecked() == ([DAY_THREE], {"0.5": text(5)})


def test_a_look_back_that_emits_all_is_a_recheck() -> None:
    """Where it is configured, or nothing is left out at all, the day has been read at its age."""
    assert rechecked(rereads=True) == ([], {"0.5": text(5)})
    assert rechecked(may_leave_out=False) == ([], {"0.5": text(5)})


def test_a_day_in_which_the_bookmark_is_has_been_read_in_part() -> None:
    """The part after the bookmark does not satisfy the age of the whole day."""
    days = [DAY_THREE, DAY_FOUR]
    assert rechecked(bookmark=at(4, 12)) == (days, {"0.5": text(5)})
    assert rechecked(bookmark=at(4) + MILLISECOND) == (days, {"0.5": text(5)})


def test_a_first_run_satisfies_all_that_it_reads() -> None:
    """It has left out nothing."""
    assert rechecked(start=at(0), bookmark=None, state={PASSES: []}) == ([], {"0.5": text(5)})


# -- the marks that a run leaves


@dataclass(kw_only=True)
class LossyRun(PlanRun):
    """A run whose queries may lack rows, though their windows count as read."""

    is_lossy: bool = False

    def _read(self, plan: Plan, read: Read) -> None:
        super()._read(plan, read)
        if self.is_lossy and read.by == "query":
            assert isinstance(plan, ConversationPlan)
            plan.note_missing_rows()


def executed(**options: Any) -> LossyRun:
    """Return a run that came to its end."""
    run = LossyRun(**{"end": NOON, "watermark": LAKE, **options})
    assert run.execute(ConversationPlan(run.state, run.inputs()))
    return run


def following(before: PlanRun, **options: Any) -> LossyRun:
    """Return the run an hour after another one."""
    return executed(
        **{
            "end": before.end + HOUR,
            "start": LAKE,
            "bookmark": LAKE,
            "watermark": LAKE + HOUR,
            "state": before.state,
            **options,
        }
    )


def marks_of(run: PlanRun) -> Marks:
    """Return the marks in the state that a run has left."""
    marks: Marks = run.state.get(EMITTED)
    return marks


#: Three windows of jobs take a minute each.
BEGUN = text(5, 12, 3)
FULL = [text(5, 11, 30), BEGUN, text(4, 6), BEGUN, text(4, 6), BEGUN]


def test_a_first_run_leaves_the_marks_of_jobs_and_of_a_full_pass() -> None:
    """Jobs emitted up to the bookmark; the pass, from its begin on, up to what is settled."""
    assert marks_of(executed()) == [[text(0), text(4, 6), text(4, 6)], FULL]


def test_the_mark_of_jobs_begins_with_the_first_start_that_is_wanted() -> None:
    """A run that goes on from a bookmark reads what started long before it, and went on."""
    run = executed(start=at(3), bookmark=at(3), oldest=at(1), source="job", state={PASSES: []})
    assert marks_of(run) == [[text(1), text(4, 6), text(4, 6)], []]


def test_the_mark_of_jobs_ends_with_the_bookmark() -> None:
    """The last half hour is read again by the next run, whatever the watermark is."""
    run = executed(source="job", watermark=NOON)
    assert marks_of(run) == [[text(0), text(5, 11, 30), text(5, 12)], []]


def test_a_run_in_which_no_job_is_read_keeps_the_mark_of_jobs() -> None:
    """The watermark has gone on, but a pass of queries is in the way."""
    first = executed()
    second = following(first)
    assert not [read for batch in second.batches for read in batch.reads if read.by == "job"]
    assert marks_of(second) == [
        [text(0), text(4, 6), text(4, 6)],
        [text(5, 12, 30), text(5, 13), text(4, 6), BEGUN, text(4, 6), BEGUN],
    ]


def test_a_narrow_pass_that_reads_tails_moves_their_moments() -> None:
    """Two hours after the full pass; and the first start is that of the day it has read."""
    third = following(following(executed()), watermark=LAKE + 2 * HOUR)
    last = text(5, 14)
    assert marks_of(third) == [
        [text(0), text(4, 6), text(4, 6)],
        [text(5, 13, 30), last, text(4, 6), BEGUN, text(4, 6), last],
    ]


def test_a_full_pass_begins_at_the_watermark_where_narrow_ones_have_read_what_is_before_it() -> (
    None
):
    """Their ends are in the mark alone, and still count when the watermark passes the full one."""
    third = following(following(executed()), watermark=at(5, 12, 15))
    fresh = [read.window for batch in third.batches for read in batch.reads if read.by == "query"]
    assert fresh == [Window(at(5, 12, 15), at(5, 14))]


def test_a_narrow_pass_covers_nothing_and_limits_jobs_until_its_last_response() -> None:
    """It has not read all that started in its range."""
    second = following(executed())
    assert second.state[PASSES] == [
        [text(4, 6), text(5, 11, 30), text(5, 12, 5)],
        [text(5), text(5), text(5, 13, 1)],
    ]


@pytest.mark.parametrize(
    "loss", [{"holes": [at(5, 11)]}, {"holes": [at(4, 8)]}, {"is_lossy": True}], ids=str
)
def test_a_full_pass_that_lacks_rows_leaves_no_mark(loss: dict[str, Any]) -> None:
    """In whichever of its windows they are; the mark of jobs moves."""
    run = executed(**loss)
    assert marks_of(run) == [[text(0), text(4, 6), text(4, 6)], []]
    assert marks_of(executed(source="query", watermark=None, **loss)) is None


@pytest.mark.parametrize("loss", [{"holes": [at(5, 11, 30)]}, {"is_lossy": True}], ids=str)
def test_a_narrow_pass_that_lacks_rows_leaves_the_mark_as_it_was(loss: dict[str, Any]) -> None:
    """The next pass begins where the last whole one did, so it emits what is missing."""
    first = executed()
    before = marks_of(first)
    assert marks_of(following(first, **loss)) == before


def test_a_pass_without_a_mark_is_kept_if_only_rows_are_missing() -> None:
    """What is accepted counts as read; a hole does not."""
    assert executed(is_lossy=True).state[PASSES][0][1] == text(5, 11, 30)
    assert executed(holes=[at(5, 11)]).state[PASSES][0][1] == text(4, 6)


def test_a_run_by_query_leaves_the_mark_of_a_full_pass_and_keeps_that_of_jobs() -> None:
    """Its begin is that of the run, its end is what is settled."""
    run = executed(source="query", watermark=None, end=at(2, 6), state={PASSES: [], EMITTED: MARKS})
    assert marks_of(run) == [
        MARKS[0],
        [text(2, 5, 30), text(2, 6), text(0), text(2, 6), text(0), text(2, 6)],
    ]


@pytest.mark.parametrize("source", ["auto", "query"])
def test_a_range_that_ends_in_the_past_is_emitted_up_to_its_end(source: str) -> None:
    """What started later was not read, however late the run was."""
    run = executed(
        source=source, end=at(4, 18), started=NOON, watermark=LAKE if source == "auto" else None
    )
    assert (mark := query_mark(marks_of(run)))
    assert mark.until == at(4, 18)


def test_the_first_run_of_a_day_reads_the_tail_before_its_full_pass() -> None:
    """It is a pass of its own; the mark has the first start of its day."""
    # A pass keeps jobs from what started after its begin at noon.
    state: State = {**executed().state, PASSES: [[text(4, 12), text(5, 11), text(5, 11)]]}
    run = executed(start=LAKE, bookmark=LAKE, end=at(6, 0, 30), watermark=at(4, 18), state=state)
    reads = [read for batch in run.batches for read in batch.reads]
    tail = next(read for read in reads if read.starts)
    full = next(read for read in reads if read.purpose == "fresh" and not read.starts)
    assert tail.starts == Window(at(4, 12), full.window.start)
    assert (mark := query_mark(marks_of(run)))
    assert (mark.full_from, mark.tails_from) == (full.window.start, at(4, 12))
    assert mark.full_at == mark.tails_at == mark.at
    passes = [[parse(moment) for moment in entry] for entry in run.state[PASSES]]
    # That of the tail covers nothing; its moment is that of its last response.
    assert passes[-2][:2] == [at(4, 12), at(4, 12)]
    assert passes[-2][2] < passes[-1][2]
    assert passes[-1][:2] == [full.window.start, at(6)]
