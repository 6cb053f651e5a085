"""Malformed records, or ones without their key.

Left out, reported, and not passed by a bookmark.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import Output, tap
from support.spoiled import spoiled

from tap_genesys.api.pagination import CountedPaginator
from tap_genesys.api.response import PageCounts
from tap_genesys.endpoints.holes import Holes
from tap_genesys.errors import Incomplete
from tap_genesys.output.progress import StreamProgress
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DETAILS, STATUSES = "conversation_details", "user_routing_statuses"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = SINCE + 4 * DAY
WORLD = World(seed=11, per_day=12, since=SINCE, now=NOW, lag=timedelta(hours=6), step=timedelta(0))
OPTIONS: dict[str, Any] = {
    "start_date": iso(SINCE),
    "conversation_details_source": "auto",
    "user_details_source": "auto",
    "recheck_days": [1, 3],
    "empty_page_max_tries": 0,
}
QUERY, RESULTS = "/conversations/details/query", "/results"


def read(
    sim: Simulator, *streams: str, state: Any = None, **options: Any
) -> tuple[Output, Incomplete | None]:
    """Run the tap; return its output, and the error of a hole."""
    output = Output()
    genesys_tap = tap(sim, *streams, state=state, output=output, **{**OPTIONS, **options})
    try:
        genesys_tap.sync_or_leave()
    except Incomplete as error:
        return output, error
    return output, None


def without_key(key: str, name: str = "conversations") -> Callable[[Any], None]:
    """Return a function that removes the key from the first record of a list."""

    def spoil(body: Any) -> None:
        if isinstance(body, dict) and body.get(name):
            body[name][0].pop(key, None)

    return spoil


def no_object(body: Any) -> None:
    """Replace the first conversation by a text."""
    if body.get("conversations"):
        body["conversations"][0] = "secret"


@pytest.mark.parametrize("spoil", [no_object, without_key("conversationId")])
@pytest.mark.parametrize("source", ["query", "job"])
def test_a_record_without_its_key_is_left_out_and_holds_the_bookmark(
    source: str, spoil: Callable[[Any], None]
) -> None:
    """A malformed record is left out and holds the bookmark.

    The others are emitted, and the next run brings the missing one once the response is well
    formed.
    """
    options = {"conversation_details_source": source}
    with Simulator(WORLD) as sim:
        whole, error = read(sim, DETAILS, **options)
        assert error is None
        with spoiled(sim, QUERY if source == "query" else RESULTS, spoil):
            output, error = read(sim, DETAILS, **options)
        assert "left out: expected objects with `conversationId`, got a" in str(error)
        assert "secret" not in str(error)
        assert output.ids()
        assert set(output.ids()) < set(whole.ids())
        assert output.bookmark() is None
        later, error = read(sim, DETAILS, state=output.state, **options)
    assert error is None
    assert {*output.ids(), *later.ids()} == set(whole.ids())
    assert later.bookmark() == whole.bookmark()


@pytest.mark.parametrize(
    ("policy", "passes_records", "passes_pages"),
    [("fail", False, False), ("accept_records", True, False), ("accept", True, True)],
)
def test_each_policy_accepts_its_own_holes(
    policy: str,
    passes_records: bool,  # noqa: FBT001
    passes_pages: bool,  # noqa: FBT001
) -> None:
    """`accept_records` accepts malformed records, `accept` empty pages as well, `fail` neither."""
    with Simulator(WORLD) as sim:
        options = {"conversation_details_source": "query", "incomplete_windows": policy}
        with spoiled(sim, QUERY, no_object):
            output, error = read(sim, DETAILS, **options)
        assert (error is None, output.bookmark() is not None) == (passes_records, passes_records)
        sim.faults.add(Fault("empty", path=QUERY, page=1, times=None))
        output, error = read(sim, DETAILS, page_size=3, **options)
    assert (error is None, output.bookmark() is not None) == (passes_pages, passes_pages)


@pytest.mark.parametrize("policy", ["fail", "accept_records"])
def test_both_are_in_the_run_report(tmp_path: Path, policy: str) -> None:
    """The run report counts the left-out records, and the windows that are incomplete for them."""
    path = tmp_path / "report.json"
    with Simulator(WORLD) as sim, spoiled(sim, RESULTS, no_object):
        options = {"incomplete_windows": policy, "run_report_path": str(path)}
        read(sim, DETAILS, conversation_details_source="job", **options)
    report = json.loads(path.read_text("utf-8"))
    (row,) = report["streams"]
    is_held = policy == "fail"
    assert row["unusable_records"] > 0
    assert (row["incomplete_windows"] > 0, row["status"]) == (
        is_held,
        "incomplete" if is_held else "done",
    )
    assert (row["accepted_holes"] > 0) is not is_held
    assert report["status"] == ("incomplete" if is_held else "ok")


@pytest.mark.parametrize("policy", ["fail", "accept_records"])
def test_what_was_left_out_does_not_count_as_emitted(policy: str) -> None:
    """The state's marks of emitted rows stay where they were, by job and by query."""
    with Simulator(WORLD) as sim:
        state: Any = None
        for hour in range(3):
            sim.world = WORLD.at(NOW + timedelta(hours=hour))
            state = read(sim, DETAILS, state=state)[0].state
        marks = state["bookmarks"][DETAILS]["emittedThrough"]
        sim.world = WORLD.at(NOW + timedelta(hours=3))
        for path, place in ((RESULTS, 0), (QUERY, 1)):
            with spoiled(sim, path, no_object):
                output, _ = read(sim, DETAILS, state=state, incomplete_windows=policy)
            assert output.state["bookmarks"][DETAILS]["emittedThrough"][place] == marks[place]


