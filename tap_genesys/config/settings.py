"""The settings: name, title, description, type and default of each; documents are made of it."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

#: Sizes of a summary cell, in hours; each divides a day, so that cells lie on one UTC grid.
CELL_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
#: The media types of the vendor (`AnalyticsSession.mediaType`, Python SDK 269.0.0).
MEDIA_TYPES = [
    "callback", "chat", "cobrowse", "email", "internalmessage", "message", "screenmonitoring",
    "screenshare", "unknown", "video", "voice",
]  # fmt: skip
#: Setting -> environment variable that is read where the setting is absent.
ENVIRONMENT = {
    "client_id": "GENESYS_CLIENT_ID",
    "client_secret": "GENESYS_CLIENT_SECRET",
    "region": "GENESYS_REGION",
}
#: About a minute and a half; a shorter window would only cost requests.
SHORTEST_WINDOW_DAYS = 0.001

_FREE = th.ObjectType(additional_properties=True)

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "client_id",
        th.StringType(nullable=True),
        secret=True,
        title="Client id",
        description="Id of a Genesys Cloud OAuth client with the grant type Client Credentials. "
        "The environment variable GENESYS_CLIENT_ID sets it, too.",
    ),
    th.Property(
        "client_secret",
        th.StringType(nullable=True),
        secret=True,
        title="Client secret",
        description="Secret of the OAuth client that client_id names. The environment variable "
        "GENESYS_CLIENT_SECRET sets it, too.",
    ),
    th.Property(
        "region",
        th.StringType,
        default="us-east-1",
        title="Region",
        description="AWS region of the org (us-east-1, eu-central-1, ...) or the org's domain "
        "(mypurecloud.de, usw2.pure.cloud). The environment variable GENESYS_REGION sets it, too.",
    ),
    th.Property(
        "api_url",
        th.StringType(nullable=True),
        title="API URL",
        description="Base URL of the API, used instead of the region's: for a simulator, a "
        "gateway or a reverse proxy.",
    ),
    th.Property(
        "login_url",
        th.StringType(nullable=True),
        title="Login URL",
        description="Base URL of the OAuth login host, used instead of the region's: for a "
        "simulator, a gateway or a reverse proxy.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType(nullable=True),
        title="Start date",
        description="First moment to read, inclusive: of conversations, their start. A date "
        "without a time zone is UTC. Default: 30 days before the first run. A stream with a "
        "bookmark continues from its bookmark, unless a start_date is set that is later; for an "
        "earlier one, see load_history.",
    ),
    th.Property(
        "end_date",
        th.DateTimeType(nullable=True),
        title="End date",
        description="Moment to read up to, exclusive: of conversations, their start. A date "
        "without a time zone is UTC. Default, and latest possible end: the start of the run.",
    ),
    th.Property(
        "window_days",
        th.NumberType(maximum=366),
        default=1.0,
        title="Window length",
        description="Length in days of the interval that one query or job reads; fractions are "
        "allowed. Capped at the endpoint's maximum; for conversation queries, at 7 days without a "
        "filter and 31 days with one.",
    ),
    th.Property(
        "lookback_days",
        th.NumberType(minimum=0, maximum=3660, nullable=True),
        title="Look-back days",
        description="Days before the bookmark at which each run starts to read, so that "
        "late-arriving changes are read again. Default: 1; but 0 for aggregates, and for "
        "conversation and user details that are read by job, since these have re-reads of their "
        "own.",
    ),
    th.Property(
        "emit_unchanged",
        th.BooleanType,
        default=False,
        title="Emit unchanged rows",
        description="Whether to emit rows again that did not change since an earlier run emitted "
        "them: of conversation and user details, aggregates and summaries. By default they are "
        "read, compared and left out. Set it to true for append-only history tables. For a "
        "warehouse that was restored from a backup, see docs/recovery.md.",
    ),
    th.Property(
        "load_history",
        th.ArrayType(th.StringType),
        default=[],
        title="Load history",
        description="Streams with a bookmark, their tables and follow-up streams, whose missing "
        "rows from start_date on are loaded, after all else: after start_date was moved to an "
        "earlier date, or of a table that was selected later. It has no effect once all is "
        "loaded. See docs/freshness.md.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, nullable=True),
        title="Page size",
        description="Records per page, capped at the endpoint's maximum. Default: 100 for "
        "queries; for listings 500 (users, queues, groups), 200 (listings with a cursor) or 100 "
        "(all others). A listing that refuses a larger page is read with 100.",
    ),
    th.Property(
        "division_ids",
        th.ArrayType(th.StringType, nullable=True),
        title="Division ids",
        description="Ids of divisions. Streams whose endpoint can filter by division return only "
        "records of these divisions; docs/filters.md lists the streams. Default: all divisions.",
    ),
    th.Property(
        "queue_ids",
        th.ArrayType(th.StringType, nullable=True),
        title="Queue ids",
        description="Ids of queues. Streams whose endpoint can filter by queue return only "
        "records of these queues; docs/filters.md lists the streams. Default: all queues.",
    ),
    th.Property(
        "media_types",
        th.ArrayType(th.StringType(allowed_values=MEDIA_TYPES), nullable=True),
        title="Media types",
        description="Media types (voice, email, message, ...). Streams whose endpoint can filter "
        "by media type return only records of these; docs/filters.md lists the streams. Default: "
        "all media types.",
    ),
    th.Property(
        "conversation_filters",
        th.ArrayType(_FREE, nullable=True),
        title="Conversation filters",
        description="Filters of the conversation details query and job on conversations, in the "
        "vendor's format: "
        '[{"type": "and", "predicates": [{"dimension": "originatingDirection", "value": '
        '"inbound"}]}].',
    ),
    th.Property(
        "segment_filters",
        th.ArrayType(_FREE, nullable=True),
        title="Segment filters",
        description="Filters of the conversation details query and job on segments (mediaType, "
        "queueId, wrapUpCode, ...), in the vendor's format: "
        '[{"type": "and", "predicates": [{"dimension": "mediaType", "value": "voice"}]}].',
    ),
    th.Property(
        "aggregates",
        _FREE,
        title="Aggregates",
        description="Options of the aggregate streams, by stream name; what is left out keeps its "
        "default: metrics, group_by, granularity (PT15M to P1D), time_zone, filter (in the "
        "vendor's format): "
        '{"conversation_aggregates": {"granularity": "P1D"}}. See docs/aggregates.md.',
    ),
    th.Property(
        "reconciliation_tolerance",
        th.NumberType(minimum=0, maximum=1),
        default=0.01,
        title="Reconciliation tolerance",
        description="Largest difference between two counts that conversation_reconciliation still "
        "reports as equal, as a share of the larger count.",
    ),
    th.Property(
        "summary_groupings",
        th.ArrayType(th.StringType),
        default=["conversation:medium", "conversation:queueId"],
        title="Summary groupings",
        description="Dimensions by which the stream conversation_summaries groups its rows.",
    ),
    th.Property(
        "summary_metrics",
        th.ArrayType(th.StringType),
        default=["conversation:count", "conversation:duration", "conversation:handleTime"],
        title="Summary metrics",
        description="Metrics that the stream conversation_summaries requests.",
    ),
    th.Property(
        "summary_cell_hours",
        th.IntegerType(allowed_values=list(CELL_HOURS)),
        default=24,
        title="Summary cell hours",
        description="Hours that one row of conversation_summaries covers; the intervals lie on a "
        "UTC grid.",
    ),
    th.Property(
        "requests_per_minute",
        th.NumberType(minimum=1),
        default=300,
        title="Requests per minute",
        description="Rate limit of the tap, for all streams and threads together; requests are "
        "evenly spaced. The vendor allows 300 a minute per token.",
    ),
    th.Property(
        "max_parallel_requests",
        th.IntegerType(minimum=1, maximum=64),
        default=4,
        title="Parallel requests",
        description="Most requests of a stream that are in flight at once: the next pages and "
        "windows are prefetched while one is read. At most twice as many responses wait in "
        "memory. The output and its order do not depend on this setting; 1 turns prefetch off.",
    ),
    th.Property(
        "max_parallel_jobs",
        th.IntegerType(minimum=1, maximum=20),
        default=3,
        title="Parallel jobs",
        description="Most jobs of the vendor's that run at once: the next ones are submitted "
        "while the results of one are read. When the org refuses a job because of its limit, no "
        "more are submitted in advance.",
    ),
    th.Property(
        "conversation_details_source",
        th.StringType(allowed_values=["auto", "job", "query"]),
        default="auto",
        title="Conversation details source",
        description="Endpoint for conversation details. job: complete, with participants' "
        "attributes, but only up to the data lake's watermark. query: up to now, without "
        "attributes. auto: by job up to the watermark, and by query from there to now.",
    ),
    th.Property(
        "user_details_source",
        th.StringType(allowed_values=["auto", "job", "query"]),
        default="auto",
        title="User details source",
        description="Endpoint for user presences and routing statuses. job: up to the data lake's "
        "watermark. query: up to now. auto: by job up to the watermark, and by query from there "
        "to now.",
    ),
    th.Property(
        "recheck_days",
        th.ArrayType(th.NumberType(minimum=0, maximum=3660)),
        default=[1, 3, 7, 30],
        title="Re-check days",
        description="Ages of a UTC day, in days after its end, at which the conversations that "
        "started on it are read again, so that late-arriving wrap-ups, surveys and evaluations "
        "are loaded.",
    ),
    th.Property(
        "job_poll_seconds",
        th.NumberType(minimum=0, maximum=3600),
        default=3,
        title="Job poll interval",
        description="Seconds between the submission of a job and the first poll of its status; "
        "later intervals grow to 30 seconds.",
    ),
    th.Property(
        "job_timeout_seconds",
        th.NumberType(minimum=1, maximum=86400),
        default=900,
        title="Job timeout",
        description="Seconds after which a job that has not finished stops the run with an error.",
    ),
    th.Property(
        "pii",
        th.ArrayType(_FREE, nullable=True),
        title="Personal data rules",
        description='Rules that redact personal data before it is emitted: [{"field": "ani", '
        '"action": "hash"}, {"field": "participants[*].attributes.ssn", "action": "drop"}]. '
        "Actions: drop, hash, mask. See docs/privacy.md.",
    ),
    th.Property(
        "pii_hash_key",
        th.StringType(nullable=True),
        secret=True,
        title="Personal data hash key",
        description="Secret key of at least 16 characters for the action hash of the pii rules "
        "(HMAC-SHA256). The same key hashes equal values equally, so joins on hashed columns keep "
        "working.",
    ),
    th.Property(
        "attributes_include",
        th.ArrayType(th.StringType, nullable=True),
        title="Attributes to include",
        description="Name patterns of the participants' attributes to keep, such as "
        '["order_*"]. Default: all attributes.',
    ),
    th.Property(
        "attributes_exclude",
        th.ArrayType(th.StringType, nullable=True),
        title="Attributes to exclude",
        description="Name patterns of the participants' attributes to drop, such as "
        '["*_internal"]; takes precedence over attributes_include.',
    ),
    th.Property(
        "retry_wait_seconds",
        th.NumberType(minimum=0, maximum=3600),
        default=2,
        title="Retry wait",
        description="Seconds to wait before the first retry of a request; the wait doubles with "
        "each further retry, with jitter.",
    ),
    th.Property(
        "retry_max_tries",
        th.IntegerType(minimum=1, maximum=1000),
        default=8,
        title="Most tries",
        description="Most tries of one request, the first included; after the last one the run "
        "ends with an error.",
    ),
    th.Property(
        "retry_max_wait_seconds",
        th.NumberType(minimum=0, maximum=86400),
        default=180,
        title="Longest retry wait",
        description="Longest Retry-After, in seconds, that the tap waits for; a longer one stops "
        "the run with an error.",
    ),
    th.Property(
        "empty_page_wait_seconds",
        th.NumberType(minimum=0, maximum=3600),
        default=5,
        title="Empty page wait",
        description="Seconds to wait before a page is requested again that was empty although the "
        "total count promises more records.",
    ),
    th.Property(
        "empty_page_max_tries",
        th.IntegerType(minimum=0, maximum=1000),
        default=3,
        title="Empty page retries",
        description="Most retries of a page that was empty although the total count promises more "
        "records; after them, the tap reads the next page.",
    ),
    th.Property(
        "incomplete_windows",
        th.StringType(allowed_values=["fail", "accept_records", "accept"]),
        default="fail",
        title="Incomplete windows",
        description="What to do with a window that could not be read completely, since a page "
        "stays empty or a record is no object or lacks its key. fail: keep the bookmark before "
        "the window, and exit with code 1. accept_records: log a warning and continue past such "
        "records, but not past an empty page. accept: log a warning and continue past both.",
    ),
    th.Property(
        "fail_on_skipped_streams",
        th.BooleanType,
        default=False,
        title="Fail on skipped streams",
        description="Whether a run exits with code 1 if it skipped a stream, since the client "
        "lacks a permission or the org a licence; all other streams are read first.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Delete missing rows",
        description="Whether to emit ACTIVATE_VERSION after a listing was read completely, so "
        "that the target deletes rows that no longer exist in the org. See docs/warehouse.md.",
    ),
    th.Property(
        "run_report_path",
        th.StringType(nullable=True),
        title="Run report file",
        description="File for a report of the run in JSON: status, counts, bookmarks and errors. "
        "Each run replaces it; its folder must exist. See docs/operations.md.",
    ),
    th.Property(
        "request_timeout_seconds",
        th.NumberType(minimum=1, maximum=3600),
        default=60,
        title="Request timeout",
        description="Seconds to wait for a connection, and between two chunks of a response.",
    ),
    th.Property(
        "user_agent",
        th.StringType(nullable=True),
        title="User agent",
        description="User-Agent header of all requests. Default: the tap's name and version.",
    ),
).to_dict()
