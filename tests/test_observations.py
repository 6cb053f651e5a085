"""How things stand: a row for each record of the parent, medium and metric, stamped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.harness import run
from support.vendor_document import body_schema, validate

from tap_genesys.endpoints.aggregates import ObservationStream
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.listings import ids_of
from tap_genesys.streams import STREAMS

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=4, per_day=10, since=SINCE, now=SINCE)
OBSERVATIONS: list[Any] = [one for one in STREAMS if issubclass(one, ObservationStream)]


@pytest.mark.parametrize("stream", OBSERVATIONS, ids=[vars(one)["name"] for one in OBSERVATIONS])
def test_each_record_of_the_parent_is_observed(stream: Any) -> None:
    """A hundred at once, in bodies that the vendor's document describes."""
    with Simulator(WORLD) as sim:
        output = run(sim, stream.name)
        asked = [one for one in sim.requests if one.path == stream.path]
    parents = ids_of(WORLD, vars(stream.parent_stream_type)["path"])
    found = output.records(stream.name)
    assert {row[stream.dimension] for row in found} == set(parents)
    assert {row["metric"] for row in found} == set(stream.metrics)
    assert {row["observedAt"] for row in found} == {iso(WORLD.now)}
    assert len({row["_id"] for row in found}) == len(found)
    assert all(row["_extra"] is None for row in found)
    assert len(asked) == -(-len(parents) // 100)
    for request in asked:
        validate(request.body, body_schema(stream.path))


def test_a_parent_that_is_skipped_skips_its_observations() -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/api/v2/routing/queues", permission="x"))
        output = run(sim, "queue_observations", "users")
        asked = [one for one in sim.requests if "observations" in one.path]
    assert not output.records("queue_observations")
    assert not asked
