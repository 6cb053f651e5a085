"""Reading ahead changes when something is asked, and nothing else."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.harness import Output, halve_listings, run, tap, without_times

from tap_genesys.api.page_steps import Page
from tap_genesys.api.pagination import CountedPaginator
from tap_genesys.api.prefetch import Prefetcher
from tap_genesys.api.response import PageCounts
from tap_genesys.errors import StopRun
from tap_genesys.interruption import Interrupted, Interruption
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.responses import COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
WORLD = World(seed=5, per_day=11, since=SINCE, now=NOW, indexing=timedelta(minutes=7))
START: dict[str, Any] = {"start_date": iso(SINCE), "page_size": 3}


class Desk:
    """Answers requests when told to, and knows what is under way."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.threads: dict[int, str] = {}
        self._open = {number: threading.Event() for number in range(100)}
        self._lock = threading.Lock()

    def ask(self, number: int) -> Callable[[], int]:
        """Return what asks for a number, and waits until it may have it."""

        def ask() -> int:
            with self._lock:
                self.asked.append(number)
                self.threads[number] = threading.current_thread().name
            assert self._open[number].wait(10)
            return number

        return ask

    def open(self, *numbers: int) -> None:
        """Let these have their answers."""
        for number in numbers:
            self._open[number].set()

    def following(self, number: int, last: int = 50) -> list[tuple[int, Callable[[], int]]]:
        """Return what comes after a number."""
        return [(later, self.ask(later)) for later in range(number + 1, last)]


def ahead(most: int) -> tuple[Prefetcher[int, int], Desk]:
    """Make one, with a desk."""
    return Prefetcher(most, Interruption()), Desk()


def test_answers_come_in_the_order_in_which_they_are_wanted() -> None:
    reading, desk = ahead(4)
    desk.open(3, 2, 1, 0, *range(4, 50))
    assert [reading.result(n, desk.ask(n), desk.following(n)) for n in range(20)] == [*range(20)]
    assert len(desk.asked) == len(set(desk.asked)) <= 20 + 2 * 4


def test_no_more_than_allowed_are_under_way_or_wait() -> None:
    reading, desk = ahead(4)
    desk.open(0)
    reading.result(0, desk.ask(0), desk.following(0))
    desk.open(1)
    reading.result(1, desk.ask(1), desk.following(1))
    # Two have been handed out; as many as allowed are under way at most.
    assert 2 <= len(set(desk.asked) - {0, 1}) <= 4
    desk.open(*range(50))


def test_the_request_that_is_waited_for_is_one_of_those_under_way() -> None:
    """Of four, three are ahead of it, whichever is waited for."""
    others = {*threading.enumerate()}
    desk = Desk()
    under_way: list[int] = []

    class Waiting(Interruption):
        @contextmanager
        def breakable(self) -> Iterator[None]:
            # No request ends before the reader waits, and a thread lives as long as its request.
            under_way.append(len({*threading.enumerate()} - others))
            desk.open(len(under_way) - 1)
            with super().breakable():
                yield

    reading: Prefetcher[int, int] = Prefetcher(4, Waiting())
    for number in range(3):
        assert reading.result(number, desk.ask(number), desk.following(number)) == number
        for thread in {*threading.enumerate()} - others:
            if thread.name == desk.threads[number]:
                thread.join()  # it may outlive its response by a moment
    desk.open(*range(50))
    assert under_way == [4, 4, 4]


def test_at_most_twice_as_many_responses_wait() -> None:
    """However many have come while the reader was busy."""
    others = {*threading.enumerate()}
    reading, desk = ahead(4)
    desk.open(*range(50))
    for number in range(9):
        reading.result(number, desk.ask(number), desk.following(number))
        for thread in {*threading.enumerate()} - others:
            thread.join()
    assert sorted(desk.asked) == [*range(9 + 2 * 4)]


def test_one_at_a_time_is_plain_reading() -> None:
    reading, desk = ahead(1)
    desk.open(*range(50))
    for number in range(3):
        reading.result(number, desk.ask(number), desk.following(number))
    assert desk.asked == [0, 1, 2]
    assert set(desk.threads.values()) == {threading.current_thread().name}


def test_an_error_appears_where_its_answer_is_wanted() -> None:
    reading, desk = ahead(3)
    desk.open(*range(50))

    def fail() -> int:
        raise StopRun("no")  # noqa: EM101

    following = [(1, desk.ask(1)), (2, fail)]
    assert reading.result(0, desk.ask(0), following) == 0
    assert reading.result(1, desk.ask(1), [(2, fail)]) == 1
    with pytest.raises(StopRun, match="no"):
        reading.result(2, desk.ask(2), [])


def test_what_is_not_wanted_any_more_is_dropped() -> None:
    reading, desk = ahead(3)
    desk.open(*range(50))
    reading.result(0, desk.ask(0), desk.following(0))
    reading.result(40, desk.ask(40), [])
    reading.result(1, desk.ask(1), [])
    assert (desk.asked.count(1), desk.asked.count(40)) == (2, 1)


def test_what_is_forgotten_is_asked_again() -> None:
    reading, desk = ahead(3)
    desk.open(*range(50))
    reading.result(0, desk.ask(0), desk.following(0))
    reading.forget()
    reading.result(1, desk.ask(1), [])
    assert desk.asked.count(1) == 2


def test_a_signal_ends_the_wait_for_an_answer() -> None:
    """The thread that waits for the vendor is left behind; it keeps nothing from ending."""
    noted = Interruption()
    reading: Prefetcher[int, int] = Prefetcher(2, noted)
    desk = Desk()
    old = signal.signal(signal.SIGALRM, lambda *_: noted.handle(signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        with pytest.raises(Interrupted) as leaving:
            reading.result(0, desk.ask(0), desk.following(0))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        desk.open(*range(50))
    assert leaving.value.code == 143


def test_pages_are_told_ahead_from_the_counts() -> None:
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
    """Record by record and STATE by STATE, for the same requests unless a count is too high."""
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
def test_nothing_is_asked_twice(per_day: int, page_size: int, most: int) -> None:
    """What is ahead of one window is still ahead when the pages of another come between."""
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
    with Simulator(WORLD) as sim:
        plain = run(sim, DETAILS, **START)
        logins = len([request for request in sim.requests if request.path == "/oauth/token"])
        sim.faults.add(fault)
        parallel = run(sim, DETAILS, max_parallel_requests=6, **START)
        logins = len([request for request in sim.requests if request.path == "/oauth/token"]) - logins
    assert without_times(parallel) == without_times(plain)
    assert logins == (2 if fault.kind == "unauthorized" else 1)


def test_nothing_is_printed_after_the_place_of_an_error() -> None:
    """The third day's second page cannot be read: what precedes it is printed, and no more."""
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
def test_listings_are_read_ahead_too(stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    halve_listings(monkeypatch)
    with Simulator(World(seed=81, per_day=1, since=SINCE, now=NOW)) as sim:
        plain = run(sim, stream, page_size=25)
        needed = len(sim.requests)
        parallel = run(sim, stream, page_size=25, max_parallel_requests=8)
        used = len(sim.requests) - needed
    assert without_times(parallel) == without_times(plain)
    assert len(plain.records(stream)) > 40
    assert used == needed
