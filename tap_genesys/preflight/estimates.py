"""How many requests reading takes, told from a few counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A job is submitted, looked at about twice, and deleted.
OF_A_JOB = 4
#: Requests that a run by job makes once: the watermark.
OF_A_RUN = 1


@dataclass(frozen=True, slots=True)
class Volume:
    """How much there is to read.

    Args:
        a_day: Rows of one day.
        page: Rows of a page of a query.
        job_page: Rows of a page of a job.
    """

    a_day: float
    page: int
    job_page: int

    def query(self, days: float) -> int:
        """Return the requests of a query for so many days: its pages; a full last one, one more."""
        return int(self.a_day * days / self.page) + 1

    def job(self, days: float) -> int:
        """Return the requests of a job for so many days."""
        return OF_A_JOB + max(1, ceil(self.a_day * days / self.job_page))


def by_query(load: Volume, windows: Iterable[float], rechecked: int = 0) -> int:
    """Return the requests of a run by query.

    Args:
        load: How much there is.
        windows: The length of each window, in days.
        rechecked: How many past days are read again.
    """
    return sum(load.query(days) for days in windows) + rechecked * load.query(1)


def by_job(load: Volume, windows: Iterable[float], rechecked: int = 0) -> int:
    """Return the same of a run by job."""
    jobs = sum(load.job(days) for days in windows) + rechecked * load.job(1)
    return OF_A_RUN + jobs


def listing(total: int, page: int) -> int:
    """Return the requests of a listing with so many records."""
    return max(1, ceil(total / page))
