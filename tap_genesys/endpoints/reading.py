"""How one window is read: the parts that the two halves of a window have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_genesys.api.response import Record
    from tap_genesys.errors import TooManyRows


def nothing() -> None:
    """Do nothing."""


def no_rest() -> Iterator[Record]:
    """Yield nothing: all records of a window have come."""
    return iter(())


class Reading(NamedTuple):
    """How the present window is read; the four parts are the same for each half of it.

    Args:
        read: Yields its records.
        finish: Yields what is left once they have come, and notes that it has been read.
        too_large: Yields its records although it cannot be split further, or raises.
        begin: Gets ready for it.
    """

    read: Callable[[], Iterable[Record]]
    finish: Callable[[], Iterator[Record]]
    too_large: Callable[[TooManyRows], Iterator[Record]]
    begin: Callable[[], None] = nothing
