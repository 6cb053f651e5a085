"""Derived tables: their rows come from another stream's records, in that stream's sync.

The SDK would sync a child stream once per parent record, each time with a SCHEMA, three log lines
and a state entry. Here the parent passes rows to its tables instead. Tables send no requests, and
the parent's bookmark covers them, since their rows are written before it moves.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, cast

from singer_sdk import Stream, StreamSchema
from singer_sdk.schema.source import SchemaDirectory
from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.endpoints.costs import NoRequests
from tap_genesys.endpoints.metrics import StreamCounters, run_of
from tap_genesys.endpoints.probes import parent_name
from tap_genesys.output.writer import SingerWriter, is_unchanged
from tap_genesys.records import row_lines
from tap_genesys.records.conversation_rows import RowCollector, RowParts, rows, vendors_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.follow_ups import FollowUpStream
    from tap_genesys.records.pipeline import RecordPipeline
    from tap_genesys.replication.lanes import Lane
    from tap_genesys.run import Run


#: Conversations per write; more of them are not faster.
_AT_ONCE = 20


class HasLanes(Protocol):
    """A stream with lanes."""

    lanes: dict[str, Lane]


class TableStream(Stream):
    """A derived table; its parent stream passes the rows."""

    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))
    primary_keys = ("_id",)
    replication_key = "conversationStart"
    state_partitioning_keys = ()
    #: Whether its rows are derived from another stream's records, without requests.
    is_derived: ClassVar[Literal[True]] = True

    @property
    def read_by(self) -> str:
        """The field by which the parent is read, in Markdown."""
        return f"`{self.replication_key}`"

    @property
    def cost(self) -> Cost:
        """The cost of the table: no request."""
        return NoRequests(parent_name(self), self._count_rows)

    def _count_rows(self, records: Sequence[Record]) -> int | None:
        """Return the number of rows from records of the parent; None where unknown.

        Without any row it is unknown: a query returns no attributes, and evaluations come late.
        """
        collector = RowCollector({self.name: frozenset()})
        for record in records:
            collector.add(record)
        return len(collector.take().get(self.name, RowParts.empty()).fields) or None

    @property
    def run(self) -> Run:
        """The parts that all streams of this run share."""
        return run_of(self._tap)

    @cached_property
    def counters(self) -> StreamCounters:
        """The counter of the table's rows."""
        return StreamCounters(self.run, self.name)

    @cached_property
    def pipeline(self) -> RecordPipeline:
        """The pipeline of the table's records."""
        return self.run.pipeline(self.schema["properties"])

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield nothing: the parent emits the rows."""
        return iter(())

    @property
    def lanes(self) -> dict[str, Lane]:
        """Lane -> how far it is, as its parent is: the rows are emitted together."""
        return cast("HasLanes", self._tap.streams[parent_name(self)]).lanes

    def enter(self, lane: str) -> None:
        """Count rows from now on in a lane."""
        self.counters.progress.enter(lane)

    def begin(self) -> None:
        """Write the SCHEMA, even if no row follows, and start the counter."""
        self._write_schema_message()
        self._counter = self.counters.rows()
        self._counter.__enter__()

    def count(self, number: int) -> None:
        """Count rows."""
        self._counter.increment(number)

    def emit(self, table_rows: list[Record]) -> None:
        """Write and count rows, after selection and stream maps."""
        for row in table_rows:
            self._write_record_message(row)
        self.count(len(table_rows))

    def end(self, *, broke_off: bool) -> None:
        """Log the count.

        Args:
            broke_off: Whether an error or a signal ended the sync of the parent.
        """
        self._counter.end(broke_off=broke_off)

    @cached_property
    def is_written_as_it_is(self) -> bool:
        """Whether neither selection, nor a stream map, nor flattening changes a row."""
        return is_unchanged(self)


class ConversationTables:
    """The derived tables of conversations.

    Args:
        tables: The selected tables.
        writer: The tap's message writer.
    """

    def __init__(self, tables: Sequence[TableStream], writer: object) -> None:
        self._tables = {table.name: table for table in tables}
        self._fields = {
            name: vendors_fields(name, table.schema["properties"])
            for name, table in self._tables.items()
        }
        self._collector = RowCollector(self._fields)
        self._waiting = 0
        is_ours = isinstance(writer, SingerWriter)
        are_unchanged = all(table.is_written_as_it_is for table in tables)
        #: Writes rows as they are; None where selection or a stream map changes them.
        self._writer = cast("SingerWriter", writer) if is_ours and are_unchanged else None

    def add(self, conversation: Record) -> None:
        """Add a conversation's rows, which are written at the next `flush` at the latest."""
        if not self._tables:
            return
        if self._writer is None:
            for name, table_rows in rows(conversation, self._fields).items():
                self._tables[name].emit(table_rows)
            return
        self._collector.add(conversation)
        self._waiting += 1
        if self._waiting >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write the buffered rows."""
        if self._waiting and self._writer is not None:
            self._waiting = 0
            collected = self._collector.take()
            for lines in row_lines.lines(collected, datetime.now(UTC)):
                self._writer.write_lines(lines)
            for name, parts in collected.items():
                self._tables[name].count(len(parts.fields))


class FanOut:
    """The fan-out of a stream's records to its derived tables and follow-up streams.

    Args:
        children: The stream's child streams; the selected ones are used.
        writer: The tap's message writer.
    """

    def __init__(self, children: Iterable[TableStream | FollowUpStream], writer: object) -> None:
        selected = [child for child in children if child.selected]
        self.tables = [child for child in selected if child.is_derived]
        self.follow_ups = [child for child in selected if not child.is_derived]
        self._writer = writer
        #: The names of the child streams that get the records; empty for all of them.
        self._only: frozenset[str] = frozenset()

    @cached_property
    def _rows(self) -> ConversationTables:
        tables = [table for table in self.tables if self.takes(table)]
        return ConversationTables(tables, self._writer)

    def only(self, names: frozenset[str]) -> None:
        """Add records from now on to some of the child streams.

        Args:
            names: Their names, among others; empty for all child streams.
        """
        if names != self._only:
            self._rows.flush()
            self._only = names
            del self._rows

    def takes(self, child: TableStream | FollowUpStream) -> bool:
        """Return whether records are added to a child stream now."""
        return not self._only or child.name in self._only

    @property
    def names(self) -> list[str]:
        """The names of the selected child streams."""
        return [child.name for child in self._all]

    @property
    def _all(self) -> list[TableStream | FollowUpStream]:
        return [*self.tables, *self.follow_ups]

    def begin(self) -> None:
        """Write the SCHEMAs, and start the counters."""
        for child in self._all:
            child.begin()

    def __bool__(self) -> bool:
        return bool(self.tables or self.follow_ups)

    def add(self, conversation: Record) -> None:
        """Add a record to the tables."""
        self._rows.add(conversation)

    def follow_up(self, conversation: Record, *, has_ended: bool, is_rechecked: bool) -> None:
        """Add a record to the follow-up streams.

        Args:
            conversation: The record.
            has_ended: Whether this run is the first to read the conversation's end.
            is_rechecked: Whether the conversation ended earlier, and is read again by a re-check.
        """
        for stream in self.follow_ups:
            if self.takes(stream) and (has_ended or (is_rechecked and stream.again)):
                stream.add(conversation)

    def enter(self, lane: str) -> None:
        """Count the rows of the tables from now on in a lane, after the buffered ones."""
        self._rows.flush()
        for table in self.tables:
            table.enter(lane)

    def flush(self) -> None:
        """Write all rows that the next STATE covers: buffered ones, and those of follow-ups."""
        self._rows.flush()
        for follow_up in self.follow_ups:
            follow_up.flush()

    def take_incomplete(self) -> bool:
        """Return whether a follow-up stream had a hole since the last call."""
        are_incomplete = [follow_up.holes.take_incomplete() for follow_up in self.follow_ups]
        return any(are_incomplete)

    def end(self, *, broke_off: bool) -> None:
        """Write the buffered rows, and log the counts.

        Args:
            broke_off: Whether an error or a signal ended the sync of the stream.
        """
        self._rows.flush()
        for child in self._all:
            child.end(broke_off=broke_off)
