"""The paginator reads all rows, whatever the counts are, and always ends."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.http_doubles import response, rows

from tap_genesys.api.page_steps import Page
from tap_genesys.api.pagination import LAST_PAGE, CountedPaginator, TokenPaginator
from tap_genesys.api.response import PageCounts, records
from tap_genesys.errors import StopRun, TooManyRows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_genesys.api.completeness import Completeness

SIZE = 4


@dataclass
class Server:
    """Pages of rows, with the counts in header and body."""

    pages: list[int]
    header: str | None = None
    body: dict[str, Any] = field(default_factory=dict)
    empties: dict[int, int] = field(default_factory=dict)
    requested: list[int] = field(default_factory=list)

    def respond(self, number: int) -> Any:
        """Return the response for page `number`."""
        self.requested.append(number)
        size = self.pages[number - 1] if number <= len(self.pages) else 0
        if self.empties.get(number, 0) > 0:
            self.empties[number] -= 1
            size = 0
        page_rows = rows(100 * number, size)
        headers = {} if self.header is None else {"X-Page-Count": self.header}
        return response(
            {**({"entities": page_rows} if page_rows else {}), **self.body}, headers=headers
        )


def paginator(**options: Any) -> CountedPaginator:
    """Return a paginator that does not wait."""
    settings = {
        "page_size": SIZE,
        "where": "the stream, the window",
        "identity": "conversationId",
        "empty_tries": 3,
        "wait": lambda: None,
        **options,
    }
    return CountedPaginator(**settings)


def read(server: Server, pages: CountedPaginator | None = None, most: int = 500) -> int:
    """Read all pages, as the SDK does; return the number of rows received."""
    pages = pages or paginator()
    received = 0
    while not pages.finished:
        assert len(server.requested) < most, "no end"
        page = server.respond(pages.current_value.number)
        received += len(records(page))
        if not records(page) and not pages.continue_if_empty(page):
            break
        pages.advance(page)
    return received


def test_a_header_count_leads_to_the_last_page() -> None:
    """`X-Page-Count` determines the last page, without a request beyond it."""
    server = Server([4, 4, 2], header="3")
    assert read(server) == 10
    assert server.requested == [1, 2, 3]


def test_a_body_count_leads_where_there_is_no_header() -> None:
    """`pageCount` determines the last page, if there is no header."""
    server = Server([4, 4, 2], body={"pageCount": 3})
    assert read(server) == 10
    assert server.requested == [1, 2, 3]


def test_a_header_count_goes_before_a_body_count() -> None:
    """`X-Page-Count` has precedence over `pageCount`."""
    server = Server([4, 1, 1], header="3", body={"pageCount": 1})
    assert read(server) == 6


def test_total_hits_lead_where_no_pages_are_counted() -> None:
    """`totalHits` determines the last page, if there is no count of pages."""
    server = Server([4, 4, 2], body={"totalHits": 10})
    assert read(server) == 10
    assert server.requested == [1, 2, 3]


def test_a_short_page_is_not_the_last_one_below_total_hits() -> None:
    """A short page is not the last one while `totalHits` is higher."""
    server = Server([4, 1, 3], body={"totalHits": 8})
    assert read(server) == 8


def test_a_full_last_page_is_followed_by_one_more_request() -> None:
    """A full last page is followed by one more request, in case the count is too low by now."""
    server = Server([4, 4], header="2")
    assert read(server) == 8
    assert server.requested == [1, 2, 3]


def test_a_count_that_is_too_low_loses_nothing() -> None:
    """Full pages are read on beyond a count that is too low."""
    server = Server([4, 4, 4, 1], header="2")
    assert read(server) == 13


@pytest.mark.parametrize("header", ["many", "", "-3", "2.5", "0", "9" * 50, "\N{SUPERSCRIPT TWO}"])
def test_a_count_that_is_no_number_is_no_count(header: str) -> None:
    """A count that is no positive integer is ignored: pages are read until an empty one."""
    server = Server([4, 4, 2], header=header)
    assert read(server) == 10
    assert server.requested == [1, 2, 3, 4]


def test_zero_beside_records_counts_as_unknown() -> None:
    """A count of 0 beside records is ignored."""
    server = Server([4, 2], body={"totalHits": 0, "pageCount": 0}, header="0")
    assert read(server) == 6


def test_an_unusable_header_gives_way_to_the_body() -> None:
    """Where the header is unusable, `pageCount` applies."""
    server = Server([4, 2], header="many", body={"pageCount": 2})
    assert read(server) == 6
    assert server.requested == [1, 2]


def test_no_count_at_all_is_read_until_an_empty_page() -> None:
    """Without a count, pages are read until an empty one."""
    server = Server([4, 1, 4, 2])
    assert read(server) == 11
    assert server.requested == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("body", [{}, {"totalHits": 0}, {"pageCount": 0}, {"pageCount": 1}])
def test_an_empty_result_costs_one_request(body: dict[str, int]) -> None:
    """An empty result takes one request: without a count, with zero, or with one page."""
    server = Server([], body=body)
    assert read(server) == 0
    assert server.requested == [1]


def test_a_server_that_lowers_the_page_size_is_followed() -> None:
    """A page as long as the first one is full, though it is shorter than the requested size."""
    server = Server([2, 2, 2, 1], body={"totalHits": 2})
    assert read(server) == 7


def test_the_stated_page_size_determines_a_full_page() -> None:
    """A stated `pageSize` determines whether a page is full."""
    server = Server([2], header="1", body={"pageSize": 4})
    assert read(server) == 2
    assert server.requested == [1]


@pytest.mark.parametrize("late", [1, 2, 3])
def test_an_empty_page_is_requested_again(late: int) -> None:
    """An empty page that should hold rows is requested again after a wait; then it is no hole."""
    server = Server([4, 4, 2], header="3", empties={2: late})
    waits: list[int] = []
    pages = paginator(wait=lambda: waits.append(1))
    assert read(server, pages) == 10
    assert len(waits) == late
    assert not pages.completeness.holes


@pytest.mark.parametrize("body", [{"pageCount": 3}, {"totalHits": 10}])
def test_an_empty_last_page_is_requested_again(body: dict[str, int]) -> None:
    """An empty last page is requested again, too, if a count includes it."""
    server = Server([4, 4, 2], body=body, empties={3: 2})
    assert read(server) == 10


def test_an_empty_response_without_a_count_keeps_the_count() -> None:
    """A response without a count does not cancel the count of an earlier one."""
    server = Server([4, 4, 2], header="3")
    responses = [server.respond(1), response({}), server.respond(2), server.respond(3)]
    pages = paginator()
    for page in responses:
        assert not pages.finished
        pages.advance(page)
    assert pages.completeness.received == 10


def test_a_count_that_is_too_high_ends_after_the_next_page() -> None:
    """With a count that is too high, paging ends after the next page, and without a hole."""
    server = Server([4, 2], header="9")
    pages = paginator()
    assert read(server, pages) == 6
    assert server.requested == [1, 2, 3, 3, 3, 3, 4]
    assert pages.completeness.stale_count
    assert not pages.completeness.holes


@pytest.mark.parametrize(
    ("body", "promised"), [({"pageCount": 4}, "4 pages"), ({"totalHits": 14}, "14 rows")]
)
def test_records_beyond_an_empty_page_are_a_hole(body: dict[str, int], promised: str) -> None:
    """Records after an empty page make that page a hole, with its number and counts.

    All else is read.
    """
    server = Server([4, 4, 4, 2], body=body, empties={2: 99})
    pages = paginator()
    assert read(server, pages) == 10
    assert [hole.page for hole in pages.completeness.holes] == [2]
    assert pages.completeness.holes[0].received == 4
    assert pages.completeness.holes[0].expected == promised
    assert server.requested == [1, 2, 2, 2, 2, 3, 4]


def test_without_tries_the_next_page_is_requested_at_once() -> None:
    """With no tries the page after an empty one is requested at once."""
    server = Server([4, 4, 2], header="3", empties={2: 99})
    assert read(server, paginator(empty_tries=0)) == 6
    assert server.requested == [1, 2, 3]


def test_a_server_that_ignores_the_page_number_is_refused() -> None:
    """The same page twice is an error: paging would never end."""
    pages = paginator()
    pages.advance(response({"entities": rows(0, 4), "totalHits": 9}))
    with pytest.raises(StopRun, match=r"the stream, the window: page 2 holds the same 4 records"):
        pages.advance(response({"entities": rows(0, 4), "totalHits": 9}))


def test_records_without_an_id_are_compared_whole() -> None:
    """Records without an id are compared as a whole, to detect a repeated page."""
    pages = paginator()
    pages.advance(response({"entities": [{"n": 1}]}))
    pages.advance(response({"entities": [{"n": 2}]}))
    with pytest.raises(StopRun, match="ignores pageNumber"):
        pages.advance(response({"entities": [{"n": 2}]}))


def test_a_row_that_is_no_object_is_a_row_of_its_page() -> None:
    """It cannot become a record, but a page that has it is no empty one, and no other one."""
    pages = paginator()
    for page in ([1, "a"], [1, "b"]):
        pages.advance(response({"entities": page}))
    assert pages.completeness.received == 4
    with pytest.raises(StopRun, match="ignores pageNumber"):
        pages.advance(response({"entities": [1, "b"]}))


def test_a_full_page_is_that_of_the_request_before_the_first_one_is_received() -> None:
    """Nothing shows another size by then."""
    assert paginator().completeness.page_size == SIZE


@pytest.mark.parametrize("body", [{"totalHits": 40}, {"pageCount": 11}])
def test_a_window_beyond_the_ceiling_stops_before_paging(body: dict[str, int]) -> None:
    """A window with more rows than can be paged through is an error at its first page."""
    pages = paginator(ceiling=40)
    with pytest.raises(StopRun, match=r"40 at most\. Lower window_days"):
        pages.check_ceiling(response({"conversations": rows(0, 4), **body}))


def test_a_window_below_the_ceiling_is_paged_through() -> None:
    """A window just below the ceiling is read whole."""
    server = Server([4] * 9 + [3], body={"totalHits": 39})
    pages = paginator(ceiling=40)
    pages.check_ceiling(server.respond(1))
    assert read(server, pages) == 39


def test_a_count_that_grows_to_the_ceiling_while_one_pages_is_not_refused() -> None:
    """A count that reaches the ceiling during paging is no error.

    Rows of the window are emitted already.
    """
    pages = paginator(ceiling=40)
    pages.advance(response({"conversations": rows(0, 4), "totalHits": 39}))
    later = response({"conversations": rows(4, 4), "totalHits": 40})
    pages.check_ceiling(later)
    pages.advance(later)
    assert pages.current_value == Page(3)


def test_no_page_beyond_the_ceiling_is_requested() -> None:
    """Rows beyond the last page that can be requested stop the run: none is dropped in silence."""
    server = Server([4] * 12, body={"totalHits": 30})
    with pytest.raises(StopRun, match="has more pages than can be requested"):
        read(server, paginator(ceiling=40))
    assert max(server.requested) == 10


@pytest.mark.parametrize("hits", [11, 12])
def test_a_total_that_is_a_little_too_high_costs_one_request(hits: int) -> None:
    """Less than a page too much in `totalHits` costs one request and no wait: it is approximate."""
    server = Server([4, 4, 2], body={"totalHits": hits})
    waits: list[int] = []
    pages = paginator(wait=lambda: waits.append(1))
    assert read(server, pages) == 10
    assert server.requested == [1, 2, 3, 4]
    assert not waits
    completeness = pages.completeness
    assert (completeness.owed, completeness.fewer) == (hits, True)
    assert (completeness.lacks_a_page, completeness.stale_count) == (False, False)


@pytest.mark.parametrize("hits", [3, 4])
def test_one_short_page_costs_one_request_too(hits: int) -> None:
    """A single short page is followed by one request, without a wait, and nothing is prefetched."""
    server = Server([2], body={"totalHits": hits})
    pages = paginator(wait=lambda: pytest.fail("a wait"))
    assert read(server, pages) == 2
    assert server.requested == [1, 2]
    assert [*pages.ahead()] == []


def test_rows_after_the_counted_pages_are_read() -> None:
    """Rows on the page after the counted ones are read."""
    server = Server([4, 2, 2], body={"totalHits": 8})
    assert read(server, paginator(wait=lambda: pytest.fail("a wait"))) == 8
    assert server.requested == [1, 2, 3]


@pytest.mark.parametrize("hits", [13, 17, 18])
def test_a_missing_page_is_waited_for(hits: int) -> None:
    """A missing page or more is requested again after waits, and then counts as stale."""
    server = Server([4, 4, 2], body={"totalHits": hits})
    pages = paginator()
    assert read(server, pages) == 10
    assert server.requested == [1, 2, 3, 4, 4, 4, 4, 5]
    assert pages.completeness.stale_count
    assert not pages.completeness.fewer


def test_a_page_of_rows_is_waited_for_where_short_pages_had_room_for_them() -> None:
    """A page's worth of missing rows is waited for, where short pages could have held them.

    Pages of 1, 4 and 3 hold four rows less than three pages could.
    """
    server = Server([1, 4, 3], body={"pageSize": 4, "totalHits": 12})
    assert read(server) == 8
    assert server.requested == [1, 2, 3, 4, 4, 4, 4, 5]


@pytest.mark.parametrize(("hits", "requested"), [(10, 3), (11, 4), (13, 4), (14, 3), (99, 3)])
def test_a_counted_last_page_is_followed_by_a_request_where_rows_are_missing(
    hits: int, requested: int
) -> None:
    """A count of pages has precedence over one of rows.

    One request, no wait, and no missing rows.
    """
    server = Server([4, 4, 2], header="3", body={"totalHits": hits})
    pages = paginator(wait=lambda: pytest.fail("a wait"))
    assert read(server, pages) == 10
    assert server.requested == [*range(1, requested + 1)]
    assert not pages.completeness.fewer


@pytest.mark.parametrize("late", [1, 3])
@pytest.mark.parametrize("number", [2, 3])
def test_a_lowered_page_size_means_more_pages(number: int, late: int) -> None:
    """With a lowered page size the count means more pages: an empty one is waited for."""
    server = Server([2, 2, 2], body={"totalHits": 6}, empties={number: late})
    assert read(server) == 6
    assert server.requested == [*range(1, number), *[number] * late, *range(number, 5)]


def test_a_hole_is_as_large_as_the_lowered_page() -> None:
    """The size of a hole is that of the lowered page."""
    server = Server([2, 2, 2], body={"totalHits": 6}, empties={2: 99})
    pages = paginator()
    assert read(server, pages) == 4
    assert [hole.size for hole in pages.completeness.holes] == [2]


def test_a_lowered_page_of_rows_is_more_than_an_approximate_count_explains() -> None:
    """A missing page of the lowered size is reported as missing."""
    pages = paginator()
    for first in (0, 1, 2):
        pages.advance(response({"conversations": rows(first, 2), "totalHits": 6}))
    pages.advance(response({"totalHits": 6}))
    assert pages.finished
    assert (pages.completeness.distinct, pages.completeness.lacks_a_page) == (4, True)


def test_a_hole_is_not_missing_once_more() -> None:
    """Rows of a hole are not waited for again at the end.

    The page after the last is requested once.
    """
    server = Server([4, 4, 4, 2], body={"totalHits": 15}, empties={2: 99})
    assert read(server) == 10
    assert server.requested == [1, 2, 2, 2, 2, 3, 4, 5]


@pytest.mark.parametrize("hits", [(9, 6), (6, 9)])
def test_the_expected_rows_are_the_smallest_count_of_the_first_page(hits: tuple[int, int]) -> None:
    """The expected rows are the smallest count before and at the first page.

    Later, higher counts include rows that arrived during paging.
    """
    pages = paginator()
    pages.advance(response({"totalHits": hits[0]}))
    assert pages.current_value == Page(1, 1)
    pages.advance(response({"conversations": rows(0, 4), "totalHits": hits[1]}))
    pages.advance(response({"conversations": rows(2, 4), "totalHits": 8}))
    pages.advance(response({"conversations": rows(6, 1), "totalHits": 5}))
    completeness = pages.completeness
    assert (completeness.owed, completeness.distinct, completeness.fewer) == (6, 7, False)


def reading(count: int, hits: int) -> Completeness:
    """Return the completeness of a reading of one page, which has its first row twice."""
    pages = paginator()
    pages.check_ceiling(response({"conversations": rows(0, count), "totalHits": hits}))
    pages.advance(response({"conversations": [*rows(0, count), *rows(0, 1)], "totalHits": hits}))
    return pages.completeness


@pytest.mark.parametrize(
    ("first", "second", "expected", "fewer"),
    [
        ((2, 4), (4, 4), 4, False),
        ((2, 4), (3, 5), 4, True),
        ((3, 5), (2, 3), 3, False),
        ((3, 9), (3, 8), 8, True),
    ],
)
def test_two_readings_count_together(
    first: tuple[int, int], second: tuple[int, int], expected: int, *, fewer: bool
) -> None:
    """Two readings are complete together, if together they have the smaller of both counts."""
    again = reading(*second)
    again.add(reading(*first))
    assert (again.owed, again.fewer, again.was_short) == (expected, fewer, True)


def test_rows_of_either_reading_have_come() -> None:
    """Distinct rows of both readings count."""
    first, second = paginator(), paginator()
    first.advance(response({"conversations": rows(0, 3), "totalHits": 4}))
    second.advance(response({"conversations": rows(1, 3), "totalHits": 4}))
    assert first.completeness.fewer
    assert second.completeness.fewer
    second.completeness.add(first.completeness)
    assert (second.completeness.distinct, second.completeness.fewer) == (4, False)


@pytest.mark.parametrize(("missing", "lacks"), [(3, False), (4, True)])
def test_a_page_of_rows_is_more_than_an_approximate_count_explains(
    missing: int, *, lacks: bool
) -> None:
    """Fewer rows than counted lack a page only if as many as a page are missing."""
    pages = paginator()
    pages.advance(response({"conversations": rows(0, 4), "totalHits": 6 + missing}))
    pages.advance(response({"conversations": [*rows(4, 2), *rows(0, 2)], "totalHits": 8}))
    assert (pages.completeness.fewer, pages.completeness.lacks_a_page) == (True, lacks)


@given(
    st.integers(0, 14),
    st.lists(st.tuples(st.integers(0, SIZE), st.floats(0, 1)), max_size=8),
)
@example(10, [(SIZE, 0.0), (SIZE, 0.0), (1, 0.0)])
def test_rows_that_arrive_while_one_pages_hide_none_and_stop_nothing(
    count: int, arrivals: list[tuple[int, float]]
) -> None:
    """Rows that arrive anywhere during paging hide no row that was there, and cause no error."""
    stored, coming = rows(0, count), iter(arrivals)
    numbers = itertools.count(1000)
    pages = paginator(wait=lambda: None)
    received: set[str] = set()
    while not pages.finished:
        start = SIZE * (pages.current_value.number - 1)
        page = stored[start : start + SIZE]
        received |= {row["conversationId"] for row in page}
        pages.advance(response({"conversations": page, "totalHits": len(stored)}))
        number, place = next(coming, (0, 0.0))
        for _ in range(number):
            stored.insert(int(place * len(stored)), *rows(next(numbers), 1))
    assert {f"c{number}" for number in range(count)} <= received
    assert not pages.completeness.fewer
    assert not pages.completeness.holes


def test_a_page_that_comes_again_while_no_row_arrives_is_refused() -> None:
    """New rows explain one repeated page, and no more: the next repetition is an error."""
    pages = paginator()
    pages.advance(response({"conversations": rows(0, 4), "totalHits": 9}))
    pages.advance(response({"conversations": rows(0, 4), "totalHits": 13}))
    with pytest.raises(StopRun, match="page 3 holds the same 4 records"):
        pages.advance(response({"conversations": rows(0, 4), "totalHits": 13}))


def test_rows_that_arrive_beyond_the_ceiling_are_too_many() -> None:
    """Rows that arrive beyond the ceiling raise `TooManyRows`, so that the window is split."""
    server = Server([4] * 12, body={"totalHits": 30})
    with pytest.raises(TooManyRows):
        read(server, paginator(ceiling=40))


def test_endless_records_come_to_an_end() -> None:
    """Paging ends at `LAST_PAGE` though every page has new records."""
    pages = paginator()
    pages._value = Page(LAST_PAGE)
    with pytest.raises(StopRun, match=f"{LAST_PAGE:,}"):
        pages.advance(response({"entities": rows(0, 4)}))


COUNTS = st.one_of(
    st.none(),
    st.integers(min_value=-2, max_value=2**63),
    st.sampled_from(["many", "", "0", 0, 1.5, True, None, "7"]),
)


@given(
    st.integers(min_value=0, max_value=6),
    st.integers(min_value=0, max_value=SIZE - 1),
    COUNTS,
    COUNTS,
    COUNTS,
    st.dictionaries(st.integers(1, 7), st.integers(1, 3), max_size=2),
)
def test_nothing_is_lost_and_the_end_is_reached(
    full: int, rest: int, header: Any, pages: Any, hits: Any, empties: dict[int, int]
) -> None:
    """Whatever is counted, all rows are read, and paging ends.

    Only a page that is empty while no count is higher may end the paging early.
    """
    body = {"pageCount": pages, "totalHits": hits}
    sizes = [SIZE] * full + ([rest] if rest else [])
    server = Server(
        sizes,
        header=None if header is None else str(header),
        body={key: value for key, value in body.items() if value is not None},
        empties=dict(empties) if _counted_pages(header, pages, hits) >= len(sizes) else {},
    )
    try:
        received = read(server)
    except OverflowError:
        pytest.fail("a count broke the paging")
    assert received == sum(sizes)


def _counted_pages(header: Any, pages: Any, hits: Any) -> int:
    """Return the number of pages of the best count, or 0 where it is unusable."""
    for value in (header, pages):
        if isinstance(value, int) and not isinstance(value, bool) and 1 < value < 10**18:
            return value
        if value is not None:
            return 0
    if isinstance(hits, int) and not isinstance(hits, bool) and hits > SIZE:
        return -(-hits // SIZE)
    return 0


def test_tokens_are_followed_until_none_comes() -> None:
    """Tokens are followed until a page has none; a page without records does not end the paging."""
    paginator = TokenPaginator("users", lambda body: body.get("next"))
    assert (paginator.current_value, paginator.finished) == ("", False)
    for token in ("b", "c"):
        paginator.advance(response({"entities": [], "next": token}))
        assert (paginator.current_value, paginator.finished) == (token, False)
    paginator.advance(response({"entities": []}))
    assert paginator.finished


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "c", "a"], map(str, itertools.count())])
def test_tokens_without_an_end_are_an_error(tokens: Iterable[str]) -> None:
    """Tokens that repeat, or never end, stop the run."""
    token: dict[str, str] = {}
    page = response({})
    paginator = TokenPaginator("users", lambda _body: token["next"])
    with pytest.raises(StopRun, match="users: the pages have no end"):  # noqa: PT012 - a loop
        for token["next"] in tokens:
            paginator.get_next(page)


# -- the texts of refusals, and their bounds

WHERE = "the stream, the window"
ADVICE = "Genesys Cloud pages through {} at most. Lower window_days, or narrow the filters."


@pytest.mark.parametrize(
    ("body", "headers", "rows_promised"),
    [
        ({"totalHits": 3999}, {}, None),
        ({"totalHits": 4000}, {}, 4000),
        # So many full pages, and a row.
        ({"pageCount": 1000}, {}, None),
        ({"pageCount": 1001}, {}, 4001),
        ({"pageCount": 1000, "pageSize": 5}, {}, 4996),
        ({"pageCount": 800, "pageSize": 5}, {}, None),
        ({"pageCount": 1001, "pageSize": 3}, {}, None),
        ({"pageCount": 1001, "totalHits": 7}, {}, 4001),
        ({"totalHits": 4000}, {"X-Page-Count": "2"}, None),
        ({}, {}, None),
    ],
)
def test_a_window_is_refused_from_the_ceiling_on(
    body: dict[str, int], headers: dict[str, str], rows_promised: int | None
) -> None:
    """With the rows that its first page promises at least."""
    first = response({"conversations": rows(0, 4), **body}, headers=headers)
    pages = paginator(ceiling=4000)
    if rows_promised is None:
        pages.check_ceiling(first)
        return
    with pytest.raises(TooManyRows) as refusal:
        pages.check_ceiling(first)
    text = f"{WHERE}: promises {rows_promised:,} rows; {ADVICE.format('4,000')}"
    assert (str(refusal.value), refusal.value.rows) == (text, rows_promised)


def test_an_empty_result_is_below_the_lowest_ceiling() -> None:
    """Some endpoints count one page of it, some none."""
    pages = paginator(ceiling=2)
    pages.check_ceiling(response({"conversations": [], "pageCount": 0}))
    pages.check_ceiling(response({"conversations": [], "pageCount": 1}))


@pytest.mark.parametrize(("ceiling", "last"), [(1, 1), (3, 1), (4, 1), (7, 1), (8, 2), (11, 2)])
def test_pages_end_with_the_last_full_one_of_the_ceiling(ceiling: int, last: int) -> None:
    """There is one in any case; none beyond it is prefetched."""
    pages = paginator(ceiling=ceiling)
    for number in range(1, last):
        pages.advance(response({"conversations": rows(10 * number, 4)}))
    pages.completeness.expect(PageCounts(pages=9), 2)
    assert [*pages.ahead()] == []
    with pytest.raises(TooManyRows) as refusal:
        pages.advance(response({"conversations": rows(10 * last, 4)}))
    text = f"{WHERE}: has more pages than can be requested; {ADVICE.format(ceiling)}"
    assert (str(refusal.value), refusal.value.rows) == (text, 0)


def test_without_a_ceiling_the_last_page_is_named() -> None:
    """It is no window that a shorter one would help."""
    pages = paginator()
    pages._value = Page(LAST_PAGE)
    with pytest.raises(StopRun) as refusal:
        pages.advance(response({"entities": rows(0, 4)}))
    text = f"{WHERE}: has more pages than can be requested ({LAST_PAGE:,})."
    assert str(refusal.value) == text
    assert not isinstance(refusal.value, TooManyRows)


@pytest.mark.parametrize(
    ("counts", "promised"),
    [
        (PageCounts(), "no count"),
        (PageCounts(rows=0), "0 rows"),
        (PageCounts(rows=1234), "1,234 rows"),
        (PageCounts(pages=1234, rows=7), "1,234 pages"),
    ],
)
def test_what_is_promised_is_shown_with_its_unit(counts: PageCounts, promised: str) -> None:
    """Pages go before rows."""
    pages = paginator()
    pages.completeness.expect(counts, 1)
    assert pages.promised == promised


def test_a_repetition_is_one_sentence() -> None:
    """It names the page, the records and the cause."""
    pages = paginator()
    pages.advance(response({"entities": rows(0, 4)}))
    with pytest.raises(StopRun) as refusal:
        pages.advance(response({"entities": rows(0, 4)}))
    assert str(refusal.value) == (
        f"{WHERE}: page 2 holds the same 4 records as the page before; "
        "the server ignores pageNumber."
    )


def test_a_token_that_comes_again_is_one_sentence() -> None:
    """An empty page ends nothing."""
    tokens = TokenPaginator("users", lambda _body: "a")
    empty = response({})
    assert tokens.continue_if_empty(empty)
    assert tokens.get_next(empty) == "a"
    with pytest.raises(StopRun) as refusal:
        tokens.get_next(empty)
    assert str(refusal.value) == "users: the pages have no end."
