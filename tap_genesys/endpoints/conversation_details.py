"""Conversations by two lanes: jobs, whole but late, and the query, fresh but without attributes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_genesys.api.response import body
from tap_genesys.endpoints.queries import DetailsQueryStream, moment
from tap_genesys.endpoints.windowed import UNSETTLED
from tap_genesys.errors import StopRun, TooManyRows
from tap_genesys.replication.query_passes import BEGINNING, QueryPasses
from tap_genesys.replication.rechecks import RecheckSchedule
from tap_genesys.replication.windows import MILLISECOND, Window, iso, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from singer_sdk.helpers.types import Context

    from tap_genesys.api.response import Record
    from tap_genesys.config.settings import ReadRange


class ConversationDetailsStream(DetailsQueryStream):
    """Reads by job up to the data lake's watermark, and by query from there to now.

    The bookmark belongs to the jobs: all that was active before it has been read by job. Beside it
    the state keeps the highest watermark seen, the passes of queries that the watermark has not
    passed yet (`queryPasses`), and a mark for each age of the re-checks (`recheckedUpTo`).
    """

    source_setting = "conversation_details_source"

    #: `job` or `query`, the lane that is being read.
    _source = "query"
    #: What a window is read for: `forward`, `fresh` or `recheck`.
    _purpose: str
    _ladder: RecheckSchedule
    #: What queries have printed, which a job must not make older.
    _passes: QueryPasses
    #: What of that was printed before this run, as the state kept it.
    _passes_before: QueryPasses
    #: Conversations that were printed by this run and go on beyond the present window.
    _ongoing: set[str]
    #: The first start that is wanted, and the moment whose truth the jobs of this run bring.
    _oldest_wanted: datetime
    _fresh_is_whole: bool
    #: The span of time in which what this run is the first to print, for good, has ended.
    _ended_in: Window

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        source = self.source
        if source == "query":
            yield from self._read_by_query()
        else:
            yield from self._read_by_lanes(fresh=source == "auto")

    @property
    @override
    def default_lookback(self) -> timedelta:
        # Jobs bring back what is still going on, and the ladder what changed since.
        return super().default_lookback if self._source == "query" else timedelta(0)

    @override
    def rows_of(self, response: requests.Response) -> Iterator[Record]:
        self._note_knowledge(response)
        for record in super().rows_of(response):
            record["_source"] = self._source
            yield record

    def _note_knowledge(self, response: requests.Response) -> None:
        """Write STATE before rows are emitted that are younger than it says."""
        if self._source == "query":
            if self._passes.prolong(self.run.now()):
                self._write_passes()
            return
        # A job knows what the lake knew when it was submitted, which goes on while a run reads.
        available = moment(body(response), "dataAvailabilityDate")
        watermark = self._state.get("watermark")
        # Without one, this is the run of a query, whose pass is younger than any job.
        if available and watermark and available > parse(watermark):
            self._state["watermark"] = iso(available)
            self.write_state()

    @property
    def is_read_again(self) -> bool:
        """Whether what is printed now belongs to a re-check."""
        return self._purpose == "recheck"

    def has_ended_now(self, record: Record) -> bool:
        """Whether a conversation ended in the time over which this run moves the bookmark.

        So each is told once, whatever is read again: the spans of successive runs do not overlap,
        unless a run has failed.
        """
        end = moment(record, "conversationEnd")
        return self._purpose == "forward" and end is not None and end in self._ended_in

    @override
    def comes_again(self) -> bool:
        if self._purpose == "fresh":
            return True  # by job
        is_to_come = self._ladder.is_to_come(self.window, self.run.started)
        return is_to_come or super().comes_again()

    @override
    def finish_window(self, *, whole: bool) -> None:
        if self._purpose == "fresh":
            self._fresh_is_whole = self._fresh_is_whole and whole
            self.write_state()
            return
        if whole:
            self._note_read(self.window, self.run.started)
        self._finish_queried(whole=whole)

    @override
    def read_too_large(self, error: TooManyRows) -> Iterator[Record]:
        window = self.window
        # Where earlier queries have printed what the lake does not know yet, a job's rows would be
        # older; in `auto` that is all that is ever queried.
        limit = self._passes_before.limit(self.watermark) if self._purpose != "fresh" else None
        if limit is None or window.end > limit:
            msg = f"{error} Or set conversation_details_source to job."
            raise StopRun(msg) from error
        self.logger.info("%s Read by job instead.", error)
        self._owed, self._source = {}, "job"
        try:
            yield from self.rows_by_job(window, self._started_in, lambda _part: None)
        finally:
            self._source = "query"
        self.window = window
        self._note_read(window, self.watermark)
        self._finish_queried(whole=True)

    def _finish_queried(self, *, whole: bool) -> None:
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
        self._ended_in = Window(bookmark or asked.start, self.run.started - UNSETTLED)
        self._begin_passes(bookmark)
        # A later run by job has to know what queries have printed, and that they came last.
        self._state.pop("watermark", None)
        self._passes.begin(asked.start, self.run.now())
        self._write_passes()
        yield from self.read_span(asked)
        self._passes.end(asked.start, self.run.now())
        self._purpose = "recheck"
        reached = min(self.bookmark() or asked.start, asked.end)
        if days := self._ladder.due(self.run.started, reached):
            self._passes.begin(days[0].start, self.run.now())
            self._write_passes()
            yield from self.read_windows(days)
            self._passes.end(days[0].start, self.run.now())
        self._write_passes()

    def _read_by_lanes(self, *, fresh: bool) -> Iterator[Record]:
        self._source = "job"
        watermark = self.watermark
        bookmark = self._job_bookmark(watermark)
        asked = self.span(bookmark)
        self.announce(asked, bookmark)
        self._begin_passes(bookmark)
        highest = parse(self._state.get("watermark", iso(BEGINNING)))
        if watermark < highest:
            # What the lake says now is older than what it said before.
            self.logger.warning(
                "The data lake's watermark %s is before %s, where it has been: no job is read.",
                iso(watermark),
                iso(highest),
            )
        else:
            limit = min(self._passes.limit(watermark), asked.end)
            yield from self._read_by_job(asked, bookmark, limit)
        self._passes.forget(watermark)
        if fresh:
            reached = self.bookmark() or asked.start
            yield from self._read_fresh(self._passes.boundary(reached, watermark), asked.end)
        self._write_passes()

    def _read_by_job(
        self, asked: ReadRange, bookmark: datetime | None, limit: datetime
    ) -> Iterator[Record]:
        self._source, self._purpose = "job", "forward"
        self._begin_ladder(bookmark, asked)
        self._ongoing = set()
        self._promises_from = asked.start
        # Up to where the bookmark will be; what ends later is read again by the next run.
        reached = min(limit, self.run.started - UNSETTLED)
        self._ended_in = Window(bookmark or asked.start, reached)
        self._oldest_wanted = self._oldest(bookmark, asked)
        # Said before the first row: a run that is killed has emitted what the lake knew by then.
        self._state["watermark"] = iso(self.watermark)
        self._write_passes()
        try:
            windows = self.jobs_windows(asked.start, limit)
            yield from self.read_by_job(windows, self._active_in, self._finish_job_window)
            self._purpose = "recheck"
            reached = min(self.bookmark() or asked.start, limit)
            days = self._ladder.due(self.watermark, reached)
            self.counts.expect(len(days), "windows")
            for day in days:
                yield from self.rows_by_job(day, self._started_in, self._finish_job_window)
                self.counts.parts_done += 1
        finally:
            self.jobs.close()

    def _finish_job_window(self, window: Window) -> None:
        if self._purpose == "forward":
            self.promise(window.end, self._promises_from)
        self._note_read(window, self.watermark)
        self.write_state()

    def _read_fresh(self, start: datetime, end: datetime) -> Iterator[Record]:
        if start >= end:
            return
        self._source, self._purpose = "query", "fresh"
        self._fresh_is_whole = True
        self._passes.begin(start, self.run.now())
        self._write_passes()
        yield from self.read_windows(self.windows(start, end))
        if self._fresh_is_whole:
            # The last half hour is left to a later pass: it may not be indexed yet.
            self._passes.end(min(end, self.run.started - UNSETTLED), self.run.now())

    @override
    def job_question(self, window: Window) -> dict[str, Any]:
        # A millisecond more: whether a job's interval includes its bounds is not documented, and
        # what starts and ends in the window's first moment must be in one of them.
        return self.question(Window(window.start - MILLISECOND, window.end))

    def _active_in(self, window: Window) -> Iterator[Record]:
        """Yield what was active in a window, each conversation once in a run."""
        going_on = set()
        for record in self.job_rows(self.job_question(window)):
            start, end = (moment(record, f"conversation{which}") for which in ("Start", "End"))
            if start is not None and not self._oldest_wanted <= start < window.end:
                continue
            if end is not None and end < window.start:
                continue
            name = record.get("conversationId", "")
            if end is None or end >= window.end:
                going_on.add(name)
            if name not in self._ongoing:
                yield record
        self._ongoing = going_on

    def _started_in(self, window: Window) -> Iterator[Record]:
        """Yield what started in a window."""
        question = {**self.job_question(window), "startOfDayIntervalMatching": True}
        for record in self.job_rows(question):
            start = moment(record, "conversationStart")
            if start is None or start in window:
                yield record

    def _job_bookmark(self, watermark: datetime) -> datetime | None:
        """Return the bookmark as far as it can be a job's."""
        bookmark = self.bookmark()
        if bookmark is None:
            return None
        if "watermark" not in self._state:
            self.logger.warning(
                "What was read up to %s came by query, without participants' attributes. To load "
                "it again by job, run once without state (meltano run --full-refresh).",
                iso(bookmark),
            )
        if bookmark > max(watermark, parse(self._state.get("watermark", iso(BEGINNING)))):
            self.keep_bookmark(watermark)
            return watermark
        return bookmark

    def _begin_passes(self, bookmark: datetime | None) -> None:
        kept, now, has_history = (
            self._state.get("queryPasses"),
            self.run.started,
            bookmark is not None,
        )
        self._passes = QueryPasses(kept, now=now, has_history=has_history)
        self._passes_before = QueryPasses(kept, now=now, has_history=has_history)

    def _write_passes(self) -> None:
        self._state["queryPasses"] = self._passes.kept
        self.write_state()

    def _begin_ladder(self, bookmark: datetime | None, asked: ReadRange) -> None:
        # What a query has read again still lacks attributes, and what a job has, freshness.
        by_same_lane = self._state.get("recheckedBy") == self._source
        marks = (self._state.get("recheckedUpTo") or {}) if by_same_lane else {}
        self._state["recheckedBy"] = self._source
        since = self._oldest(bookmark, asked)
        rungs = [float(rung) for rung in self.config["recheck_days"]]
        self._ladder = RecheckSchedule(rungs, marks=marks, bookmark=bookmark, since=since)
        # At once: a run that reads nothing by this lane leaves the other's marks to nobody.
        self._state["recheckedUpTo"] = self._ladder.marks

    def _oldest(self, bookmark: datetime | None, asked: ReadRange) -> datetime:
        """Return the first start that is wanted: the configured one, else the first run's."""
        configured = self.config.get("start_date")
        if configured:
            return parse(configured)
        return asked.start if bookmark is None else BEGINNING

    def _note_read(self, window: Window, truth: datetime) -> None:
        self._ladder.read(window, truth)
        self._state["recheckedUpTo"] = self._ladder.marks

    @property
    def _state(self) -> dict[str, Any]:
        return self.get_context_state(None)
