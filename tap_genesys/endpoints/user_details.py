"""Users' presences and routing statuses, span by span: by job, and from its watermark by query.

A span begins, and later it has an end. The vendor stores it on its start day, and once it has ended
on its end day too, not on the days between. Some ends are corrected, days later.

A row with an end is not older than any other of its span. One without can be: a job emits it only
when the lake knows at least as much as everything that was emitted before.

One that was emitted with its end is emitted once more only, by the re-check at five days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from typing_extensions import override

from tap_genesys.api.entries import EntryPaginator
from tap_genesys.api.response import body
from tap_genesys.endpoints.query_or_job import QueryOrJobStream, moment
from tap_genesys.endpoints.source_costs import UserDetailsCost
from tap_genesys.records.usable import is_identity, parted
from tap_genesys.replication.emitted_spans import BEFORE_READ_TO
from tap_genesys.replication.user_details_plan import UserDetailsPlan
from tap_genesys.replication.windows import DAY, iso, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.pagination import BaseAPIPaginator

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.records.pipeline import RecordPipeline
    from tap_genesys.replication.plan import PlanInputs, Read
    from tap_genesys.replication.windows import Window

#: At this age a day is read again: the vendor corrects what is between 48 hours and some five days
#: old (its help page "Why can my data change?").
SETTLED_DAYS = 5


@dataclass(frozen=True, slots=True)
class Spans:
    """One kind of spans of a user's details.

    Args:
        name: The field that holds them: `{"userDetails": [{"routingStatus": [...]}]}`.
        distinguished_by: The fields that differ between two spans that begin at the same moment.
    """

    name: str
    distinguished_by: tuple[str, ...]


class SpanTable(Protocol):
    """A table of another kind of spans of the same responses."""

    spans: ClassVar[Spans]
    pipeline: RecordPipeline

    def emit(self, table_rows: list[Record]) -> None:
        """Write and count rows."""


class UserDetailsStream(QueryOrJobStream):
    """The spans that a user's details hold, a row for each; tables take the other kinds of them."""

    source_setting = "user_details_source"
    primary_keys = ("_id",)
    replication_key = "startTime"
    selected_by_default = False
    #: The spans that are its rows.
    spans: ClassVar[Spans]

    plan: UserDetailsPlan
    #: When the response that is being read was taken.
    _taken: datetime
    #: Whether a page stayed empty in this run, also where that is accepted.
    _has_holes: bool

    @property
    @override
    def key_columns(self) -> tuple[str, ...]:
        return ("userId",)

    @property
    @override
    def cost(self) -> Cost:
        return UserDetailsCost(self.sources)

    # -- requests

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, DAY)

    @override
    def question(self, window: Window) -> dict[str, Any]:
        return {"interval": str(window), "order": "asc"}

    @override
    def job_question(self, read: Read) -> dict[str, Any]:
        return self.question(read.window)

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        self.paginator = EntryPaginator(
            page_size=self.page_size,
            where=self.label,
            empty_tries=int(self.config["empty_page_max_tries"]),
            wait=self.wait_for_page,
        )
        return self.paginator

    # -- the plan

    @property
    @override
    def recheck_ages(self) -> Iterable[float]:
        return [SETTLED_DAYS]

    @override
    def make_plan(self, inputs: PlanInputs) -> UserDetailsPlan:
        margin = timedelta(0) if self.config["emit_unchanged"] else BEFORE_READ_TO
        return UserDetailsPlan(self.own_state, inputs, margin=margin)

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        self._has_holes = False
        yield from super().read(context)
        if not (self._has_holes or self.holes.has_unusable):
            # It is in the STATE that the SDK writes when a stream has ended.
            self.plan.note_emitted(self.bookmark())

    @override
    def is_whole(self) -> bool:
        self._has_holes = self._has_holes or bool(self.paginator.completeness.holes)
        return super().is_whole()

    @override
    def finish_window(self, *, whole: bool) -> None:
        self.note_finished(is_whole=whole)
        super().finish_window(whole=whole)

    @override
    def promise_window(self, end: datetime) -> None:
        if self.source == "query":
            super().promise_window(end)
        if self._complete:
            self.plan.reach(end)

    @override
    def finish_job_window(self, *, whole: bool) -> None:
        if self.present.purpose == "forward":
            self._complete = self._complete and whole
            if self._complete:
                self.promise(self.window.end, self._promises_from)
                if self.plan.may_be_open:
                    self.plan.reach(self.window.end)
        self.note_finished(is_whole=whole)
        self.write_state()

    # -- rows

    @override
    def page_rows(self, response: requests.Response) -> Iterator[Record]:
        self._taken = self.run.now()
        self.note_knowledge(response, self._taken)
        own = self.own_columns()
        for table in cast("Iterable[SpanTable]", self.fan_out.tables):
            spans = self.holes.usable(self._spans_in(response, table.spans), self.record_keys)
            table.emit([*table.pipeline.rows(spans, self.keeps, own)])
        yield from self.rows_of(self.extract(response))

    @override
    def read_at(self) -> datetime:
        return self._taken

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # The tables' rows are made of the response, not of this stream's records.
        return ()

    @override
    def extract(self, response: requests.Response) -> list[Any]:
        return self._spans_in(response, self.spans)

    def _spans_in(self, response: requests.Response, kind: Spans) -> list[Any]:
        """Return the spans of a kind, each with its key; none where it cannot be made."""
        users, unusable = parted(body(response).get("userDetails"))
        spans: list[Any] = [*unusable]
        for user in users:
            user_id = user.get("userId")
            own_spans, unusable = parted(user.get(kind.name))
            spans += unusable
            for span in own_spans:
                start = moment(span, "startTime")
                key = None
                if start and is_identity(user_id):
                    # A date is written with milliseconds or without; the key is the same.
                    redacted = self.redacted({"userId": user_id})["userId"]
                    distinguished = (span.get(name) for name in kind.distinguished_by)
                    key = "/".join(map(str, (redacted, iso(start), *distinguished)))
                spans.append({**span, "userId": user_id, "_id": key})
        return spans

    @override
    def keeps(self, record: Record) -> bool:
        """Return whether a span belongs to the present window, and may be emitted.

        One that two windows return belongs to that in which it ends, or has begun if it goes on:
        windows are prefetched, and a lost job is submitted again, so that either can be the older.
        One that began before all of them, and goes on, is out already.
        """
        start, end = moment(record, "startTime"), moment(record, "endTime")
        if end is None and self.present.by == "job" and not self.plan.may_be_open:
            return False
        within = self.present.within
        has_ended = end is not None and (within is None or end <= within.end)
        at = end if has_ended else start
        if at is not None and not self.window.start <= at <= self.window.end:
            return False
        if end is None or not self.plan.is_emitted(self.present, end):
            return True
        self.counts.unchanged += 1
        return False
