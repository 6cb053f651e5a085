"""How Genesys Cloud says things: listings, counts, errors."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]
T = TypeVar("T")

#: How the pages and rows of a query may be counted.
COUNTS = {
    "right": "as many as there are",
    "none": "nothing is said",
    "zero": "zero, beside records",
    "garbage": "a word that is no number",
    "high": "two more pages than there are",
    "low": "one page, whatever there is",
    "disagreeing": "the header is right, the body says one",
}


@dataclass
class Answer:
    """What goes back: a status, headers, and a body that becomes JSON."""

    status: int = 200
    body: Row = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an error as the vendor tells it (`ErrorBody`)."""
    context = str(uuid.uuid4())
    body: Row = {"message": message, "code": code, "status": status, "contextId": context}
    body |= {"details": [], "errors": []}
    return Answer(status, body, {"ININ-Correlation-Id": context, **(headers or {})})


def pages_of(total: int, size: int) -> int:
    """Return how many pages hold so many rows."""
    return -(-total // size)


def page_of(rows: Sequence[T], number: int, size: int) -> Sequence[T]:
    """Return the rows of a page; pages are numbered from 1."""
    return rows[(number - 1) * size : number * size]


def listing(path: str, rows: list[Row], number: int, size: int) -> Row:
    """Return a page of a listing; a link to a page that does not exist is absent."""
    pages = pages_of(len(rows), size)

    def uri(page: int) -> str:
        return f"{path}?pageSize={size}&pageNumber={page}"

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


def counted(kind: str, pages: int) -> tuple[str | None, int | None]:
    """Return what header and body say of so many pages, told in one of the ways of `COUNTS`."""
    header, body = {
        "right": (str(pages), pages),
        "none": (None, None),
        "zero": ("0", 0),
        "garbage": ("many", None),
        "high": (str(pages + 2), pages + 2),
        "low": ("1", 1),
        "disagreeing": (str(pages), 1),
    }[kind]
    return header, body
