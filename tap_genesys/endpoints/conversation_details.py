"""Conversation details: by job, complete but late, or by query, fresh but without attributes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from tap_genesys.api.response import refusal
from tap_genesys.api.status import ResponseAction
from tap_genesys.endpoints.missing_history import log_missing_history
from tap_genesys.endpoints.query_or_job import QueryOrJobStream, moment
from tap_genesys.endpoints.reading import Reading, no_rest
from tap_genesys.endpoints.source_costs import ConversationDetailsCost
from tap_genesys.errors import StopRun, TooManyRows
from tap_genesys.records.moments import latest_moment
from tap_genesys.replication.conversation_plan import WATERMARK, ConversationPlan
from tap_genesys.replication.emitted import query_mark
from tap_genesys.replication.fingerprint import EMITTED
from tap_genesys.replication.lanes import lane_of
from tap_genesys.replication.query_passes import BEGINNING
from tap_genesys.replication.windows import (
    MILLISECOND,
    SHORTEST,
    UNSETTLED,
    Window,
    iso,
    parse,
    split,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import requests
    from singer_sdk.helpers.types import Context

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.probes import Probes
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.replication.plan import PlanInputs, Read

#: The vendor's limits to a query's interval, without and with a filter.
LONGEST_UNFILTERED = timedelta(days=7)
LONGEST_FILTERED = timedelta(days=31)
_CEILING = re.compile(r"Pagination may not exceed", re.IGNORECASE)


class ConversationDetailsStream(QueryOrJobStream):
    """Reads by job up to the data lake's watermark, and by query from there to now.

    A query returns the conversations that started on a UTC day which the interval touches, or only
    those of them that overlap it; the vendor does not document which, nor whether the bounds are
    inclusive. So the stream itself selects the conversations that started in the window. A job
    returns the conversations that were active in its interval.
    """

    source_setting = "conversation_details_source"
    heads_report = True

    plan: ConversationPlan
    #: Ids of conversations that this run emitted and that last beyond the window before, and beyond
    #: the present one.
    _ongoing: frozenset[str] = frozenset()
    _going_on: set[str]
    #: Conversations that started at the end of the last window, with their response's moment. A
    #: server whose interval includes its end but not its start returns them with that window only.
    _at_end: dict[str, tuple[Record, datetime]]
    _owed: dict[str, tuple[Record, datetime]]
    #: Ids of the present read's conversations, of which its parts may return one twice.
    _in_read: set[str]

    @property
    @override
    def cost(self) -> Cost:
        return ConversationDetailsCost(self.sources)

    @override
    def probes(self, parent: Sample | None, day: Window) -> Probes:
        return replace(
            super().probes(parent, day),
            is_page=bool(self.fan_out.tables),
            # A query of a day's last minute returns its conversations that last beyond it.
            going_on=self.request_for((Window(day.end - SHORTEST, day.end), None)),
        )

    # -- requests

    @override
    def query_body(self, window: Window) -> dict[str, Any]:
        body: dict[str, Any] = {
            "interval": str(window),
            "order": "asc",
            "orderBy": "conversationStart",
        }
        return body | {name: filters for name, filters in self._filters.items() if filters}

    @override
    def job_body(self, read: Read) -> dict[str, Any]:
        # A millisecond earlier: whether a job's interval includes its bounds is not documented, and
        # a conversation that starts and ends at the window's first moment must not be missed.
        body = self.query_body(Window(read.window.start - MILLISECOND, read.window.end))
        return body if read.by_activity else {**body, "startOfDayIntervalMatching": True}

    @cached_property
    def _filters(self) -> dict[str, list[dict[str, Any]]]:
        org_filters = self.run.org_filters
        return {
            "conversationFilters": [
                *(self.config.get("conversation_filters") or []),
                *org_filters.conversation_filters(),
            ],
            "segmentFilters": [
                *(self.config.get("segment_filters") or []),
                *org_filters.segment_filters(),
            ],
        }

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        longest = LONGEST_FILTERED if any(self._filters.values()) else LONGEST_UNFILTERED
        wanted = timedelta(days=float(self.config["window_days"]))
        if wanted > longest:
            self.logger.info(
                "window_days %g is lowered to %d, the maximum of %s.",
                float(self.config["window_days"]),
                longest.days,
                self.path,
            )
        yield from split(start, end, min(wanted, longest))

    @override
    def action_for(self, response: requests.Response) -> ResponseAction | None:
        is_refused = response.status_code == HTTPStatus.BAD_REQUEST
        if is_refused and _CEILING.search(refusal(response)):
            return ResponseAction.SPLIT
        return None

    # -- the plan

    @property
    @override
    def recheck_ages(self) -> Iterable[float]:
        return [float(age) for age in self.config["recheck_days"]]

    @override
    def make_plan(self, inputs: PlanInputs) -> ConversationPlan:
        self._at_end = {}
        plan = ConversationPlan(self.own_state, inputs)
        log_missing_history(self.logger, plan.history, inputs, "conversations")
        return plan

    @override
    def resumed_from(self, watermark: datetime | None) -> datetime | None:
        """Return the bookmark, lowered to the watermark if queries moved it beyond jobs' data."""
        bookmark = self.bookmark()
        if bookmark is None or watermark is None:
            return bookmark
        highest = self.own_state.get(WATERMARK)
        if highest is None:
            self.logger.warning(
                "Conversations up to %s were read by query, without participants' attributes. To "
                "load them again by job, run once without state (meltano run --full-refresh).",
                iso(bookmark),
            )
        if bookmark > max(watermark, parse(highest) if highest else BEGINNING):
            self.keep_bookmark(watermark)
            return watermark
        return bookmark

    @override
    def comes_again(self) -> bool:
        if self.present.purpose == "fresh":
            return True  # a later run reads it by job
        is_to_come = self.plan.schedule.is_to_come(self.window, self.run.started)
        return is_to_come or super().comes_again()

    @property
    @override
    def queried_up_to(self) -> str | None:
        bookmark: str | None = self.entry.get("replication_key_value")
        mark = query_mark(self.entry.get(EMITTED))
        # By query, the bookmark is theirs; else it is that of jobs, which may be ahead of them.
        if self.source == "query" or mark is None:
            return bookmark
        return max(bookmark or "", iso(mark.until))

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        self._in_read = set()
        return super().read_window(window)

    @override
    def finish_window(self, *, whole: bool) -> None:
        completeness = self.paginator.completeness
        is_short = bool(completeness.holes) or completeness.lacks_a_page
        if (is_short and self.present.by == "query") or self.holes.has_unusable:
            # Accepted, or left to jobs: in both cases the next run must not count them as emitted.
            self.plan.note_missing_rows()
        whole = self._follow_ups_are_whole() and whole
        self.note_finished(is_whole=whole)
        if self.present.purpose == "forward":
            super().finish_window(whole=whole)
        else:
            self.write_state()

    @override
    def finish_job_window(self, *, whole: bool) -> None:
        if self.holes.has_unusable:
            # Accepted or not.
            self.plan.note_missing_rows()
        whole = self._follow_ups_are_whole() and whole
        if self.present.purpose == "forward" and self.present.by_activity:
            self._ongoing = frozenset(self._going_on)
            self._complete = self._complete and whole
            self.promise_window(self.window.end)
        self.note_finished(is_whole=whole)
        self.write_state()

    def _follow_ups_are_whole(self) -> bool:
        """Write the rows of follow-up streams; return whether they are complete."""
        self.before_state()
        return not self.fan_out.take_incomplete()

    @override
    def read_too_large(self, error: TooManyRows) -> Iterator[Record]:
        read = self.part
        # Where earlier queries have read conversations beyond the watermark, a job's rows would be
        # older than theirs; with `auto`, that is all that is ever queried.
        is_fresh = read.purpose == "fresh"
        limit = None if is_fresh else self.plan.passes_before.limit(self.watermark)
        if limit is None or read.window.end > limit:
            msg = f"{error} Or set conversation_details_source to job."
            raise StopRun(msg) from error
        self.logger.info("%s The window is read by job instead.", error)
        self._owed = {}
        present, self.present = self.present, replace(self.present, by="job")
        self.enter(lane_of(self.present))
        yield from self.read_parts(read.window, Reading(self.job_rows, no_rest, self.refuse_job))
        self.window = read.window
        self.finish_window(whole=self.holes.are_accepted(self.label))
        self.present = present
        self.enter(lane_of(present))

    # -- rows

    @override
    def begin_window(self) -> None:
        # Only those at this window's start: a window that is re-read alone has no predecessor.
        self._owed = {
            name: (record, taken)
            for name, (record, taken) in self._at_end.items()
            if moment(record, "conversationStart") == self.window.start
        }
        self._at_end = {}

    @override
    def job_rows(self) -> Iterator[Record]:
        self._going_on = set()
        return super().job_rows()

    @override
    def page_rows(self, response: requests.Response) -> Iterator[Record]:
        self.note_knowledge(response, self.run.now())
        rows = self.rows_of(self.extract(response))
        streams = self.present.streams
        if not streams or self.name in streams:
            yield from rows
            return
        for conversation in rows:
            # The stream itself has the row, perhaps a newer one.
            self._sync_children(conversation)

    @override
    def rest_of_window(self) -> Iterator[Record]:
        for record, taken in [*self._owed.values()]:
            own = {**self.own_columns(), "_readAt": iso(taken)}
            yield from self.pipeline.rows([record], self.keeps, own)

    @override
    def keeps(self, record: Record) -> bool:
        start = moment(record, "conversationStart")
        if not self._belongs(record, start):
            return False
        if start is not None and self._is_emitted(record, start):
            self.counts.unchanged += 1
            return False
        return True

    def _belongs(self, record: Record, start: datetime | None) -> bool:
        """Return whether the present read has to emit a conversation."""
        if self.present.by_activity:
            return self._is_new(record, start)
        if self.present.by == "job":
            return start is None or start in self.window
        name = record.get("conversationId", "")
        starts = self.present.starts
        if start is None or start in (starts or self.window):
            self._owed.pop(name, None)
            return starts is None or self._is_first(name)
        if start == self.window.end:
            self._at_end[name] = record, self.run.now()
        return False

    def _is_first(self, name: str) -> bool:
        """Return whether no earlier part of the present read returned the conversation."""
        is_first = name not in self._in_read
        self._in_read.add(name)
        return is_first

    def _is_emitted(self, record: Record, start: datetime) -> bool:
        """Return whether an earlier run has emitted a conversation that has not changed since."""
        end = moment(record, "conversationEnd")
        if self._ends_now(end) and self.fan_out.follow_ups:
            return False
        return self.plan.has_emitted(self.present, start, end, lambda: self._latest(record))

    def _latest(self, record: Record) -> datetime | None:
        text = latest_moment(record, iso(self.run.now() + UNSETTLED))
        try:
            return parse(text)
        except ValueError:
            # No date, or an attribute that only looks like one: emit the conversation.
            return None

    def _is_new(self, record: Record, start: datetime | None) -> bool:
        """Return whether a conversation was active in the window, and not emitted before."""
        end = moment(record, "conversationEnd")
        if start is not None and not self.plan.oldest <= start < self.window.end:
            return False
        if end is not None and end < self.window.start:
            return False
        name = record.get("conversationId", "")
        if end is None or end >= self.window.end:
            self._going_on.add(name)
        return name not in self._ongoing

    # -- tables and follow-ups

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # Without tables none, since the SDK copies each context.
        return (record,) if self.fan_out else ()

    @override
    def _sync_children(self, child_context: Context | None) -> None:
        conversation = cast("Record", child_context)
        if self.fan_out.follow_ups:
            self._follow_up(conversation)
        self.fan_out.add(conversation)

    def _ends_now(self, end: datetime | None) -> bool:
        """Return whether this run is the first to read a conversation's end.

        The ranges of successive runs do not overlap, unless a run failed: so each conversation is
        requested once by follow-up streams, whatever is read again.
        """
        is_forward = self.present.purpose == "forward"
        return is_forward and end is not None and end in self.plan.ended_in

    def _follow_up(self, conversation: Record) -> None:
        purpose, is_ended = self.present.purpose, bool(conversation.get("conversationEnd"))
        is_rechecked = purpose == "recheck" and is_ended
        is_loaded_later = purpose == "history" and is_ended
        has_ended = is_loaded_later or self._ends_now(moment(conversation, "conversationEnd"))
        self.fan_out.follow_up(conversation, has_ended=has_ended, is_rechecked=is_rechecked)
