"""The step after a page, from counts that may be wrong and the rows that were received.

The vendor's details query responds with `{"conversations": [...], "totalHits": 1234}`, a listing
with `{"entities": [...], "pageSize": 25, "pageCount": 3}`, the summary queries, as users report,
with `{"entities": [...]}` and a header `X-Page-Count`. None of the counts can be trusted: they go
stale in both directions, are absent, or are zero beside records. So a count can be a reason to
request a further page, but is never the only reason to stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tap_genesys.api.response import PageCounts


class Step(Enum):
    """The step after a page."""

    #: The next page.
    NEXT = auto()
    #: The same page, after a wait.
    AGAIN = auto()
    #: The next page, which shows whether this one, which stayed empty, is a hole.
    BEYOND = auto()
    #: The end.
    END = auto()
    #: The end, although the counts promise more.
    STALE = auto()
    #: An error: the page repeats the one before.
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class Page:
    """The page token of a query.

    The SDK rejects two equal tokens in a row as a loop, so a repeated request differs in `attempt`.
    """

    number: int
    attempt: int = 0
    #: Whether the page before stayed empty although it was promised.
    beyond_empty: bool = False

    def after(self, step: Step) -> Page | None:
        """Return the page that a step leads to; None at the end."""
        if step is Step.AGAIN:
            return Page(self.number, self.attempt + 1)
        if step in (Step.NEXT, Step.BEYOND):
            return Page(self.number + 1, beyond_empty=step is Step.BEYOND)
        return None


class Content(Enum):
    """The content of a page: the first column of the table "How paging decides"."""

    RECORDS = auto()
    NOTHING = auto()
    #: Nothing, after a promised page that stayed empty.
    STILL_NOTHING = auto()
    #: The records of the page before.
    REPETITION = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """A received page, with all that decides the step after it."""

    page: Page
    #: Rows of the page.
    rows: int
    #: Rows of all pages up to this one.
    received: int
    #: Rows of all holes, as full pages.
    in_holes: int
    counts: PageCounts
    #: Rows per page, as requested.
    requested_size: int
    #: Rows of a full page, as observed; 0 before the first page with rows.
    full_size: int
    #: Retries of an empty page, at most.
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
        """Whether the page has as many rows as a full page."""
        return self.rows >= self.full_size

    @property
    def is_uncounted(self) -> bool:
        """Whether no response had a usable count."""
        return self.counts.pages is None and self.counts.rows is None

    @property
    def page_size(self) -> int:
        """Rows of a full page.

        A first page that is shorter than requested shows a lowered page size only once a second
        page was received: before that, it may be the only page.
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
        """Rows that `totalHits` promises, and that were neither received nor are in a hole."""
        return (self.counts.rows or 0) - self.received - self.in_holes

    @property
    def lacks_less_than_a_page(self) -> bool:
        """Whether rows are missing by `totalHits`, but less than a page of them."""
        return 0 < self.missing < self.page_size

    @property
    def promises_more(self) -> bool:
        """Whether the counts promise more pages, or else more rows, than were received."""
        if self.counts.pages is None:
            return self.missing > 0
        if self.rows:
            return self.page.number < self.counts.pages or self.lacks_less_than_a_page
        # An empty page n is still expected while n pages are promised; but a single promised page
        # without a record is an empty result.
        return max(self.page.number - 1, 1) < self.counts.pages


def step_after(state: PageState) -> Step:
    """Return the step after a page, by the table "How paging decides" of the documentation."""
    match state.content:
        # Records; more is promised, or the page is full, or nothing is known: page n+1.
        case Content.RECORDS if state.promises_more or state.is_full or state.is_uncounted:
            step = Step.NEXT
        # Records; it is short, and nothing more is promised: the end.
        case Content.RECORDS:
            step = Step.END
        # Nothing; `totalHits` promises less than a page more, and all promised pages were
        # received: the end, without a wait, since `totalHits` is approximate.
        case Content.NOTHING if (
            state.lacks_less_than_a_page and state.page.number > state.promised_pages
        ):
            step = Step.END
        # Nothing; more is promised: wait, and request it again, `empty_page_max_tries` times.
        case Content.NOTHING if state.promises_more and state.page.attempt < state.empty_tries:
            step = Step.AGAIN
        # Still nothing: request page n+1. Records there make page n a hole.
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
    """The identities of a page's records, with the `totalHits` of that moment."""

    #: The identity of each record; the record itself if it has none.
    identities: list[object]
    total_hits: int | None

    def repeats(self, previous: PageRecords) -> bool:
        """Return whether the page repeats the one before, as the server ignores the page number.

        If `totalHits` has grown, a page of new rows may have moved the records instead.
        """
        before, now = previous.total_hits, self.total_hits
        has_grown = before is not None and now is not None and now > before
        return self.identities == previous.identities and not has_grown
