"""The data lake and its jobs, as an org has them now: limits and lag, and what they mean. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_genesys.replication.emitted import OVERLAP
from tap_genesys.replication.fresh_reads import FULL_UP_TO
from tap_genesys.replication.windows import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_genesys.api.response import Record

#: The namespace of the limits of jobs, and the beginning of their keys.
NAMESPACE = "analytics"
_JOBS = "details.jobs."
#: In the key of a limit of jobs that work at once.
_CONCURRENT = "concurrent"
_HOUR = timedelta(hours=1)


def job_limits(content: Record) -> dict[str, int]:
    """Return the limits of jobs of details among those of a namespace: key -> value."""
    entities = content.get("entities")
    limits = entities if isinstance(entities, list) else []
    return {
        limit["key"]: limit["value"]
        for limit in limits
        if isinstance(limit, dict)
        and str(limit.get("key")).startswith(_JOBS)
        and isinstance(limit.get("value"), int)
    }


def parallel_jobs_note(limits: Mapping[str, int], parallel: int) -> str:
    """Return a remedy where the org lets fewer jobs work at once than the tap submits, or nothing.

    Args:
        limits: The limits of jobs.
        parallel: `max_parallel_jobs`.
    """
    for key, most in limits.items():
        if _CONCURRENT in key and most < parallel:
            return (
                f"max_parallel_jobs is {parallel}, and the org lets {most} jobs work at once "
                f"({key}): set max_parallel_jobs to {max(1, most)}."
            )
    return ""


def lag(watermark: object, now: datetime) -> timedelta | None:
    """Return how far the lake is behind the present; None where its watermark is no date."""
    try:
        return max(timedelta(0), now - parse(str(watermark)))
    except ValueError:
        return None


def hours(length: timedelta) -> float:
    """Return a length in hours, to the tenth."""
    return round(length / _HOUR, 1)


def source_note(source: str, behind: timedelta | None) -> str:
    """Return what the lag means for a source of conversations; docs/lanes.md has the measures.

    Args:
        source: `conversation_details_source`.
        behind: The lag; None where it is unknown.
    """
    setting = f"conversation_details_source {source}:"
    if source == "query":
        return (
            f"{setting} rows are fresh to the minute, without participants' attributes, and each "
            "run reads lookback_days again."
        )
    if behind is None:
        return ""
    if source == "job":
        return (
            f"{setting} rows come with participants' attributes, {hours(behind):g} h after the "
            "fact; each run reads what the lake has learned since the last one."
        )
    twice, thrice = (f"{hours(times * behind):g}" for times in (2, 3))
    if behind <= FULL_UP_TO - OVERLAP:
        return (
            f"{setting} each run reads all that the lake lacks by query, to the minute. With "
            "hourly runs participants' attributes come by job about twice the lag after a "
            f"conversation's start: {twice} h."
        )
    return (
        f"{setting} a run reads what happened since the last one by query, to the minute, and the "
        "first of each UTC day all that the lake lacks. With hourly runs participants' attributes "
        "come by job two to three times the lag after a conversation's start: "
        f"{twice} to {thrice} h."
    )
