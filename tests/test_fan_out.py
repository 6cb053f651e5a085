"""Fan-out: rows of derived tables are buffered up to the next STATE.

Follow-ups take ended records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from support.conversation_tables import COLUMNS

from tap_genesys.endpoints.derived_tables import FanOut
from tap_genesys.output.writer import SingerWriter

PARTICIPANTS = "conversation_participants"
SESSIONS = "conversation_sessions"


class Lines(SingerWriter):
    """Writer that keeps the records of its lines."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []

    def write_lines(self, lines: bytes) -> None:
        self.records += [orjson.loads(line) for line in lines.splitlines()]

    def ids(self, stream: str = PARTICIPANTS) -> list[str]:
        """Return the conversations whose rows of a table were written."""
        records = [record for record in self.records if record["stream"] == stream]
        return [record["record"]["conversationId"] for record in records]


@dataclass
class Table:
    """Derived table that keeps its rows, counts and calls."""

    name: str = PARTICIPANTS
    selected: bool = True
    is_written_as_it_is: bool = True
    is_derived: bool = True
    emitted: list[dict[str, Any]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    @property
    def schema(self) -> dict[str, Any]:
        """The table's columns."""
        return {"properties": COLUMNS[self.name]}

    def begin(self) -> None:
        """Keep the call."""
        self.events.append("begin")

    def count(self, number: int) -> None:
        """Keep the count."""
        self.events.append(number)

    def emit(self, rows: list[dict[str, Any]]) -> None:
        """Keep rows."""
        self.emitted += rows

    def end(self, *, broke_off: bool) -> None:
        """Keep the call."""
        self.events.append(broke_off)


@dataclass
class FollowUp:
    """Follow-up stream that keeps its records and calls."""

    name: str = "follow_ups"
    again: bool = False
    selected: bool = True
    is_derived: bool = False
    events: list[Any] = field(default_factory=list)

    def begin(self) -> None:
        """Keep the call."""
        self.events.append("begin")

    def add(self, record: dict[str, Any]) -> None:
        """Keep a record."""
        self.events.append(record["conversationId"])

    def flush(self) -> None:
        """Keep the call."""
        self.events.append("flush")

    def end(self, *, broke_off: bool) -> None:
        """Keep the call."""
        self.events.append(broke_off)


def fan_out(*children: Any, writer: object = None) -> FanOut:
    """Return a fan-out to children."""
    return FanOut(children, writer)


def conversation(number: int) -> dict[str, Any]:
    """Return a conversation of one participant with one session."""
    participant = {"participantId": f"p{number}", "sessions": [{"sessionId": f"s{number}"}]}
    return {"conversationId": f"c{number}", "participants": [participant]}


def names(first: int, count: int) -> list[str]:
    """Return the ids of conversations."""
    return [f"c{number}" for number in range(first, first + count)]


def test_rows_wait_for_those_of_twenty_conversations() -> None:
    """The rows of twenty conversations are buffered, then written in order and counted."""
    writer, table = Lines(), Table()
    fan = fan_out(table, writer=writer)
    for number in range(19):
        fan.add(conversation(number))
    assert (writer.ids(), table.events) == ([], [])
    fan.add(conversation(19))
    assert (writer.ids(), table.events) == (names(0, 20), [20])
    for number in range(20, 39):
        fan.add(conversation(number))
    assert writer.ids() == names(0, 20)
    fan.add(conversation(39))
    assert (writer.ids(), table.events) == (names(0, 40), [20, 20])


def test_no_row_waits_after_a_flush() -> None:
    """A flush, as before each STATE, writes all buffered rows, and each row once."""
    writer, table = Lines(), Table()
    fan = fan_out(table, writer=writer)
    fan.add(conversation(0))
    fan.flush()
    fan.flush()
    fan.add(conversation(1))
    fan.flush()
    assert (writer.ids(), table.events) == (names(0, 2), [1, 1])


@pytest.mark.parametrize("broke_off", [True, False])
def test_no_row_waits_at_the_end(broke_off: bool) -> None:  # noqa: FBT001
    """The end writes and counts all buffered rows, after an error too."""
    writer, table = Lines(), Table()
    fan = fan_out(table, writer=writer)
    fan.add(conversation(0))
    fan.end(broke_off=broke_off)
    assert (writer.ids(), table.events) == (names(0, 1), [1, broke_off])


def test_each_table_has_its_rows_and_its_count() -> None:
    """A conversation's rows go to every selected table, and to no other."""
    writer = Lines()
    tables = [Table(), Table(SESSIONS), Table("conversation_segments", selected=False)]
    fan = fan_out(*tables, writer=writer)
    fan.begin()
    fan.add(conversation(0))
    fan.flush()
    assert writer.ids() == writer.ids(SESSIONS) == names(0, 1)
    assert [table.events for table in tables] == [["begin", 1], ["begin", 1], []]
    assert fan.names == [PARTICIPANTS, SESSIONS]


@pytest.mark.parametrize("is_ours", [True, False])
def test_rows_that_something_changes_are_emitted_one_by_one(is_ours: bool) -> None:  # noqa: FBT001
    """A stream map, a selection or another writer makes each table emit its rows unbuffered."""
    writer = Lines() if is_ours else object()
    tables = [Table(), Table(SESSIONS, is_written_as_it_is=not is_ours)]
    fan = fan_out(*tables, writer=writer)
    fan.add(conversation(0))
    assert [[row["conversationId"] for row in table.emitted] for table in tables] == [["c0"]] * 2
    fan.flush()
    assert not is_ours or not writer.records  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("has_ended", "is_rechecked", "once", "again"),
    [
        (True, False, ["c0"], ["c0"]),
        (False, True, [], ["c0"]),
        (True, True, ["c0"], ["c0"]),
        (False, False, [], []),
    ],
)
def test_follow_ups_take_what_has_ended(
    has_ended: bool,  # noqa: FBT001
    is_rechecked: bool,  # noqa: FBT001
    once: list[str],
    again: list[str],
) -> None:
    """A follow-up takes an ended conversation once, or at each re-check if the stream wants that.

    Tables are not involved.
    """
    table, streams = Table(), [FollowUp(), FollowUp(again=True), FollowUp(selected=False)]
    fan = fan_out(table, *streams)
    fan.follow_up(conversation(0), has_ended=has_ended, is_rechecked=is_rechecked)
    assert [stream.events for stream in streams] == [once, again, []]
    assert table.emitted == []


def test_follow_ups_are_flushed_before_a_state_and_not_at_the_end() -> None:
    """Follow-ups are flushed before a STATE, which guarantees their rows, and not at the end."""
    stream = FollowUp()
    fan = fan_out(stream, Table(), writer=Lines())
    fan.begin()
    fan.flush()
    fan.end(broke_off=True)
    assert stream.events == ["begin", "flush", True]
    assert fan.names == [PARTICIPANTS, "follow_ups"]


@pytest.mark.parametrize(
    ("children", "is_any"),
    [([], False), ([Table(selected=False)], False), ([Table()], True), ([FollowUp()], True)],
)
def test_a_fan_out_to_nothing_is_false(children: list[Any], is_any: bool) -> None:  # noqa: FBT001
    """A fan-out without selected children is false, so that no record is copied for it."""
    fan = fan_out(*children, writer=Lines())
    assert bool(fan) is is_any
    fan_out(writer=Lines()).add(conversation(0))
