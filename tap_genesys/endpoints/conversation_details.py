"""Details of conversations: by job, whole but late, or by query, fresh but without attributes."""

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
from tap_genesys.endpoints.query_or_job import QueryOrJobStream, moment
from tap_genesys.endpoints.reading import Reading, no_rest
from tap_genesys.endpoints.source_costs import ConversationDetailsCost
from tap_genesys.errors import StopRun, TooManyRows
from tap_genesys.records.moments import latest_moment
from tap_genesys.replication.conversation_plan import WATERMARK, ConversationPlan
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

    A query returns what started on a UTC day that the interval touches, or only those of them that
    overlap it; whether the bounds belong to it is not documented. So the rows to emit are chosen
    here: those that started in the window. A job returns those that were active in it.
    """

    source_setting = "conversation_details_source"
    heads_report = True

    plan: ConversationPlan
    #: Conversations that were emitted by this run and go on beyond the window before, and beyond
    #: the present one.
    _ongoing: frozenset[str] = frozenset()
    _going_on: set[str]
    #: Rows that started at the end of the last window, where the next one begins, and the moment at
    #: which they were read: a server whose interval includes its end but not its start sends them
    #: with this window, not with the next.
    _at_end: dict[str, tuple[Record, datetime]]
    _owed: dict[str, tuple[Record, datetime]]
    #: Conversations of the present read, where several parts of its window may return one.
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
            # A query of a day's last minute returns what started on the day and goes on.
            going_on=self.request_for((Window(day.end - SHORTEST, day.end), None)),
        )

    # -- requests

    @override
    def question(self, window: Window) -> dict[str, Any]:
        body: dict[str, Any] = {
            "interval": str(window),
            "order": "asc",
            "orderBy": "conversationStart",
        }
        return body | {name: filters for name, filters in self._filters.items() if filters}

    @override
    def job_question(self, read: Read) -> dict[str, Any]:
        # A millisecond more: whether a job's interval includes its bounds is not documented, and
        # what starts and ends in the window's first moment must be in one of them.
        body = self.question(Window(read.window.start - MILLISECOND, read.window.end))
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
                "window_days %g is lowered to %d, the most that %s allows.",
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
        return ConversationPlan(self.own_state, inputs)

    @override
    def resumed_from(self, watermark: datetime | None) -> datetime | None:
        """Return the bookmark, as far as it can be a job's where jobs are read."""
        bookmark = self.bookmark()
        if bookmark is None or watermark is None:
            return bookmark
        highest = self.own_state.get(WATERMARK)
        if highest is None:
            self.logger.warning(
                "What was read up to %s came by query, without participants' attributes. To load "
                "it again by job, run once without state (meltano run --full-refresh).",
                iso(bookmark),
            )
        if bookmark > max(watermark, parse(highest) if highest else BEGINNING):
            self.keep_bookmark(watermark)
            return watermark
        return bookmark

    @override
    def comes_again(self) -> bool:
        if self.present.purpose == "fresh":
            return True  # by job
        is_to_come = self.plan.schedule.is_to_come(self.window, self.run.started)
        return is_to_come or super().comes_again()

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        self._in_read = set()
        return super().read_window(window)

    @override
    def finish_window(self, *, whole: bool) -> None:
        completeness = self.paginator.completeness
        is_short = bool(completeness.holes) or completeness.lacks_a_page
        if (is_short and self.present.by == "query") or self.holes.has_unusable:
            # Accepted, or left to jobs; either way the next run must not take them for emitted.
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
        """Write the rows of follow-up streams; return whether no row of theirs is missing."""
        self.before_state()
        return not self.fan_out.take_incomplete()

    @override
    def read_too_large(self, error: TooManyRows) -> Iterator[Record]:
        read = self.part
        # Where earlier queries have read what the lake does not know yet, a job's rows would be
        # older; in `auto` that is all that is ever queried.
        is_fresh = read.purpose == "fresh"
        limit = None if is_fresh else self.plan.passes_before.limit(self.watermark)
        if limit is None or read.window.end > limit:
            msg = f"{error} Or set conversation_details_source to job."
            raise StopRun(msg) from error
        self.logger.info("%s Read by job instead.", error)
        self._owed = {}
        present, self.present = self.present, replace(self.present, by="job")
        yield from self.read_parts(read.window, Reading(self.job_rows, no_rest, self.refuse_job))
        self.window = read.window
        self.finish_window(whole=self.holes.are_accepted(self.label))
        self.present = present

    # -- rows

    @override
    def begin_window(self) -> None:
        # A window that is read again on its own does not begin where the last one ended.
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
        yield from self.rows_of(self.extract(response))

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
        """Return whether a conversation is one of those that the present read is to emit."""
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
        """Return whether no earlier part of the present read has returned a conversation."""
        is_first = name not in self._in_read
        self._in_read.add(name)
        return is_first

    def _is_emitted(self, record: Record, start: datetime) -> bool:
        """Return whether an earlier run has emitted a conversation, and nothing happened since."""
        end = moment(record, "conversationEnd")
        if self._ends_now(end) and self.fan_out.follow_ups:
            return False
        return self.plan.has_emitted(self.present, start, end, lambda: self._latest(record))

    def _latest(self, record: Record) -> datetime | None:
        text = latest_moment(record, iso(self.run.now() + UNSETTLED))
        try:
            return parse(text)
        except ValueError:
            # None, or an attribute that only looks like a date: such a conversation is emitted.
            return None

    def _is_new(self, record: Record, start: datetime | None) -> bool:
        """Return whether a conversation was active in the window, and is not out already."""
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
        # The SDK copies each of them.
        return (record,) if self.fan_out else ()

    @override
    def _sync_children(self, child_context: Context | None) -> None:
        conversation = cast("Record", child_context)
        if self.fan_out.follow_ups:
            self._follow_up(conversation)
        self.fan_out.add(conversation)

    def _ends_now(self, end: datetime | None) -> bool:
        """Return whether this run is the first to read a conversation's end.

        The ranges of successive runs do not overlap, unless a run has failed: so each is followed
        up once, whatever is read again.
        """
        is_forward = self.present.purpose == "forward"
        return is_forward and end is not None and end in self.plan.ended_in

    def _follow_up(self, conversation: Record) -> None:
        is_read_again = self.present.purpose == "recheck"
        is_rechecked = is_read_again and bool(conversation.get("conversationEnd"))
        has_ended = self._ends_now(moment(conversation, "conversationEnd"))
        self.fan_out.follow_up(conversation, has_ended=has_ended, is_rechecked=is_rechecked)
