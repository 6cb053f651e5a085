"""The plan of a run: the windows to read, with their sources and purposes. Pure.

Batches are planned lazily: a later one depends on the state after the reading of the earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from tap_genesys.replication.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from tap_genesys.replication.history import History
    from tap_genesys.replication.read_range import ReadRange

#: The source of rows.
Source: TypeAlias = Literal["job", "query"]
#: Reading from the bookmark, reading data beyond the watermark, re-reading a past day, or reading
#: what some of the streams lack.
Purpose: TypeAlias = Literal["forward", "fresh", "recheck", "history"]


@dataclass(frozen=True, slots=True)
class Read:
    """One window to read.

    Args:
        window: The window.
        by: The source of its rows.
        purpose: The purpose of the read.
        by_activity: Whether to read all that was active in the window, not only what started in it.
        within: The range of the batch, where a row may be in several of its windows.
        starts: The conversation starts that are read, where they are not those in the window.
        streams: The names of the streams that get the rows; empty for all that are selected.
    """

    window: Window
    by: Source
    purpose: Purpose
    by_activity: bool = False
    within: Window | None = None
    starts: Window | None = None
    streams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows that are read in sequence, from one source, for one purpose.

    Args:
        reads: The reads, all planned before the first is executed, so that they can be prefetched.
        is_declared: Whether STATE has to be written before the first row.
        since: The start of the batch's range without gaps; the bookmark may advance from there.
    """

    reads: tuple[Read, ...]
    is_declared: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """The inputs of a plan, beside the state.

    Args:
        source: `auto`, `job` or `query`.
        range: The range that this run reads.
        bookmark: The end of the range of earlier runs; None on a first run.
        oldest: The earliest start that is read.
        started: The start of the run.
        now: Returns the current time.
        watermark: The moment up to which the data lake is complete; None where no job is read.
        reached: Returns the end of the range that this run, or an earlier one, has read.
        ages: Ages at which a day is read again, in days.
        windows: Splits a range into the windows of queries.
        job_windows: Splits a range into the windows of jobs.
        warn: Logs a warning.
        may_leave_out: Whether unchanged rows that earlier runs emitted are left out.
        rereads: Whether a look-back is configured, whose rows are not left out.
        selected: The names of the selected streams that share the records.
        load_history: The names of those whose history is loaded.
    """

    source: str
    range: ReadRange
    bookmark: datetime | None
    oldest: datetime
    started: datetime
    now: Callable[[], datetime]
    watermark: datetime | None
    reached: Callable[[], datetime]
    ages: Iterable[float]
    windows: Callable[[datetime, datetime], Iterator[Window]]
    job_windows: Callable[[datetime, datetime], Iterator[Window]]
    warn: Callable[..., None]
    may_leave_out: bool = False
    rereads: bool = False
    selected: frozenset[str] = frozenset()
    load_history: frozenset[str] = frozenset()


def reads(
    windows: Iterable[Window],
    by: Source,
    purpose: Purpose,
    *,
    by_activity: bool = False,
    within: Window | None = None,
) -> tuple[Read, ...]:
    """Return a read per window; `within` defaults to the window itself."""
    return tuple(
        Read(window, by, purpose, by_activity=by_activity, within=within or window)
        for window in windows
    )


def history_reads(
    history: History, inputs: PlanInputs, by: Source, end: datetime
) -> tuple[Read, ...]:
    """Return the reads of what the streams of `load_history` lack, oldest first.

    Args:
        history: The ranges in which each stream is complete.
        inputs: The inputs of the plan.
        by: The source.
        end: The end of the range that can be read.
    """
    windows = inputs.job_windows if by == "job" else inputs.windows
    names = inputs.load_history & inputs.selected
    return tuple(
        Read(window, by, "history", within=window, streams=streams)
        for part, streams in history.missing(names, Window(inputs.oldest, end))
        for window in windows(*part.bounds)
    )


def warn_of_waiting(history: History, inputs: PlanInputs, start: datetime, end: datetime) -> None:
    """Log what the streams of `load_history` lack in a range that jobs must not read yet.

    Args:
        history: The ranges in which each stream is complete.
        inputs: The inputs of the plan.
        start: The start of the range.
        end: Its end; a range that is reversed has no part.
    """
    for part, streams in history.missing(inputs.load_history & inputs.selected, Window(start, end)):
        inputs.warn(
            "load_history: %s in %s can be loaded once the data lake has passed what queries have "
            "read; keep the setting until then.",
            ", ".join(sorted(streams)),
            part,
        )
