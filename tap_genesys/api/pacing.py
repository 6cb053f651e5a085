"""One rate limit for every request of every thread."""

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


#: Over how many seconds a minute's budget is spread. Requests do not travel equally long, and
#: the minute is counted where they arrive: spread over 60, one would now and then be refused.
SPREAD = 60.25
#: More than a page of anything has, so that no other one has to be put beside it.
_PIECE_BYTES = 1 << 24


class Pacer:
    """Spaces requests evenly: a minute's budget never goes in one burst.

    No minute in which they arrive holds more than the budget, as long as none travels a quarter of
    a second longer than another.

    Args:
        per_minute: Requests a minute; the vendor allows a token 300.
        clock: Counts seconds, and waits for a turn.
    """

    def __init__(self, per_minute: float, clock: Clock) -> None:
        self._interval = SPREAD / per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._held_until = 0.0
        self._per_minute = per_minute
        #: When there was a turn; no more than a minute can have.
        self._turns: deque[float] = deque(maxlen=math.ceil(per_minute))

    def take(self) -> float:
        """Wait for this caller's turn to send a request; return the seconds that it took."""
        with self._lock:
            begun = now = self._clock.seconds()
            turn = max(now, self._next, self._held_until)
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
        """How many requests may be made before a minute's budget is used up."""
        with self._lock:
            since = self._clock.seconds() - 60
            while self._turns and self._turns[0] <= since:
                self._turns.popleft()
            return max(0, int(self._per_minute) - len(self._turns))

    def hold(self, seconds: float) -> None:
        """Hold back all requests for some seconds, those that have a turn already included."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.seconds() + seconds)
            self._next = max(self._next, self._held_until)


class PacedAdapter(HTTPAdapter):
    """The transport that all requests go through, logins and redirects too.

    Args:
        pacer: Gives each request its turn.
        interruption: May break into a blocked read.
        connections: How many are kept alive.
        longest_hold: Seconds; a 429 never holds the others back for longer.
        note: Called with each request before it is sent, and the seconds that it waited for its
            turn.
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
        # One request too many is better than a job that holds one of the org's few places.
        waited = 0.0 if self._interruption.is_cleaning_up else self._pacer.take()
        self._note(request, waited)
        with self._interruption.breakable():
            response = super().send(request, stream, *args, **options)
            if not stream:
                read_whole(response)  # here, where a signal may break in
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = retry_after(response, datetime.now(UTC)) or 0.0
            self._pacer.hold(min(seconds, self._longest_hold))
        return response


def read_whole(response: requests.Response) -> None:
    """Read a response's body, as `content` does, which takes a hundred pieces for a page.

    Raises:
        RequestException: As `content` raises it; the body is not whole.
    """
    pieces = list(response.iter_content(_PIECE_BYTES))
    # Where `content` keeps it; there is no public way to read it like this.
    response._content = pieces[0] if len(pieces) == 1 else b"".join(pieces)  # noqa: SLF001
