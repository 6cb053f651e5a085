"""Looking again and again until something is done, with a deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_SHORTEST, _LONGEST = 0.1, 30.0
_GROWTH = 1.5


def poll(
    look: Callable[[], T | None],
    what: str,
    *,
    clock: Callable[[], float],
    wait: Callable[[float], None],
    first: float,
    timeout: float,
) -> T:
    """Look until there is something.

    Args:
        look: Returns what is waited for, or None.
        what: Names it, for a message.
        clock: Counts seconds.
        wait: Waits for some of them.
        first: Seconds before the second look; later ones grow to 30.
        timeout: Seconds after which it is given up.

    Raises:
        StopRun: It is not there in time.
    """
    end, pause = clock() + timeout, first
    while (found := look()) is None:
        left = end - clock()
        if left <= 0:
            msg = (
                f"{what} is not done after job_timeout_seconds ({timeout:g}). Raise it, or run "
                "again later."
            )
            raise StopRun(msg)
        wait(min(pause, left))
        pause = longer(pause)
    return found


def longer(pause: float) -> float:
    """Return the pause after a pause, in seconds: half as long again, 30 at most, and never 0."""
    return min(max(pause, _SHORTEST) * _GROWTH, _LONGEST)
