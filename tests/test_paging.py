"""A paging value owns both halves: how a page is requested, and where the next one is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.streams.rest import HTTPRequest
from support.http_doubles import response

from tap_genesys.api.page_steps import Page
from tap_genesys.api.pagination import CountedPaginator
from tap_genesys.api.paging import (
    BodyToken,
    Cursor,
    NextLink,
    PageNumbers,
    Paging,
    PagingContext,
    SinglePage,
    pages_ahead,
)
from tap_genesys.errors import StopRun

BASE = "https://api.example.test"


def counted() -> CountedPaginator:
    return CountedPaginator(
        page_size=2, where="teams", identity="id", empty_tries=0, wait=lambda: None
    )


CONTEXT = PagingContext("teams", BASE, 2, counted)


def requested(paging: Paging, token: Any) -> HTTPRequest:
    """Return the request for a page of a listing that has a parameter of its own."""
    request = HTTPRequest(url=f"{BASE}/api/v2/teams", params={"state": "any"})
    return paging.requested(request, token, CONTEXT)


@pytest.mark.parametrize(
    ("paging", "token", "params", "data"),
    [
        (PageNumbers(), None, {"pageSize": 2, "pageNumber": 1}, None),
        (PageNumbers(), Page(3), {"pageSize": 2, "pageNumber": 3}, None),
        (NextLink(), "", {"pageSize": 2}, None),
        (NextLink(size_param=""), "", {}, None),
        (Cursor(), "", {"limit": 2}, None),
        (Cursor(), "abc", {"limit": 2, "cursor": "abc"}, None),
        (BodyToken(), "", {}, {"filters": [], "pageSize": 2}),
        (BodyToken(), "abc", {}, {"filters": [], "pageSize": 2, "after": "abc"}),
        (SinglePage(), None, {}, None),
    ],
)
def test_a_page_is_requested(
    paging: Paging, token: Any, params: dict[str, Any], data: dict[str, Any] | None
) -> None:
    """Each way of paging adds its parameters to those of the listing."""
    request = requested(paging, token)
    assert request.params == {"state": "any", **params}
    assert request.data == data
    assert request.url == f"{BASE}/api/v2/teams"


@pytest.mark.parametrize(
    "link",
    [
        "/api/v2/teams?after=a%20b",
        "api/v2/teams?after=a%20b",
        "https://elsewhere.example/api/v2/teams?after=a%20b",
        "//elsewhere.example/api/v2/teams?after=a%20b",
    ],
)
def test_a_link_is_followed_as_it_is_at_our_own_host(link: str) -> None:
    """A link is requested from the configured host, so that no other gets the token.

    Its query is complete.
    """
    request = requested(NextLink(), link)
    assert request.url == f"{BASE}/api/v2/teams?after=a%20b"
    assert request.params == {}


def test_a_link_that_looks_like_a_user_of_a_host_stays_a_path() -> None:
    """A link that begins with `@` stays a path: it changes no host."""
    assert requested(NextLink(), "@elsewhere.example/x?y=1").url == (
        f"{BASE}/@elsewhere.example/x?y=1"
    )


def test_a_link_that_cannot_be_read_stops_the_run() -> None:
    """A link that cannot be parsed stops the run; the error names the stream."""
    with pytest.raises(StopRun, match="teams: the link to the next page cannot be followed"):
        requested(NextLink(), "//[half/x")


@pytest.mark.parametrize(
    ("paging", "body", "token"),
    [
        (NextLink(), {"nextUri": "/x?y"}, "/x?y"),
        (NextLink(), {"nextUri": ""}, None),
        (Cursor(), {"cursors": {"after": "abc"}}, "abc"),
        (Cursor(), {"cursors": None}, None),
        (BodyToken(), {"after": "abc"}, "abc"),
        (BodyToken(), {}, None),
        (SinglePage(), {"nextUri": "/x", "after": "abc", "pageCount": 9}, None),
    ],
)
def test_the_next_token_is_read(paging: Paging, body: dict[str, Any], token: str | None) -> None:
    """The next token is read from the response, with records or without."""
    paginator = paging.paginator(CONTEXT)
    paginator.advance(response({"entities": [], **body}))
    assert paginator.finished is (token is None)
    if token is not None:
        assert paginator.current_value == token


def page_of(request: HTTPRequest) -> int:
    """Return the page that a request is for, counted from 0."""
    sent = f"{request.url} {request.params!r} {request.data!r}"
    token = re.search(r"token-(\d+)", sent)
    params: Any = request.params
    return int(token[1]) if token else int(params.get("pageNumber", 1)) - 1


def body_of(page: int, pages: int) -> dict[str, Any]:
    """Return a page of a listing that has all of the vendor's ways of paging at once."""
    records = [{"id": f"{page}.{number}"} for number in range(2)] if page < pages else []
    token = f"token-{page + 1}"
    following = {"nextUri": f"/next?at={token}", "cursors": {"after": token}, "after": token}
    return {"entities": records, "pageCount": pages, **(following if page + 1 < pages else {})}


@given(st.integers(1, 12), st.sampled_from([PageNumbers(), NextLink(), Cursor(), BodyToken()]))
def test_all_pages_are_read_once(pages: int, paging: Paging) -> None:
    """All pages are requested once, in order, from a server without a state."""
    read = []
    paginator = paging.paginator(CONTEXT)
    while not paginator.finished:
        page = page_of(requested(paging, paginator.current_value))
        read.append(page)
        paginator.advance(response(body_of(page, pages)))
    # The last page is full, so with page numbers one more request may follow.
    assert read[:pages] == [*range(pages)]
    assert len(read) <= pages + paging.is_counted


def test_only_page_numbers_can_be_prefetched() -> None:
    """Only pages by number can be prefetched: a link or a cursor cannot be computed."""
    paginator = PageNumbers().paginator(CONTEXT)
    paginator.advance(response({"entities": [{"id": "1"}, {"id": "2"}], "pageCount": 4}))
    assert [page.number for page in pages_ahead(paginator)] == [3, 4]
    assert [*pages_ahead(NextLink().paginator(CONTEXT))] == []


@pytest.mark.parametrize(
    ("paging", "size", "is_counted"),
    [
        (PageNumbers(), 100, True),
        (PageNumbers(max_page_size=500), 500, True),
        (NextLink(), 100, False),
        (Cursor(), 200, False),
        (BodyToken(), 200, False),
        (SinglePage(), 100, False),
    ],
)
def test_sizes_and_counts(paging: Paging, size: int, is_counted: bool) -> None:  # noqa: FBT001
    """Each way of paging has a maximum page size, and only page numbers have counts."""
    assert (paging.max_page_size, paging.is_counted) == (size, is_counted)


@pytest.mark.parametrize(
    ("paging", "body"),
    [
        (NextLink(), {"nextUri": "/a"}),
        (Cursor(), {"cursors": {"after": "a"}}),
        (BodyToken(), {"after": "a"}),
    ],
)
def test_a_token_that_comes_again_stops_the_run(paging: Paging, body: dict[str, Any]) -> None:
    """With the stream's name."""
    paginator = paging.paginator(CONTEXT)
    paginator.get_next(response(body))
    with pytest.raises(StopRun, match=r"^teams: the pages have no end"):
        paginator.get_next(response(body))


def test_a_path_keeps_its_first_letter() -> None:
    """Only slashes before it are left out, since the base URL has none at its end."""
    for link in ("/Xa?b=c", "//host/Xa?b=c", "Xa?b=c"):
        assert requested(NextLink(), link).url == f"{BASE}/Xa?b=c"
