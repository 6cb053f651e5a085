"""Paging by entries reads all of them, whatever the counts are, and always ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.http_doubles import response

from tap_genesys.api.entries import EntryPaginator, entries, step_after_entries
from tap_genesys.api.page_steps import Page, PageState, Step
from tap_genesys.api.pagination import LAST_PAGE
from tap_genesys.api.response import PageCounts
from tap_genesys.errors import StopRun

SIZE = 4


def page_of(numbers: list[int], users: int = 2, total: object = None) -> Any:
    """Return a page with these entries, grouped by user."""
    body: dict[str, Any] = {} if total is None else {"totalHits": total}
    grouped: dict[int, list[dict[str, str]]] = {}
    for number in numbers:
        span = {"startTime": f"t{number}", "routingStatus": "IDLE"}
        grouped.setdefault(number % users, []).append(span)
    if grouped:
        body["userDetails"] = [
            {"userId": f"u{user}", "routingStatus": spans} for user, spans in grouped.items()
        ]
    return response(body)


@dataclass
class Server:
    """A server of pages of entries: some are short, some are empty a few times."""

    sizes: list[int]
    total: object = None
    empties: dict[int, int] = field(default_factory=dict)
    requested: list[int] = field(default_factory=list)

    def respond(self, page: Page) -> Any:
        """Return the response to a request for a page."""
        self.requested.append(page.number)
        number = page.number
        numbers = [10 * number + place for place in range([0, *self.sizes, 0, 0][number])]
        if self.empties.get(number, 0) > 0:
            self.empties[number] -= 1
            numbers = []
        return page_of(numbers, total=self.total)


def read(server: Server, tries: int = 3) -> tuple[EntryPaginator, int]:
    """Page through like the SDK; return the paginator and the number of waits."""
    waits: list[int] = []
    pages = EntryPaginator(
        page_size=SIZE, where="here", empty_tries=tries, wait=lambda: waits.append(1)
    )
    while not pages.finished:
        pages.advance(server.respond(pages.current_value))
    return pages, len(waits)


@given(st.lists(st.integers(1, SIZE), max_size=30), st.none() | st.floats(0, 2))
def test_only_a_page_without_users_ends_the_paging(sizes: list[int], factor: float | None) -> None:
    """Short pages in between are normal; a count that is up to twice too high costs nothing."""
    server = Server(sizes, None if factor is None else int(sum(sizes) * factor))
    pages, waits = read(server)
    assert (pages.completeness.received, waits, pages.completeness.holes) == (sum(sizes), 0, [])
    assert server.requested == [*range(1, len(sizes) + 2)]
    assert not pages.completeness.fewer


def test_a_page_that_is_empty_once_is_requested_again() -> None:
    """An empty page before the end of the count is retried."""
    server = Server([4] * 18, 72, {3: 1})
    pages, waits = read(server)
    assert (pages.completeness.received, waits, pages.completeness.holes) == (72, 1, [])
    assert server.requested == [1, 2, 3, *range(3, 20)]


def test_a_page_that_stays_empty_is_a_hole_if_a_later_one_has_entries() -> None:
    """The reading goes on, and the hole is recorded."""
    server = Server([4] * 18, 72, {3: 99})
    pages, waits = read(server)
    assert (pages.completeness.received, waits) == (68, 3)
    assert [str(hole) for hole in pages.completeness.holes] == [
        "page 3 stayed empty: expected about 72 entries, received 8 rows before it"
    ]
    assert server.requested == [1, 2, 3, 3, 3, 3, *range(4, 20)]


def test_a_count_that_is_far_too_high_is_stale() -> None:
    """If no later page has entries, the count was wrong, and there is no hole."""
    server = Server([4, 4], 17)
    pages, waits = read(server)
    completeness = pages.completeness
    assert (completeness.received, waits) == (8, 3)
    assert (completeness.holes, completeness.stale_count) == ([], True)
    assert server.requested == [1, 2, 3, 3, 3, 3, 4]


def test_an_end_at_half_of_the_count_is_not_retried() -> None:
    """Entries that are stored twice are counted twice and returned once."""
    server = Server([4, 4], 16)
    pages, waits = read(server)
    assert (waits, server.requested, pages.completeness.stale_count) == (0, [1, 2, 3], True)


def test_a_gap_of_less_than_a_page_is_no_stale_count() -> None:
    """An approximate count may be off by a few entries."""
    assert not read(Server([4, 4], 11))[0].completeness.stale_count
    assert read(Server([4, 4], 12))[0].completeness.stale_count


@pytest.mark.parametrize("total", [0, None, "many"])
def test_an_empty_result_is_one_request(total: object) -> None:
    """A count of zero, none, or no number ends the paging at the first page."""
    server = Server([], total)
    _pages, waits = read(server)
    assert (waits, server.requested) == (0, [1])


def paginator() -> EntryPaginator:
    """Return a paginator that does not wait."""
    return EntryPaginator(page_size=SIZE, where="here", empty_tries=3, wait=lambda: None)


def test_a_server_that_ignores_the_page_number_is_refused() -> None:
    """Two equal pages in another order stop the run, since paging would not end."""
    pages = paginator()
    pages.advance(page_of([1, 2, 3, 4], total=9))
    with pytest.raises(StopRun, match=r"here: page 2 holds the same 4 entries .* ignores pageNu"):
        pages.advance(page_of([4, 3, 2, 1], total=9))


@pytest.mark.parametrize("second", [[2, 3, 4, 5], [1, 2, 3], [4]])
def test_the_same_users_or_some_of_the_entries_once_more_are_no_repetition(
    second: list[int],
) -> None:
    """Entries that arrive move others to the next page, all that a last page has, too."""
    pages = paginator()
    pages.advance(page_of([1, 2, 3, 4], total=9))
    pages.advance(page_of(second, total=9))
    assert pages.current_value == Page(3)


def test_an_entry_that_has_ended_meanwhile_is_the_same() -> None:
    """An entry's identity is its user, field and start, not its end."""
    pages = paginator()
    user = {"userId": "u", "routingStatus": [{"startTime": "t", "routingStatus": "IDLE"}]}
    pages.advance(response({"userDetails": [user]}))
    user["routingStatus"][0]["endTime"] = "t2"  # type: ignore[index]
    with pytest.raises(StopRun, match="ignores pageNumber"):
        pages.advance(response({"userDetails": [user]}))


