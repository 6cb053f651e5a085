"""Service levels of queues: their targets, and the metrics that aggregates count from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, Any]

#: The share of interactions that each queue is to answer in time.
TARGET = 0.8
_SECOND = 1000
#: Medium -> its field in a queue's settings, and the time within which queues are to answer; they
#: take turns. The vendor's default for calls is 20 seconds.
_TIMES = {
    "voice": ("call", (20 * _SECOND, 10 * _SECOND, 30 * _SECOND)),
    "callback": ("callback", (3600 * _SECOND,)),
    "chat": ("chat", (20 * _SECOND, 60 * _SECOND)),
    "email": ("email", (86_400 * _SECOND, 14_400 * _SECOND)),
    "message": ("message", (60 * _SECOND, 3600 * _SECOND)),
}


def with_targets(queues: Sequence[Row]) -> list[Row]:
    """Return queues with the service level target of each medium."""
    return [queue | {"mediaSettings": _settings(number)} for number, queue in enumerate(queues)]


def targets_of(queues: Sequence[Row]) -> dict[tuple[str, str], int]:
    """Return (queue's id, medium) -> the milliseconds within which it is to be answered."""
    return {
        (queue["id"], medium): queue["mediaSettings"][field]["serviceLevel"]["durationMs"]
        for queue in queues
        for medium, (field, _) in _TIMES.items()
    }


def service_level_metrics(metric: str, value: int, target_ms: int) -> list[tuple[str, int]]:
    """Return the metrics that follow from an answer or an abandon, and their values.

    An answer in time counts in the numerator and the denominator of `oServiceLevel`, a late one and
    an abandon in the denominator alone: the vendor's default, without flow-outs, and with short
    abandons, which the simulator has none of. A late answer is counted by `nOverSla`.
    """
    if metric == "tAbandon":
        return [("oServiceLevel", 0)]
    if metric != "tAnswered":
        return []
    is_late = value > target_ms
    return [("oServiceLevel", int(not is_late)), *([("nOverSla", 1)] if is_late else [])]


def _settings(number: int) -> Row:
    return {
        field: {
            "serviceLevel": {
                "percentage": TARGET,
                "durationMs": times[number % len(times)],
            }
        }
        for field, times in _TIMES.values()
    }
