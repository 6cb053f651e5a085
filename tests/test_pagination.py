"""The paginator reads all that exists, whatever the counts say, and always ends."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses import response, rows

from tap_genesys.answers import records
from tap_genesys.errors import StopRun
from tap_genesys.pagination import LAST_PAGE, CountedPaginator, Page, TokenPaginator

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    assert not pages.holes


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
    assert pages.received == 10


def test_a_count_that_is_too_high_ends_after_a_look_beyond() -> None:
    server = Server([4, 2], header="9")
    pages = paginator()
    assert read(server, pages) == 6
    assert server.asked == [1, 2, 3, 3, 3, 3, 4]
    assert pages.stale_count
    assert not pages.holes


@pytest.mark.parametrize("body", [{"pageCount": 4}, {"totalHits": 14}])
def test_records_beyond_an_empty_page_are_a_hole(body: dict[str, int]) -> None:
    """All that exists is read, and the hole is told with page, expected and received."""
    server = Server([4, 4, 4, 2], body=body, empties={2: 99})
    pages = paginator()
    assert read(server, pages) == 10
    assert [hole.page for hole in pages.holes] == [2]
    assert pages.holes[0].received == 4
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


def test_no_page_beyond_the_ceiling_is_asked_for() -> None:
    """Rows that cannot be looked at stop the run: they are not passed over in silence."""
    server = Server([4] * 12, body={"totalHits": 30})
    with pytest.raises(StopRun, match="goes on past the last page"):
        read(server, paginator(ceiling=40))
    assert max(server.asked) == 10


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