def test_users_without_entries_do_not_end_the_paging() -> None:
    """A user without spans is an entry of its own."""
    first, second = ({"userDetails": [{"userId": name}]} for name in "ab")
    pages = paginator()
    pages.advance(response(first))
    pages.advance(response(second))
    assert pages.current_value == Page(3)
    assert entries(response(first)) == [("a",)]


def test_endless_entries_come_to_an_end() -> None:
    """No server can make a run endless, even if every page has new entries."""
    pages = paginator()
    pages._value = Page(LAST_PAGE)
    with pytest.raises(StopRun, match=f"{LAST_PAGE:,}"):
        pages.advance(page_of([1, 2], total=3))


def test_pages_ahead_are_as_many_as_the_count_has_of_entries_of_the_request() -> None:
    """Not of the users on a page, of whom there are fewer."""
    pages = paginator()
    pages.advance(page_of([1, 2, 3, 4], total=13))
    assert [page.number for page in pages.ahead()] == [3, 4]
    assert not [*paginator().ahead()]


def state(page: Page, rows: int = 0, *, total: int | None, received: int = 8) -> PageState:
    """Return a page of entries behind some, where four were requested."""
    return PageState(
        page=page,
        rows=rows,
        received=received,
        in_holes=0,
        counts=PageCounts(rows=total),
        requested_size=SIZE,
        full_size=SIZE,
        empty_tries=2,
    )


