"""Marks of emitted conversations, by which unchanged ones are left out. Pure.

The state's `emittedThrough` has one mark per source. A mark moves only after a complete pass, so it
is never ahead of the emitted rows; `queryPasses` and `watermark`, which limit jobs, are never
behind them. A row is left out if its source has emitted that conversation before, and all past
moments of the row are before the mark less a margin. So changes that become visible within the
margin are never left out.
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

#: The delay with which an event may become visible and is still never left out.
MARGIN = timedelta(hours=1)
#: The time before the last pass at which a narrow pass begins. So a conversation is read until two
#: margins after its end, and changes within the first of them are never left out either.
OVERLAP = 2 * MARGIN
#: The marks in a state: the moments of the jobs' mark, and those of the queries' mark, in the order
#: of their fields; an empty list without a mark. Lists, since Meltano merges the STATE of a failed
#: run into the one before, objects key by key: a removed key would come back.
Marks: TypeAlias = "list[list[str]] | None"


@dataclass(frozen=True, slots=True)
class JobMark:
    """The mark of the conversations that jobs have emitted: those that started in `[since, until)`.

    Args:
        since: The earliest conversation start that was read.
        until: The end of the range of starts.
        at: The watermark: the emitted rows have all events before it.
    """

    since: datetime
    until: datetime
    at: datetime

    def moment(self, start: datetime) -> datetime | None:
        """Return the moment as of which a conversation was emitted; None where it may not be."""
        return self.at if self.since <= start < self.until else None


@dataclass(frozen=True, slots=True)
class QueryMark:
    """The mark of the conversations that queries have emitted.

    Args:
        until: Conversations that started before it were emitted by a query or a job.
        at: The start of the last pass, full or narrow.
        full_from: The first conversation start that the last full pass read.
        full_at: The start of the last full pass.
        tails_from: The first conversation start of the last pass that read the ends of earlier
            days.
        tails_at: The start of that pass.
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
            start: The first conversation start that the pass read.
            until: The end of its range, without the last half hour.
            at: The start of the pass.
            tails_from: The first start of the day whose end the pass read; None if it read none.
        """
        return cls(until, at, start, at, tails_from or start, at)

    def after_narrow_pass(
        self, until: datetime, at: datetime, tails_from: datetime | None
    ) -> QueryMark:
        """Return the mark after a narrow pass.

        Args:
            until: The end of its range, without the last half hour.
            at: The start of the pass.
            tails_from: The first start of the days whose ends the pass read; None if it read none.
        """
        narrow = replace(self, until=max(self.until, until), at=at)
        return replace(narrow, tails_from=tails_from, tails_at=at) if tails_from else narrow

    def moment(self, start: datetime, end: datetime | None, latest: datetime) -> datetime | None:
        """Return the moment as of which a conversation was emitted; None where it may not be.

        Args:
            start: The start of the conversation.
            end: The end of the conversation; None while it is open.
            latest: Its latest past moment.
        """
        if start >= self.until:
            return None  # beyond the range, whose end may have been configured
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
        marks: The marks in the state at the start of the run; None if nothing is left out.
        bookmark: The bookmark of earlier runs: conversations that start later are new.
    """

    def __init__(self, marks: Marks, bookmark: datetime | None) -> None:
        self._job, self._query = job_mark(marks), query_mark(marks)
        self._bookmark = bookmark

    def by_job(self, start: datetime, latest: Callable[[], datetime | None]) -> bool:
        """Return whether a job has emitted a conversation as it is now.

        Args:
            start: The start of the conversation.
            latest: Returns its latest past moment; None without one.
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
            start: The start of the conversation.
            end: The end of the conversation; None while it is open.
            latest: Returns its latest past moment; None without one.
        """
        mark = self._query
        # Start and end first: `latest` goes through all dates of a conversation.
        if mark is None or max(start, end or start) >= mark.at - MARGIN:
            return False
        last = latest()
        moment = mark.moment(start, end, last) if last else None
        return moment is not None and _is_before(last, moment)


def _is_before(latest: datetime | None, moment: datetime) -> bool:
    return latest is not None and latest < moment - MARGIN


def job_mark(marks: Marks) -> JobMark | None:
    """Return the mark of jobs from the marks of a state; None without one."""
    return JobMark(*map(parse, marks[0])) if marks and marks[0] else None


def query_mark(marks: Marks) -> QueryMark | None:
    """Return the mark of queries from the marks of a state; None without one."""
    return QueryMark(*map(parse, marks[1])) if marks and marks[1] else None


def with_mark(marks: Marks, mark: JobMark | QueryMark) -> list[list[str]]:
    """Return the marks of a state with one of them replaced."""
    by_job, by_query = marks or ([], [])
    moments = [iso(moment) for moment in astuple(mark)]
    return [moments, by_query] if isinstance(mark, JobMark) else [by_job, moments]
