"""The conversations that earlier runs have emitted, so that unchanged ones are left out. Pure.

The state's `emittedThrough` has a mark for each of the two sources. It moves only when a pass has
ended whole, so it is behind all that was emitted; `queryPasses` and `watermark`, which limit jobs,
are ahead of it. A row is left out if its source has emitted that conversation before, and no past
moment of the row is at or after the mark less a margin. So what becomes visible within the margin
is never left out.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from tap_genesys.replication.rechecks import utc_day
from tap_genesys.replication.windows import iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

#: How long an event may take until it is visible, and still is never left out.
MARGIN = timedelta(hours=1)
#: A narrow pass begins so long before the last pass. So a conversation is read until two margins
#: after its end, and what happens in the first of them is never left out either.
OVERLAP = 2 * MARGIN
#: The marks of a state: the moments of the jobs' mark, then those of the queries', in the order of
#: their fields; each empty where there is none. Lists, since Meltano merges the STATE of a run that
#: failed into the one before, objects key by key: a key that was dropped would come back.
Marks: TypeAlias = "list[list[str]] | None"


@dataclass(frozen=True, slots=True)
class JobMark:
    """All that jobs have emitted.

    Args:
        since: The earliest conversation start that was wanted.
        until: All conversations that started in between, and still went on, were emitted by job.
        at: The watermark: all that happened before it was in the rows.
    """

    since: datetime
    until: datetime
    at: datetime

    def moment(self, start: datetime) -> datetime | None:
        """Return the moment as of which a conversation was emitted; None where it may not be."""
        return self.at if self.since <= start < self.until else None


@dataclass(frozen=True, slots=True)
class QueryMark:
    """All that queries have emitted.

    Args:
        until: All that started before it was emitted by a query or a job, as far as it is settled.
        at: The begin of the last pass, full or narrow.
        full_from: The first start that the last full pass read.
        full_at: Its begin.
        tails_from: The first start of the last pass that read the ends of earlier days.
        tails_at: Its begin.
    """

    until: datetime
    at: datetime
    full_from: datetime
    full_at: datetime
    tails_from: datetime
    tails_at: datetime

    @classmethod
    def of_full_pass(
        cls, start: datetime, until: datetime, at: datetime, tails_from: datetime | None = None
    ) -> QueryMark:
        """Return the mark after a full pass.

        Args:
            start: The first start that it has read.
            until: The end of its range, as far as it is settled.
            at: Its begin.
            tails_from: The first start of that day, where it has read the day's end.
        """
        return cls(until, at, start, at, tails_from or start, at)

    def after_narrow_pass(
        self, until: datetime, at: datetime, tails_from: datetime | None
    ) -> QueryMark:
        """Return the mark after a narrow pass.

        Args:
            until: The end of its range, as far as it is settled.
            at: Its begin.
            tails_from: The first start of the days whose ends it has read; None where it read none.
        """
        narrow = replace(self, until=max(self.until, until), at=at)
        return replace(narrow, tails_from=tails_from, tails_at=at) if tails_from else narrow

    def moment(self, start: datetime, end: datetime | None, latest: datetime) -> datetime | None:
        """Return the moment as of which a conversation was emitted; None where it may not be.

        Args:
            start: When it started.
            end: When it ended, as far as it has.
            latest: Its latest past moment.
        """
        if start >= self.until:
            return None  # the end of the range may have been configured
        midnight = utc_day(start).end
        is_tail = end is None or end >= midnight
        if is_tail and midnight <= self.tails_at and start >= self.tails_from:
            # Of an earlier day, and active after it: narrow queries do not return it any more.
            return self.tails_at
        if start < self.full_from:
            return None
        if is_tail and midnight <= self.tails_at:
            return self.full_at
        # A narrow query returns it until two margins after its end, whatever happens later.
        return self.at if end is None or latest <= end + MARGIN else self.full_at


class Emitted:
    """The conversations that earlier runs have emitted.

    Args:
        marks: The state's, as it was given to the run; None where nothing is left out.
        bookmark: The bookmark of earlier runs: all that starts later is read for the first time.
    """

    def __init__(self, marks: Marks, bookmark: datetime | None) -> None:
        self._job, self._query = job_mark(marks), query_mark(marks)
        self._bookmark = bookmark

    def by_job(self, start: datetime, latest: Callable[[], datetime | None]) -> bool:
        """Return whether a job has emitted a conversation as it is now.

        Args:
            start: When it started.
            latest: Returns its latest past moment; None where it shows none.
        """
        mark = self._job
        if mark is None or self._bookmark is None or start >= self._bookmark:
            return False
        moment = mark.moment(start)
        return moment is not None and _is_before(latest(), moment)

    def by_query(
        self, start: datetime, end: datetime | None, latest: Callable[[], datetime | None]
    ) -> bool:
        """Return whether a query has emitted a conversation as it is now.

        Args:
            start: When it started.
            end: When it ended, as far as it has.
            latest: Returns its latest past moment; None where it shows none.
        """
        mark = self._query
        # The greatest moment first, which needs no look at all dates of a conversation.
        if mark is None or max(start, end or start) >= mark.at - MARGIN:
            return False
        last = latest()
        moment = mark.moment(start, end, last) if last else None
        return moment is not None and _is_before(last, moment)


def _is_before(latest: datetime | None, moment: datetime) -> bool:
    return latest is not None and latest < moment - MARGIN


def job_mark(marks: Marks) -> JobMark | None:
    """Read the mark of jobs from a state."""
    return JobMark(*map(parse, marks[0])) if marks and marks[0] else None


def query_mark(marks: Marks) -> QueryMark | None:
    """Read the mark of queries from a state."""
    return QueryMark(*map(parse, marks[1])) if marks and marks[1] else None


def with_mark(marks: Marks, mark: JobMark | QueryMark) -> list[list[str]]:
    """Return the marks of a state with one of them replaced."""
    by_job, by_query = marks or ([], [])
    moments = [iso(moment) for moment in astuple(mark)]
    return [moments, by_query] if isinstance(mark, JobMark) else [by_job, moments]