@pytest.mark.parametrize("key", ["userId", "startTime"])
@pytest.mark.parametrize("source", ["query", "job"])
def test_a_span_without_its_key_holds_the_bookmark(source: str, key: str) -> None:
    """A span without its key is left out and holds the bookmark; the next run reads it again."""
    options = {"user_details_source": source, "page_size": 5}

    def spoil(body: Any) -> None:
        for user in body.get("userDetails") or []:
            if key == "userId":
                user.pop(key)
            else:
                user["routingStatus"] = ["secret", *(user.get("routingStatus") or [])]
            break

    with Simulator(WORLD) as sim:
        whole, _ = read(sim, STATUSES, **options)
        with spoiled(sim, "/users/details/query" if source == "query" else RESULTS, spoil):
            output, error = read(sim, STATUSES, **options)
        assert "left out: expected objects with `_id`, got" in str(error)
        assert output.bookmark("user_presences") is None
        later, error = read(sim, STATUSES, state=output.state, **options)
    assert error is None
    assert {*output.ids(STATUSES), *later.ids(STATUSES)} == set(whole.ids(STATUSES))


@pytest.mark.parametrize("stream", ["conversation_aggregates", "conversation_summaries"])
def test_a_day_with_such_a_row_is_read_and_emitted_again(stream: str) -> None:
    """A day with a malformed row has no digest in the state, and the bookmark stays before it."""

    def spoil(body: Any) -> None:
        for name in ("results", "entities"):
            if body.get(name):
                body[name][0] = None

    with Simulator(WORLD) as sim:
        whole, _ = read(sim, stream)
        with spoiled(sim, "/conversations/", spoil):
            output, error = read(sim, stream)
        assert "left out" in str(error)
        assert (output.bookmark(stream), output.records(stream) != []) == (None, True)
        assert not output.state["bookmarks"][stream].get("emittedThrough")
        later, error = read(sim, stream, state=output.state)
    assert error is None
    assert set(later.ids(stream)) == set(whole.ids(stream))


@pytest.mark.parametrize("policy", ["fail", "accept_records"])
@pytest.mark.parametrize("stream", ["groups", "teams", "system_presences"])
def test_a_listing_with_such_a_record_removes_no_row(stream: str, policy: str) -> None:
    """A listing with a malformed record emits no ACTIVATE_VERSION, accepted or not."""
    key = "id"

    def spoil(body: Any) -> None:
        records = body if isinstance(body, list) else body.get("entities")
        if records:
            records[0].pop(key)

    options = {"emit_activate_version_messages": True, "incomplete_windows": policy}
    with Simulator(WORLD) as sim:
        assert read(sim, stream, **options)[0].of("ACTIVATE_VERSION")
        with spoiled(sim, "/api/v2/", spoil):
            output, error = read(sim, stream, **options)
    assert (error is None) == (policy == "accept_records")
    assert output.records(stream)
    assert not output.of("ACTIVATE_VERSION")


def test_a_follow_up_with_such_a_record_holds_the_bookmark_of_its_parent() -> None:
    """A malformed follow-up record holds its parent's bookmark; the next run requests it again."""
    stream, options = "recordings", {"conversation_details_source": "job"}

    def spoil(body: Any) -> None:
        if isinstance(body, list) and body:
            body[0] = 7

    with Simulator(WORLD) as sim:
        whole, _ = read(sim, DETAILS, stream, **options)
        assert whole.records(stream)
        with spoiled(sim, "/recordingmetadata", spoil):
            output, error = read(sim, DETAILS, stream, **options)
        assert "recordings: 1 record is left out: expected objects with `id`" in str(error)
        assert output.bookmark() is None
        later, error = read(sim, DETAILS, stream, state=output.state, **options)
    assert error is None
    assert {*output.ids(stream), *later.ids(stream)} == set(whole.ids(stream))


# -- one by one

KEYS = ("id", "date")
ROW = {"id": "a", "date": 1}
LEFT_OUT = "here: {} left out: expected objects with `id` and `date`, got {}."
STAYS = " The bookmark, if there is one, stays before it."
ACCEPTED = " Accepted (incomplete_windows)."


def holes(policy: str = "fail") -> tuple[Holes, Any, StreamProgress]:
    """Return the holes of a stream, their run and the numbers of the stream."""
    stand_in: Any = SimpleNamespace(config={"incomplete_windows": policy}, incomplete=[])
    counts = StreamProgress("here")
    return Holes(stand_in, counts, logging.getLogger("test_holes")), stand_in, counts


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
    with caplog.at_level(logging.INFO, "test_holes"):
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
    """However many parts without a hole follow it."""
    stream, _reported, _counts = holes()
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
    assert not stream.has_unusable
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
        with caplog.at_level(logging.INFO, "test_holes"):
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
    with caplog.at_level(logging.INFO, "test_holes"):
        assert stream.missing_pages(pages, "here", lambda: False) == []
    line = "here: the count was stale (2 rows promised); all 0 existing rows were received."
    assert [record.getMessage() for record in caplog.records] == [line]
    assert counts.short == 1
