"""From one answer to the next: counts that may be wrong, checked against what really comes.

The vendor's details query answers `{"conversations": [...], "totalHits": 1234}`, a listing
`{"entities": [...], "pageSize": 25, "pageCount": 3}`, the summary queries, as users report,
`{"entities": [...]}` with a header `X-Page-Count`. None of the counts can be trusted: they go stale
in both directions, are absent, or say zero beside records. So a count is only ever a reason to look
further, never the only reason to stop. A token is followed until none comes, or one comes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_sdk.pagination import BaseAPIPaginator
from typing_extensions import override

from tap_genesys.api.response import PageCounts, Record, body, counts, records
from tap_genesys.errors import StopRun, TooManyRows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import requests

#: No query has more pages than this; a server that always has one more ends here.
LAST_PAGE = 100_000


def goes_round(where: str) -> StopRun:
    """Return the error for tokens of which none is the last; `where` names stream and window."""
    return StopRun(f"{where}: the pages have no end; the server goes round.")


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for next.

    The SDK takes two equal tokens in a row for a loop, so one that asks the same again differs in
    its `attempt`.
    """

    number: int
    attempt: int = 0
    #: Whether the page before this one stayed empty although it was promised.
    beyond_empty: bool = False


@dataclass(frozen=True, slots=True)
class Hole:
    """A page that stayed empty although a later one holds records."""

    page: int
    expected: str
    received: int

    def __str__(self) -> str:
        return (
            f"page {self.page} stayed empty: expected {self.expected}, "
            f"received {self.received} rows before it"
        )


