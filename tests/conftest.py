"""Fixtures, settings of hypothesis and the garbage collector, and the order of the tests."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from support.built_models import build_all
from support.models import require_dbt
from support.quick import is_slow
from support.simulator_client import Client

from tap_genesys.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.built_models import Built

# No deadline for examples, since the machine may be busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# By default, the collector runs after each 700 objects, over all that tests keep.
gc.set_threshold(1_000_000, 10, 10)

#: Files with tests or shared set-ups that take many seconds.
LONG = (
    "test_warehouse",
    "test_deleted_rows",
    "test_meltano",
    "test_backfill",
    "test_vendor_sdk",
    "test_wheel",
    "test_law",
    "test_user_details",
    "test_preflight",
    "test_process",
    "test_recovery",
    "test_golden",
    "test_unchanged_days_killed",
    "test_damaged_responses",
    "test_earlier_start_law",
    "test_unchanged_conversations",
    "test_emitted_spans",
    "test_assumptions",
    "test_runs",
    "test_interactions",
    "test_history_law",
    "test_aggregates_law",
    "test_readings",
    "test_file_first",
    "test_erasure",
    "test_streams",
)


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Serve the org `WORLD` of the test's module."""
    with Simulator(request.module.WORLD) as simulator:
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Iterator[Client]:
    """Return a logged-in client of the simulator."""
    with Client(sim) as logged_in:
        yield logged_in


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """Yield a warehouse in which the dbt package has been built after several loads."""
    require_dbt()
    with build_all(request.param, tmp_path_factory.mktemp(request.param)) as warehouse:
        yield warehouse


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Collect garbage once; pytest's own ten collections at its end then have little to look at."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run long files first, so that the workers share the short ones and end together.

    Tests with a shared set-up stay together at the start of a worker's list; other workers take
    from its end (`--dist worksteal`).
    """
    for item in items:
        name = getattr(item, "originalname", item.name)
        is_law = item.get_closest_marker("law") is not None
        if is_slow(Path(item.path).stem, name, is_law=is_law):
            item.add_marker(pytest.mark.slow)
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(Path(item.path).stem, len(LONG)))
