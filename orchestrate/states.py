"""What a STATE says: how far a run came, and where an incremental run goes on. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestrate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

State = dict[str, Any]
#: What jobs leave in the state beside the bookmark.
BY_JOB = "conversation_details"


def behind(state: State, streams: Iterable[str], end: datetime) -> dict[str, str]:
    """Return the streams whose rows up to a moment are not all loaded, with how far they came."""
    reached = {name: _bookmark(state, name) for name in streams}
    return {
        name: value or "nowhere"
        for name, value in reached.items()
        if value is None or datetime.fromisoformat(value) < end
    }


def takeover(states: Mapping[datetime, State], streams: Sequence[str]) -> State:
    """Return the state from which one incremental run goes on after a backfill.

    Conversations that went on when their day was read are read again: the bookmark is taken back to
    the earliest watermark at which any day was read, since a job brings whatever was active after
    it. The marks of the re-checks are those of the first day that still needs each.

    Args:
        states: The beginning of each day -> the STATE that its load ended with.
        streams: The group's streams that keep a bookmark.

    Raises:
        SetupError: There is no day, or one is missing between two others.
    """
    days = sorted(states)
    if not days:
        msg = "No day has been loaded yet."
        raise SetupError(msg)
    made: State = {"bookmarks": {}}
    for name in streams:
        kept = [_renamed(states[day]["bookmarks"][name]) for day in days]
        ends = [one["replication_key_value"] for one in kept]
        for end, day in zip(ends, days[1:], strict=False):
            if datetime.fromisoformat(end) < day:
                msg = f"{name} is not loaded from {end} to {day.isoformat()}; load that first."
                raise SetupError(msg)
        last = _by_job(kept) if name == BY_JOB else kept[-1]
        made["bookmarks"][name] = _emitting_all(last | _rechecks(kept))
    return made


def _emitting_all(kept: State) -> State:
    """Return a stream's state without the marks of what was emitted.

    Days were read at different watermarks: what changed in between may be in no row.
    """
    return {
        key: value for key, value in kept.items() if key not in ("emittedThrough", "fingerprint")
    }


def _renamed(kept: State) -> State:
    """Return a stream's state with the present name of its marks; the tap renames the rest."""
    return {"recheckedUpTo" if key == "rechecks" else key: value for key, value in kept.items()}


def _by_job(kept: list[State]) -> State:
    watermarks = [one["watermark"] for one in kept]
    last = kept[-1]["replication_key_value"]
    return {
        **kept[-1],
        "replication_key_value": min(last, *watermarks),
        "watermark": max(watermarks),
    }


def _rechecks(kept: list[State]) -> State:
    """Return the marks of the first day that still needs each, where the stream keeps marks."""
    if "recheckedUpTo" not in kept[-1]:
        return {}
    last = kept[-1]["replication_key_value"]
    rechecks: dict[str, str] = {}
    for rung in kept[-1]["recheckedUpTo"]:
        marked = [one for one in kept if rung in one.get("recheckedUpTo", {})]
        marks = [(one["recheckedUpTo"][rung], one["replication_key_value"]) for one in marked]
        rechecks[rung] = min((mark for mark, end in marks if mark < end), default=last)
    return {"recheckedUpTo": rechecks}


def _bookmark(state: State, name: str) -> str | None:
    value: str | None = state.get("bookmarks", {}).get(name, {}).get("replication_key_value")
    return value
