"""Retries: a bounded number of tries, with waits that double or that the vendor requires."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from support.http_doubles import Clock, response

from tap_genesys.api.response import limit
from tap_genesys.api.retry import Retry
from tap_genesys.errors import StopRun, TimedOut, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def retry(waits: list[float], **options: Any) -> Retry:
    """Return a retry that records its waits."""
    clock = Clock()
    clock.waits = waits
    settings: dict[str, Any] = {
        "first_wait": 2.0,
        "tries": 8,
        "longest_wait": 180.0,
        "clock": clock,
        "logger": logging.getLogger("test"),
        "jitter": lambda: 1.0,
        "now": lambda: NOW,
        **options,
    }
    return Retry(**settings)


def failing(times: int, error: Exception) -> Callable[[], str]:
    """Return a function that fails some times."""
    failures = [times]

    def call() -> str:
        if failures[0]:
            failures[0] -= 1
            raise error
        return "done"

    return call


def refusal(status: int = 429, **headers: str) -> TryAgain:
    """Return the error of a response with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return TryAgain("429 Too Many Requests", response({}, status=status, headers=named))


def test_waits_double() -> None:
    """Without `Retry-After` each wait is twice the one before."""
    waits: list[float] = []
    assert retry(waits)(failing(5, refusal()))() == "done"
    assert waits == [2, 4, 8, 16, 32]


def test_waits_are_jittered_upwards_and_bounded() -> None:
    """Jitter lengthens a wait, up to the longest one."""
    waits: list[float] = []
    retry(waits, jitter=lambda: 1.2, longest_wait=10.0)(failing(4, refusal()))()
    assert waits == pytest.approx([2.4, 4.8, 9.6, 10.0])


def test_the_last_try_ends_in_one_line() -> None:
    """After the last try the run stops with one line that names the setting."""
    waits: list[float] = []
    with pytest.raises(StopRun, match=r"Gave up after 3 tries \(retry_max_tries\): 429 Too Many"):
        retry(waits, tries=3)(failing(9, refusal()))()
    assert waits == [2, 4]


@pytest.mark.parametrize("value", ["7", " 7 ", "7.0", "Sun, 01 Mar 2026 12:00:07 GMT"])
def test_retry_after_is_obeyed_as_seconds_or_as_a_date(value: str) -> None:
    """`Retry-After` applies as seconds or as a date."""
    waits: list[float] = []
    retry(waits)(failing(1, refusal(Retry_After=value)))()
    assert waits == [7]


@pytest.mark.parametrize("value", ["soon", "", "-5 minutes", "Sun, 99 Foo"])
def test_an_unreadable_retry_after_leaves_the_own_wait(value: str) -> None:
    """A `Retry-After` that cannot be parsed is ignored."""
    waits: list[float] = []
    retry(waits)(failing(1, refusal(Retry_After=value)))()
    assert waits == [2]


def test_a_past_date_waits_no_more() -> None:
    """A `Retry-After` in the past is no wait."""
    waits: list[float] = []
    retry(waits)(failing(1, refusal(Retry_After="Sun, 01 Mar 2026 11:00:00 GMT")))()
    assert waits == [0]


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("3600", "after 2026-03-01 13:00:00 UTC"),
        ("Sun, 01 Mar 2026 14:30:00 GMT", "after 2026-03-01 14:30:00 UTC"),
        ("1e30", "much later"),
    ],
)
def test_a_retry_after_beyond_the_longest_wait_stops_at_once(value: str, when: str) -> None:
    """A longer `Retry-After` stops the run.

    The error gives the time of the next run and the setting.
    """
    waits: list[float] = []
    with pytest.raises(StopRun, match=r"retry_max_wait_seconds \(180\): run again " + when):
        retry(waits)(failing(1, refusal(Retry_After=value)))()
    assert waits == []


