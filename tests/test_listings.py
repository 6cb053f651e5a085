"""Listings: the size of their pages, and the hosts that their links reach."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from singer_sdk.streams.rest import PageContext
from support.harness import Output, run, tap

from tap_genesys.api.paging import NextLink
from tap_genesys.api.status import accepting
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.listings import COUNTS, LARGEST, ids_of
from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from tap_genesys.simulator.responses import SimulatedResponse
    from tap_genesys.simulator.server import Request

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=83, per_day=5, since=SINCE, now=SINCE + DAY)
#: Listings are cached by seed: an org with other counts needs a seed of its own.
SEEDS = count(8_300)
GROUPS, USERS, TEAMS = "/api/v2/groups", "/api/v2/users", "/api/v2/teams"
DETAILS = "/api/v2/analytics/conversations/details/query"


def org(patch: pytest.MonkeyPatch, path: str, rows: int) -> World:
    """Return an org with a number of rows in one of its listings."""
    patch.setitem(COUNTS, path, rows)
    return World(seed=next(SEEDS), per_day=5, since=SINCE, now=SINCE + DAY)


def sizes(sim: Simulator, path: str) -> list[int]:
    """Return the page sizes of the requests to an operation, in their order."""
    return [size(request) for request in sim.requests if request.path == path]


def size(request: Request) -> int:
    body: dict[str, Any] = request.body or {}
    stated = {**body, **body.get("paging", {}), **request.query}
    return int(stated.get("pageSize", stated.get("limit", 0)))


@pytest.mark.parametrize(
    ("stream", "path", "usual", "when_set"),
    [
        ("users", USERS, 500, 300),
        ("routing_queues", "/api/v2/routing/queues", 500, 300),
        ("groups", GROUPS, 500, 300),
        ("roles", "/api/v2/authorization/roles", 100, 100),
        ("teams", TEAMS, 100, 100),
        ("external_contacts", "/api/v2/externalcontacts/scan/contacts", 200, 200),
        ("workbins", "/api/v2/taskmanagement/workbins/query", 200, 200),
        ("conversation_details", DETAILS, 100, 100),
        ("conversation_summaries", "/api/v2/analytics/conversations/summary/queries", 100, 250),
    ],
)
def test_a_page_has_the_size_of_its_operation_or_page_size(
    stream: str, path: str, usual: int, when_set: int
) -> None:
    """Without `page_size` a page has the operation's usual size.

    With it, that size up to the maximum.
    """
    for option, expected in (({}, usual), ({"page_size": 300}, when_set), ({"page_size": 20}, 20)):
        with Simulator(WORLD) as sim:
            output = run(sim, stream, start_date=iso(SINCE), **option)
            assert set(sizes(sim, path)) == {expected}
        assert output.records(stream)


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_refused_page_size_is_lowered_to_100_for_the_run(
    parallel: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused page size is lowered to 100 from page 1 on.

    Each row comes once, and the children of each record are read once.
    """
    caplog.set_level(logging.INFO)
    monkeypatch.setitem(LARGEST, GROUPS, 100)
    monkeypatch.setitem(COUNTS, f"{GROUPS}/{{groupId}}/members", 2)
    world = org(monkeypatch, GROUPS, 230)
    with Simulator(world, oversized_page="refuse") as sim:
        output = run(sim, "groups", "group_members", max_parallel_requests=parallel)
        page_requests = [request for request in sim.requests if request.path == GROUPS]
        parents = Counter(
            request.path for request in sim.requests if request.path.endswith("/members")
        )
    assert output.ids("groups") == ids_of(world, GROUPS)
    assert len(output.ids("groups")) == 230
    pages = [
        (size(request), request.query["pageNumber"], request.status) for request in page_requests
    ]
    assert pages[:2] == [(500, "1", 400), (100, "1", 200)]
    # Pages 2 and 3 may be requested in parallel.
    assert sorted(pages[2:]) == [(100, "2", 200), (100, "3", 200)]
    assert set(parents.values()) == {1}
    assert len(parents) == 230
    (line,) = [
        record.message
        for record in caplog.records
        if "Sent again with a page size of 100" in record.message
    ]
    assert line.startswith(f"groups: GET {GROUPS} answered 400: pageSize must not be greater")


