"""What a stream makes of its answers: records, with our own columns, and whether they are whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk import StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.schema.source import SchemaDirectory
from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.api.pagination import CountedPaginator
from tap_genesys.api.response import Record, records
from tap_genesys.endpoints.requests import AskingStream
from tap_genesys.errors import SkipStream
from tap_genesys.output.writer import SingerWriter, is_unchanged
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.pagination import BaseAPIPaginator
    from singer_sdk.tap_base import Tap

    from tap_genesys.replication.windows import Window


#: Records a page that every endpoint is believed to allow.
USUAL_PAGE_SIZE = 100


class GenesysStream(AskingStream, ABC):
    """A stream of Genesys Cloud's Platform API.

    The SDK's private names that are touched, all of them for a reason, are listed in
    docs/design.md.
    """

    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))
    #: The SDK's conforming drops fields that the schema does not know, and takes half of the time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    #: Records a page that the endpoint allows, as far as known.
    max_page_size: ClassVar[int] = USUAL_PAGE_SIZE
    #: Rows that the endpoint can page through, where it has a limit.
    ceiling: ClassVar[int | None] = None

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        self.logger.addFilter(_is_not_said_twice)
        self.paginator: CountedPaginator

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """Never before the records: a listing that breaks off would empty a table."""
        return False

    @cached_property
    def page_size(self) -> int:
        """How many records a page is requested to hold."""
        wanted = int(self.config.get("page_size") or self.usual_page_size)
        if wanted > self.max_page_size:
            self.logger.info(
                "page_size %d is lowered to %d, the most that %s allows.",
                wanted,
                self.max_page_size,
                self.path,
            )
        return min(wanted, self.max_page_size)

    @property
    def usual_page_size(self) -> int:
        """How many that is where `page_size` is not set; never more than the endpoint allows."""
        return USUAL_PAGE_SIZE

    @property
    def identity(self) -> str:
        """The field that tells an answer's records apart."""
        return self.primary_keys[-1]

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        wait_seconds = float(self.config["empty_page_wait_seconds"])
        self.paginator = CountedPaginator(
            page_size=self.page_size,
            where=self.where,
            identity=self.identity,
            empty_tries=int(self.config["empty_page_max_tries"]),
            wait=lambda: self._wait_for_page(wait_seconds),
            ceiling=self.ceiling,
        )
        return self.paginator

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        try:
            for record in self.read(context):
                self.run.interruption.check()
                yield record
        except SkipStream as reason:
            self.run.skipped[self.name] = str(reason)
            self.logger.warning("Skipped: %s", reason)

    @override
    def _write_record_message(self, record: Record) -> None:
        if self._is_unchanged:
            writer = cast("SingerWriter", self._tap.message_writer)
            writer.write_record(self.name, record, self._stream_version)
            self.state_manager.is_flushed = False
        else:
            super()._write_record_message(record)

    @cached_property
    def _is_unchanged(self) -> bool:
        """Whether records are written as they are, without the SDK's layers between."""
        return isinstance(self._tap.message_writer, SingerWriter) and is_unchanged(self)

    @abstractmethod
    def read(self, context: Context | None) -> Iterator[Record]:
        """Yield the stream's records."""

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        if self.ceiling is not None:
            self.paginator.check_ceiling(response)
        yield from self.rows_of(response)

    def rows_of(self, response: requests.Response) -> Iterator[Record]:
        """Yield an answer's records with our own columns."""
        return self.with_own_columns(self.records_of(response))

    def with_own_columns(
        self, records: Iterable[Record], known: frozenset[str] | None = None
    ) -> Iterator[Record]:
        """Yield records without what is personal, and with our own columns.

        Args:
            records: Records as the vendor has them.
            known: The fields of the schema, where that is not the stream's own.
        """
        read_at = iso(self.read_at())
        known = self._known_fields if known is None else known
        privacy = self.run.privacy
        for record in records:
            if privacy:
                privacy.apply(record)
            extra = {name: value for name, value in record.items() if name not in known}
            record["_extra"] = extra or None
            record["_readAt"] = read_at
            yield record

    def records_of(self, response: requests.Response) -> list[Record]:
        """Return an answer's records as the vendor has them."""
        return records(response)

    @property
    def keyed_by(self) -> tuple[str, ...]:
        """The columns whose values a made-up key (`_id`) contains; they can only be hashed."""
        return ()

    def shown(self, values: Mapping[str, Any]) -> Record:
        """Return values as the rules about personal data have them, for a key made of them."""
        copied = dict(values)
        if self.run.privacy:
            self.run.privacy.apply(copied)
        return copied

    def is_whole(self) -> bool:
        """Say what was wrong with the pages, if anything; return whether they count as whole."""
        if self.paginator.stale_count:
            self.logger.info(
                "%s: the count was stale (%s promised); all %d rows that exist have come.",
                self.where,
                self.paginator.promised,
                self.paginator.received,
            )
        self.counts.short += self.paginator.was_short
        accepted = self.config["incomplete_windows"] == "accept"
        missing = [str(hole) for hole in self.paginator.holes]
        if self.paginator.fewer:
            fewer = f"expected {self.paginator.owed:,} rows, received {self.paginator.distinct:,}"
            if self.comes_again():
                self.logger.info("%s: %s; a later run reads them again.", self.where, fewer)
            elif self.paginator.lacks_a_page:
                missing = [fewer]
            else:
                self.logger.warning(
                    "%s: %s: taken for all, since totalHits is approximate.", self.where, fewer
                )
        for what in missing:
            line = f"{self.where}: {what}."
            if accepted:
                self.logger.warning("%s Accepted (incomplete_windows).", line)
            else:
                self.logger.warning("%s The bookmark, if there is one, stays before it.", line)
                self.run.incomplete.append(line)
                self.counts.holes += 1
        return accepted or not missing

    def comes_again(self) -> bool:
        """Return whether a later run reads again what was just read."""
        return False

    def read_at(self) -> datetime:
        """Return what `_readAt` says of the answer that is being read."""
        return self.run.now()

    def also_asks(self, window: Window) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ARG002
        """Yield what else the stream posts to read a window: path and body."""
        return iter(())

    def before_state(self) -> None:
        """Write what a STATE is about to promise and is not out yet."""

    def _wait_for_page(self, seconds: float) -> None:
        # Pages after an empty one may have been asked for before they were there as well.
        self.ask_anew()
        self.logger.info(
            "%s: page %d is empty although more is promised (%s); asking again in %g s.",
            self.where,
            self.paginator.current_value.number,
            self.paginator.promised,
            seconds,
        )
        self.wait(seconds)

    @cached_property
    def _known_fields(self) -> frozenset[str]:
        properties: dict[str, Any] = self.schema["properties"]
        return frozenset(properties)


def _is_not_said_twice(entry: logging.LogRecord) -> bool:
    """Drop the SDK's line that precedes each error: the error's own line says more."""
    return not str(entry.msg).startswith("An unhandled error occurred while syncing")
