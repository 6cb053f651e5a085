"""Retries of a request, with exponential backoff or the vendor's `Retry-After`."""

from __future__ import annotations

import functools
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import backoff
import requests
from singer_sdk.exceptions import RetriableAPIError

from tap_genesys.api.response import retry_after
from tap_genesys.errors import StopRun, TimedOut

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from backoff.types import Details

    from tap_genesys.interruption import Clock

P = ParamSpec("P")
T = TypeVar("T")

#: Errors that are retried: a response with such a status, or no complete response.
RETRIABLE = (
    RetriableAPIError,
    requests.exceptions.Timeout,
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class Retry:
    """Decorates a function that sends one request with a bounded number of retries.

    Args:
        first_wait: Seconds before the first retry; doubled with each further one.
        tries: Tries, at most, the first included.
        longest_wait: Seconds; the longest wait. A longer `Retry-After` stops the run.
        clock: Waits.
        jitter: Returns the factor of a wait, so that clients do not retry at the same moment.
        now: Returns the present time, aware.
        logger: Logs each wait.
        note: Called before each wait with the first argument of the decorated function, and the
            seconds.
    """

    def __init__(
        self,
        *,
        first_wait: float,
        tries: int,
        longest_wait: float,
        clock: Clock,
        logger: logging.Logger,
        jitter: Callable[[], float] = lambda: random.uniform(1, 1.25),  # noqa: S311 - no secret
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        note: Callable[[object, float], None] = lambda _request, _seconds: None,
    ) -> None:
        self._first_wait = first_wait
        self._tries = tries
        self._longest_wait = longest_wait
        self._clock = clock
        self._logger = logger
        self._jitter = jitter
        self._now = now
        self._note = note

    def __call__(
        self, function: Callable[P, T], *, after: TimedOut | None = None
    ) -> Callable[P, T]:
        """Decorate `function`.

        Args:
            function: Sends a request once.
            after: The failed tries so far, which count as tries.

        Raises:
            StopRun: By the decorated function: after the last try, or at once for a `Retry-After`
                beyond `longest_wait`.
        """
        # The handler waits, so that a signal can end the wait; backoff itself waits 0 s.
        before = 0 if after is None else after.tries

        def pause(details: Details) -> None:
            request = next(iter(details["args"]), None)
            self._pause(details["exception"], before + details["tries"], request)

        tried = backoff.on_exception(
            backoff.constant,
            RETRIABLE,
            max_tries=self._tries - before,
            jitter=None,
            on_backoff=pause,
            logger=None,
            interval=0,
        )(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                if after is not None:
                    if before >= self._tries:
                        raise after.cause
                    self._pause(after.cause, before, next(iter(args), None))
                return tried(*args, **kwargs)
            except RETRIABLE as error:
                msg = f"Gave up after {self._tries} tries (retry_max_tries): {_cause(error)}"
                raise StopRun(msg) from error
            except requests.exceptions.RequestException as error:
                msg = f"The request cannot be sent{_where(error)}: {_root(error)}"
                raise StopRun(msg) from error

        return call

    def _pause(self, error: BaseException, tries: int, request: object) -> None:
        named = _wait_of_response(error, self._now())
        if named is not None and named > self._longest_wait:
            raise StopRun(self._wait_too_long(named, error))
        seconds = self._own_wait(tries) if named is None else named
        self._logger.warning(
            "Try %d of %d failed: %s. Waiting %.1f s.", tries, self._tries, _cause(error), seconds
        )
        self._note(request, seconds)
        self._clock.wait(seconds)

    def _own_wait(self, tries: int) -> float:
        doubled = self._first_wait * 2.0 ** min(tries - 1, 60)
        return min(doubled * self._jitter(), self._longest_wait)

    def _wait_too_long(self, seconds: float, error: BaseException) -> str:
        try:
            when = f"after {self._now() + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} UTC"
        except OverflowError:
            when = "much later"
        return (
            f"Retry-After is {seconds:.0f} s, longer than retry_max_wait_seconds "
            f"({self._longest_wait:g}): run again {when}. ({_cause(error)})"
        )


def _wait_of_response(error: BaseException, now: datetime) -> float | None:
    response = getattr(error, "response", None)
    return None if response is None else retry_after(response, now)


def _cause(error: BaseException) -> str:
    """Return an error as text, without the nested library names that `requests` adds."""
    if isinstance(error, RetriableAPIError):
        return str(error)
    where = _where(error)
    if isinstance(error, requests.exceptions.Timeout):
        return f"no response in time (request_timeout_seconds){where}"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"the connection failed or was lost{where} ({_root(error)})"
    return f"the response was cut or garbled{where}"


def _where(error: BaseException) -> str:
    request = getattr(error, "request", None)
    return f" at {request.url.partition('?')[0]}" if request is not None else ""


def _root(error: BaseException) -> str:
    """Return the text of the innermost cause."""
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    while isinstance(reason, BaseException) and reason.__cause__ is not None:
        reason = reason.__cause__
    return " ".join(str(reason).split())[:200]
