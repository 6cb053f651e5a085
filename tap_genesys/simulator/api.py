"""How Genesys Cloud tells it: operations, their limits, and the words of their refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.answers import (
    Answer,
    counted,
    error,
    listing,
    page_of,
    pages_of,
)
from tap_genesys.simulator.conversation import stamp
from tap_genesys.simulator.filtering import InvalidFilterError, passes
from tap_genesys.simulator.summing import GROUPINGS, METRICS, summaries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_genesys.simulator.world import World

Row = dict[str, Any]

_DAY = timedelta(days=1)
_MOMENT = timedelta(milliseconds=1)
_DETAILS_FIELDS = {
    "interval", "order", "orderBy", "paging", "conversationFilters", "segmentFilters",
}  # fmt: skip
_SUMMARY_FIELDS = {"pageSize", "pageNumber", "dateFrom", "dateTo", "groupings", "metrics"}


class RefusedError(Exception):
    """The query is refused: 400, in the vendor's words where they are known."""


@dataclass
class Habits:
    """How this Genesys Cloud behaves where the vendor's words leave it open, or users differ.

    Args:
        interval_reading: `touched-days` returns all that started on a UTC day that the interval
            touches; `overlap` only those of them that also overlap the interval.
        interval_bounds: Which bounds belong to the interval: `[)`, `[]`, `(]` or `()`.
        ceiling: How many rows of a query can be paged through.
        largest_page: What a details page is clamped to.
        counts: How summary pages are counted, one of `answers.COUNTS`.
        total_hits: How the rows of a details query are counted, one of `answers.COUNTS`.
        details_shape: `vendor`, or `gateway` for `entities` and `pageCount`.
        summaries: Whether the org has summary queries at all.
        summary_shape: `nested` groupings and metrics, `flat` fields, or `own-id` with ids.
    """

    interval_reading: str = "touched-days"
    interval_bounds: str = "[)"
    ceiling: int = 100_000
    largest_page: int = 100
    counts: str = "right"
    total_hits: str = "right"
    details_shape: str = "vendor"
    summaries: bool = True
    summary_shape: str = "nested"


