"""The reads of a day of runs, after days of such runs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_genesys.replication.emitted_spans import BEFORE_READ_TO
from tap_genesys.replication.steady_runs import SteadyRuns, SteadySpanRuns
from tap_genesys.replication.windows import DAY, split

if TYPE_CHECKING:
    from tap_genesys.replication.plan import Read

NOW = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def runs_of(source: str, lag: timedelta, runs_per_day: int, *, until: datetime = NOW) -> SteadyRuns:
    """Return runs with the default settings."""
    return SteadyRuns(
        source=source,
        runs_per_day=runs_per_day,
        until=until,
        lag=lag,
        lookback=DAY if source == "query" else timedelta(0),
        ages=(1, 3, 7, 30),
        windows=partial(split, step=DAY),
        job_windows=partial(split, step=DAY),
    )


def counted(runs: list[list[Read]]) -> Counter[tuple[str, str]]:
    """Return the number of reads by source and purpose."""
    return Counter((read.by, read.purpose) for reads in runs for read in reads)


@pytest.mark.parametrize(
    ("hours", "jobs", "rechecks"), [(4, 24, 4), (24, 1, 3), (48, 1, 3)], ids=str
)
def test_hourly_runs_submit_as_many_jobs_as_the_docs_count(
    hours: int, jobs: int, rechecks: int
) -> None:
    """A day submits 28, 4 and 4 jobs, as docs/freshness.md has it."""
    counts = counted(runs_of("auto", hours * HOUR, 24).reads_of_a_day())
    assert (counts["job", "forward"], counts["job", "recheck"]) == (jobs, rechecks)


@pytest.mark.parametrize(("source", "windows"), [("job", 24), ("query", 49)])
def test_one_source_alone_reads_on_in_each_run(source: str, windows: int) -> None:
    """Each run by query reads a day again: parts of two days or, after midnight, of three."""
    counts = counted(runs_of(source, DAY, 24).reads_of_a_day())
    assert counts == {(source, "forward"): windows, (source, "recheck"): 4}


def test_runs_by_query_read_their_look_back_each_time() -> None:
    """Each run by query reads its look-back and the half hour that was not settled."""
    reads = [read for run in runs_of("query", DAY, 24).reads_of_a_day() for read in run]
    forward = sum((read.window.length for read in reads if read.purpose == "forward"), DAY * 0)
    # An hour, a day of look-back, and half an hour that was not settled.
    assert forward == 24 * (DAY + 1.5 * HOUR)


@settings(max_examples=30)
@given(
    st.sampled_from(["auto", "job", "query"]),
    st.integers(1, 50),
    st.sampled_from([1, 2, 3, 8, 24]),
    st.integers(0, 23),
)
def test_a_day_of_runs_reads_a_day_by_job_and_all_the_rest_by_query(
    source: str, lag: int, runs_per_day: int, hour: int
) -> None:
    """Jobs read a day on average, and queries up to now, whatever the schedule is."""
    until = NOW + hour * HOUR
    runs = runs_of(source, lag * HOUR, runs_per_day, until=until).reads_of_a_day()
    assert len(runs) == runs_per_day
    by_job = [read.window for run in runs for read in run if read.by == "job" and read.by_activity]
    for before, after in pairwise(by_job):
        assert before.end == after.start
    if source == "query":
        assert not by_job
    else:
        # Depending on the watermark, jobs read two days at once, or no day.
        assert sum((window.length for window in by_job), DAY * 0) <= 2 * DAY
    if source != "job":
        assert max(read.window.end for read in runs[-1]) == until


@pytest.mark.parametrize(("source", "by"), [("auto", {"job", "query"}), ("query", {"query"})])
def test_spans_of_users_are_read_from_where_the_last_run_read(source: str, by: set[str]) -> None:
    """With `auto` a query of user details reads two hours, whatever the lag is.

    Source: docs/freshness.md.
    """
    runs = SteadySpanRuns(
        source=source,
        runs_per_day=24,
        until=NOW,
        lag=2 * DAY,
        lookback=DAY if source == "query" else timedelta(0),
        ages=(5,),
        windows=partial(split, step=DAY),
        job_windows=partial(split, step=DAY),
        margin=BEFORE_READ_TO,
    ).reads_of_a_day()
    reads = [read for run in runs for read in run]
    assert {read.by for read in reads} == by
    assert sum(read.purpose == "recheck" for read in reads) == 1
    lengths = [
        sum(
            (
                read.window.length
                for read in run
                if read.purpose == "forward" and read.by == "query"
            ),
            DAY * 0,
        )
        for run in runs
    ]
    assert set(lengths) == {2 * HOUR if source == "auto" else DAY + 1.5 * HOUR}
