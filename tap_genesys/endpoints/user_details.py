"""What users were in, span by span: by job up to the watermark, by query from there to now.

A span begins, and later it has an end. The vendor stores it on its start day, and once it has ended
on its end day too, not on the days between. Some ends are corrected, days later.

A row with an end is not older than any other of its span. One without can be: a job emits it only
when the lake knows at least as much as everything that was emitted before.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from typing_extensions import override

from tap_genesys.api.entries import EntryPaginator
from tap_genesys.api.response import body
from tap_genesys.config.settings import ReadRange
from tap_genesys.endpoints.derived_tables import FeedingStream, TableStream
from tap_genesys.endpoints.queries import moment
from tap_genesys.endpoints.query_or_job import QueryOrJobStream
from tap_genesys.endpoints.windowed import UNSETTLED
from tap_genesys.replication.query_passes import BEGINNING, LEASE
from tap_genesys.replication.rechecks import RecheckSchedule
from tap_genesys.replication.windows import DAY, MILLISECOND, Window, iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.pagination import BaseAPIPaginator

    from tap_genesys.api.response import Record

#: At this age a day is read again: the vendor corrects what is between 48 hours and some five days
#: old (its help page "Why can my data change?").
SETTLED_DAYS = 5
_EVER = Window(BEGINNING, datetime.max.replace(tzinfo=UTC))


class UserDetailsTable(TableStream):
    """Another kind of spans of the same answers."""

    replication_key = "startTime"
    selected_by_default = False
    #: The field of a user's details that holds the spans.
    spans: ClassVar[str]
    #: What tells two spans apart that begin at the same moment.
    told_by: ClassVar[tuple[str, ...]]

    @cached_property
    def known_fields(self) -> frozenset[str]:
        """The fields of its schema."""
        properties: dict[str, Any] = self.schema["properties"]
        return frozenset(properties)


class UserDetailsStream(FeedingStream, QueryOrJobStream):
    """The spans that a user's details hold, a row for each; tables take the other kinds of them.

    The state has, beside the bookmark, which belongs to jobs unless the source is `query`:

    - `knownUpTo`: nothing that was emitted knows what happened at that moment or later;
    - `readTo`: all that began or ended before it was emitted, by whichever lane; a query starts
      here. It is behind the bookmark where a job had to leave out spans that go on;
    - `recheckedUpTo`: the first day that has not been read at the age of five days.
    """

    source_setting = "user_details_source"
    primary_keys = ("_id",)
    replication_key = "startTime"
    selected_by_default = False
    #: As for a table.
    spans: ClassVar[str]
    told_by: ClassVar[tuple[str, ...]]

    #: `job` or `query`, the lane that is being read.
    _source = "query"
    #: Whether a job may emit spans without an end.
    _may_be_open = True
    #: All that is read by the present lane.
    _reading: Window = _EVER
    #: When the response that is being read was taken.
    _taken: datetime
    _read_to: datetime
    _ladder: RecheckSchedule

    @property
    @override
    def keyed_by(self) -> tuple[str, ...]:
        return ("userId",)

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, DAY)

    @override
    def question(self, window: Window) -> dict[str, Any]:
        return {"interval": str(window), "order": "asc"}

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        seconds = float(self.config["empty_page_wait_seconds"])
        self.paginator = EntryPaginator(
            page_size=self.page_size,
            where=self.where,
            empty_tries=int(self.config["empty_page_max_tries"]),
            wait=lambda: self._wait_for_page(seconds),
        )
        return self.paginator

    @property
    @override
    def default_lookback(self) -> timedelta:
        # The lake knows all that is before its watermark.
        return super().default_lookback if self.source == "query" else timedelta(0)

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        bookmark = self.bookmark(context)
        asked = self.span(bookmark)
        self.announce(asked, bookmark)
        self._begin(bookmark, asked)
        if self.source == "query":
            yield from self._by_query(min(asked.start, self._read_to), asked)
            return
        yield from self._by_job(asked, has_history=bookmark is not None)
        if self.source == "auto":
            yield from self._by_query(self._read_to, asked)

    def _begin(self, bookmark: datetime | None, asked: ReadRange) -> None:
        configured = self.config.get("start_date")
        oldest = parse(configured) if configured else BEGINNING if bookmark else asked.start
        kept = self._state.get("readTo") if bookmark else None
        self._read_to = max(parse(kept) if kept else bookmark or asked.start, oldest)
        marks = (self._state.get("recheckedUpTo") or {}) if bookmark else {}
        self._ladder = RecheckSchedule([SETTLED_DAYS], marks=marks, bookmark=bookmark, since=oldest)

    def _by_job(self, asked: ReadRange, *, has_history: bool) -> Iterator[Record]:
        told = self._told(has_history=has_history)
        self._source, self._may_be_open = "job", self.watermark >= told
        self._tell(max(told, self.watermark))
        # What ends at the very watermark may not be known; both lanes' next reading touches it.
        limit = min(self.watermark - MILLISECOND, asked.end)
        start = min(asked.start, self._read_to) if self._may_be_open else asked.start
        self._reading = Window(start, limit)

        def finish(window: Window) -> None:
            self.promise(window.end, asked.start)
            if self._may_be_open:
                self._reach(window.end)
            self._finish_day(window)

        try:
            windows = self.jobs_windows(start, limit)
            yield from self.read_by_job(windows, self._rows_of_job, finish)
            days = self._ladder.due(self.watermark, min(self.bookmark() or asked.start, limit))
            yield from self.read_by_job(iter(days), self._rows_of_day, self._finish_day)
        finally:
            self.jobs.close()

    def _rows_of_job(self, window: Window) -> Iterator[Record]:
        return self.job_rows(self.question(window))

    def _rows_of_day(self, window: Window) -> Iterator[Record]:
        self._reading = window
        return self._rows_of_job(window)

    def _finish_day(self, window: Window) -> None:
        self._note_read(window, self.watermark)
        self.write_state()

    def _by_query(self, start: datetime, asked: ReadRange) -> Iterator[Record]:
        """Yield what queries read; a run that is killed has noted until when it may emit."""
        self._source, self._reading = "query", Window(start, asked.end)
        told = self._told(has_history=self.bookmark() is not None)
        self._tell(max(told, self.run.now() + LEASE))
        yield from self.read_span(ReadRange(start, asked.end, asked.start_is_configured))
        if self.source == "query":
            reached = min(self.bookmark() or asked.start, asked.end)
            for day in self._ladder.due(self.run.started, reached):
                self._reading = day
                yield from self.read_windows([day])
        self._tell(max(told, self.run.now() + MILLISECOND))

    @override
    def finish_window(self, *, whole: bool) -> None:
        if whole:
            self._note_read(self.window, self.run.started)
        super().finish_window(whole=whole)

    @override
    def _promise_window(self, end: datetime) -> None:
        if self.source == "query":
            super()._promise_window(end)
        if self._complete:
            self._reach(end)

    def _reach(self, end: datetime) -> None:
        """Note that all that began or ended before a moment is out, as far as that is settled."""
        self._read_to = max(self._read_to, min(end, self.run.started - UNSETTLED))
        self._state["readTo"] = iso(self._read_to)

    def _note_read(self, window: Window, truth: datetime) -> None:
        self._ladder.read(window, truth)
        self._state["recheckedUpTo"] = self._ladder.marks

    @override
    def rows_of(self, response: requests.Response) -> Iterator[Record]:
        self._taken = self.run.now()
        self._prolong(response)
        for table in cast("Iterable[UserDetailsTable]", self._tables.values()):
            found = self._spans_in(response, table)
            made = [*self._from_lane(self.with_own_columns(found, table.known_fields))]
            table.emit(made)
            table.count(len(made))
        yield from self._from_lane(super().rows_of(response))

    @override
    def read_at(self) -> datetime:
        return self._taken

    @override
    def records_of(self, response: requests.Response) -> list[Record]:
        return self._spans_in(response, self)

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # The tables' rows are made of the answer, not of this stream's records.
        return ()

    def _spans_in(
        self, response: requests.Response, kind: UserDetailsStream | UserDetailsTable
    ) -> list[Record]:
        found = []
        for user in body(response).get("userDetails") or []:
            shown = self.shown({"userId": user.get("userId")})["userId"]
            for span in user.get(kind.spans) or []:
                start = moment(span, "startTime")
                if not self._is_wanted(start, moment(span, "endTime")):
                    continue
                # A date is written with milliseconds or without; the key is the same.
                begun = iso(start) if start else span.get("startTime")
                told = [shown, begun, *(span.get(name) for name in kind.told_by)]
                key = "/".join(map(str, told))
                found.append({**span, "userId": user.get("userId"), "_id": key})
        return found

    def _is_wanted(self, start: datetime | None, end: datetime | None) -> bool:
        """Whether a span belongs to the present window, and may be emitted.

        One that two windows return belongs to that in which it ends, or has begun if it goes on:
        windows are read ahead, and a lost job is submitted again, so that either can be the older.
        What began before all of them, and goes on, is out already.
        """
        if end is None and self._source == "job" and not self._may_be_open:
            return False
        has_ended = end is not None and end <= self._reading.end
        at = end if has_ended else start
        return at is None or self.window.start <= at <= self.window.end

    def _from_lane(self, rows: Iterable[Record]) -> Iterator[Record]:
        for row in rows:
            row["_source"] = self._source
            yield row

    def _prolong(self, response: requests.Response) -> None:
        """Note it before a response is emitted that can know more than all before."""
        told = parse(self._state["knownUpTo"])
        if self._source == "query":
            if self._taken >= told:
                self._tell(self._taken + LEASE)
            return
        # A job knows what the lake knew when it was submitted, which goes on while a run reads.
        known = moment(body(response), "dataAvailabilityDate")
        if known is not None and known > told:
            self._tell(known)

    def _told(self, *, has_history: bool) -> datetime:
        """Return what may be known of what was emitted: all that happened before this moment."""
        kept = self._state.get("knownUpTo")
        if not kept:
            # What was read by something that kept no such moment may be as young as this run.
            return self.run.started + MILLISECOND if has_history else BEGINNING
        # Without the other marks it is of a version that meant the moment itself, too.
        return parse(kept) + (timedelta(0) if "readTo" in self._state else MILLISECOND)

    def _tell(self, told: datetime) -> None:
        """Write up to when what is emitted can be true."""
        self._state["knownUpTo"] = iso(told)
        self._state["readTo"] = iso(self._read_to)
        self.write_state()

    @property
    def _state(self) -> dict[str, Any]:
        return self.get_context_state(None)
