"""The range of dates from the settings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.replication.query_passes import BEGINNING
from tap_genesys.replication.read_range import ReadRange
from tap_genesys.replication.windows import iso, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The length of a first run's range without `start_date`.
DEFAULT_LENGTH = timedelta(days=30)


def read_range(config: Mapping[str, Any], now: datetime) -> ReadRange:
    """Return the range of a run without a bookmark.

    Args:
        config: Valid settings.
        now: The start of the run; the end is never later.
    """
    start, end = config.get("start_date"), config.get("end_date")
    return ReadRange(
        start=parse(start) if start else now - DEFAULT_LENGTH,
        end=min(parse(end), now) if end else now,
        start_is_configured=bool(start),
    )


def oldest_wanted(
    config: Mapping[str, Any], bookmark: datetime | None, first: ReadRange
) -> datetime:
    """Return the first moment that any run reads: `start_date`, else the first run's start.

    Args:
        config: Valid settings.
        bookmark: The end of the range of earlier runs; None on a first run.
        first: The range of a run without a bookmark.
    """
    if config.get("start_date"):
        return parse(config["start_date"])
    return first.start if bookmark is None else BEGINNING


def reversed_range(configured: ReadRange, now: datetime) -> str:
    """Return the error for a range whose end is before its start: both dates, and the remedy."""
    start_note = "" if configured.start_is_configured else " (the default, 30 days before now)"
    end_note = " (now)" if configured.end == now else ""
    return (
        f"start_date {iso(configured.start)}{start_note} is after end_date "
        f"{iso(configured.end)}{end_note}; set start_date to an earlier date, or end_date to a "
        "later one."
    )
