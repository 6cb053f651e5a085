"""Conversations by two lanes: jobs, whole but late, and the query, fresh but without attributes."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.answers import Record, body, refusal
from tap_genesys.endpoints import WindowedStream
from tap_genesys.errors import StopRun, TooManyRows
from tap_genesys.handover import BEGINNING, Passes
from tap_genesys.jobs import Jobs, JobTooLargeError
from tap_genesys.ladder import Ladder
from tap_genesys.windows import Window, halves, iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from singer_sdk.helpers.types import Context

    from tap_genesys.settings import Span

#: The vendor's limits to a query's interval, without and with a filter.
LONGEST_UNFILTERED = timedelta(days=7)
LONGEST_FILTERED = timedelta(days=31)
#: No limit to a job's interval is known; large ones are lost whole when they are lost.
LONGEST_JOB = timedelta(days=31)
_CEILING = re.compile(r"Pagination may not exceed", re.IGNORECASE)


class TwoLaneStream(WindowedStream):
    """Reads by job up to the data lake's watermark, and by query from there to now.

    The bookmark belongs to the jobs: all that was active before it has been read by job. Beside it
    the state keeps the highest watermark seen, the passes of the query lane that the watermark has
    not passed yet (`handover`), and a mark for each rung of the ladder of re-checks (`ladder`).
    """

    jobs_path: ClassVar[str]

    #: `job` or `query`, the lane that is being read.
    _source: str
    #: What a query's window is read for: `forward`, `fresh` or `recheck`.
    _purpose: str
    _ladder: Ladder
    #: Rows that started at the end of the last window, where the next one begins: a server whose
    #: interval includes its end but not its start sends them with this window, not with the next.
    _at_end: dict[str, Record]
    _owed: dict[str, Record]
    #: Conversations that were printed by this run and go on beyond the present window.
    _ongoing: set[str]
    #: The first start that is wanted, and the moment whose truth the jobs of this run bring.
    _oldest_wanted: datetime
    _truth: datetime
    _fresh_is_whole: bool

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        source = self.config["conversation_details_source"]
        with contextlib.closing(self.get_http_request_counter()):
            if source == "query":
                yield from self._read_by_query()
            else:
                yield from self._read_by_lanes(fresh=source == "auto")

    @property
    @override
    def lookback(self) -> timedelta:
        # Jobs bring back what is still going on, and the ladder what changed since.
        return super().lookback if self._source == "query" else timedelta(0)

    def job_query(self, window: Window) -> dict[str, Any]:
        """Return the body that asks for a window, whichever the lane."""
        asked: dict[str, Any] = {
            "interval": str(window),
            "order": "asc",
            "orderBy": "conversationStart",
        }
        if filters := self.config.get("conversation_filters"):
            asked["conversationFilters"] = filters
        if filters := self.config.get("segment_filters"):
            asked["segmentFilters"] = filters
        return asked

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        filtered = self.config.get("conversation_filters") or self.config.get("segment_filters")
        longest = LONGEST_FILTERED if filtered else LONGEST_UNFILTERED
        wanted = timedelta(days=float(self.config["window_days"]))
        if wanted > longest:
            self.logger.info(
                "window_days %g is lowered to %d, the most that %s allows.",
                float(self.config["window_days"]),
                longest.days,
                self.path,
            )
        self._at_end = {}
        yield from split(start, end, min(wanted, longest))

    @override
    def begin_window(self) -> None:
        self._owed, self._at_end = self._at_end, {}

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        for record in super().parse_response(response):
            start = _moment(record, "conversationStart")
            if start is None or start in self.window:
                self._owed.pop(record.get("conversationId", ""), None)
                yield record
            elif start == self.window.end:
                self._at_end[record.get("conversationId", "")] = record

    @override
    def rest_of_window(self) -> Iterator[Record]:
        yield from self._owed.values()

    @override
    def rows_of(self, response: requests.Response) -> Iterator[Record]:
        for record in super().rows_of(response):
            record["_source"] = self._source
            yield record

    @override
    def validate_response(self, response: requests.Response) -> None:
        is_judged = response.status_code not in self.accepted
        is_refused = response.status_code == HTTPStatus.BAD_REQUEST
        if is_judged and is_refused and _CEILING.search(refusal(response)):
            raise TooManyRows(self.response_error_message(response))
        super().validate_response(response)

    @override
    def fewer_rows(self) -> str:
        if self._purpose != "fresh":
            return super().fewer_rows()
        self.logger.info("%s: %s; a job reads it again.", self.where, super().fewer_rows())
        return ""

    @override
    def finish_window(self, *, whole: bool) -> None:
        if self._purpose == "fresh":
            self._fresh_is_whole = self._fresh_is_whole and whole
            self.write_state()
            return
        if whole:
            self._note_read(self.window, self.run.started)
        if self._purpose == "forward":
            super().finish_window(whole=whole)
        else:
            self.write_state()

    def _read_by_query(self) -> Iterator[Record]:
        self._source, self._purpose = "query", "forward"
        bookmark = self.bookmark()
        asked = self.span(bookmark)
        self.announce(asked, bookmark)
        self._begin_ladder(bookmark, asked)
        # A later run by job has to know that queries have read whatever there is.
        self._state.pop("passes", None)
        yield from self.read_span(asked)
        self._purpose = "recheck"
        reached = min(self.bookmark() or asked.start, asked.end)
        for day in self._ladder.due(self.run.started, reached):
            self._at_end = {}
            yield from self.read_window(day)

    def _read_by_lanes(self, *, fresh: bool) -> Iterator[Record]:
        self._source = "job"
        watermark = self._watermark()
        bookmark = self._job_bookmark(watermark)
        asked = self.span(bookmark)
        self.announce(asked, bookmark)
        passes = Passes(
            self._state.get("passes"), now=self.run.started, has_history=bookmark is not None
        )
        highest = parse(self._state.get("watermark", iso(BEGINNING)))
        if watermark < highest:
            # What the lake says now is older than what it said before.
            self.logger.warning(
                "The data lake's watermark %s is before %s, where it has been: no job is read.",
                iso(watermark),
                iso(highest),
            )
        else:
            limit = min(passes.limit(watermark), asked.end)
            yield from self._read_by_job(asked, bookmark, limit, watermark)
        passes.forget(watermark)
        self._state["passes"] = passes.kept
        if fresh:
            reached = self.bookmark() or asked.start
            yield from self._read_fresh(passes, passes.boundary(reached, watermark), asked.end)
        self.write_state()

    def _read_by_job(
        self, asked: Span, bookmark: datetime | None, limit: datetime, watermark: datetime
    ) -> Iterator[Record]:
        self._source, self._purpose = "job", "forward"
        self._begin_ladder(bookmark, asked)
        self._state["watermark"] = iso(watermark)
        self._ongoing = set()
        self._promises_from, self._truth = asked.start, watermark
        self._oldest_wanted = self._oldest(bookmark, asked)
        step = min(timedelta(days=float(self.config["window_days"])), LONGEST_JOB)
        for window in split(asked.start, limit, step):
            yield from self._read_job_window(window)
        self._purpose = "recheck"
        reached = min(self.bookmark() or asked.start, limit)
        for day in self._ladder.due(watermark, reached):
            yield from self._read_job_window(day)

    def _read_job_window(self, window: Window) -> Iterator[Record]:
        """Yield a window's rows; where a job says that it has too many, those of its halves."""
        self.run.interruption.check()
        self.window = window
        try:
            if self._purpose == "forward":
                yield from self._forward_job(window)
            else:
                yield from self._recheck_job(window)
        except JobTooLargeError as error:
            parts = halves(window)
            if parts is None:
                msg = f"{self.where}: {error} Narrow the filters."
                raise StopRun(msg) from error
            for part in parts:
                yield from self._read_job_window(part)
            return
        if self._purpose == "forward":
            self.promise(window.end, self._promises_from)
        self._note_read(window, self._truth)
        self.write_state()

    def _read_fresh(self, passes: Passes, start: datetime, end: datetime) -> Iterator[Record]:
        if start >= end:
            return
        self._source, self._purpose = "query", "fresh"
        self._fresh_is_whole = True
        passes.begin(start, end)
        self._state["passes"] = passes.kept
        self.write_state()
        for window in self.windows(start, end):
            yield from self.read_window(window)
        if self._fresh_is_whole:
            passes.end(self.run.now())
            self._state["passes"] = passes.kept

    def _forward_job(self, window: Window) -> Iterator[Record]:
        """Yield what was active in a window, each conversation once in a run."""
        going_on = set()
        for record in self._job_rows(self.job_query(window)):
            start, end = (_moment(record, f"conversation{which}") for which in ("Start", "End"))
            name = record.get("conversationId", "")
            if end is None or end >= window.end:
                going_on.add(name)
            is_wanted = start is None or self._oldest_wanted <= start < window.end
            if is_wanted and name not in self._ongoing:
                yield record
        self._ongoing = going_on

    def _recheck_job(self, window: Window) -> Iterator[Record]:
        """Yield what started in a window."""
        asked = {**self.job_query(window), "startOfDayIntervalMatching": True}
        for record in self._job_rows(asked):
            start = _moment(record, "conversationStart")
            if start is None or start in window:
                yield record

    def _job_rows(self, query: dict[str, Any]) -> Iterator[Record]:
        jobs = Jobs(
            self.call,
            self.jobs_path,
            interruption=self.run.interruption,
            first_poll=float(self.config["job_poll_seconds"]),
            timeout=float(self.config["job_timeout_seconds"]),
            now=self.run.now,
            log=self.logger.info,
        )
        for answer in jobs.pages(query, self.where):
            self._request_counter.increment()
            yield from self.rows_of(answer)

    def _watermark(self) -> datetime:
        """Return up to when the data lake knows everything."""
        answer = self.call("GET", f"{self.jobs_path}/availability")
        text = body(answer).get("dataAvailabilityDate")
        try:
            return parse(str(text))
        except ValueError as error:
            msg = f"{self.name}: the data lake's watermark is {text!r}, not a date."
            raise StopRun(msg) from error

    def _job_bookmark(self, watermark: datetime) -> datetime | None:
        """Return the bookmark as far as it can be a job's."""
        bookmark = self.bookmark()
        if bookmark is None or "watermark" in self._state:
            return bookmark
        self.logger.warning(
            "What was read up to %s came by query, without participants' attributes. To load it "
            "again by job, run once without state (meltano run --full-refresh).",
            iso(bookmark),
        )
        if bookmark > watermark:
            self.keep_bookmark(watermark)
        return min(bookmark, watermark)

    def _begin_ladder(self, bookmark: datetime | None, asked: Span) -> None:
        # What a query has read again still lacks attributes, and what a job has, freshness.
        by_same_lane = self._state.get("recheckedBy") == self._source
        marks = (self._state.get("rechecks") or {}) if by_same_lane else {}
        self._state["recheckedBy"] = self._source
        since = self._oldest(bookmark, asked)
        rungs = [float(rung) for rung in self.config["recheck_days"]]
        self._ladder = Ladder(rungs, marks=marks, bookmark=bookmark, since=since)

    def _oldest(self, bookmark: datetime | None, asked: Span) -> datetime:
        """Return the first start that is wanted: the configured one, else the first run's."""
        configured = self.config.get("start_date")
        if configured:
            return parse(configured)
        return asked.start if bookmark is None else BEGINNING

    def _note_read(self, window: Window, truth: datetime) -> None:
        self._ladder.read(window, truth)
        self._state["rechecks"] = self._ladder.marks

    @property
    def _state(self) -> dict[str, Any]:
        return self.get_context_state(None)


def _moment(record: Record, field: str) -> datetime | None:
    """Return a moment of a record; None where there is none, or none that can be read."""
    try:
        return parse(record[field])
    except (KeyError, TypeError, ValueError):
        return None
