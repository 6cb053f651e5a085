"""Summaries of conversations, in the forms that users report of summary queries."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.staff import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = dict[str, Any]

GROUPINGS = (
    "conversation:medium", "conversation:queueId", "conversation:direction",
    "conversation:wrapUpCode", "conversation:startHour",
)  # fmt: skip
METRICS = ("conversation:count", "conversation:duration", "conversation:handleTime")


def summaries(
    rows: Iterable[Row], groupings: Sequence[str], metrics: Sequence[str], shape: str = "nested"
) -> list[Row]:
    """Return one summary for each combination of the groupings' values.

    Args:
        rows: Conversations.
        groupings: Names of `GROUPINGS`.
        metrics: Names of `METRICS`; times are in milliseconds.
        shape: The form of a summary, as in `Habits.summary_shape`.
    """
    sums: dict[tuple[str, ...], dict[str, int]] = {}
    for row in rows:
        values = _values(row)
        totals = sums.setdefault(
            tuple(values[name] for name in groupings), dict.fromkeys(METRICS, 0)
        )
        totals["conversation:count"] += 1
        totals["conversation:duration"] += _duration(row)
        totals["conversation:handleTime"] += _handle_time(row)
    return [
        _shaped(
            dict(zip(groupings, key, strict=True)), {name: totals[name] for name in metrics}, shape
        )
        for key, totals in sorted(sums.items())
    ]


def _shaped(groups: dict[str, str], measures: dict[str, int], shape: str) -> Row:
    if shape == "flat":
        return {name.split(":")[1]: value for name, value in {**groups, **measures}.items()}
    row: Row = {"groupings": groups, "metrics": measures}
    return row | {"id": identifier(*sorted(groups.items()))} if shape == "own-id" else row


def _values(row: Row) -> dict[str, str]:
    participants = row["participants"]
    sessions = [session for participant in participants for session in participant["sessions"]]
    segments = [segment for session in sessions for segment in session["segments"]]
    queues = [segment["queueId"] for segment in segments if "queueId" in segment]
    codes = [segment["wrapUpCode"] for segment in segments if "wrapUpCode" in segment]
    return {
        "conversation:medium": sessions[0]["mediaType"],
        "conversation:queueId": queues[0] if queues else "none",
        "conversation:direction": row["originatingDirection"],
        "conversation:wrapUpCode": codes[-1] if codes else "none",
        "conversation:startHour": row["conversationStart"][11:13],
    }


def _duration(row: Row) -> int:
    if "conversationEnd" not in row:
        return 0
    start, end = (datetime.fromisoformat(row[f"conversation{bound}"]) for bound in ("Start", "End"))
    return round((end - start).total_seconds() * 1000)


def _handle_time(row: Row) -> int:
    return sum(
        metric["value"]
        for participant in row["participants"]
        for session in participant["sessions"]
        for metric in session.get("metrics", ())
        if metric["name"] == "tHandle"
    )
