"""A reading is complete once all rows of its first count have come, on any pages."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.api.completeness import Completeness, Hole, log_missing
from tap_genesys.api.response import PageCounts

SIZE = 4


def reading(*pages: str, rows: int | None = None) -> Completeness:
    """Return a reading of pages; each letter is a row's identity, and `rows` the `totalHits`."""
    completeness = Completeness(SIZE)
    for number, page in enumerate(pages, 1):
        completeness.expect(PageCounts(rows=rows), number)
        completeness.add_page([*page])
    return completeness


def test_nothing_is_expected_before_a_count() -> None:
    """Without a response, no row is expected, and none may be missing."""
    completeness = Completeness(SIZE)
    assert (completeness.owed, completeness.received, completeness.distinct) == (0, 0, 0)
    judgement = (completeness.fewer, completeness.lacks_a_page, completeness.was_short)
    assert judgement == (False, False, False)
    assert completeness.possible_loss(set()) == ""


@pytest.mark.parametrize(
    ("counts", "owed"),
    [
        ([(1, 9), (1, 6)], 6),
        ([(1, 6), (1, 9)], 6),
        ([(1, 6), (2, 3)], 6),
        ([(2, 3)], 0),
        ([(1, 6), (1, None), (2, None)], 6),
        ([(1, 0)], 0),
    ],
)
def test_the_expected_rows_are_the_smallest_count_of_the_first_page(
    counts: list[tuple[int, int | None]], owed: int
) -> None:
    """Later counts include rows that were added since; an approximate count may be high."""
    completeness = Completeness(SIZE)
    for page, rows in counts:
        completeness.expect(PageCounts(rows=rows), page)
    assert completeness.owed == owed


def test_a_response_without_counts_keeps_the_earlier_ones() -> None:
    """An absent count is unknown, not zero."""
    completeness = Completeness(SIZE)
    for counts in (PageCounts(pages=3, rows=9), PageCounts(), PageCounts(page_size=2)):
        completeness.expect(counts, 1)
    assert completeness.counts == PageCounts(pages=3, rows=9)
    assert completeness.possible_loss({None}) == "9 rows were promised, 0 received"


def test_no_rows_are_expected_where_pages_are_counted() -> None:
    """The page count decides there, not the row count."""
    completeness = Completeness(SIZE)
    completeness.expect(PageCounts(pages=2, rows=6), 1)
    assert (completeness.owed, completeness.fewer) == (0, False)


@pytest.mark.parametrize(
    ("pages", "fewer", "lacks_a_page"),
    [
        (["abcd", "efgh"], False, False),
        (["abcd", "efg"], True, False),
        (["abcd", "defg"], True, False),
        (["abcd", "e"], True, False),
        (["abcd"], True, True),
        (["abcd", "dcba"], True, True),
        (["abcd", "efgh", "i"], False, False),
    ],
)
def test_rows_that_come_twice_count_once(
    pages: list[str], *, fewer: bool, lacks_a_page: bool
) -> None:
    """Completeness counts distinct rows, so a repeated row does not hide a missing one."""
    completeness = reading(*pages, rows=8)
    assert completeness.received == len("".join(pages))
    assert (completeness.fewer, completeness.lacks_a_page) == (fewer, lacks_a_page)
    assert completeness.was_short is fewer


def test_a_lowered_page_size_makes_a_smaller_page() -> None:
    """Whether a page is missing depends on the page size of the request."""
    completeness = reading("ab", "cd", rows=6)
    assert not completeness.lacks_a_page
    completeness.page_size = 2
    assert completeness.lacks_a_page


def test_an_empty_page_explains_fewer_rows() -> None:
    """A hole is reported by itself, and a stale count expects nothing."""
    stale, torn = reading("abcd", rows=8), reading("abcd", rows=8)
    stale.stale_count = True
    torn.add_hole(2, SIZE, "8 rows")
    for completeness in (stale, torn):
        assert (completeness.fewer, completeness.lacks_a_page) == (False, False)
        assert completeness.possible_loss(set()) == "a page stayed empty"
    assert (stale.was_short, torn.was_short) == (True, False)


def test_a_hole_has_page_size_expected_and_received() -> None:
    """A hole is recorded with the numbers of its moment, for the log."""
    completeness = reading("abcd")
    completeness.add_hole(2, SIZE, "14 rows")
    completeness.add_page("ef")
    completeness.add_hole(4, SIZE, "15 rows")
    assert completeness.in_holes == 2 * SIZE
    assert completeness.holes == [Hole(2, SIZE, "14 rows", 4), Hole(4, SIZE, "15 rows", 6)]
    text = "page 2 stayed empty: expected 14 rows, received 4 rows before it"
    assert str(completeness.holes[0]) == text


def test_rows_without_an_identity_are_received_and_not_distinct() -> None:
    """They cannot be compared, so they are not taken for repeated rows."""
    completeness = Completeness(SIZE)
    completeness.add_page([{"n": 1}, {"n": 1}, 3, "a"])
    assert (completeness.received, completeness.distinct) == (4, 1)
    assert completeness.possible_loss(set()) == ""


