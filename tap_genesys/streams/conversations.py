"""Conversations, one by one and summed up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_genesys.answers import Record, records
from tap_genesys.endpoints import WindowedStream
from tap_genesys.settings import utc_now
from tap_genesys.summaries import SummaryKeys
from tap_genesys.windows import Window, cells, iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tap_genesys.pagination import Page

#: The vendor's limits to an interval, without and with a filter.
LONGEST_UNFILTERED = timedelta(days=7)
LONGEST_FILTERED = timedelta(days=31)


class ConversationDetails(WindowedStream):
    """Every conversation with its participants, sessions, segments and metrics.

    The vendor returns what started on a UTC day that the interval touches, or, as its words can
    also be read, only those of them that overlap the interval as well; whether the bounds belong
    to it is not said. So what is printed is decided here: what started in the window.
    """

    name = "conversation_details"
    path = "/api/v2/analytics/conversations/details/query"
    primary_keys = ("conversationId",)
    replication_key = "conversationStart"
    ceiling = 100_000

    #: Rows that started at the end of the last window, where the next one begins: a server whose
    #: interval includes its end but not its start sends them with this window, not with the next.
    _at_end: dict[str, Record]
    _owed: dict[str, Record]

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        filtered = self.config.get("conversation_filters") or self.config.get("segment_filters")
        longest = LONGEST_FILTERED if filtered else LONGEST_UNFILTERED
        wanted = timedelta(days=float(self.config["window_days"]))
        if wanted > longest:
            self.logger.info(
                "window_days %g is lowered to %d, the most that %s allows.",
                float(self.config["window_days"]),
                longest.days,
                self.path,
            )
        self._at_end = {}
        for window in split(start, end, min(wanted, longest)):
            self._owed, self._at_end = self._at_end, {}
            yield window

    @override
    def query(self, page: Page) -> dict[str, Any]:
        body: dict[str, Any] = {
            "interval": str(self.window),
            "order": "asc",
            "orderBy": "conversationStart",
            "paging": {"pageSize": self.page_size, "pageNumber": page.number},
        }
        if filters := self.config.get("conversation_filters"):
            body["conversationFilters"] = filters
        if filters := self.config.get("segment_filters"):
            body["segmentFilters"] = filters
        return body

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        for record in super().parse_response(response):
            start = _start(record)
            if start is None or start in self.window:
                self._owed.pop(record.get("conversationId", ""), None)
                yield record
            elif start == self.window.end:
                self._at_end[record.get("conversationId", "")] = record

    @override
    def rest_of_window(self) -> Iterator[Record]:
        yield from self._owed.values()


class ConversationSummaries(WindowedStream):
    """Conversations summed up by medium and queue, one row per cell of a fixed UTC grid.

    The operation is not in the vendor's published API; its request and answer are known from
    users' reports only. An org that answers 404 has this stream skipped.

    All rows of a cell have the `_readAt` of its reading. A conversation that changes its group
    while it goes on (it had no queue, now it has one) can leave a group behind that no longer
    exists, and an upsert does not delete its row: so take, for each `dateFrom`, the rows with the
    newest `_readAt`.
    """

    name = "conversation_summaries"
    path = "/api/v2/analytics/conversations/summary/queries"
    primary_keys = ("id",)
    replication_key = "dateFrom"
    max_page_size = 250
    may_be_missing = True

    _keys: SummaryKeys
    _cell_read_at: datetime

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        for cell in cells(start, end, timedelta(hours=int(self.config["summary_cell_hours"]))):
            self._keys = SummaryKeys(cell, self.config["summary_metrics"])
            self._cell_read_at = utc_now()
            yield cell

    @override
    def read_at(self) -> datetime:
        return self._cell_read_at

    @override
    def query(self, page: Page) -> dict[str, Any]:
        return {
            "pageSize": self.page_size,
            "pageNumber": page.number,
            "dateFrom": iso(self.window.start),
            "dateTo": iso(self.window.end),
            "groupings": list(self.config["summary_groupings"]),
            "metrics": list(self.config["summary_metrics"]),
        }

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        # The keys first: a hash that took in our own columns would change with each reading.
        for entity in records(response):
            entity["id"] = self._keys.key(entity)
            entity["dateFrom"] = entity.get("dateFrom") or iso(self.window.start)
            entity["dateTo"] = entity.get("dateTo") or iso(self.window.end)
        yield from super().parse_response(response)


def _start(record: Record) -> datetime | None:
    """Return when the conversation started; None where that cannot be read: it is printed then."""
    try:
        return parse(record["conversationStart"])
    except (KeyError, TypeError, ValueError):
        return None
