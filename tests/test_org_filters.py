"""The simple filters apply to every stream whose operation supports them, and to no other."""

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
BY_NAME: dict[str, Any] = {vars(stream)["name"]: stream for stream in STREAMS}
QUEUES = [WORLD.queues()[place]["id"] for place in (0, 1)]
DIVISION = WORLD.divisions()[1]["id"]
SCOPE: dict[str, Any] = {
    "queue_ids": QUEUES,
    "media_types": ["voice", "email"],
    "division_ids": [DIVISION],
}
LISTINGS = [name for name, filters in filters_by_stream().items() if isinstance(filters, dict)]
COUNTING = [name for name, value in filters_by_stream().items() if isinstance(value, list)]


def fits(conversation: dict[str, Any]) -> bool:
    """Return whether a conversation is in the division, and has a segment in the scope."""
    return DIVISION in conversation["divisionIds"] and any(
        segment.get("queueId") in QUEUES and session["mediaType"] in ("voice", "email")
        for participant in conversation["participants"]
        for session in participant["sessions"]
        for segment in session["segments"]
    )


@pytest.mark.parametrize("source", ["query", "job", "auto"])
def test_conversations_are_those_that_fit(source: str) -> None:
    """Exactly the matching conversations are emitted, by query and by job."""
    until = WORLD.watermark if source == "job" else WORLD.now
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, conversation_details_source=source, **START, **SCOPE)
    expected = [
        conversation["conversationId"]
        for conversation in WORLD.conversations(SINCE, until)
        if fits(conversation)
        and (source != "job" or datetime.fromisoformat(conversation["conversationStart"]) < until)
    ]
    assert sorted(set(output.ids())) == sorted(expected)
    assert 3 < len(expected) < 60


def test_org_filters_add_to_configured_filters() -> None:
    """A configured filter applies as well as the simple ones."""
    configured = {
        "conversation_filters": [
            {
                "type": "and",
                "predicates": [{"dimension": "originatingDirection", "value": "inbound"}],
            }
        ]
    }
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, **START, **SCOPE, **configured)
        (filters,) = {
            str(request.body and request.body.get("conversationFilters"))
            for request in sim.requests[1:]
        }
    expected = [
        conversation["conversationId"]
        for conversation in WORLD.conversations(SINCE, WORLD.now)
        if fits(conversation) and conversation["originatingDirection"] == "inbound"
    ]
    assert sorted(output.ids()) == sorted(expected)
    assert "originatingDirection" in filters


@pytest.mark.parametrize("stream", LISTINGS)
def test_a_listing_is_narrowed_down(stream: str) -> None:
    """A listing has exactly the rows of the division."""
    with Simulator(WORLD) as sim:
        whole = run(sim, stream, page_size=25)
        narrow = run(sim, stream, page_size=25, division_ids=[DIVISION])
    narrow_rows = narrow.records(stream)
    if stream == "user_queues":
        assert all(row["division"]["id"] == DIVISION for row in narrow_rows)
        return
    rows = rows_of(WORLD, BY_NAME[stream].path)
    expected = [row["id"] for row in rows if (row.get("division") or {}).get("id") == DIVISION]
    assert [row["id"] for row in narrow_rows] == expected
    assert len(whole.records(stream)) == len(rows)


def test_several_divisions_leave_alone_what_takes_one() -> None:
    """An operation that takes one division is not filtered by several."""
    both = [division["id"] for division in WORLD.divisions()[:2]]
    with Simulator(WORLD) as sim:
        run(sim, "business_units", "flows", "scripts", division_ids=both)
        queries = {request.path: request.query for request in sim.requests}
    assert "divisionId" not in queries["/api/v2/workforcemanagement/businessunits"]
    assert queries["/api/v2/flows"]["divisionId"] == ",".join(both)
    assert queries["/api/v2/scripts"]["divisionIds"] == ",".join(both)


def test_queues_and_what_is_listed_for_each_are_those_that_are_named() -> None:
    """`queue_ids` limits queues and their children."""
    with Simulator(WORLD) as sim:
        output = run(sim, "routing_queues", "routing_queue_members", queue_ids=QUEUES)
    assert output.ids("routing_queues") == QUEUES
    assert {row["queueId"] for row in output.records("routing_queue_members")} == set(QUEUES)


@pytest.mark.parametrize("stream", COUNTING)
def test_aggregates_are_filtered_by_the_dimensions_that_they_have(stream: str) -> None:
    """Queries of aggregates and observations filter by each dimension that they support."""
    path = BY_NAME[stream].path
    with Simulator(WORLD) as sim:
        run(sim, stream, start_date=iso(WORLD.now - DAY), **SCOPE)
        bodies = [request.body or {} for request in sim.requests if request.path == path]
    assert bodies
    for body in bodies:
        validate(body, body_schema(path))
        clauses = {
            predicate["dimension"]: clause
            for clause in body["filter"]["clauses"]
            for predicate in clause["predicates"]
        }
        # Observations of queues have a filter by queue in any case.
        assert set(clauses) >= set(filters_by_stream()[stream])
        assert body["filter"]["type"] == "and"
        assert all(clause["type"] == "or" for clause in clauses.values())


def test_a_configured_filter_replaces_those_of_aggregates() -> None:
    """A filter that is configured for an aggregate stream replaces the simple ones."""
    configured = {"type": "or", "predicates": [{"dimension": "mediaType", "value": "chat"}]}
    with Simulator(WORLD) as sim:
        options = {
            "aggregates": {"conversation_aggregates": {"filter": configured}},
            **START,
            **SCOPE,
        }
        run(sim, "conversation_aggregates", **options)
        assert [
            request.body["filter"]
            for request in sim.requests
            if request.body and "filter" in request.body
        ] == [configured] * 3


def test_reconciliation_counts_what_is_wanted() -> None:
    """Both counts are filtered, so that they can be compared with the rows in the warehouse."""
    with Simulator(WORLD) as sim:
        output = run(sim, "conversation_reconciliation", start_date=iso(SINCE), queue_ids=QUEUES)
    rows = output.records("conversation_reconciliation")
    expected = [
        conversation
        for conversation in WORLD.conversations(SINCE, SINCE + DAY)
        if any(
            segment.get("queueId") in QUEUES
            for participant in conversation["participants"]
            for session in participant["sessions"]
            if session["mediaType"] == "voice"
            for segment in session["segments"]
        )
    ]
    (first,) = [
        row for row in rows if row["mediaType"] == "voice" and row["day"].startswith("2026-03-01")
    ]
    assert first["detailsCount"] == len(expected) > 3
    assert first["aggregatesCount"] == len(expected)


def test_without_filters_requests_have_none() -> None:
    """Without filters no request has one."""
    with Simulator(WORLD) as sim:
        run(sim, DETAILS, "conversation_aggregates", "flows", **START)
        for request in sim.requests[1:]:
            assert not {"conversationFilters", "segmentFilters", "filter"} & set(request.body or {})
            assert not {"divisionId", "id"} & set(request.query)


def test_every_aggregate_stream_with_a_dimension_is_filtered() -> None:
    """Every aggregate stream with one of the three dimensions is filtered. The others have none.

    Agents, journeys, actions, rate limits.
    """
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
