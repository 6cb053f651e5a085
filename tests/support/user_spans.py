"""Rows of user presences and routing statuses: the span of each, however its times are written."""

from __future__ import annotations

from typing import Any

from tap_genesys.replication.windows import iso, parse


def span_of(row: dict[str, Any]) -> tuple[str, str]:
    """Return the user and the start of a row."""
    return row["userId"], iso(parse(row["startTime"]))


def end_of(row: dict[str, Any]) -> str | None:
    """Return the end of a row, if it has one."""
    return iso(parse(row["endTime"])) if row.get("endTime") else None
