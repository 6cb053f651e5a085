"""Malformed records, or ones without their key.

Left out, reported, and not passed by a bookmark.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import Output, tap
from support.spoiled import spoiled

from tap_genesys.errors import Incomplete
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
