"""The dates of a record of conversations, at every depth."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tap_genesys.simulator.known import AHEAD


def dates_of(record: Any, now: datetime | None = None) -> list[datetime]:
    """Return all past dates of a nested record, in order.

    Dates of fields that may lie ahead of the present are none of them, whether they lie ahead or
    not; neither are the tap's own columns, and participants' attributes, which are free text.

    Args:
        record: The record, or a part of it.
        now: The present: later dates are left out, if there are any.
    """
    found: list[datetime] = []
    _collect(record, found)
    return sorted(date for date in found if now is None or date <= now)


def dates_ahead(record: Any) -> list[datetime]:
    """Return the dates of a nested record's fields that may lie ahead of the present."""
    if isinstance(record, list):
        return [date for part in record for date in dates_ahead(part)]
    if not isinstance(record, dict):
        return []
    dates = [datetime.fromisoformat(record[name]) for name in AHEAD if name in record]
    return dates + [date for value in record.values() for date in dates_ahead(value)]


def _collect(value: Any, found: list[datetime]) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in (*AHEAD, "attributes") and name[0] != "_":
                _collect(part, found)
    elif isinstance(value, list):
        for part in value:
            _collect(part, found)
    elif isinstance(value, str) and value[4:5] == "-" and value[10:11] == "T" and value[-1] == "Z":
        found.append(datetime.fromisoformat(value))
