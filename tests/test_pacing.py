"""One pace for all requests: evenly spaced, and held back together."""

from __future__ import annotations

import threading
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from support.http_doubles import Clock, response
from support.races import Race
from urllib3 import HTTPResponse

from tap_genesys.api.pacing import SPREAD, PacedAdapter, Pacer, read_whole
from tap_genesys.interruption import Interrupted, Interruption

if TYPE_CHECKING:
    from collections.abc import Callable


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


def test_a_body_of_one_chunk_is_not_copied() -> None:
    """A page is held once in memory."""
    chunk = b"x" * 1000
    response = requests.Response()
    response.iter_content = lambda _size: iter([chunk])  # type: ignore[method-assign, assignment, misc]
    read_whole(response)
    assert response.content is chunk


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


def test_the_first_request_has_its_turn_at_once() -> None:
    """Whatever moment the clock begins with; the second one waits for its own turn alone."""
    clock = Clock()
    clock.now = 0.0
    pacer = Pacer(600, clock)
    assert pacer.take() == 0
    assert clock.waits == []
    pacer.take()
    assert clock.waits == [SPREAD / 600]


@pytest.mark.parametrize("per_minute", [3, 3.5])
def test_a_turn_is_left_again_after_a_minute(per_minute: float) -> None:
    """No more than a minute's budget counts, and no less than none is left."""
    clock = Clock()
    pacer = Pacer(per_minute, clock)
    left = [pacer.left]
    for _ in range(3):
        pacer.take()
        left.append(pacer.left)
    assert left == [3, 2, 1, 0]
    clock.now = 1000 + 60
    assert pacer.left == 1
    clock.now -= 0.001
    pacer.hold(30)
    for _ in range(4):
        pacer.take()
    assert pacer.left == 0
    clock.now += 61
    assert pacer.left == 3


def test_no_more_turns_are_kept_than_a_minute_has() -> None:
    """A run of hours does not fill the memory, even if no line of progress reads what is left."""
    pacer = Pacer(2.5, Clock())
    for _ in range(9):
        pacer.take()
    assert len(pacer._turns) == 3


# -- the transport

REQUEST = requests.Request("GET", "https://api.test/a").prepare()


class Transport:
    """A paced adapter, with a connection that returns a given response.

    Args:
        patch: Puts the connection in the place of that of `requests`.
        answer: The response.
        during: Called while the request is under way.
    """

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        answer: requests.Response,
        during: Callable[[], None] = lambda: None,
    ) -> None:
        self.clock = Clock()
        self.interruption = Interruption()
        self.pacer = Pacer(600, self.clock)
        self.noted: list[tuple[requests.PreparedRequest, float]] = []
        self.sent: list[tuple[Any, ...]] = []

        def send(_adapter: HTTPAdapter, *arguments: Any, **options: Any) -> requests.Response:
            self.sent.append((*arguments, options))
            during()
            return answer

        patch.setattr(HTTPAdapter, "send", send)
        self.adapter = PacedAdapter(
            pacer=self.pacer,
            interruption=self.interruption,
            connections=7,
            longest_hold=10,
            note=lambda request, seconds: self.noted.append((request, seconds)),
        )


@pytest.mark.parametrize(
    ("status", "retry_after", "held"),
    [
        (429, "9", 9),
        (429, "11", 10),
        (429, "Wed, 01 Jan 2098 00:00:00 GMT", 10),
        (429, "Wed, 01 Jan 2020 00:00:00 GMT", 0),
        (429, None, 0),
        (503, "9", 0),
        (200, "9", 0),
    ],
)
def test_a_429_holds_all_requests_back_up_to_the_longest_hold(
    status: int, retry_after: str | None, held: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as its `Retry-After`; other statuses hold nobody back."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    answer = response({}, status=status, headers=headers)
    transport = Transport(monkeypatch, answer)
    assert transport.adapter.send(REQUEST, stream=True) is answer
    transport.clock.now += SPREAD / 600
    transport.pacer.take()
    assert sum(transport.clock.waits) == pytest.approx(max(held - SPREAD / 600, 0))


def test_each_request_waits_for_its_turn_and_is_noted_with_its_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is then sent with the options that it came with."""
    transport = Transport(monkeypatch, response({}))
    for _ in range(2):
        transport.adapter.send(REQUEST, True, 3, verify=False)  # noqa: FBT003 - as requests does
    assert transport.noted == [(REQUEST, 0.0), (REQUEST, pytest.approx(SPREAD / 600))]
    assert transport.sent == [(REQUEST, True, 3, {"verify": False})] * 2


def test_a_clean_up_waits_for_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is left behind would hold one of the org's few places."""
    transport = Transport(monkeypatch, response({}))
    transport.pacer.hold(30)
    with transport.interruption.shielded():
        transport.interruption.handle(15)
        transport.adapter.send(REQUEST, stream=True)
    assert transport.noted == [(REQUEST, 0.0)]
    assert transport.clock.waits == []


def test_a_signal_breaks_into_a_request_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """And into no code after it."""
    transport = Transport(
        monkeypatch, response({}), during=lambda: transport.interruption.handle(15)
    )
    with pytest.raises(Interrupted):
        transport.adapter.send(REQUEST)


def test_a_body_is_read_before_the_response_is_returned_unless_it_is_streamed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Downloads are streamed."""
    for options, is_read in (({}, True), ({"stream": False}, True), ({"stream": True}, False)):
        answer = unread(b"x", 1)
        Transport(monkeypatch, answer).adapter.send(REQUEST, **options)
        assert (answer.raw.tell() == 1) is is_read
        assert answer.content == b"x"


def test_as_many_connections_are_kept_alive_as_requests_may_be_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One more is made where they are all in use, and nobody waits for it."""
    adapter = Transport(monkeypatch, response({})).adapter
    pool = adapter.poolmanager.connection_from_url("https://api.test")
    assert (pool.pool.maxsize if pool.pool else 0, pool.block) == (7, False)
