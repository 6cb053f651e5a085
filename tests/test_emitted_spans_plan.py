"""The mark of emitted spans, and the spans that a plan leaves out by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.plan_runs import PlanRun, State, at, text
from support.user_spans import HOUR

from tap_genesys.replication.emitted import MARGIN
from tap_genesys.replication.emitted_spans import BEFORE_READ_TO, EmittedSpans
from tap_genesys.replication.fingerprint import EMITTED
from tap_genesys.replication.plan import Read
from tap_genesys.replication.user_details_plan import KNOWN_UP_TO, READ_TO, UserDetailsPlan
from tap_genesys.replication.windows import MILLISECOND, UNSETTLED, Window, iso

if TYPE_CHECKING:
    from datetime import datetime

#: The present of a plan, its data lake, the bookmark of the run before, and where that read to.
NOON, LAKE, BOOKMARK, READ = at(8, 12), at(7, 12), at(7, 11), at(8, 10, 30)
MARK = EmittedSpans(BOOKMARK, READ)


def test_a_mark_is_two_moments_in_the_state() -> None:
    """It is read as it was written, and none is None."""
    assert MARK.entry == [text(7, 11), text(8, 10, 30)]
    assert EmittedSpans.of_state(MARK.entry) == MARK
    assert EmittedSpans.of_state(None) is None


def test_the_limit_is_an_hour_before_the_run_began() -> None:
    """`readTo` is half an hour before it already."""
    assert MARK.limit == READ + UNSETTLED - MARGIN == at(8, 10)
    assert timedelta(hours=1) == MARGIN


# -- the plan


def plan_of(mark: EmittedSpans | None = MARK, **options: Any) -> UserDetailsPlan:
    """Return the plan of a run with a mark, before its first batch."""
    options = {"end": NOON, "watermark": LAKE, "bookmark": BOOKMARK, "ages": [5], **options}
    state = options.setdefault("state", {KNOWN_UP_TO: text(8, 11), READ_TO: iso(READ)})
    state |= {EMITTED: mark.entry} if mark else {}
    margin = options.pop("margin", BEFORE_READ_TO)
    flags = {name: options.pop(name) for name in ("rereads", "may_leave_out") if name in options}
    return UserDetailsPlan(state, replace(PlanRun(**options).inputs(), **flags), margin=margin)


def read_of(by: Any, purpose: Any = "forward") -> Read:
    """Return a read."""
    return Read(Window(at(0), NOON), by, purpose)


def left_out(plan: UserDetailsPlan, by: Any) -> tuple[datetime, datetime] | None:
    """Return the first end that is left out, and the first one after those."""
    moments = [at(0) + number * HOUR / 2 for number in range(9 * 48)]
    ends = [moment for moment in moments if plan.is_emitted(read_of(by), moment)]
    assert ends == [moment for moment in moments if ends and ends[0] <= moment <= ends[-1]]
    return (ends[0], ends[-1] + HOUR / 2) if ends else None


def test_ends_before_the_limit_are_left_out_unless_their_day_is_due_again() -> None:
    """A day is five days old as of the watermark by job, and as of the present by query."""
    plan = plan_of()
    assert left_out(plan, "job") == (at(2), at(8, 10))
    assert left_out(plan, "query") == (at(3), at(8, 10))
    assert plan.is_emitted(read_of("query"), at(8, 10) - MILLISECOND)
    assert not plan.is_emitted(read_of("query"), at(8, 10))
    assert not plan.is_emitted(read_of("query"), at(3) - MILLISECOND)
    assert plan_of(watermark=at(7)).is_emitted(read_of("job"), at(2))


@pytest.mark.parametrize("by", ["job", "query"])
def test_a_recheck_leaves_nothing_out(by: str) -> None:
    """It is the one reading that finds what has become visible late."""
    assert not plan_of().is_emitted(read_of(by, "recheck"), at(7))


@pytest.mark.parametrize(
    "options",
    [
        {"mark": None},
        {"mark": EmittedSpans(BOOKMARK + MILLISECOND, READ)},
        {"mark": EmittedSpans(BOOKMARK, NOON + MILLISECOND)},
        {"bookmark": None},
        {"may_leave_out": False},
    ],
    ids=["no mark", "bookmark moved back", "wrong clock", "no bookmark", "another shape"],
)
def test_without_a_valid_mark_nothing_is_left_out(options: dict[str, Any]) -> None:
    """Neither by job nor by query."""
    plan = plan_of(**options)
    assert left_out(plan, "job") is left_out(plan, "query") is None


def test_a_mark_of_the_very_present_is_valid() -> None:
    """Two runs can begin in the same moment."""
    assert left_out(plan_of(EmittedSpans(BOOKMARK, NOON)), "job")


def test_a_look_back_that_is_configured_emits_all_that_it_reads_again() -> None:
    """All before the bookmark."""
    assert left_out(plan_of(rereads=True), "job") == (BOOKMARK, at(8, 10))
    plan = plan_of(rereads=True, bookmark=at(8, 10), source="query", watermark=None)
    assert left_out(plan, "query") is None


def query_start(plan: UserDetailsPlan) -> datetime:
    """Return the start of the first query of a plan, whose jobs read nothing."""
    batches = [batch for batch in plan.batches() if batch.reads]
    return next(batch.reads[0].window.start for batch in batches if batch.reads[0].by == "query")


@pytest.mark.parametrize(
    ("mark", "read_to", "oldest", "first"),
    [
        (MARK, READ, at(0), at(8, 10)),
        (None, READ, at(0), at(8, 10)),
        (EmittedSpans(BOOKMARK, at(8, 7)), READ, at(0), at(8, 6, 30)),
        (MARK, at(8, 9), at(0), at(8, 8, 30)),
        (MARK, READ, at(8, 10, 15), at(8, 10, 15)),
    ],
    ids=["as usual", "no mark", "a hole that was accepted", "a hole", "start_date"],
)
def test_a_query_begins_an_hour_before_the_run_before_it(
    mark: EmittedSpans | None, read_to: datetime, oldest: datetime, first: datetime
) -> None:
    """Before all that no whole run has read, and not before `start_date`."""
    state = {KNOWN_UP_TO: text(8, 11), READ_TO: iso(read_to)}
    assert query_start(plan_of(mark, state=state, oldest=oldest)) == first
    run = {"source": "query", "watermark": None, "start": at(8, 11)}
    assert query_start(plan_of(mark, state=state, oldest=oldest, **run)) == first


@pytest.mark.parametrize(
    ("mark", "read_to", "known_up_to", "oldest", "first"),
    [
        (None, BOOKMARK, BOOKMARK + HOUR / 2, at(0), BOOKMARK - HOUR / 2),
        (None, BOOKMARK, BOOKMARK + HOUR / 2, at(7, 10, 45), at(7, 10, 45)),
        (None, BOOKMARK, BOOKMARK + MILLISECOND, at(0), BOOKMARK),
        (None, READ, READ + HOUR / 2, at(0), BOOKMARK),
        (MARK, BOOKMARK, BOOKMARK + HOUR / 2, at(0), BOOKMARK),
    ],
    ids=["query before", "start_date", "job before", "auto before", "the same source"],
)
def test_the_first_job_after_queries_begins_a_margin_before_their_bookmark(
    mark: EmittedSpans | None,
    read_to: datetime,
    known_up_to: datetime,
    oldest: datetime,
    first: datetime,
) -> None:
    """They may not have seen all before it; a job has, and after one it begins at the bookmark."""
    state = {KNOWN_UP_TO: iso(known_up_to), READ_TO: iso(read_to)}
    plan = plan_of(mark, state=state, oldest=oldest, start=BOOKMARK)
    assert next(plan.batches()).reads[0].window.start == first


@pytest.mark.parametrize(
    ("source", "known_up_to", "watermark", "bookmark", "is_noted"),
    [
        ("job", BOOKMARK + HOUR / 2, BOOKMARK - HOUR, BOOKMARK, False),
        ("job", BOOKMARK + HOUR / 2, LAKE, LAKE - MILLISECOND, True),
        ("auto", BOOKMARK + HOUR / 2, BOOKMARK - HOUR, BOOKMARK, True),
        ("job", BOOKMARK + MILLISECOND, BOOKMARK - HOUR, BOOKMARK, True),
    ],
    ids=[
        "the lake is behind",
        "the bookmark has moved",
        "a query has read the margin",
        "jobs have read all before the bookmark",
    ],
)
def test_a_mark_waits_until_the_margin_before_the_bookmark_has_been_read(
    source: str,
    known_up_to: datetime,
    watermark: datetime,
    bookmark: datetime,
    is_noted: bool,  # noqa: FBT001
) -> None:
    """By job: with a mark, the next one would begin at the bookmark that queries have moved."""
    state = {KNOWN_UP_TO: iso(known_up_to), READ_TO: iso(BOOKMARK)}
    plan = plan_of(None, state=state, source=source, watermark=watermark, start=BOOKMARK)
    for _ in plan.batches():
        pass
    plan.note_emitted(bookmark)
    assert bool(state.get(EMITTED)) == is_noted


@pytest.mark.parametrize("source", ["auto", "query"])
def test_a_state_of_an_earlier_version_goes_on_at_the_bookmark(source: str) -> None:
    """It has no `readTo`, and there is no margin before a bookmark."""
    watermark = LAKE if source == "auto" else None
    plan = plan_of(
        None, state={KNOWN_UP_TO: text(8, 11)}, source=source, watermark=watermark, start=BOOKMARK
    )
    assert query_start(plan) == BOOKMARK


def test_where_all_is_emitted_a_query_begins_at_read_to() -> None:
    """Without a margin: the messages are those of earlier versions."""
    assert query_start(plan_of(None, margin=timedelta(0))) == READ


def test_a_query_after_jobs_that_reached_further_begins_there() -> None:
    """They see all before the watermark, however long ago the run before was."""
    state = {KNOWN_UP_TO: text(4), READ_TO: text(4)}
    mark = EmittedSpans(at(4), at(4))
    plan = plan_of(mark, state=state, bookmark=at(4), start=at(4))
    batches = plan.batches()
    next(batches)
    plan.reach(LAKE - MILLISECOND)
    rest = [batch.reads[0].window.start for batch in batches if batch.reads]
    assert rest[-1] == LAKE - MILLISECOND


def noted(
    bookmark: datetime | None, *, mark: EmittedSpans | None = MARK, **options: Any
) -> EmittedSpans | None:
    """Return the mark in the state after a complete run, with this bookmark at its end."""
    state: State = {KNOWN_UP_TO: text(8, 11), READ_TO: iso(READ)}
    plan = plan_of(mark, state=state, **options)
    plan.reach(NOON)
    plan.note_emitted(bookmark)
    return EmittedSpans.of_state(state.get(EMITTED))


def test_the_mark_of_a_whole_run_is_its_bookmark_and_where_it_has_read_to() -> None:
    """It follows the mark before it, up to which a bookmark that was moved back has to come."""
    assert noted(LAKE) == EmittedSpans(LAKE, NOON - UNSETTLED)
    assert noted(at(5)) == EmittedSpans(BOOKMARK, NOON - UNSETTLED)


@pytest.mark.parametrize("mark", [None, EmittedSpans(at(7, 10), at(8, 9))])
def test_a_first_mark_is_valid_once_jobs_have_read_what_it_does_not_include(
    mark: EmittedSpans | None,
) -> None:
    """All that earlier runs had read by query, perhaps in another shape."""
    after = noted(LAKE, mark=mark, may_leave_out=False)
    assert after == EmittedSpans(READ, NOON - UNSETTLED)


def test_a_run_without_a_bookmark_notes_no_mark() -> None:
    """Its jobs may have read nothing yet."""
    assert noted(None, mark=None) is None
