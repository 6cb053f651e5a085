"""The assumptions about conversations: queries, jobs and the data lake."""

from __future__ import annotations

from tap_genesys.preflight.assumptions import conversations, others
from tap_genesys.preflight.assumptions.model import Assumption

#: The assumptions about conversations.
CONVERSATIONS = (
    Assumption(
        "interval-reading",
        "A query's interval returns what *started* on a UTC day that it touches and also "
        "overlaps it",
        "confirmed",
        "the vendor's words in older SDKs (`ConversationQuery.interval`: \"both started on a day "
        "touched by the interval AND either started, ended, or any activity during the "
        'interval"), and the tip in its error about 100,000 results (page through 1am-2am, then '
        "2am-3am), quoted in the release notes of splunk/genesys_cloud_ta v0.2.2. All laws hold "
        "as well where it need not overlap. So a window may be cut below a day",
        judge=conversations.reading,
    ),
    Assumption(
        "visible-within-an-hour",
        "What happens in a conversation becomes visible within an hour of its date",
        "open",
        "believed: the vendor advises to leave out the last half hour. What comes later, or "
        "shows no date, is not left out when jobs first read it, nor by a re-check "
        "([freshness.md](freshness.md#unchanged-rows))",
        unchecked="it takes many looks, hours apart",
    ),
    Assumption(
        "changes-have-dates",
        "Each change but those of attributes and corrected wrap-ups shows in a past date of the "
        "record",
        "open",
        "believed: segments, metrics (`emitDate`) and later events (`eventTime`) have dates in "
        "the vendor's document; re-checks read what has none",
        unchecked="it takes two looks at the same conversations, days apart",
    ),
    Assumption(
        "query-bounds",
        "A query's interval holds its start, and not its end",
        "open",
        "documented nowhere; all laws hold under each combination",
        judge=conversations.query_bounds,
    ),
    Assumption(
        "job-bounds",
        "A job's interval holds its start, and not its end",
        "open",
        "documented nowhere; all laws hold under each combination",
        judge=conversations.job_bounds,
    ),
    Assumption(
        "instants-at-bounds",
        "A conversation of no length that starts exactly at a bound, on a server whose interval "
        "includes neither bound, is in no query that tiles the day; by job it is",
        "open",
        "the one exception to the above, see `test_readings.py`",
        judge=conversations.instants,
    ),
    Assumption(
        "interval-days",
        "7 days without a filter, 31 with one",
        "confirmed",
        "the vendor's analytics documentation",
    ),
    Assumption(
        "order",
        "Conversations are returned in the order of their starts, where `orderBy` is "
        "`conversationStart`",
        "in part",
        "the vendor's document; that it holds over pages is believed",
        judge=conversations.order,
    ),
    Assumption(
        "total-hits",
        "`totalHits` of conversations is approximate; pages shift during reading",
        "confirmed",
        "the vendor's developer blog, 2022-04-21, and its page on user status details, which "
        "says so of its own",
        judge=conversations.total_hits,
    ),
    Assumption(
        "details-page-100",
        "100 records a page for details",
        "confirmed",
        "production code of others (splunk/genesys_cloud_ta, DataDog); not in the vendor's "
        "document",
    ),
    Assumption(
        "details-page-cut",
        "A page of details that is larger than 100 is cut to 100",
        "open",
        "believed; no run requests one",
        judge=conversations.page_size,
    ),
    Assumption(
        "heavy-queries",
        "A heavy query times out with 504 or 408, and a shorter one does not",
        "open",
        "synchronous analytics are said to time out after some ten seconds (one public client); "
        "no 504 was captured",
        unchecked="it takes a query that is too heavy for the org, which none makes on purpose",
    ),
    Assumption(
        "query-rows",
        "100,000 rows of one query",
        "confirmed",
        "the error text that extractors quote; not in the vendor's document",
    ),
    Assumption(
        "misplaced-predicates",
        "A predicate in the wrong filter list is ignored",
        "open",
        "reported from a live org; elsewhere an empty result is reported. It is an error before "
        "the first request",
        judge=conversations.misplaced,
    ),
    Assumption(
        "old-queries",
        "Queries of details may return little or nothing of what is more than 558 days old; "
        "jobs return it",
        "in part",
        'the vendor\'s help page "View interactions details" ("may return limited information"); '
        "details are kept for the life of the contract; that jobs return all of it is open",
        unchecked="nothing else says how much there was",
    ),
    Assumption(
        "jobs",
        "A job's states, cursor and watermark; participants' attributes are in its results",
        "confirmed",
        "the vendor's SDK and developer pages; a live page of results",
    ),
    Assumption(
        "job-overlap",
        "A job returns every conversation whose lifetime overlaps the interval",
        "in part",
        "the vendor's SDK; a live page of results, with calls that have their end 60 days after "
        "their start. Whether one is returned of which nothing happened in the interval is "
        "open: the tap needs neither",
        judge=conversations.job_overlap,
    ),
    Assumption(
        "job-page-1000",
        "Result pages of 1,000",
        "confirmed",
        "others' production code; 2,000 and 10,000 were accepted there too, clamped or not",
    ),
    Assumption(
        "job-page-cut",
        "A page of job results that is larger than 1,000 is cut to 1,000",
        "open",
        "2,000 and 10,000 were accepted in others' production code, cut or not; no run requests "
        "more than 1,000",
        judge=conversations.job_page,
    ),
    Assumption(
        "lake-lag",
        "The data lake is up to 24 hours behind, at times 48",
        "confirmed",
        'the vendor\'s developer blog, 2020-10-22 ("up to 24 hours old"); a React application in '
        "production (48 hours)",
        judge=conversations.lag,
    ),
    Assumption(
        "lake-steps",
        "The data lake's watermark moves in steps of an hour at most",
        "open",
        "believed; runs take it as it is",
        judge=conversations.steps,
    ),
    Assumption(
        "endless-conversations",
        "Conversations that never end exist, and calls that have their end 60 days after their "
        "start",
        "confirmed",
        "notes on a live org (genesys-admin-app); a live page of job results",
    ),
    Assumption(
        "job-concurrency",
        "A key with `concurrent` in it bounds jobs that work at once; any other key is a rate",
        "in part",
        "`details.jobs.concurrent.access.max` and `details.jobs.rate.per.second` are keys of "
        "the vendor's (two public programs); their values, and that a full org returns 429 with "
        "this key: open. A 429 without a limit is waited for, and taken for a full org when the "
        "next one comes",
        judge=others.concurrency,
    ),
    Assumption(
        "job-row-limit",
        "The words of a row limit, at the results or as `errorMessage` of a job that has FAILED",
        "open",
        "others' production code has the first; both are halved",
        unchecked="it takes a job of more rows than are allowed",
    ),
    Assumption(
        "later-activity",
        "An evaluation or a survey alone counts as activity of its conversation",
        "open",
        "nothing found; re-checks bring both",
        unchecked="it takes a second job, over the time of an evaluation",
    ),
)
