"""Queries that are requested for one window of time after the other."""

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
from tap_genesys.endpoints.probes import Probes
from tap_genesys.endpoints.reading import Reading
from tap_genesys.endpoints.stream import GenesysStream
from tap_genesys.errors import StopRun, TooManyRows
from tap_genesys.replication.old_data import OldData
from tap_genesys.replication.windows import UNSETTLED, Window, halves, iso, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.pagination import BaseAPIPaginator

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.request_loop import PlannedRequest
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.replication.old_data import Horizon
    from tap_genesys.replication.read_range import ReadRange

#: No window is cut to parts below this because of time-outs.
SHORTEST_AFTER_TIME_OUTS = timedelta(hours=1)


class WindowedStream(GenesysStream):
    """A query that is requested for one window after the other: `POST`, pages in the body.

    The bookmark is the moment before which every record has been emitted. It moves only here, after
    a whole window, never backwards, never over a window with a hole, and never to within half an
    hour of the run's start. The SDK would move it with each record, or at the end.
    """

    http_method = "POST"
    is_windowed = True
    is_derived: ClassVar[Literal[False]] = False
    window: Window
    #: How many requests a window is, where it has one page.
    requests_of_window: ClassVar[int] = 1
    #: Windows that come after the present one.
    _later: Sequence[Window] = ()

    _complete: bool
    _promises_from: datetime
    #: The part of the range that is so old that it may not be returned, where an age is known.
    _old: OldData | None = None
    _is_second_reading = False

    @abstractmethod
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Return the windows to request, in the order of time."""

    @abstractmethod
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        """Return the body of the request for a page of a window."""

    def rest_of_window(self) -> Iterator[Record]:
        """Yield what belongs to the present window and did not come with its pages."""
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
        """The field by which it is read, in Markdown."""
        return f"`{self.replication_key}`"

    @property
    def cost(self) -> Cost:
        """The requests that reading it takes."""
        return PerWindow(self.windows, self.lookback, self.requests_of_window)

    def probes(self, parent: Sample | None, day: Window) -> Probes:  # noqa: ARG002 - users differ
        """Return the requests for a day."""
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
        # Rows that arrive between two pages are never missed where these come in their order.
        pages = () if self._is_second_reading else self.paginator.ahead()
        for page in islice(pages, self.max_parallel):
            yield self.window, page
        for window in self._later:
            yield window, Page(1)

    @property
    def horizon(self) -> Horizon | None:
        """The age from which on rows may not be returned; None where none is known."""
        return None

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        rows = super().get_records(context)
        for row in rows:
            if self._old:
                self._old.end(self.window.start)
            yield row
            # Only the first one matters.
            yield from rows
        if self._old and self.name not in self.run.skipped:
            self._old.end(self.window.end)

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        bookmark = self.bookmark(context)
        span = self.range_from(bookmark)
        self.announce(span, bookmark)
        yield from self.read_range(span)

    def read_range(self, span: ReadRange) -> Iterator[Record]:
        """Yield the records of a range, window by window; the bookmark follows."""
        self.begin_range(span.start)
        yield from self.read_windows(self.windows(span.start, span.end))
        self.end_range()

    def begin_range(self, start: datetime) -> None:
        """Note that windows are read from here on without a gap; the bookmark may follow."""
        self._promises_from, self._complete = start, True

    def end_range(self) -> None:
        """Log old data that did not come, if none came at all, and move the bookmark over it."""
        if self._old and self._old.is_empty:
            self._old.end(self._old.empty_until)
            self.promise_window(self._old.empty_until)

    def read_windows(self, windows: Iterable[Window]) -> Iterator[Record]:
        """Yield the records of windows, one after the other; later ones are prefetched."""
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
        """Yield a window's records; one with too many to page through is split.

        Raises:
            StopRun: It has too many rows, and splitting it does not help.
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
        """Yield the records of a window; one that is too large is split, and its halves are read.

        It is too large where it has more rows than can be paged through or a job returns, where its
        response is too large, or where it times out.

        Args:
            window: The window, or a part of it.
            reading: How the present window is read.
            is_begun: Whether it is the first half of a window that was begun already.
            parent_rows: The rows that the whole promised of which this is a half.
        """
        self.run.interruption.check()
        self.window = window
        if not is_begun:
            reading.begin()
        try:
            yield from reading.read()
        except TooManyRows as error:
            parts = self.parts_of(window)
            # A half that promises as much as the whole: the server counts whole days.
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
        """Yield the present window's records again; what came in either reading has come."""
        first = self.paginator.completeness
        self.logger.info(
            "%s: expected %d rows, received %d: no later run reads them again. Once more.",
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

        Where it reads a part of it, that part has to hold all that no run has read before.
        """
        reached = min(read_range(self.config, self.run.started).end, self.run.started - UNSETTLED)
        again_from, start = reached - self.lookback, self.window.start
        return again_from < self.window.end and again_from <= max(start, self.bookmark() or start)

    def parts_of(self, window: Window) -> tuple[Window, Window] | None:
        """Return the two windows that are read instead of one; None where it cannot be cut."""
        return halves(window)

    @override
    def can_be_split(self) -> bool:
        parts = self.parts_of(self.window) or ()
        return bool(parts) and all(part.length >= SHORTEST_AFTER_TIME_OUTS for part in parts)

    def begin_window(self) -> None:
        """Get ready for the window."""

    def read_too_large(self, error: TooManyRows) -> Iterator[Record]:
        """Yield the present window's records although a query cannot page through them.

        Raises:
            StopRun: There is no other way.
        """
        raise StopRun(str(error)) from error

    def finish_window(self, *, whole: bool) -> None:
        """Move the bookmark over the window, if all before is whole, and write STATE."""
        self._complete = self._complete and whole
        if not (self._old and self._old.holds(self.window)):
            self.promise_window(self.window.end)
        self.write_state()

    def promise_window(self, end: datetime) -> None:
        """Move the bookmark to the end of a window, if all before is whole."""
        if self._complete:
            self.promise(end, self._promises_from)

    def before_state(self) -> None:
        """Write all that a STATE is about to promise."""

    def write_state(self) -> None:
        """Write STATE, after all that it promises."""
        self.before_state()
        self._tap.write_message(StateMessage(value=self._tap.state))

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Return nothing: the bookmark needs no cap, it is never ahead of what was printed."""

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """Return the bookmark: which of the two counts is decided here, not by the SDK."""
        return value

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark alone: a record is no sign of those before it."""

    def bookmark(self, context: Context | None = None) -> datetime | None:
        """Return up to where every record has been printed, by an earlier run or by this one."""
        value = self.get_context_state(context).get("replication_key_value")
        if value is None or self.replication_method == REPLICATION_FULL_TABLE:
            return None
        try:
            return parse(value)
        except (TypeError, ValueError) as error:
            msg = (
                f"The state's bookmark of {self.name} is {value!r}, not a date; mend the state, "
                "or leave it out to start again at start_date."
            )
            raise StopRun(msg) from error

    def range_from(self, bookmark: datetime | None) -> ReadRange:
        """Return what this run reads: from the bookmark, less the look-back, or from the start."""
        configured = read_range(self.config, self.run.started)
        if bookmark is None:
            if configured.start > configured.end:
                raise StopRun(reversed_range(configured, self.run.started))
            return configured
        return configured.resumed(
            bookmark, self.lookback, started=self.run.started, warn=self.logger.warning
        )

    @property
    def lookback(self) -> timedelta:
        """How far before the bookmark a run starts again."""
        configured = self.config.get("lookback_days")
        return self.default_lookback if configured is None else timedelta(days=float(configured))

    @property
    def default_lookback(self) -> timedelta:
        """How far that is when nothing is configured."""
        return timedelta(days=1)

    def oldest_wanted(self, bookmark: datetime | None, span: ReadRange) -> datetime:
        """Return the first moment that is wanted at all, of what this run and later ones read."""
        return oldest_wanted(self.config, bookmark, span)

    def announce(self, span: ReadRange, bookmark: datetime | None) -> None:
        """Log what this run reads."""
        self.logger.info(
            "Reading %s from %s to %s (%s).",
            self.name,
            iso(span.start),
            iso(span.end),
            f"the bookmark is {iso(bookmark)}" if bookmark else "there is no bookmark",
        )
        self.window = Window(span.start, span.start)
        if horizon := self.horizon:
            now = self.run.started
            self._old = OldData(self.name, span.start, now, horizon, self.logger)

    def promise(self, end: datetime, start: datetime) -> None:
        """Move the bookmark to the end of what was read, as far as that is settled.

        Args:
            end: Up to where every record has been printed.
            start: From where on, in this run.
        """
        if self.replication_method == REPLICATION_FULL_TABLE:
            return
        reached = min(end, self.run.started - UNSETTLED)
        if reached > (self.bookmark() or start):
            self.keep_bookmark(reached)

    def keep_bookmark(self, moment: datetime) -> None:
        """Write the bookmark into the state."""
        self.own_state["replication_key"] = self.replication_key
        self.own_state["replication_key_value"] = iso(moment)

    @property
    def own_state(self) -> dict[str, Any]:
        """The stream's part of the state."""
        return self.get_context_state(None)
