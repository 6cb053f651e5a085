"""The forms of Genesys Cloud's responses: listings, counts, errors."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Row = dict[str, Any]
T = TypeVar("T")

#: How a response may count the pages and rows of a query.
COUNTS = {
    "right": "the true count",
    "none": "no count",
    "zero": "zero, although there are records",
    "garbage": "a word in place of a number",
    "high": "two pages too many",
    "low": "always one page",
    "string": "text in the body, in place of a number",
    "disagreeing": "the true count in the header, one page in the body",
}

#: The vendor's code and message for each status whose message does not depend on the request.
_MESSAGES = {
    401: ("bad.credentials", "Invalid login credentials."),
    404: ("not found", "HTTP 404 Not Found"),
    405: ("method.not.allowed", "HTTP 405 Method Not Allowed"),
    408: (
        "request.timeout",
        "The client did not produce a request within the server timeout limit.",
    ),
    413: ("request.entity.too.large", "The request is over the size limit. Maximum bytes: 512000"),
    429: (
        "too.many.requests.retry.after",
        "Rate limit exceeded the maximum. Retry the request in [3] seconds",
    ),
    500: ("internal.server.error", "The server encountered an unexpected condition."),
    502: ("bad.gateway", "Bad Gateway"),
    503: ("service.unavailable", "Service Unavailable - The server is currently unavailable."),
    504: ("request.timeout", "The request timed out."),
}


@dataclass
class SimulatedResponse:
    """A response: status, headers, and a body that becomes JSON."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def error(
    status: int,
    message: str = "",
    code: str = "",
    headers: Mapping[str, str] | None = None,
    limit: Row | None = None,
) -> SimulatedResponse:
    """Return an error in the vendor's form (`ErrorBody`), by default with its code and message.

    Args:
        status: The HTTP status.
        message: The text for people.
        code: The text for programs.
        headers: Headers beside the correlation id.
        limit: The `key`, `namespace` and `value` of the limit that was reached.
    """
    default_code, default_message = _MESSAGES.get(status, ("simulated.fault", "A simulated fault."))
    code, message = code or default_code, message or default_message
    context = str(uuid.uuid4())
    body: Row = {"message": message, "code": code, "status": status, "contextId": context}
    body |= {"details": [], "errors": []}
    if limit:
        body["limit"] = limit
    return SimulatedResponse(status, body, {"ININ-Correlation-Id": context, **(headers or {})})


def pages_of(total: int, size: int) -> int:
    """Return the number of pages that `total` rows take."""
    return -(-total // size)


def page_of(rows: Sequence[T], number: int, size: int) -> Sequence[T]:
    """Return the rows of a page; pages are numbered from 1."""
    return rows[(number - 1) * size : number * size]


def listing(path: str, query: Mapping[str, str], rows: list[Row], number: int, size: int) -> Row:
    """Return a page of a listing, without links to pages that do not exist.

    Links keep the other parameters of the request, so that following them reads one list.
    """
    pages = pages_of(len(rows), size)
    parameters = {name: query[name] for name in query if name not in ("pageSize", "pageNumber")}

    def uri(page: int) -> str:
        return f"{path}?{urlencode({'pageSize': size, 'pageNumber': page, **parameters})}"

    body: Row = {
        "entities": page_of(rows, number, size),
        "pageSize": size,
        "pageNumber": number,
        "total": len(rows),
        "pageCount": pages,
        "firstUri": uri(1),
        "lastUri": uri(max(pages, 1)),
        "selfUri": uri(number),
    }
    if number < pages:
        body["nextUri"] = uri(number + 1)
    if number > 1:
        body["previousUri"] = uri(number - 1)
    return body


def counted(kind: str, number: int, much: int = 2) -> tuple[str | None, int | str | None]:
    """Return the counts in header and body, in one of the ways of `COUNTS`.

    Args:
        kind: A key of `COUNTS`.
        number: The true count of pages or rows.
        much: The number that `high` adds.
    """
    header, body = _WAYS[kind](number, much)
    return None if header is None else str(header), body


_WAYS: dict[str, Callable[[int, int], tuple[int | str | None, int | str | None]]] = {
    "right": lambda number, _much: (number, number),
    "none": lambda _number, _much: (None, None),
    "zero": lambda _number, _much: (0, 0),
    "garbage": lambda _number, _much: ("many", "many"),
    "high": lambda number, much: (number + much, number + much),
    "low": lambda _number, _much: (1, 1),
    "string": lambda number, _much: (number, str(number)),
    "disagreeing": lambda number, _much: (number, 1),
}
