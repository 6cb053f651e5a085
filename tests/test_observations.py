"""Observations: a row per record of the parent, medium and metric, with the time of the request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.harness import Output, run, tap
from support.spoiled import spoiled
from support.vendor_document import body_schema, validate

from tap_genesys.endpoints.observations import ObservationStream
from tap_genesys.errors import Incomplete
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.listings import ids_of
from tap_genesys.streams import STREAMS

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=4, per_day=10, since=SINCE, now=SINCE)
OBSERVATIONS: list[Any] = [stream for stream in STREAMS if issubclass(stream, ObservationStream)]


@pytest.mark.parametrize(
    "stream", OBSERVATIONS, ids=[vars(stream)["name"] for stream in OBSERVATIONS]
)
def test_each_record_of_the_parent_is_observed(stream: Any) -> None:
    """Each record of the parent is observed, a hundred per request, with bodies that validate."""
    with Simulator(WORLD) as sim:
        output = run(sim, stream.name)
        observed = [request for request in sim.requests if request.path == stream.path]
    parents = ids_of(WORLD, vars(stream.parent_stream_type)["path"])
    rows = output.records(stream.name)
    assert {row[stream.dimension] for row in rows} == set(parents)
    assert {row["metric"] for row in rows} == set(stream.metrics)
    assert {row["observedAt"] for row in rows} == {iso(WORLD.now)}
    assert len({row["_id"] for row in rows}) == len(rows)
    assert all(row["_extra"] is None for row in rows)
    assert len(observed) == -(-len(parents) // 100)
    for request in observed:
        validate(request.body, body_schema(stream.path))


@pytest.mark.parametrize(
    "stream", OBSERVATIONS, ids=[vars(stream)["name"] for stream in OBSERVATIONS]
)
def test_a_metric_without_a_name_is_left_out(stream: Any) -> None:
    """A row would have no key: the others are emitted, and the run ends with an error."""

    def spoil(content: Any) -> None:
        del content["results"][0]["data"][0]["metric"]

    output = Output()
    with Simulator(WORLD) as sim:
        whole = run(sim, stream.name)
        with spoiled(sim, stream.path, spoil), pytest.raises(Incomplete, match=stream.name):
            tap(sim, stream.name, output=output).sync_or_leave()
    rows = output.records(stream.name)
    assert 0 < len(rows) < len(whole.records(stream.name))
    assert all(row["_id"] and row["metric"] for row in rows)


def test_a_parent_that_is_skipped_skips_its_observations() -> None:
    """A parent that is skipped skips its observations, without a request."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/api/v2/routing/queues", permission="x"))
        output = run(sim, "queue_observations", "users")
        observed = [request for request in sim.requests if "observations" in request.path]
    assert not output.records("queue_observations")
    assert not observed
