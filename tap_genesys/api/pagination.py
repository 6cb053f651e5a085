"""Paginators: numbered pages by the steps of `page_steps`, and pages with a token.

Tokens are followed until a page has none, or a token repeats, which is an error.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from singer_sdk.pagination import BaseAPIPaginator
from typing_extensions import override

from tap_genesys.api.completeness import Completeness
from tap_genesys.api.page_steps import Page, PageRecords, PageState, Step, step_after
from tap_genesys.api.response import Record, body, counts, records
from tap_genesys.errors import StopRun, TooManyRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from tap_genesys.api.response import PageCounts

#: More pages than any query has: ends the paging if a server always promises one more.
LAST_PAGE = 100_000
_PAST_LAST_PAGE = "has more pages than can be requested"


def endless_pages(where: str) -> StopRun:
    """Return the error for page tokens without an end; `where` names stream and window."""
    return StopRun(f"{where}: the pages have no end.")


class NumberedPaginator(BaseAPIPaginator[Page]):
    """Numbered pages, each of which can be requested again.

    A subclass decides on a step after each page; this class executes it.

    Args:
        page_size: Rows per page, as requested.
        where: The names of stream and window, for a message.
        empty_tries: Retries of a promised page that is empty.
        wait: Called before each of these retries.
    """

    def __init__(
        self, *, page_size: int, where: str, empty_tries: int, wait: Callable[[], None]
    ) -> None:
        super().__init__(Page(1))
        self._page_size = page_size
        self._where = where
        self._empty_tries = empty_tries
        self._wait = wait
        self._full_size = 0
        self.completeness = Completeness(page_size)

    @property
    @abstractmethod
    def promised(self) -> str:
        """The counts as text, for a message."""

    @property
    @abstractmethod
    def _counts(self) -> PageCounts:
        """The counts of the pages so far."""

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        return True  # `get_next` decides, for empty pages and others alike

    def check_ceiling(self, response: requests.Response) -> None:
        """Accept any count: the endpoint has no known limit of rows."""

    def ahead(self) -> Iterator[Page]:
        """Yield the promised pages after the present one, for prefetch."""
        last = min(self._state(rows=0).promised_pages, self._last_page)
        for number in range(self.current_value.number + 1, last + 1):
            yield Page(number)

    @property
    def _last_page(self) -> int:
        """The last page that can be requested."""
        return LAST_PAGE

    def _state(self, rows: int, *, is_repetition: bool = False) -> PageState:
        return PageState(
            page=self.current_value,
            rows=rows,
            received=self.completeness.received,
            in_holes=self.completeness.in_holes,
            counts=self._counts,
            requested_size=self._page_size,
            full_size=self._full_size,
            empty_tries=self._empty_tries,
            is_repetition=is_repetition,
        )

    def _follow(self, step: Step, refusal: str) -> Page | None:
        """Wait if a step requires it, and return the page that it leads to; None at the end.

        Args:
            step: The step after the present page.
            refusal: The error's text about the present page, if it repeats the one before.

        Raises:
            StopRun: The page repeats the one before, or is the last that can be requested.
            TooManyRows: The page is the last that can be requested, and the window can be split.
        """
        page = self.current_value
        if step is Step.REFUSE:
            msg = f"{self._where}: page {page.number} {refusal}"
            raise StopRun(msg)
        if step is Step.AGAIN:
            self._wait()
        self.completeness.stale_count = step is Step.STALE
        following = page.after(step)
        if following and following.number > self._last_page:
            raise self._past_last_page()
        return following

    def _past_last_page(self) -> Exception:
        """Return the error for a page after the last one that can be requested."""
        return StopRun(f"{self._where}: {_PAST_LAST_PAGE} ({LAST_PAGE:,}).")


class CountedPaginator(NumberedPaginator):
    """Numbered pages, led by header and body counts and by empty-page checks.

    With two records per page, the first page promises a second one, which is the last::

        {"conversations": [{"conversationId": "a"}, {"conversationId": "b"}], "totalHits": 3}
        {"conversations": [{"conversationId": "c"}], "totalHits": 3}

    `step_after` decides after each page; `completeness` has the missing rows afterwards.

    Args:
        page_size: Records per page, as requested.
        where: The names of stream and window, for a message.
        identity: The field that identifies a record; records without it are compared as a whole.
        empty_tries: Retries of a promised page that is empty.
        wait: Called before each of these retries.
        ceiling: Rows that the endpoint pages through, at most; None without a known limit.
    """

    def __init__(
        self,
        *,
        page_size: int,
        where: str,
        identity: str,
        empty_tries: int,
        wait: Callable[[], None],
        ceiling: int | None = None,
    ) -> None:
        super().__init__(page_size=page_size, where=where, empty_tries=empty_tries, wait=wait)
        self._identity = identity
        self._ceiling = ceiling
        self._previous = PageRecords([], None)

    @override
    def get_next(self, response: requests.Response) -> Page | None:
        rows = records(response)
        self.completeness.expect(counts(response), self.current_value.number)
        is_repetition = bool(rows) and not self._add(rows)
        state = self._state(len(rows), is_repetition=is_repetition)
        self.completeness.page_size = state.page_size
        refusal = (
            f"holds the same {len(rows)} records as the page before; the server ignores pageNumber."
        )
        return self._follow(step_after(state), refusal)

    @override
    def check_ceiling(self, response: requests.Response) -> None:
        """Raise an error for a window with more rows than can be paged through, before paging.

        Raises:
            TooManyRows: The first page promises as many rows as the ceiling, or more.
        """
        self.completeness.expect(counts(response), self.current_value.number)
        if self._ceiling is None or self.completeness.received:
            return
        promise = self.completeness.counts
        rows = promise.rows
        if promise.pages is not None:
            # All pages but the last are full; the last has at least one row.
            size = promise.page_size or self._page_size
            rows = max(promise.pages - 1, 0) * size + 1
        if rows is not None and rows >= self._ceiling:
            raise TooManyRows(self._too_many(f"promises {rows:,} rows"), rows)

    @property
    @override
    def promised(self) -> str:
        promise = self.completeness.counts
        if promise.pages is not None:
            return f"{promise.pages:,} pages"
        return "no count" if promise.rows is None else f"{promise.rows:,} rows"

    @property
    @override
    def _counts(self) -> PageCounts:
        return self.completeness.counts

    @property
    @override
    def _last_page(self) -> int:
        return LAST_PAGE if self._ceiling is None else max(1, self._ceiling // self._page_size)

    def _add(self, rows: list[Any]) -> bool:
        """Add the records of the present page, unless they are those of the page before."""
        promise, page = self.completeness.counts, self.current_value
        # A row that is no object is unusable, but counts as a row of the page.
        identities = [
            row.get(self._identity, row) if isinstance(row, dict) else row for row in rows
        ]
        content = PageRecords(identities, promise.rows)
        if content.repeats(self._previous):
            return False
        self._previous = content
        if page.beyond_empty:
            size = self._full_size or self._page_size
            self.completeness.add_hole(page.number - 1, size, self.promised)
        self.completeness.add_page(content.identities)
        self._full_size = promise.page_size or self._full_size or len(rows)
        return True

    @override
    def _past_last_page(self) -> Exception:
        if self._ceiling is None:
            return super()._past_last_page()
        return TooManyRows(self._too_many(_PAST_LAST_PAGE))

    def _too_many(self, what: str) -> str:
        return (
            f"{self._where}: {what}; Genesys Cloud pages through {self._ceiling:,} at most. "
            "Lower window_days, or narrow the filters."
        )


class TokenPaginator(BaseAPIPaginator[str]):
    """Pages with the token of the next page: a link or a cursor.

    A page may be empty, and yet have a next one; the last page has no token::

        {"entities": [], "nextUri": "/api/v2/users?cursor=a"}
        {"entities": [{"id": "a"}], "nextUri": "/api/v2/users?cursor=b"}
        {"entities": []}

    Args:
        where: The name of the stream, for a message.
        next_of: Returns the next page's token from a response's body; None without one.
    """

    def __init__(self, where: str, next_of: Callable[[Record], str | None]) -> None:
        super().__init__("")
        self._where = where
        self._next_of = next_of
        self._tokens: set[str] = set()

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        return True

    @override
    def get_next(self, response: requests.Response) -> str | None:
        token = self._next_of(body(response))
        if token and (token in self._tokens or len(self._tokens) == LAST_PAGE):
            raise endless_pages(self._where)
        if token:
            self._tokens.add(token)
        return token
