"""Judgements about conversations: queries, jobs and the data lake. Pure."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_genesys.preflight.assumptions import sample
from tap_genesys.preflight.assumptions.evaluations import belongs
from tap_genesys.preflight.assumptions.fields import moment, number, rows
from tap_genesys.preflight.assumptions.model import (
    Undecidable,
    confirmed,
    held,
    refuted,
)
from tap_genesys.preflight.assumptions.plan import JOB_PAGE, JOB_RESULTS, OVERSIZED_DETAILS
from tap_genesys.replication.windows import floor

if TYPE_CHECKING:
    from datetime import datetime

    from tap_genesys.preflight.assumptions.model import Observed, Verdict

_LARGEST_PAGE, _LARGEST_JOB_PAGE = 100, 1000
_LONGEST_LAG = timedelta(hours=48)
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)


def reading(observed: Observed) -> Verdict:
    """Judge whether a query leaves out conversations of its day that do not overlap it."""
    there = sample.chosen_in(observed, "details-interval")
    chosen = sample.choice(observed)
    gap = chosen.interval.start - chosen.before.latest
    returned = "is" if "before" in there else "is not"
    evidence = (
        f"of {len(chosen.names)} conversations of a day, the one that ended {_minutes(gap)} before "
        f"an interval of {_minutes(chosen.interval.length)} {returned} returned"
    )
    return held(evidence, if_true="before" not in there)


def query_bounds(observed: Observed) -> Verdict:
    """Judge whether a query's interval holds its start, and not its end."""
    there = sample.chosen_in(observed, "details-interval")
    if "before" not in there:
        return _bounds(there)
    # All of the day is returned, so only a bound at midnight shows.
    midnight = sample.choice(observed).begins
    has_end = sample.finds(observed, "details-midnight", midnight)
    evidence = f"of an interval that ends at midnight, {belongs('end', has_end)}"
    return held(evidence, if_true=not has_end)


def instants(observed: Observed) -> Verdict:
    """Judge whether an instant at a bound of queries that tile a day is in none of them."""
    there = sample.chosen_in(observed, "details-interval")
    if "before" in there:
        return refuted("all of a day is returned, whatever the bounds are")
    bounds = _bounds(there)
    return held(bounds.evidence, if_true=not there & {"ends", "begins"})


def job_bounds(observed: Observed) -> Verdict:
    """Judge whether a job's interval holds its start, and not its end."""
    there = sample.chosen_in(observed, JOB_RESULTS)
    if "before" in there:
        msg = "a job returns conversations that ended before its interval"
        raise Undecidable(msg)
    return _bounds(there)


def job_overlap(observed: Observed) -> Verdict:
    """Judge whether a job returns a conversation that lasts through it without an event."""
    there = sample.chosen_in(observed, JOB_RESULTS)
    if sample.choice(observed).through is None:
        msg = "no sampled conversation goes on through the interval without an event"
        raise Undecidable(msg)
    returned = "is" if "through" in there else "is not"
    evidence = f"1 conversation without an event in the interval {returned} returned"
    return held(evidence, if_true="through" in there)


def order(observed: Observed) -> Verdict:
    """Judge whether records come in the order of their starts."""
    starts = [
        start for row in sample.sampled(observed) if (start := moment(row, "conversationStart"))
    ]
    if len(starts) <= 1:
        msg = f"{len(starts)} conversation with a start; two are needed"
        raise Undecidable(msg)
    breaks = sum(1 for first, second in pairwise(starts) if second < first)
    evidence = f"{breaks} of {len(starts) - 1} steps go backwards, over first and last page"
    return held(evidence, if_true=not breaks)


