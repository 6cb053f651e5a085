"""Tables that are made of another stream's records, in that stream's own pass.

The SDK would sync a child stream once for each parent record: a SCHEMA, three log lines and a
state entry each time. Here the parent hands its tables their rows instead; there is nothing to
ask for, and its bookmark covers them, since they are out before it moves.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, cast

from singer_sdk import StreamSchema
from singer_sdk.schema.source import SchemaDirectory
from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.endpoints.follow_ups import FollowUpStream
from tap_genesys.endpoints.metrics import CountedStream
from tap_genesys.endpoints.stream import GenesysStream
from tap_genesys.output.writer import SingerWriter, is_unchanged
from tap_genesys.records import row_lines
from tap_genesys.records.conversation_rows import RowCollector, rows, vendors_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context

    from tap_genesys.api.response import Record


#: Conversations whose rows are written together: more of them make no row cheaper.
_AT_ONCE = 20


class TableStream(CountedStream):
    """One table; rows come from the stream that is its parent."""

    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))
    primary_keys = ("_id",)
    replication_key = "conversationStart"
    state_partitioning_keys = ()

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield nothing: the parent emits the rows."""
        return iter(())

    def begin(self) -> None:
        """Write the SCHEMA, whether rows will come or not, and begin to count."""
        self._write_schema_message()
        self._counter = self.get_record_counter()
        self._counter.__enter__()

    def count(self, number: int) -> None:
        """Count rows."""
        self._counter.increment(number)

    def emit(self, found: list[Record]) -> None:
        """Write rows as selection and stream maps have them."""
        for row in found:
            self._write_record_message(row)

    def end(self, *, broke_off: bool) -> None:
        """Log the count.

        Args:
            broke_off: Whether an error or a signal ended the reading of the parent.
        """
        self._counter.end(broke_off=broke_off)

    @cached_property
    def is_written_as_it_is(self) -> bool:
        """Whether neither selection, nor a stream map, nor flattening changes a row."""
        return is_unchanged(self)


class FeedingStream(GenesysStream):
    """A stream whose records are also broken up into tables, or followed by requests."""

    _waiting = 0

    def has_just_ended(self, record: Record) -> bool:
        """Whether it is now, in this run, that what follows a record is asked for."""
        raise NotImplementedError

    def is_rechecked(self, record: Record) -> bool:
        """Whether a record has ended earlier, and is read again for what has come since."""
        raise NotImplementedError

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        children: list[TableStream | FollowUpStream] = [*self._tables.values(), *self._followers]
        for child in children:
            child.begin()
        broke_off = True
        try:
            yield from super().get_records(context)
            broke_off = False
        finally:
            self._hand_over()
            for child in children:
                child.end(broke_off=broke_off)
        if reason := self.run.skipped.get(self.name):
            self.run.skipped.update(dict.fromkeys((child.name for child in children), reason))

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        if self._tables or self._followers:
            yield record

    @override
    def _sync_children(self, child_context: Context | None) -> None:
        record = cast("Record", child_context)
        if self._followers:
            has_ended, is_rechecked = self.has_just_ended(record), self.is_rechecked(record)
            for follower in self._followers:
                if has_ended or (is_rechecked and follower.again):
                    follower.add(record)
        if not self._tables:
            return
        if not self._are_written_as_they_are:
            for name, made in rows(record, self._fields_of_tables).items():
                self._tables[name].emit(made)
                self._tables[name].count(len(made))
            return
        self._harvest.add(record)
        self._waiting += 1
        if self._waiting >= _AT_ONCE:
            self._hand_over()

    @override
    def before_state(self) -> None:
        self._hand_over()
        for follower in self._followers:
            follower.follow()

    @override
    def _write_state_message(self) -> None:
        self.before_state()
        super()._write_state_message()

    def _hand_over(self) -> None:
        """Write the rows that wait; none does when a STATE is written."""
        if self._waiting:
            self._waiting = 0
            found = self._harvest.take()
            writer = cast("SingerWriter", self._tap.message_writer)
            for lines in row_lines.lines(found, datetime.now(UTC)):
                writer.write_lines(lines)
            for name, parts in found.items():
                self._tables[name].count(len(parts))

    @cached_property
    def _harvest(self) -> RowCollector:
        return RowCollector(self._fields_of_tables)

    @cached_property
    def _are_written_as_they_are(self) -> bool:
        is_ours = isinstance(self._tap.message_writer, SingerWriter)
        return is_ours and all(table.is_written_as_it_is for table in self._tables.values())

    @cached_property
    def _tables(self) -> dict[str, TableStream]:
        children = [one for one in self.child_streams if isinstance(one, TableStream)]
        return {child.name: child for child in children if child.selected}

    @cached_property
    def _followers(self) -> list[FollowUpStream]:
        children = [one for one in self.child_streams if isinstance(one, FollowUpStream)]
        return [child for child in children if child.selected]

    @cached_property
    def _fields_of_tables(self) -> Mapping[str, frozenset[str]]:
        return {
            name: vendors_fields(name, table.schema["properties"])
            for name, table in self._tables.items()
        }
