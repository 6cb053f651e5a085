"""The latest past moment of a record: whether anything has happened in it since. Pure."""

from __future__ import annotations

from typing import Any

#: The length of a date to the second, `2026-01-31T08:15:00`; what follows is compared no more.
_SECONDS = 19


def latest_moment(record: Any, until: str) -> str:  # noqa: ANN401 - JSON is anything
    """Return the latest date of a record, however deep, that is not after a moment.

    Every text in the format of the vendor's dates counts: starts, ends, `emitDate`, `eventTime`. A
    value of a participant's attribute can be one too, which at most emits a row once more. Dates
    that lie ahead (`inactivityTimeout`, `callbackScheduledTime`) do not count.

    Args:
        record: A record as the vendor sends it.
        until: A moment in the same format.

    Returns:
        The date to the second, without a zone; an empty text where there is none.
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
