"""The lanes by which the rows of a stream come, and how far each is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_genesys.replication.plan import Read

#: The lane of a stream that is read in one way only, and of requests that belong to no lane.
MAIN = "main"
#: The lane of whatever is read again at the ages of re-checks, by job or by query.
RECHECK = "recheck"
#: The lane of what is loaded later, of streams that lack it.
LOADED_LATER = "history"


class Lane(NamedTuple):
    """How far a lane is.

    Args:
        bookmark: The moment before which all of its rows have been emitted; None without one.
        watermark: The moment up to which the data lake was complete; None if it was not requested.
    """

    bookmark: str | None = None
    watermark: str | None = None


def lane_of(read: Read) -> str:
    """Return the lane of a read: `job`, `query`, `recheck` or `history`."""
    return {"recheck": RECHECK, "history": LOADED_LATER}.get(read.purpose, read.by)


def entry_of(state: Mapping[str, Any], stream: str) -> Mapping[str, Any]:
    """Return a stream's part of a state; empty without one."""
    entry: Mapping[str, Any] = state.get("bookmarks", {}).get(stream, {})
    return entry


def main_lane(state: Mapping[str, Any], stream: str) -> dict[str, Lane]:
    """Return the lanes of a stream that is read in one way only.

    Args:
        state: The state of the tap.
        stream: The stream whose bookmark it is: its own, or its parent's.
    """
    return {MAIN: Lane(entry_of(state, stream).get("replication_key_value"))}


def rechecked_up_to(state: Mapping[str, Any], stream: str) -> str | None:
    """Return the moment before which each day has been read at every age of the re-checks.

    Args:
        state: The state of the tap.
        stream: The stream.
    """
    marks: Mapping[str, str] = entry_of(state, stream).get("recheckedUpTo") or {}
    return min(marks.values(), default=None)
