"""Up to where a job may speak, so that no row ever becomes older than it was. Pure.

The data lake, which jobs read, knows the world up to its watermark. The query API knows it up to
now. What a query has read at ten, a job may only replace once the watermark has passed ten: before
that, the job's row can lack what the query's row had. So each pass of the query lane is remembered,
with the start from which it read and the moment at which it had read, until the watermark is past
that moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_genesys.windows import iso, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

#: More passes than these are merged two by two, to the side of caution.
MOST = 24
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of the query lane: all that started in `[start, until)`, as known at `at`.

    Args:
        start: The first conversation start that it read.
        until: Up to where it read.
        at: When its last answer came; None while it is under way, or if it was cut off.
    """

    start: datetime
    until: datetime
    at: datetime | None = None


class Passes:
    """The passes that the watermark has not passed yet.

    Args:
        kept: As a state keeps them; None where the history was read by something that kept none.
        now: What a pass that was cut off, or was not kept, may have read up to.
        has_history: Whether there is a bookmark.
    """

    def __init__(self, kept: Any, *, now: datetime, has_history: bool) -> None:  # noqa: ANN401 - a state's
        self._passes: list[Pass] = []
        if kept is None:
            if has_history:
                # Queries may have read any of it, up to now.
                self._passes.append(Pass(BEGINNING, BEGINNING, now))
            return
        for start, until, at in kept:
            # A pass that was cut off has read something up to some moment before this run, and
            # vouches for nothing.
            moment = parse(at) if at else now
            self._passes.append(Pass(parse(start), parse(until if at else start), moment))

    @property
    def kept(self) -> list[list[str | None]]:
        """What a state keeps."""
        return [
            [iso(one.start), iso(one.until), iso(one.at) if one.at else None]
            for one in self._passes
        ]

    def limit(self, watermark: datetime) -> datetime:
        """Return up to which conversation start a job's row is not older than one that is printed.

        Args:
            watermark: What the lake knows up to.
        """
        return min(
            [watermark, *(one.start for one in self._passes if self._is_ahead(one, watermark))]
        )

    def forget(self, watermark: datetime) -> None:
        """Let go of the passes that the watermark has passed."""
        self._passes = [one for one in self._passes if self._is_ahead(one, watermark)]

    def boundary(self, reached: datetime, watermark: datetime) -> datetime:
        """Return where the query lane begins: all before is read, by job or by an earlier pass.

        Args:
            reached: Up to where jobs have read.
            watermark: What the lake knows up to.
        """
        covered = reached
        for one in sorted(self._passes, key=lambda item: item.start):
            if one.start <= covered:
                covered = max(covered, one.until)
        furthest = max([watermark, *(one.start for one in self._passes if one.until > one.start)])
        return min(covered, furthest)

    def begin(self, start: datetime, until: datetime) -> None:
        """Note that a pass is under way."""
        self._passes.append(Pass(start, until))
        while len(self._passes) > MOST:
            self._merge()

    def end(self, at: datetime) -> None:
        """Note that the pass that is under way is complete."""
        self._passes[-1] = replace(self._passes[-1], at=at)

    def _merge(self) -> None:
        """Make one of the two that lie closest together: the earlier start, the later moment."""
        gaps: Iterable[int] = range(len(self._passes) - 2)
        place = min(gaps, key=lambda i: self._passes[i + 1].start - self._passes[i].start)
        one, other = self._passes[place : place + 2]
        until = max(one.until, other.until) if other.start <= one.until else one.until
        moments = [moment for moment in (one.at, other.at) if moment is not None]
        self._passes[place : place + 2] = [
            Pass(min(one.start, other.start), until, max(moments) if moments else None)
        ]

    def _is_ahead(self, one: Pass, watermark: datetime) -> bool:
        return one.at is None or one.at > watermark
