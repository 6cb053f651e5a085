"""Reconciliation of the vendor's counts of conversations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_genesys.api.response import body
from tap_genesys.endpoints.windowed import UNSETTLED, WindowedStream
from tap_genesys.records import aggregate_rows, reconciliation_rows
from tap_genesys.replication.cells import days
from tap_genesys.replication.windows import Window, iso

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.pagination import Page
    from tap_genesys.api.response import Record


class ConversationReconciliation(WindowedStream):
    """The number of conversations of a UTC day and medium, in the details and the aggregates.

    Both counts are the vendor's, told by different systems. Where they agree with each other and
    with the rows in the warehouse, nothing is missing; docs/aggregates.md has the query for that,
    and the reasons for which they may legitimately differ.

    More than a declaration: two operations are asked for each row, and compared.
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
        """Return the body that asks how many conversations there are of a medium."""
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

        The vendor counts whole days that an interval touches, and does not say whether its end
        belongs to it: with the next midnight, each day could count twice.
        """
        return Window(self.window.start, self.window.end - timedelta(milliseconds=1))

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        self.run.interruption.check()
        self.window = window
        counted = self._aggregated()
        media = sorted({*reconciliation_rows.MEDIA, *counted})
        found = reconciliation_rows.rows(
            window,
            {medium: self._hits(medium) for medium in media},
            counted,
            tolerance=float(self.config["reconciliation_tolerance"]),
            is_settled=window.end <= self.run.started - UNSETTLED,
        )
        read_at = iso(self.run.now())
        for row in found:
            yield {**row, "_extra": None, "_readAt": read_at}
        self.finish_window(whole=True)

    def _hits(self, medium: str) -> int:
        answer = body(self.call("POST", self.path, data=self.question(medium)))
        return int(answer.get("totalHits") or 0)

    @override
    def also_asks(self, window: Window) -> Iterator[tuple[str, dict[str, Any]]]:
        yield self.aggregates_path, self._aggregate_question(window)

    def _aggregate_question(self, window: Window) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "interval": str(window),
            "granularity": "P1D",
            "groupBy": ["mediaType"],
            "metrics": ["nConversations"],
        }
        if narrowed := self.run.org_filters.filter_of("conversation_aggregates"):
            asked["filter"] = narrowed
        return asked

    def _aggregated(self) -> dict[str, int]:
        asked = self._aggregate_question(self.window)
        answer = body(self.call("POST", self.aggregates_path, data=asked))
        counted: dict[str, int] = {}
        for row in aggregate_rows.rows(answer, "P1D"):
            medium = str(row.get("mediaType") or "unknown")
            counted[medium] = counted.get(medium, 0) + int(row.get("count") or 0)
        return counted


STREAMS = (ConversationReconciliation,)
