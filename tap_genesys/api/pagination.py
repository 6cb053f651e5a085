"""From one page to the next: counts that may be wrong, checked against the rows that come.

The vendor's details query responds with `{"conversations": [...], "totalHits": 1234}`, a listing
with `{"entities": [...], "pageSize": 25, "pageCount": 3}`, the summary queries, as users report,
with `{"entities": [...]}` and a header `X-Page-Count`. None of the counts can be trusted: they go
stale in both directions, are absent, or are zero beside records. So a count is only ever a reason
to look further, never the only reason to stop. A token is followed until a page has none, or one
comes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from singer_sdk.pagination import BaseAPIPaginator
from typing_extensions import override

from tap_genesys.api.completeness import Completeness
from tap_genesys.api.response import PageCounts, Record, body, counts, records
from tap_genesys.errors import StopRun, TooManyRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

#: No query has more pages than this; a server that always has one more ends here.
LAST_PAGE = 100_000
_PAST_LAST_PAGE = "goes on past the last page that can be asked for"


def endless_pages(where: str) -> StopRun:
    """Return the error for tokens of which none is the last; `where` names stream and window."""
    return StopRun(f"{where}: the pages have no end; the server goes round.")


def past_last_page(where: str) -> StopRun:
    """Return the error for a page after `LAST_PAGE`."""
    return StopRun(f"{where}: {_PAST_LAST_PAGE} ({LAST_PAGE:,}).")


class Step(Enum):
    """The step after a page."""

    #: The next page.
    NEXT = auto()
    #: The same page, after a wait.
    AGAIN = auto()
    #: The next page, to learn whether this one, which stayed empty, is a hole.
    BEYOND = auto()
    #: The end.
    END = auto()
    #: The end, although the counts promise more.
    STALE = auto()
    #: An error: the page before came again.
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a query, as a request names it.

    The SDK takes two equal tokens in a row for a loop, so a repeated request differs in its
    `attempt`.
    """

    number: int
    attempt: int = 0
    #: Whether the page before this one stayed empty although it was promised.
    beyond_empty: bool = False

    def after(self, step: Step) -> Page | None:
        """Return the page that a step leads to; None at the end."""
        if step is Step.AGAIN:
            return Page(self.number, self.attempt + 1)
        if step in (Step.NEXT, Step.BEYOND):
            return Page(self.number + 1, beyond_empty=step is Step.BEYOND)
        return None


