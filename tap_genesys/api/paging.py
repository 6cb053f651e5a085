"""The ways of paging of listings, one class per way of the vendor's.

A paging value adds the page to a request, and returns the paginator that finds the next page's
token in a response.
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
        label: The name of the stream, for a message.
        base_url: The API's base URL.
        page_size: Records per page, as requested.
        counted: Returns the paginator of numbered pages.
    """

    label: str
    base_url: str
    page_size: int
    counted: Callable[[], CountedPaginator]


class Paging(Protocol):
    """A way of paging."""

    @property
    def max_page_size(self) -> int:
        """Records per page that the endpoint allows, as far as known."""

    #: The shape that a response must have for its page token to be read.
    shape: ClassVar[dict[str, Any]]
    #: Whether responses have counts, by which completeness can be checked.
    is_counted: ClassVar[bool]

    def paginator(self, context: PagingContext) -> BaseAPIPaginator[Any]:
        """Return the paginator that finds the next page's token in a response."""

    def requested(self, request: HTTPRequest, token: Any, context: PagingContext) -> HTTPRequest:  # noqa: ANN401
        """Return the request for a page.

        Args:
            request: The request without paging, which may be modified.
            token: The page token; None or empty for the first page.
            context: The facts about the stream.
        """


@dataclass(frozen=True, slots=True)
class PageNumbers:
    """Numbered pages: `{"entities": [...], "pageSize": 25, "pageNumber": 1, "pageCount": 3}`.

    Args:
        max_page_size: Records per page that the endpoint allows, as far as known.
    """

    max_page_size: int = 100
    # No count is required: one that is no number is ignored.
    shape: ClassVar[dict[str, Any]] = {}
    is_counted: ClassVar[bool] = True

    def paginator(self, context: PagingContext) -> BaseAPIPaginator[Any]:
        """Return a paginator that compares the counts with the received records."""
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

    The link is relative and already encoded, and is used as it is. A host in it is ignored, so that
    the token is not sent to another one. A page may be empty and yet have a next one.

    Args:
        size_param: The parameter of the page size; empty if the endpoint has none.
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
        """Return the first request with its page size, or the request of the link."""
        if not token:
            size = {self.size_param: context.page_size} if self.size_param else {}
            request.params = {**request.params, **size}
            return request
        try:
            link = urlsplit(token)
        except ValueError as error:
            msg = f"{context.label}: the link to the next page cannot be followed: {error}."
            raise StopRun(msg) from error
        # Without the slash, a path such as `@host` would change the host.
        request.url = f"{context.base_url}/{link.path.lstrip('/')}?{link.query}"
        request.params, request.data = {}, None
        return request


@dataclass(frozen=True, slots=True)
class Cursor:
    """A cursor, valid for a day: `{"entities": [...], "cursors": {"after": "abc"}}`."""

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
    """A token for the body of the next request: `{"entities": [...], "after": "abc"}`.

    Args:
        query: The rest of the body; an empty list of filters lists all records.
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
    """Yield the promised pages after the present one; none unless pages are numbered."""
    return paginator.ahead() if isinstance(paginator, CountedPaginator) else iter(())


def _after_of_cursors(content: Record) -> str | None:
    after = (content.get("cursors") or {}).get("after")
    return str(after) if after else None
