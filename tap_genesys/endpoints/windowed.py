"""Windowed streams: queries for one window of time after the other."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from singer_sdk.singerlib import StateMessage
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams.rest import HTTPRequest, PageContext
from typing_extensions import override

from tap_genesys.api.page_steps import Page
from tap_genesys.config.date_range import oldest_wanted, read_range, reversed_range
from tap_genesys.endpoints.costs import PerWindow
from tap_genesys.endpoints.missing_history import MissingHistory
from tap_genesys.endpoints.probes import Probes
from tap_genesys.endpoints.reading import Reading
from tap_genesys.endpoints.stream import GenesysStream
from tap_genesys.errors import StopRun, TooManyRows
from tap_genesys.replication.lanes import Lane, main_lane
from tap_genesys.replication.old_data import OldData
from tap_genesys.replication.read_range import ReadRange, parsed_bookmark
from tap_genesys.replication.windows import UNSETTLED, Window, halves, iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.pagination import BaseAPIPaginator

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.request_loop import PlannedRequest
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.replication.old_data import Horizon

#: After time-outs, no window is split into parts shorter than this.
SHORTEST_AFTER_TIME_OUTS = timedelta(hours=1)


class WindowedStream(GenesysStream):
    """A query that is sent for one window after the other: `POST`, with the page in the body.

    The bookmark is the moment before which every record has been emitted. It moves only after a
    complete window: never backwards, never over a window with a hole, and never to within half an
    hour of the run's start. The SDK would move it with each record, or at the end of the stream.
    """

    http_method = "POST"
    is_windowed = True
    is_derived: ClassVar[Literal[False]] = False
    window: Window
    #: Requests per window with one page.
    requests_of_window: ClassVar[int] = 1
    #: The windows after the present one.
    _later: Sequence[Window] = ()
    _complete: bool
    _promises_from: datetime
    #: The part of the range beyond the endpoint's horizon; None without a known one.
    _old: OldData | None = None
    _is_second_reading = False
    #: What the stream lacks before its bookmark; None where a plan has it.
    _missing: MissingHistory | None = None

    @abstractmethod
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Return the windows of a range, in chronological order."""

    @abstractmethod
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        """Return the body of the request for a page of a window."""

    def rest_of_window(self) -> Iterator[Record]:
        """Yield the records of the present window that its pages did not contain."""
        return iter(())

    @property
    @override
    def label(self) -> str:
        # Before the first window there is none.
        window = vars(self).get("window")
        return f"{self.name}, window {window}" if window else self.name

    @override
    def label_of(self, planned: PlannedRequest) -> str:
        return f"{self.name}, window {planned[0]}"

    @property
    def read_by(self) -> str:
        """The field by which the stream is read, in Markdown."""
        return f"`{self.replication_key}`"

    @property
    def lanes(self) -> dict[str, Lane]:
        """Lane -> how far it is."""
        return main_lane(self.tap_state, self.name)

    @property
    def cost(self) -> Cost:
        """The cost of reading the stream."""
        return PerWindow(self.windows, self.lookback, self.requests_of_window)

    def probes(self, parent: Sample | None, day: Window) -> Probes:  # noqa: ARG002 - users differ
        """Return the requests for one day, for `--check`."""
        self.window = day
        return Probes([self.get_http_request(page=PageContext(None, None))])

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        return self.counted_paginator()

    @override
    def get_http_request(self, *, page: PageContext[Page]) -> HTTPRequest:
        return self.request_for((self.window, page.next_page_token))

    @override
    def request_for(self, planned: PlannedRequest) -> HTTPRequest:
        window, page = planned
        return HTTPRequest(
            url=f"{self.url_base}{self.path}",
            method=self.http_method,
            data=self.query(window, page or Page(1)),
        )

    @override
    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:
        # A second reading fetches its pages in order: rows that arrive meanwhile are not missed.
        pages = () if self._is_second_reading else self.paginator.ahead()
        for page in islice(pages, self.max_parallel):
            yield self.window, page
        for window in self._later:
            yield window, Page(1)

    @property
    def horizon(self) -> Horizon | None:
        """The age beyond which the endpoint may not return rows; None where unknown."""
        return None

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        rows = super().get_records(context)
        for row in rows:
            if self._old:
                self._old.end(self.window.start)
            yield row
            # Only the first row matters.
            yield from rows
        if self._old and self.name not in self.run.skipped:
            self._old.end(self.window.end)

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        bookmark = self.bookmark(context)
        span = self.range_from(bookmark)
        self.announce(span, bookmark)
        self._missing = MissingHistory(self, span, bookmark)
        yield from self.read_range(span)
        yield from self._missing.read()

    def read_range(self, span: ReadRange) -> Iterator[Record]:
        """Yield the records of a range, window by window, and move the bookmark after each."""
        self.begin_range(span.start)
        yield from self.read_windows(self.windows(span.start, span.end))
        self.end_range()

    def begin_range(self, start: datetime) -> None:
        """Note the start of a range that is read without gaps, which the bookmark may follow."""
        self._promises_from, self._complete = start, True

    def end_range(self) -> None:
        """If no old data was returned, log that, and move the bookmark over its range."""
        if self._old and self._old.is_empty:
            self._old.end(self._old.empty_until)
            self.promise_window(self._old.empty_until)

    def read_windows(self, windows: Iterable[Window]) -> Iterator[Record]:
        """Yield the records of windows in order; prefetch the next windows."""
        all_of_them = list(windows)
        self.counts.expect(len(all_of_them), "windows")
        try:
            for place, window in enumerate(all_of_them, 1):
                self._later = all_of_them[place : place + self.max_parallel]
                yield from self.read_window(window)
                self.counts.parts_done += 1
        finally:
            self._later = ()

    def read_window(self, window: Window) -> Iterator[Record]:
        """Yield a window's records; split the window if it is too large.

        Raises:
            StopRun: The window has too many rows, and cannot be split further.
        """
        return self.read_parts(
            window,
            Reading(
                read=self._read_pages,
                begin=self.begin_window,
                finish=self._finish_pages,
                too_large=self.read_too_large,
            ),
        )

    def read_parts(
        self, window: Window, reading: Reading, *, is_begun: bool = False, parent_rows: int = 0
    ) -> Iterator[Record]:
        """Yield the records of a window; if it is too large, split it and read its halves.

        A window is too large if it has more rows than can be paged through or a job returns, if its
        response is too large, or if its query times out.

        Args:
            window: The window, or a part of it.
            reading: How the present window is read.
            is_begun: Whether the window is the first half of one for which `begin` was called.
            parent_rows: The promised rows of the whole of which this is a half; 0 where unknown.
        """
        self.run.interruption.check()
        self.window = window
        if not is_begun:
            reading.begin()
        try:
            yield from reading.read()
        except TooManyRows as error:
            parts = self.parts_of(window)
            # A half with as many rows as the whole: the server counts whole days.
            if parts is None or 0 < parent_rows <= error.rows:
                yield from reading.too_large(error)
                return
            rows = error.rows or parent_rows
            yield from self.read_parts(parts[0], reading, is_begun=True, parent_rows=rows)
            yield from self.read_parts(parts[1], reading, parent_rows=rows)
            return
        yield from reading.finish()

    def _read_pages(self) -> Iterator[Record]:
        yield from self.request_records(None)
        if self.paginator.completeness.fewer and not self.comes_again():
            yield from self._read_once_more()

    def _finish_pages(self) -> Iterator[Record]:
        yield from self.rest_of_window()
        self.finish_window(whole=self.is_whole())

    def _read_once_more(self) -> Iterator[Record]:
        """Yield the present window's records again; completeness counts rows of both readings."""
        first = self.paginator.completeness
        self.logger.info(
            "%s: expected %d rows, received %d; no later run reads them, so read them once more.",
            self.label,
            first.owed,
            first.distinct,
        )
        self._is_second_reading = True
        try:
            yield from self.request_records(None)
        finally:
            self._is_second_reading = False
        self.paginator.completeness.add(first)

    @override
    def comes_again(self) -> bool:
        """Return whether the look-back of the next run reads the present window again.

        If it reads only a part, that part must contain all that no run has read before.
        """
        reached = min(read_range(self.config, self.run.started).end, self.run.started - UNSETTLED)
        again_from, start = reached - self.lookback, self.window.start
        first_new = start if self.is_history() else max(start, self.bookmark() or start)
        return again_from < self.window.end and again_from <= first_new

    def is_history(self) -> bool:
        """Return whether the present window is before the bookmark, and was never read."""
        return bool(self._missing and self._missing.holds(self.window))

    def parts_of(self, window: Window) -> tuple[Window, Window] | None:
        """Return the two halves of a window; None if it cannot be split."""
        return halves(window)

    @override
    def can_be_split(self) -> bool:
        parts = self.parts_of(self.window) or ()
        return bool(parts) and all(part.length >= SHORTEST_AFTER_TIME_OUTS for part in parts)

    def begin_window(self) -> None:
        """Reset the stream for the present window."""

    def read_too_large(self, error: TooManyRows) -> Iterator[Record]:
        """Yield the records of a window that cannot be split further by other means.

        Raises:
            StopRun: There are none.
        """
        raise StopRun(str(error)) from error

    def finish_window(self, *, whole: bool) -> None:
        """Move the bookmark over the present window if all so far is complete, and write STATE."""
        self._complete = self._complete and whole
        if whole and self._missing:
            self._missing.note(self.window)
        if not (self._old and self._old.holds(self.window)):
            self.promise_window(self.window.end)
        self.write_state()

    def promise_window(self, end: datetime) -> None:
        """Move the bookmark to the end of a window if all so far is complete."""
        if self._complete:
            self.promise(end, self._promises_from)

    def before_state(self) -> None:
        """Write all rows that the next STATE covers."""

    def write_state(self) -> None:
        """Write STATE, after all rows that it covers."""
        self.before_state()
        self._tap.write_message(StateMessage(value=self._tap.state))

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Return nothing: the bookmark needs no cap, as it is never ahead of emitted rows."""

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """Return the bookmark: `range_from` decides about the start date, not the SDK."""
        return value

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Do nothing: a record does not imply that all earlier ones have been emitted."""

    def bookmark(self, context: Context | None = None) -> datetime | None:
        """Return the moment before which all records have been emitted; None on a first run."""
        value = self.get_context_state(context).get("replication_key_value")
        is_ignored = value is None or self.replication_method == REPLICATION_FULL_TABLE
        return None if is_ignored else parsed_bookmark(self.name, value)

    def range_from(self, bookmark: datetime | None) -> ReadRange:
        """Return the range of this run: from the bookmark less the look-back, or from the start."""
        configured = read_range(self.config, self.run.started)
        if bookmark is None:
            if configured.start > configured.end:
                raise StopRun(reversed_range(configured, self.run.started))
            return configured
        started, warn = self.run.started, self.logger.warning
        return configured.resumed(bookmark, self.lookback, started=started, warn=warn)

    @property
    def lookback(self) -> timedelta:
        """The time before the bookmark at which a run starts."""
        configured = self.config.get("lookback_days")
        return self.default_lookback if configured is None else timedelta(days=float(configured))

    @property
    def default_lookback(self) -> timedelta:
        """The look-back without the setting `lookback_days`."""
        return timedelta(days=1)

    def oldest_wanted(self, bookmark: datetime | None, span: ReadRange) -> datetime:
        """Return the first moment that this run or a later one may read."""
        return oldest_wanted(self.config, bookmark, span)

    def announce(self, span: ReadRange, bookmark: datetime | None) -> None:
        """Log the range that this run reads."""
        note = f"the bookmark is {iso(bookmark)}" if bookmark else "there is no bookmark"
        start, end = iso(span.start), iso(span.end)
        self.logger.info("Reading %s from %s to %s (%s).", self.name, start, end, note)
        self.window, self._old = Window(span.start, span.start), self.old_data(span.start)

    def old_data(self, start: datetime) -> OldData | None:
        """Return the part of a range beyond the horizon, if there is one, and log it."""
        horizon, now = self.horizon, self.run.started
        return OldData(self.name, start, now, horizon, self.logger) if horizon else None

    def promise(self, end: datetime, start: datetime) -> None:
        """Move the bookmark to the end of what was read, but not into the last half hour.

        Args:
            end: The moment before which every record has been emitted.
            start: The start of the range without gaps in this run.
        """
        if self.replication_method == REPLICATION_FULL_TABLE:
            return
        reached = min(end, self.run.started - UNSETTLED)
        if reached > (self.bookmark() or start):
            self.keep_bookmark(reached)

    def keep_bookmark(self, moment: datetime) -> None:
        """Set the bookmark in the state."""
        self.own_state["replication_key"] = self.replication_key
        self.own_state["replication_key_value"] = iso(moment)

    @property
    def own_state(self) -> dict[str, Any]:
        """The stream's part of the state."""
        return self.get_context_state(None)
