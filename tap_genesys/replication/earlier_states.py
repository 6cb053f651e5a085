"""Conversion of the states of earlier versions to the present names of their keys. Pure."""

from __future__ import annotations

from typing import Any

#: Earlier name of a key in a stream's state -> its name now.
RENAMED = {"passes": "queryPasses", "rechecks": "recheckedUpTo", "told": "knownUpTo"}


def renamed(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state with the present names of its streams' keys, and otherwise unchanged.

    A key can have both names: Meltano merges the STATE of a run that failed into that of the run
    before, and an earlier version keeps keys that are unknown to it. Which of the two was written
    last is unknown, so the result is the more cautious value.

    Args:
        state: A Singer state; it is not changed.
    """
    bookmarks = state.get("bookmarks")
    if not isinstance(bookmarks, dict):
        return state
    return {**state, "bookmarks": {name: _renamed(entry) for name, entry in bookmarks.items()}}


def _renamed(entry: Any) -> Any:  # noqa: ANN401 - a state's
    if not isinstance(entry, dict):
        return entry
    earlier = {RENAMED[name]: value for name, value in entry.items() if name in RENAMED}
    both = earlier.keys() & entry.keys()
    values = {
        **entry,
        **earlier,
        **{name: _cautious(name, earlier[name], entry[name]) for name in both},
    }
    return {name: values[name] for name in (RENAMED.get(name, name) for name in entry)}


def _cautious(name: str, earlier: Any, present: Any) -> Any:  # noqa: ANN401 - a state's
    """Return the more cautious value: the later moment, the passes of both."""
    if not (earlier and present):
        return earlier or present
    if name == "knownUpTo":
        return max(earlier, present)
    if name == "queryPasses":
        return [*earlier, *present]
    # Either leads to the same rows: an older mark only costs more reads. But one under the earlier
    # name can stay in a merged state for ever.
    return present
