"""ACTIVATE_VERSION comes once, last, and only after a listing that cannot lack rows."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.harness import Output, run, tap
from support.http_doubles import response

from tap_genesys.api.pagination import CountedPaginator
from tap_genesys.endpoints.activate_version import ActivateVersion
from tap_genesys.errors import StopRun
from tap_genesys.interruption import Interrupted
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.listings import COUNTS

NOW = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
# An org of its own, as it has fewer groups than others with the same seed: see below.
WORLD = World(seed=79, per_day=5, since=NOW - timedelta(days=2), now=NOW)
ON: dict[str, Any] = {
    "emit_activate_version_messages": True,
    "empty_page_wait_seconds": 0,
    "page_size": 50,
}
VERSION = int(NOW.timestamp() * 1000)
ROLES, PATH = "roles", "/authorization/roles"
MEMBERS = "group_members"


@pytest.fixture(autouse=True)
def _few_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep two pages of groups, since each group costs a request for its members."""
    monkeypatch.setitem(COUNTS, "/api/v2/groups", 60)
    monkeypatch.setitem(COUNTS, "/api/v2/groups/{groupId}/members", 7)


def read(*names: str, faults: tuple[Fault, ...] = (), **config: Any) -> Output:
    """Read listings with faults; the run may fail."""
    output = Output()
    with Simulator(WORLD) as sim:
        for fault in faults:
            sim.faults.add(fault)
        with contextlib.suppress(StopRun):
            tap(sim, *names, output=output, **{**ON, **config}).sync_or_leave()
    return output


def activated(output: Output) -> list[str]:
    """Return the streams of ACTIVATE_VERSION."""
    return [message["stream"] for message in output.of("ACTIVATE_VERSION")]


@pytest.mark.parametrize("name", [ROLES, "teams", "external_contacts", "workbins", "organization"])
def test_it_comes_once_after_the_last_record_of_each_kind_of_paging(name: str) -> None:
    """RECORD and ACTIVATE_VERSION have one version, and the message is the last of its stream."""
    messages = [
        message
        for message in read(name).messages
        if message["type"] in ("RECORD", "ACTIVATE_VERSION")
    ]
    assert (
        [message["type"] for message in messages].index("ACTIVATE_VERSION") == len(messages) - 1 > 0
    )
    assert {message["version"] for message in messages} == {VERSION}


def test_no_message_has_a_version_where_it_is_switched_off() -> None:
    """The setting `emit_activate_version_messages` turns off the message and the versions."""
    output = read(ROLES, "groups", MEMBERS, emit_activate_version_messages=False)
    assert output.records(MEMBERS)
    assert not activated(output)
    assert not [message for message in output.messages if "version" in message]


def test_a_child_stream_is_activated_once() -> None:
    """A child stream is one table, however many parents its listings have."""
    assert sorted(activated(read("groups", MEMBERS))) == [MEMBERS, "groups"]
    assert activated(read(MEMBERS)) == [MEMBERS]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("forbidden", path=PATH, times=None),
        Fault("forbidden", path=PATH, after=1, times=None),
        Fault("status", path=PATH, status=404),
        Fault("status", path=PATH, status=400, after=1),
        Fault("status", path=PATH, status=503, after=1, times=None),
        Fault("empty", path=PATH, page=1, times=None),
        Fault("empty", path=PATH, page=2, times=None),
        Fault("empty", path=PATH, times=None),
    ],
    ids=str,
)
@pytest.mark.parametrize("windows", ["fail", "accept"])
def test_it_never_comes_where_rows_may_be_missing(fault: Fault, windows: str) -> None:
    """A skipped, failed, incomplete or throttled listing may lack rows that still exist."""
    again = Fault(**{k: v for k, v in vars(fault).items() if not k.startswith("_")})
    output = read(ROLES, faults=(again,), incomplete_windows=windows, retry_max_tries=2)
    assert not activated(output)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("forbidden", path="/members", after=3, times=None),
        Fault("status", path="/members", status=404, after=3),
        Fault("empty", path="/api/v2/groups", page=2, times=None),
        Fault("forbidden", path="/api/v2/groups", after=1, times=None),
    ],
    ids=str,
)
def test_it_never_comes_where_a_parent_is_missing(fault: Fault) -> None:
    """The rows of a parent that was refused, not found or incomplete still exist."""
    again = Fault(**{k: v for k, v in vars(fault).items() if not k.startswith("_")})
    assert MEMBERS not in activated(read("groups", MEMBERS, faults=(again,)))