def test_a_retry_after_of_exactly_the_longest_wait_is_obeyed() -> None:
    """A `Retry-After` of exactly the longest wait applies."""
    waits: list[float] = []
    assert retry(waits, longest_wait=180.0)(failing(1, refusal(Retry_After="180")))() == "done"
    assert waits == [180]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.ReadTimeout("slow"), "request_timeout_seconds"),
        (requests.exceptions.ConnectionError("gone"), "the connection failed"),
        (requests.exceptions.ChunkedEncodingError("cut"), "cut or garbled"),
        (requests.exceptions.ContentDecodingError("bad gzip"), "cut or garbled"),
    ],
)
def test_a_lost_response_is_retried_and_named(error: Exception, words: str) -> None:
    """A response that is lost, cut or late is retried, and the last error names the cause."""
    waits: list[float] = []
    assert retry(waits)(failing(1, error))() == "done"
    with pytest.raises(StopRun, match=words):
        retry(waits, tries=1)(failing(1, error))()


def test_what_no_second_try_cures_is_raised_at_once() -> None:
    """An error that no retry can help is raised at once."""
    waits: list[float] = []
    with pytest.raises(StopRun, match="no"):
        retry(waits)(failing(1, StopRun("no")))()
    assert waits == []


LIMIT = {"key": "details.jobs.concurrent.access.max", "namespace": "analytics", "value": 10}


@pytest.mark.parametrize(
    ("content", "text", "is_of_concurrency"),
    [
        ({"limit": LIMIT}, "analytics details.jobs.concurrent.access.max = 10", True),
        ({"limit": {**LIMIT, "key": "user.rate"}}, "analytics user.rate = 10", False),
        ({"limit": {"key": "ANY.CONCURRENT"}}, "? ANY.CONCURRENT = ?", True),
        ({"limit": {**LIMIT, "key": ""}}, None, None),
        ({"limit": {}}, None, None),
        ({"limit": "concurrent"}, None, None),
        ({"limit": ["concurrent"]}, None, None),
        ({}, None, None),
        ([], None, None),
    ],
)
def test_a_limit_is_read_as_the_response_names_it(
    content: object, text: str | None, *, is_of_concurrency: bool | None
) -> None:
    """The limit of a 429 is read from its body, if there is one with a key."""
    named = limit(response(content, status=429))
    assert (named and str(named)) == text
    assert (named and named.is_of_concurrency) == is_of_concurrency


def test_a_429_without_json_names_no_limit() -> None:
    """A 429 whose body is no JSON has no limit, and is no error."""
    assert limit(response(content=b"<html>", status=429)) is None


@pytest.mark.parametrize(("tries", "waits"), [(2, [4, 8]), (3, [8])])
def test_tries_that_were_made_already_count(tries: int, waits: list[float]) -> None:
    """Earlier tries count, so that the next wait is as long as it would have been."""
    waited: list[float] = []
    after = TimedOut("504", refusal(504), tries)
    call = retry(waited, tries=4)(failing(9, refusal(504)), after=after)
    with pytest.raises(StopRun, match="Gave up after 4 tries"):
        call()
    assert waited == waits
    waited.clear()
    assert retry(waited, tries=4)(failing(0, refusal()), after=after)() == "done"
    assert waited == waits[:1]


def test_no_try_is_left_after_as_many_as_there_may_be() -> None:
    """After as many earlier tries as allowed the run stops without another one."""
    waits: list[float] = []
    call = retry(waits, tries=2)(failing(0, refusal()), after=TimedOut("504", refusal(504), 2))
    with pytest.raises(StopRun, match=r"Gave up after 2 tries \(retry_max_tries\): 429 Too Many"):
        call()
    assert waits == []


REQUEST = requests.Request("GET", "https://api.test/a?secret=1").prepare()


