"""The volume of a stream, and the requests that reading it takes. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from tap_genesys.replication.rechecks import utc_day
from tap_genesys.replication.windows import DAY, UNSETTLED, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from tap_genesys.api.response import Record
    from tap_genesys.replication.plan import Read

#: One to submit a job, about two to poll it, one to delete it.
REQUESTS_OF_A_JOB = 4
#: A run by job requests the watermark once.
REQUESTS_FOR_THE_WATERMARK = 1
DAYS_PER_MONTH = 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """The requests and rows of a stream, None where they cannot be estimated.

    Args:
        requests_first_run: Requests of the first run.
        requests_per_day: Requests of a later run, with one run per day.
        detail: The counts behind the estimate, as text.
        rows_first_run: Rows that the first run emits.
        rows_per_day: Rows that a later run emits, with one run per day.
        requests_per_month: Requests of 30 days, with the runs per day of the basis.
    """

    requests_first_run: int | None = None
    requests_per_day: int | None = None
    detail: str = ""
    rows_first_run: int | None = None
    rows_per_day: int | None = None
    requests_per_month: int | None = None

    @classmethod
    def every_run(cls, requests: int, rows: int | None = None, runs_per_day: int = 1) -> Estimate:
        """Return the estimate of a stream whose runs all take the same requests and rows."""
        per_month = requests * runs_per_day * DAYS_PER_MONTH
        return cls(
            requests,
            requests,
            rows_first_run=rows,
            rows_per_day=rows,
            requests_per_month=per_month,
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """The facts about a stream from the response to one small request.

    Args:
        count: The number of all records, or of those of the requested day.
        record: One of the records; None if there is none.
        is_counted: Whether `count` is that of all records, not of one page.
        records: All records of the response, where tables are derived from them.
        going_on: The number of a day's records that last beyond its end, where it was requested.
    """

    count: int
    record: Record | None = None
    is_counted: bool = True
    records: Sequence[Record] = ()
    going_on: int = 0

    @classmethod
    def of(cls, content: Record, records: Sequence[Record]) -> Sample:
        """Return the sample of a response.

        Args:
            content: The body of the response.
            records: The records in it.
        """
        totals = (content.get("total"), content.get("totalHits"))
        count = next((total for total in totals if isinstance(total, int)), len(records))
        cursors = content.get("cursors")
        after = content.get("after") or (isinstance(cursors, dict) and cursors.get("after"))
        is_last = not (content.get("nextUri") or after)
        is_counted = isinstance(content.get("total"), int) or is_last
        return cls(count, records[0] if records else None, is_counted)

    @property
    def ids(self) -> list[str]:
        """The id of the record, in a list; an empty list without one."""
        identity = (self.record or {}).get("id")
        return [str(identity)] if identity else []


@dataclass(frozen=True, slots=True)
class Basis:
    """The facts that an estimate is made from.

    Args:
        wanted: The range that a first run reads.
        sample: The stream's sample; None if the sampled parent record has no such rows.
        parent: The sample of the parent stream; None without a parent.
        parts: First-page requests per record of the parent.
        parent_estimate: The estimate of the parent stream.
        runs_per_day: Runs per day.
        lag: The lag of the data lake; where unknown a day, as the vendor documents.
    """

    wanted: Window
    sample: Sample | None = None
    parent: Sample | None = None
    parts: int = 1
    parent_estimate: Estimate = Estimate()
    runs_per_day: int = 1
    lag: timedelta = DAY

    @property
    def count(self) -> int:
        """The number of records in the sample; 0 without one."""
        return self.sample.count if self.sample else 0

    @property
    def parent_count(self) -> int:
        """The number of the parent's records; 1 without a parent."""
        return self.parent.count if self.parent else 1

    @property
    def rows(self) -> int | None:
        """The number of records over all parents and parts; None where unknown."""
        if self.sample is None or not self.sample.is_counted:
            return None
        return self.count * self.parts * self.parent_count

    def rows_of_days(self, days: float) -> int | None:
        """Return the number of rows of some days, from that of one day."""
        return None if self.rows is None else round(self.rows * days)

    def next_run(self, lookback: timedelta) -> Window:
        """Return the range that a run reads one day after the first.

        Args:
            lookback: Time before the bookmark at which a run starts.
        """
        return Window(max(self.wanted.start, self.wanted.end - DAY - lookback), self.wanted.end)

    def runs(self, lookback: timedelta) -> list[Window]:
        """Return the ranges that a later day's runs read, each from its bookmark.

        Args:
            lookback: Time before the bookmark at which a run starts.
        """
        if self.runs_per_day == 1:
            return [self.next_run(lookback)]
        start, end = self.wanted.bounds
        distance = DAY / self.runs_per_day
        before = distance + UNSETTLED + lookback
        moments = [end - number * distance for number in range(self.runs_per_day)]
        return [Window(max(start, moment - before), moment) for moment in moments]


@dataclass(frozen=True, slots=True)
class Volume:
    """The volume of a stream that is read by query, by job, or by both.

    Args:
        rows_per_day: Rows per day.
        page_size: Rows per page of a query.
        job_page_size: Rows per page of a job.
    """

    rows_per_day: float
    page_size: int
    job_page_size: int

    def query(self, days: float) -> int:
        """Return the requests of a query for some days: its pages, one more if the last is full."""
        return int(self.rows_per_day * days / self.page_size) + 1

    def job(self, days: float) -> int:
        """Return the requests of a job for some days."""
        return REQUESTS_OF_A_JOB + pages(self.rows_per_day * days, self.job_page_size)

    def queries(self, windows: Iterable[float], rechecks: int = 0) -> int:
        """Return the requests of a run by query.

        Args:
            windows: The length of each window, in days.
            rechecks: Past days that are read again.
        """
        return sum(self.query(days) for days in windows) + rechecks * self.query(1)

    def jobs(self, windows: Iterable[float], rechecks: int = 0) -> int:
        """Return the requests of a run by job.

        Args:
            windows: The length of each window, in days.
            rechecks: Past days that are read again.
        """
        jobs = sum(self.job(days) for days in windows) + rechecks * self.job(1)
        return REQUESTS_FOR_THE_WATERMARK + jobs

    def read(self, read: Read, going_on: int = 0) -> int:
        """Return the requests of a planned read.

        Args:
            read: The read.
            going_on: The number of a day's rows that last beyond its end. Beside the rows that
                start in its window, a query returns those that started on its first day and last
                into it; a job returns all that last into it, unless it reads a day again. The
                number of older ones is unknown.
        """
        start, end = read.window.bounds
        days = (end - start) / DAY
        if read.by == "job":
            rows = self.rows_per_day * days + (going_on if read.by_activity else 0)
            return REQUESTS_OF_A_JOB + pages(rows, self.job_page_size)
        rows = self.rows_per_day * days + going_on * ((start - utc_day(start).start) / DAY)
        return int(rows / self.page_size) + 1


def pages(rows: float, page_size: int) -> int:
    """Return the number of pages for some rows; an empty listing has one."""
    return max(1, ceil(rows / page_size))


def in_days(windows: Iterable[Window]) -> list[float]:
    """Return the length of each window, in days."""
    return [window.length / DAY for window in windows]
