"""The simulated org is a pure function in the vendor's form, with faults to inject."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulator_client import Client

from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.faults import KINDS, Faults, parse
from tap_genesys.simulator.world import PROFILES

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
WORLD = World(seed=1, per_day=80, since=SINCE, now=NOW)
ROWS = list(WORLD.conversations(SINCE, NOW))
WORLDS = {"edge-cases": WORLD, "typical": replace(WORLD, profile="typical")}
for_each_profile = pytest.mark.parametrize("profile", PROFILES)
DAY = timedelta(days=1)


def metrics(row: dict[str, Any], name: str) -> list[int]:
    """Return the values of a metric."""
    return [
        metric["value"]
        for participant in row["participants"]
        for session in participant["sessions"]
        for metric in session.get("metrics", ())
        if metric["name"] == name
    ]


def test_the_world_is_a_pure_function_of_its_seed() -> None:
    """The same seed makes the same conversations, another seed makes others."""
    again = World(seed=1, per_day=80, since=SINCE, now=NOW)
    assert list(again.conversations(SINCE, NOW)) == ROWS
    assert list(World(seed=2, per_day=80, since=SINCE, now=NOW).conversations(SINCE, NOW)) != ROWS


def test_conversations_are_in_the_order_of_their_starts_with_unique_ids() -> None:
    """The order is that of the vendor's default."""
    starts = [row["conversationStart"] for row in ROWS]
    assert starts == sorted(starts)
    assert len({row["conversationId"] for row in ROWS}) == len(ROWS)


def test_every_day_has_a_conversation_at_both_bounds() -> None:
    """At midnight, and in the last millisecond, where windows meet."""
    starts = {row["conversationStart"][11:] for row in ROWS}
    assert {"00:00:00.000Z", "23:59:59.999Z"} <= starts


def test_the_world_has_all_kinds_of_conversations() -> None:
    """All media, open, instant, abandoned, transferred and very long ones."""
    media = {row["participants"][0]["sessions"][0]["mediaType"] for row in ROWS}
    assert media == {"voice", "email", "message", "chat", "callback"}
    assert [row for row in ROWS if "conversationEnd" not in row]
    assert [row for row in ROWS if row["conversationStart"] == row.get("conversationEnd")]
    assert [row for row in ROWS if metrics(row, "tAbandon")]
    assert [row for row in ROWS if metrics(row, "nTransferred")]
    lives = [
        datetime.fromisoformat(row["conversationEnd"])
        - datetime.fromisoformat(row["conversationStart"])
        for row in World(seed=1, per_day=80, since=SINCE, now=NOW + 200 * DAY).conversations(
            SINCE, NOW
        )
    ]
    assert max(lives) > 30 * DAY
    assert any(7 * DAY < life < 30 * DAY for life in lives)


@for_each_profile
def test_handle_time_is_talk_hold_and_after_call_work(profile: str) -> None:
    """The vendor defines tHandle as this sum."""
    rows = WORLDS[profile].conversations(SINCE, NOW)
    handled = [row for row in rows if "conversationEnd" in row and metrics(row, "tHandle")]
    assert handled
    for row in handled:
        parts = sum(sum(metrics(row, name)) for name in ("tTalk", "tHeld", "tAcw"))
        assert sum(metrics(row, "tHandle")) == parts


@settings(max_examples=60, deadline=None)
@given(st.timedeltas(timedelta(0), 5 * DAY), st.timedeltas(timedelta(0), 5 * DAY))
def test_a_part_of_the_span_is_a_part_of_the_list(begin: timedelta, length: timedelta) -> None:
    """A part of the range has exactly the conversations that start in it."""
    start, end = SINCE + begin, SINCE + begin + length
    expected = [row for row in ROWS if iso(start) <= row["conversationStart"] < iso(end)]
    if start.microsecond % 1000 == 0 and end.microsecond % 1000 == 0:
        assert list(WORLD.conversations(start, end)) == expected
        assert WORLD.count(start, end) == len(expected)


