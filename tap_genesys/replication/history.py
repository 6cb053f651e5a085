"""The history of the streams that share a stream's records: in which ranges each is complete. Pure.

A stream that is selected later lacks the rows of conversations that are not read again. So the
state has for each selected stream the bounds of the conversation starts whose rows it has: from the
first moment to the second, and so on; from the last one on, everything.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from tap_genesys.replication.query_passes import BEGINNING
from tap_genesys.replication.windows import Window, iso, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

#: The key in the state.
HISTORY = "history"
#: Stream -> bounds. They are empty for a stream that is not selected any more: Meltano merges the
#: STATE of a failed run into the one before, so a removed key would come back.
Entry: TypeAlias = "Mapping[str, list[str]]"
#: The end of the last range.
_END = datetime.max.replace(tzinfo=UTC)


class History:
    """The ranges of conversation starts in which the rows of each selected stream are complete.

    Args:
        entry: The state's; None in a state of a version that kept none.
        selected: The names of the selected streams.
        bookmark: The bookmark of earlier runs; None on a first run.
        start: The start of the range that the run reads.
        oldest: The earliest start that is read; what is before it is not kept complete.
    """

    def __init__(
        self,
        entry: Entry | None,
        selected: Iterable[str],
        *,
        bookmark: datetime | None,
        start: datetime,
        oldest: datetime,
    ) -> None:
        names = sorted(selected)
        #: The streams that are selected since the last run.
        self.added: frozenset[str] = frozenset()
        if bookmark is None:
            self._ranges = {name: [Window(start, _END)] for name in names}
        else:
            # Without an entry, all that the streams have is what start_date says.
            is_known = entry is not None or oldest == BEGINNING
            begin = bookmark if is_known else oldest
            earlier = {name: _ranges(bounds) for name, bounds in (entry or {}).items()}
            if is_known:
                self.added = frozenset(name for name in names if not earlier.get(name))
            self._ranges = {
                name: _clipped(earlier.get(name) or [Window(begin, _END)], oldest) for name in names
            }
        self._deselected = sorted({*(entry or {})} - {*names})

    @property
    def entry(self) -> dict[str, list[str]]:
        """The ranges in the format of the state."""
        entry = {
            name: [iso(bound) for item in ranges for bound in item.bounds if bound != _END]
            for name, ranges in self._ranges.items()
        }
        return {**entry, **{name: [] for name in self._deselected}}

    def missing(
        self, names: Collection[str], within: Window
    ) -> Iterator[tuple[Window, frozenset[str]]]:
        """Yield the parts of a range that streams lack, in order, each with those that lack it.

        Args:
            names: The names of selected streams.
            within: The range; one that is reversed has no part.
        """
        holes = {name: [*_holes(self._ranges[name], within)] for name in names}
        cuts = sorted(
            {bound for windows in holes.values() for hole in windows for bound in hole.bounds}
        )
        for start, end in pairwise(cuts):
            lacking = (
                name
                for name, windows in holes.items()
                if any(hole.start <= start and end <= hole.end for hole in windows)
            )
            if streams := frozenset(lacking):
                yield Window(start, end), streams

    def note(self, window: Window, names: Iterable[str]) -> None:
        """Note that the rows of a window have been emitted."""
        for name in names:
            self._ranges[name] = _union([*self._ranges[name], window])


def _ranges(bounds: Iterable[str]) -> list[Window]:
    moments = [*map(parse, bounds)]
    # The last range has no end.
    ends = [*moments[1::2], _END][: len(moments[::2])]
    return [Window(*pair) for pair in zip(moments[::2], ends, strict=True)]


def _clipped(ranges: Iterable[Window], oldest: datetime) -> list[Window]:
    return [Window(max(item.start, oldest), item.end) for item in ranges if oldest < item.end]


def _holes(ranges: Iterable[Window], within: Window) -> Iterator[Window]:
    cursor, end = within.bounds
    for item in ranges:
        if cursor < min(item.start, end):
            yield Window(cursor, min(item.start, end))
        cursor = max(cursor, item.end)


def _union(windows: Iterable[Window]) -> list[Window]:
    union: list[Window] = []
    for window in sorted(windows):
        if union and window.start <= union[-1].end:
            union[-1] = Window(union[-1].start, max(union[-1].end, window.end))
        else:
            union.append(window)
    return union