class CountedPaginator(BaseAPIPaginator[Page]):
    """Numbered pages, led by header and body counts and by empty-page checks.

    After page n:

    - records, and more is promised, or the page is full, or nothing is known: the next page;
    - records, a short page, nothing more promised: the end;
    - no records, a page promised: wait and ask the same again, a few times; then look one page
      further: records there mean a hole, none mean that the count was stale;
    - no records, only rows promised, fewer than a page, which the pages before had room for: the
      end, without a wait (`totalHits` is approximate);
    - no records, nothing more promised: the end;
    - the records of the page before once more: stop, the server ignores the page number.

    Args:
        page_size: What is asked for.
        where: Names the stream and the window in a message.
        identity: The field that tells two records apart; without it, whole records are compared.
        empty_tries: How often an empty page is asked for again.
        wait: Called before each of those.
        ceiling: How many rows the endpoint can page through; None where no limit is known.
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
        self._asked_size = page_size
        self._where = where
        self._identity = identity
        self._empty_tries = empty_tries
        self._wait = wait
        self._ceiling = ceiling
        self._last_page = LAST_PAGE if ceiling is None else max(1, ceiling // page_size)
        self._promise = PageCounts()
        self._full_size = 0
        self._missing = 0
        self._previous: list[object] = []
        self._rows_promised_before: int | None = None
        self._ids: set[object] = set()
        self._named = 0
        self._promises: set[tuple[int | None, int | None]] = set()
        #: The smallest `totalHits` of the first page's responses: what rows that arrive later, or
        #: a later count, add to it is not owed.
        self._owed: int | None = None
        self._is_second = False
        #: Rows of all pages, before any filter.
        self.received = 0
        #: Pages that stayed empty though a later one held records.
        self.holes: list[Hole] = []
        #: Whether the paging ended on an empty page that the counts had promised.
        self.stale_count = False

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        return True  # `get_next` decides, for empty pages and others alike

    @override
    def get_next(self, response: requests.Response) -> Page | None:
        self._note(counts(response))
        found = records(response)
        return self._after_records(found) if found else self._after_nothing()

    def check_ceiling(self, response: requests.Response) -> None:
        """Refuse a window that promises more than can be paged through, before paging.

        Raises:
            TooManyRows: The first page promises as many rows as the ceiling, or more.
        """
        self._note(counts(response))
        if self._ceiling is None or self.received:
            return
        rows = self._promise.rows
        if self._promise.pages is not None:
            # So many full pages and a last one with at least a row.
            size = self._promise.page_size or self._asked_size
            rows = max(self._promise.pages - 1, 0) * size + 1
        if rows is not None and rows >= self._ceiling:
            raise TooManyRows(self._too_many(f"promises {rows:,} rows"), rows)

    def ahead(self) -> Iterator[Page]:
        """Yield the pages after the present one that are promised, in their order."""
        last = min(self._last_promised, self._last_page)
        for number in range(self.current_value.number + 1, last + 1):
            yield Page(number)

    @property
    def promised(self) -> str:
        """Say what is promised, for a message."""
        if self._promise.pages is not None:
            return f"{self._promise.pages:,} pages"
        return "no count" if self._promise.rows is None else f"{self._promise.rows:,} rows"

    @property
    def owed(self) -> int:
        """How many rows are to come: the smallest `totalHits` of the first page's responses.

        Nothing where pages are counted, or nothing is.
        """
        return 0 if self._promise.pages is not None else self._owed or 0

    @property
    def fewer(self) -> bool:
        """Whether fewer distinct rows came than are owed.

        `totalHits` is approximate, or rows were deleted while one paged, which moves one from a
        page that is to come into one that has come. A promised page that stayed empty, and the one
        after it too, has shown the count to be stale.
        """
        return len(self._ids) < self.owed and not self.stale_count and not self.holes

    @property
    def lacks_a_page(self) -> bool:
        """Whether a page of rows or more is missing, which no approximate count explains."""
        return self.fewer and self.owed - len(self._ids) >= self._page_size

    @property
    def was_short(self) -> bool:
        """Whether a reading brought less than was promised."""
        return self.fewer or self.stale_count or self._is_second

    def add(self, first: CountedPaginator) -> None:
        """Count the rows of an earlier reading of the same query together with this one's."""
        self._ids |= first._ids
        if first._owed is not None:
            self._owed = min(first._owed, self._owed if self._owed is not None else first._owed)
        self._is_second = True

    def doubt(self, totals: Collection[object]) -> str:
        """Say why a row may exist that did not come; nothing where none can, as far as one can see.

        Where a row is deleted while one pages, those after it move up, and one slips through
        between two pages. The counts then change, or a row comes twice.

        Args:
            totals: What the answers call `total`: the rows of all pages.
        """
        if self.holes or self.stale_count:
            return "a page stayed empty"
        if len(self._promises) > 1 or len(totals) > 1:
            return "the count changed while it was read"
        if self._named > len(self._ids):
            return "a row came twice"
        for total in (self._promise.rows, *totals):
            if total is not None and total != self.received:
                return f"{total} rows were promised and {self.received} came"
        return ""

    @property
    def distinct(self) -> int:
        """How many rows came, one told from the other."""
        return len(self._ids)

    def _note(self, said: PageCounts) -> None:
        """Keep what the answer says; an answer that says nothing takes no promise back."""
        if said.pages is not None or said.rows is not None:
            self._promise = said
            self._promises.add((said.pages, said.rows))
        if said.rows is not None and self.current_value.number == 1:
            self._owed = said.rows if self._owed is None else min(self._owed, said.rows)

    @property
    def _page_size(self) -> int:
        """Return how many records a full page holds.

        A first page shorter than asked for is taken for a lowered size once a second page came:
        before that it may as well be the only one.
        """
        has_second = self.current_value.number > 2  # noqa: PLR2004 - the page after a second one
        lowered = self._full_size if has_second else 0
        return self._promise.page_size or lowered or self._asked_size

    @property
    def _last_promised(self) -> int:
        if self._promise.pages is not None:
            return self._promise.pages
        return -(-(self._promise.rows or 0) // self._page_size)

    @property
    def _is_almost_whole(self) -> bool:
        """Whether rows are missing by `totalHits`, but fewer than a page of them."""
        missing = (self._promise.rows or 0) - self.received - self._missing
        return 0 < missing < self._page_size

    def _after_records(self, found: list[Record]) -> Page | None:
        self._refuse_repetition(found)
        if self.current_value.beyond_empty:
            self._mark_hole()
        self.received += len(found)
        named = [one for one in self._previous if isinstance(one, str)]
        self._named += len(named)
        self._ids.update(named)
        self._full_size = self._promise.page_size or self._full_size or len(found)
        full = len(found) >= self._full_size
        unknown = self._promise.pages is None and self._promise.rows is None
        more = self._more_after(self.current_value.number) or self._is_almost_whole
        return self._following() if full or unknown or more else None

    def _after_nothing(self) -> Page | None:
        page = self.current_value
        if page.beyond_empty:
            self.stale_count = True
            return None
        # A page counts as received once it held records, so page n is still owed while n pages
        # are promised; but one page without a record is how an empty result is told.
        owed = page.number - 1 if page.number > 1 else 1
        if not self._more_after(owed):
            return None
        if page.number > self._last_promised and self._is_almost_whole:
            return None
        if page.attempt < self._empty_tries:
            self._wait()
            return Page(page.number, page.attempt + 1)
        return self._following(beyond_empty=True)

    def _more_after(self, pages: int) -> bool:
        """Whether more is promised than so many pages, or than the rows that have come."""
        if self._promise.pages is not None:
            return pages < self._promise.pages
        if self._promise.rows is not None:
            return self.received + self._missing < self._promise.rows
        return False

    def _following(self, *, beyond_empty: bool = False) -> Page:
        number = self.current_value.number + 1
        if number > self._last_page:
            msg = self._too_many("goes on past the last page that can be asked for")
            raise TooManyRows(msg) if self._ceiling else StopRun(msg)
        return Page(number, beyond_empty=beyond_empty)

    def _mark_hole(self) -> None:
        size = self._full_size or self._asked_size
        self.holes.append(Hole(self.current_value.number - 1, self.promised, self.received))
        self._missing += size

    def _refuse_repetition(self, found: list[Record]) -> None:
        same = [record.get(self._identity, record) for record in found]
        before, promised = self._rows_promised_before, self._promise.rows
        self._rows_promised_before = promised
        # As many rows as a page holds may have arrived before it; then the count has grown.
        have_arrived = before is not None and promised is not None and promised > before
        if same == self._previous and not have_arrived:
            msg = (
                f"{self._where}: page {self.current_value.number} holds the same "
                f"{len(found)} records as the page before; the server ignores pageNumber."
            )
            raise StopRun(msg)
        self._previous = same

    def _too_many(self, what: str) -> str:
        if self._ceiling is None:
            return f"{self._where}: {what} ({self._last_page:,})."
        return (
            f"{self._where}: {what}; Genesys Cloud pages through {self._ceiling:,} at most. "
            "Lower window_days, or narrow the filters."
        )


class TokenPaginator(BaseAPIPaginator[str]):
    """Goes from one page to the next by what the page itself says; a page may be empty.

    Args:
        where: Names the stream in a message.
        next_of: Returns what an answer says of the next page: a link, a cursor, or nothing.
    """

    def __init__(self, where: str, next_of: Callable[[Record], str | None]) -> None:
        super().__init__("")
        self._where = where
        self._next_of = next_of
        self._seen: set[str] = set()

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        return True

    @override
    def get_next(self, response: requests.Response) -> str | None:
        token = self._next_of(body(response))
        if token and (token in self._seen or len(self._seen) == LAST_PAGE):
            raise goes_round(self._where)
        if token:
            self._seen.add(token)
        return token
