"""After a kill, the next run leaves out no day that the warehouse lacks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import last_state
from support.unchanged_days import (
    CASES,
    MADE_UP,
    NOW,
    WORLD,
    Case,
    change_all,
    each_case,
    plain,
    settle,
    upsert,
)

from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the values of past days constant."""
    settle(monkeypatch)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """Yield the org."""
    with Simulator(WORLD) as simulator:
        yield simulator


def merged(partial: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a failed run, merged into the one before as Meltano does."""
    return {
        **state,
        **{
            name: merged(value, state.get(name, {})) if isinstance(value, dict) else value
            for name, value in partial.items()
        },
    }


@pytest.mark.parametrize("is_merged", [False, True])
@each_case
def test_a_run_that_is_killed_makes_the_next_one_leave_nothing_out_that_is_missing(
    sim: Simulator, case: Case, monkeypatch: pytest.MonkeyPatch, *, is_merged: bool
) -> None:
    """After a kill at any message of a reading with changes, the next run restores the table.

    Its values are those of the first run: the digest is the same, but the warehouse is not.
    """
    monkeypatch.setattr("tap_genesys.endpoints.aggregates.AggregateStream.recheck_days", ())
    first = case.read(sim)
    sim.world = WORLD.at(NOW + timedelta(minutes=5))
    with monkeypatch.context() as patch:
        change_all(patch)
        second = case.read(sim, first.state)
    assert len(case.windows(second.records(case.name))) > 1
    sim.world = WORLD.at(NOW + timedelta(minutes=10))
    truth = plain(case.read(sim).records(case.name))
    outcomes: dict[str, list[dict[str, Any]]] = {}
    for line in range(len(second.messages) + 1):
        cut = second.messages[:line]
        state = last_state(cut)
        state = merged(state, first.state) if is_merged else state or first.state
        if str(state) not in outcomes:
            outcomes[str(state)] = case.read(sim, state).messages
        rows = upsert(first.messages, cut, outcomes[str(state)])
        assert plain(case.newest(rows)) == truth, f"killed after {line} messages"


@each_case
def test_a_first_run_that_is_killed_is_completed(sim: Simulator, case: Case) -> None:
    """After a kill at any message of a first run, the next one emits the missing rows."""
    options: dict[str, Any] = {"start_date": iso(NOW - 2 * DAY)}
    first = case.read(sim, **options)
    truth = plain(first.records(case.name))
    resumed: dict[str, list[dict[str, Any]]] = {}
    for line in range(len(first.messages) + 1):
        cut = first.messages[:line]
        state = last_state(cut)
        if str(state) not in resumed:
            resumed[str(state)] = case.read(sim, state, **options).messages
        assert plain(upsert(cut, resumed[str(state)])) == truth


def test_settings_that_are_changed_back_leave_nothing_out_that_is_missing(sim: Simulator) -> None:
    """Digests of earlier settings are withdrawn before the first row of later ones."""
    case = CASES["one query a day"]
    first = case.read(sim)
    truth = plain(first.records(case.name))
    metrics = [first.records(case.name)[0]["metric"]]
    sim.world = WORLD.at(NOW + timedelta(minutes=5))
    second = case.read(sim, first.state, aggregates={MADE_UP: {"metrics": metrics}})
    assert case.windows(second.records(MADE_UP))
    sim.world = WORLD.at(NOW + timedelta(minutes=10))
    resumed: dict[str, list[dict[str, Any]]] = {}
    for line in range(len(second.messages)):
        cut = second.messages[:line]
        state = last_state(cut) or first.state
        if str(state) not in resumed:
            resumed[str(state)] = case.read(sim, state).messages
        assert plain(case.newest(upsert(first.messages, cut, resumed[str(state)]))) == truth
