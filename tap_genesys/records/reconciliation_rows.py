"""Comparison of two counts of the vendor's: one row per day and media type. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_genesys.replication.windows import Window

#: Media types that are requested even if the aggregates have none of them.
MEDIA = ("callback", "chat", "email", "message", "voice")


def rows(
    day: Window,
    details: Mapping[str, int],
    aggregates: Mapping[str, int],
    *,
    tolerance: float,
    is_settled: bool,
) -> list[dict[str, Any]]:
    """Return a row per media type of either count.

    Args:
        day: A UTC day.
        details: Media type -> conversations in the details.
        aggregates: Media type -> conversations in the aggregates.
        tolerance: The largest difference to accept, as a share of the larger count.
        is_settled: Whether the day is over, and long enough ago for complete counts.
    """
    return [
        _row(day, medium, details.get(medium, 0), aggregates.get(medium, 0), tolerance, is_settled)
        for medium in sorted({*details, *aggregates})
        if details.get(medium) or aggregates.get(medium)
    ]


def _row(
    day: Window,
    medium: str,
    details: int,
    aggregates: int,
    tolerance: float,
    is_settled: bool,  # noqa: FBT001 - private
) -> dict[str, Any]:
    difference = details - aggregates
    share = abs(difference) / max(details, aggregates)
    verdict = "different"
    if not is_settled:
        verdict = "too recent"
    elif difference == 0:
        verdict = "equal"
    elif share <= tolerance:
        verdict = "within tolerance"
    return {
        "_id": f"{iso(day.start)}/{medium}",
        "day": iso(day.start),
        "mediaType": medium,
        "detailsCount": details,
        "aggregatesCount": aggregates,
        "difference": difference,
        "share": share,
        "tolerance": tolerance,
        "verdict": verdict,
    }
