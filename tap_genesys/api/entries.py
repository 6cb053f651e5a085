"""Pages of details of users: they hold status entries, grouped by user, and may be short.

The vendor's page "User Status Detail query": `totalHits` is "an indicator of the order of
magnitude", and "pages may contain fewer than the requested page size entries", since a status that
spans days is stored twice and comes once. So neither a count nor a short page ends the paging: only
a page without `userDetails` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from typing_extensions import override

from tap_genesys.api.pagination import CountedPaginator, Hole, Page
from tap_genesys.api.response import body, counts
from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

#: What tells two entries apart: the user, the kind, and the values of a span but for its end.
Entry: TypeAlias = tuple[object, ...]


class EntryPaginator(CountedPaginator):
    """Numbered pages of entries, up to one without any.

    After page n:

    - entries: the next page;
    - none, and at least half of `totalHits` has come, or there is no `totalHits`: the end;
    - none, and less has come: wait and request the same page again, a few times; then look one page
      further: entries there mean a hole, none mean that the count was too high;
    - the entries of the page before once more: stop, the server ignores the page number.

    Entries that arrive meanwhile move others to the next page, which then come twice; so a page
    that shares some entries with the one before is no repetition.

    Args:
        page_size: How many entries a page is asked to hold.
        where: Names the stream and the window in a message.
        empty_tries: How often an empty page that is doubted is requested again.
        wait: Called before each of those.
    """

    def __init__(
        self, *, page_size: int, where: str, empty_tries: int, wait: Callable[[], None]
    ) -> None:
        super().__init__(
            page_size=page_size,
            where=where,
            identity="",
            empty_tries=empty_tries,
            wait=wait,
        )
        self._total: int | None = None
        self._page: set[Entry] = set()
        self._in_holes = 0

    @override
    def get_next(self, response: requests.Response) -> Page | None:
        total = counts(response).rows
        self._total = self._total if total is None else total
        page = entries(response)
        return self._after_entries(page) if page else self._after_none()

    @override
    def ahead(self) -> Iterator[Page]:
        pages = -(-(self._total or 0) // self._asked_size)
        for number in range(self.current_value.number + 1, min(pages, self._last_page) + 1):
            yield Page(number)

    @property
    @override
    def promised(self) -> str:
        return "no count" if self._total is None else f"about {self._total:,} entries"

    @property
    @override
    def fewer(self) -> bool:
        """Never: the count is an order of magnitude."""
        return False

    def _after_entries(self, page: list[Entry]) -> Page:
        different = set(page)
        if different == self._page:
            msg = (
                f"{self._where}: page {self.current_value.number} holds the same {len(different)} "
                "entries as the page before; the server ignores pageNumber."
            )
            raise StopRun(msg)
        self._page = different
        if self.current_value.beyond_empty:
            self.holes.append(Hole(self.current_value.number - 1, self.promised, self.received))
            self._in_holes += self._asked_size
        self.received += len(page)
        return self._following()

    def _after_none(self) -> Page | None:
        page = self.current_value
        if page.beyond_empty:
            self.stale_count = True
            return None
        missing = (self._total or 0) - self.received - self._in_holes
        if 2 * missing <= (self._total or 0):
            # It is logged where that is a page or more.
            self.stale_count = missing >= self._asked_size
            return None
        if page.attempt < self._empty_tries:
            self._wait()
            return Page(page.number, page.attempt + 1)
        return self._following(beyond_empty=True)


def entries(response: requests.Response) -> list[Entry]:
    """Return the entries of a page; a user without any counts as one.

    Args:
        response: A page; `userDetails` is absent from an empty one.
    """
    found: list[Entry] = []
    for user in body(response).get("userDetails") or []:
        name = user.get("userId")
        spans = [
            (name, kind, *sorted((key, str(span[key])) for key in span if key != "endTime"))
            for kind, held in user.items()
            if isinstance(held, list)
            for span in held
        ]
        found += spans or [(name,)]
    return found