class Content(Enum):
    """The content of a page: the first column of README's table."""

    RECORDS = auto()
    NOTHING = auto()
    #: Nothing, and nothing on the page before, which was promised.
    STILL_NOTHING = auto()
    #: The records of the page before.
    REPETITION = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """A page that was received, with all that decides the step after it."""

    page: Page
    #: Rows of the page.
    rows: int
    #: Rows of all pages up to this one.
    received: int
    #: Rows that holes would have held.
    in_holes: int
    counts: PageCounts
    #: Rows per page, as requested.
    requested_size: int
    #: Rows of a full page, as the responses show it; 0 before the first one with rows.
    full_size: int
    #: Repeated requests of an empty page, at most.
    empty_tries: int
    is_repetition: bool = False

    @property
    def content(self) -> Content:
        """The content of the page."""
        if self.is_repetition:
            return Content.REPETITION
        if self.rows:
            return Content.RECORDS
        return Content.STILL_NOTHING if self.page.beyond_empty else Content.NOTHING

    @property
    def is_full(self) -> bool:
        """Whether the page holds as many rows as a page can."""
        return self.rows >= self.full_size

    @property
    def is_uncounted(self) -> bool:
        """Whether no response had a usable count."""
        return self.counts.pages is None and self.counts.rows is None

    @property
    def page_size(self) -> int:
        """Rows of a full page.

        A first page shorter than requested is taken for a lowered size once a second page came:
        before that it may as well be the only one.
        """
        has_second = self.page.number > 2  # noqa: PLR2004 - the page after a second one
        lowered = self.full_size if has_second else 0
        return self.counts.page_size or lowered or self.requested_size

    @property
    def promised_pages(self) -> int:
        """The last page that the counts promise."""
        if self.counts.pages is not None:
            return self.counts.pages
        return -(-(self.counts.rows or 0) // self.page_size)

    @property
    def missing(self) -> int:
        """Rows that `totalHits` promises, and that neither came nor lie in a hole."""
        return (self.counts.rows or 0) - self.received - self.in_holes

    @property
    def lacks_less_than_a_page(self) -> bool:
        """Whether rows are missing by `totalHits`, but fewer than a page of them."""
        return 0 < self.missing < self.page_size

    @property
    def promises_more(self) -> bool:
        """Whether more is promised than the pages, or else the rows, that have come."""
        if self.counts.pages is None:
            return self.missing > 0
        if self.rows:
            return self.page.number < self.counts.pages or self.lacks_less_than_a_page
        # A page counts as received once it held records, so page n is still owed while n pages
        # are promised; but one promised page without a record is an empty result.
        return max(self.page.number - 1, 1) < self.counts.pages


def step_after(state: PageState) -> Step:
    """Return the step after a page: README's table "How paging decides", row by row."""
    match state.content:
        # Records; more is promised, or the page is full, or nothing is known: page n+1.
        case Content.RECORDS if state.promises_more or state.is_full or state.is_uncounted:
            step = Step.NEXT
        # Records; it is short, and nothing more is promised: the end.
        case Content.RECORDS:
            step = Step.END
        # Nothing; `totalHits` promises less than a page more, and the pages that it promises have
        # come: the end, without a wait, since `totalHits` is approximate.
        case Content.NOTHING if (
            state.lacks_less_than_a_page and state.page.number > state.promised_pages
        ):
            step = Step.END
        # Nothing; more is promised: wait, and request it again, `empty_page_max_tries` times.
        case Content.NOTHING if state.promises_more and state.page.attempt < state.empty_tries:
            step = Step.AGAIN
        # Still nothing: look at page n+1. Records there make page n a hole.
        case Content.NOTHING if state.promises_more:
            step = Step.BEYOND
        # Still nothing; page n+1 is empty too: the end, the count was stale.
        case Content.STILL_NOTHING:
            step = Step.STALE
        # Nothing; nothing more is promised: the end.
        case Content.NOTHING:
            step = Step.END
        # The records of page n-1, and `totalHits` has not grown: stop.
        case Content.REPETITION:
            step = Step.REFUSE
    return step


class PageRecords(NamedTuple):
    """The records of a page, with the `totalHits` that was known by then."""

    #: The identity of each record; a record without one stands for itself.
    identities: list[object]
    total_hits: int | None

    def repeats(self, previous: PageRecords) -> bool:
        """Return whether the page before came again, because the server ignores the page number.

        Where `totalHits` has grown, as many rows as a page holds may have arrived before it.
        """
        before, now = previous.total_hits, self.total_hits
        has_grown = before is not None and now is not None and now > before
        return self.identities == previous.identities and not has_grown


class CountedPaginator(BaseAPIPaginator[Page]):
    """Numbered pages, led by header and body counts and by empty-page checks.

    With two records per page, the first page promises a second one, which is the last::

        {"conversations": [{"conversationId": "a"}, {"conversationId": "b"}], "totalHits": 3}
        {"conversations": [{"conversationId": "c"}], "totalHits": 3}

    `step_after` decides after each page; `completeness` has afterwards what is missing.

    Args:
        page_size: Records per page, as requested.
        where: Names the stream and the window in a message.
        identity: The field that distinguishes records; without it, whole records are compared.
        empty_tries: Repeated requests of an empty page that was promised.
        wait: Called before each of those.
        ceiling: Rows that the endpoint can page through; None where no limit is known.
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
        super().__init__(Page(1))
        self._page_size = page_size
        self._where = where
        self._identity = identity
        self._empty_tries = empty_tries
        self._wait = wait
        self._ceiling = ceiling
        self._full_size = 0
        self._previous = PageRecords([], None)
        self.completeness = Completeness(page_size)

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        return True  # `get_next` decides, for empty pages and others alike

    @override
    def get_next(self, response: requests.Response) -> Page | None:
        page, rows = self.current_value, records(response)
        self.completeness.expect(counts(response), page.number)
        is_repetition = bool(rows) and not self._add(rows)
        state = self._state(len(rows), is_repetition=is_repetition)
        step = step_after(state)
        if step is Step.REFUSE:
            msg = (
                f"{self._where}: page {page.number} holds the same {len(rows)} "
                "records as the page before; the server ignores pageNumber."
            )
            raise StopRun(msg)
        if step is Step.AGAIN:
            self._wait()
        self.completeness.page_size = state.page_size
        self.completeness.stale_count = step is Step.STALE
        following = page.after(step)
        if following and following.number > self._last_page:
            if self._ceiling is None:
                raise past_last_page(self._where)
            raise TooManyRows(self._too_many(_PAST_LAST_PAGE))
        return following

    def check_ceiling(self, response: requests.Response) -> None:
        """Refuse a window that promises more than can be paged through, before paging.

        Raises:
            TooManyRows: The first page promises as many rows as the ceiling, or more.
        """
        self.completeness.expect(counts(response), self.current_value.number)
        if self._ceiling is None or self.completeness.received:
            return
        promise = self.completeness.counts
        rows = promise.rows
        if promise.pages is not None:
            # So many full pages and a last one with at least a row.
            size = promise.page_size or self._page_size
            rows = max(promise.pages - 1, 0) * size + 1
        if rows is not None and rows >= self._ceiling:
            raise TooManyRows(self._too_many(f"promises {rows:,} rows"), rows)

    def ahead(self) -> Iterator[Page]:
        """Yield the pages after the present one that are promised, in their order."""
        last = min(self._state(rows=0).promised_pages, self._last_page)
        for number in range(self.current_value.number + 1, last + 1):
            yield Page(number)

    @property
    def promised(self) -> str:
        """The counts in words, for a message."""
        promise = self.completeness.counts
        if promise.pages is not None:
            return f"{promise.pages:,} pages"
        return "no count" if promise.rows is None else f"{promise.rows:,} rows"

    @property
    def _last_page(self) -> int:
        """The last page that can be requested."""
        return LAST_PAGE if self._ceiling is None else max(1, self._ceiling // self._page_size)

    def _state(self, rows: int, *, is_repetition: bool = False) -> PageState:
        return PageState(
            page=self.current_value,
            rows=rows,
            received=self.completeness.received,
            in_holes=self.completeness.in_holes,
            counts=self.completeness.counts,
            requested_size=self._page_size,
            full_size=self._full_size,
            empty_tries=self._empty_tries,
            is_repetition=is_repetition,
        )

    def _add(self, rows: list[Record]) -> bool:
        """Take in the records of the present page, unless they are those of the page before."""
        promise, page = self.completeness.counts, self.current_value
        content = PageRecords([row.get(self._identity, row) for row in rows], promise.rows)
        if content.repeats(self._previous):
            return False
        self._previous = content
        if page.beyond_empty:
            size = self._full_size or self._page_size
            self.completeness.add_hole(page.number - 1, size, self.promised)
        self.completeness.add_page(content.identities)
        self._full_size = promise.page_size or self._full_size or len(rows)
        return True

    def _too_many(self, what: str) -> str:
        return (
            f"{self._where}: {what}; Genesys Cloud pages through {self._ceiling:,} at most. "
            "Lower window_days, or narrow the filters."
        )


class TokenPaginator(BaseAPIPaginator[str]):
    """Pages that hold the next page's token, a link or a cursor.

    A page may be empty, and yet have a next one; the last page has no token::

        {"entities": [], "nextUri": "/api/v2/users?cursor=a"}
        {"entities": [{"id": "a"}], "nextUri": "/api/v2/users?cursor=b"}
        {"entities": []}

    Args:
        where: Names the stream in a message.
        next_of: Returns the next page's token in a response's body, if there is one.
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
