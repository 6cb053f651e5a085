"""One pace for all requests: evenly spaced, and held back together."""

from __future__ import annotations

import threading
from io import BytesIO
from itertools import pairwise

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.http_doubles import Clock
from support.races import Race
from urllib3 import HTTPResponse

from tap_genesys.api.pacing import SPREAD, Pacer, read_whole


@given(st.integers(1, 600), st.lists(st.floats(0, 3), min_size=2, max_size=40))
def test_no_minute_holds_more_than_its_budget(per_minute: int, pauses: list[float]) -> None:
    """Two requests are at least an interval apart, whatever happens between them."""
    clock = Clock()
    pacer = Pacer(per_minute, clock)
    moments = []
    for pause in pauses:
        pacer.take()
        moments.append(clock.now)
        clock.now += pause
    gaps = [after - before for before, after in pairwise(moments)]
    assert all(gap >= SPREAD / per_minute - 1e-6 for gap in gaps)


@given(st.integers(1, 300), st.lists(st.floats(0, 0.2), min_size=1, max_size=40))
def test_no_minute_of_the_server_s_holds_more_either(per_minute: int, ways: list[float]) -> None:
    """At the server no minute exceeds the budget, however long each request is under way."""
    clock = Clock()
    pacer = Pacer(per_minute, clock)
    arrivals = []
    for number in range(3 * per_minute):
        pacer.take()
        arrivals.append(clock.now + ways[number % len(ways)])
    arrivals.sort()
    assert all(
        later - early > 60 for early, later in zip(arrivals, arrivals[per_minute:], strict=False)
    )
    # Nor is it more than half a percent slower than the budget allows.
    assert sum(clock.waits) < 180 * 1.005


def test_a_late_request_does_not_wait() -> None:
    """A request that comes after its turn is sent at once."""
    clock = Clock()
    pacer = Pacer(60, clock)
    for _ in range(3):
        pacer.take()
        clock.now += 5
    assert clock.waits == []


def test_an_idle_hour_does_not_earn_a_burst() -> None:
    """After an idle hour, requests are spaced as before."""
    clock = Clock()
    pacer = Pacer(60, clock)
    pacer.take()
    clock.now += 3600
    for _ in range(3):
        pacer.take()
    assert clock.waits == pytest.approx([SPREAD / 60, SPREAD / 60])


def test_a_hold_delays_all_requests() -> None:
    """A hold, as after a 429, delays the next request by all its seconds."""
    clock = Clock()
    pacer = Pacer(600, clock)
    pacer.take()
    pacer.hold(30)
    before = clock.now
    pacer.take()
    assert clock.now - before == 30


def test_a_hold_delays_requests_that_wait_already() -> None:
    """A 429 in one thread delays a request that waits for its turn in another."""

    class Holding(Clock):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if len(self.waits) == 1:
                pacer.hold(10)

    clock = Holding()
    pacer = Pacer(60, clock)
    pacer.take()
    pacer.take()
    assert clock.waits == pytest.approx([SPREAD / 60, 10.0])


def test_threads_share_one_pace() -> None:
    """Requests of several threads at once get a turn each."""
    waits: list[float] = []
    race = Race(8)
    is_over = threading.Event()

    class Moment(float):
        """A moment that is compared once all threads have read the turn before theirs."""

        def __lt__(self, other: float) -> bool:
            race.meet()
            return super().__lt__(other)

    class Slow(Clock):
        def seconds(self) -> Moment:
            return Moment(2000.0 if is_over.is_set() else 1000.0)

        def wait(self, seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 7:
                is_over.set()
            is_over.wait(10)

    pacer = Pacer(600, Slow())
    pacer._lock = race.lock
    race.run(pacer.take)
    interval = SPREAD / 600
    assert sorted(waits) == pytest.approx([interval * turn for turn in range(1, 8)])


def unread(body: bytes, length: int) -> requests.Response:
    """Return a response with a declared length."""
    response = requests.Response()
    headers = {"Content-Length": str(length)}
    response.raw = HTTPResponse(BytesIO(body), headers=headers, preload_content=False)
    return response


@pytest.mark.parametrize("length", [0, 1, 17_000_001])
def test_a_body_is_read_whole(length: int) -> None:
    """A body of any size is read whole."""
    body = b"x" * length
    response = unread(body, length)
    read_whole(response)
    assert response.content == body


def test_a_body_that_is_cut_is_an_error() -> None:
    """A body that is shorter than its Content-Length is an error, not a short response."""
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        read_whole(unread(b"x" * 17_000_000, 17_000_001))
