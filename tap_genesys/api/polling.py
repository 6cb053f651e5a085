"""Looking again and again until something is done, with a deadline."""

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
    """How long the pauses of polling are, and when it is given up.

    Args:
        first: Seconds of the first pause; later ones grow to 30.
        timeout: Seconds after which it is given up.
    """

    first: float
    timeout: float


def poll(
    look: Callable[[], T | None],
    what: str,
    *,
    clock: Clock,
    wait: Callable[[float], None],
    times: PollTimes,
) -> T:
    """Look until there is something.

    Args:
        look: Returns what is waited for, or None.
        what: Names it, for a message.
        clock: Counts seconds.
        wait: Waits for some of them; a stream counts them as waited for.
        times: The first pause comes after the first look.

    Raises:
        StopRun: It is not there in time.
    """
    end, pause = clock.seconds() + times.timeout, times.first
    while (found := look()) is None:
        left = end - clock.seconds()
        if left <= 0:
            msg = (
                f"{what} is not done after job_timeout_seconds ({times.timeout:g}). Raise it, or "
                "run again later."
            )
            raise StopRun(msg)
        wait(min(pause, left))
        pause = longer(pause)
    return found


def longer(pause: float) -> float:
    """Return the pause after a pause, in seconds: half as long again, 30 at most, and never 0."""
    return min(max(pause, _SHORTEST) * _GROWTH, _LONGEST)
