"""Spans of users and evaluations: all of them, once, and what ended later is known later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import requests
from support.harness import run
from support.simulator_client import token
from support.vendor_document import body_schema, response_schema, validate

from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.agents import evaluations
from tap_genesys.streams.quality import Evaluations

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=4, per_day=10, since=SINCE, now=SINCE + 3 * DAY + timedelta(hours=11))
LONG = World(seed=4, per_day=1, since=SINCE, now=SINCE + 100 * DAY)


def test_every_evaluation_comes_and_the_last_thirty_days_come_again() -> None:
    with Simulator(LONG) as sim:
        first = run(sim, "evaluations", start_date=iso(SINCE))
        asked = [one for one in sim.requests if one.path == Evaluations.path]
        answer = requests.post(
            f"{sim.url}{Evaluations.path}", json=asked[0].body, headers=token(sim), timeout=10
        )
        second = run(sim, "evaluations", start_date=iso(SINCE), state=first.state)
    validate(answer.json(), response_schema(Evaluations.path, "post"))
    for request in asked:
        validate(request.body, body_schema(Evaluations.path))
    assert set(first.ids("evaluations")) == {one["id"] for one in evaluations(LONG)}
    again = [row["createdDate"] for row in second.records("evaluations")]
    assert min(again) >= iso(LONG.now - timedelta(days=30, minutes=30))
    assert len(again) == 3 * 30
