"""Follow-up streams: requests per record of an incremental stream, in that stream's sync."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.costs import PerRecord
from tap_genesys.endpoints.probes import parent_name
from tap_genesys.replication.lanes import Lane, main_lane

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from singer_sdk.tap_base import Tap

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.probes import Probes
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.replication.windows import Window


class FollowUpStream(ChildStream):
    """One or more requests per conversation, sent before the STATE whose bookmark passes it.

    So the stream needs no bookmark: its parent's covers it. A conversation is requested once, when
    it has ended, and, with `again`, at each of its re-checks. A conversation without such data
    (404) has no rows.
    """

    selected_by_default = False
    read_by = "its parent's"
    # Each run lists the newest conversations only, so absent rows are no deleted ones.
    is_history = True
    #: Whether a re-check of the conversation requests it again.
    again: ClassVar[bool] = False
    #: The noun for the subject of one request, for a text about costs.
    unit: ClassVar[str] = "conversation"
    #: Requests per unit.
    requests_each: ClassVar[int] = 1

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        self._noted: set[tuple[Any, ...]] = set()

    @property
    @override
    def cost(self) -> Cost:
        return PerRecord(self.requests_each, self.unit)

    @property
    @override
    def lanes(self) -> dict[str, Lane]:
        # Its rows precede the STATE whose bookmark passes their conversations.
        return main_lane(self.tap_state, parent_name(self))

    @override
    def probes(self, parent: Sample | None, day: Window) -> Probes:
        contexts = [*self.contexts_of(parent.record)] if parent and parent.record else []
        # No estimate needs its records, and extracting them may be a download.
        return replace(self._probes_of(contexts), extract=None)

    def contexts_of(self, record: Record) -> Iterator[dict[str, Any]]:
        """Yield a context per request for a record of the parent."""
        yield {self.parent_column: record.get("conversationId")}

    def begin(self) -> None:
        """Write the SCHEMA, log the cost, and start the counter."""
        self._write_schema_message()
        self.logger.info(
            "%s: %d request(s) per %s that has ended; %g requests per minute are %s per hour.",
            self.name,
            self.requests_each,
            self.unit,
            float(self.config["requests_per_minute"]),
            f"{float(self.config['requests_per_minute']) * 60:,.0f}",
        )
        self._counter = self.counters.rows()
        self._counter.__enter__()

    def add(self, record: Record) -> None:
        """Queue the requests for a record of the parent."""
        if self.name not in self.run.skipped:
            # A window that is read twice returns its conversations twice.
            new = {tuple(context.items()): context for context in self.contexts_of(record)}
            added = [context for key, context in new.items() if key not in self._noted]
            self._noted.update(new)
            self._contexts += added
            self.counts.expect(len(added), "requests")

    def flush(self) -> None:
        """Send the queued requests, and write their rows."""
        self._begun = 0
        for context in self._contexts:
            for record in self.get_records(context):
                self._write_record_message(record)
                self._counter.increment()
        self._contexts = []
        self._noted.clear()

    def end(self, *, broke_off: bool) -> None:
        """Log the count.

        Args:
            broke_off: Whether an error or a signal ended the reading of the parent.
        """
        self._counter.end(broke_off=broke_off)

    @override
    def log_absence(self, response: requests.Response) -> None:
        """Log nothing: many conversations have no such data."""