@pytest.mark.parametrize(
    ("page", "step"),
    [
        pytest.param(state(Page(3), 1, total=None), Step.NEXT, id="entries, no count"),
        pytest.param(state(Page(3), 1, total=8), Step.NEXT, id="entries, and all has come"),
        pytest.param(state(Page(3, beyond_empty=True), 1, total=99), Step.NEXT, id="a hole"),
        pytest.param(state(Page(3), total=17), Step.AGAIN, id="less than half has come"),
        pytest.param(state(Page(3, 1), total=17), Step.AGAIN, id="a second time"),
        pytest.param(state(Page(3, 2), total=17), Step.BEYOND, id="still none"),
        pytest.param(state(Page(1), total=1, received=0), Step.AGAIN, id="none, one is promised"),
        pytest.param(state(Page(3), total=16), Step.STALE, id="half has come"),
        pytest.param(state(Page(3), total=12), Step.STALE, id="but for a page"),
        pytest.param(state(Page(3), total=11), Step.END, id="but for less than a page"),
        pytest.param(state(Page(3), total=8), Step.END, id="all has come"),
        pytest.param(state(Page(3), total=None), Step.END, id="no count"),
        pytest.param(state(Page(4, beyond_empty=True), total=99), Step.STALE, id="none twice"),
        pytest.param(state(Page(4, beyond_empty=True), total=None), Step.STALE, id="no count now"),
    ],
)
def test_the_step_after_a_page_of_entries(page: PageState, step: Step) -> None:
    """Each state of the paging has one step; a repeated page is refused in any state."""
    assert step_after_entries(page) is step
    assert step_after_entries(replace(page, rows=4, is_repetition=True)) is Step.REFUSE


def test_entries_in_a_hole_are_not_missing_twice() -> None:
    """A hole is subtracted from the count before a further page is expected."""
    page = state(Page(4), total=20)
    assert step_after_entries(page) is Step.AGAIN
    assert step_after_entries(replace(page, in_holes=SIZE)) is Step.STALE


def test_no_count_of_entries_is_too_large() -> None:
    """No limit of entries that can be paged through is known."""
    pages = paginator()
    pages.check_ceiling(page_of([1], total=10**9))
    pages.advance(page_of([1], total=10**9))
    assert pages.promised == "about 1,000,000,000 entries"
    assert pages.completeness.owed == 0


def test_a_page_without_a_count_keeps_the_earlier_one() -> None:
    """An absent count is unknown, not zero."""
    pages = paginator()
    pages.advance(page_of([1, 2], total=9))
    pages.advance(page_of([]))
    assert pages.current_value == Page(2, 1)
    assert pages.promised == "about 9 entries"


def test_before_a_count_comes_none_is_promised() -> None:
    """No page has to come either."""
    pages = paginator()
    assert pages.promised == "no count"
    assert not [*pages.ahead()]


def test_a_refusal_is_one_sentence() -> None:
    """It names the page, the entries and the cause."""
    pages = paginator()
    pages.advance(page_of([1, 2], total=9))
    with pytest.raises(StopRun) as refusal:
        pages.advance(page_of([1, 2], total=9))
    text = "page 2 holds the same 2 entries as the page before; the server ignores pageNumber."
    assert str(refusal.value) == f"here: {text}"


def test_what_is_no_user_or_no_span_counts_as_an_entry_of_its_kind() -> None:
    """No content of it is kept; the users after it count too."""
    user = {"userId": "u", "routingStatus": [{"startTime": "t1"}, "idle", 7, None, ["idle"]]}
    users = ["secret", {"userId": "v"}, ["secret"], user]
    assert entries(response({"userDetails": users})) == [
        ("a text",),
        ("v",),
        ("a list",),
        ("u", "routingStatus", ("startTime", "t1")),
        ("u", "routingStatus", "a text"),
        ("u", "routingStatus", "a number"),
        ("u", "routingStatus", "nothing"),
        ("u", "routingStatus", "a list"),
    ]


def test_an_object_within_a_span_distinguishes_no_entries() -> None:
    """Its kind does, beside the values of the span."""
    spans = [{"startTime": "t", "presence": presence} for presence in ({"a": 1}, ["b"], "c", 4)]
    users = [{"userId": {"b": 2}, "presence": spans}]
    page: list[Any] = entries(response({"userDetails": users}))
    values = [dict(entry[2:])["presence"] for entry in page]
    assert values == ["an object", "a list", "c", "4"]
