"""How a listing is paged: one value for each of the vendor's ways, which owns both halves.

A value says how the next page is requested, and makes the paginator that reads in a response
whether there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import urlsplit

from singer_sdk.pagination import BaseAPIPaginator, SinglePagePaginator

from tap_genesys.api.pagination import CountedPaginator, TokenPaginator
from tap_genesys.api.shape import TEXT, TOKEN
from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.streams.rest import HTTPRequest

    from tap_genesys.api.page_steps import Page
    from tap_genesys.api.response import Record


@dataclass(frozen=True, slots=True)
class PagingContext:
    """The facts about a stream that its paging needs.

    Args:
        label: The stream, for a message.
        base_url: The API's base URL.
        page_size: How many records a page is requested to hold.
        counted: Makes the paginator of numbered pages.
    """

    label: str
    base_url: str
    page_size: int
    counted: Callable[[], CountedPaginator]


class Paging(Protocol):
    """A way of paging."""

    @property
    def max_page_size(self) -> int:
        """How many records a page the endpoint allows, as far as known."""

    #: The shape that a response needs for its next page to be found.
    shape: ClassVar[dict[str, Any]]
    #: Whether the pages are counted, so that it can be judged whether all have come.
    is_counted: ClassVar[bool]

    def paginator(self, context: PagingContext) -> BaseAPIPaginator[Any]:
        """Return the paginator that finds the next page's token in a response."""

    def requested(self, request: HTTPRequest, token: Any, context: PagingContext) -> HTTPRequest:  # noqa: ANN401
        """Return the request for a page.

        Args:
            request: The request without its paging, which may be changed.
            token: The page's token; None, or an empty one, for the first page.
            context: The facts about the stream.
        """


@dataclass(frozen=True, slots=True)
class PageNumbers:
    """Numbered pages: `{"entities": [...], "pageSize": 25, "pageNumber": 1, "pageCount": 3}`.

    Args:
        max_page_size: How many records a page the endpoint allows, as far as known.
    """

    max_page_size: int = 100
    # Counts are never needed: one that is none is worth nothing.
    shape: ClassVar[dict[str, Any]] = {}
    is_counted: ClassVar[bool] = True

    def paginator(self, context: PagingContext) -> BaseAPIPaginator[Any]:
        """Return a paginator that checks the counts against the records that come."""
        return context.counted()

    def requested(
        self, request: HTTPRequest, token: Page | None, context: PagingContext
    ) -> HTTPRequest:
        """Return the request with `pageSize` and `pageNumber`."""
        number = token.number if token else 1
        request.params = {**request.params, "pageSize": context.page_size, "pageNumber": number}
        return request


@dataclass(frozen=True, slots=True)
class NextLink:
    """A link to the next page: `{"entities": [...], "nextUri": "/api/v2/teams?after=abc"}`.

    The link is relative and already encoded, and is used as it is; a host that it names plays no
    part, so that the token goes to no other one. A page may be empty and yet have a next one.

    Args:
        size_param: The parameter of the page's size; empty where it cannot be requested.
    """

    size_param: str = "pageSize"
    max_page_size: ClassVar[int] = 100
    shape: ClassVar[dict[str, Any]] = {"nextUri": TEXT}
    is_counted: ClassVar[bool] = False

    def paginator(self, context: PagingContext) -> BaseAPIPaginator[Any]:
        """Return a paginator that follows `nextUri`."""
        return TokenPaginator(context.label, lambda content: content.get("nextUri") or None)

    def requested(
        self, request: HTTPRequest, token: str | None, context: PagingContext
    ) -> HTTPRequest:
        """Return the first request with its size, or the one that the link names."""
        if not token:
            size = {self.size_param: context.page_size} if self.size_param else {}
            request.params = {**request.params, **size}
            return request
        try:
            link = urlsplit(token)
        except ValueError as error:
            msg = f"{context.label}: the link to the next page cannot be followed: {error}."
            raise StopRun(msg) from error
        # Without the slash, a path such as `@host` would be taken for a part of the host's name.
        request.url = f"{context.base_url}/{link.path.lstrip('/')}?{link.query}"
        request.params, request.data = {}, None
        return request


@dataclass(frozen=True, slots=True)
class Cursor:
    """A cursor, which lives for a day: `{"entities": [...], "cursors": {"after": "abc"}}`."""

    max_page_size: ClassVar[int] = 200
    shape: ClassVar[dict[str, Any]] = {"cursors": {"after": TOKEN}}
    is_counted: ClassVar[bool] = False

    def paginator(self, context: PagingContext) -> BaseAPIPaginator[Any]:
        """Return a paginator that follows `cursors.after`."""
        return TokenPaginator(context.label, _after_of_cursors)

    def requested(
        self, request: HTTPRequest, token: str | None, context: PagingContext
    ) -> HTTPRequest:
        """Return the request with `limit` and `cursor`."""
        cursor = {"cursor": token} if token else {}
        request.params = {**request.params, "limit": context.page_size, **cursor}
        return request


@dataclass(frozen=True, slots=True)
class BodyToken:
    """A token that goes into the next request's body: `{"entities": [...], "after": "abc"}`.

    Args:
        query: The rest of the body; without filters, all are listed.
    """

    query: Record = field(default_factory=lambda: {"filters": []})
    max_page_size: ClassVar[int] = 200
    shape: ClassVar[dict[str, Any]] = {"after": TOKEN}
    is_counted: ClassVar[bool] = False

    def paginator(self, context: PagingContext) -> BaseAPIPaginator[Any]:
        """Return a paginator that follows `after`."""
        return TokenPaginator(context.label, lambda content: content.get("after") or None)

    def requested(
        self, request: HTTPRequest, token: str | None, context: PagingContext
    ) -> HTTPRequest:
        """Return the request with `pageSize` and `after` in its body."""
        after = {"after": token} if token else {}
        request.data = {**self.query, "pageSize": context.page_size, **after}
        return request


@dataclass(frozen=True, slots=True)
class SinglePage:
    """No paging: all records are in one response."""

    max_page_size: ClassVar[int] = 100
    shape: ClassVar[dict[str, Any]] = {}
    is_counted: ClassVar[bool] = False

    def paginator(self, context: PagingContext) -> BaseAPIPaginator[Any]:  # noqa: ARG002
        """Return a paginator that ends after one page."""
        return SinglePagePaginator()

    def requested(
        self,
        request: HTTPRequest,
        token: object,  # noqa: ARG002 - there is none
        context: PagingContext,  # noqa: ARG002 - nor a size
    ) -> HTTPRequest:
        """Return the request as it is."""
        return request


def pages_ahead(paginator: BaseAPIPaginator[Any]) -> Iterator[Page]:
    """Yield the pages that are promised after the present one; only numbers are known ahead."""
    return paginator.ahead() if isinstance(paginator, CountedPaginator) else iter(())


def _after_of_cursors(content: Record) -> str | None:
    after = (content.get("cursors") or {}).get("after")
    return str(after) if after else None