@pytest.mark.parametrize("largest", [500, 100])
def test_no_user_is_lost_whatever_the_largest_page(
    largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user is emitted, inactive and deleted ones too, whatever the largest page size is."""
    monkeypatch.setitem(LARGEST, USERS, largest)
    with Simulator(WORLD, oversized_page="refuse") as sim:
        output = run(sim, "users")
        assert {request.query["state"] for request in sim.requests if request.path == USERS} == {
            "any"
        }
    assert output.ids("users") == [user["id"] for user in WORLD.users()]
    assert {row["state"] for row in output.records("users")} == {"active", "inactive", "deleted"}


@pytest.mark.parametrize("parallel", [1, 4])
def test_the_stated_size_of_a_shortened_page_counts(
    parallel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the org lowers the page size itself, the stated size counts, and no row is lost."""
    monkeypatch.setitem(LARGEST, GROUPS, 100)
    world = org(monkeypatch, GROUPS, 231)
    with Simulator(world, oversized_page="clamp") as sim:
        output = run(sim, "groups", max_parallel_requests=parallel)
        assert sizes(sim, GROUPS) == [500, 500, 500]
    assert output.ids("groups") == ids_of(world, GROUPS)


@pytest.mark.parametrize(("after", "expected"), [(0, [500, 100]), (1, [500, 500])])
def test_another_refusal_stops_the_run(
    after: int, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 400 that is not about the page size stops the run, and no row is emitted twice."""
    world = org(monkeypatch, GROUPS, 600)
    output = Output()
    with Simulator(world) as sim:
        sim.faults.add(Fault("status", path=GROUPS, status=400, after=after, times=None))
        with pytest.raises(StopRun, match=r"groups: GET /api/v2/groups answered 400"):
            tap(sim, "groups", output=output).sync_or_leave()
        assert sizes(sim, GROUPS) == expected
    assert len(output.ids("groups")) == (500 if after else 0)


def test_a_status_that_the_caller_accepts_is_returned() -> None:
    """A status that the caller accepts is returned to it, and lowers no page size."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=GROUPS, status=400))
        groups: Any = tap(sim, "groups").streams["groups"]
        assert groups.call("GET", GROUPS, overrides=accepting({400})).status_code == 400


@pytest.mark.parametrize(("option", "pages"), [({}, 1), ({"page_size": 100}, 3)])
def test_the_estimate_depends_on_the_page_size(
    option: dict[str, Any],
    pages: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The estimate of `--check` has as many requests as the run has pages."""
    with Simulator(org(monkeypatch, GROUPS, 230)) as sim:
        tap(sim, "groups", **option).check(as_json=True)
        (entry,) = json.loads(capsys.readouterr().out)["streams"]
        before = len(sizes(sim, GROUPS))
        run(sim, "groups", **option)
        assert len(sizes(sim, GROUPS)) - before == pages
    assert (entry["requests_first_run"], entry["requests_per_day"]) == (pages, pages)


class Misleading(Simulator):
    """Org whose links lead elsewhere; `place` is formatted with the link's own path."""

    place = "{uri}"

    def respond(self, *request: Any) -> SimulatedResponse:
        answer = super().respond(*request)
        if isinstance(answer.body, dict) and "nextUri" in answer.body:
            link = urlsplit(answer.body["nextUri"])
            answer.body["nextUri"] = self.place.format(uri=f"{link.path}?{link.query}")
        return answer


@pytest.mark.parametrize("place", ["http://{host}{{uri}}", "//{host}{{uri}}"])
def test_a_link_to_another_host_takes_the_token_nowhere(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only path and parameters of a link count.

    The request, and its token, go to the configured host.
    """
    world = org(monkeypatch, TEAMS, 130)
    with Simulator(world) as other, Misleading(world) as sim:
        sim.place = place.format(host=urlsplit(other.url).netloc)
        output = run(sim, "teams")
        assert other.requests == []
        assert sizes(sim, TEAMS) == [100, 100]
    assert output.ids("teams") == ids_of(world, TEAMS)


def test_an_invalid_link_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that cannot be parsed stops the run."""
    with Misleading(org(monkeypatch, TEAMS, 130)) as sim:
        sim.place = "https://[{uri}"
        with pytest.raises(StopRun, match=r"teams: the link to the next page cannot be followed"):
            run(sim, "teams")


@cache
def linked() -> dict[str, Any]:
    """Return the streams that follow links, of a tap that sends no request."""
    names = [
        vars(stream)["name"]
        for stream in STREAMS
        if issubclass(stream, FullTableStream) and isinstance(stream.paging, NextLink)
    ]
    unreachable: Any = SimpleNamespace(url="https://api.example.test/gateway", world=WORLD)
    return {name: tap(unreachable, name).streams[name] for name in names}


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="ascii"), min_size=1))
@example("@thief.test/api/v2/teams?after=1")
@example(".thief.test/api/v2/teams?after=1")
@example("//thief.test/api/v2/teams?after=1")
@example("https://thief.test/api/v2/teams?after=1")
@example(":80@thief.test")
@example("\\\\thief.test\\api")
def test_any_link_is_requested_from_the_configured_host(link: str) -> None:
    """Whatever text a link is, the request goes to the configured host, or the run stops."""
    for stream in linked().values():
        keys = (*re.findall(r"{(\w+)}", stream.path), *stream.primary_keys)
        context = dict.fromkeys(keys, "parent")
        try:
            request = stream.get_http_request(page=PageContext(context, link))
        except StopRun:
            continue
        url = requests.Request("GET", request.url).prepare().url
        assert url is not None
        assert url.startswith("https://api.example.test/gateway/")
        assert urlsplit(url).netloc == "api.example.test"


@pytest.mark.parametrize(
    ("group", "path"),
    [
        ("8f1b-22", "8f1b-22"),
        ("../users/7?state=any#x", "..%2Fusers%2F7%3Fstate%3Dany%23x"),
        ("a b%2F", "a%20b%252F"),
    ],
)
def test_an_id_stays_one_step_of_the_path(group: str, path: str) -> None:
    """An id is escaped, so that it stays one segment of the path and reaches no other operation."""
    unreachable: Any = SimpleNamespace(url="https://api.example.test", world=WORLD)
    stream = tap(unreachable, "groups", "group_members").streams["group_members"]
    request = stream.get_http_request(page=PageContext({"groupId": group}, None))  # type: ignore[attr-defined]
    url = requests.Request("GET", request.url).prepare().url
    assert url == f"https://api.example.test{GROUPS}/{path}/members"


@pytest.mark.parametrize("cursor", ["a+b/c==", "x&limit=1#y", "50%25 ü"])
def test_a_cursor_arrives_as_it_was_sent(cursor: str) -> None:
    """A cursor is sent back unchanged, whatever characters it has."""
    unreachable: Any = SimpleNamespace(url="https://api.example.test", world=WORLD)
    stream = tap(unreachable, "external_contacts").streams["external_contacts"]
    request = stream.get_http_request(page=PageContext(None, cursor))  # type: ignore[attr-defined]
    sent = requests.Request("GET", request.url, params=request.params).prepare()
    assert parse_qs(urlsplit(str(sent.url)).query) == {"limit": ["200"], "cursor": [cursor]}
