"""Waits: of a session that repeats what Salesforce refuses for a while, and between polls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds to connect, and between two bytes of a response.
TIMEOUT = (10, 300)
#: A request is sent so many times at most.
TRIES = 6
#: A longer wait, which a response may require, is one for the scheduler.
LONGEST_WAIT = 300
#: A job is polled once a minute at least.
LONGEST_POLL = 60.0
TOO_MANY_REQUESTS, FORBIDDEN, SERVER_ERROR = 429, 403, 500
#: The code of a 403 that means a limit:
#: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
LIMIT = "REQUEST_LIMIT_EXCEEDED"


class RetryingSession(requests.Session):
    """A session for `simple_salesforce`, which neither waits nor has time-outs.

    Args:
        retry_seconds: The wait before the second try; each further one is twice as long.
    """

    def __init__(self, retry_seconds: float) -> None:
        super().__init__()
        self.sent = 0
        self._retry_seconds = retry_seconds

    def request(
        self,
        method: str | bytes,
        url: str | bytes,
        *args: Any,  # noqa: ANN401 - as in requests
        **kwargs: Any,  # noqa: ANN401
    ) -> requests.Response:
        """Send a request, and again if it was refused for a while; return the last response.

        A lost response is a reason to repeat a GET only: the first POST may have created a job.
        """
        kwargs.setdefault("timeout", TIMEOUT)
        for number in range(1, TRIES + 1):
            self.sent += 1
            wait = self._retry_seconds * 2 ** (number - 1)
            try:
                response = super().request(method, url, *args, **kwargs)
            except (requests.ConnectionError, requests.Timeout):
                if number == TRIES or str(method).upper() != "GET":
                    raise
            else:
                wait = max(wait, required_wait(response))
                if number == TRIES or not is_refused(response) or wait > LONGEST_WAIT:
                    return response
            time.sleep(wait)
        raise AssertionError  # pragma: no cover - the last try returns or raises


def is_refused(response: requests.Response) -> bool:
    """Return whether a later try may succeed: a limit, or an error of the server."""
    if response.status_code == FORBIDDEN:
        return LIMIT in response.text
    return response.status_code == TOO_MANY_REQUESTS or response.status_code >= SERVER_ERROR


def required_wait(response: requests.Response) -> float:
    """Return the seconds of the header Retry-After; 0 without one, or if it is a date."""
    value = response.headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() else 0.0


def poll_waits(first: float) -> Iterator[float]:
    """Yield the waits before the polls of a job, each half as long again as the one before."""
    wait = min(first, LONGEST_POLL)
    while True:
        yield wait
        wait = min(wait * 1.5, LONGEST_POLL)
