"""The client-side rate limit for all requests of all threads."""

from __future__ import annotations

import math
import threading
from collections import deque
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from typing_extensions import override

from tap_genesys.api.response import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_genesys.interruption import Clock, Interruption


#: Seconds over which a minute's requests are spread. The server counts the minute, and requests do
#: not travel equally long: spread over 60 s, one would be refused now and then.
SPREAD = 60.25
#: Larger than any page, so that a body is one chunk.
_PIECE_BYTES = 1 << 24


class Pacer:
    """Spaces requests evenly, without bursts.

    No more than `per_minute` requests arrive in any minute, as long as none travels a quarter of a
    second longer than another.

    Args:
        per_minute: Requests per minute; the vendor allows 300 per token.
        clock: Counts seconds, and waits.
    """

    def __init__(self, per_minute: float, clock: Clock) -> None:
        self._interval = SPREAD / per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._held_until = 0.0
        self._per_minute = per_minute
        #: The moments of the latest requests, those of one minute at most.
        self._turns: deque[float] = deque(maxlen=math.ceil(per_minute))

    def take(self) -> float:
        """Wait until the caller may send a request; return the seconds of the wait."""
        with self._lock:
            begun = now = self._clock.seconds()
            turn = max(now, self._next)  # `hold` moves `_next`, too
            self._next = turn + self._interval
            self._turns.append(turn)
        while turn > now:
            self._clock.wait(turn - now)
            with self._lock:  # a 429 may have held all requests back meanwhile
                now = self._clock.seconds()
                turn = max(turn, self._held_until)
        return now - begun

    @property
    def left(self) -> int:
        """Requests that may still be sent in the present minute."""
        with self._lock:
            since = self._clock.seconds() - 60
            while self._turns and self._turns[0] <= since:
                self._turns.popleft()
            return max(0, int(self._per_minute) - len(self._turns))

    def hold(self, seconds: float) -> None:
        """Delay all requests for some seconds, including those that are waiting."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.seconds() + seconds)
            self._next = max(self._next, self._held_until)


class PacedAdapter(HTTPAdapter):
    """The transport adapter of all requests, logins included.

    Args:
        pacer: Delays each request for the rate limit.
        interruption: Ends a blocked read on a signal.
        connections: Connections that are kept alive.
        longest_hold: Seconds; the longest time for which a 429 delays all other requests.
        note: Called before each request with the request, and the seconds that it waited.
    """

    def __init__(
        self,
        *,
        pacer: Pacer,
        interruption: Interruption,
        connections: int,
        longest_hold: float,
        note: Callable[[requests.PreparedRequest, float], None],
    ) -> None:
        super().__init__(pool_maxsize=connections, pool_block=False)
        self._pacer = pacer
        self._interruption = interruption
        self._longest_hold = longest_hold
        self._note = note

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        *args: Any,
        **options: Any,
    ) -> requests.Response:
        # The deletion of a job after a signal may exceed the rate limit: jobs are few in an org.
        waited = 0.0 if self._interruption.is_cleaning_up else self._pacer.take()
        self._note(request, waited)
        with self._interruption.breakable():
            response = super().send(request, stream, *args, **options)
            if not stream:
                read_whole(response)  # within `breakable`, so that a signal ends the read
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = retry_after(response, datetime.now(UTC)) or 0.0
            self._pacer.hold(min(seconds, self._longest_hold))
        return response


def read_whole(response: requests.Response) -> None:
    """Read a response's body in one chunk; `Response.content` would take a hundred for a page.

    Raises:
        RequestException: The body is incomplete.
    """
    # The attribute that `content` caches; there is no public way to set it. `join` does not copy
    # the chunk if it is the only one.
    response._content = b"".join(response.iter_content(_PIECE_BYTES))  # noqa: SLF001