def test_each_wait_is_noted_with_its_request() -> None:
    """A request is what the decorated function gets first, where it gets anything."""
    noted: list[tuple[object, float]] = []
    retried = retry([], tries=3, note=lambda *wait: noted.append(wait))

    def fail(*_request: object) -> None:
        raise refusal()

    for arguments in ((REQUEST, "more"), ()):
        with pytest.raises(StopRun):
            retried(fail)(*arguments)
        with pytest.raises(StopRun):
            retried(fail, after=TimedOut("504", refusal(504), 2))(*arguments)
    assert noted == [(request, wait) for request in (REQUEST, None) for wait in (2, 4, 4)]


def test_all_waiting_is_the_clock_s(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The library that counts the tries neither waits nor logs."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with caplog.at_level(logging.DEBUG):
        retry([], tries=4)(failing(3, refusal()))()
    assert not any(slept)
    assert [record.getMessage() for record in caplog.records] == [
        "Try 1 of 4 failed: 429 Too Many Requests. Waiting 2.0 s.",
        "Try 2 of 4 failed: 429 Too Many Requests. Waiting 4.0 s.",
        "Try 3 of 4 failed: 429 Too Many Requests. Waiting 8.0 s.",
    ]


def test_the_number_of_tries_makes_no_wait_too_long_to_compute() -> None:
    """A wait that doubles two thousand times is no float any more."""
    waits: list[float] = []
    assert retry(waits, tries=2000)(failing(1999, refusal()))() == "done"
    assert waits[-1] == 180


def test_a_wait_that_is_too_long_is_one_line() -> None:
    """With the seconds, the setting, the moment and the cause."""
    with pytest.raises(StopRun) as stopped:
        retry([], longest_wait=90.5)(failing(1, refusal(Retry_After="3600.6")))()
    assert str(stopped.value) == (
        "Retry-After is 3601 s, longer than retry_max_wait_seconds (90.5): run again "
        "after 2026-03-01 13:00:00 UTC. (429 Too Many Requests)"
    )


def nested(depth: int) -> Exception:
    """Return an error with so many causes."""
    error: Exception = OSError("no\n  route")
    for number in range(depth):
        outer = ValueError(f"outer {number}")
        outer.__cause__ = error
        error = outer
    return error


class Pool(Exception):
    """An error of a pool of connections, with its reason."""

    def __init__(self, reason: object) -> None:
        super().__init__("pool")
        self.reason = reason


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            requests.exceptions.ReadTimeout("slow", request=REQUEST),
            "no response in time (request_timeout_seconds) at https://api.test/a",
        ),
        (
            requests.exceptions.ReadTimeout("slow"),
            "no response in time (request_timeout_seconds)",
        ),
        (
            requests.exceptions.ConnectionError(Pool(nested(2)), request=REQUEST),
            "the connection failed or was lost at https://api.test/a (no route)",
        ),
        (
            requests.exceptions.ConnectionError(nested(1)),
            "the connection failed or was lost (no route)",
        ),
        (
            requests.exceptions.ConnectionError("x" * 201),
            f"the connection failed or was lost ({'x' * 200})",
        ),
        (requests.exceptions.ConnectionError(), "the connection failed or was lost ()"),
        (
            requests.exceptions.ChunkedEncodingError("cut", request=REQUEST),
            "the response was cut or garbled at https://api.test/a",
        ),
    ],
)
def test_a_lost_response_is_named_with_its_innermost_reason(error: Exception, text: str) -> None:
    """In one line, without the parameters of the request."""
    with pytest.raises(StopRun) as stopped:
        retry([], tries=1)(failing(1, error))()
    assert str(stopped.value) == f"Gave up after 1 tries (retry_max_tries): {text}"


def test_a_request_that_cannot_be_sent_is_not_retried() -> None:
    """Its error has the address and the reason."""
    waits: list[float] = []
    error = requests.exceptions.InvalidURL(Pool(nested(1)), request=REQUEST)
    with pytest.raises(StopRun) as stopped:
        retry(waits)(failing(1, error))()
    text = "The request cannot be sent at https://api.test/a: no route"
    assert (str(stopped.value), waits) == (text, [])
