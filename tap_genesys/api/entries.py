"""Pages of user details: status entries grouped by user, on pages that may be short.

The vendor's page "User Status Detail query": `totalHits` is "an indicator of the order of
magnitude", and "pages may contain fewer than the requested page size entries", since a status that
spans days is stored twice and returned once. So neither a count nor a short page ends the paging:
only a page without `userDetails` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from typing_extensions import override

from tap_genesys.api.page_steps import Content, Page, PageState, Step
from tap_genesys.api.pagination import NumberedPaginator
from tap_genesys.api.response import PageCounts, body, counts
from tap_genesys.api.shape import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

#: The identity of an entry: the user, the kind, and the values of a span except its end.
Entry: TypeAlias = tuple[object, ...]


def step_after_entries(state: PageState) -> Step:
    """Return the step after a page of entries; each page may be short, each count too high."""
    is_believed = 2 * state.missing <= (state.counts.rows or 0)
    match state.content:
        # Entries: page n+1.
        case Content.RECORDS:
            step = Step.NEXT
        # None; less than half of `totalHits` was received: wait, and request it again, a few times.
        case Content.NOTHING if not is_believed and state.page.attempt < state.empty_tries:
            step = Step.AGAIN
        # Still none: request page n+1. Entries there make page n a hole.
        case Content.NOTHING if not is_believed:
            step = Step.BEYOND
        # None; half of `totalHits` was received, but a page or more is missing: the end, logged.
        case Content.NOTHING if state.missing >= state.requested_size:
            step = Step.STALE
        # None; less than a page is missing, or there is no `totalHits`: the end.
        case Content.NOTHING:
            step = Step.END
        # Still none; page n+1 is empty too: the end, the count was too high.
        case Content.STILL_NOTHING:
            step = Step.STALE
        # The entries of page n-1: stop.
        case Content.REPETITION:
            step = Step.REFUSE
    return step


class EntryPaginator(NumberedPaginator):
    """Numbered pages of entries, up to one without any.

    With two entries per page, the count is too high by one, and the second page is the last::

        {"userDetails": [{"userId": "u", "routingStatus": [{"startTime": "t1"}, {"startTime": "t2"}]
        }], "totalHits": 3}
        {"totalHits": 3}

    `step_after_entries` decides after each page. Entries that arrive meanwhile move others to the
    next page, where they are returned again; so a page that shares only some entries with the one
    before is no repetition.

    Args:
        page_size: Entries per page, as requested.
        where: Names the stream and the window in a message.
        empty_tries: Retries of an empty page where less than half of `totalHits` was received.
        wait: Called before each of these retries.
    """

    def __init__(
        self, *, page_size: int, where: str, empty_tries: int, wait: Callable[[], None]
    ) -> None:
        super().__init__(page_size=page_size, where=where, empty_tries=empty_tries, wait=wait)
        # Each page may be short, so none shows the size of a full one: `_full_size` stays 0.
        # `completeness` has no counts, since none is more than an order of magnitude: no entries
        # are owed.
        self._total: int | None = None
        self._previous: set[Entry] = set()

    @override
    def get_next(self, response: requests.Response) -> Page | None:
        total, rows = counts(response).rows, entries(response)
        self._total = self._total if total is None else total
        is_repetition = bool(rows) and not self._add(rows)
        state = self._state(len(rows), is_repetition=is_repetition)
        refusal = (
            f"holds the same {len(self._previous)} entries as the page before; "
            "the server ignores pageNumber."
        )
        return self._follow(step_after_entries(state), refusal)

    @property
    @override
    def promised(self) -> str:
        return "no count" if self._total is None else f"about {self._total:,} entries"

    @property
    @override
    def _counts(self) -> PageCounts:
        return PageCounts(rows=self._total)

    def _add(self, rows: list[Entry]) -> bool:
        """Add the entries of the present page, unless they are those of the page before."""
        different, page = set(rows), self.current_value
        if different == self._previous:
            return False
        self._previous = different
        if page.beyond_empty:
            self.completeness.add_hole(page.number - 1, self._page_size, self.promised)
        self.completeness.add_page(rows)
        return True


def entries(response: requests.Response) -> list[Entry]:
    """Return the entries of a page; a user without spans counts as one.

    Args:
        response: A page; `userDetails` is absent from an empty one.
    """
    rows: list[Entry] = []
    for user in body(response).get("userDetails") or []:
        if not isinstance(user, dict):
            # It is unusable, but counts as an entry of the page.
            rows.append((kind_of(user),))
            continue
        user_id = _text(user.get("userId"))
        spans = [
            (user_id, kind, *_identity(span))
            for kind, values in user.items()
            if isinstance(values, list)
            for span in values
        ]
        rows += spans or [(user_id,)]
    return rows


def _identity(span: object) -> Entry:
    """Return the parts of a span that identify it when it is returned again."""
    if not isinstance(span, dict):
        return (kind_of(span),)
    values = ((key, value) for key, value in span.items() if key != "endTime")
    return tuple(sorted((key, _text(value)) for key, value in values))


def _text(value: object) -> str:
    return kind_of(value) if isinstance(value, dict | list) else str(value)
