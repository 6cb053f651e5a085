"""Polling: repeated checks for a result, with growing pauses and a deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_genesys.interruption import Clock

T = TypeVar("T")

_SHORTEST, _LONGEST = 0.1, 30.0
_GROWTH = 1.5


class PollTimes(NamedTuple):
    """The pauses of polling.

    Args:
        first: Seconds of the first pause; later ones grow to 30.
        timeout: Seconds after which polling ends with an error.
    """

    first: float
    timeout: float


class Poll:
    """Polls one result: each pause is 1.5 times the one before, 30 s at most, and never 0.

    Args:
        clock: Counts seconds.
        wait: Waits for some seconds, and counts them for a stream.
        first: Seconds of the first pause; it may be 0, or longer than 30.
        deadline: The clock's seconds at which the last poll is made.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        wait: Callable[[float], None],
        first: float,
        deadline: float,
    ) -> None:
        self._clock = clock
        self._wait = wait
        self._pause = first
        self._deadline = deadline

    def pause(self, elapsed: float = 0) -> None:
        """Pause before a poll, but not beyond the deadline.

        Args:
            elapsed: Seconds of the pause that have passed already.
        """
        left = max(0.0, self._deadline - self._clock.seconds())
        self._wait(max(0.0, min(self._pause, left) - elapsed))
        self._pause = min(max(self._pause, _SHORTEST) * _GROWTH, _LONGEST)

    def lengthen(self, seconds: float) -> None:
        """Set the minimum of the next pause, in seconds."""
        self._pause = max(self._pause, seconds)

    def until(self, poll_once: Callable[[], T | None], too_late: Callable[[], str]) -> T:
        """Poll until there is a result, and return it.

        Args:
            poll_once: Returns the result; None if there is none yet.
            too_late: Returns the error message after the deadline.

        Raises:
            StopRun: There is no result at the deadline.
        """
        while (result := poll_once()) is None:
            if self._clock.seconds() >= self._deadline:
                raise StopRun(too_late())
            self.pause()
        return result
