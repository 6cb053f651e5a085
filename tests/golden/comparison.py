"""Compares a run with its recording, after the intended changes (`renames`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from golden.renames import PRESENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from golden.renames import Difference, Renames

#: Characters of a line that are shown, around the first that differs.
_BEFORE, _AFTER = 60, 140


def renamed(name: str, lines: list[str], renames: Renames = PRESENT) -> list[str]:
    """Return recorded lines with the intended changes.

    Args:
        name: The golden's name.
        lines: The recorded lines.
        renames: What has changed since the recording.
    """
    explained = [change for change in renames.explained if change.run == name]
    if explained:
        parts = [_explained(line, explained, renames) for line in lines]
        return [line for part in parts for line in part]
    # Most lines hold none of the names, and need no parsing.
    words = [f'"{word}"' for word in (*renames.state_keys, *renames.streams)]
    return [
        _renamed(line, renames) if any(word in line for word in words) else line for line in lines
    ]


def first_difference(
    name: str, recorded: list[str], present: list[str], renames: Renames = PRESENT
) -> str:
    """Return a description of the first line that differs; empty where none does.

    Args:
        name: The golden's name.
        recorded: Its recorded lines.
        present: The lines of the present code.
        renames: What has changed since the recording.
    """
    old, new = renamed(name, recorded, renames), present
    if streams := frozenset(renames.streams.values()):
        old, new = _regrouped(old, streams), _regrouped(new, streams)
    if old == new:
        return ""
    for number, (before, after) in enumerate(zip(old, new, strict=False), 1):
        if before != after:
            return _described(name, number, before, after, f"{len(old):,} lines, {len(new):,} now")
    number = min(len(old), len(new))
    extra = (old if len(old) > number else new)[number]
    what = "is missing" if len(old) > number else "is new"
    return (
        f"{name}, line {number + 1:,} {what} "
        f"({len(old):,} lines, {len(new):,} now):\n  {extra[: _BEFORE + _AFTER]}"
    )


def _described(name: str, number: int, before: str, after: str, counts: str) -> str:
    place = next(
        (i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new),
        min(len(before), len(after)),
    )
    cut = slice(max(0, place - _BEFORE), place + _AFTER)
    order = ""
    if orjson.loads(before) == orjson.loads(after):
        order = "; only the order of its fields differs"
    return (
        f"{name}, line {number:,} ({counts}), character {place + 1:,}{order}:\n"
        f"  message:  {before[:_BEFORE]}\n"
        f"  recorded: {before[cut]}\n"
        f"  present:  {after[cut]}"
    )


def _explained(line: str, explained: list[Difference], renames: Renames) -> Iterator[str]:
    messages = [orjson.loads(_renamed(line, renames))]
    kind, stream = messages[0]["type"], messages[0].get("stream", "")
    for change in explained:
        if (change.type, change.stream) == (kind, stream):
            messages = [new for message in messages for new in change.expected(message)]
    for message in messages:
        is_state = message["type"] == "STATE"
        yield orjson.dumps(message, option=orjson.OPT_SORT_KEYS if is_state else None).decode()


def _renamed(line: str, renames: Renames) -> str:
    message = orjson.loads(line)
    if message["type"] == "STATE":
        message["value"] = _renamed_state(message["value"], renames)
        return orjson.dumps(message, option=orjson.OPT_SORT_KEYS).decode()
    name = message.get("stream", "")
    if name not in renames.streams:
        return line
    # In its place: parsed and dumped, numbers could read otherwise.
    return line.replace(f'"stream":"{name}"', f'"stream":"{renames.stream(name)}"', 1)


def _renamed_state(state: dict[str, Any], renames: Renames) -> dict[str, Any]:
    def translated(bookmark: dict[str, Any]) -> dict[str, Any]:
        names = renames.state_keys
        bookmark = {names.get(key, key): value for key, value in bookmark.items()}
        if "partitions" in bookmark:
            bookmark["partitions"] = [translated(part) for part in bookmark["partitions"]]
        return bookmark

    bookmarks = state.get("bookmarks", {}).items()
    return {
        **state,
        "bookmarks": {renames.stream(name): translated(bookmark) for name, bookmark in bookmarks},
    }


def _regrouped(lines: list[str], streams: frozenset[str]) -> list[str]:
    """Return lines, those between two STATEs sorted by stream where a renamed one is among them."""
    sections: list[list[str]] = [[]]
    for line in lines:
        sections[-1].append(line)
        if line.startswith(_STATE):
            sections.append([])
    return [line for section in sections for line in _sorted(section, streams)]


def _sorted(section: list[str], streams: frozenset[str]) -> list[str]:
    key: Callable[[str], str] = lambda line: orjson.loads(line).get("stream", "")  # noqa: E731
    if not any(f'"stream":"{name}"' in line for line in section for name in streams):
        return section
    *body, last = section
    is_state = last.startswith(_STATE)
    return [*sorted(body, key=key), last] if is_state else sorted(section, key=key)


#: How the line of a STATE begins, whose keys are sorted.
_STATE = '{"type":"STATE"'
