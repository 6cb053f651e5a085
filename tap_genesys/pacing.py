"""One rate limit for every request of every thread."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from typing_extensions import override

from tap_genesys.answers import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_genesys.interruption import Interruption


class Pacer:
    """Hands out moments to ask, evenly spaced: a minute's budget never goes in one burst.

    Args:
        per_minute: Requests a minute; the vendor allows a token 300.
        wait: Waits for some seconds.
        clock: Counts seconds, like `time.monotonic`.
    """

    def __init__(
        self,
        per_minute: float,
        *,
        wait: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = 60 / per_minute
        self._wait = wait
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._held_until = 0.0

    def take(self) -> None:
        """Wait for this caller's turn; return when it may ask."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next, self._held_until)
            self._next = turn + self._interval
        while turn > now:
            self._wait(turn - now)
            with self._lock:  # somebody may have been told to hold back meanwhile
                now = self._clock()
                turn = max(turn, self._held_until)

    def hold(self, seconds: float) -> None:
        """Let nobody ask for some seconds, whoever has a turn already included."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)
            self._next = max(self._next, self._held_until)


class PacedAdapter(HTTPAdapter):
    """The transport that all requests go through, logins and redirects too.

    Args:
        pacer: Says when to ask.
        interruption: May break into a blocked read.
        connections: How many are kept alive.
        longest_hold: Seconds; a 429 never holds the others back for longer.
    """

    def __init__(
        self, *, pacer: Pacer, interruption: Interruption, connections: int, longest_hold: float
    ) -> None:
        super().__init__(pool_maxsize=connections, pool_block=False)
        self._pacer = pacer
        self._interruption = interruption
        self._longest_hold = longest_hold

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        *args: Any,
        **options: Any,
    ) -> requests.Response:
        # One request too many is better than a job that holds one of the org's few places.
        if not self._interruption.is_cleaning_up:
            self._pacer.take()
        with self._interruption.breakable():
            response = super().send(request, stream, *args, **options)
            if not stream:
                _ = response.content  # read here, where a signal may break in
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = retry_after(response, datetime.now(UTC)) or 0.0
            self._pacer.hold(min(seconds, self._longest_hold))
        return response
