"""Reconciliation: counts side by side, equal in a healthy org, different if rows are missing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.harness import run

from tap_genesys.records.reconciliation_rows import rows
from tap_genesys.replication.windows import DAY, Window, iso
from tap_genesys.simulator import Simulator, World

NAME = "conversation_reconciliation"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
DAY_ONE = Window(SINCE, SINCE + DAY)
WORLD = World(seed=4, per_day=60, since=SINCE, now=SINCE + 4 * DAY + timedelta(hours=10))
COUNTS = st.dictionaries(st.sampled_from(["voice", "email", "chat"]), st.integers(0, 1000))


@given(COUNTS, COUNTS, st.floats(0, 1), st.data())
def test_a_verdict_follows_from_the_counts(
    details: dict[str, int], aggregates: dict[str, int], tolerance: float, data: st.DataObject
) -> None:
    """The verdict follows from both counts, the tolerance, and the age of the day."""
    is_settled = data.draw(st.booleans())
    verdicts = rows(DAY_ONE, details, aggregates, tolerance=tolerance, is_settled=is_settled)
    media = {medium for counts in (details, aggregates) for medium, n in counts.items() if n}
    assert {row["mediaType"] for row in verdicts} == media
    assert len({row["_id"] for row in verdicts}) == len(verdicts)
    for row in verdicts:
        detailed, counted = row["detailsCount"], row["aggregatesCount"]
        assert row["difference"] == detailed - counted
        expected = "equal" if detailed == counted else "within tolerance"
        if abs(detailed - counted) > tolerance * max(detailed, counted):
            expected = "different"
        assert row["verdict"] == (expected if is_settled else "too recent")


def test_a_healthy_org_is_equal_on_every_day_that_is_over() -> None:
    """In a healthy org past days are equal, the present one too recent.

    A day takes six requests.
    """
    with Simulator(WORLD, interval_reading="touched-days") as sim:
        output = run(sim, NAME, start_date=iso(SINCE))
        sent = [request for request in sim.requests if request.path != "/oauth/token"]
    records = output.records(NAME)
    over = [row for row in records if row["day"] < iso(WORLD.now - DAY)]
    assert {row["verdict"] for row in over} == {"equal"}
    assert {row["verdict"] for row in records if row not in over} == {"too recent"}
    # A conversation with several media is in several rows.
    assert sum(row["detailsCount"] for row in over) >= WORLD.count(SINCE, SINCE + 4 * DAY)
    assert len(sent) == 5 * 6


@pytest.mark.parametrize("bounds", ["[)", "[]", "(]", "()"])
def test_a_day_is_counted_once_whatever_bounds_belong_to_an_interval(bounds: str) -> None:
    """A day is counted once, whatever bounds an interval includes."""
    with Simulator(WORLD, interval_reading="touched-days", interval_bounds=bounds) as sim:
        records = run(sim, NAME, start_date=iso(SINCE)).records(NAME)
    assert {row["verdict"] for row in records} == {"equal", "too recent"}


@pytest.mark.parametrize("bounds", ["[)", "[]", "(]", "()"])
def test_where_an_interval_must_overlap_only_the_edges_of_a_day_are_missing(bounds: str) -> None:
    """With overlapping intervals the details lack two conversations a day at most.

    Those that start in its first and last millisecond.
    """
    with Simulator(WORLD, interval_reading="overlap", interval_bounds=bounds) as sim:
        records = run(sim, NAME, start_date=iso(SINCE)).records(NAME)
    missing = Counter[str]()
    for row in records:
        if row["verdict"] != "too recent":
            assert row["difference"] <= 0
            missing[row["day"]] -= row["difference"]
    assert max(missing.values()) <= 2


def test_details_that_know_too_little_are_different() -> None:
    """Details with fewer conversations than the aggregates are `different`."""
    with Simulator(WORLD, total_hits="low") as sim:
        output = run(sim, NAME, start_date=iso(SINCE))
    over = [row for row in output.records(NAME) if row["day"] < iso(WORLD.now - DAY)]
    assert "different" in {row["verdict"] for row in over}


def test_a_day_that_was_too_recent_is_read_again() -> None:
    """A day that was too recent gets its verdict in a later run."""
    with Simulator(WORLD, interval_reading="touched-days") as sim:
        first = run(sim, NAME, start_date=iso(SINCE))
    with Simulator(WORLD.at(WORLD.now + DAY), interval_reading="touched-days") as sim:
        second = run(sim, NAME, start_date=iso(SINCE), state=first.state)
    merged = {row["_id"]: row for row in [*first.records(NAME), *second.records(NAME)]}
    day_five = iso(SINCE + 4 * DAY)
    assert {row["verdict"] for row in merged.values() if row["day"] <= day_five} == {"equal"}
