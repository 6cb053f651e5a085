"""The plan of a run: which windows are read, from where, and for which purpose. Pure.

A plan is made lazily, batch by batch: what a later batch holds depends on the state that reading
the earlier ones has left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from tap_genesys.replication.read_range import ReadRange
    from tap_genesys.replication.windows import Window

#: Where rows come from.
Source: TypeAlias = Literal["job", "query"]
#: Reading on from the bookmark, reading what jobs do not know yet, or reading a past day again.
Purpose: TypeAlias = Literal["forward", "fresh", "recheck"]


@dataclass(frozen=True, slots=True)
class Read:
    """One window to read.

    Args:
        window: The window.
        by: Where its rows come from.
        purpose: What it is read for.
        by_activity: Whether everything that was active in the window is wanted, and not only what
            started in it.
        within: All that the batch reads, where a row may be in several of its windows.
    """

    window: Window
    by: Source
    purpose: Purpose
    by_activity: bool = False
    within: Window | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows that are read one after the other, from one source, for one purpose.

    Args:
        reads: What to read; all of it is known before the first is read, so it can be prefetched.
        is_declared: Whether STATE has to be written before the first row.
        since: From where on the batch reads without a gap; the bookmark may follow from there.
    """

    reads: tuple[Read, ...]
    is_declared: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What a plan is made of, beside the state.

    Args:
        source: `auto`, `job` or `query`.
        range: What this run reads.
        bookmark: Up to where earlier runs have read; None on a first run.
        oldest: The first start that is wanted at all.
        started: When the run began.
        now: Returns the present.
        watermark: Up to when the data lake knows everything; None where no job is read.
        reached: Returns up to where this run has read, or an earlier one.
        ages: Ages at which a day is read again, in days.
        windows: Cuts a range into the windows of queries.
        job_windows: Cuts a range into the windows of jobs.
        warn: Logs a warning.
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


def reads(
    windows: Iterable[Window],
    by: Source,
    purpose: Purpose,
    *,
    by_activity: bool = False,
    within: Window | None = None,
) -> tuple[Read, ...]:
    """Return a read for each window; without `within`, each window stands for itself."""
    return tuple(
        Read(window, by, purpose, by_activity=by_activity, within=within or window)
        for window in windows
    )
