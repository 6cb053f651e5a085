"""The latest past date in a record, which shows whether it has changed. Pure."""

from __future__ import annotations

from typing import Any

#: The length of a date to the second, `2026-01-31T08:15:00`; fractions are not compared.
_SECONDS = 19


def latest_moment(record: Any, until: str) -> str:  # noqa: ANN401 - JSON is anything
    """Return the latest date in a record, at any depth, that is not after a moment.

    Each text in the format of the vendor's dates counts: starts, ends, `emitDate`, `eventTime`. A
    participant's attribute can have that format too; at worst, a row is emitted once more. Future
    dates (`inactivityTimeout`, `callbackScheduledTime`) do not count.

    Args:
        record: The vendor's record.
        until: A moment in the same format.

    Returns:
        The date to the second, without time zone; an empty text without a date.
    """
    limit = until[:_SECONDS]
    latest = ""
    waiting = [record]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if latest < value[:_SECONDS] <= limit and _is_date(value):
                latest = value[:_SECONDS]
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return latest


def _is_date(text: str) -> bool:
    return (
        len(text) > _SECONDS and text[4] == text[7] == "-" and text[10] == "T" and text[-1] == "Z"
    )
