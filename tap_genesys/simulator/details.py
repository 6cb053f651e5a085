"""The details query of conversations: filters, paging, response."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.bodies import (
    RefusedError,
    checked_fields,
    interval,
    invalid_value,
    positive,
)
from tap_genesys.simulator.filtering import check, misplaced, passes
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import SimulatedResponse, counted, page_of, pages_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_genesys.simulator.habits import Habits
    from tap_genesys.simulator.world import World

Row = dict[str, Any]

_DAY = timedelta(days=1)
_MOMENT = timedelta(milliseconds=1)
_FIELDS = frozenset(("interval", "order", "orderBy", "paging"))
_FILTERS = ("conversationFilters", "segmentFilters")
_NOT_SIMULATED = ("aggregations", "evaluationFilters", "resolutionFilters", "surveyFilters")
_ORDERS = ("asc", "desc", "unordered")
#: Sorts after every timestamp, for a conversation without an end.
_NEVER = "9"


@dataclass
class Details:
    """The responses to details queries of conversations.

    Args:
        world: The org and its history.
        habits: The behaviour that the vendor leaves open.
        results: The numbers that the latest queries matched, so that the next page needs no second
            search.
    """

    world: World
    habits: Habits
    results: dict[str, Sequence[int]] = field(default_factory=dict)

    def respond(self, body: Row | None) -> SimulatedResponse:
        """Return the response to a query.

        Raises:
            RefusedError: The query is not valid.
        """
        query = _read(body)
        start, end = interval(query.get("interval"))
        filters = query["conversationFilters"], query["segmentFilters"]
        misplacement = self.habits.misplaced_predicates
        is_misplaced = misplacement != "ignore" and misplaced(*filters)
        if is_misplaced and misplacement == "refuse":
            msg = "A dimension is not valid for this type of filter"
            raise RefusedError(msg)
        longest = 31 if any(filters) else 7
        if end - start > longest * _DAY:
            msg = (
                "You must specify a search interval as part of your query that does not exceed "
                f"{longest} days"
            )
            raise RefusedError(msg)
        number, size = self._paging(query.get("paging"))
        numbers = () if is_misplaced else self._find(start, end, query)
        rows = [self.world.conversation(match) for match in page_of(numbers, number, size)]
        return self._response(rows, len(numbers), number, size)

    def _paging(self, paging: object) -> tuple[int, int]:
        if paging is None:
            return 1, 25
        if not isinstance(paging, dict) or set(paging) != {"pageSize", "pageNumber"}:
            msg = "paging needs pageSize and pageNumber"
            raise RefusedError(msg)
        number, size = positive(paging, "pageNumber", 1), positive(paging, "pageSize", 25)
        largest = self.habits.largest_page
        if size > largest and self.habits.oversized_page == "refuse":
            msg = f"pageSize may not exceed {largest}"
            raise RefusedError(msg)
        size = min(size, largest)
        if number * size > self.habits.ceiling:
            msg = f"Pagination may not exceed {self.habits.ceiling} results."
            raise RefusedError(msg)
        return number, size

    def _find(self, start: datetime, end: datetime, query: Row) -> Sequence[int]:
        """Return the numbers of the conversations that match a query, in its order."""
        numbers = self.world.indexed(*self._touched_days(start, end))
        by_start = query["orderBy"] == "conversationStart"
        filtered = query["conversationFilters"] or query["segmentFilters"]
        if self.habits.interval_reading == "touched-days" and by_start and not filtered:
            return numbers[::-1] if query["order"] == "desc" else numbers
        criteria = {name: value for name, value in query.items() if name != "paging"}
        world = (self.world.seed, self.world.per_day, stamp(self.world.since), self.world.profile)
        reading = (self.habits.interval_reading, self.habits.interval_bounds, stamp(self.world.now))
        key = json.dumps([criteria, world, reading], sort_keys=True)
        matches = self.results.get(key)
        if matches is None:
            matches = self._search(numbers, start, end, query)
            if len(self.results) >= 8:
                self.results.clear()
            self.results[key] = matches
        return matches

    def _search(
        self, numbers: Sequence[int], start: datetime, end: datetime, query: Row
    ) -> list[int]:
        filters = query["conversationFilters"], query["segmentFilters"]
        matches: list[tuple[str, int]] = []
        for number in numbers:
            row = self.world.conversation(number)
            if self._counts_in(row, start, end) and (not any(filters) or passes(row, *filters)):
                matches.append((row.get(query["orderBy"], _NEVER), number))
        matches.sort(reverse=query["order"] == "desc")
        return [number for _place, number in matches]

    def _touched_days(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """Return the whole UTC days that an interval with the habits' bounds touches."""
        last = end if self.habits.interval_bounds[1] == "]" else end - _MOMENT
        return _midnight(start), _midnight(last) + _DAY

    def _counts_in(self, row: Row, start: datetime, end: datetime) -> bool:
        """Return whether a conversation of a touched day is in the interval."""
        if self.habits.interval_reading == "touched-days":
            return True
        opens_with_start = self.habits.interval_bounds[0] == "["
        closes_with_end = self.habits.interval_bounds[1] == "]"
        began, ended = str(row["conversationStart"]), str(row.get("conversationEnd", _NEVER))
        first, last = stamp(start), stamp(end)
        in_time = ended >= first if opens_with_start else ended > first
        return in_time and (began <= last if closes_with_end else began < last)

    def _response(self, rows: list[Row], total: int, number: int, size: int) -> SimulatedResponse:
        pages = pages_of(total, size)
        if self.habits.details_shape == "gateway":
            header, count = counted(self.habits.total_hits, pages)
            _rows_header, rows_count = counted(self.habits.total_hits, total, much=2 * size)
            body: Row = {"entities": rows, "pageSize": size, "pageNumber": number}
            body |= {} if count is None else {"pageCount": count, "total": rows_count}
            return SimulatedResponse(
                body=body, headers={} if header is None else {"X-Page-Count": header}
            )
        body = {"conversations": rows} if rows else {}
        _header, hits = counted(self.habits.total_hits, total, much=2 * size)
        return SimulatedResponse(body=body if hits is None else body | {"totalHits": hits})


def _read(body: Row | None) -> Row:
    """Return a valid query, with default filters and order where it has none."""
    query = dict(checked_fields(body, _FIELDS.union(_FILTERS, _NOT_SIMULATED)))
    for name in _NOT_SIMULATED:
        if query.pop(name, None):
            msg = f"{name} are not simulated"
            raise RefusedError(msg)
    for name in _FILTERS:
        query[name] = query.get(name) or []
    check(*(query[name] for name in _FILTERS))
    query["order"] = query.get("order") or "asc"
    if query["order"] not in _ORDERS:
        raise invalid_value(query["order"], "Order", _ORDERS)
    query["orderBy"] = query.get("orderBy") or "conversationStart"
    if query["orderBy"] in ("segmentStart", "segmentEnd"):
        msg = f"Ordering by {query['orderBy']} is not simulated"
        raise RefusedError(msg)
    if query["orderBy"] not in ("conversationStart", "conversationEnd"):
        allowed = ("conversationStart", "conversationEnd", "segmentStart", "segmentEnd")
        raise invalid_value(query["orderBy"], "OrderBy", allowed)
    return query


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
