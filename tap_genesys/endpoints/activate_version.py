"""Rows that the org has deleted: ACTIVATE_VERSION, sent only after a listing that is whole.

The SDK sends it before the records, so that a target empties the table of a listing that then
breaks off. Here it comes last, and whatever is in doubt leaves the old rows where they are.
"""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.stream import GenesysStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import RecordMessage
    from singer_sdk.tap_base import Tap

    from tap_genesys.api.response import Record


class ActivatingStream(GenesysStream, ABC):
    """A stream that can say, once it is read, that the rows which did not come are gone.

    Its version is the start of the run, in milliseconds since 1970. Targets delete what is of a
    smaller version, so that a clock which went back deletes nothing, and the next run that is
    later than the newest row makes up for it; therefore no version is kept in the state.
    """

    #: Whether the vendor lists what happened, and drops it with time: then rows outlive the list.
    is_history: ClassVar[bool] = False

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        #: Why rows that did not come may exist all the same; the first reason counts.
        self.doubt = ""

    @property
    def is_versioned(self) -> bool:
        """Whether its records carry a version."""
        return bool(self.config["emit_activate_version_messages"]) and not self.is_history

    def mark_incomplete(self, reason: str) -> None:
        """Take note that the listing may not be whole."""
        self.doubt = self.doubt or reason

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        if not (self.is_versioned and self.selected and write_messages):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        self._stream_version = int(self.run.started.timestamp() * 1000)
        if self.run.org_filters.params_of(self.name):
            self.mark_incomplete("it was asked for a part of the org")
        rows = 0
        for record in super()._sync_records(context):
            rows += 1
            yield record
        if self.name in self.run.skipped:
            self.mark_incomplete("it was skipped")
        if not rows:
            # An answer that says nothing at all looks the same.
            self.mark_incomplete("no row came")
        if self.doubt:
            self.logger.info("%s: deleted rows stay in the warehouse: %s.", self.name, self.doubt)
        else:
            self._write_activate_version_message(self._stream_version)

    @override
    def _generate_record_messages(self, record: Record) -> Iterable[RecordMessage]:  # type: ignore[override]
        if self._stream_version is None:
            yield from super()._generate_record_messages(record)
            return
        written = 0
        for message in super()._generate_record_messages(record):
            written += 1
            yield message
        if written < len(self.stream_maps):
            self.mark_incomplete("a stream map left rows out")
