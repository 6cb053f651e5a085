"""Notes of `--check` about the limits of jobs and the lag of the data lake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tap_genesys.preflight.lake import (
    hours,
    job_limits,
    lag,
    parallel_jobs_note,
    source_note,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CONCURRENT = "details.jobs.concurrent.access.max"
HOUR = timedelta(hours=1)


def test_limits_of_jobs_are_those_with_their_keys() -> None:
    """Limits whose keys are those of jobs are returned, unknown ones too, and no others."""
    entities = [
        {"namespace": "analytics", "key": CONCURRENT, "value": 20},
        {"namespace": "analytics", "key": "details.jobs.heard.of.later", "value": 3},
        {"namespace": "analytics", "key": "query.rate", "value": 1},
    ]
    assert job_limits({"entities": entities}) == {CONCURRENT: 20, "details.jobs.heard.of.later": 3}


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"entities": None},
        {"entities": {"key": CONCURRENT}},
        {"entities": ["x", None, {}, {"key": 7, "value": 1}, {"key": CONCURRENT, "value": "20"}]},
    ],
)
def test_a_response_of_another_shape_has_no_limits(content: dict[str, Any]) -> None:
    """A response of an unexpected shape has no limits, and is no error."""
    assert job_limits(content) == {}


@pytest.mark.parametrize(("most", "remedy"), [(4, ""), (3, ""), (2, "to 2."), (0, "to 1.")])
def test_a_lower_limit_has_a_remedy(most: int, remedy: str) -> None:
    """A limit of concurrent jobs below the setting has a remedy; one of a rate has none."""
    limits = {"details.jobs.rate.per.second": 1, CONCURRENT: most}
    note = parallel_jobs_note(limits, 3)
    assert note.endswith(remedy)
    assert bool(note) == bool(remedy)


def test_the_lag_is_the_age_of_the_watermark() -> None:
    """The lag is the age of the watermark.

    0 if it is ahead of the clock, unknown if it is no date.
    """
    assert lag("2026-03-09T09:30:00Z", NOW) == timedelta(hours=26.5)
    assert lag("2026-03-10T12:01:00.000Z", NOW) == timedelta(0)
    assert lag("soon", NOW) is lag(None, NOW) is None
    assert hours(timedelta(hours=26, minutes=20)) == 26.3


def test_a_short_lag_means_that_each_run_reads_all_that_is_missing() -> None:
    """With a short lag each run queries all that jobs cannot read yet."""
    note = source_note("auto", 6 * HOUR)
    assert "each run reads by query what the data lake does not have yet" in note
    assert note.endswith("about twice the lag after a conversation's start: 12 h.")


def test_a_long_lag_means_that_runs_read_what_happened_since() -> None:
    """With a long lag a run queries only what happened since the last one."""
    note = source_note("auto", 24 * HOUR)
    assert "each run reads by query what happened since the last one" in note
    assert note.endswith("two to three times the lag after a conversation's start: 48 to 72 h.")


def test_one_source_alone_is_late_or_lacks_attributes() -> None:
    """A single source has a note with its drawback; without a known lag, jobs have none."""
    assert "arrive 24 h late" in source_note("job", 24 * HOUR)
    assert "lack participants' attributes" in source_note("query", None)
    assert source_note("job", None) == source_note("auto", None) == ""
