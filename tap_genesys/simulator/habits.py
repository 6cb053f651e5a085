"""How a Genesys Cloud behaves where the vendor's words leave it open, or users differ."""

from __future__ import annotations

from dataclasses import dataclass

from tap_genesys.simulator.responses import COUNTS

#: The habits that are one of a few words, and those words; the first is the default.
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
    """The switches of a simulated org.

    Args:
        interval_reading: `overlap` returns what started on a UTC day that the interval touches and
            also overlaps the interval; `touched-days` returns all that started on such a day.
        interval_bounds: Which bounds belong to a query's interval: `[)`, `[]`, `(]` or `()`.
        job_interval_bounds: The same of a job's interval.
        ceiling: How many rows of a query can be paged through.
        largest_page: The most records of a details page.
        oversized_page: What a larger page than that gets: `clamp` or `refuse`.
        oversized_job_page: What a page of a job's results gets that is larger than allowed.
        page_beyond: What a listing's page beyond its last gets: `empty`, or `missing` for 404.
        links: Whether links of listings are `relative` or `absolute`; of a few they name the host
            in any case.
        misplaced_predicates: What a predicate of the other list of filters does: `ignore`, `match`
            nothing, or `refuse`.
        user_pages: Whether a page of users' details is cut from `entries`, or holds `users`, each
            with all entries.
        span_days: Whether a query finds a span on its start day and its end day (`ends`), or on
            `each` day that it touches.
        span_dates: Whether dates of a query's spans have `milliseconds`, or none where they are
            whole `seconds`.
        evaluation_bounds: Which bounds belong to the range of a search for evaluations.
        aggregate_cells: Whether cells are counted from the interval's `start`, or lie on the
            `clock`.
        unfiltered_users: What an aggregate query gets that names no user: `refuse` or `all`.
        counts: How summary pages are counted, one of `responses.COUNTS`.
        total_hits: How the rows of a details query are counted, one of `responses.COUNTS`.
        details_shape: `vendor`, or `gateway` for `entities` and `pageCount`.
        summaries: Whether the org has summary queries at all.
        summary_shape: `nested` groupings and metrics, `flat` fields, `own-id` with an id, or
            `own-dates` with the query's `dateFrom` and `dateTo`.
        query_days: How many days back queries of details know anything; None for as long as the org
            exists. Jobs know all of it.
        audit_days: How many days back audits are kept; None likewise.

    Raises:
        ValueError: A word is not among those that its habit knows.
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
