"""A prefetcher keeps a bounded number of requests in flight, and returns responses in order."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tap_genesys.api.prefetch import Prefetcher
from tap_genesys.errors import StopRun
from tap_genesys.interruption import Interrupted, Interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Responder:
    """Responds to requests when they are released, and records which are under way."""

    def __init__(self) -> None:
        self.requested: list[int] = []
        self.threads: dict[int, str] = {}
        self._open = {number: threading.Event() for number in range(100)}
        self._lock = threading.Lock()

    def request(self, number: int) -> Callable[[], int]:
        """Return the function that requests a number, and blocks until it is released."""

        def send() -> int:
            with self._lock:
                self.requested.append(number)
                self.threads[number] = threading.current_thread().name
            assert self._open[number].wait(10)
            return number

        return send

    def open(self, *numbers: int) -> None:
        """Release the responses to these requests."""
        for number in numbers:
            self._open[number].set()

    def following(self, number: int, last: int = 50) -> list[tuple[int, Callable[[], int]]]:
        """Return the requests after a number."""
        return [(later, self.request(later)) for later in range(number + 1, last)]


def prefetcher(most: int) -> tuple[Prefetcher[int, int], Responder]:
    """Return a prefetcher and its responder."""
    return Prefetcher(most, Interruption()), Responder()


def test_responses_come_in_the_order_of_their_requests() -> None:
    """Responses are returned in the order in which they are needed, and each is requested once."""
    prefetching, responder = prefetcher(4)
    responder.open(3, 2, 1, 0, *range(4, 50))
    assert [
        prefetching.result(n, responder.request(n), responder.following(n)) for n in range(20)
    ] == [*range(20)]
    assert len(responder.requested) == len(set(responder.requested)) <= 20 + 2 * 4


def test_no_more_than_allowed_are_under_way_or_wait() -> None:
    """At most the allowed number of requests is under way."""
    prefetching, responder = prefetcher(4)
    responder.open(0)
    prefetching.result(0, responder.request(0), responder.following(0))
    responder.open(1)
    prefetching.result(1, responder.request(1), responder.following(1))
    # Two are returned; at most the allowed number is under way.
    assert 2 <= len(set(responder.requested) - {0, 1}) <= 4
    responder.open(*range(50))


def test_the_request_that_is_waited_for_is_one_of_those_under_way() -> None:
    """The request that is needed is one of the allowed ones: of four, three are prefetched."""
    others = {*threading.enumerate()}
    responder = Responder()
    under_way: list[int] = []

    class Waiting(Interruption):
        @contextmanager
        def breakable(self) -> Iterator[None]:
            # No request ends before the reader waits, and a thread lives as long as its request.
            under_way.append(len({*threading.enumerate()} - others))
            responder.open(len(under_way) - 1)
            with super().breakable():
                yield

    prefetching: Prefetcher[int, int] = Prefetcher(4, Waiting())
    for number in range(3):
        assert (
            prefetching.result(number, responder.request(number), responder.following(number))
            == number
        )
        for thread in {*threading.enumerate()} - others:
            if thread.name == responder.threads[number]:
                thread.join()  # it may outlive its response by a moment
    responder.open(*range(50))
    assert under_way == [4, 4, 4]


def test_at_most_twice_as_many_responses_wait() -> None:
    """At most twice the allowed number of responses is prefetched while the reader is busy."""
    others = {*threading.enumerate()}
    prefetching, responder = prefetcher(4)
    responder.open(*range(50))
    for number in range(9):
        prefetching.result(number, responder.request(number), responder.following(number))
        for thread in {*threading.enumerate()} - others:
            thread.join()
    assert sorted(responder.requested) == [*range(9 + 2 * 4)]


def test_one_at_a_time_is_plain_reading() -> None:
    """With one connection nothing is prefetched, and no thread is started."""
    prefetching, responder = prefetcher(1)
    responder.open(*range(50))
    for number in range(3):
        prefetching.result(number, responder.request(number), responder.following(number))
    assert responder.requested == [0, 1, 2]
    assert set(responder.threads.values()) == {threading.current_thread().name}


@pytest.mark.parametrize("most", [1, 2])
def test_a_request_may_begin_before_it_is_needed(most: int) -> None:
    """Where its key is known, as a cursor is; with one connection it waits until it is needed."""
    prefetching, responder = prefetcher(most)
    others = {*threading.enumerate()}
    responder.open(0, 1)
    prefetching.begin(0, responder.request(0))
    for thread in {*threading.enumerate()} - others:
        thread.join()
    assert responder.requested == ([] if most == 1 else [0])
    assert prefetching.result(0, responder.request(0), ()) == 0
    assert prefetching.result(1, responder.request(1), ()) == 1
    assert responder.requested == [0, 1]


def test_an_error_is_raised_where_its_response_is_needed() -> None:
    """An error of a prefetched request is raised when its response is needed, not before."""
    prefetching, responder = prefetcher(3)
    responder.open(*range(50))

    def fail() -> int:
        raise StopRun("no")  # noqa: EM101

    following = [(1, responder.request(1)), (2, fail)]
    assert prefetching.result(0, responder.request(0), following) == 0
    assert prefetching.result(1, responder.request(1), [(2, fail)]) == 1
    with pytest.raises(StopRun, match="no"):
        prefetching.result(2, responder.request(2), [])


def test_what_is_not_wanted_any_more_is_dropped() -> None:
    """A prefetched response that is skipped is dropped, and requested again when it is needed."""
    prefetching, responder = prefetcher(3)
    responder.open(*range(50))
    prefetching.result(0, responder.request(0), responder.following(0))
    prefetching.result(40, responder.request(40), [])
    prefetching.result(1, responder.request(1), [])
    assert (responder.requested.count(1), responder.requested.count(40)) == (2, 1)


def test_a_forgotten_response_is_requested_again() -> None:
    """After `forget` a prefetched response is requested again."""
    prefetching, responder = prefetcher(3)
    responder.open(*range(50))
    prefetching.result(0, responder.request(0), responder.following(0))
    prefetching.forget()
    prefetching.result(1, responder.request(1), [])
    assert responder.requested.count(1) == 2


def test_a_signal_ends_the_wait_for_a_response() -> None:
    """A signal ends the wait; the thread of the request keeps nothing from ending."""
    interruption = Interruption()
    prefetching: Prefetcher[int, int] = Prefetcher(2, interruption)
    responder, others = Responder(), {*threading.enumerate()}
    old = signal.signal(signal.SIGALRM, lambda *_: interruption.handle(signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        with pytest.raises(Interrupted) as leaving:
            prefetching.result(0, responder.request(0), responder.following(0))
        pending = {*threading.enumerate()} - others
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        responder.open(*range(50))
    assert leaving.value.code == 143
    assert len(pending) == 2
    assert all(thread.daemon for thread in pending)  # Python does not wait for those at its exit
