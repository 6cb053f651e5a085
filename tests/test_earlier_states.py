"""States that earlier versions wrote are read, and lead to the same rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.harness import run

from tap_genesys.replication.windows import DAY, floor, iso
from tap_genesys.simulator import Simulator, World

DETAILS, PRESENCES, AGGREGATES = "conversation_details", "user_presences", "conversation_aggregates"
HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
#: When the state was written, after two runs an hour apart, of a data lake four hours behind.
THEN = datetime(2026, 3, 4, 12, tzinfo=UTC)
WORLD = World(seed=4, per_day=12, since=SINCE, now=THEN, lag=4 * HOUR, step=timedelta(0))
MARKS = {f"{age}": iso(SINCE + (2 if age == 1 else 0) * DAY) for age in (1, 3, 7, 30)}
#: Source -> bookmark, watermark, passes, and moment of the spans, as hours from then.
STATES: dict[str, dict[str, Any]] = {
    "auto": {"bookmark": -5, "watermark": -4, "passes": [(-5, -1.5, -1), (-4, -0.5, 0)], "told": 0},
    "jobs": {"bookmark": -4, "watermark": -4, "passes": [], "told": -4},
    "query": {"bookmark": -0.5, "passes": [(-84, -84, -1), (-25.5, -25.5, 0)], "told": 0},
}


def state(source: str) -> dict[str, Any]:
    """Return the state as the version before `readTo` and re-reads of aggregates wrote it."""
    kept = STATES[source]
    lane = "query" if source == "query" else "job"
    details = {
        "replication_key": "conversationStart",
        "replication_key_value": at(kept["bookmark"]),
        "recheckedBy": lane,
        "rechecks": MARKS,
        "passes": [[at(hours) for hours in one] for one in kept["passes"]],
    }
    if "watermark" in kept:
        details["watermark"] = at(kept["watermark"])
    known = THEN - 4 * HOUR - timedelta(milliseconds=1)
    reached = at(-0.5) if source == "query" else iso(known)
    return {
        "bookmarks": {
            DETAILS: details,
            PRESENCES: {
                "replication_key": "startTime",
                "replication_key_value": reached,
                "told": at(kept["told"]),
            },
            AGGREGATES: {"replication_key": "intervalStart", "replication_key_value": at(-0.5)},
        }
    }


def at(hours: float) -> str:
    return iso(THEN + hours * HOUR)


@pytest.mark.parametrize("source", STATES)
def test_a_state_of_an_earlier_version_goes_on(source: str) -> None:
    """Nothing is read from the beginning, nothing after the bookmark is left out."""
    options = {
        "start_date": iso(SINCE),
        "conversation_details_source": source,
        "user_details_source": source,
        "recheck_days": [1, 3, 7, 30],
    }
    now = THEN + 3 * HOUR
    with Simulator(WORLD.at(now)) as sim:
        first = run(sim, DETAILS, PRESENCES, AGGREGATES, state=state(source), **options)
        sim.world = WORLD.at(now + 2 * DAY)
        second = run(sim, DETAILS, PRESENCES, AGGREGATES, state=first.state, **options)
    kept = STATES[source]
    bookmark = THEN + kept["bookmark"] * HOUR
    until = now + 2 * DAY - (4 * HOUR if source == "jobs" else timedelta(0))
    started = {row["conversationId"] for row in WORLD.at(until).conversations(bookmark, until)}
    assert started <= {*first.ids(DETAILS), *second.ids(DETAILS)}
    # A query knew more of these than the lake did in the first run.
    earliest = min((THEN + hours * HOUR for hours, _, _ in kept["passes"]), default=None)
    for row in first.records(DETAILS):
        if row["_source"] == "job" and earliest is not None:
            assert row["conversationStart"] < iso(earliest)
    assert sum(row["_source"] == "query" for row in first.records(PRESENCES)) or source == "jobs"
    days = {row["intervalStart"][:10] for row in first.records(AGGREGATES)}
    assert iso(floor(THEN, DAY))[:10] in days
    assert iso(SINCE)[:10] not in days
