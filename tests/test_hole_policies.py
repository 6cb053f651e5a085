"""The holes of one stream: each is logged, counted, and accepted or reported by its policy."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from tap_genesys.api.pagination import CountedPaginator
from tap_genesys.api.response import PageCounts
from tap_genesys.endpoints.holes import Holes
from tap_genesys.output.progress import StreamProgress

KEYS = ("id", "date")
ROW = {"id": "a", "date": 1}
LEFT_OUT = "here: {} left out: expected objects with `id` and `date`, got {}."
STAYS = " The bookmark, if there is one, stays before it."
ACCEPTED = " Accepted (incomplete_windows)."


def holes(policy: str = "fail") -> tuple[Holes, Any, StreamProgress]:
    """Return the holes of a stream, their run and the numbers of the stream."""
    stand_in: Any = SimpleNamespace(config={"incomplete_windows": policy}, incomplete=[])
    counts = StreamProgress("here")
    return Holes(stand_in, counts, logging.getLogger("test_hole_policies")), stand_in, counts


@pytest.mark.parametrize(
    ("records", "line"),
    [
        ([7], LEFT_OUT.format("1 record is", "a number (1)")),
        (
            ["a", {"id": "a"}, 7, "b"],
            LEFT_OUT.format(
                "4 records are", "a text (2), an object without `date` (1), a number (1)"
            ),
        ),
        ([7] * 1234, LEFT_OUT.format("1,234 records are", "a number (1234)")),
    ],
)
def test_the_unusable_records_of_a_part_are_one_hole(records: list[Any], line: str) -> None:
    """It is reported once, and its records are counted."""
    stream, reported, counts = holes()
    # Of two pages.
    assert stream.usable([*records[:1], ROW], KEYS) == [ROW]
    assert stream.usable([ROW, *records[1:]], KEYS) == [ROW]
    assert stream.has_unusable
    assert not stream.are_accepted("here")
    assert stream.are_accepted("here")
    assert reported.incomplete == [line]
    assert (counts.unusable, counts.holes, counts.accepted) == (len(records), 1, 0)


def test_records_without_a_key_of_their_own_are_named_as_objects() -> None:
    """The key of a single record may be in the request's path alone."""
    stream, reported, _counts = holes()
    stream.usable([7], ())
    assert not stream.are_accepted("here")
    assert reported.incomplete == [
        "here: 1 record is left out: expected objects, got a number (1)."
    ]


@pytest.mark.parametrize(
    ("policy", "accepts_pages", "accepts_records"),
    [("fail", False, False), ("accept_records", False, True), ("accept", True, True)],
)
def test_each_hole_is_logged_with_what_follows_from_it(
    policy: str, caplog: pytest.LogCaptureFixture, *, accepts_pages: bool, accepts_records: bool
) -> None:
    """One that is not accepted is returned by the run, too; pages come before records."""
    stream, reported, counts = holes(policy)
    stream.usable([7], KEYS)
    lines = ["page 1.", "page 2.", LEFT_OUT.format("1 record is", "a number (1)")]
    with caplog.at_level(logging.INFO, "test_hole_policies"):
        is_whole = stream.are_accepted("here", lines[:2])
    assert is_whole is (accepts_pages and accepts_records)
    accepts = [accepts_pages, accepts_pages, accepts_records]
    judged = [*zip(lines, accepts, strict=True)]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", line + (ACCEPTED if is_accepted else STAYS)) for line, is_accepted in judged
    ]
    assert reported.incomplete == [line for line, is_accepted in judged if not is_accepted]
    assert (counts.accepted, counts.holes) == (accepts.count(True), accepts.count(False))
    assert stream.has_unusable


def test_a_hole_that_is_not_accepted_is_taken_once() -> None:
    """However many parts without a hole follow it; those are none."""
    stream, _reported, _counts = holes()
    assert stream.take_incomplete() is False
    assert stream.are_accepted("before")
    assert stream.take_incomplete() is False
    assert not stream.are_accepted("here", ["page 1."])
    assert stream.are_accepted("there")
    assert stream.take_incomplete() is True
    assert stream.take_incomplete() is False


def test_each_part_without_a_hole_is_whole() -> None:
    """Records that become rows are none."""
    stream, reported, counts = holes()
    assert stream.usable([ROW], KEYS) == [ROW]
    assert stream.are_accepted("here")
    assert stream.has_unusable is False
    assert (reported.incomplete, counts) == ([], StreamProgress("here"))


@pytest.mark.parametrize("comes_again", [True, False])
def test_a_part_that_lacks_a_page_is_short(
    caplog: pytest.LogCaptureFixture, *, comes_again: bool
) -> None:
    """It is counted, and a line unless a later run reads it again."""
    stream, _reported, counts = holes()
    for rows in (2, 1):
        pages = CountedPaginator(
            page_size=1, where="here", identity="id", empty_tries=0, wait=lambda: None
        )
        pages.completeness.expect(PageCounts(rows=rows), 1)
        pages.completeness.add_page(["a"])
        with caplog.at_level(logging.INFO, "test_hole_policies"):
            lines = stream.missing_pages(pages, "here", lambda: comes_again)
        is_line = rows == 2 and not comes_again
        assert lines == (["here: expected 2 rows, received 1."] if is_line else [])
    assert counts.short == 1
    assert len(caplog.records) == comes_again


def test_a_stale_count_is_logged_with_the_count(caplog: pytest.LogCaptureFixture) -> None:
    """It is no hole."""
    stream, _reported, counts = holes()
    pages = CountedPaginator(
        page_size=1, where="here", identity="id", empty_tries=0, wait=lambda: None
    )
    pages.completeness.expect(PageCounts(rows=2), 1)
    pages.completeness.stale_count = True
    with caplog.at_level(logging.INFO, "test_hole_policies"):
        assert stream.missing_pages(pages, "here", lambda: False) == []
    line = "here: the count was stale (2 rows promised); all 0 existing rows were received."
    assert [record.getMessage() for record in caplog.records] == [line]
    assert counts.short == 1
