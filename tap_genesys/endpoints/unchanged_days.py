"""Unchanged days: all rows of a day are emitted, or, if an earlier run emitted the same, none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE

from tap_genesys.endpoints.row_shape import declare
from tap_genesys.records.held_rows import HeldRows
from tap_genesys.replication.emitted_days import MOST, EmittedDays, RowsDigest
from tap_genesys.replication.fingerprint import EMITTED
from tap_genesys.replication.windows import UNSETTLED, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.windowed import WindowedStream
    from tap_genesys.replication.read_range import ReadRange


class UnchangedDays:
    """Leaves out the days of one stream whose rows equal those that an earlier run emitted.

    The state has a digest per day that is read again. Before a day's rows are emitted, a STATE
    removes its digest, since a run that is killed in between leaves rows that no digest describes.
    After the last row, the next STATE has the new digest.

    Construct it before the stream's first STATE.

    Args:
        stream: The stream.
        span: The range that the run reads, without re-checks.
        most: Digests that the state keeps, at most.
    """

    def __init__(self, stream: WindowedStream, span: ReadRange, most: int = MOST) -> None:
        self._stream = stream
        earlier = stream.own_state.get(EMITTED)
        self._days = EmittedDays(earlier if isinstance(earlier, dict) else {}, most)
        may_leave_out = declare(stream, span.start)
        bookmark = stream.bookmark()
        # Else the user has moved the bookmark back, to get the rows again.
        follows = bookmark is not None and not self._days.reach_beyond(bookmark + UNSETTLED)
        #: Whether the last STATE may have an outdated digest.
        self._is_stale = not (may_leave_out and follows) and self._days.withdraw_all()
        # Days within a configured `lookback_days` are always emitted.
        has_lookback = stream.config.get("lookback_days") is not None and bookmark is not None
        self._always = Window(span.start, bookmark if bookmark and has_lookback else span.start)
        # A run that emits everything needs no digests. After a warehouse was restored, they would
        # describe days that it does not have.
        self._notes = (
            not stream.config["emit_unchanged"]
            and stream.replication_method != REPLICATION_FULL_TABLE
        )
        self._write()
        self._read = self._left_out = 0

    def rows(
        self, day: Window, rows: Iterable[Record], is_whole: Callable[[], bool]
    ) -> Iterator[Record]:
        """Yield the rows of a day, or none if an earlier run emitted the same.

        Args:
            day: The day, or cell.
            rows: All rows of the day; they are buffered only if there is a digest to compare with.
            is_whole: Returns, after the last row, whether no row can be missing.
        """
        digest = RowsDigest()
        self._read += 1
        is_always = self._always.start < day.end <= self._always.end
        if earlier := "" if is_always else self._days.digest(day.start):
            held = HeldRows()
            for row in rows:
                digest.add(row)
                held.add(row)
            if digest.text == earlier:
                self._left_out += 1
                return
            self._withdraw(day)
            yield from held.release()
        else:
            self._withdraw(day)
            for row in rows:
                digest.add(row)
                yield row
        if self._notes and is_whole():
            self._days.note(day.start, digest.text)
            self._write()

    def log(self) -> None:
        """Log how many days were left out, if any were."""
        if self._left_out:
            self._stream.logger.info(
                "%s: left out %d of %d days or cells, whose rows an earlier run has emitted and "
                "which have not changed.",
                self._stream.name,
                self._left_out,
                self._read,
            )

    def _withdraw(self, day: Window) -> None:
        """Write a STATE without the day's digest, if the last one may have it."""
        if self._days.withdraw(day.start) or self._is_stale:
            self._write()
            self._stream.write_state()
            self._is_stale = False

    def _write(self) -> None:
        if digests := self._days.state:
            self._stream.own_state[EMITTED] = digests
