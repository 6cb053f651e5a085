"""The behaviour of an org where the vendor's documents leave it open, or users' reports differ."""

from __future__ import annotations

from dataclasses import dataclass

from tap_genesys.simulator.responses import COUNTS

#: The habits that are one of a few words -> those words; the first is the default.
WORDS: dict[str, tuple[str, ...]] = {
    "interval_reading": ("overlap", "touched-days"),
    "interval_bounds": ("[)", "[]", "(]", "()"),
    "job_interval_bounds": ("[)", "[]", "(]", "()"),
    "oversized_page": ("clamp", "refuse"),
    "oversized_job_page": ("clamp", "refuse"),
    "page_beyond": ("empty", "missing"),
    "links": ("relative", "absolute"),
    "misplaced_predicates": ("ignore", "match", "refuse"),
    "user_pages": ("entries", "users"),
    "span_days": ("ends", "each"),
    "span_dates": ("milliseconds", "seconds"),
    "evaluation_bounds": ("[]", "[)", "(]", "()"),
    "aggregate_cells": ("start", "clock"),
    "unfiltered_users": ("refuse", "all"),
    "counts": tuple(COUNTS),
    "total_hits": tuple(COUNTS),
    "details_shape": ("vendor", "gateway"),
    "summary_shape": ("nested", "flat", "own-id", "own-dates"),
}


@dataclass
class Habits:
    """The switches of a simulated org; docs/simulator.md has the source of each.

    Args:
        interval_reading: The conversations of a query's interval: `touched-days` are all that start
            on a UTC day that the interval touches; `overlap` are those of them that overlap it.
        interval_bounds: The bounds of a query's interval: `[)`, `[]`, `(]` or `()`.
        job_interval_bounds: The bounds of a job's interval, likewise.
        ceiling: The most rows of a query that paging reaches.
        largest_page: The most records of a details page.
        oversized_page: The response to a larger page, of details or a listing: `clamp` cuts it,
            `refuse` returns 400.
        oversized_job_page: The response to an oversized page of a job's results, likewise.
        page_beyond: The response to a listing's page beyond its last: `empty`, or `missing` (404).
        links: The form of links in listings: `relative` or `absolute`; a few are always absolute.
        misplaced_predicates: The effect of a predicate that belongs to the other list of filters:
            `ignore` it, `match` nothing, or `refuse` the query.
        user_pages: The unit of a page of users' details: `entries`, or `users` with all entries.
        span_days: The days on which a query finds a span: `ends` for its start day and its end day,
            or `each` day that it touches.
        span_dates: The form of dates in a query's spans: always `milliseconds`, or whole `seconds`
            without them.
        evaluation_bounds: The bounds of the range of a search for evaluations.
        aggregate_cells: The origin of aggregates' cells: the interval's `start` or the `clock`.
        unfiltered_users: The response to an aggregate query without users: `refuse` or `all`.
        counts: The counts of summary pages, one of `responses.COUNTS`.
        total_hits: The counts of a details query, one of `responses.COUNTS`.
        details_shape: The form of details: `vendor`, or `gateway` for `entities` and `pageCount`.
        summaries: Whether the org has summary queries.
        summary_shape: The form of a summary: `nested` groupings and metrics, `flat` fields,
            `own-id` with an id, or `own-dates` with the query's `dateFrom` and `dateTo`.
        query_days: The number of days that details queries reach back; None for all. Jobs reach
            back to the org's start.
        audit_days: The number of days that audits are kept; None for all.

    Raises:
        ValueError: A habit has a word that is not in `WORDS`.
    """

    interval_reading: str = "overlap"
    interval_bounds: str = "[)"
    job_interval_bounds: str = "[)"
    ceiling: int = 100_000
    largest_page: int = 100
    oversized_page: str = "clamp"
    oversized_job_page: str = "clamp"
    page_beyond: str = "empty"
    links: str = "relative"
    misplaced_predicates: str = "ignore"
    user_pages: str = "entries"
    span_days: str = "ends"
    span_dates: str = "milliseconds"
    evaluation_bounds: str = "[]"
    aggregate_cells: str = "start"
    unfiltered_users: str = "refuse"
    counts: str = "right"
    total_hits: str = "right"
    details_shape: str = "vendor"
    summaries: bool = True
    summary_shape: str = "nested"
    query_days: float | None = None
    audit_days: float | None = None

    def __post_init__(self) -> None:
        for name, words in WORDS.items():
            if (word := getattr(self, name)) not in words:
                msg = f"{name} is not {word!r} but one of {', '.join(words)}"
                raise ValueError(msg)
