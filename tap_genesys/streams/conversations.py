"""Conversations: details, summaries, and a reconciliation of the vendor's counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk.streams.rest import HTTPRequest
from typing_extensions import override

from tap_genesys.api.response import Record, body, records
from tap_genesys.api.shape import COUNT, NUMBER, OBJECT, TEXT, Required
from tap_genesys.api.status import ResponseAction
from tap_genesys.endpoints.conversation_details import ConversationDetailsStream
from tap_genesys.endpoints.reading import Reading, no_rest
from tap_genesys.endpoints.unchanged_days import UnchangedDays
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.records import aggregate_rows, reconciliation_rows
from tap_genesys.records.summary_keys import SummaryKeys
from tap_genesys.replication.cells import cells, days
from tap_genesys.replication.emitted_days import MOST
from tap_genesys.replication.windows import UNSETTLED, Window, iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tap_genesys.api.page_steps import Page
    from tap_genesys.endpoints.probes import Probes
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.replication.read_range import ReadRange

_MEASURES = [{"metric": Required(TEXT), "stats": {"count": NUMBER}}]
#: The shape of an aggregates response; each of its parts is required.
_AGGREGATES = {
    "results": [{"group": OBJECT, "data": [{"interval": Required(TEXT), "metrics": _MEASURES}]}]
}


class ConversationDetails(ConversationDetailsStream):
    """A conversation, with its participants, sessions, segments and metrics as nested JSON.

    `_source` is the endpoint that a row came from. A job returns the conversations that were active
    in its interval, with participants' attributes, up to the data lake's watermark. A query returns
    conversations up to now, without attributes.

    The vendor does not document exactly which conversations around an interval a query returns:
    all that started on a UTC day that the interval touches, or only those of them that overlap it.
    The stream emits the conversations that started in the window.
    """

    name = "conversation_details"
    path = "/api/v2/analytics/conversations/details/query"
    jobs_path = "/api/v2/analytics/conversations/details/jobs"
    primary_keys = ("conversationId",)
    replication_key = "conversationStart"
    ceiling = 100_000


class ConversationReconciliation(WindowedStream):
    """The number of conversations of one UTC day and media type, by two counts of the vendor's.

    One is that of the conversation details, the other that of the aggregates, which is another
    system of the vendor's. If both equal the number of rows in the warehouse, no conversation is
    missing; docs/aggregates.md has the SQL query, and the reasons for legitimate differences.

    More than a declaration: each row takes requests to two operations.
    """

    name = "conversation_reconciliation"
    path = "/api/v2/analytics/conversations/details/query"
    primary_keys = ("_id",)
    replication_key = "day"
    selected_by_default = False
    #: One for the count of the aggregates, and one per media type for that of the details.
    requests_of_window = 1 + len(reconciliation_rows.MEDIA)
    aggregates_path = "/api/v2/analytics/conversations/aggregates/query"

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return days(start, end, "UTC")

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return self.count_query("voice")

    def count_query(self, medium: str) -> dict[str, Any]:
        """Return the body of the query for the number of conversations of a media type."""
        predicate = {"dimension": "mediaType", "value": medium}
        org_filters = self.run.org_filters
        of_conversations = org_filters.conversation_filters()
        return {
            "interval": str(self._within_the_day),
            "segmentFilters": [
                {"type": "or", "predicates": [predicate]},
                *org_filters.segment_filters(),
            ],
            **({"conversationFilters": of_conversations} if of_conversations else {}),
            "paging": {"pageSize": 1, "pageNumber": 1},
        }

    @property
    def _within_the_day(self) -> Window:
        """The day without its last millisecond.

        The vendor counts all days that an interval touches, and does not document whether its end
        is inclusive: an interval up to the next midnight could count that day, too.
        """
        return Window(self.window.start, self.window.end - timedelta(milliseconds=1))

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        self.run.interruption.check()
        self.window = window
        counted = self._aggregated()
        media = sorted({*reconciliation_rows.MEDIA, *counted})
        rows = reconciliation_rows.rows(
            window,
            {medium: self._hits(medium) for medium in media},
            counted,
            tolerance=float(self.config["reconciliation_tolerance"]),
            is_settled=window.end <= self.run.started - UNSETTLED,
        )
        read_at = iso(self.run.now())
        for row in rows:
            yield {**row, "_extra": None, "_readAt": read_at}
        self.finish_window(whole=True)

    def _hits(self, medium: str) -> int:
        shape = {"totalHits": COUNT}
        content = body(self.call("POST", self.path, data=self.count_query(medium), shape=shape))
        return int(content.get("totalHits") or 0)

    @override
    def probes(self, parent: Sample | None, day: Window) -> Probes:
        probes = super().probes(parent, day)
        aggregates = HTTPRequest(
            url=f"{self.url_base}{self.aggregates_path}",
            method="POST",
            data=self._aggregate_query(day),
        )
        return replace(probes, requests=[*probes.requests, aggregates])

    def _aggregate_query(self, window: Window) -> dict[str, Any]:
        query: dict[str, Any] = {
            "interval": str(window),
            "granularity": "P1D",
            "groupBy": ["mediaType"],
            "metrics": ["nConversations"],
        }
        if narrowed := self.run.org_filters.filter_of("conversation_aggregates"):
            query["filter"] = narrowed
        return query

    def _aggregated(self) -> dict[str, int]:
        query = self._aggregate_query(self.window)
        response = self.call("POST", self.aggregates_path, data=query, shape=_AGGREGATES)
        content = body(response)
        counted: dict[str, int] = {}
        for row in aggregate_rows.rows(content, "P1D"):
            medium = str(row.get("mediaType") or "unknown")
            counted[medium] = counted.get(medium, 0) + int(row.get("count") or 0)
        return counted


class ConversationSummaries(WindowedStream):
    """A summary of conversations in one interval (`summary_cell_hours`), by media type and queue.

    The operation is not in the vendor's published API; its format is known from users' reports
    only. If it returns 404, the stream is skipped.

    All rows of an interval have one `_readAt`. A conversation can change its group while it goes on
    (from no queue to a queue), and an upsert does not delete the row of a group that no longer
    exists: so take, per `dateFrom`, the rows with the newest `_readAt`. The rows of an interval are
    emitted together, or, if an earlier run emitted the same rows, not at all.

    More than a declaration: rows have no key, and the responses have several formats.
    """

    name = "conversation_summaries"
    path = "/api/v2/analytics/conversations/summary/queries"
    primary_keys = ("id",)
    replication_key = "dateFrom"
    max_page_size = 250
    when_missing = ResponseAction.SKIP

    _keys: SummaryKeys
    _cell_read_at: datetime
    _unchanged: UnchangedDays

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        yield from cells(start, end, self._cell_size)

    @property
    def _cell_size(self) -> timedelta:
        return timedelta(hours=int(self.config["summary_cell_hours"]))

    @override
    def read_range(self, span: ReadRange) -> Iterator[Record]:
        # A look-back of a day touches the cells of that day, one more, and the present one.
        most = max(MOST, self.default_lookback // self._cell_size + 2)
        self._unchanged = UnchangedDays(self, span, most)
        yield from super().read_range(span)
        self._unchanged.log()

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        reading = Reading(self._read_pages, no_rest, self.read_too_large, self.begin_window)
        rows = self.read_parts(window, reading)
        yield from self._unchanged.rows(window, rows, self._has_all_rows)
        self.finish_window(whole=self.is_whole())

    def _has_all_rows(self) -> bool:
        """Return whether no row of the cell can be missing, even one that was accepted."""
        completeness = self.paginator.completeness
        return not (completeness.holes or completeness.fewer or self.holes.has_unusable)

    @override
    def parts_of(self, window: Window) -> tuple[Window, Window] | None:
        # The cell is part of its rows' keys: rows of halves would count beside those of the whole.
        return None

    @override
    def begin_window(self) -> None:
        self._keys = SummaryKeys(self.window, self.config["summary_metrics"])
        self._cell_read_at = self.run.now()

    @override
    def read_at(self) -> datetime:
        return self._cell_read_at

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return {
            "pageSize": self.page_size,
            "pageNumber": page.number,
            "dateFrom": iso(window.start),
            "dateTo": iso(window.end),
            "groupings": list(self.config["summary_groupings"]),
            "metrics": list(self.config["summary_metrics"]),
        }

    @override
    def extract(self, response: requests.Response) -> list[Any]:
        # The keys first: a hash over the tap's own columns would change with each reading.
        entities = self.holes.usable(records(response), ())
        for entity in entities:
            entity["id"] = self._keys.key(entity)
            entity["dateFrom"] = entity.get("dateFrom") or iso(self.window.start)
            entity["dateTo"] = entity.get("dateTo") or iso(self.window.end)
        return entities


STREAMS = (
    ConversationDetails,
    ConversationReconciliation,
    ConversationSummaries,
)