@for_each_profile
@settings(max_examples=60, deadline=None)
@given(first=st.timedeltas(timedelta(0), 20 * DAY), more=st.timedeltas(timedelta(0), 20 * DAY))
def test_data_only_grows(profile: str, first: timedelta, more: timedelta) -> None:
    """Nothing is removed as time passes, and nothing is visible before it happens."""
    world, early, late = WORLDS[profile], NOW + first, NOW + first + more
    for number in list(world.numbers(SINCE, NOW))[::37]:
        before = world.at(early).conversation(number)
        after = world.at(late).conversation(number)
        assert len(str(before)) <= len(str(after))
        assert before.get("conversationEnd", "") <= iso(early)
        for participant in before["participants"]:
            for session in participant["sessions"]:
                assert session["segments"][0]["segmentStart"] <= iso(early)
                assert all(
                    metric["emitDate"] <= iso(early) for metric in session.get("metrics", ())
                )


@pytest.mark.parametrize("bounds", ["[)", "[]", "(]", "()"])
def test_the_readings_of_an_interval_differ(bounds: str) -> None:
    """`touched-days` returns whole days, `overlap` the conversations that overlap the interval."""
    start, end = SINCE + DAY + timedelta(hours=6), SINCE + DAY + timedelta(hours=9)
    habits: dict[str, Any] = {"interval_bounds": bounds}
    days = {"interval_reading": "touched-days", **habits}
    with Simulator(WORLD, **days) as sim, Client(sim) as client:
        whole_day = client.ids(start, end)
    with Simulator(WORLD, interval_reading="overlap", **habits) as sim, Client(sim) as client:
        overlapping = client.ids(start, end)
    day = [r["conversationId"] for r in WORLD.conversations(SINCE + DAY, SINCE + 2 * DAY)]
    assert whole_day == day
    assert set(overlapping) < set(day)
    inside = {row["conversationId"] for row in WORLD.conversations(start, end)}
    assert inside <= set(overlapping)


def test_an_end_at_midnight_touches_the_next_day_only_if_it_belongs_to_the_interval() -> None:
    """With a closed end, a query returns two days."""
    for bounds, days in (("[)", 1), ("[]", 2)):
        habits: dict[str, Any] = {"interval_reading": "touched-days", "interval_bounds": bounds}
        with Simulator(WORLD, **habits) as sim, Client(sim) as client:
            response = client.details(SINCE, SINCE + DAY).json()
        assert response["totalHits"] == days * 80


def test_limits_are_refused_in_the_vendors_words() -> None:
    """Long intervals, deep paging, unknown fields and reversed intervals return 400."""
    inbound = {"type": "and", "predicates": [{"dimension": "mediaType", "value": "voice"}]}
    with Simulator(WORLD, ceiling=200) as sim, Client(sim) as client:
        week = client.details(SINCE, SINCE + 7.5 * DAY)
        month = client.details(SINCE, SINCE + 32 * DAY, segmentFilters=[inbound])
        fine = client.details(SINCE, SINCE + 31 * DAY, segmentFilters=[inbound])
        deep = client.details(SINCE, SINCE + DAY, paging={"pageSize": 100, "pageNumber": 3})
        unknown = client.details(SINCE, SINCE + DAY, pageSize=100)
        reversed_ = client.details(SINCE + DAY, SINCE)
    exceed = "You must specify a search interval as part of your query that does not exceed"
    assert week.json()["message"] == f"{exceed} 7 days"
    assert month.json()["message"] == f"{exceed} 31 days"
    assert fine.status_code == 200
    assert deep.json()["message"] == "Pagination may not exceed 200 results."
    assert unknown.json()["message"] == "Unrecognized fields: pageSize"
    assert {response.status_code for response in (week, month, deep, unknown, reversed_)} == {400}


def test_filters_filter_and_the_wrong_list_is_ignored(client: Client) -> None:
    """A live org is reported to ignore a predicate of the other list."""
    voice = {"type": "and", "predicates": [{"dimension": "mediaType", "value": "voice"}]}
    open_ = {
        "type": "and",
        "predicates": [{"dimension": "conversationEnd", "operator": "notExists"}],
    }
    wrong = {"type": "and", "predicates": [{"dimension": "nothing", "value": "x"}]}
    everything = client.ids(SINCE, SINCE + DAY)
    voices = client.ids(SINCE, SINCE + DAY, segmentFilters=[voice])
    ignored = client.ids(SINCE, SINCE + DAY, conversationFilters=[voice])
    still_open = client.ids(SINCE, SINCE + DAY, conversationFilters=[open_])
    refused = client.details(SINCE, SINCE + DAY, segmentFilters=[wrong])
    day = list(WORLD.conversations(SINCE, SINCE + DAY))
    assert ignored == everything
    assert voices == [
        row["conversationId"]
        for row in day
        if row["participants"][0]["sessions"][0]["mediaType"] == "voice"
    ]
    assert still_open == [r["conversationId"] for r in day if "conversationEnd" not in r]
    assert refused.status_code == 400


