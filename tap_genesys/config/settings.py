"""The settings: what each is called, means and may be. Everything else is made from this table."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

#: Sizes of a summary cell, in hours; each divides a day, so that cells lie on one UTC grid.
CELL_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
#: The media that the vendor knows (`AnalyticsSession.mediaType`, Python SDK 269.0.0).
MEDIA_TYPES = [
    "callback", "chat", "cobrowse", "email", "internalmessage", "message", "screenmonitoring",
    "screenshare", "unknown", "video", "voice",
]  # fmt: skip
#: Read when the setting is absent.
ENVIRONMENT = {
    "client_id": "GENESYS_CLIENT_ID",
    "client_secret": "GENESYS_CLIENT_SECRET",
    "region": "GENESYS_REGION",
}
#: About a minute and a half; a window below it would only cost requests.
SHORTEST_WINDOW_DAYS = 0.001

_FREE = th.ObjectType(additional_properties=True)

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "client_id",
        th.StringType(nullable=True),
        secret=True,
        title="Client id",
        description="Id of an OAuth client with the grant Client Credentials. Also read from "
        "GENESYS_CLIENT_ID.",
    ),
    th.Property(
        "client_secret",
        th.StringType(nullable=True),
        secret=True,
        title="Client secret",
        description="Secret of that OAuth client. Also read from GENESYS_CLIENT_SECRET.",
    ),
    th.Property(
        "region",
        th.StringType,
        default="us-east-1",
        title="Region",
        description="AWS region of the org (us-east-1, eu_central_1, ...) or its domain "
        "(mypurecloud.de, usw2.pure.cloud). Also read from GENESYS_REGION.",
    ),
    th.Property(
        "api_url",
        th.StringType(nullable=True),
        title="API URL",
        description="Full base URL of the API, instead of the region's; for simulators, gateways "
        "and proxies.",
    ),
    th.Property(
        "login_url",
        th.StringType(nullable=True),
        title="Login URL",
        description="Full base URL of the login host, instead of the region's.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType(nullable=True),
        title="Start date",
        description="First conversation start to read; a date without a zone is UTC. By default "
        "30 days before the run. Once there is a bookmark, only a start date that is configured "
        "and later than where the bookmark begins plays a part.",
    ),
    th.Property(
        "end_date",
        th.DateTimeType(nullable=True),
        title="End date",
        description="Conversation start to stop before; a date without a zone is UTC. By default, "
        "and at the latest, the time of the run.",
    ),
    th.Property(
        "window_days",
        th.NumberType(maximum=366),
        default=1.0,
        title="Window days",
        description="Length of one query's interval, in days; may be a fraction. Never more than "
        "7 are asked for at once without a filter, 31 with one, whatever is set here.",
    ),
    th.Property(
        "lookback_days",
        th.NumberType(minimum=0, maximum=3660, nullable=True),
        title="Look-back days",
        description="How far before the bookmark each run starts again, in days, so that what "
        "changed late is read once more. By default 1; 0 for details of conversations and users "
        "by job, which bring back what is still going on, and for aggregates, which read a day "
        "again at 1, 3 and 5 days.",
    ),
    th.Property(
        "emit_unchanged",
        th.BooleanType,
        default=False,
        title="Emit unchanged rows",
        description="Whether rows that have not changed since an earlier run emitted them are "
        "emitted again. By default they are left out: details of conversations and users, and days "
        "of aggregates and summaries. True is for histories that only append, and for one run "
        "after a warehouse was restored; see docs/lanes.md.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, nullable=True),
        title="Page size",
        description="Records per request, lowered to what an endpoint allows. By default 100 for "
        "queries, and for listings what each allows: users, queues and groups 500, those read by "
        "cursor 200, the others 100. A listing that refuses more than 100 is read by 100.",
    ),
    th.Property(
        "division_ids",
        th.ArrayType(th.StringType, nullable=True),
        title="Divisions",
        description="Ids of divisions: only what belongs to one of them is asked for, of every "
        "stream whose operation can be asked so (docs/filters.md lists them).",
    ),
    th.Property(
        "queue_ids",
        th.ArrayType(th.StringType, nullable=True),
        title="Queues",
        description="Ids of queues: the same for what went through one of them.",
    ),
    th.Property(
        "media_types",
        th.ArrayType(th.StringType(allowed_values=MEDIA_TYPES), nullable=True),
        title="Media",
        description="Media (voice, email, message, ...): the same for them.",
    ),
    th.Property(
        "conversation_filters",
        th.ArrayType(_FREE, nullable=True),
        title="Conversation filters",
        description="Filters on conversations, in the vendor's format: "
        '[{"type": "and", "predicates": [{"dimension": "originatingDirection", '
        '"value": "inbound"}]}].',
    ),
    th.Property(
        "segment_filters",
        th.ArrayType(_FREE, nullable=True),
        title="Segment filters",
        description="Filters on segments (mediaType, queueId, wrapUpCode, ...), in the vendor's "
        "format.",
    ),
    th.Property(
        "aggregates",
        _FREE,
        title="Aggregates",
        description="For each stream of aggregates, by name, what differs from its defaults: "
        "metrics, group_by, granularity (PT15M to P1D), time_zone, filter (in the vendor's "
        'format): {"conversation_aggregates": {"granularity": "P1D"}}.',
    ),
    th.Property(
        "reconciliation_tolerance",
        th.NumberType(minimum=0, maximum=1),
        default=0.01,
        title="Reconciliation tolerance",
        description="The largest difference that conversation_reconciliation takes for none, as a "
        "share of the larger count.",
    ),
    th.Property(
        "summary_groupings",
        th.ArrayType(th.StringType),
        default=["conversation:medium", "conversation:queueId"],
        title="Summary groupings",
        description="What conversation_summaries are grouped by.",
    ),
    th.Property(
        "summary_metrics",
        th.ArrayType(th.StringType),
        default=["conversation:count", "conversation:duration", "conversation:handleTime"],
        title="Summary metrics",
        description="What conversation_summaries measure.",
    ),
    th.Property(
        "summary_cell_hours",
        th.IntegerType(allowed_values=list(CELL_HOURS)),
        default=24,
        title="Summary cell hours",
        description="Size of the UTC grid that conversation_summaries are asked on, in hours.",
    ),
    th.Property(
        "requests_per_minute",
        th.NumberType(minimum=1),
        default=300,
        title="Requests per minute",
        description="Pace of all streams and threads together, evenly spaced. The vendor allows "
        "a token 300.",
    ),
    th.Property(
        "max_parallel_requests",
        th.IntegerType(minimum=1, maximum=64),
        default=4,
        title="Parallel requests",
        description="How many requests of a stream may be under way at once: pages and windows "
        "that come next are asked for while one is read. At most twice as many answers wait in "
        "memory. What is printed, and in which order, does not depend on it; 1 asks one at a time.",
    ),
    th.Property(
        "max_parallel_jobs",
        th.IntegerType(minimum=1, maximum=20),
        default=3,
        title="Parallel jobs",
        description="How many jobs may work at once: while one is read, the next ones are under "
        "way. An org allows a limited number; when it refuses one, no more are submitted ahead.",
    ),
    th.Property(
        "conversation_details_source",
        th.StringType(allowed_values=["auto", "job", "query"]),
        default="auto",
        title="Details source",
        description="Where conversation details come from: job (whole, with participants' "
        "attributes, up to the data lake's watermark), query (fresh, without attributes), or auto: "
        "by job up to the watermark and by query from there to now.",
    ),
    th.Property(
        "user_details_source",
        th.StringType(allowed_values=["auto", "job", "query"]),
        default="auto",
        title="User details source",
        description="Where user presences and routing statuses come from: job (up to the data "
        "lake's watermark), query (up to now), or auto: by job up to the watermark and by query "
        "from there to now.",
    ),
    th.Property(
        "recheck_days",
        th.ArrayType(th.NumberType(minimum=0, maximum=3660)),
        default=[1, 3, 7, 30],
        title="Re-check days",
        description="Ages, in days after a UTC day's end, at which that day's conversations are "
        "read again, so that late wrap-ups, surveys and evaluations arrive.",
    ),
    th.Property(
        "job_poll_seconds",
        th.NumberType(minimum=0, maximum=3600),
        default=3,
        title="Job poll",
        description="Seconds before the first look at a job; later ones grow to 30.",
    ),
    th.Property(
        "job_timeout_seconds",
        th.NumberType(minimum=1, maximum=86400),
        default=900,
        title="Job timeout",
        description="Seconds after which a job that has not ended stops the run.",
    ),
    th.Property(
        "pii",
        th.ArrayType(_FREE, nullable=True),
        title="Personal data",
        description="What happens to personal data before it is printed: "
        '[{"field": "ani", "action": "hash"}, {"field": "participants[*].attributes.ssn", '
        '"action": "drop"}]; actions are drop, hash and mask. See docs/privacy.md.',
    ),
    th.Property(
        "pii_hash_key",
        th.StringType(nullable=True),
        secret=True,
        title="Personal data's key",
        description="Secret of at least 16 characters with which hash makes HMAC-SHA256; the same "
        "key gives the same value the same hash, so that joins go on working.",
    ),
    th.Property(
        "attributes_include",
        th.ArrayType(th.StringType, nullable=True),
        title="Attributes to keep",
        description='Patterns of the participants\' attributes that are kept, such as ["order_*"]; '
        "by default all.",
    ),
    th.Property(
        "attributes_exclude",
        th.ArrayType(th.StringType, nullable=True),
        title="Attributes to leave out",
        description="Patterns of the participants' attributes that are left out; wins over "
        "attributes_include.",
    ),
    th.Property(
        "retry_wait_seconds",
        th.NumberType(minimum=0, maximum=3600),
        default=2,
        title="Retry wait",
        description="Seconds before the second try of a request; doubled, with jitter, before "
        "each one after it.",
    ),
    th.Property(
        "retry_max_tries",
        th.IntegerType(minimum=1, maximum=1000),
        default=8,
        title="Retry tries",
        description="How often a request is tried before the run gives up.",
    ),
    th.Property(
        "retry_max_wait_seconds",
        th.NumberType(minimum=0, maximum=86400),
        default=180,
        title="Longest retry wait",
        description="The longest Retry-After that is obeyed, in seconds; a longer one stops the "
        "run.",
    ),
    th.Property(
        "empty_page_wait_seconds",
        th.NumberType(minimum=0, maximum=3600),
        default=5,
        title="Empty page wait",
        description="Seconds before a page is asked for again that came empty although more was "
        "promised.",
    ),
    th.Property(
        "empty_page_max_tries",
        th.IntegerType(minimum=0, maximum=1000),
        default=3,
        title="Empty page tries",
        description="How often such a page is asked for again, before the one after it is looked "
        "at.",
    ),
    th.Property(
        "incomplete_windows",
        th.StringType(allowed_values=["fail", "accept_records", "accept"]),
        default="fail",
        title="Incomplete windows",
        description="What happens where a page of a window stays empty, or a record is no object "
        "or lacks its key: fail keeps the bookmark before the window and ends the run with exit "
        "code 1; accept_records warns and goes on past such records, but not past a page; accept "
        "warns and goes on past both.",
    ),
    th.Property(
        "fail_on_skipped_streams",
        th.BooleanType,
        default=False,
        title="Fail on skipped streams",
        description="Whether a stream that has to be skipped (its permission or licence is "
        "missing) ends the run with exit code 1, once the others have been read.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Deleted rows",
        description="Whether a listing that was read whole ends with ACTIVATE_VERSION, so that "
        "targets remove the rows that the org has deleted; see docs/warehouse.md.",
    ),
    th.Property(
        "run_report_path",
        th.StringType(nullable=True),
        title="Run report",
        description="File that tells, as JSON, what a run did and how it ended; replaced by "
        "each run. Its folder has to exist. See docs/operations.md.",
    ),
    th.Property(
        "request_timeout_seconds",
        th.NumberType(minimum=1, maximum=3600),
        default=60,
        title="Request timeout",
        description="Seconds to wait for a connection, and between two pieces of an answer.",
    ),
    th.Property(
        "user_agent",
        th.StringType(nullable=True),
        title="User agent",
        description="How the tap introduces itself; by default its name and version.",
    ),
).to_dict()
