"""Spans of users and evaluations: all are read, and ends and late spans become visible later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import requests
from support.harness import run
from support.simulator_client import token
from support.vendor_document import body_schema, response_schema, validate

from tap_genesys.replication.windows import DAY, iso, parse
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.agents import delay, evaluations, spans, stored
from tap_genesys.streams.quality import Evaluations

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=4, per_day=10, since=SINCE, now=SINCE + 3 * DAY + timedelta(hours=11))
LONG = World(seed=4, per_day=1, since=SINCE, now=SINCE + 100 * DAY)


def test_every_evaluation_is_read_and_the_last_thirty_days_again() -> None:
    """A second run looks back 30 days; requests and responses match the vendor's document."""
    with Simulator(LONG) as sim:
        first = run(sim, "evaluations", start_date=iso(SINCE))
        searches = [request for request in sim.requests if request.path == Evaluations.path]
        response = requests.post(
            f"{sim.url}{Evaluations.path}", json=searches[0].body, headers=token(sim), timeout=10
        )
        second = run(sim, "evaluations", start_date=iso(SINCE), state=first.state)
    validate(response.json(), response_schema(Evaluations.path, "post"))
    for request in searches:
        validate(request.body, body_schema(Evaluations.path))
    assert set(first.ids("evaluations")) == {evaluation["id"] for evaluation in evaluations(LONG)}
    again = [row["createdDate"] for row in second.records("evaluations")]
    assert min(again) >= iso(LONG.now - timedelta(days=30, minutes=30))
    assert len(again) == 3 * 30


def test_some_spans_are_seen_an_hour_to_twelve_late_and_their_ends_as_late() -> None:
    """Each with its old dates: not at all before, then without its end; by default none is late."""
    hour, moment = timedelta(hours=1), timedelta(milliseconds=1)
    # No end has been corrected yet.
    prompt = WORLD.at(SINCE + 2 * DAY + 12 * hour)
    late = replace(prompt, late_spans=12 * hour)
    delays: list[timedelta] = []
    for place, kind in product(range(len(late.staff.agents)), ("systemPresence", "routingStatus")):
        for span in spans(prompt, place, kind, SINCE, prompt.now):
            if "endTime" not in span:
                continue
            start, end = (parse(span[name]) for name in ("startTime", "endTime"))
            assert not delay(prompt, place, kind, start)
            behind = delay(late, place, kind, start)
            delays.append(behind)
            moments = [start + behind, end + behind]
            seen = [
                [
                    late_span
                    for late_span in spans(late, place, kind, start, end, until)
                    if late_span["startTime"] == span["startTime"]
                ]
                for until in (moments[0], moments[0] + moment, moments[1], moments[1] + moment)
            ]
            without_end = {name: value for name, value in span.items() if name != "endTime"}
            assert seen == [[], [without_end], [without_end], [span]]
    lengths = [length for length in delays if length]
    assert len(delays) / 40 < len(lengths) < len(delays) / 10
    assert hour <= min(lengths) < 4 * hour < 9 * hour < max(lengths) <= 12 * hour


def test_a_late_span_is_found_late_by_a_query_though_an_earlier_world_was_read() -> None:
    """Two worlds that differ in it alone share no remembered result."""
    late = replace(WORLD, late_spans=timedelta(hours=12))
    interval = (WORLD.now - timedelta(hours=3), WORLD.now, WORLD.now)
    assert len(stored(WORLD, *interval)) > len(stored(late, *interval)) > 0
