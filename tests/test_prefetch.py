"""Prefetching changes the time of requests, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.harness import Output, halve_listings, run, tap, without_times

from tap_genesys.api.page_steps import Page
from tap_genesys.api.pagination import CountedPaginator
from tap_genesys.api.response import PageCounts
from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.responses import COUNTS

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
WORLD = World(seed=5, per_day=11, since=SINCE, now=NOW, indexing=timedelta(minutes=7))
START: dict[str, Any] = {"start_date": iso(SINCE), "page_size": 3}


def test_the_counts_determine_the_pages_to_prefetch() -> None:
    """The counts determine the pages to prefetch; a count of pages has precedence."""
    paginator = CountedPaginator(
        page_size=10, where="here", identity="id", empty_tries=0, wait=lambda: None
    )
    assert [*paginator.ahead()] == []
    paginator.completeness.counts = PageCounts(rows=35)
    assert [*paginator.ahead()] == [Page(2), Page(3), Page(4)]
    paginator.completeness.counts = PageCounts(pages=2, rows=35)
    assert [*paginator.ahead()] == [Page(2)]


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([2, 4, 16]),
    st.integers(1, 7),
    st.sampled_from([0.3, 1, 3]),
    st.sampled_from(["query", "job", "auto"]),
    st.sampled_from(sorted(COUNTS)),
)
def test_the_output_is_that_of_plain_reading(
    most: int, page_size: int, window_days: float, source: str, counts: str
) -> None:
    """The output equals that of sequential requests, record by record and STATE by STATE.

    So do the requests, unless a count is too high.
    """
    options = {
        "start_date": iso(SINCE),
        "page_size": page_size,
        "window_days": window_days,
        "conversation_details_source": source,
        "empty_page_max_tries": 1,
    }
    with Simulator(WORLD, total_hits=counts) as sim:
        plain = run(sim, DETAILS, **options)
        needed = len(sim.requests)
        parallel = run(sim, DETAILS, max_parallel_requests=most, **options)
        used = len(sim.requests) - needed
    assert without_times(parallel) == without_times(plain)
    assert used >= needed if counts == "high" else used == needed


@pytest.mark.parametrize("most", [2, 3, 4, 8, 16])
@pytest.mark.parametrize(("per_day", "page_size"), [(11, 1), (50, 5), (30, 10), (9, 10)])
def test_nothing_is_requested_twice(per_day: int, page_size: int, most: int) -> None:
    """Prefetched pages of a window are kept while those of another one come between."""
    world = World(seed=5, per_day=per_day, since=SINCE, now=NOW)
    options = {"start_date": iso(SINCE), "page_size": page_size}
    with Simulator(world) as sim:
        plain = run(sim, DETAILS, **options)
        needed = len(sim.requests)
        parallel = run(sim, DETAILS, max_parallel_requests=most, **options)
        used = len(sim.requests) - needed
    assert without_times(parallel) == without_times(plain)
    assert used == needed


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", path="/query", status=429, retry_after="1", after=3, times=3),
        Fault("status", path="/query", status=503, after=3, times=2),
        Fault("drop", path="/query", after=5, times=2),
        Fault("unauthorized", path="/query", after=4),
        Fault("empty", path="/query", page=3, times=2),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_passing_fault_costs_no_record(fault: Fault) -> None:
    """A transient fault of a prefetched request loses no record."""
    with Simulator(WORLD) as sim:
        plain = run(sim, DETAILS, **START)
        needed = [request.path for request in sim.requests]
        sim.faults.add(fault)
        parallel = run(sim, DETAILS, max_parallel_requests=6, **START)
        used = [request.path for request in sim.requests[len(needed) :]]
    assert without_times(parallel) == without_times(plain)
    assert len(used) - len(needed) >= (fault.times or 0)  # the fault has happened
    assert used.count("/oauth/token") == (2 if fault.kind == "unauthorized" else 1)


def test_nothing_is_emitted_after_the_place_of_an_error() -> None:
    """Nothing after the failed page is emitted, though it is prefetched; all before it is."""
    with Simulator(WORLD) as sim:
        plain = run(sim, DETAILS, **START)
        sim.faults.add(Fault("status", path="/query", page=4, status=400, times=None, after=2))
        output = Output()
        options = {**START, "max_parallel_requests": 16}
        with pytest.raises(StopRun, match=r"window 2026-03-03T00:00:00.000Z/.* answered 400"):
            tap(sim, DETAILS, output=output, **options).sync_or_leave()
    assert output.ids() == plain.ids()[: len(output.ids())]
    assert output.bookmark() == "2026-03-03T00:00:00.000Z"


@pytest.mark.parametrize("stream", ["flow_versions", "routing_queue_members", "users"])
def test_listings_are_prefetched_too(stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings and children are prefetched with the same output and the same requests."""
    halve_listings(monkeypatch)
    with Simulator(World(seed=81, per_day=1, since=SINCE, now=NOW)) as sim:
        plain = run(sim, stream, page_size=25)
        needed = len(sim.requests)
        parallel = run(sim, stream, page_size=25, max_parallel_requests=8)
        used = len(sim.requests) - needed
    assert without_times(parallel) == without_times(plain)
    assert len(plain.records(stream)) > 40
    assert used == needed