@dataclass
class Api:
    """The operations that need a token.

    Args:
        world: What is true.
        habits: How it is told.
    """

    world: World
    habits: Habits = field(default_factory=Habits)

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Row | None) -> Answer:
        """Answer a request."""
        operations: dict[tuple[str, str], Callable[[], Answer]] = {
            ("POST", "/api/v2/analytics/conversations/details/query"): lambda: self._details(body),
            ("POST", "/api/v2/analytics/conversations/summary/queries"): lambda: self._sums(body),
            ("GET", "/api/v2/users"): lambda: self._listing(path, query, self._users(query)),
            ("GET", "/api/v2/routing/queues"): lambda: self._listing(
                path, query, self.world.queues()
            ),
            ("GET", "/api/v2/routing/wrapupcodes"): lambda: self._listing(
                path, query, self.world.wrapup_codes()
            ),
            ("GET", "/api/v2/authorization/divisions"): lambda: self._listing(
                path, query, self.world.divisions()
            ),
        }
        operation = operations.get((method, path))
        if operation is None:
            if any(known == path for _method, known in operations):
                return error(405, "method.not.allowed", "HTTP 405 Method Not Allowed")
            return error(404, "not found", "HTTP 404 Not Found")
        try:
            return operation()
        except (RefusedError, InvalidFilterError) as refusal:
            return error(400, "bad.request", str(refusal))

    def _details(self, body: Row | None) -> Answer:
        query = _known_fields(body, _DETAILS_FIELDS)
        start, end = _interval(query.get("interval"))
        filters = query.get("conversationFilters") or [], query.get("segmentFilters") or []
        longest = 31 if any(filters) else 7
        if end - start > longest * _DAY:
            msg = (
                "You must specify a search interval as part of your query that does not exceed "
                f"{longest} days"
            )
            raise RefusedError(msg)
        number, size = self._paging(query.get("paging"))
        if self._is_by_day(query, filters):
            numbers = self.world.numbers(*self._touched_days(start, end))
            rows = [self.world.conversation(one) for one in page_of(numbers, number, size)]
            return self._told(rows, len(numbers), number, size)
        rows = self._found(start, end, query, filters)
        return self._told(page_of(rows, number, size), len(rows), number, size)

    def _is_by_day(self, query: Row, filters: tuple[list[Row], list[Row]]) -> bool:
        """Return whether the answer is whole days in order, of which only a page need be made."""
        in_order = query.get("order", "asc"), query.get("orderBy", "conversationStart")
        plain = in_order == ("asc", "conversationStart") and not any(filters)
        return plain and self.habits.interval_reading == "touched-days"

    def _paging(self, paging: object) -> tuple[int, int]:
        if paging is None:
            return 1, 25
        if not isinstance(paging, dict) or set(paging) != {"pageSize", "pageNumber"}:
            msg = "paging needs pageSize and pageNumber"
            raise RefusedError(msg)
        number, size = _positive(paging, "pageNumber", 1), _positive(paging, "pageSize", 25)
        size = min(size, self.habits.largest_page)
        if number * size > self.habits.ceiling:
            msg = f"Pagination may not exceed {self.habits.ceiling} results."
            raise RefusedError(msg)
        return number, size

    def _found(
        self, start: datetime, end: datetime, query: Row, filters: tuple[list[Row], list[Row]]
    ) -> list[Row]:
        first, last = self._touched_days(start, end)
        rows = [
            row
            for row in self.world.conversations(first, last)
            if self._overlaps(row, start, end) and (not any(filters) or passes(row, *filters))
        ]
        order, by = query.get("order", "asc"), query.get("orderBy", "conversationStart")
        if order not in ("asc", "desc", "unordered"):
            msg = f"Value [{order}] is not valid for field type [Order]."
            raise RefusedError(msg)
        if by not in ("conversationStart", "conversationEnd"):
            msg = f"Value [{by}] is not simulated for field type [OrderBy]."
            raise RefusedError(msg)
        rows.sort(key=lambda row: row.get(by, "9"), reverse=order == "desc")
        return rows

    def _touched_days(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """Return the whole UTC days that the interval touches, its bounds as the habits have it."""
        last = end if self.habits.interval_bounds[1] == "]" else end - _MOMENT
        return _midnight(start), _midnight(last) + _DAY

    def _overlaps(self, row: Row, start: datetime, end: datetime) -> bool:
        if self.habits.interval_reading == "touched-days":
            return True
        opens_with_start = self.habits.interval_bounds[0] == "["
        closes_with_end = self.habits.interval_bounds[1] == "]"
        began, ended = str(row["conversationStart"]), str(row.get("conversationEnd", "9"))
        first, last = stamp(start), stamp(end)
        in_time = ended >= first if opens_with_start else ended > first
        return in_time and (began <= last if closes_with_end else began < last)

    def _told(self, rows: Sequence[Row], total: int, number: int, size: int) -> Answer:
        pages = pages_of(total, size)
        if self.habits.details_shape == "gateway":
            header, count = counted(self.habits.total_hits, pages)
            body: Row = {"entities": rows, "pageSize": size, "pageNumber": number}
            body |= {} if count is None else {"pageCount": count}
            return Answer(body=body, headers={} if header is None else {"X-Page-Count": header})
        body = {"conversations": rows} if rows else {}
        hits = {"none": None, "zero": 0, "garbage": "many", "low": 1, "high": total + 2 * size}
        told = hits.get(self.habits.total_hits, total)
        return Answer(body=body if told is None else body | {"totalHits": told})

    def _sums(self, body: Row | None) -> Answer:
        if not self.habits.summaries:
            return error(404, "not found", "HTTP 404 Not Found")
        query = _known_fields(body, _SUMMARY_FIELDS)
        number, size = _positive(query, "pageNumber", 1), _positive(query, "pageSize", 25)
        if size > 250:
            msg = "pageSize may not exceed 250"
            raise RefusedError(msg)
        start, end = _moment(query.get("dateFrom")), _moment(query.get("dateTo"))
        groupings = _names(query.get("groupings"), GROUPINGS)
        metrics = _names(query.get("metrics"), METRICS)
        rows = summaries(
            self.world.conversations(start, end), groupings, metrics, self.habits.summary_shape
        )
        header, count = counted(self.habits.counts, pages_of(len(rows), size))
        answer: Row = {"entities": page_of(rows, number, size), "pageNumber": number}
        answer |= {} if count is None else {"pageCount": count}
        return Answer(body=answer, headers={} if header is None else {"X-Page-Count": header})

    def _users(self, query: Mapping[str, str]) -> list[Row]:
        state = query.get("state", "active")
        if state not in ("active", "inactive", "deleted", "any"):
            msg = f"Value [{state}] is not valid for field type [State]."
            raise RefusedError(msg)
        return [user for user in self.world.users() if state in ("any", user["state"])]

    def _listing(self, path: str, query: Mapping[str, str], rows: list[Row]) -> Answer:
        number = _positive(query, "pageNumber", 1)
        size = min(_positive(query, "pageSize", 25), 500)
        return Answer(body=listing(path, rows, number, size))


def _known_fields(body: Row | None, known: set[str]) -> Row:
    unknown = sorted(set(body or {}) - known)
    if body is None or unknown:
        msg = f"Unrecognized fields: {', '.join(unknown)}" if body else "a body is required"
        raise RefusedError(msg)
    return body


def _interval(text: object) -> tuple[datetime, datetime]:
    parts = str(text).split("/") if text else []
    if len(parts) != 2:
        msg = "You must specify a search interval as part of your query"
        raise RefusedError(msg)
    start, end = _moment(parts[0]), _moment(parts[1])
    if end <= start:
        msg = "The interval's end must be after its start"
        raise RefusedError(msg)
    return start, end


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as wrong:
        msg = f"{text!r} is not an ISO-8601 date"
        raise RefusedError(msg) from wrong
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _positive(values: Mapping[str, Any], name: str, default: int) -> int:
    value = values.get(name, default)
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        msg = f"{name} must be a positive number"
        raise RefusedError(msg)
    return number


def _names(value: object, known: tuple[str, ...]) -> list[str]:
    if not isinstance(value, list) or not value or not set(value) <= set(known):
        msg = f"Value [{value}] is not valid. Allowable values are: {', '.join(known)}"
        raise RefusedError(msg)
    return value
