"""User details: spans of presences and routing statuses, by job and, from the watermark, by query.

The vendor stores a span on the day of its start and, once it has ended, also on the day of its end,
not on the days between. It corrects some ends days later.

A row with an end is never older than another row of its span. A row without an end can be: a job
emits it only if the data lake's watermark is at least that of everything emitted before.

A span that was emitted with its end is emitted only once more, by the re-check after five days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from typing_extensions import override

from tap_genesys.api.entries import EntryPaginator
from tap_genesys.api.response import body
from tap_genesys.endpoints.missing_history import log_missing_history
from tap_genesys.endpoints.query_or_job import QueryOrJobStream, moment
from tap_genesys.endpoints.source_costs import UserDetailsCost
from tap_genesys.records.usable import is_identity, parted
from tap_genesys.replication.emitted_spans import BEFORE_READ_TO
from tap_genesys.replication.user_details_plan import READ_TO, UserDetailsPlan
from tap_genesys.replication.windows import DAY, iso, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.pagination import BaseAPIPaginator

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.replication.plan import PlanInputs, Read
    from tap_genesys.replication.windows import Window

#: The age at which a day is read again, since the vendor corrects data that is between 48 hours and
#: about five days old (its help page "Why can my data change?").
SETTLED_DAYS = 5


@dataclass(frozen=True, slots=True)
class Spans:
    """A kind of span in a user's details.

    Args:
        name: The field of the spans: `{"userDetails": [{"routingStatus": [...]}]}`.
        distinguished_by: The fields that distinguish spans with the same start.
    """

    name: str
    distinguished_by: tuple[str, ...]


class SpanTable(Protocol):
    """A derived table of another kind of span in the same responses."""

    spans: ClassVar[Spans]


class UserDetailsStream(QueryOrJobStream):
    """Spans of one kind, one row each; derived tables have the other kinds."""

    source_setting = "user_details_source"
    primary_keys = ("_id",)
    replication_key = "startTime"
    selected_by_default = False
    #: The kind of span of the stream's rows.
    spans: ClassVar[Spans]

    plan: UserDetailsPlan
    #: The moment of the present response.
    _taken: datetime
    #: Whether a page stayed empty in this run, accepted or not.
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
    def query_body(self, window: Window) -> dict[str, Any]:
        return {"interval": str(window), "order": "asc"}

    @override
    def job_body(self, read: Read) -> dict[str, Any]:
        return self.query_body(read.window)

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
        plan = UserDetailsPlan(self.own_state, inputs, margin=margin)
        log_missing_history(self.logger, plan.history, inputs)
        return plan

    @property
    @override
    def queried_up_to(self) -> str | None:
        bookmark: str | None = self.entry.get("replication_key_value")
        read_to: str | None = self.entry.get(READ_TO)
        return read_to if bookmark and self.source == "auto" else bookmark

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        self._has_holes = False
        yield from super().read(context)
        if not (self._has_holes or self.holes.has_unusable):
            # The SDK writes it with the STATE at the end of the stream.
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
        for table in self.fan_out.tables:
            if self.fan_out.takes(table):
                spans = self._spans_in(response, cast("SpanTable", table).spans)
                usable = self.holes.usable(spans, self.record_keys)
                table.emit([*table.pipeline.rows(usable, self.keeps, own)])
        streams = self.present.streams
        if not streams or self.name in streams:
            yield from self.rows_of(self.extract(response))

    @override
    def read_at(self) -> datetime:
        return self._taken

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # The tables' rows come from the response, not from this stream's records.
        return ()

    @override
    def extract(self, response: requests.Response) -> list[Any]:
        return self._spans_in(response, self.spans)

    def _spans_in(self, response: requests.Response, kind: Spans) -> list[Any]:
        """Return the spans of a kind with their keys; None is the key without a start or user."""
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
                    # A date with or without milliseconds gives the same key.
                    redacted = self.redacted({"userId": user_id})["userId"]
                    distinguished = (span.get(name) for name in kind.distinguished_by)
                    key = "/".join(map(str, (redacted, iso(start), *distinguished)))
                spans.append({**span, "userId": user_id, "_id": key})
        return spans

    @override
    def keeps(self, record: Record) -> bool:
        """Return whether a span belongs to the present window, and may be emitted.

        If two windows return a span, it belongs to that of its end, or of its start if it has no
        end: since windows are prefetched, and jobs resubmitted, either response can be the older.
        An open span that began before all windows has been emitted by an earlier run.
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
