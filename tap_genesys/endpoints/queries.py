"""The details query: what it may be asked for, and which of its rows belong to a window."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_genesys.api.response import Record, refusal
from tap_genesys.endpoints.query_or_job import QueryOrJobStream
from tap_genesys.errors import TooManyRows
from tap_genesys.replication.windows import Window, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

#: The vendor's limits to a query's interval, without and with a filter.
LONGEST_UNFILTERED = timedelta(days=7)
LONGEST_FILTERED = timedelta(days=31)
_CEILING = re.compile(r"Pagination may not exceed", re.IGNORECASE)


class DetailsQueryStream(QueryOrJobStream):
    """Asks for what started in a window, and prints nothing else, however the server reads it.

    A query returns what started on a UTC day that the interval touches, or only those of them that
    overlap it; whether the bounds belong to it is not said.
    """

    #: Rows that started at the end of the last window, where the next one begins: a server whose
    #: interval includes its end but not its start sends them with this window, not with the next.
    _at_end: dict[str, Record]
    _owed: dict[str, Record]

    @override
    def question(self, window: Window) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "interval": str(window),
            "order": "asc",
            "orderBy": "conversationStart",
        }
        return asked | {name: filters for name, filters in self._filters.items() if filters}

    @cached_property
    def _filters(self) -> dict[str, list[dict[str, Any]]]:
        org_filters = self.run.org_filters
        return {
            "conversationFilters": [
                *(self.config.get("conversation_filters") or []),
                *org_filters.conversation_filters(),
            ],
            "segmentFilters": [
                *(self.config.get("segment_filters") or []),
                *org_filters.segment_filters(),
            ],
        }

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        longest = LONGEST_FILTERED if any(self._filters.values()) else LONGEST_UNFILTERED
        wanted = timedelta(days=float(self.config["window_days"]))
        if wanted > longest:
            self.logger.info(
                "window_days %g is lowered to %d, the most that %s allows.",
                float(self.config["window_days"]),
                longest.days,
                self.path,
            )
        self._at_end = {}
        yield from split(start, end, min(wanted, longest))

    @override
    def begin_window(self) -> None:
        # A window that is read again on its own does not begin where the last one ended.
        self._owed = {
            name: record
            for name, record in self._at_end.items()
            if moment(record, "conversationStart") == self.window.start
        }
        self._at_end = {}

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        for record in super().parse_response(response):
            start = moment(record, "conversationStart")
            if start is None or start in self.window:
                self._owed.pop(record.get("conversationId", ""), None)
                yield record
            elif start == self.window.end:
                self._at_end[record.get("conversationId", "")] = record

    @override
    def rest_of_window(self) -> Iterator[Record]:
        yield from self._owed.values()

    @override
    def validate_response(self, response: requests.Response) -> None:
        is_judged = not self.is_accepted(response)
        is_refused = response.status_code == HTTPStatus.BAD_REQUEST
        if is_judged and is_refused and _CEILING.search(refusal(response)):
            raise TooManyRows(self.response_error_message(response))
        super().validate_response(response)


def moment(record: Record, field: str) -> datetime | None:
    """Return a moment of a record; None where there is none, or none that can be read."""
    try:
        return parse(record[field])
    except (KeyError, TypeError, ValueError):
        return None
