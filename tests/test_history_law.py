"""The law of histories: whatever the state claims of a stream is in the warehouse.

Streams are selected and deselected, `start_date` moves, histories are loaded and runs are killed,
all at random, with a model in place of the simulator. The warehouse keeps which events each
stream's row of a conversation had.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.harness import run
from support.plan_conversations import Conversation, Event, conversations, is_returned
from support.plan_runs import FIRST_DAY, HOUR, MINUTE, PlanRun, State, at
from support.run_schedules import searching

from tap_genesys.replication.conversation_plan import ConversationPlan
from tap_genesys.replication.history import HISTORY
from tap_genesys.replication.windows import DAY, iso, parse
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from support.plan_runs import Plan

    from tap_genesys.replication.plan import PlanInputs, Read

STREAMS = ("a", "b", "c")


@dataclass
class Rows:
    """A conversation, and the events and the source of its row in each stream."""

    conversation: Conversation
    events: dict[str, set[object]] = field(default_factory=dict)
    source: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Reader(PlanRun):
    """A run that emits the conversations of a model into several streams."""

    warehouse: list[Rows]
    selected: frozenset[str]
    load_history: frozenset[str]
    #: Whether no run of the schedule reads by query alone.
    by_job: bool

    def inputs(self) -> PlanInputs:
        """Return the plan's inputs; nothing is left out once the selection has changed."""
        shape = "".join(sorted(self.selected))
        may_leave_out = self.state.get("fingerprint") == shape
        self.state["fingerprint"] = shape
        if not may_leave_out and "emittedThrough" in self.state:
            self.state["emittedThrough"] = []
        return replace(
            super().inputs(),
            may_leave_out=may_leave_out,
            selected=self.selected,
            load_history=self.load_history,
        )

    def _read(self, plan: Plan, read: Read) -> None:
        assert isinstance(plan, ConversationPlan)
        moment = self.now + self.takes
        if read.by == "job":
            assert self.watermark is not None
            moment = self.watermark
        for rows in self.warehouse:
            self._emit(plan, read, rows, moment)
        super()._read(plan, read)

    def _emit(self, plan: ConversationPlan, read: Read, rows: Rows, moment: datetime) -> None:
        conversation = rows.conversation
        is_job = read.by == "job"
        events = conversation.in_lake(moment) if is_job else conversation.at(moment)
        start, end = conversation.start, conversation.end_of(events)
        if conversation.events[0] not in events or not is_returned(
            read, start, end, touched_days=False
        ):
            return
        if read.by_activity:
            belongs = plan.oldest <= start < read.window.end
        else:
            belongs = start in (read.starts or read.window)
        latest = max(event.date for event in events)
        if not belongs or plan.has_emitted(read, start, end, lambda: latest):
            return
        for name in read.streams or self.selected:
            assert name in self.selected
            assert read.purpose != "history" or name in self.load_history
            # No row is older than the one before. None by query replaces one by job, unless a run
            # read by query alone, from before what jobs had read.
            assert not self.by_job or (read.by, rows.source.get(name)) != ("query", "job")
            assert rows.events.get(name, set()) <= events
            rows.events[name], rows.source[name] = {*events}, read.by


class Scheduled(NamedTuple):
    """One run of a schedule.

    Args:
        minutes: Minutes since the run before.
        lag: Hours by which the lake is behind.
        killed_after: The number of windows that emit rows before the run is killed.
        selected: The selected streams.
        load_history: The streams whose history is loaded.
        start: The day of `start_date`.
        source: `auto`, `job` or `query`.
    """

    minutes: int
    lag: int
    killed_after: int | None
    selected: frozenset[str]
    load_history: frozenset[str]
    start: int
    source: str


def call(*moments: datetime) -> Conversation:
    """Return an open conversation with events that are visible at once."""
    return Conversation([Event(moment, moment) for moment in moments], end=None)


