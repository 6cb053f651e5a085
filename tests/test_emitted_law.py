"""The law of rows that are left out, over many schedules, with a model in place of the simulator.

A conversation is a list of events, each with its date and the moment from which it is visible. The
reader executes a plan's reads as `ConversationDetailsStream` does, and the warehouse keeps which
events each row had.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.plan_conversations import Conversation, Event, conversations, is_returned
from support.plan_runs import FIRST_DAY, PlanRun, State

from tap_genesys.replication.conversation_plan import ConversationPlan
from tap_genesys.replication.emitted import MARGIN, query_mark
from tap_genesys.replication.rechecks import utc_day
from tap_genesys.replication.windows import DAY

if TYPE_CHECKING:
    from datetime import datetime

    from support.plan_runs import Plan

    from tap_genesys.replication.plan import Read

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass(kw_only=True)
class Reader(PlanRun):
    """A run that emits the conversations of a model."""

    conversations: list[Conversation] = field(default_factory=list)
    #: Whether the vendor returns all that started on a touched day.
    touched_days: bool = False
    emitted: int = 0

    def _read(self, plan: Plan, read: Read) -> None:
        assert isinstance(plan, ConversationPlan)
        moment = self.now + self.takes
        if read.by == "job":
            assert self.watermark is not None
            moment = self.watermark
        for conversation in self.conversations:
            self._emit(plan, read, conversation, moment)
        super()._read(plan, read)

    def _emit(
        self, plan: ConversationPlan, read: Read, conversation: Conversation, moment: datetime
    ) -> None:
        is_job = read.by == "job"
        events = conversation.in_lake(moment) if is_job else conversation.at(moment)
        start, end = conversation.start, conversation.end_of(events)
        if conversation.events[0] not in events or not is_returned(
            read, start, end, touched_days=self.touched_days
        ):
            return
        starts = read.starts or read.window
        belongs = start < read.window.end if read.by_activity else start in starts
        latest = max(event.date for event in events)
        if not belongs or plan.has_emitted(read, start, end, lambda: latest):
            return
        # No row by query replaces one by job, and no row is older than the one before.
        assert not (read.by == "query" and conversation.source == "job")
        assert conversation.row <= events
        conversation.row, conversation.source = events, read.by
        self.emitted += 1


class Scheduled(NamedTuple):
    """One run: minutes after the one before, hours of lag, and when it is killed."""

    minutes: int
    lag: int
    killed_after: int | None


RUNS = st.lists(
    st.builds(
        Scheduled,
        st.sampled_from([60, 60, 60, 61, 15, 120, 300, 1500]),
        st.sampled_from([30, 30, 30, 31, 20, 50, 9, 3]),
        st.sampled_from([None, None, None, 1, 2, 3]),
    ),
    min_size=4,
    max_size=60,
)


def ended_at_ten() -> Conversation:
    """Return a conversation whose end is the bookmark of a first run."""
    start, end = FIRST_DAY + DAY + 9 * HOUR + 40 * MINUTE, FIRST_DAY + DAY + 10 * HOUR
    return Conversation([Event(start, start), Event(end, end)], end=1)


@settings(max_examples=300, deadline=None)
@example(
    [ended_at_ten()],
    [Scheduled(60, 3, None), *[Scheduled(60, 30, None)] * 2, Scheduled(60, 3, None)],
    False,  # noqa: FBT003 - as hypothesis gives it
)
@given(st.lists(conversations(), min_size=1, max_size=6), RUNS, st.booleans())
def test_a_whole_run_leaves_out_nothing_that_is_missing(
    these: list[Conversation], schedule: list[Scheduled], touched: object
) -> None:
    """Whatever is visible and due is in the warehouse, whichever runs were killed before."""
    state: State = {}
    bookmark = FIRST_DAY
    now = FIRST_DAY + DAY + 12 * HOUR
    for part in schedule:
        now += part.minutes * MINUTE
        run = Reader(
            end=now,
            start=bookmark,
            bookmark=bookmark if state else None,
            watermark=now - part.lag * HOUR,
            state=state,
            takes=timedelta(0),
            ages=[1, 3],
            killed_after=part.killed_after,
            conversations=these,
            touched_days=bool(touched),
        )
        is_whole = run.execute(ConversationPlan(state, run.inputs()))
        state, bookmark = run.written[0], run.written[1] or bookmark
        for conversation in these:
            if not is_whole and conversation.start >= bookmark:
                # The next run reads it again, by whichever source can.
                conversation.source = ""
        if is_whole:
            hold_to_what_is_due(these, state, bookmark, now, now - part.lag * HOUR)


def hold_to_what_is_due(
    these: list[Conversation], state: State, bookmark: datetime, now: datetime, lake: datetime
) -> None:
    """Check that each row has all events that a complete run must emit."""
    mark = query_mark(state["emittedThrough"])
    assert mark
    assert mark.at == now
    for conversation in these:
        start, end = conversation.start, conversation.end_of(conversation.at(now))
        if conversation.events[0].visible > now or start >= now:
            continue
        assert conversation.row or start < bookmark
        midnight = utc_day(start).end
        if start < bookmark:
            # What ends at the very bookmark is not before it: the next job that may read has it.
            owed = {
                event
                for event in conversation.in_lake(lake)
                if end and event.date <= end < bookmark
            }
        elif mark.full_at == now:
            owed = conversation.at(now) if start >= mark.full_from else set()
        elif start >= max(mark.full_from, utc_day(now).start):
            events = conversation.at(now)
            owed = {event for event in events if end is None or event.date <= end + MARGIN}
        elif midnight > lake and start >= mark.tails_from and (end is None or end >= midnight):
            owed = conversation.at(min(mark.tails_at, now))
        else:
            owed = set()
        assert owed <= conversation.row
