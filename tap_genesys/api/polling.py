"""Polling: looking again until something is done, with growing pauses and a deadline."""

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
        timeout: Seconds after which no further look is taken.
    """

    first: float
    timeout: float


class Poll:
    """The looks at one thing: each pause is half as long again, 30 seconds at most, and never 0.

    Args:
        clock: Counts seconds.
        wait: Waits for some of them; a stream counts them as waited for.
        first: Seconds of the first pause; it may be 0, or longer than 30.
        deadline: The reading of the clock at which the last look is taken.
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
        """Pause before a look, but not beyond the deadline.

        Args:
            elapsed: Seconds of this pause that have passed already.
        """
        left = max(0.0, self._deadline - self._clock.seconds())
        self._wait(max(0.0, min(self._pause, left) - elapsed))
        self._pause = min(max(self._pause, _SHORTEST) * _GROWTH, _LONGEST)

    def lengthen(self, seconds: float) -> None:
        """Make the next pause at least so many seconds long."""
        self._pause = max(self._pause, seconds)

    def until(self, look: Callable[[], T | None], too_late: Callable[[], str]) -> T:
        """Look until there is a result, and return it.

        Args:
            look: Returns the result, or None.
            too_late: Returns the error's message for the last look.

        Raises:
            StopRun: There is none at the deadline.
        """
        while (result := look()) is None:
            if self._clock.seconds() >= self._deadline:
                raise StopRun(too_late())
            self.pause()
        return result
