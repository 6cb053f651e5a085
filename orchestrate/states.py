"""STATEs of loads: their bookmarks, and the state after a backfill. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestrate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

State = dict[str, Any]
#: The stream that is read by job, whose state has a watermark beside the bookmark.
BY_JOB = "conversation_details"


def behind(state: State, streams: Iterable[str], end: datetime) -> dict[str, str]:
    """Return stream -> bookmark of the streams that are not loaded up to a moment."""
    reached = {name: _bookmark(state, name) for name in streams}
    return {
        name: value or "nowhere"
        for name, value in reached.items()
        if value is None or datetime.fromisoformat(value) < end
    }


def takeover(states: Mapping[datetime, State], streams: Sequence[str]) -> State:
    """Return the state with which an incremental run continues after a backfill.

    Conversations that were open when their day was read are read again: the bookmark is moved back
    to the earliest watermark of any day's load, since a job returns all conversations that were
    active after it. The mark of each re-check is that of the first day that still needs it.

    Args:
        states: Start of a day -> STATE of its load.
        streams: The group's streams that keep a bookmark.

    Raises:
        SetupError: There is no day, or one is missing between two others.
    """
    days = sorted(states)
    if not days:
        msg = "No day has been loaded yet."
        raise SetupError(msg)
    state: State = {"bookmarks": {}}
    for name in streams:
        kept = [_renamed(states[day]["bookmarks"][name]) for day in days]
        ends = [entry["replication_key_value"] for entry in kept]
        for end, day in zip(ends, days[1:], strict=False):
            if datetime.fromisoformat(end) < day:
                msg = f"{name} is not loaded from {end} to {day.isoformat()}; load that first."
                raise SetupError(msg)
        last = _by_job(kept) if name == BY_JOB else kept[-1]
        state["bookmarks"][name] = _emitting_all(last | _rechecks(kept) | _history(kept))
    return state


def _emitting_all(kept: State) -> State:
    """Return a stream's state without the marks of emitted rows.

    Days were read at different watermarks: changes in between may be in no row.
    """
    return {
        key: value for key, value in kept.items() if key not in ("emittedThrough", "fingerprint")
    }


def _renamed(kept: State) -> State:
    """Return a stream's state with the present name of its marks; the tap renames the rest."""
    return {"recheckedUpTo" if key == "rechecks" else key: value for key, value in kept.items()}


def _by_job(kept: list[State]) -> State:
    watermarks = [entry["watermark"] for entry in kept]
    last = kept[-1]["replication_key_value"]
    return {
        **kept[-1],
        "replication_key_value": min(last, *watermarks),
        "watermark": max(watermarks),
    }


def _rechecks(kept: list[State]) -> State:
    """Return age -> mark of the first day that still needs that re-check; {} without marks."""
    if "recheckedUpTo" not in kept[-1]:
        return {}
    last = kept[-1]["replication_key_value"]
    rechecks: dict[str, str] = {}
    for age in kept[-1]["recheckedUpTo"]:
        marked = [entry for entry in kept if age in entry.get("recheckedUpTo", {})]
        marks = [(entry["recheckedUpTo"][age], entry["replication_key_value"]) for entry in marked]
        rechecks[age] = min((mark for mark, end in marks if mark < end), default=last)
    return {"recheckedUpTo": rechecks}


def _history(kept: list[State]) -> State:
    """Return the history of the streams that were selected on each day: from the first day on."""
    histories = [entry["history"] for entry in kept if "history" in entry]
    if not histories:
        return {}
    on_each_day = [name for name in histories[0] if all(other.get(name) for other in histories)]
    return {"history": {name: histories[0][name] for name in on_each_day}}


def _bookmark(state: State, name: str) -> str | None:
    value: str | None = state.get("bookmarks", {}).get(name, {}).get("replication_key_value")
    return value