A, B, NONE = frozenset("a"), frozenset("b"), frozenset[str]()
SOME = st.frozensets(st.sampled_from(STREAMS))
RUNS = st.lists(
    st.builds(
        Scheduled,
        st.sampled_from([60, 60, 60, 61, 15, 300, 1500]),
        st.sampled_from([30, 30, 31, 20, 50, 9, 3]),
        st.sampled_from([None, None, None, 1, 2, 3, 4, 5]),
        st.frozensets(st.sampled_from(STREAMS), min_size=1),
        SOME | st.just(frozenset()),
        st.sampled_from([1, 1, 2, 0, 3]),
        st.sampled_from(["auto", "auto", "auto", "job", "query"]),
    ),
    min_size=4,
    max_size=40,
)


@settings(max_examples=300, deadline=None)
# The lake goes back behind what a job has emitted before.
@example(
    [call(at(1, 9, 40), at(1, 10))],
    [
        Scheduled(60, 0, None, A, NONE, 0, "job"),
        Scheduled(60, 0, None, B, NONE, 0, "job"),
        Scheduled(60, 5, None, A, A, 0, "job"),
    ],
)
# A query has emitted what the lake does not have yet.
@example(
    [call(at(1, 9, 40), at(1, 12, 30))],
    [
        Scheduled(60, 0, None, A, NONE, 0, "query"),
        Scheduled(60, 0, None, B, NONE, 0, "query"),
        Scheduled(60, 5, None, A, A, 0, "auto"),
    ],
)
# A run by query is between the highest lake and one that went back.
@example(
    [call(at(1), at(1, 16))],
    [
        Scheduled(60, 30, None, A, NONE, 1, "auto"),
        Scheduled(1500, 30, None, A, NONE, 1, "auto"),
        Scheduled(300, 30, None, A, NONE, 2, "auto"),
        Scheduled(60, 3, None, A, NONE, 1, "auto"),
        Scheduled(60, 30, None, A, NONE, 2, "query"),
        Scheduled(60, 30, None, A, A, 1, "auto"),
    ],
)
@given(st.lists(conversations(), min_size=1, max_size=6), RUNS)
def test_a_stream_has_what_the_state_claims_and_nothing_steps_back(
    these: list[Conversation], schedule: list[Scheduled]
) -> None:
    """Each claimed row is there, none is older than before, and three whole runs load the rest."""
    state: State = {}
    warehouse = [Rows(conversation) for conversation in these]
    bookmark: datetime | None = None
    now = at(1, 12)
    everything = frozenset(STREAMS)
    # A lake that passes all queries: three days later, twice.
    calm = Scheduled(3 * 1440, 9, None, everything, everything, 0, "auto")
    # By query, what happens to a conversation that began before the look-back is read late.
    by_job = all(part.source != "query" for part in schedule)
    for part in [*schedule, calm, calm, calm]:
        now += part.minutes * MINUTE
        watermark = now - part.lag * HOUR
        is_query = part.source == "query"
        highest = parse(state["watermark"]) if "watermark" in state else watermark
        if bookmark and not is_query:
            bookmark = min(bookmark, max(watermark, highest))
        start = FIRST_DAY + part.start * DAY
        run = Reader(
            end=now,
            start=max((bookmark or start) - is_query * DAY, start),
            bookmark=bookmark,
            oldest=start,
            source=part.source,
            watermark=None if is_query else watermark,
            state=state,
            takes=timedelta(0),
            ages=[1, 3],
            killed_after=part.killed_after,
            warehouse=warehouse,
            selected=part.selected,
            by_job=by_job,
            # The settings refuse it by query.
            load_history=NONE if is_query else part.load_history,
        )
        is_whole = run.execute(ConversationPlan(state, run.inputs()))
        state, bookmark = run.written
        for rows in warehouse:
            if not is_whole and (bookmark is None or rows.conversation.start >= bookmark):
                # The next run reads it again, by whichever source can.
                rows.source.clear()
        if is_whole and bookmark is not None:
            hold_to_the_claims(warehouse, state, part, bookmark, watermark, by_job=by_job)
    assert state[HISTORY] == {name: [state[HISTORY]["a"][0]] for name in STREAMS}
    assert parse(state[HISTORY]["a"][0]) <= FIRST_DAY


