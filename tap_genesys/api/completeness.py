"""Completeness of a reading: the rows that a query's counts promise, and those received.

A count may be stale or approximate, and rows may be deleted between two pages. Pagination uses the
counts to find the next page; this module compares them with the received rows after the last page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_genesys.api.response import PageCounts

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection


@dataclass(frozen=True, slots=True)
class Hole:
    """A page that stayed empty although a later one holds records."""

    page: int
    #: Rows that a full page has.
    size: int
    #: The counts of the response, as text.
    expected: str
    #: Rows received before the page.
    received: int

    def __str__(self) -> str:
        return (
            f"page {self.page} stayed empty: expected {self.expected}, "
            f"received {self.received} rows before it"
        )


class Completeness:
    """The rows of a reading, page by page, in comparison with the counts.

    Args:
        page_size: Rows of a full page, as requested.
    """

    def __init__(self, page_size: int) -> None:
        #: Rows of a full page; lower than requested if the server lowers it.
        self.page_size = page_size
        #: The latest usable counts.
        self.counts = PageCounts()
        #: Rows of all pages, before any filter.
        self.received = 0
        self.holes: list[Hole] = []
        #: Whether the paging ended on an empty page that the counts had promised.
        self.stale_count = False
        self._counts_seen: set[tuple[int | None, int | None]] = set()
        self._identities: set[str] = set()
        self._identified = 0
        self._owed: int | None = None
        self._is_second = False

    def expect(self, counts: PageCounts, page: int) -> None:
        """Add the counts of a response; a response without counts changes nothing.

        Args:
            counts: The counts.
            page: The number of the page of that response.
        """
        if counts.pages is not None or counts.rows is not None:
            self.counts = counts
            self._counts_seen.add((counts.pages, counts.rows))
        if counts.rows is not None and page == 1:
            self._owed = counts.rows if self._owed is None else min(self._owed, counts.rows)

    def add_page(self, identities: Collection[object]) -> None:
        """Add the rows of a page.

        Args:
            identities: The identity of each row; only texts distinguish rows from each other.
        """
        texts = [identity for identity in identities if isinstance(identity, str)]
        self.received += len(identities)
        self._identified += len(texts)
        self._identities.update(texts)

    def add_hole(self, page: int, size: int, expected: str) -> None:
        """Add a page that stayed empty, before the rows of the page after it."""
        self.holes.append(Hole(page, size, expected, self.received))

    def add(self, first: Completeness) -> None:
        """Merge an earlier reading of the same query into this one: rows of both count."""
        self._identities |= first._identities
        if first._owed is not None:
            self._owed = min(first._owed, self._owed if self._owed is not None else first._owed)
        self._is_second = True

    @property
    def in_holes(self) -> int:
        """Rows of all holes, as full pages."""
        return sum(hole.size for hole in self.holes)

    @property
    def distinct(self) -> int:
        """Distinct rows that were received."""
        return len(self._identities)

    @property
    def owed(self) -> int:
        """Rows that are required: the smallest `totalHits` of the first page's responses.

        Rows that arrive later, and later counts, do not raise it. It is 0 if the server counts
        pages, or nothing.
        """
        return 0 if self.counts.pages is not None else self._owed or 0

    @property
    def fewer(self) -> bool:
        """Whether fewer distinct rows were received than required.

        Either `totalHits` is approximate, or rows were deleted between two pages, which moves a row
        of a later page to a page that was read before. If a promised page and the one after it
        stayed empty, the count was stale, and this is False.
        """
        return self.distinct < self.owed and not self.stale_count and not self.holes

    @property
    def lacks_a_page(self) -> bool:
        """Whether a page of rows or more is missing, which no approximate count explains."""
        return self.fewer and self.owed - self.distinct >= self.page_size

    @property
    def was_short(self) -> bool:
        """Whether a reading had fewer rows than promised."""
        return self.fewer or self.stale_count or self._is_second

    def possible_loss(self, totals: Collection[object]) -> str:
        """Return why a row may be missing; an empty text without a sign of that.

        If a row is deleted between two pages, those after it move up, and one is on neither page.
        Then the counts change, or a row is received twice.

        Args:
            totals: The values of `total` in the responses, which count the rows of all pages.
        """
        if self.holes or self.stale_count:
            return "a page stayed empty"
        if len(self._counts_seen) > 1 or len(totals) > 1:
            return "the count changed between pages"
        if self._identified > self.distinct:
            return "a row was received twice"
        for total in (self.counts.rows, *totals):
            if total is not None and total != self.received:
                return f"{total} rows were promised, {self.received} received"
        return ""


def log_missing(
    completeness: Completeness,
    label: str,
    *,
    promised: str,
    comes_again: Callable[[], bool],
    logger: logging.Logger,
) -> list[str]:
    """Log wrong counts; return one line per hole, or one if a page or more is missing.

    Args:
        completeness: The rows of a reading.
        label: The stream and its part.
        promised: The counts, as text.
        comes_again: Returns whether a later run reads the same part again.
        logger: The stream's logger.
    """
    if completeness.stale_count:
        logger.info(
            "%s: the count was stale (%s promised); all %d existing rows were received.",
            label,
            promised,
            completeness.received,
        )
    missing = [str(hole) for hole in completeness.holes]
    if completeness.fewer:
        fewer = f"expected {completeness.owed:,} rows, received {completeness.distinct:,}"
        if comes_again():
            logger.info("%s: %s; a later run reads them again.", label, fewer)
        elif completeness.lacks_a_page:
            missing = [fewer]
        else:
            logger.warning(
                "%s: %s: accepted as complete, since totalHits is approximate.", label, fewer
            )
    return [f"{label}: {reason}." for reason in missing]
