"""Aggregates of users: each query names a hundred at most, and a day is whole with its last."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from support.harness import Output, run, tap, without_times
from support.simulator_client import token
from support.vendor_document import body_schema, validate

from tap_genesys.config.aggregate_options import USERS_AT_ONCE, problems
from tap_genesys.errors import Incomplete, StopRun
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator, World, staff

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "user_aggregates"
PATH = "/api/v2/analytics/users/aggregates/query"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=9, per_day=1, since=SINCE, now=SINCE + 2.5 * DAY)
OPTIONS: dict[str, Any] = {
    "start_date": iso(SINCE),
    "aggregates": {NAME: {"granularity": "P1D", "metrics": ["tSystemPresence"]}},
}


def org() -> World:
    """Return a world with its own users, which are generated on first use."""
    return replace(WORLD)


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of 250 users, leavers too."""
    monkeypatch.setattr(staff, "_USERS", 250)
    return [user["id"] for user in World(seed=9).users()]


@pytest.fixture
def few_users(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of 25 users, of whom a query names ten at most."""
    monkeypatch.setattr(staff, "_USERS", 25)
    monkeypatch.setattr("tap_genesys.config.aggregate_options.USERS_AT_ONCE", 10)
    return [user["id"] for user in World(seed=9).users()]


def queries(sim: Simulator, before: int = 0) -> list[tuple[str, list[str]]]:
    """Return day and users of each query."""
    bodies = [request.body or {} for request in sim.requests[before:] if request.path == PATH]
    return [(body["interval"][:10], named(body["filter"])) for body in bodies]


def named(narrowed: dict[str, Any]) -> list[str]:
    """Return the users in a filter's own clause, or in its only one."""
    clause = narrowed["clauses"][0] if "clauses" in narrowed else narrowed
    assert clause["type"] == "or"
    assert {predicate["dimension"] for predicate in clause["predicates"]} == {"userId"}
    return [predicate["value"] for predicate in clause["predicates"]]


@pytest.mark.parametrize("selected", [(NAME,), (NAME, "users")])
@pytest.mark.parametrize("parallel", [1, 4])
def test_all_users_are_named_by_the_hundred(
    users: list[str], selected: tuple[str, ...], parallel: int
) -> None:
    """Each day has queries for all users, leavers too, after a single listing, emitted or not."""
    with Simulator(org()) as sim:
        output = run(sim, *selected, max_parallel_requests=parallel, **OPTIONS)
        sent = queries(sim)
        listed = [request.query for request in sim.requests if request.path == "/api/v2/users"]
        for request in sim.requests:
            if request.path == PATH:
                validate(request.body, body_schema(PATH))
    assert len(sent) == 3 * 3
    each: dict[str, list[str]] = defaultdict(list)
    for day, names in sent:
        assert 1 <= len(names) <= USERS_AT_ONCE
        each[day] += names
    assert all(sorted(names) == sorted(users) for names in each.values())
    assert set(Counter(query["pageNumber"] for query in listed).values()) == {1}
    assert {query["state"] for query in listed} == {"any"}
    assert len(output.records("users")) == (250 if "users" in selected else 0)
    keys = Counter(row["_id"] for row in output.records(NAME))
    assert len(keys) == 3 * 250 * 2
    assert set(keys.values()) == {1}


def test_prefetching_changes_the_time_of_requests_alone(users: list[str]) -> None:
    """Prefetched queries give the same messages, with as many requests."""
    with Simulator(org()) as sim:
        plain = run(sim, NAME, **OPTIONS)
        before = len(sim.requests)
        parallel = run(sim, NAME, max_parallel_requests=6, **OPTIONS)
        assert len(sim.requests) == 2 * before
    assert without_times(parallel) == without_times(plain)
    assert len({row["userId"] for row in plain.records(NAME)}) == len(users)


@pytest.mark.parametrize("too_large", [None, 0, 1, 5])
def test_the_newest_reading_of_a_cell_has_all_users(
    few_users: list[str], too_large: int | None
) -> None:
    """All responses of a day have one `_readAt`, also where one is too large and split in time."""
    options = {**OPTIONS, "aggregates": {NAME: {"granularity": "PT6H"}}}
    rows: list[dict[str, Any]] = []
    state: dict[str, Any] = {}
    with Simulator(org()) as sim:
        sim.each_request = timedelta(seconds=2)
        for hours in (0, 1, 26):
            sim.world = WORLD.at(WORLD.now + timedelta(hours=hours))
            if too_large is not None:
                sim.faults.add(Fault("status", path=PATH, status=413, after=too_large))
            output = run(sim, NAME, state=state, **options)
            state = output.state
            rows += output.records(NAME)
        assert {len(names) for _, names in queries(sim)} == {10, 5}
    newest: dict[str, str] = defaultdict(str)
    for row in rows:
        newest[row["intervalStart"]] = max(newest[row["intervalStart"]], row["_readAt"])
    assert len(newest) == 4 * 2
    for start, moment in newest.items():
        cell = [row for row in rows if (row["intervalStart"], row["_readAt"]) == (start, moment)]
        assert {row["userId"] for row in cell} == set(few_users)
    assert len(set(newest.values())) == 4


@pytest.mark.usefixtures("users")
def test_the_bookmark_passes_a_day_with_its_last_query() -> None:
    """The bookmark passes a day only after its last query."""
    output = Output()
    with Simulator(org()) as sim:
        sim.faults.add(Fault("status", path=PATH, status=400, after=5, times=None))
        with pytest.raises(StopRun, match="answered 400"):
            tap(sim, NAME, output=output, **OPTIONS).sync_or_leave()
    assert {row["intervalStart"][:10] for row in output.records(NAME)} == {
        "2026-03-01",
        "2026-03-02",
    }
    assert output.bookmark(NAME) == iso(SINCE + DAY)
    assert output.state["bookmarks"][NAME]["recheckedUpTo"]["1"] == iso(SINCE + DAY)


@pytest.mark.usefixtures("users")
def test_no_bookmark_is_written_while_users_are_missing() -> None:
    """After a page of users stayed empty, the bookmark stays, and the next run reads all users."""
    output = Output()
    with Simulator(org()) as sim:
        sim.faults.add(Fault("empty", path="/api/v2/users", page=2, times=None))
        with pytest.raises(Incomplete):
            tap(sim, NAME, output=output, page_size=100, **OPTIONS).sync_or_leave()
        sent = queries(sim)
    assert len(sent) == 3 * 2
    assert output.records(NAME)
    assert not output.state["bookmarks"][NAME].keys() & {"replication_key_value", "recheckedUpTo"}
    with Simulator(org()) as sim:
        again = run(sim, NAME, state=output.state, **OPTIONS)
    assert len(again.records(NAME)) == 3 * 250 * 2


def test_a_user_who_is_listed_twice_is_named_once(
    users: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who is listed twice is in one query: else two sums would have one key."""
    listed = org().users()
    monkeypatch.setattr(World, "users", lambda _: [*listed, listed[0]])
    with Simulator(org()) as sim:
        run(sim, NAME, **OPTIONS)
        sent = Counter(user for _, some in queries(sim) for user in some)
    assert sent == Counter(users * 3)


def test_without_users_there_is_no_query_and_no_bookmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without users there is no query, and no bookmark."""
    monkeypatch.setattr(staff, "_USERS", 0)
    with Simulator(org()) as sim:
        output = run(sim, NAME, **OPTIONS)
        assert not queries(sim)
    assert output.bookmark(NAME) is None


def test_users_that_may_not_be_listed_leave_the_stream_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without permission to list users the stream is skipped."""
    with Simulator(org()) as sim:
        sim.faults.add(Fault("forbidden", path="/api/v2/users", permission="x:y:view"))
        output = run(sim, NAME, "divisions", **OPTIONS)
        assert not queries(sim)
    assert output.bookmark(NAME) is None
    assert any("users, user_aggregates (" in line for line in caplog.messages)


def of_users(*ids: str, kind: str = "or") -> dict[str, Any]:
    """Return a filter for users."""
    return {"type": kind, "predicates": [{"dimension": "userId", "value": name} for name in ids]}


def filters(*ids: str) -> Iterator[dict[str, Any]]:
    """Yield the forms of a filter that matches these users."""
    yield of_users(*ids)
    yield {"type": "and", "clauses": [of_users(*ids)]}
    yield {"type": "and", "clauses": [of_users(*ids)], **of_users(ids[0], kind="and")}


@pytest.mark.parametrize("way", range(3))
def test_a_filter_of_ones_own_is_combined_with_the_users(users: list[str], way: int) -> None:
    """A configured filter is combined by `and`, and its predicates count among the hundred."""
    few = users[120:130]
    own = list(filters(*few))[way]
    options = {"start_date": iso(SINCE), "aggregates": {NAME: {"filter": own}}}
    with Simulator(org()) as sim:
        output = run(sim, NAME, division_ids=["d"], queue_ids=["q"], **options)
        bodies = [request.body or {} for request in sim.requests if request.path == PATH]
    assert {row["userId"] for row in output.records(NAME)} == set(few if way < 2 else few[:1])
    for body in bodies:
        validate(body, body_schema(PATH))
        assert body["filter"]["type"] == "and"
        parts = [body["filter"], *body["filter"]["clauses"]]
        assert sum(len(part.get("predicates", [])) for part in parts) <= USERS_AT_ONCE
    assert sum(len(named(body["filter"])) for body in bodies) == 3 * 250


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("group_by", [], 'use ["userId"]'),
        ("filter", {"type": "or", "clauses": [of_users("a")]}, "use type and"),
        ("filter", of_users(*"a" * 100), "fewer predicates"),
        ("filter", {"type": "and", "clauses": ["x"]}, "vendor's format"),
        ("filter", [], "vendor's format"),
    ],
)
def test_what_cannot_be_combined_is_refused(option: str, value: object, words: str) -> None:
    """A filter or grouping that cannot be combined with users is an error with the remedy."""
    (line,) = problems({NAME: {option: value}})
    assert words in line
    assert option in line
    assert not list(problems({NAME: {"filter": of_users(*"a" * 99), "group_by": ["userId"]}}))


@pytest.mark.parametrize("number", [0, 1, 100, 101])
def test_the_simulator_requires_one_to_a_hundred_users(number: int) -> None:
    """The simulator refuses queries of no user, or of more than a hundred."""
    body = {"interval": "2026-03-01/2026-03-02", "metrics": ["tSystemPresence"]}
    narrowed = {"filter": of_users(*map(str, range(number)))} if number else {}
    with Simulator(org()) as sim:
        response = requests.post(
            f"{sim.url}{PATH}", json=body | narrowed, headers=token(sim), timeout=10
        )
    assert response.status_code == (200 if 1 <= number <= USERS_AT_ONCE else 400)
