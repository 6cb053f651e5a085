"""Streams that are read by job up to the data lake's watermark, and by query from there on."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_genesys.api.jobs import Jobs
from tap_genesys.api.response import Record, body
from tap_genesys.api.shape import DATE, Required
from tap_genesys.endpoints import row_shape
from tap_genesys.endpoints.derived_tables import FanOut
from tap_genesys.endpoints.reading import Reading, no_rest
from tap_genesys.endpoints.source_costs import Sources
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.errors import StopRun, TooManyRows
from tap_genesys.replication.lanes import (
    LOADED_LATER,
    RECHECK,
    Lane,
    entry_of,
    lane_of,
    rechecked_up_to,
)
from tap_genesys.replication.old_data import BY_QUERY, Horizon
from tap_genesys.replication.plan import PlanInputs, Read
from tap_genesys.replication.windows import iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import requests
    from singer_sdk.helpers.types import Context

    from tap_genesys.api.page_steps import Page
    from tap_genesys.endpoints.derived_tables import TableStream
    from tap_genesys.endpoints.follow_ups import FollowUpStream
    from tap_genesys.endpoints.probes import Probes
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.replication.conversation_plan import ConversationPlan
    from tap_genesys.replication.plan import Batch
    from tap_genesys.replication.read_range import ReadRange
    from tap_genesys.replication.user_details_plan import UserDetailsPlan
    from tap_genesys.replication.windows import Window

#: The vendor documents no limit; a failed job loses all of its interval.
LONGEST_JOB = timedelta(days=31)

#: The shape of the response with the data lake's watermark.
AVAILABILITY = {"dataAvailabilityDate": Required(DATE)}


class QueryOrJobStream(WindowedStream):
    """A windowed query with an equivalent job: the same body without paging.

    Jobs read the data lake, which is complete up to its watermark, and has nothing later. A plan
    yields the windows to read from either source, in order; this class executes it.
    """

    #: The path of the job operation, `.../details/jobs`.
    jobs_path: ClassVar[str]
    #: The name of the setting for the source: `auto`, `job` or `query`.
    source_setting: ClassVar[str]

    #: Whether the head of `--check` has this stream's watermark.
    heads_report: ClassVar[bool] = False

    #: The present read; `window` may be a part of its window.
    present: Read
    #: The bodies of the next jobs, which can be submitted in advance.
    _next: Sequence[dict[str, Any]] = ()

    @abstractmethod
    def query_body(self, window: Window) -> dict[str, Any]:
        """Return the body of a window's query, without paging."""

    @abstractmethod
    def job_body(self, read: Read) -> dict[str, Any]:
        """Return the body that submits a read's job."""

    @abstractmethod
    def make_plan(self, inputs: PlanInputs) -> ConversationPlan | UserDetailsPlan:
        """Return the plan of this run."""

    @property
    @abstractmethod
    def recheck_ages(self) -> Iterable[float]:
        """The ages at which a day is read again, in days."""

    @abstractmethod
    def finish_job_window(self, *, whole: bool) -> None:
        """Note that the present window, or a part of it, has been read by job.

        Args:
            whole: Whether no record was left out as unusable.
        """

    @property
    def source(self) -> str:
        """The configured source: `auto`, `job` or `query`."""
        return str(self.config[self.source_setting])

    @property
    @override
    def default_lookback(self) -> timedelta:
        # Jobs return conversations until they end, and re-checks read later changes.
        return timedelta(days=1) if self.source == "query" else timedelta(0)

    @property
    @override
    def horizon(self) -> Horizon:
        remedy = f"Jobs return it: set {self.source_setting} to job."
        is_by_query = self.source == "query" or self.counts.lane == LOADED_LATER
        return Horizon(BY_QUERY, remedy if is_by_query else "")

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        paging = {"pageSize": self.page_size, "pageNumber": page.number}
        return {**self.query_body(window), "paging": paging}

    def job_windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Return the windows of a range for jobs, in chronological order."""
        step = min(timedelta(days=float(self.config["window_days"])), LONGEST_JOB)
        return split(start, end, step)

    # -- the cost

    @property
    def sources(self) -> Sources:
        """The facts that the cost depends on."""
        return Sources(
            source=self.source,
            windows=self.windows,
            job_windows=self.job_windows,
            lookback=self.lookback,
            page_size=self.page_size,
            rechecks=len([*self.recheck_ages]),
            emits_unchanged=self._emits_unchanged,
            ages=tuple(self.recheck_ages),
        )

    @property
    def _emits_unchanged(self) -> bool:
        """Whether unchanged rows that a query reads again are emitted."""
        is_wanted = self.config["emit_unchanged"] or self.config.get("lookback_days")
        return bool(is_wanted or not [*self.recheck_ages])

    @override
    def probes(self, parent: Sample | None, day: Window) -> Probes:
        return replace(
            super().probes(parent, day),
            extract=self.extract,
            availability="" if self.source == "query" else self._availability,
            heads_report=self.heads_report,
            source=self.source,
        )

    @property
    def _availability(self) -> str:
        return f"{self.jobs_path}/availability"

    # -- the plan and its execution

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        self.enter("query" if self.source == "query" else "job")
        watermark = None if self.source == "query" else self.watermark
        bookmark = self.resumed_from(watermark)
        span = self.range_from(bookmark)
        self.announce(span, bookmark)
        # A full-table sync emits everything, whatever earlier runs emitted.
        is_incremental = self.replication_method != REPLICATION_FULL_TABLE
        may_leave_out = row_shape.declare(self, span.start) and is_incremental
        inputs = self._plan_inputs(watermark, bookmark, span)
        self.plan = self.make_plan(replace(inputs, may_leave_out=may_leave_out))
        for batch in self.plan.batches():
            if batch.since is not None:
                self.begin_range(batch.since)
            if batch.is_declared:
                self.write_state()
            yield from self._read_batch(batch)

    def resumed_from(self, watermark: datetime | None) -> datetime | None:  # noqa: ARG002 - one uses it
        """Return the bookmark from which this run continues."""
        return self.bookmark()

    def _plan_inputs(
        self, watermark: datetime | None, bookmark: datetime | None, span: ReadRange
    ) -> PlanInputs:
        return PlanInputs(
            source=self.source,
            range=span,
            bookmark=bookmark,
            oldest=self.oldest_wanted(bookmark, span),
            started=self.run.started,
            now=self.run.now,
            watermark=watermark,
            reached=lambda: self.bookmark() or span.start,
            ages=self.recheck_ages,
            windows=self.windows,
            job_windows=self.job_windows,
            warn=self.logger.warning,
            rereads=bool(self.config.get("lookback_days")),
            selected=frozenset(self.fan_out.names) | ({self.name} if self.selected else set()),
            load_history=frozenset(self.config["load_history"]),
        )

    def _read_batch(self, batch: Batch) -> Iterator[Record]:
        if not batch.reads:
            return
        first = batch.reads[0]
        self.enter(lane_of(first))
        if first.by == "job":
            yield from self._read_by_job(batch.reads)
            return
        self._reads = {read.window: read for read in batch.reads}
        if first.purpose == "history":
            self.old_data(first.window.start)
        yield from self.read_windows(self._reads)
        if first.purpose == "forward":
            self.end_range()

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        self.present = self._reads[window]
        self.fan_out.only(self.present.streams)
        return super().read_window(window)

    @override
    def is_history(self) -> bool:
        return self.present.purpose == "history"

    def _read_by_job(self, reads: Sequence[Read]) -> Iterator[Record]:
        """Yield the rows of windows; while one is read, the next jobs run."""
        self.counts.expect(len(reads), "windows")
        try:
            for place, read in enumerate(reads):
                following = reads[place + 1 : place + int(self.config["max_parallel_jobs"])]
                self._next = [self.job_body(other) for other in following]
                yield from self.read_by_job(read)
                self.counts.parts_done += 1
        finally:
            self._next = ()
            self.jobs.close()

    def read_by_job(self, read: Read) -> Iterator[Record]:
        """Yield a window's rows; if its job has too many, those of its halves."""
        self.present = read
        self.fan_out.only(read.streams)
        reading = Reading(self.job_rows, self._finish_job, self.refuse_job)
        return self.read_parts(read.window, reading)

    def job_rows(self) -> Iterator[Record]:
        """Yield the present window's rows by job, while the next jobs run."""
        job_body = self.job_body(self.part)
        self.jobs.submit_ahead([job_body, *self._next])
        for response in self.jobs.pages(job_body, self.label):
            self.counters.requests.increment()
            yield from self.page_rows(response)

    def _finish_job(self) -> Iterator[Record]:
        self.finish_job_window(whole=self.holes.are_accepted(self.label))
        return no_rest()

    def refuse_job(self, error: TooManyRows) -> Iterator[Record]:
        """Raise the error for a window whose job has too many rows and that cannot be split."""
        msg = f"{self.label}: {error} Narrow the filters."
        raise StopRun(msg) from error

    @property
    def part(self) -> Read:
        """The present read, with the present part of its window."""
        return replace(self.present, window=self.window)

    def note_finished(self, *, is_whole: bool) -> None:
        """Note in the plan that the present part has been read, and the age of its data."""
        as_of = self.watermark if self.present.by == "job" else self.run.started
        self.plan.finish(self.part, is_whole=is_whole, as_of=as_of)

    def enter(self, lane: str) -> None:
        """Count rows and requests from now on in a lane."""
        self.fan_out.enter(lane)
        self.counts.enter(lane)

    @property
    @override
    def lanes(self) -> dict[str, Lane]:
        watermark = self.counts.watermark
        lanes: dict[str, Lane] = {}
        if self.source != "query":
            lanes["job"] = Lane(self.entry.get("replication_key_value"), watermark)
        if self.source != "job":
            lanes["query"] = Lane(self.queried_up_to)
        if [*self.recheck_ages]:
            lanes[RECHECK] = Lane(rechecked_up_to(self.tap_state, self.name), watermark)
        return lanes

    @property
    def entry(self) -> Mapping[str, Any]:
        """The stream's part of the state; empty without one."""
        return entry_of(self.tap_state, self.name)

    @property
    @abstractmethod
    def queried_up_to(self) -> str | None:
        """The moment before which all rows have been emitted by query, or earlier by job."""

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs of this stream."""
        return Jobs(
            self.client,
            self.jobs_path,
            stream=self.name,
            shape=cast("dict[str, Any]", self.response_shape),
            clock=self.run.clock,
            wait=self.wait,
            interruption=self.run.interruption,
            times=self.run.poll_times,
            now=self.run.now,
            log=self.logger.info,
            lane=lambda: self.counts.lane,
            most=int(self.config["max_parallel_jobs"]),
            most_requests=self.max_parallel,
        )

    @cached_property
    def watermark(self) -> datetime:
        """The moment up to which the data lake is complete."""
        response = self.call("GET", self._availability, shape=AVAILABILITY)
        watermark = parse(body(response)["dataAvailabilityDate"])
        self.counts.watermark = iso(watermark)
        return watermark

    # -- rows, tables and follow-ups

    @override
    def own_columns(self) -> Record:
        return {"_readAt": iso(self.read_at()), "_source": self.present.by}

    def note_knowledge(self, response: requests.Response, taken: datetime) -> None:
        """Write STATE before rows are emitted that are newer than its marks."""
        if self.present.by == "query":
            has_changed = self.plan.note_query(taken)
        else:
            available = moment(body(response), "dataAvailabilityDate")
            has_changed = self.plan.note_job(available)
        if has_changed:
            self.write_state()

    @cached_property
    def fan_out(self) -> FanOut:
        """The derived tables and follow-up streams of the stream."""
        children = cast("list[TableStream | FollowUpStream]", self.child_streams)
        return FanOut(children, self._tap.message_writer)

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        self.fan_out.begin()
        broke_off = True
        try:
            yield from super().get_records(context)
            broke_off = False
        finally:
            self.fan_out.end(broke_off=broke_off)
        if reason := self.run.skipped.get(self.name):
            self.run.skipped.update(dict.fromkeys(self.fan_out.names, reason))

    @override
    def before_state(self) -> None:
        self.fan_out.flush()

    @override
    def _write_state_message(self) -> None:
        self.fan_out.flush()
        super()._write_state_message()


def moment(record: Record, field: str) -> datetime | None:
    """Return a date field of a record as a moment; None where it is absent or no date."""
    try:
        return parse(record[field])
    except (KeyError, TypeError, ValueError):
        return None