def hold_to_the_claims(
    warehouse: list[Rows],
    state: State,
    part: Scheduled,
    bookmark: datetime,
    lake: datetime,
    *,
    by_job: bool,
) -> None:
    """Check the rows of the selected streams in the ranges that the state has.

    Args:
        warehouse: The rows.
        state: The state after the run.
        part: The run.
        bookmark: The bookmark after the run.
        lake: The watermark.
        by_job: Whether each run has read by job, so that each event before the bookmark is there.
    """
    assert {name for name, bounds in state[HISTORY].items() if bounds} == part.selected
    for name in part.selected:
        bounds = [*map(parse, state[HISTORY][name])]
        assert len(bounds) % 2
        for rows in warehouse:
            conversation = rows.conversation
            start, end = conversation.start, conversation.end_of(conversation.in_lake(lake))
            is_claimed = sum(bound <= start for bound in bounds) % 2
            if is_claimed and start < min(bookmark, lake):
                owed = {
                    event
                    for event in conversation.in_lake(lake)
                    if by_job and end and event.date <= end < bookmark
                }
                assert {conversation.events[0], *owed} <= rows.events.get(name, set())


TABLES = ("conversation_segments", "conversation_sessions", "conversation_participants")
DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=8, per_day=24, since=SINCE, now=SINCE + 3 * DAY, lag=8 * HOUR)


class Loaded(NamedTuple):
    """One run against the simulator.

    Args:
        hours: Hours since the run before.
        tables: The selected tables.
        load_history: The tables whose history is loaded.
        start: The day of `start_date`.
        cut: The share of the run's messages before it is killed; None if it is not killed.
    """

    hours: int
    tables: frozenset[str]
    load_history: frozenset[str]
    start: int
    cut: float | None


@searching
@given(
    st.lists(
        st.builds(
            Loaded,
            st.sampled_from([1, 1, 3, 26]),
            st.frozensets(st.sampled_from(TABLES)),
            st.frozensets(st.sampled_from(TABLES)),
            st.sampled_from([0, 0, 1, 2]),
            st.none() | st.none() | st.floats(0, 1),
        ),
        min_size=3,
        max_size=7,
    ),
    st.sampled_from(["auto", "job"]),
)
def test_the_union_is_complete_for_tables_that_loaded_their_history(
    schedule: list[Loaded], source: str
) -> None:
    """Whatever was selected and killed: no conversation lacks its rows after a last load."""
    everything = frozenset(TABLES)
    state: dict[str, Any] = {}
    ids: dict[str, set[str]] = {name: set() for name in TABLES}
    # No re-check hides what a load has missed.
    options: dict[str, Any] = {"conversation_details_source": source, "recheck_days": []}
    now = WORLD.now
    with Simulator(WORLD) as sim:
        for part in [*schedule, Loaded(72, everything, everything, 0, None)]:
            now += part.hours * HOUR
            sim.world = WORLD.at(now)
            output = run(
                sim,
                DETAILS,
                *sorted(part.tables),
                state=state,
                load_history=sorted(part.load_history),
                start_date=iso(SINCE + part.start * DAY),
                **options,
            )
            count = len(output.messages)
            output.messages = output.messages[
                : count if part.cut is None else int(count * part.cut)
            ]
            state = output.state or state
            for name in TABLES:
                ids[name] |= {row["conversationId"] for row in output.records(name)}
        truth = run(sim, DETAILS, *TABLES, start_date=iso(SINCE), **options)
    bookmark = str(output.bookmark())
    for name in TABLES:
        rows = [row for row in truth.records(name) if row["conversationStart"] < bookmark]
        assert {row["conversationId"] for row in rows} <= ids[name]
        assert len(rows) > 50
    history = state["bookmarks"][DETAILS]["history"]
    assert {name: history[name] for name in TABLES} == {name: [iso(SINCE)] for name in TABLES}
