"""What users were in, span by span: by job up to the watermark, by query from there to now.

A span begins, and later it has an end; nothing else about it changes. So a row with an end is
final, whichever lane it came from, and only one without can be older than what is printed already.
A job prints those only when the lake knows at least as much as everything that was printed before.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from typing_extensions import override

from tap_genesys.answers import body
from tap_genesys.derived import FeedingStream, TableStream
from tap_genesys.handover import BEGINNING, LEASE
from tap_genesys.lake import LakeStream
from tap_genesys.queries import moment
from tap_genesys.windows import DAY, Window, iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import requests
    from singer_sdk.helpers.types import Context

    from tap_genesys.answers import Record
    from tap_genesys.settings import Span

_MOMENT = timedelta(milliseconds=1)


class SpanTable(TableStream):
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


class SpanStream(FeedingStream, LakeStream):
    """The spans that a user's details hold, a row for each; tables take the other kinds of them.

    The bookmark says up to where all that has ended was printed; by `auto` and `jobs` it belongs to
    the jobs, and the query reads from there to now in each run. Beside it the state keeps `told`, a
    moment: nothing that was printed is a later truth.
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
    #: Whether a job may print spans without an end.
    _may_be_open = True
    _bookmark_follows = True
    #: Where the reading of the lane began.
    _begins = BEGINNING

    @property
    @override
    def identity(self) -> str:
        return "userId"

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
    def read(self, context: Context | None) -> Iterator[Record]:
        bookmark = self.bookmark(context)
        asked = self.span(bookmark)
        self.announce(asked, bookmark)
        if self.source == "query":
            yield from self._by_query(asked.start, self.read_span(asked))
            return
        yield from self._by_job(asked, has_history=bookmark is not None)
        if self.source == "auto":
            start = max(self.bookmark() or asked.start, asked.start)
            self._bookmark_follows = False
            windows = self.windows(start, asked.end)
            yield from self._by_query(start, self.read_windows(windows))

    def _by_job(self, asked: Span, *, has_history: bool) -> Iterator[Record]:
        kept = self._state.get("told")
        # What was read by something that kept no such moment may be as young as this run.
        told = parse(kept) if kept else self.run.started if has_history else BEGINNING
        self._source, self._may_be_open = "job", self.watermark >= told
        self._tell(max(told, self.watermark))
        self._begins = asked.start
        # What ends at the very watermark may not be known; both lanes' next reading touches it.
        limit = min(self.watermark - _MOMENT, asked.end)

        def finish(window: Window) -> None:
            self.promise(window.end, asked.start)
            self.write_state()

        try:
            windows = self.jobs_windows(asked.start, limit)
            yield from self.read_by_job(
                windows, lambda one: self.job_rows(self.question(one)), finish
            )
        finally:
            self.jobs.close()

    def _by_query(self, start: datetime, reading: Iterator[Record]) -> Iterator[Record]:
        """Yield what queries read; a run that is killed has said until when it may print."""
        self._source, self._begins = "query", start
        self._tell(self.run.now() + LEASE)
        yield from reading
        self._tell(self.run.now())

    @override
    def finish_window(self, *, whole: bool) -> None:
        if self._bookmark_follows:
            super().finish_window(whole=whole)
        else:
            self.write_state()

    @override
    def rows_of(self, response: requests.Response) -> Iterator[Record]:
        self._prolong(response)
        for table in cast("Iterable[SpanTable]", self._tables.values()):
            found = self._spans_in(response, table)
            made = [*self._from_lane(self.with_own_columns(found, table.known_fields))]
            table.emit(made)
            table.count(len(made))
        yield from self._from_lane(super().rows_of(response))

    @override
    def records_of(self, response: requests.Response) -> list[Record]:
        return self._spans_in(response, self)

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # The tables' rows are made of the answer, not of this stream's records.
        return ()

    def _spans_in(self, response: requests.Response, kind: SpanStream | SpanTable) -> list[Record]:
        found = []
        for user in body(response).get("userDetails") or []:
            shown = self.shown({"userId": user.get("userId")})["userId"]
            for span in user.get(kind.spans) or []:
                if not self._is_wanted(span):
                    continue
                told = [shown, span.get("startTime"), *(span.get(name) for name in kind.told_by)]
                key = "/".join(map(str, told))
                found.append({**span, "userId": user.get("userId"), "_id": key})
        return found

    def _is_wanted(self, span: Record) -> bool:
        """Whether a span is not older than what was printed."""
        if span.get("endTime"):
            return True
        if self._source == "job" and not self._may_be_open:
            return False
        # The window before has told it, and may have been asked later than this one: windows are
        # asked for ahead, and a job that is lost is submitted again.
        start = moment(span, "startTime")
        return start is None or start >= self.window.start or self.window.start <= self._begins

    def _from_lane(self, rows: Iterable[Record]) -> Iterator[Record]:
        for row in rows:
            row["_source"] = self._source
            yield row

    def _prolong(self, response: requests.Response) -> None:
        """Note it before an answer is printed that can be a later truth than all before."""
        told = parse(self._state["told"])
        if self._source == "query":
            now = self.run.now()
            if now > told:
                self._tell(now + LEASE)
            return
        # A job knows what the lake knew when it was submitted, which goes on while a run reads.
        known = moment(body(response), "dataAvailabilityDate")
        if known is not None and known > told:
            self._tell(known)

    def _tell(self, told: datetime) -> None:
        """Write up to when what is printed can be true."""
        self._state["told"] = iso(told)
        self.write_state()

    @property
    def _state(self) -> dict[str, Any]:
        return self.get_context_state(None)
