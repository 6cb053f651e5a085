"""The paginator reads all that exists, whatever the counts say, and always ends."""

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
from tap_genesys.api.response import records
from tap_genesys.errors import StopRun, TooManyRows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_genesys.api.completeness import Completeness

SIZE = 4


@dataclass
class Server:
    """Pages of rows, and what is said about how many there are."""

    pages: list[int]
    header: str | None = None
    body: dict[str, Any] = field(default_factory=dict)
    empties: dict[int, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def answer(self, number: int) -> Any:
        """Answer a request for page `number`."""
        self.asked.append(number)
        size = self.pages[number - 1] if number <= len(self.pages) else 0
        if self.empties.get(number, 0) > 0:
            self.empties[number] -= 1
            size = 0
        found = rows(100 * number, size)
        headers = {} if self.header is None else {"X-Page-Count": self.header}
        return response({**({"entities": found} if found else {}), **self.body}, headers=headers)


def paginator(**options: Any) -> CountedPaginator:
    """Make a paginator that does not wait."""
    chosen = {
        "page_size": SIZE,
        "where": "the stream, the window",
        "identity": "conversationId",
        "empty_tries": 3,
        "wait": lambda: None,
        **options,
    }
    return CountedPaginator(**chosen)


def read(server: Server, pages: CountedPaginator | None = None, most: int = 500) -> int:
    """Page through, as the SDK does; return the rows received."""
    pages = pages or paginator()
    received = 0
    while not pages.finished:
        assert len(server.asked) < most, "no end"
        answer = server.answer(pages.current_value.number)
        received += len(records(answer))
        if not records(answer) and not pages.continue_if_empty(answer):
            break
        pages.advance(answer)
    return received


def test_a_header_count_leads_to_the_last_page() -> None:
    server = Server([4, 4, 2], header="3")
    assert read(server) == 10
    assert server.asked == [1, 2, 3]


def test_a_body_count_leads_where_there_is_no_header() -> None:
    server = Server([4, 4, 2], body={"pageCount": 3})
    assert read(server) == 10
    assert server.asked == [1, 2, 3]


def test_a_header_count_goes_before_a_body_count() -> None:
    server = Server([4, 1, 1], header="3", body={"pageCount": 1})
    assert read(server) == 6


def test_total_hits_lead_where_no_pages_are_counted() -> None:
    server = Server([4, 4, 2], body={"totalHits": 10})
    assert read(server) == 10
    assert server.asked == [1, 2, 3]


def test_short_pages_are_read_on_while_more_rows_are_promised() -> None:
    server = Server([4, 1, 3], body={"totalHits": 8})
    assert read(server) == 8


def test_a_full_last_page_is_followed_by_one_more_look() -> None:
    """A count that went stale low costs one request, not the rows behind it."""
    server = Server([4, 4], header="2")
    assert read(server) == 8
    assert server.asked == [1, 2, 3]


def test_a_count_that_is_too_low_loses_nothing() -> None:
    server = Server([4, 4, 4, 1], header="2")
    assert read(server) == 13


@pytest.mark.parametrize("header", ["many", "", "-3", "2.5", "0", "9" * 50, "\N{SUPERSCRIPT TWO}"])
def test_a_count_that_is_no_number_is_no_count(header: str) -> None:
    """Then pages are read until an empty one."""
    server = Server([4, 4, 2], header=header)
    assert read(server) == 10
    assert server.asked == [1, 2, 3, 4]


def test_zero_beside_records_counts_as_unknown() -> None:
    server = Server([4, 2], body={"totalHits": 0, "pageCount": 0}, header="0")
    assert read(server) == 6


def test_an_unusable_header_gives_way_to_the_body() -> None:
    server = Server([4, 2], header="many", body={"pageCount": 2})
    assert read(server) == 6
    assert server.asked == [1, 2]


def test_no_count_at_all_is_read_until_an_empty_page() -> None:
    server = Server([4, 1, 4, 2])
    assert read(server) == 11
    assert server.asked == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("body", [{}, {"totalHits": 0}, {"pageCount": 0}, {"pageCount": 1}])
def test_an_empty_result_costs_one_request(body: dict[str, int]) -> None:
    """An empty result is told by no count, by zero, or by one page without a record."""
    server = Server([], body=body)
    assert read(server) == 0
    assert server.asked == [1]


def test_a_server_that_lowers_the_page_size_is_followed() -> None:
    """A page as long as the first one is full, though it is shorter than what was asked for."""
    server = Server([2, 2, 2, 1], body={"totalHits": 2})
    assert read(server) == 7


def test_the_stated_page_size_says_when_a_page_is_short() -> None:
    server = Server([2], header="1", body={"pageSize": 4})
    assert read(server) == 2
    assert server.asked == [1]


@pytest.mark.parametrize("late", [1, 2, 3])
def test_an_empty_page_is_asked_for_again(late: int) -> None:
    server = Server([4, 4, 2], header="3", empties={2: late})
    waits: list[int] = []
    pages = paginator(wait=lambda: waits.append(1))
    assert read(server, pages) == 10
    assert len(waits) == late
    assert not pages.completeness.holes


@pytest.mark.parametrize("body", [{"pageCount": 3}, {"totalHits": 10}])
def test_an_empty_last_page_is_asked_for_again(body: dict[str, int]) -> None:
    server = Server([4, 4, 2], body=body, empties={3: 2})
    assert read(server) == 10


def test_an_empty_answer_without_a_count_takes_no_promise_back() -> None:
    server = Server([4, 4, 2], header="3")
    answers = [server.answer(1), response({}), server.answer(2), server.answer(3)]
    pages = paginator()
    for answer in answers:
        assert not pages.finished
        pages.advance(answer)
    assert pages.completeness.received == 10


def test_a_count_that_is_too_high_ends_after_a_look_beyond() -> None:
    server = Server([4, 2], header="9")
    pages = paginator()
    assert read(server, pages) == 6
    assert server.asked == [1, 2, 3, 3, 3, 3, 4]
    assert pages.completeness.stale_count
    assert not pages.completeness.holes


@pytest.mark.parametrize("body", [{"pageCount": 4}, {"totalHits": 14}])
def test_records_beyond_an_empty_page_are_a_hole(body: dict[str, int]) -> None:
    """All that exists is read, and the hole is told with page, expected and received."""
    server = Server([4, 4, 4, 2], body=body, empties={2: 99})
    pages = paginator()
    assert read(server, pages) == 10
    assert [hole.page for hole in pages.completeness.holes] == [2]
    assert pages.completeness.holes[0].received == 4
    assert server.asked == [1, 2, 2, 2, 2, 3, 4]


def test_no_tries_means_a_look_beyond_at_once() -> None:
    server = Server([4, 4, 2], header="3", empties={2: 99})
    assert read(server, paginator(empty_tries=0)) == 6
    assert server.asked == [1, 2, 3]


def test_a_server_that_ignores_the_page_number_is_refused() -> None:
    pages = paginator()
    pages.advance(response({"entities": rows(0, 4), "totalHits": 9}))
    with pytest.raises(StopRun, match=r"the stream, the window: page 2 holds the same 4 records"):
        pages.advance(response({"entities": rows(0, 4), "totalHits": 9}))


def test_records_without_an_id_are_compared_whole() -> None:
    pages = paginator()
    pages.advance(response({"entities": [{"n": 1}]}))
    pages.advance(response({"entities": [{"n": 2}]}))
    with pytest.raises(StopRun, match="ignores pageNumber"):
        pages.advance(response({"entities": [{"n": 2}]}))


@pytest.mark.parametrize("body", [{"totalHits": 40}, {"pageCount": 11}])
def test_a_window_beyond_the_ceiling_stops_before_paging(body: dict[str, int]) -> None:
    pages = paginator(ceiling=40)
    with pytest.raises(StopRun, match=r"40 at most\. Lower window_days"):
        pages.check_ceiling(response({"conversations": rows(0, 4), **body}))


def test_a_window_below_the_ceiling_is_paged_through() -> None:
    server = Server([4] * 9 + [3], body={"totalHits": 39})
    pages = paginator(ceiling=40)
    pages.check_ceiling(server.answer(1))
    assert read(server, pages) == 39


def test_a_count_that_grows_to_the_ceiling_while_one_pages_is_not_refused() -> None:
    """Rows of the window are out already."""
    pages = paginator(ceiling=40)
    pages.advance(response({"conversations": rows(0, 4), "totalHits": 39}))
    later = response({"conversations": rows(4, 4), "totalHits": 40})
    pages.check_ceiling(later)
    pages.advance(later)
    assert pages.current_value == Page(3)


def test_no_page_beyond_the_ceiling_is_asked_for() -> None:
    """Rows that cannot be looked at stop the run: they are not passed over in silence."""
    server = Server([4] * 12, body={"totalHits": 30})
    with pytest.raises(StopRun, match="has more pages than can be requested"):
        read(server, paginator(ceiling=40))
    assert max(server.asked) == 10


@pytest.mark.parametrize("hits", [11, 12])
def test_a_total_that_is_a_little_too_high_costs_one_look(hits: int) -> None:
    """No wait: the pages that it promises have come, and `totalHits` is approximate."""
    server = Server([4, 4, 2], body={"totalHits": hits})
    waits: list[int] = []
    pages = paginator(wait=lambda: waits.append(1))
    assert read(server, pages) == 10
    assert server.asked == [1, 2, 3, 4]
    assert not waits
    completeness = pages.completeness
    assert (completeness.owed, completeness.fewer) == (hits, True)
    assert (completeness.lacks_a_page, completeness.stale_count) == (False, False)


@pytest.mark.parametrize("hits", [3, 4])
def test_one_short_page_costs_one_look_too(hits: int) -> None:
    server = Server([2], body={"totalHits": hits})
    pages = paginator(wait=lambda: pytest.fail("a wait"))
    assert read(server, pages) == 2
    assert server.asked == [1, 2]
    assert [*pages.ahead()] == []


def test_what_the_look_finds_is_read() -> None:
    server = Server([4, 2, 2], body={"totalHits": 8})
    assert read(server, paginator(wait=lambda: pytest.fail("a wait"))) == 8
    assert server.asked == [1, 2, 3]


@pytest.mark.parametrize("hits", [13, 17, 18])
def test_a_further_page_that_is_promised_is_waited_for(hits: int) -> None:
    """Its rows would make one, or two."""
    server = Server([4, 4, 2], body={"totalHits": hits})
    pages = paginator()
    assert read(server, pages) == 10
    assert server.asked == [1, 2, 3, 4, 4, 4, 4, 5]
    assert pages.completeness.stale_count
    assert not pages.completeness.fewer


def test_a_page_of_rows_is_waited_for_where_short_pages_had_room_for_them() -> None:
    """Pages of 1, 4 and 3 hold four rows less than three pages could."""
    server = Server([1, 4, 3], body={"pageSize": 4, "totalHits": 12})
    assert read(server) == 8
    assert server.asked == [1, 2, 3, 4, 4, 4, 4, 5]


@pytest.mark.parametrize(("hits", "asked"), [(10, 3), (11, 4), (13, 4), (14, 3), (99, 3)])
def test_a_counted_last_page_is_followed_by_a_look_where_less_than_a_page_is_missing(
    hits: int, asked: int
) -> None:
    """The pages' count goes before that of the rows: no wait, and nothing is owed."""
    server = Server([4, 4, 2], header="3", body={"totalHits": hits})
    pages = paginator(wait=lambda: pytest.fail("a wait"))
    assert read(server, pages) == 10
    assert server.asked == [*range(1, asked + 1)]
    assert not pages.completeness.fewer


@pytest.mark.parametrize("late", [1, 3])
@pytest.mark.parametrize("number", [2, 3])
def test_a_lowered_page_size_promises_more_pages(number: int, late: int) -> None:
    """Pages of two, though four were asked for: an empty one of them is waited for."""
    server = Server([2, 2, 2], body={"totalHits": 6}, empties={number: late})
    assert read(server) == 6
    assert server.asked == [*range(1, number), *[number] * late, *range(number, 5)]


def test_a_hole_is_as_large_as_the_lowered_page() -> None:
    server = Server([2, 2, 2], body={"totalHits": 6}, empties={2: 99})
    pages = paginator()
    assert read(server, pages) == 4
    assert [hole.size for hole in pages.completeness.holes] == [2]


def test_a_lowered_page_of_rows_is_more_than_an_approximate_count_explains() -> None:
    pages = paginator()
    for first in (0, 1, 2):
        pages.advance(response({"conversations": rows(first, 2), "totalHits": 6}))
    pages.advance(response({"totalHits": 6}))
    assert pages.finished
    assert (pages.completeness.distinct, pages.completeness.lacks_a_page) == (4, True)


def test_a_hole_is_not_missing_once_more() -> None:
    """The page behind the last is looked at once, without a wait."""
    server = Server([4, 4, 4, 2], body={"totalHits": 15}, empties={2: 99})
    assert read(server) == 10
    assert server.asked == [1, 2, 2, 2, 2, 3, 4, 5]


@pytest.mark.parametrize("hits", [(9, 6), (6, 9)])
def test_what_is_owed_is_the_smallest_count_of_the_first_page(hits: tuple[int, int]) -> None:
    """Not what later pages say, when more rows have arrived, nor another, higher count."""
    pages = paginator()
    pages.advance(response({"totalHits": hits[0]}))
    assert pages.current_value == Page(1, 1)
    pages.advance(response({"conversations": rows(0, 4), "totalHits": hits[1]}))
    pages.advance(response({"conversations": rows(2, 4), "totalHits": 8}))
    pages.advance(response({"conversations": rows(6, 1), "totalHits": 5}))
    completeness = pages.completeness
    assert (completeness.owed, completeness.distinct, completeness.fewer) == (6, 7, False)


def reading(count: int, hits: int) -> Completeness:
    """Read a page of rows; each reading has its first one twice."""
    pages = paginator()
    pages.check_ceiling(response({"conversations": rows(0, count), "totalHits": hits}))
    pages.advance(response({"conversations": [*rows(0, count), *rows(0, 1)], "totalHits": hits}))
    return pages.completeness


@pytest.mark.parametrize(
    ("first", "second", "owed", "fewer"),
    [
        ((2, 4), (4, 4), 4, False),
        ((2, 4), (3, 5), 4, True),
        ((3, 5), (2, 3), 3, False),
        ((3, 9), (3, 8), 8, True),
    ],
)
def test_two_readings_count_together(
    first: tuple[int, int], second: tuple[int, int], owed: int, *, fewer: bool
) -> None:
    again = reading(*second)
    again.add(reading(*first))
    assert (again.owed, again.fewer, again.was_short) == (owed, fewer, True)


def test_rows_of_either_reading_have_come() -> None:
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
    """After each page so many arrive, somewhere; what was there at first comes, and is enough."""
    held, coming = rows(0, count), iter(arrivals)
    numbers = itertools.count(1000)
    pages = paginator(wait=lambda: None)
    seen: set[str] = set()
    while not pages.finished:
        start = SIZE * (pages.current_value.number - 1)
        page = held[start : start + SIZE]
        seen |= {row["conversationId"] for row in page}
        pages.advance(response({"conversations": page, "totalHits": len(held)}))
        number, place = next(coming, (0, 0.0))
        for _ in range(number):
            held.insert(int(place * len(held)), *rows(next(numbers), 1))
    assert {f"c{number}" for number in range(count)} <= seen
    assert not pages.completeness.fewer
    assert not pages.completeness.holes


def test_a_page_that_comes_again_while_no_row_arrives_is_refused() -> None:
    """Rows arrived before, and explain one page that comes twice; not the next."""
    pages = paginator()
    pages.advance(response({"conversations": rows(0, 4), "totalHits": 9}))
    pages.advance(response({"conversations": rows(0, 4), "totalHits": 13}))
    with pytest.raises(StopRun, match="page 3 holds the same 4 records"):
        pages.advance(response({"conversations": rows(0, 4), "totalHits": 13}))


def test_rows_that_arrive_beyond_the_ceiling_are_too_many() -> None:
    """So the window is halved."""
    server = Server([4] * 12, body={"totalHits": 30})
    with pytest.raises(TooManyRows):
        read(server, paginator(ceiling=40))


def test_endless_records_come_to_an_end() -> None:
    """No server can make the run endless, though every page holds something new."""
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
    """Whatever is counted, all rows come, or an empty page in between was not promised to hold any.

    A page that comes empty, with counts that promise no more, is where every client must stop.
    """
    body = {"pageCount": pages, "totalHits": hits}
    sizes = [SIZE] * full + ([rest] if rest else [])
    server = Server(
        sizes,
        header=None if header is None else str(header),
        body={key: value for key, value in body.items() if value is not None},
        empties=dict(empties) if _promised(header, pages, hits) >= len(sizes) else {},
    )
    try:
        received = read(server)
    except OverflowError:
        pytest.fail("a count broke the paging")
    assert received == sum(sizes)


def _promised(header: Any, pages: Any, hits: Any) -> int:
    """Return the pages that the best count promises; 0 where it is unusable."""
    for value in (header, pages):
        if isinstance(value, int) and not isinstance(value, bool) and 1 < value < 10**18:
            return value
        if value is not None:
            return 0
    if isinstance(hits, int) and not isinstance(hits, bool) and hits > SIZE:
        return -(-hits // SIZE)
    return 0


def test_tokens_are_followed_until_none_comes() -> None:
    """A page may be empty, and the next one not."""
    paginator = TokenPaginator("users", lambda answer: answer.get("next"))
    for token in ("b", "c"):
        paginator.advance(response({"entities": [], "next": token}))
        assert (paginator.current_value, paginator.finished) == (token, False)
    paginator.advance(response({"entities": []}))
    assert paginator.finished


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "c", "a"], map(str, itertools.count())])
def test_tokens_without_an_end_are_an_error(tokens: Iterable[str]) -> None:
    told: dict[str, str] = {}
    answer = response({})
    paginator = TokenPaginator("users", lambda _answer: told["next"])
    with pytest.raises(StopRun, match="users: the pages have no end"):  # noqa: PT012 - a loop
        for told["next"] in tokens:
            paginator.get_next(answer)