@pytest.mark.parametrize(
    ("pages", "rows", "totals", "reason"),
    [
        (["abcd", "e"], 5, {5}, ""),
        (["abcd", "e"], None, {None}, ""),
        (["abcd", "e"], 5, {5, 6}, "the count changed between pages"),
        (["abcd", "d"], 5, {5}, "a row was received twice"),
        (["abcd", "e"], 6, {None}, "6 rows were promised, 5 received"),
        (["abcd", "e"], None, {4}, "4 rows were promised, 5 received"),
        (["abcd", "d"], 5, {5, None}, "the count changed between pages"),
    ],
)
def test_a_listing_has_the_reason_of_a_possible_loss(
    pages: list[str], rows: int | None, totals: set[object], reason: str
) -> None:
    """Too few rows, repeated rows and changing totals; a complete listing has none."""
    assert reading(*pages, rows=rows).possible_loss(totals) == reason


@pytest.mark.parametrize("later", [PageCounts(pages=2, rows=6), PageCounts(pages=3, rows=5)])
def test_a_changing_count_is_a_possible_loss(later: PageCounts) -> None:
    """Rows may have moved between pages while the listing was read."""
    completeness = Completeness(SIZE)
    for counts in (PageCounts(pages=2, rows=5), later):
        completeness.expect(counts, 2)
    assert completeness.possible_loss(set()) == "the count changed between pages"


ROWS = st.lists(st.sampled_from("abcdefghij"), max_size=9).map("".join)
READINGS = st.builds(
    lambda pages, rows: (pages, rows), st.lists(ROWS, min_size=1, max_size=3), st.integers(0, 12)
)


@given(READINGS)
def test_missing_rows_are_expected_and_on_no_page(
    case: tuple[list[str], int],
) -> None:
    """The division into pages, and their order, have no effect."""
    pages, rows = case
    whole = "".join(pages)
    for completeness in (reading(*pages, rows=rows), reading(whole[::-1], rows=rows)):
        missing = rows - len(set(whole))
        assert completeness.fewer is (missing > 0)
        assert completeness.lacks_a_page is (missing >= SIZE)


@given(READINGS, READINGS)
def test_a_row_of_either_reading_has_come(
    first: tuple[list[str], int], second: tuple[list[str], int]
) -> None:
    """The order of readings has no effect; the smaller count is expected; it was short."""
    merged = []
    for earlier, later in ((first, second), (second, first)):
        completeness = reading(*later[0], rows=later[1])
        completeness.add(reading(*earlier[0], rows=earlier[1]))
        merged.append(completeness)
    rows = {*"".join(first[0]), *"".join(second[0])}
    for completeness in merged:
        assert completeness.distinct == len(rows)
        assert completeness.owed == min(first[1], second[1])
        assert completeness.fewer is (len(rows) < completeness.owed)
        assert completeness.was_short


@pytest.mark.parametrize(("first", "second", "owed"), [(6, None, 6), (None, 6, 6), (None, None, 0)])
def test_a_reading_without_a_count_takes_the_others(
    first: int | None, second: int | None, owed: int
) -> None:
    """Merged readings of one window have one expectation."""
    completeness = reading("ab", rows=second)
    completeness.add(reading("cd", rows=first))
    assert completeness.owed == owed


# -- what is logged of it, and which lines are returned


def stale() -> Completeness:
    """Return a reading whose count was stale."""
    completeness = reading("abcd", rows=8)
    completeness.stale_count = True
    return completeness


def with_hole() -> Completeness:
    """Return a reading whose second page stayed empty."""
    completeness = reading("abcd", rows=8)
    completeness.add_hole(2, SIZE, "8 rows")
    return completeness


HOLE = "here: page 2 stayed empty: expected 8 rows, received 4 rows before it."


@pytest.mark.parametrize(
    ("completeness", "comes_again", "lines", "logged"),
    [
        (reading("abcd", "efgh", rows=8), False, [], None),
        (with_hole(), False, [HOLE], None),
        (with_hole(), True, [HOLE], None),
        (
            stale(),
            False,
            [],
            (
                "INFO",
                "here: the count was stale (8 rows promised); all 4 existing rows were received.",
            ),
        ),
        (
            reading("abcd", rows=1004),
            False,
            ["here: expected 1,004 rows, received 4."],
            None,
        ),
        (
            reading("abcd", rows=1004),
            True,
            [],
            ("INFO", "here: expected 1,004 rows, received 4; a later run reads them again."),
        ),
        (
            reading("abcd", "efg", rows=8),
            False,
            [],
            (
                "WARNING",
                (
                    "here: expected 8 rows, received 7: accepted as complete, since totalHits is "
                    "approximate."
                ),
            ),
        ),
    ],
)
def test_a_page_that_is_missing_is_a_line_and_less_is_logged(
    completeness: Completeness,
    lines: list[str],
    logged: tuple[str, str] | None,
    caplog: pytest.LogCaptureFixture,
    *,
    comes_again: bool,
) -> None:
    """Where a later run reads it again, what is missing is logged only; a hole is always a line."""
    logger = logging.getLogger("test_completeness")
    with caplog.at_level(logging.INFO, logger.name):
        missing = log_missing(
            completeness,
            "here",
            promised="8 rows",
            comes_again=lambda: comes_again,
            logger=logger,
        )
    assert missing == lines
    records = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert records == ([logged] if logged else [])
