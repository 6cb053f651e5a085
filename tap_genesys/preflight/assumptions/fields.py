"""Typed access to fields of bodies of any shape: values of another type are ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from tap_genesys.records.usable import parted
from tap_genesys.replication.windows import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

Record: TypeAlias = dict[str, Any]

#: Dates that may be in the future.
_AHEAD = ("callbackScheduledTime", "inactivityTimeout")
_EARLIEST, _LATEST = 1970, 2999
_DATE_LENGTH = len("2026-01-31T08:15:00Z")


def rows(body: Record, key: str) -> list[Record]:
    """Return the objects in a list of a body; an empty list without it."""
    return parted(body.get(key))[0]


def text(record: Record, key: str) -> str:
    """Return a field as text; an empty text if it is none."""
    value = record.get(key)
    return value if isinstance(value, str) else ""


def number(record: Record, key: str) -> int | None:
    """Return a field as a whole number of 0 or more; None if it is none."""
    value = record.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def moment(record: Record, key: str) -> datetime | None:
    """Return a field as a moment; None if it is no date with a time."""
    return _moment(text(record, key))


def dates(value: Any, *, with_ahead: bool = False) -> Iterator[str]:  # noqa: ANN401 - JSON is anything
    """Yield the dates with a time in a JSON value, at any depth.

    Args:
        value: A JSON value.
        with_ahead: Whether to include dates that may be in the future.
    """
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += [inner for name, inner in part.items() if with_ahead or name not in _AHEAD]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str) and _moment(part):
            yield part


def moments(value: Any) -> list[datetime]:  # noqa: ANN401 - JSON is anything
    """Return the moments in a JSON value, at any depth, without those that may be in the future."""
    return [read for date in dates(value) if (read := _moment(date))]


def _moment(date: str) -> datetime | None:
    if len(date) < _DATE_LENGTH or "T" not in date:
        return None
    try:
        read = parse(date)
    except (ValueError, OverflowError):
        return None
    # Leave room for arithmetic with days.
    return read if _EARLIEST <= read.year <= _LATEST else None
