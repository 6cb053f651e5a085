"""The assumptions about users, reports, listings and limits."""

from __future__ import annotations

from tap_genesys.preflight.assumptions import evaluations, others, spans
from tap_genesys.preflight.assumptions.model import Assumption

#: The assumptions about all but conversations.
OTHERS = (
    Assumption(
        "user-entries",
        "Details of users: pages hold and `totalHits` counts status entries, as an order of "
        "magnitude; a page may be short; a span is stored on its start day and, once it has "
        "ended, on its end day",
        "confirmed",
        'the vendor\'s developer page "User Status Detail query", and two live responses',
        judge=spans.entries_of_a_page,
    ),
    Assumption(
        "user-middle-days",
        "A query of a day finds no span that began earlier and ends later",
        "in part",
        "follows from the vendor's page above; not seen on a live org",
        judge=spans.middle_days,
    ),
    Assumption(
        "user-last-page",
        "Only a page of user details without `userDetails` is behind the last",
        "confirmed",
        "the vendor's open-data-exporter",
    ),
    Assumption(
        "user-corrections",
        "Ends of spans are corrected between 48 hours and some five days after the fact",
        "in part",
        'the vendor\'s help page "Why can my data change?" says so of its data; that spans are '
        "among it, and that the lake has it at the same moment: open",
        unchecked="it takes looks at the same spans over five days",
    ),
    Assumption(
        "user-jobs",
        "Jobs return the same entries as the query, in fragments, up to a watermark of their own",
        "in part",
        "the fragments: notes on a live org (laggyzee/genesys-mcp); that they come by start day "
        "and end day, too: open",
        unchecked="it takes a second job, of users",
    ),
    Assumption(
        "user-dates",
        "Dates of user details come with milliseconds or without",
        "open",
        "real responses have them, other dates of the API do not; keys do not depend on it",
        judge=spans.milliseconds,
    ),
    Assumption(
        "user-midnights",
        "A span that ends at a midnight to the millisecond would be in no query of whole days, "
        "if neither bound belonged to an interval",
        "open",
        "its end would be missing",
        unchecked="it takes such a span; `query-bounds` shows whether there can be one",
    ),
    Assumption(
        "user-rows",
        "Details of users have no limit of rows that can be paged through",
        "open",
        "nobody reports one",
        unchecked="it takes a query of more than 100,000 entries",
    ),
    Assumption(
        "user-aggregates",
        "User aggregates: a query names 1 to 100 users, and filters and groups by `userId` alone",
        "confirmed",
        "the vendor's developer page \"User Status Aggregate query\"; others' production code",
    ),
    Assumption(
        "user-aggregates-unfiltered",
        "An aggregate query about users that names no user is refused",
        "open",
        "believed; each query names up to 100",
        judge=others.all_users,
    ),
    Assumption(
        "evaluation-bounds",
        "Evaluations: a range of dates of at most three months, to which both bounds belong; no "
        "count",
        "in part",
        "the vendor's document; the bounds are open",
        judge=evaluations.bounds,
    ),
    Assumption(
        "analysis",
        "A conversation's analysis, summaries, recordings and transcripts are there when the "
        "lake (or half an hour, by query alone) has passed its end; one of which there is "
        "nothing returns 404",
        "open",
        "that `/conversations/{id}` has the data, and `/sentiments` and `/summaries` may return "
        "404: laggyzee/genesys-mcp, of a live org; the rest unverified",
        unchecked="of what is absent nothing says whether it is late or never comes",
    ),
    Assumption(
        "transcript-file",
        "The file behind a transcript's `url` is a JSON object, and takes no token",
        "confirmed",
        "the vendor's tutorials",
    ),
    Assumption(
        "transcript-session",
        "The communication of a transcript is the session of a customer or external participant",
        "open",
        "believed by others",
        unchecked="it takes the text of a conversation",
    ),
    Assumption(
        "summaries",
        "250 records a page for summaries, the names of their groupings and metrics, half-open "
        "`dateFrom`/`dateTo`",
        "open",
        "users' reports (`conversation:medium`, `conversation:duration`); all other names "
        "unverified. Whether the dates are half-open, no check sees",
        judge=others.summaries,
    ),
    Assumption(
        "page-count",
        "Responses to summary queries have the header `X-Page-Count`",
        "open",
        "users' reports only; the vendor's published API has no paging header",
        judge=others.page_count,
    ),
    Assumption(
        "nightly-corrections",
        "The vendor's nightly pipeline corrects data that is 48 hours old or older, details and "
        "aggregates alike, and some five days after the fact nothing changes any more",
        "in part",
        'the vendor\'s help, "Why can my data change?", for the first half; until when is open',
        unchecked="it takes looks at the same data over five days",
    ),
    Assumption(
        "aggregates",
        "Aggregates: no paging; half-open cells; `timeZone` cuts days; what is too large "
        "returns 413",
        "in part",
        "the vendor's developer pages for the first and third; the others open",
        unchecked="it takes a response that is too large, and a metric emitted at the very bound",
    ),
    Assumption(
        "aggregate-cells",
        "Cells of aggregates are counted from the start of the interval, so that halves cut "
        "between cells have the same ones",
        "open",
        "believed",
        judge=others.cells,
    ),
    Assumption(
        "aggregate-dates",
        "Aggregates count where a metric was emitted",
        "confirmed",
        "the vendor's forum, topic 18235",
    ),
    Assumption(
        "audits",
        "Audits: a day's report in pages of 500; a large page returns 302 with `downloadUrl`, "
        "`cursor` beside it",
        "confirmed",
        "the vendor's document (`AuditQueryExecutionLargeResultsResponse`), "
        "splunk/genesys_cloud_ta",
    ),
    Assumption(
        "audit-retention",
        "Audits are kept for a year at least",
        "confirmed",
        'the vendor\'s help page "Retention period for analytics data and recording"',
    ),
    Assumption(
        "audit-files",
        "The file of a large page of audits is an array, whose rows have `eventTime` in whole "
        "seconds in place of `eventDate`, and an `id`",
        "in part",
        "splunk/genesys_cloud_ta is the only public code that reads one (the array, "
        "`eventTime`); that rows have the `id`: open. An object with `entities` is read too",
        unchecked="it takes a page of audits that is large enough to come as a file",
    ),
    Assumption(
        "audit-concurrency",
        "One query of audits at a time in an org; what a second one gets",
        "open",
        'a public extension for administrators says so (CxAsCode "stagehand"), the response is '
        "not known. The tap submits one at a time",
        unchecked="it takes two at a time, which might fail the query of somebody else",
    ),
    Assumption(
        "usage",
        "API usage: results go on by `cursors.after` as the parameter `after`; the last two "
        "days may still change; a day that an interval cuts is counted in part, so whole days "
        "are requested",
        "open",
        "the document names the cursor, not the parameter; rows have `date` for `Day` only: the "
        "vendor's blueprint",
        unchecked="it takes a report of several pages, and a day that is cut",
    ),
    Assumption(
        "adherence",
        "Adherence: up to 31 days (7 with exceptions) and all management units in one request; "
        "files hold one unit each; `dayStartOffsetSeconds` counts from `startDate`",
        "confirmed",
        "the document; others' production code",
    ),
    Assumption(
        "adherence-end",
        "Adherence: a range is of whole days of the zone, but ends no later than now",
        "open",
        "that later ends are refused is unverified",
        unchecked="it takes a bulk report of named users for each way to end",
    ),
    Assumption(
        "time-off",
        "Time off: a query needs a range of at most 33 days, both bounds included, or the status "
        "PENDING; it finds a request by each of its dates",
        "in part",
        "the document; the last is open",
        unchecked="it takes requests for time off of known people and days",
    ),
    Assumption(
        "workitem-filters",
        "Work items: one filter `EQ` on the type (or bin, queue, assignee) is needed, three "
        "filters are the most; `dateModified` with `GTE` and `LT` are the other two; each item "
        "has a type",
        "in part",
        "the document; that `GTE` and `LT` may be about one attribute: open",
        judge=others.date_filters,
    ),
    Assumption(
        "workitem-types",
        "An empty list of filters requests all types of work items",
        "open",
        "believed",
        judge=others.empty_filters,
    ),
    Assumption(
        "schedules",
        "Published schedules: a response that is not `Complete` is followed by a notification "
        "only, so the run stops; users need not be named",
        "open",
        "the document, in part",
        unchecked="it takes an org whose schedules are too many for a response",
    ),
    Assumption(
        "addresses",
        "Any response of a listing may be an address (`downloadUrl`) of what the response would be",
        "confirmed",
        "the document, of workforce management",
    ),
    Assumption(
        "listing-page-500",
        "500 records a page for users, queues and groups; a larger page is cut to what is "
        "allowed, and says so",
        "in part",
        "500: the vendor's open-data-exporter (users) and others' production code; the size "
        "that a response states is trusted",
        judge=others.page_of_500,
    ),
    Assumption(
        "listing-page-100",
        "100 records a page for other listings; a larger page is cut to what is allowed, and "
        "says so",
        "in part",
        "the cut: the vendor, of one listing (developer forum, topic 4967), so the size that a "
        "response states is trusted. Open for the others, as is a refusal (400): the listing is "
        "then read by 100",
        judge=others.page_of_100,
    ),
    Assumption(
        "listing-next-uri",
        "`nextUri` may name a host",
        "open",
        "its path and parameters are used, at our own host, so that the token goes nowhere else",
        judge=others.next_uri,
    ),
    Assumption(
        "listing-page-beyond",
        "A listing's page beyond the last is empty",
        "open",
        "unverified",
        judge=others.page_beyond,
    ),
    Assumption(
        "scans",
        "`limit` of scans up to 200, `pageSize` of work bins and types up to 200; their `after` "
        "goes into the body; an empty list of filters selects all",
        "in part",
        "both sizes: the vendor's document; the others open",
        unchecked="it takes a scan of contacts, who are people outside the org",
    ),
    Assumption(
        "client-links",
        "The link to the next page of clients (`oauth_clients`) may carry any parameter",
        "open",
        "the document has none; the link is used as it is",
        unchecked="it takes the permission to see all OAuth clients, which a check should not have",
    ),
    Assumption(
        "listings-of-users",
        "Without a range of dates, `calibrations`, `coaching_appointments` and "
        "`learning_assignments` are all that a user has; every appointment has an attendee",
        "open",
        "the ranges are optional parameters in the vendor's document, which names no default",
        unchecked="nothing else says how many a user has",
    ),
    Assumption(
        "campaigns-that-rest",
        "A campaign that does not run has statistics, progress, diagnostics and interactions, or "
        "returns 404",
        "open",
        "unverified: the vendor's document names no state of the campaign",
        unchecked="it takes campaigns in each of their states",
    ),
    Assumption(
        "limit-namespaces",
        "A namespace of limits that an org does not have returns 404",
        "open",
        "unverified",
        judge=others.missing_namespace,
    ),
    Assumption(
        "limits-of-jobs",
        "`organizations/limits/namespaces/analytics` lists the limits of jobs of details",
        "in part",
        "the operation, which needs no permission: the vendor's document; that these keys are in "
        "this namespace's list: open. `--check` shows those that come",
        judge=others.limits_of_jobs,
    ),
    Assumption(
        "statuses",
        "No operation that is read returns 204 or a redirect, but for the large pages of audits; "
        "one listing may return 206, which is read",
        "confirmed",
        "the vendor's document",
    ),
    Assumption(
        "shapes",
        "A response may have fields that no document has, but those that are read are of the "
        "documented type",
        "open",
        "believed; one that is not is requested again, and then ends the run in one line",
        unchecked="each run checks each response",
    ),
    Assumption(
        "licences",
        "A listing that returns 404 is one that the org has no licence for",
        "open",
        "unverified: 403 may come as well; both skip the stream",
        judge=others.licence,
    ),
    Assumption(
        "own-organization",
        "`organizations/me` returns the org's name for a client's own token",
        "confirmed",
        "the vendor's blueprints use `genesyscloud_organizations_me` of its Terraform provider, "
        'which logs in with client credentials; without it the name is "unknown"',
    ),
    Assumption(
        "limit-names",
        "A 429 names its limit where the vendor knows it (`limit: {namespace, key, value}`)",
        "confirmed",
        "the vendor's document (`ErrorBody.limit`) and forum, June 2023",
        judge=others.throttled,
    ),
    Assumption(
        "retry-after",
        "`Retry-After` on every 429, in whole seconds; at times as a date, at times hours",
        "confirmed",
        "the vendor's forum (November 2021, and of daily limits) and .NET SDK; as a date: open",
        judge=others.retry_after,
    ),
    Assumption(
        "refused-credentials",
        "Refused credentials get `invalid_client`: 400 for an unknown client id, 401 for a "
        "wrong secret",
        "confirmed",
        "gildas/go-gcloudcx asserts both of a live org",
    ),
)
