"""The reading of a window: callables that a window and its halves share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_genesys.api.response import Record
    from tap_genesys.errors import TooManyRows


def nothing() -> None:
    """Do nothing."""


def no_rest() -> Iterator[Record]:
    """Yield nothing: all records of the window have been read."""
    return iter(())


class Reading(NamedTuple):
    """The reading of the present window; after a split, the same for each half.

    Args:
        read: Yields the window's records.
        finish: Yields the records that remain after that, and notes that the window is read.
        too_large: Yields the records of a window that cannot be split further, or raises.
        begin: Resets the stream for the window.
    """

    read: Callable[[], Iterable[Record]]
    finish: Callable[[], Iterator[Record]]
    too_large: Callable[[TooManyRows], Iterator[Record]]
    begin: Callable[[], None] = nothing
