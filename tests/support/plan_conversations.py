"""A model of conversations, which a run of a plan reads in place of the simulator's.

A conversation is a list of events, each with its date and the moment from which it is visible.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from support.plan_runs import FIRST_DAY
from tap_genesys.replication.rechecks import utc_day
from tap_genesys.replication.windows import DAY

if TYPE_CHECKING:
    from datetime import datetime

    from tap_genesys.replication.plan import Read

MINUTE = timedelta(minutes=1)


class Event(NamedTuple):
    """Something that happened in a conversation.

    Args:
        date: When it happened.
        visible: From when on a response has it.
    """

    date: datetime
    visible: datetime


@dataclass
class Conversation:
    """A conversation: its events in the order of their dates; `end` is the place of its last one.

    Events after the end are those of a survey, for example.
    """

    events: list[Event]
    end: int | None
    #: The events of the row in the warehouse, and the source of that row.
    row: set[Event] = field(default_factory=set)
    source: str = ""

    @property
    def start(self) -> datetime:
        """When it began."""
        return self.events[0].date

    def at(self, moment: datetime) -> set[Event]:
        """Return the events that are visible to a query at a moment."""
        return {event for event in self.events if event.visible <= moment}

    def in_lake(self, watermark: datetime) -> set[Event]:
        """Return the events that are visible to a job: the lake is complete up to its watermark."""
        return {event for event in self.events if event.date < watermark}

    def end_of(self, events: set[Event]) -> datetime | None:
        """Return its end, if that is among visible events."""
        last = None if self.end is None else self.events[self.end]
        return last.date if last in events and last else None


def is_returned(read: Read, start: datetime, end: datetime | None, *, touched_days: bool) -> bool:
    """Return whether a read's response has a conversation.

    Args:
        read: The read.
        start: The start of the conversation.
        end: Its end, as far as the source has it.
        touched_days: Whether the vendor returns all that started on a touched day.
    """
    window = read.window
    if read.by == "job":
        return read.purpose in ("recheck", "history") or end is None or end >= window.start
    if not utc_day(window.start).start <= start < window.end:
        return touched_days and start in utc_day(window.start)
    return touched_days or end is None or end >= window.start


SHORT = st.integers(0, 59)
#: Minutes from one event to the next: within a call, or hours of a message.
STEPS = st.integers(0, 20) | st.integers(0, 30 * 60)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Return a conversation of one to five events, each visible within the margin."""
    date = FIRST_DAY + DAY + draw(st.integers(0, 4 * 24 * 60)) * MINUTE
    events = []
    for step in draw(st.lists(STEPS, min_size=1, max_size=5)):
        events.append(Event(date, date + draw(SHORT) * MINUTE))
        date += step * MINUTE
    # A conversation is visible with its first event, or not at all.
    events = [Event(date, max(visible, events[0].visible)) for date, visible in events]
    end = draw(st.none() | st.integers(0, len(events) - 1))
    return Conversation(events, end)
