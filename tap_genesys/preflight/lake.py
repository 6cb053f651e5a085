"""The lag of the org's data lake, the limits of its jobs, and notes on their effects. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_genesys.api.response import names_concurrency
from tap_genesys.records.usable import parted
from tap_genesys.replication.emitted import OVERLAP
from tap_genesys.replication.fresh_reads import FULL_UP_TO
from tap_genesys.replication.windows import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_genesys.api.response import Record

#: The namespace of the job limits, and the prefix of their keys.
NAMESPACE = "analytics"
JOBS = "details.jobs."
_HOUR = timedelta(hours=1)


def job_limits(content: Record) -> dict[str, int]:
    """Return the limits of details jobs in a response for the namespace: key -> value."""
    limits, _ = parted(content.get("entities"))
    return {
        limit["key"]: limit["value"]
        for limit in limits
        if str(limit.get("key")).startswith(JOBS) and isinstance(limit.get("value"), int)
    }


def parallel_jobs_note(limits: Mapping[str, int], parallel: int) -> str:
    """Return a remedy if the org allows fewer concurrent jobs than the tap submits, else nothing.

    Args:
        limits: The job limits.
        parallel: `max_parallel_jobs`.
    """
    for key, most in limits.items():
        if names_concurrency(key) and most < parallel:
            return (
                f"max_parallel_jobs is {parallel}, but the org allows {most} concurrent jobs "
                f"({key}): set max_parallel_jobs to {max(1, most)}."
            )
    return ""


def lag(watermark: object, now: datetime) -> timedelta | None:
    """Return the time from the watermark to now; None where the watermark is no date."""
    try:
        return max(timedelta(0), now - parse(str(watermark)))
    except ValueError:
        return None


def hours(length: timedelta) -> float:
    """Return a duration in hours, to one decimal."""
    return round(length / _HOUR, 1)


def source_note(source: str, behind: timedelta | None) -> str:
    """Return a note on how late rows and attributes arrive from a source of conversations.

    Args:
        source: `conversation_details_source`.
        behind: The lag; None where it is unknown.
    """
    setting = f"conversation_details_source {source}:"
    if source == "query":
        return (
            f"{setting} rows are up to date to the minute, but lack participants' attributes; each "
            "run reads lookback_days again."
        )
    if behind is None:
        return ""
    if source == "job":
        return (
            f"{setting} rows have participants' attributes, but arrive {hours(behind):g} h late; "
            "each run reads what the data lake has received since the last one."
        )
    twice, thrice = (f"{hours(times * behind):g}" for times in (2, 3))
    if behind <= FULL_UP_TO - OVERLAP:
        return (
            f"{setting} each run reads by query what the data lake does not have yet, up to the "
            "minute. With hourly runs, participants' attributes arrive by job about twice the lag "
            f"after a conversation's start: {twice} h."
        )
    return (
        f"{setting} each run reads by query what happened since the last one, up to the minute; "
        "the first run of each UTC day reads by query all that the data lake does not have yet. "
        "With hourly runs, participants' attributes arrive by job two to three times the lag after "
        f"a conversation's start: {twice} to {thrice} h."
    )
