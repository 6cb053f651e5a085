"""Conversations: in detail, summed up, and reconciled between the vendor's counts."""

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
#: The shape of a response of aggregates of which each part is needed.
_AGGREGATES = {
    "results": [{"group": OBJECT, "data": [{"interval": Required(TEXT), "metrics": _MEASURES}]}]
}


class ConversationDetails(ConversationDetailsStream):
    """A conversation with its participants, sessions, segments and metrics.

    The query returns what started on a UTC day that the interval touches, or, as the vendor's words
    can also be read, only those of them that overlap the interval as well; whether the bounds
    belong to it is not documented. So what is emitted is decided here: what started in the window.

    A job returns every conversation that was active in its interval, with participants'
    attributes, as far as the data lake knows. `_source` is the one that a row came from.
    """

    name = "conversation_details"
    path = "/api/v2/analytics/conversations/details/query"
    jobs_path = "/api/v2/analytics/conversations/details/jobs"
    primary_keys = ("conversationId",)
    replication_key = "conversationStart"
    ceiling = 100_000


class ConversationReconciliation(WindowedStream):
    """The number of conversations of a UTC day and medium, in the details and the aggregates.

    Both counts are the vendor's, of different systems. Where they agree with each other and
    with the rows in the warehouse, nothing is missing; docs/aggregates.md has the query for that,
    and the reasons for which they may legitimately differ.

    More than a declaration: two operations are requested for each row, and compared.
    """

    name = "conversation_reconciliation"
    path = "/api/v2/analytics/conversations/details/query"
    primary_keys = ("_id",)
    replication_key = "day"
    selected_by_default = False
    #: The aggregates' count, and the details' of each medium.
    requests_of_window = 1 + len(reconciliation_rows.MEDIA)
    aggregates_path = "/api/v2/analytics/conversations/aggregates/query"

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return days(start, end, "UTC")

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return self.question("voice")

    def question(self, medium: str) -> dict[str, Any]:
        """Return the body of the query for the number of conversations of a medium."""
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

        The vendor counts whole days that an interval touches, and does not document whether its end
        belongs to it: with the next midnight, each day could count twice.
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
        content = body(self.call("POST", self.path, data=self.question(medium), shape=shape))
        return int(content.get("totalHits") or 0)

    @override
    def probes(self, parent: Sample | None, day: Window) -> Probes:
        probes = super().probes(parent, day)
        aggregates = HTTPRequest(
            url=f"{self.url_base}{self.aggregates_path}",
            method="POST",
            data=self._aggregate_question(day),
        )
        return replace(probes, requests=[*probes.requests, aggregates])

    def _aggregate_question(self, window: Window) -> dict[str, Any]:
        question: dict[str, Any] = {
            "interval": str(window),
            "granularity": "P1D",
            "groupBy": ["mediaType"],
            "metrics": ["nConversations"],
        }
        if narrowed := self.run.org_filters.filter_of("conversation_aggregates"):
            question["filter"] = narrowed
        return question

    def _aggregated(self) -> dict[str, int]:
        question = self._aggregate_question(self.window)
        response = self.call("POST", self.aggregates_path, data=question, shape=_AGGREGATES)
        content = body(response)
        counted: dict[str, int] = {}
        for row in aggregate_rows.rows(content, "P1D"):
            medium = str(row.get("mediaType") or "unknown")
            counted[medium] = counted.get(medium, 0) + int(row.get("count") or 0)
        return counted


class ConversationSummaries(WindowedStream):
    """Conversations summed up by medium and queue, one row per cell of a fixed UTC grid.

    The operation is not in the vendor's published API; its request and response are known from
    users' reports only. Where it answers 404, the stream is skipped.

    All rows of a cell have the `_readAt` of its reading. A conversation that changes its group
    while it goes on (it had no queue, now it has one) can leave a group behind that no longer
    exists, and an upsert does not delete its row: so take, for each `dateFrom`, the rows with the
    newest `_readAt`. All rows of a cell are emitted or none: a cell whose rows are those that an
    earlier run emitted is left out.

    More than a declaration: rows have no key, and their response many forms.
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
        # The look-back of a day touches the cells of a day, one more, and the present one.
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
        """Return whether no row of the cell can be missing, whatever is accepted as whole."""
        completeness = self.paginator.completeness
        return not (completeness.holes or completeness.fewer or self.holes.has_unusable)

    @override
    def parts_of(self, window: Window) -> tuple[Window, Window] | None:
        # A cell is part of its rows' keys: those of halves would count beside the whole's.
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
        # The keys first: a hash that took in our own columns would change with each reading.
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
