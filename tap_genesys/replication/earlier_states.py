"""States of earlier versions, with the names that their keys have now. Pure."""

from __future__ import annotations

from typing import Any

#: Earlier name of a key in a stream's state -> its name now.
RENAMED = {"passes": "queryPasses", "rechecks": "recheckedUpTo", "told": "knownUpTo"}


def renamed(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state with the present names of its streams' keys; everything else is as it was.

    A key can be there under both names: Meltano merges the STATE of a run that failed into that of
    the run before, and an earlier version hands on keys that it does not know. Which of the two
    was written last is unknown, so the result is the value that promises less.

    Args:
        state: A Singer state; it is not changed.
    """
    bookmarks = state.get("bookmarks")
    if not isinstance(bookmarks, dict):
        return state
    return {**state, "bookmarks": {name: _renamed(kept) for name, kept in bookmarks.items()}}


def _renamed(kept: Any) -> Any:  # noqa: ANN401 - a state's
    if not isinstance(kept, dict):
        return kept
    earlier = {RENAMED[name]: value for name, value in kept.items() if name in RENAMED}
    both = earlier.keys() & kept.keys()
    values = {
        **kept,
        **earlier,
        **{name: _cautious(name, earlier[name], kept[name]) for name in both},
    }
    return {name: values[name] for name in (RENAMED.get(name, name) for name in kept)}


def _cautious(name: str, earlier: Any, present: Any) -> Any:  # noqa: ANN401 - a state's
    """Return the value that promises less: the later moment, the passes of both."""
    if not (earlier and present):
        return earlier or present
    if name == "knownUpTo":
        return max(earlier, present)
    if name == "queryPasses":
        return [*earlier, *present]
    # Either leads to the same rows: a mark that is behind costs readings. But one under the earlier
    # name can stay in a merged state for ever.
    return present
