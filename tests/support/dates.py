"""Collect the dates of a conversation at every depth."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tap_genesys.simulator.snapshots import AHEAD


def dates_of(record: Any, now: datetime | None = None) -> list[datetime]:
    """Return all past dates of a nested record, in order.

    Fields whose dates may lie in the future are left out, and so are the tap's own columns and
    participants' attributes, which are free text.

    Args:
        record: The record, or a part of it.
        now: The present, after which dates are left out; None to keep all.
    """
    dates: list[datetime] = []
    _collect(record, dates)
    return sorted(date for date in dates if now is None or date <= now)


def dates_ahead(record: Any) -> list[datetime]:
    """Return the dates of a nested record whose fields may lie in the future."""
    if isinstance(record, list):
        return [date for part in record for date in dates_ahead(part)]
    if not isinstance(record, dict):
        return []
    dates = [datetime.fromisoformat(record[name]) for name in AHEAD if name in record]
    return dates + [date for value in record.values() for date in dates_ahead(value)]


def _collect(value: Any, dates: list[datetime]) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in (*AHEAD, "attributes") and name[0] != "_":
                _collect(part, dates)
    elif isinstance(value, list):
        for part in value:
            _collect(part, dates)
    elif isinstance(value, str) and value[4:5] == "-" and value[10:11] == "T" and value[-1] == "Z":
        dates.append(datetime.fromisoformat(value))
