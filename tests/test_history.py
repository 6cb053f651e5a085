"""Histories: the ranges in which each stream is complete, and what is missing in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plan_runs import PlanRun, at, text

from orchestrate.states import takeover
from tap_genesys.replication.conversation_plan import ConversationPlan
from tap_genesys.replication.history import Entry, History
from tap_genesys.replication.plan import Read
from tap_genesys.replication.query_passes import BEGINNING
from tap_genesys.replication.windows import Window

A, AB = frozenset("a"), frozenset("ab")


def history(
    entry: Entry | None,
    *,
    selected: str = "ab",
    bookmark: int | None = 5,
    oldest: int | None = 1,
) -> History:
    """Return a history; days count from the first one, and None is no start_date."""
    return History(
        entry,
        selected,
        bookmark=None if bookmark is None else at(bookmark),
        start=at(1),
        oldest=BEGINNING if oldest is None else at(oldest),
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # A first run reads all of its range.
        ({"entry": None, "bookmark": None}, {"a": [text(1)], "b": [text(1)]}),
        # An earlier version's state: start_date is all that is known of it, or the bookmark.
        ({"entry": None}, {"a": [text(1)], "b": [text(1)]}),
        ({"entry": None, "oldest": None}, {"a": [text(5)], "b": [text(5)]}),
        # One that is selected now begins at the bookmark, selected before or not.
        ({"entry": {"a": [text(2)]}}, {"a": [text(2)], "b": [text(5)]}),
        ({"entry": {"a": [text(2)], "b": []}}, {"a": [text(2)], "b": [text(5)]}),
        # One that is not selected any more has lost it.
        ({"entry": {"a": [text(2)], "b": [text(1)]}, "selected": "a"}, {"a": [text(2)], "b": []}),
        # What is before start_date is not kept.
        (
            {"entry": {"a": [text(1), text(2), text(4)], "b": [text(1)]}, "oldest": 3},
            {"a": [text(4)], "b": [text(3)]},
        ),
    ],
)
def test_what_a_stream_has_at_the_start_of_a_run(
    options: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    """The state, the selection, the bookmark and start_date decide it."""
    assert history(**options).entry == expected


def test_only_what_is_selected_since_the_last_run_is_added() -> None:
    """On a first run nothing is, nor in a state that may have all of start_date."""
    assert history({"a": [text(2)]}).added == frozenset("b")
    assert history(None).added == history(None, bookmark=None).added == frozenset()
    assert history(None, oldest=None).added == AB


def test_missing_parts_name_the_streams_that_lack_them() -> None:
    """Parts are cut where another stream begins to lack rows, or has them again."""
    entry = {"a": [text(1), text(2), text(4)], "b": [text(3)]}
    within = Window(at(1), at(5))
    assert [*history(entry).missing("ab", within)] == [
        (Window(at(1), at(2)), frozenset("b")),
        (Window(at(2), at(3)), AB),
        (Window(at(3), at(4)), A),
    ]
    assert [*history(entry).missing("a", Window(at(1), at(3)))] == [(Window(at(2), at(3)), A)]
    assert not [*history(entry).missing("ab", Window(at(4), at(1)))]


def test_a_window_closes_its_hole() -> None:
    """Ranges that touch become one; others stay apart."""
    merged = history({"a": [text(4)], "b": [text(4)]})
    merged.note(Window(at(1), at(2)), "ab")
    merged.note(Window(at(2), at(3)), "ab")
    merged.note(Window(at(3), at(4)), "b")
    assert merged.entry == {"a": [text(1), text(3), text(4)], "b": [text(1)]}


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted), max_size=6))
def test_missing_is_all_that_was_not_noted(ranges: list[list[int]]) -> None:
    """Each hour is either noted or missing, and the state keeps it."""
    kept = History({"a": [text(0, 20)]}, "a", bookmark=at(5), start=at(0), oldest=at(0))
    for start, end in ranges:
        if start < end:
            kept.note(Window(at(0, start), at(0, end)), "a")
    loaded = {hour for start, end in ranges for hour in range(start, end)}
    read = History(kept.entry, "a", bookmark=at(5), start=at(0), oldest=at(0))
    parts = [part for part, _ in read.missing("a", Window(at(0), at(0, 20)))]
    assert {hour for hour in range(20) if any(at(0, hour) in part for part in parts)} == {
        *range(20)
    } - loaded


def planned(run: PlanRun, *names: str) -> tuple[list[Read], PlanRun]:
    """Return the reads of the history of the selected stream `a`, and the run."""
    inputs = replace(run.inputs(), selected=A, load_history=frozenset(names))
    run.execute(ConversationPlan(run.state, inputs))
    return [read for batch in run.batches for read in batch.reads if read.streams], run


def test_a_history_is_read_by_job_up_to_the_bookmark_after_all_else() -> None:
    """Its reads are the last; each window is in the state when it was read."""
    state = {"history": {"a": [text(8)]}, "queryPasses": []}
    run = PlanRun(end=at(9), start=at(8), bookmark=at(8), watermark=at(8, 12), state=state)
    reads, run = planned(run, "a")
    windows = [Window(at(day), at(day + 2)) for day in (0, 2, 4, 6)]
    assert reads == [Read(w, "job", "history", within=w, streams=A) for w in windows]
    assert run.batches[-2].reads == tuple(reads)
    assert run.state["history"] == {"a": [text(0)]}
    assert not run.warnings
    # Once it is loaded, nothing is read.
    later = PlanRun(end=at(9), start=at(8), bookmark=at(8), watermark=at(8, 12), state=run.state)
    assert planned(later, "a")[0] == []


def test_what_a_query_has_read_waits_for_the_lake() -> None:
    """Nothing is read from the start of a pass on that is ahead of the lake; a line has it."""
    passes = [[text(3), text(3), text(8, 23)]]
    state = {"history": {"a": [text(8)]}, "queryPasses": passes}
    run = PlanRun(
        end=at(9), start=at(8), bookmark=at(8), watermark=at(8, 12), state=state, source="job"
    )
    reads, run = planned(run, "a")
    assert [read.window.end for read in reads] == [at(2), at(3)]
    assert run.state["history"] == {"a": [text(0), text(3), text(8)]}
    assert run.warnings == [
        (
            f"load_history: a in {text(3)}/{text(8)} can be loaded once the data lake has passed "
            "what queries have read; keep the setting until then."
        )
    ]


def test_a_bookmark_that_was_moved_back_bounds_a_history() -> None:
    """What starts after the bookmark is read by the ordinary jobs, for all streams."""
    state = {"history": {"a": [text(8)]}, "queryPasses": []}
    run = PlanRun(
        end=at(4), started=at(9), start=at(2), bookmark=at(2), watermark=at(2), state=state
    )
    reads, _ = planned(run, "a")
    assert [read.window for read in reads] == [Window(at(0), at(2))]


def test_a_takeover_begins_with_the_first_day() -> None:
    """Streams that were selected on each day have all days; the others none."""
    days = {
        at(day): {
            "bookmarks": {
                "conversation_details": {
                    "replication_key_value": text(day + 1),
                    "watermark": text(9),
                    "history": {"a": [text(day)], **({"b": [text(day)]} if day else {})},
                }
            }
        }
        for day in (0, 1, 2)
    }
    merged = takeover(days, ["conversation_details"])["bookmarks"]["conversation_details"]
    assert merged["history"] == {"a": [text(0)]}


def test_a_window_with_a_hole_is_missing_still() -> None:
    """The next run with the setting reads it again."""
    state: dict[str, Any] = {"history": {"a": [text(8)]}, "queryPasses": []}
    run = PlanRun(end=at(9), start=at(8), bookmark=at(8), watermark=at(8, 12), state=state)
    plan = ConversationPlan(state, replace(run.inputs(), selected=A, load_history=A))
    assert [*plan.batches()]
    window = Window(at(6), at(8))
    read = Read(window, "job", "history", within=window, streams=A)
    plan.finish(read, is_whole=False, as_of=at(8, 12))
    assert state["history"] == {"a": [text(8)]}
    plan.finish(read, is_whole=True, as_of=at(8, 12))
    assert state["history"] == {"a": [text(6)]}


def test_a_loaded_day_is_read_again_at_the_ages_that_it_has_not_reached() -> None:
    """The marks go back to its start, with the same STATE; those of lower ages stay."""
    marks = {"1": text(8), "3": text(8)}
    state: dict[str, Any] = {
        "history": {"a": [text(8)]},
        "queryPasses": [],
        "recheckedBy": "job",
        "recheckedUpTo": marks,
    }
    run = PlanRun(
        end=at(9), start=at(8), bookmark=at(8), watermark=at(8, 12), state=state, ages=[1, 3]
    )
    plan = ConversationPlan(state, replace(run.inputs(), selected=A, load_history=A))
    assert [*plan.batches()]
    assert state["recheckedUpTo"] == marks
    window = Window(at(5), at(7))
    read = Read(window, "job", "history", within=window, streams=A)
    plan.finish(read, is_whole=False, as_of=at(8, 12))
    assert state["recheckedUpTo"] == marks
    plan.finish(read, is_whole=True, as_of=at(8, 12))
    assert state["recheckedUpTo"] == {"1": text(8), "3": text(5)}
