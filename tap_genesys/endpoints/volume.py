"""How much there is to read of a stream, and how many requests that takes: pure arithmetic."""

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

#: A job is submitted, polled about twice, and deleted.
REQUESTS_OF_A_JOB = 4
#: A run by job requests the watermark once.
REQUESTS_FOR_THE_WATERMARK = 1
DAYS_PER_MONTH = 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """The requests and rows of a stream, None where they cannot be estimated.

    Args:
        requests_first_run: The requests of the first run.
        requests_per_day: Those of a later run, with a run a day.
        detail: The counts that the estimate is made from, for people.
        rows_first_run: The rows that the first run emits.
        rows_per_day: Those that a later run emits, with a run a day.
        requests_per_month: The requests of 30 days, with as many runs a day as the check is for.
    """

    requests_first_run: int | None = None
    requests_per_day: int | None = None
    detail: str = ""
    rows_first_run: int | None = None
    rows_per_day: int | None = None
    requests_per_month: int | None = None

    @classmethod
    def every_run(cls, requests: int, rows: int | None = None, runs_per_day: int = 1) -> Estimate:
        """Return the estimate of a stream whose runs take as many requests and rows each."""
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
    """The facts about a stream that the response to one small request has.

    Args:
        count: How many records there are, or are of the day that was requested.
        record: One of them; None where there is none.
        is_counted: Whether `count` is of all records, and not of one page.
        records: All records of the response, where tables are made of them.
        going_on: How many of a day's records go on at its end, where that was requested.
    """

    count: int
    record: Record | None = None
    is_counted: bool = True
    records: Sequence[Record] = ()
    going_on: int = 0

    @classmethod
    def of(cls, content: Record, records: Sequence[Record]) -> Sample:
        """Return the sample that a response is.

        Args:
            content: Its body.
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
        """The id of its record, if there is one."""
        identity = (self.record or {}).get("id")
        return [str(identity)] if identity else []


@dataclass(frozen=True, slots=True)
class Basis:
    """The facts that an estimate is made from.

    Args:
        wanted: The range that a first run reads.
        sample: The stream's sample; None where its parent's record has nothing below it.
        parent: The sample of the stream's parent; None where it has none.
        parts: How many requests, further pages aside, are made for one record of the parent.
        parent_estimate: The estimate of the stream's parent.
        runs_per_day: How many runs begin on a day.
        lag: How far the data lake is behind; a day where that is unknown, as the vendor documents.
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
        """How many records there are, as far as known."""
        return self.sample.count if self.sample else 0

    @property
    def parent_count(self) -> int:
        """How many records the parent has; 1 where the stream has no parent."""
        return self.parent.count if self.parent else 1

    @property
    def rows(self) -> int | None:
        """How many records all requests return that are like the sample's; None where unknown."""
        if self.sample is None or not self.sample.is_counted:
            return None
        return self.count * self.parts * self.parent_count

    def rows_of_days(self, days: float) -> int | None:
        """Return how many rows so many days have, from the rows of one day."""
        return None if self.rows is None else round(self.rows * days)

    def next_run(self, lookback: timedelta) -> Window:
        """Return the range that a run a day later reads.

        Args:
            lookback: How far before its bookmark a run starts.
        """
        return Window(max(self.wanted.start, self.wanted.end - DAY - lookback), self.wanted.end)

    def runs(self, lookback: timedelta) -> list[Window]:
        """Return the ranges that the later runs of a day read, each from its bookmark.

        Args:
            lookback: How far before its bookmark a run starts.
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
    """How much there is to read of a stream by query, by job, or by both.

    Args:
        rows_per_day: Rows of one day.
        page_size: Rows of a page of a query.
        job_page_size: Rows of a page of a job.
    """

    rows_per_day: float
    page_size: int
    job_page_size: int

    def query(self, days: float) -> int:
        """Return the requests of a query for so many days: its pages; a full last one, one more."""
        return int(self.rows_per_day * days / self.page_size) + 1

    def job(self, days: float) -> int:
        """Return the requests of a job for so many days."""
        return REQUESTS_OF_A_JOB + pages(self.rows_per_day * days, self.job_page_size)

    def queries(self, windows: Iterable[float], rechecks: int = 0) -> int:
        """Return the requests of a run by query.

        Args:
            windows: The length of each window, in days.
            rechecks: How many past days are read again.
        """
        return sum(self.query(days) for days in windows) + rechecks * self.query(1)

    def jobs(self, windows: Iterable[float], rechecks: int = 0) -> int:
        """Return the requests of a run by job.

        Args:
            windows: The length of each window, in days.
            rechecks: How many past days are read again.
        """
        jobs = sum(self.job(days) for days in windows) + rechecks * self.job(1)
        return REQUESTS_FOR_THE_WATERMARK + jobs

    def read(self, read: Read, going_on: int = 0) -> int:
        """Return the requests of a read that is planned.

        Args:
            read: The read.
            going_on: How many of a day's rows go on at its end. A query returns, beside what starts
                in its window, what has started on its first day and goes on; a job all that goes
                on, unless it reads a day again. Older rows that go on are not known.
        """
        start, end = read.window.bounds
        days = (end - start) / DAY
        if read.by == "job":
            rows = self.rows_per_day * days + (going_on if read.by_activity else 0)
            return REQUESTS_OF_A_JOB + pages(rows, self.job_page_size)
        rows = self.rows_per_day * days + going_on * ((start - utc_day(start).start) / DAY)
        return int(rows / self.page_size) + 1


def pages(rows: float, page_size: int) -> int:
    """Return how many pages hold so many rows; an empty listing has one."""
    return max(1, ceil(rows / page_size))


def in_days(windows: Iterable[Window]) -> list[float]:
    """Return the length of each window, in days."""
    return [window.length / DAY for window in windows]