def total_hits(observed: Observed) -> Verdict:
    """Judge whether `totalHits` differs from the number of rows."""
    page = sample.last_page(observed)
    total = number(observed.body("details-first"), "totalHits")
    last = "details-first" if page == 1 else "details-last"
    on_last = len(rows(observed.body(last), "conversations"))
    received = (page - 1) * sample.PAGE + on_last
    evidence = f"totalHits {total}; the last page of {page} has {on_last}, which makes {received}"
    if not received:
        msg = f"no conversation on the sampled day; {evidence}"
        raise Undecidable(msg)
    return held(evidence, if_true=total != received)


def page_size(observed: Observed) -> Verdict:
    """Judge whether a page of details that is too large is cut."""
    response = observed.response("details-oversized")
    if response.status == HTTPStatus.BAD_REQUEST:
        return refuted(f"a page of {OVERSIZED_DETAILS} is refused (400)")
    received = len(rows(observed.body("details-oversized"), "conversations"))
    evidence = f"a page of {OVERSIZED_DETAILS} has {received} rows"
    if received < _LARGEST_PAGE:
        raise Undecidable(evidence)
    return held(evidence, if_true=received == _LARGEST_PAGE)


def misplaced(observed: Observed) -> Verdict:
    """Judge whether a predicate in the wrong list of filters is ignored."""
    if not sample.sampled(observed):
        msg = "no conversation on the sampled day"
        raise Undecidable(msg)
    response = observed.response("details-misplaced")
    if response.status == HTTPStatus.BAD_REQUEST:
        return refuted("refused (400)")
    body = observed.body("details-misplaced")
    before = number(observed.body("details-first"), "totalHits")
    evidence = f"totalHits {number(body, 'totalHits')} with it, {before} without"
    return held(evidence, if_true=bool(rows(body, "conversations")))


def job_page(observed: Observed) -> Verdict:
    """Judge whether a page of job results that is too large is cut."""
    response = observed.response(JOB_RESULTS)
    if response.status == HTTPStatus.BAD_REQUEST:
        return refuted(f"a page of {JOB_PAGE} is refused (400)")
    received = len(rows(observed.body(JOB_RESULTS), "conversations"))
    evidence = f"a page of {JOB_PAGE} is not refused; it has {received} rows"
    if received < _LARGEST_JOB_PAGE:
        msg = f"{evidence}, too few to be cut"
        raise Undecidable(msg)
    return held(evidence, if_true=received == _LARGEST_JOB_PAGE)


def lag(observed: Observed) -> Verdict:
    """Judge whether the data lake's lag is 48 hours at most."""
    behind = observed.started - _watermark(observed, "lake")
    evidence = f"{behind / _HOUR:.1f} hours behind"
    return held(evidence, if_true=behind <= _LONGEST_LAG)


def steps(observed: Observed) -> Verdict:
    """Judge whether the watermark moves in steps of an hour at most."""
    first = _watermark(observed, "lake")
    place = "on a whole minute" if first == floor(first, _MINUTE) else "not on a whole minute"
    second = _watermark(observed, JOB_RESULTS)
    passed = observed.received[JOB_RESULTS] - observed.received["lake"]
    evidence = f"moved by {_seconds(second - first)} s in {_seconds(passed)} s; {place}"
    if second == first and passed <= _HOUR:
        raise Undecidable(evidence)
    return held(evidence, if_true=first < second <= first + passed + _HOUR)


def _watermark(observed: Observed, name: str) -> datetime:
    watermark = moment(observed.body(name), "dataAvailabilityDate")
    if watermark is None:
        msg = f"{name} has no dataAvailabilityDate"
        raise Undecidable(msg)
    return watermark


def _bounds(there: set[str]) -> Verdict:
    """Return the verdict whether an interval that returns these conversations is half-open."""
    has_start, has_end = "ends" in there, "begins" in there
    evidence = f"{belongs('start', has_start)}; {belongs('end', has_end)}"
    return confirmed(evidence) if has_start and not has_end else refuted(evidence)


def _minutes(length: timedelta) -> str:
    return f"{length / _MINUTE:.0f} minutes"


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():.0f}"
