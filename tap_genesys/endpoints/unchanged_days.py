"""All rows of a day or none: a day whose rows are those of an earlier run is left out."""

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
    """Leaves out the days of one stream whose rows an earlier run emitted, all of them.

    The state has a digest for each day that is read again. Before a day's rows are emitted, a STATE
    withdraws its digest: a run that is killed among them leaves rows behind that no digest
    describes. Once they are out, the next STATE has the new one.

    Make it before the stream's first STATE.

    Args:
        stream: The stream.
        span: The range that it reads, before the re-checks.
        most: The most digests that its state keeps.
    """

    def __init__(self, stream: WindowedStream, span: ReadRange, most: int = MOST) -> None:
        self._stream = stream
        earlier = stream.own_state.get(EMITTED)
        self._days = EmittedDays(earlier if isinstance(earlier, dict) else {}, most)
        may_leave_out = declare(stream, span.start)
        bookmark = stream.bookmark()
        # Else the user has moved the bookmark back: the rows are wanted again.
        follows = bookmark is not None and not self._days.reach_beyond(bookmark + UNSETTLED)
        #: Whether the last STATE may have a digest that is not valid any more.
        self._is_stale = not (may_leave_out and follows) and self._days.withdraw_all()
        # What `lookback_days` reads again is emitted.
        has_lookback = stream.config.get("lookback_days") is not None and bookmark is not None
        self._always = Window(span.start, bookmark if bookmark and has_lookback else span.start)
        # A run that emits everything has no use for digests. After a warehouse was restored, they
        # would describe days that it does not have.
        self._notes = (
            not stream.config["emit_unchanged"]
            and stream.replication_method != REPLICATION_FULL_TABLE
        )
        self._write()
        self._read = self._left_out = 0

    def rows(
        self, day: Window, rows: Iterable[Record], is_whole: Callable[[], bool]
    ) -> Iterator[Record]:
        """Yield the rows of a day, or none where they are those that an earlier run emitted.

        Args:
            day: The day, or cell.
            rows: All its rows; they are held only where there is a digest to compare them with.
            is_whole: Returns, after the last row, whether none can be missing.
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
                "%s: %d of %d days or cells have the rows that an earlier run emitted; they are "
                "left out.",
                self._stream.name,
                self._left_out,
                self._read,
            )

    def _withdraw(self, day: Window) -> None:
        """Write a STATE without the day's digest, where the last one may have it."""
        if self._days.withdraw(day.start) or self._is_stale:
            self._write()
            self._stream.write_state()
            self._is_stale = False

    def _write(self) -> None:
        if digests := self._days.state:
            self._stream.own_state[EMITTED] = digests
