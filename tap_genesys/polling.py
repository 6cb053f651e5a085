"""Looking again and again until something is done, with a deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_genesys.interruption import Interruption

T = TypeVar("T")

_LONGEST = 30.0
_GROWTH = 1.5


def poll(
    look: Callable[[], T | None],
    what: str,
    *,
    interruption: Interruption,
    first: float,
    timeout: float,
    wait_for: Callable[[float], None] | None = None,
) -> T:
    """Look until there is something.

    Args:
        look: Returns what is waited for, or None.
        what: Names it, for a message.
        interruption: Waits and counts time.
        first: Seconds before the second look; later ones grow to 30.
        timeout: Seconds after which it is given up.
        wait_for: Waits for some seconds, and counts them; by default, only waits.

    Raises:
        StopRun: It is not there in time.
    """
    end, wait = interruption.clock() + timeout, first
    while (found := look()) is None:
        left = end - interruption.clock()
        if left <= 0:
            msg = (
                f"{what} is not done after job_timeout_seconds ({timeout:g}). Raise it, or run "
                "again later."
            )
            raise StopRun(msg)
        (wait_for or interruption.wait)(min(wait, left))
        wait = min(max(wait, 0.1) * _GROWTH, _LONGEST)
    return found
