"""Streams whose history can be read by job, from the data lake; what is younger, by query."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.api.jobs import Jobs, JobTooLargeError
from tap_genesys.api.response import Record, body
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.errors import StopRun
from tap_genesys.replication.old_data import BY_QUERY, Horizon
from tap_genesys.replication.windows import Window, halves, iso, parse, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_genesys.api.pagination import Page

#: No limit to a job's interval is known; large ones are lost whole when they are lost.
LONGEST_JOB = timedelta(days=31)


class QueryOrJobStream(WindowedStream):
    """A windowed query that has a twin among the jobs: the same question, without its paging.

    Jobs read the data lake, which knows everything up to its watermark, and nothing later. Which
    of the two is read when is the business of those that derive from this.
    """

    #: The operation that starts a job, `.../details/jobs`.
    jobs_path: ClassVar[str]
    #: The setting that says where the rows come from: `auto`, `job` or `query`.
    source_setting: ClassVar[str]

    #: What jobs will be asked for next, and can be submitted ahead.
    _next: Sequence[dict[str, Any]] = ()

    @abstractmethod
    def question(self, window: Window) -> dict[str, Any]:
        """Return the body that asks for a window, without its paging."""

    def job_question(self, window: Window) -> dict[str, Any]:
        """Return the body that submits the job of a window."""
        return self.question(window)

    @property
    def source(self) -> str:
        """Where the rows come from: `auto`, `job` or `query`."""
        return str(self.config[self.source_setting])

    @property
    @override
    def horizon(self) -> Horizon:
        remedy = f"Jobs return it: set {self.source_setting} to job."
        return Horizon(BY_QUERY, remedy if self.source == "query" else "")

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        paging = {"pageSize": self.page_size, "pageNumber": page.number}
        return {**self.question(window), "paging": paging}

    def jobs_windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Return the windows to ask for by job, in the order of time."""
        step = min(timedelta(days=float(self.config["window_days"])), LONGEST_JOB)
        return split(start, end, step)

    def read_by_job(
        self,
        windows: Iterator[Window],
        reading: Callable[[Window], Iterator[Record]],
        finish: Callable[[Window], None],
    ) -> Iterator[Record]:
        """Yield the rows of windows; while one is read, the jobs of the next ones work.

        The caller closes `jobs` in every outcome.

        Args:
            windows: What to read, in this order.
            reading: Yields a window's rows.
            finish: Called with each part that has been read whole.
        """
        all_of_them = list(windows)
        self.counts.expect(len(all_of_them), "windows")
        for place, window in enumerate(all_of_them):
            following = all_of_them[place + 1 : place + int(self.config["max_parallel_jobs"])]
            self._next = [self.job_question(one) for one in following]
            yield from self.rows_by_job(window, reading, finish)
            self.counts.parts_done += 1
        self._next = ()

    def rows_by_job(
        self,
        window: Window,
        reading: Callable[[Window], Iterator[Record]],
        finish: Callable[[Window], None],
    ) -> Iterator[Record]:
        """Yield a window's rows; where a job says that it has too many, those of its halves.

        Args:
            window: What to read.
            reading: Yields a window's rows.
            finish: Called with each part that has been read whole.
        """
        self.run.interruption.check()
        self.window = window
        try:
            yield from reading(window)
        except JobTooLargeError as error:
            parts = halves(window)
            if parts is None:
                msg = f"{self.where}: {error} Narrow the filters."
                raise StopRun(msg) from error
            for part in parts:
                yield from self.rows_by_job(part, reading, finish)
        else:
            finish(window)

    def job_rows(self, question: dict[str, Any]) -> Iterator[Record]:
        """Yield what a job answers to a question, while the jobs of the next ones work."""
        self.jobs.submit_ahead([question, *self._next])
        for answer in self.jobs.pages(question, self.where):
            self.request_counter.increment()
            yield from self.rows_of(answer)

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs of this stream."""
        return Jobs(
            self,
            self.jobs_path,
            clock=self.run.clock,
            interruption=self.run.interruption,
            times=self.run.poll_times,
            now=self.run.now,
            log=self.logger.info,
            most=int(self.config["max_parallel_jobs"]),
            most_requests=self.max_parallel,
        )

    @cached_property
    def watermark(self) -> datetime:
        """Up to when the data lake knows everything."""
        answer = self.call("GET", f"{self.jobs_path}/availability")
        text = body(answer).get("dataAvailabilityDate")
        try:
            known = parse(str(text))
        except ValueError as error:
            msg = f"{self.name}: the data lake's watermark is {text!r}, not a date."
            raise StopRun(msg) from error
        self.counts.watermark = iso(known)
        return known