@pytest.mark.parametrize("name", ["digital_rule_sets", MEMBERS])
def test_it_never_comes_where_the_listing_is_empty(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty response with total 0 may be an undetected error."""
    monkeypatch.setitem(COUNTS, "/api/v2/outbound/digitalrulesets", 0)
    monkeypatch.setitem(COUNTS, "/api/v2/groups", 2)
    monkeypatch.setitem(COUNTS, "/api/v2/groups/{groupId}/members", 0)
    with Simulator(World(seed=87, per_day=5, since=WORLD.since, now=NOW)) as sim:
        output = run(sim, name, **ON)
    assert [message["stream"] for message in output.of("SCHEMA") if message["stream"] == name]
    assert not output.records(name)
    assert name not in activated(output)


def test_it_comes_for_parents_that_differ_in_size() -> None:
    """Each parent's listing has its own total; some are empty."""
    output = read(MEMBERS)
    sizes = Counter(row["groupId"] for row in output.records(MEMBERS))
    assert len({*sizes.values(), *([0] if len(sizes) < 60 else [])}) > 1
    assert activated(output) == [MEMBERS]


def test_it_never_comes_for_a_part_of_the_org() -> None:
    """With a filter of the org, rows outside the filter are not deleted."""
    names = ("routing_queues", "routing_queue_members")
    assert sorted(activated(read(*names))) == sorted(names)
    queue = read("routing_queues").ids("routing_queues")[0]
    output = read(*names, queue_ids=[queue])
    assert output.records("routing_queues")
    assert not activated(output)


@pytest.mark.parametrize("selected", [("groups", MEMBERS), (MEMBERS,)])
def test_it_never_comes_where_a_stream_map_leaves_rows_out(selected: tuple[str, ...]) -> None:
    """A row that a stream map filters is not deleted in the org; nor are its child rows."""
    first = min(read("groups").ids("groups"))
    output = read(*selected, stream_maps={"groups": {"__filter__": f"id != '{first}'"}})
    assert output.records(MEMBERS)
    assert not activated(output)


def test_it_comes_where_a_stream_map_leaves_nothing_out() -> None:
    """A filter that passes all rows does not prevent the message."""
    assert activated(read("groups", stream_maps={"groups": {"__filter__": "id != ''"}})) == [
        "groups"
    ]


def test_it_never_comes_after_a_signal() -> None:
    """An interrupted listing is incomplete, even if all pages have been requested."""
    output = Output()
    with Simulator(WORLD) as sim:
        reader = tap(sim, ROLES, output=output, **ON)
        write = output.write_message

        def interrupted(message: Any) -> None:
            write(message)
            if len(output.records(ROLES)) == 120:
                reader.interruption.handle(15)

        output.write_message = interrupted  # type: ignore[method-assign]
        with pytest.raises(Interrupted):
            reader.sync_or_leave()
    assert len(output.records(ROLES)) == 120
    assert not activated(output)


@pytest.mark.parametrize("name", ["outbound_events", "scheduling_runs", "queue_observations"])
def test_rows_that_the_vendor_drops_with_time_are_kept(name: str) -> None:
    """Events and runs expire at the vendor, and observations have no history: no version."""
    output = read(name)
    assert output.records(name)
    assert not [message for message in output.messages if "version" in message]


@pytest.mark.parametrize(
    ("pages", "doubt"),
    [
        (["ab", "c"], ""),
        (["ab", "bc"], "a row was received twice"),
        (["ab", "c", 4], "the count changed between pages"),
        (["ab", ""], "a page stayed empty"),
    ],
)
def test_rows_that_moved_while_paging_are_a_possible_loss(pages: list[Any], doubt: str) -> None:
    """After a deletion, later rows move up a place, and one is on no page."""
    texts = [page for page in pages if isinstance(page, str)]
    paginator = CountedPaginator(
        page_size=2, where="roles", identity="id", empty_tries=0, wait=lambda: None
    )
    for page in [*texts, ""]:
        if not paginator.finished:
            body = {"entities": [{"id": name} for name in page], "pageCount": 2}
            paginator.advance(response(content=json.dumps(body).encode()))
    totals = {len("".join(texts)), *(page for page in pages if isinstance(page, int))}
    assert paginator.completeness.possible_loss(totals) == doubt


def test_fewer_rows_than_the_total_are_a_possible_loss() -> None:
    """The total decides, not the page count; without a total, the rows are complete."""
    paginator = CountedPaginator(
        page_size=2, where="roles", identity="id", empty_tries=0, wait=lambda: None
    )
    paginator.advance(response(content=b'{"entities": [{"id": "a"}], "pageCount": 1}'))
    completeness = paginator.completeness
    assert completeness.possible_loss({None}) == completeness.possible_loss({1}) == ""
    assert completeness.possible_loss({2}) == "2 rows were promised, 1 received"


def test_conversations_have_no_version() -> None:
    """An incremental stream never lists all rows, so it deletes none."""
    with Simulator(WORLD) as sim:
        output = run(sim, "conversation_details", **ON)
    assert output.ids()
    assert not [one for one in output.messages if "version" in one]


@pytest.mark.parametrize(
    ("reasons", "rows", "was_skipped", "doubt"),
    [
        ((), 1, False, ""),
        ((), 0, False, "no row was returned"),
        ((), 1, True, "it was skipped"),
        ((), 0, True, "it was skipped"),
        (("a page stayed empty", "a row came twice"), 0, True, "a page stayed empty"),
    ],
)
def test_the_first_reason_for_a_doubt_is_the_one_that_is_logged(
    reasons: tuple[str, ...],
    rows: int,
    doubt: str,
    *,
    was_skipped: bool,
) -> None:
    """ACTIVATE_VERSION follows where there is none."""
    version = ActivateVersion()
    assert version.doubt == ""
    for reason in reasons:
        version.mark_incomplete(reason)
    assert version.may_follow(rows, was_skipped=was_skipped) is (not doubt)
    assert version.doubt == doubt
