"""The simple filters reach every stream whose operation knows them, and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.harness import run
from support.vendor_document import body_schema, validate

from tap_genesys.config.org_filters import filters_by_stream
from tap_genesys.endpoints.aggregates import AggregateStream
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.listings import rows_of
from tap_genesys.streams import STREAMS

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=5, per_day=60, since=SINCE, now=SINCE + 3 * DAY)
START = {"start_date": iso(SINCE)}
DETAILS = "conversation_details"
BY_NAME: dict[str, Any] = {vars(one)["name"]: one for one in STREAMS}
QUEUES = [WORLD.queues()[place]["id"] for place in (0, 1)]
DIVISION = WORLD.divisions()[1]["id"]
SCOPE: dict[str, Any] = {
    "queue_ids": QUEUES,
    "media_types": ["voice", "email"],
    "division_ids": [DIVISION],
}
LISTINGS = [name for name, told in filters_by_stream().items() if isinstance(told, dict)]
COUNTING = [name for name, told in filters_by_stream().items() if isinstance(told, list)]


def fits(conversation: dict[str, Any]) -> bool:
    """Whether one segment of a conversation is in the scope, and it in the division."""
    return DIVISION in conversation["divisionIds"] and any(
        segment.get("queueId") in QUEUES and session["mediaType"] in ("voice", "email")
        for participant in conversation["participants"]
        for session in participant["sessions"]
        for segment in session["segments"]
    )


@pytest.mark.parametrize("source", ["query", "job", "auto"])
def test_conversations_are_those_that_fit(source: str) -> None:
    until = WORLD.watermark if source == "job" else WORLD.now
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, conversation_details_source=source, **START, **SCOPE)
    wanted = [
        one["conversationId"]
        for one in WORLD.conversations(SINCE, until)
        if fits(one)
        and (source != "job" or datetime.fromisoformat(one["conversationStart"]) < until)
    ]
    assert sorted(set(output.ids())) == sorted(wanted)
    assert 3 < len(wanted) < 60


def test_it_adds_to_filters_of_ones_own() -> None:
    own = {
        "conversation_filters": [
            {
                "type": "and",
                "predicates": [{"dimension": "originatingDirection", "value": "inbound"}],
            }
        ]
    }
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, **START, **SCOPE, **own)
        (asked,) = {
            str(one.body and one.body.get("conversationFilters")) for one in sim.requests[1:]
        }
    wanted = [
        one["conversationId"]
        for one in WORLD.conversations(SINCE, WORLD.now)
        if fits(one) and one["originatingDirection"] == "inbound"
    ]
    assert sorted(output.ids()) == sorted(wanted)
    assert "originatingDirection" in asked


@pytest.mark.parametrize("stream", LISTINGS)
def test_a_listing_is_narrowed_down(stream: str) -> None:
    with Simulator(WORLD) as sim:
        whole = run(sim, stream, page_size=25)
        narrow = run(sim, stream, page_size=25, division_ids=[DIVISION])
    found = narrow.records(stream)
    if stream == "user_queues":
        assert all(row["division"]["id"] == DIVISION for row in found)
        return
    rows = rows_of(WORLD, BY_NAME[stream].path)
    wanted = [row["id"] for row in rows if (row.get("division") or {}).get("id") == DIVISION]
    assert [row["id"] for row in found] == wanted
    assert len(whole.records(stream)) == len(rows)


def test_several_divisions_leave_alone_what_takes_one() -> None:
    both = [one["id"] for one in WORLD.divisions()[:2]]
    with Simulator(WORLD) as sim:
        run(sim, "business_units", "flows", "scripts", division_ids=both)
        asked = {one.path: one.query for one in sim.requests}
    assert "divisionId" not in asked["/api/v2/workforcemanagement/businessunits"]
    assert asked["/api/v2/flows"]["divisionId"] == ",".join(both)
    assert asked["/api/v2/scripts"]["divisionIds"] == ",".join(both)


def test_queues_and_what_is_listed_for_each_are_those_that_are_named() -> None:
    with Simulator(WORLD) as sim:
        output = run(sim, "routing_queues", "routing_queue_members", queue_ids=QUEUES)
    assert output.ids("routing_queues") == QUEUES
    assert {row["queueId"] for row in output.records("routing_queue_members")} == set(QUEUES)


@pytest.mark.parametrize("stream", COUNTING)
def test_what_counts_is_asked_with_the_dimensions_that_it_knows(stream: str) -> None:
    path = BY_NAME[stream].path
    with Simulator(WORLD) as sim:
        run(sim, stream, start_date=iso(WORLD.now - DAY), **SCOPE)
        bodies = [one.body or {} for one in sim.requests if one.path == path]
    assert bodies
    for body in bodies:
        validate(body, body_schema(path))
        asked = {
            predicate["dimension"]: clause
            for clause in body["filter"]["clauses"]
            for predicate in clause["predicates"]
        }
        # A queue that is observed is named anyhow.
        assert set(asked) >= set(filters_by_stream()[stream])
        assert body["filter"]["type"] == "and"
        assert all(clause["type"] == "or" for clause in asked.values())


def test_a_filter_of_ones_own_replaces_it_where_streams_count() -> None:
    own = {"type": "or", "predicates": [{"dimension": "mediaType", "value": "chat"}]}
    with Simulator(WORLD) as sim:
        options = {"aggregates": {"conversation_aggregates": {"filter": own}}, **START, **SCOPE}
        run(sim, "conversation_aggregates", **options)
        assert [
            one.body["filter"] for one in sim.requests if one.body and "filter" in one.body
        ] == [own] * 3


def test_reconciliation_counts_what_is_wanted() -> None:
    """Both counts, so that they can be held against the rows in the warehouse."""
    with Simulator(WORLD) as sim:
        output = run(sim, "conversation_reconciliation", start_date=iso(SINCE), queue_ids=QUEUES)
    rows = output.records("conversation_reconciliation")
    wanted = [
        one
        for one in WORLD.conversations(SINCE, SINCE + DAY)
        if any(
            segment.get("queueId") in QUEUES
            for participant in one["participants"]
            for session in participant["sessions"]
            if session["mediaType"] == "voice"
            for segment in session["segments"]
        )
    ]
    (first,) = [
        row for row in rows if row["mediaType"] == "voice" and row["day"].startswith("2026-03-01")
    ]
    assert first["detailsCount"] == len(wanted) > 3
    assert first["aggregatesCount"] == len(wanted)


def test_no_scope_asks_as_before() -> None:
    with Simulator(WORLD) as sim:
        run(sim, DETAILS, "conversation_aggregates", "flows", **START)
        for one in sim.requests[1:]:
            assert not {"conversationFilters", "segmentFilters", "filter"} & set(one.body or {})
            assert not {"divisionId", "id"} & set(one.query)


def test_every_stream_that_counts_and_knows_a_dimension_is_in_the_list() -> None:
    """The ones that are not have none of the three: agents, journeys, actions, rate limits."""
    missing = {
        name
        for name, stream in BY_NAME.items()
        if issubclass(stream, AggregateStream) and name not in filters_by_stream()
    }
    assert missing == {
        "action_aggregates",
        "journey_aggregates",
        "rate_limit_aggregates",
        "user_aggregates",
    }