def test_the_conversations_are_absent_when_there_are_none(client: Client) -> None:
    """The vendor's blog describes a response without the field."""
    assert client.details(SINCE - 3 * DAY, SINCE - 2 * DAY).json() == {"totalHits": 0}


def test_tokens_expire() -> None:
    """After the lifetime, a request returns 401 `credentials.expired`."""
    now = [0.0]
    with Simulator(WORLD, token_seconds=300, clock=lambda: now[0]) as sim, Client(sim) as client:
        assert client.details(SINCE, SINCE + DAY).status_code == 200
        now[0] = 301
        response = client.details(SINCE, SINCE + DAY)
    assert (response.status_code, response.json()["code"]) == (401, "credentials.expired")


def test_deleted_users_are_listed_with_state_any(sim: Simulator, client: Client) -> None:
    """By default the listing has active users only."""
    url = f"{sim.url}/api/v2/users"
    active = client.session.get(f"{url}?pageSize=500", timeout=10).json()
    every = client.session.get(f"{url}?pageSize=500&state=any", timeout=10).json()
    assert active["total"] < every["total"] == len(WORLD.users())


def test_a_listing_links_to_its_next_page_until_the_last(sim: Simulator, client: Client) -> None:
    """Following `nextUri` reads all rows in order."""
    seen: list[str] = []
    uri = "/api/v2/routing/wrapupcodes?pageSize=10"
    while uri:
        page = client.session.get(f"{sim.url}{uri}", timeout=10).json()
        seen += [row["id"] for row in page["entities"]]
        uri = page.get("nextUri", "")
    assert seen == [row["id"] for row in WORLD.wrapup_codes()]


def test_holdings_are_the_counts_of_the_world(sim: Simulator) -> None:
    """A load is compared with them."""
    response = requests.get(f"{sim.url}/_simulator/holdings", timeout=10).json()
    assert response["conversation_details"] == len(ROWS)
    assert response["users"] == len(WORLD.users())
    assert response["now"] == iso(NOW)


def test_a_fault_happens_on_its_path_and_page_after_and_times() -> None:
    """`after` matching requests succeed, then `times` fail, and the rest succeed."""
    faults = Faults()
    faults.add(Fault("drop", path="/details", page=2, after=1, times=2))
    requested = [("/users", 2), ("/details", 1)] + [("/details", 2)] * 5
    happened = [faults.of(path, page) is not None for path, page in requested]
    assert happened == [False, False, False, True, True, False, False]


def test_a_fault_happens_in_each_simulator_that_it_is_added_to() -> None:
    """Each one counts its own requests: a fault of one test is whole in the next run of it."""
    fault = Fault("drop")
    for _ in range(2):
        faults = Faults()
        faults.add(fault)
        assert [faults.of("/users", 1) is not None for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_can_be_parsed(kind: str) -> None:
    """The command line has the same faults as a test."""
    fault = parse(f"{kind}:path=/details,page=3,after=1,times=forever,status=429,retry_after=7")
    assert (fault.kind, fault.page, fault.times, fault.retry_after) == (kind, 3, None, "7")


@pytest.mark.parametrize("text", ["nothing", "drop:where=there", "status:status=many"])
def test_an_unknown_fault_is_refused(text: str) -> None:
    """An unknown kind, key or value is an error."""
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_url_and_ends_on_a_signal(signum: int) -> None:
    """It prints one line on stdout and exits with 0."""
    command = [sys.executable, "-m", "tap_genesys.simulator", "--per-day", "5"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Simulated Genesys Cloud at http://127.0.0.1:")
        url = line.split(" at ")[1].strip()
        assert requests.get(f"{url}/_simulator/holdings", timeout=10).status_code == 200
        process.send_signal(signum)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
