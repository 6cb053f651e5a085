"""The step after a page, as in the table of docs/paging.md."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.api.page_steps import (
    Page,
    PageRecords,
    PageState,
    Step,
    step_after,
)
from tap_genesys.api.response import PageCounts

SIZE = 4
TRIES = 3
UNCOUNTED = PageCounts()


def counted(pages: int | None = None, rows: int | None = None) -> PageCounts:
    return PageCounts(pages=pages, rows=rows)


def state(page: Page, rows: int = 0, **options: Any) -> PageState:
    """Return a page after full ones, with a requested size of four rows."""
    values = {
        "received": SIZE * (page.number - 1) + rows,
        "in_holes": 0,
        "counts": UNCOUNTED,
        "requested_size": SIZE,
        "full_size": SIZE,
        "empty_tries": TRIES,
        **options,
    }
    return PageState(page=page, rows=rows, **values)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(state(Page(2), 1, counts=counted(pages=3)), id="more pages"),
        pytest.param(state(Page(2), 1, counts=counted(rows=6)), id="more rows"),
        pytest.param(state(Page(2), 1, counts=counted(rows=99)), id="many more rows"),
        pytest.param(state(Page(2), 1, counts=counted(pages=2, rows=8)), id="less than a page"),
        pytest.param(state(Page(2), 4, counts=counted(pages=2)), id="full, by pages"),
        pytest.param(state(Page(2), 4, counts=counted(rows=8)), id="full, by rows"),
        pytest.param(state(Page(2), 2, full_size=2, counts=counted(pages=2)), id="full, lowered"),
        pytest.param(state(Page(2), 1), id="no count"),
        pytest.param(state(Page(3, beyond_empty=True), 1), id="behind a hole"),
    ],
)
def test_records_are_followed_by_the_next_page(page: PageState) -> None:
    """Another page follows if the counts are higher, the page is full, or no count is usable."""
    assert step_after(page) is Step.NEXT


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(counted(pages=2), id="all pages have come"),
        pytest.param(counted(rows=5), id="all rows have come"),
        pytest.param(counted(rows=3), id="more rows have come"),
        pytest.param(counted(pages=2, rows=5), id="both have come"),
        pytest.param(counted(pages=2, rows=9), id="a page by totalHits, but pages are counted"),
    ],
)
def test_a_short_page_ends_the_paging_at_the_count(counts: PageCounts) -> None:
    """A short page is the last one, if no count is higher."""
    assert step_after(state(Page(2), 1, counts=counts)) is Step.END
    assert step_after(state(Page(2), 3, counts=counts, received=5)) is Step.END


def test_rows_in_a_hole_count_as_received() -> None:
    """Rows of a hole count as received, so that paging ends at the counted total."""
    short = {"received": 6, "counts": counted(rows=10)}
    assert step_after(state(Page(3), 2, **short)) is Step.NEXT
    assert step_after(state(Page(3), 2, in_holes=SIZE, **short)) is Step.END


@pytest.mark.parametrize("missing", [1, SIZE - 1])
def test_an_empty_page_ends_the_paging_less_than_a_page_below_total_hits(missing: int) -> None:
    """An empty page ends the paging, without a wait, if less than a page of `totalHits` is missing.

    It is approximate.
    """
    page = state(Page(3), received=8 - missing, counts=counted(rows=8))
    assert step_after(page) is Step.END


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"received": 8 - SIZE, "counts": counted(rows=8)}, id="a page is missing"),
        pytest.param({"received": 8, "counts": counted(rows=9)}, id="the page is counted"),
        pytest.param({"received": 4, "full_size": 2, "counts": counted(rows=6)}, id="lowered"),
        pytest.param({"counts": counted(pages=3)}, id="the last page is missing"),
        pytest.param({"counts": counted(pages=9)}, id="pages are missing"),
    ],
)
def test_an_empty_page_is_requested_again_below_the_count(options: dict[str, Any]) -> None:
    """An empty page is requested again a few times, if a count includes it.

    Then the page after it.
    """
    steps = [step_after(state(Page(3, attempt), **options)) for attempt in range(TRIES + 1)]
    assert steps == [Step.AGAIN] * TRIES + [Step.BEYOND]


@pytest.mark.parametrize("counts", [counted(pages=2), counted(rows=1), counted(rows=5)])
def test_an_empty_first_page_is_requested_again_below_the_count(counts: PageCounts) -> None:
    """An empty first page is requested again, if a count is higher."""
    assert step_after(state(Page(1), full_size=0, counts=counts)) is Step.AGAIN


@pytest.mark.parametrize("counts", [UNCOUNTED, counted(pages=9), counted(rows=99)])
def test_two_empty_pages_make_the_count_stale(counts: PageCounts) -> None:
    """After two empty pages the count is stale, and paging ends."""
    assert step_after(state(Page(3, beyond_empty=True), counts=counts)) is Step.STALE


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(state(Page(1), full_size=0), id="no count"),
        pytest.param(state(Page(1), full_size=0, counts=counted(rows=0)), id="no rows"),
        pytest.param(state(Page(1), full_size=0, counts=counted(pages=0)), id="no pages"),
        pytest.param(state(Page(1), full_size=0, counts=counted(pages=1)), id="one page"),
        pytest.param(
            state(Page(1), full_size=0, counts=counted(pages=1, rows=3)), id="one page of rows"
        ),
        pytest.param(state(Page(3)), id="behind the last, no count"),
        pytest.param(state(Page(3), counts=counted(pages=2)), id="all pages have come"),
        pytest.param(state(Page(3), counts=counted(rows=8)), id="all rows have come"),
        pytest.param(
            state(Page(3), received=4, in_holes=SIZE, counts=counted(rows=8)), id="a hole"
        ),
    ],
)
def test_an_empty_page_ends_the_paging_at_the_count(page: PageState) -> None:
    """An empty page ends the paging, if no count is higher."""
    assert step_after(page) is Step.END


@pytest.mark.parametrize("page", [Page(2), Page(3, beyond_empty=True)])
def test_the_records_of_the_page_before_are_refused(page: Page) -> None:
    """A page that repeats the one before is refused, whatever the counts are."""
    for counts in (UNCOUNTED, counted(pages=9), counted(rows=1)):
        assert step_after(state(page, 4, counts=counts, is_repetition=True)) is Step.REFUSE


@pytest.mark.parametrize(
    ("before", "after", "is_repetition"),
    [
        ((["a", "b"], None), (["a", "b"], None), True),
        ((["a", "b"], 9), (["a", "b"], 9), True),
        ((["a", "b"], 9), (["a", "b"], 8), True),
        ((["a", "b"], None), (["a", "b"], 9), True),
        ((["a", "b"], 9), (["a", "b"], None), True),
        ((["a", "b"], 9), (["a", "b"], 10), False),
        ((["a", "b"], 9), (["b", "a"], 9), False),
        ((["a", "b"], 9), (["a"], 9), False),
    ],
)
def test_a_repetition_has_the_same_records_while_the_count_has_not_grown(
    before: tuple[list[object], int | None],
    after: tuple[list[object], int | None],
    *,
    is_repetition: bool,
) -> None:
    """Equal records are no repetition if the total has grown.

    New rows move a page to the next number.
    """
    assert PageRecords(*after).repeats(PageRecords(*before)) is is_repetition


@pytest.mark.parametrize(
    ("step", "page"),
    [
        (Step.NEXT, Page(4)),
        (Step.AGAIN, Page(3, 2)),
        (Step.BEYOND, Page(4, beyond_empty=True)),
        (Step.END, None),
        (Step.STALE, None),
    ],
)
def test_a_step_leads_to_a_page(step: Step, page: Page | None) -> None:
    """Each step determines the next page, or none."""
    assert Page(3, 1).after(step) == page


@pytest.mark.parametrize(
    ("page", "full_size", "stated", "size"),
    [(1, 2, None, 4), (2, 2, None, 4), (3, 2, None, 2), (3, 0, None, 4), (3, 2, 3, 3)],
)
def test_a_lowered_page_size_shows_with_the_second_page(
    page: int, full_size: int, stated: int | None, size: int
) -> None:
    """A lowered page size counts from the second page on; a stated `pageSize` counts at once.

    A short first page may be the only one.
    """
    counts = PageCounts(page_size=stated)
    assert state(Page(page), full_size=full_size, counts=counts).page_size == size


COUNTS = st.builds(
    PageCounts,
    pages=st.none() | st.integers(0, 12),
    rows=st.none() | st.integers(0, 50),
    page_size=st.none() | st.integers(1, 6),
)
PAGES = st.builds(Page, st.integers(1, 9), st.integers(0, TRIES), st.booleans())


@given(st.lists(COUNTS, min_size=TRIES + 2, max_size=TRIES + 2), st.integers(1, 9), st.data())
def test_empty_pages_end_the_paging_whatever_is_counted(
    counts: list[PageCounts], number: int, data: st.DataObject
) -> None:
    """Empty pages end after the page, its repetitions and the next page, whatever is counted."""
    received = data.draw(st.integers(0, 40))
    page: Page | None = Page(number)
    for page_counts in counts:
        assert page is not None
        page = page.after(step_after(state(page, received=received, counts=page_counts)))
        if page is None:
            break
    assert page is None


@given(COUNTS, PAGES, st.integers(1, SIZE), st.integers(0, 40))
def test_records_never_end_the_paging_below_the_count(
    counts: PageCounts, page: Page, rows: int, before: int
) -> None:
    """Records are never the last ones below the count, nor requested again."""
    step = step_after(state(page, rows, received=before + rows, counts=counts))
    assert step in (Step.NEXT, Step.END)
    if step is Step.END:
        assert rows < SIZE
        assert counts.pages is not None or counts.rows is not None
        if counts.pages is None:
            assert before + rows >= (counts.rows or 0)
        else:
            assert page.number >= counts.pages
