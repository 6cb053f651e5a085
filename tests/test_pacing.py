"""One pace for everybody: evenly spaced, and held back as one."""

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
    """Whatever a caller does between its requests, two are at least an interval apart."""
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
    """Requests that come one right after the other, however different their ways are."""
    clock = Clock()
    pacer = Pacer(per_minute, clock)
    arrivals = []
    for number in range(3 * per_minute):
        pacer.take()
        arrivals.append(clock.now + ways[number % len(ways)])
    arrivals.sort()
    assert all(
        later - one > 60 for one, later in zip(arrivals, arrivals[per_minute:], strict=False)
    )
    # Nor is it more than half a percent slower than the budget allows.
    assert sum(clock.waits) < 180 * 1.005


def test_whoever_comes_late_does_not_wait() -> None:
    clock = Clock()
    pacer = Pacer(60, clock)
    for _ in range(3):
        pacer.take()
        clock.now += 5
    assert clock.waits == []


def test_an_idle_hour_does_not_earn_a_burst() -> None:
    clock = Clock()
    pacer = Pacer(60, clock)
    pacer.take()
    clock.now += 3600
    for _ in range(3):
        pacer.take()
    assert clock.waits == pytest.approx([SPREAD / 60, SPREAD / 60])


def test_a_hold_delays_everybody() -> None:
    clock = Clock()
    pacer = Pacer(600, clock)
    pacer.take()
    pacer.hold(30)
    before = clock.now
    pacer.take()
    assert clock.now - before == 30


def test_a_hold_delays_who_waits_for_a_turn_already() -> None:
    """A 429 that another thread gets while this one waits counts for this one too."""

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
    """Each gets a turn of its own, though they all ask at once."""
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
    """Return an answer that promises so many bytes."""
    answer = requests.Response()
    headers = {"Content-Length": str(length)}
    answer.raw = HTTPResponse(BytesIO(body), headers=headers, preload_content=False)
    return answer


@pytest.mark.parametrize("length", [0, 1, 17_000_001])
def test_a_body_is_read_whole(length: int) -> None:
    body = b"x" * length
    answer = unread(body, length)
    read_whole(answer)
    assert answer.content == body


def test_a_body_that_is_cut_is_an_error() -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        read_whole(unread(b"x" * 17_000_000, 17_000_001))
