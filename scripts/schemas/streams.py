"""The streams by kind, with the models of their rows and their operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.endpoints.aggregates import AggregateStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.observations import ObservationStream
from tap_genesys.records.conversation_rows import ATTRIBUTES, TABLES, WRAP_UPS
from tap_genesys.streams import STREAMS as DECLARED
from tap_genesys.streams.adherence import AdherenceHistorical
from tap_genesys.streams.audits import Audits
from tap_genesys.streams.presence import UserPresences, UserRoutingStatuses
from tap_genesys.streams.quality import Evaluations
from tap_genesys.streams.task_management import Workitems
from tap_genesys.streams.usage import ApiUsage

if TYPE_CHECKING:
    from schemas.models import Json

#: A class of streams; the SDK does not let its class attributes be typed.
Stream = Any

#: Stream -> its model and the field that is its key.
STREAMS = {"conversation_details": ("AnalyticsConversation", "conversationId")}
#: Aggregate streams.
AGGREGATES: dict[str, Stream] = {
    vars(stream)["name"]: stream for stream in DECLARED if issubclass(stream, AggregateStream)
}
#: Observation streams.
OBSERVATIONS: dict[str, Stream] = {
    vars(stream)["name"]: stream for stream in DECLARED if issubclass(stream, ObservationStream)
}
#: Full-table streams.
LISTINGS: dict[str, Stream] = {
    vars(stream)["name"]: stream
    for stream in DECLARED
    if issubclass(stream, FullTableStream) and vars(stream)["name"] not in OBSERVATIONS
}
#: Streams that use a search.
SEARCHES: dict[str, Stream] = {"evaluations": Evaluations}
#: Streams of users' spans of time, and the model of a span.
SPANS: dict[str, tuple[Stream, str]] = {
    "user_presences": (UserPresences, "AnalyticsUserPresenceRecord"),
    "user_routing_statuses": (UserRoutingStatuses, "AnalyticsRoutingStatusRecord"),
}
#: Streams of reports: the model of their rows, what the tap adds, and the other operations.
REPORTS: dict[str, tuple[Stream, str, Json, tuple[str, ...]]] = {
    "adherence_historical": (
        AdherenceHistorical,
        "WfmHistoricalAdherenceBulkUserDayMetrics",
        {
            "_id": {"type": "string", "description": "The row's key: unit, user and day."},
            "managementUnitId": {"type": ["string", "null"]},
            "userId": {"type": ["string", "null"]},
            "dayStart": {"type": ["string", "null"], "format": "date-time"},
        },
        (f"{AdherenceHistorical.path}/jobs/{{jobId}}",),
    ),
    "api_usage": (
        ApiUsage,
        "ApiUsageRow",
        {"_id": {"type": "string", "description": "The row's key: day, client and operation."}},
        (f"{ApiUsage.path}/{{executionId}}/results",),
    ),
    "audits": (
        Audits,
        "AuditLogMessage",
        {
            "eventTime": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "What rows of a downloaded page have in place of eventDate, which "
                "is filled from it.",
            }
        },
        tuple(f"{Audits.path}/{{transactionId}}{end}" for end in ("", "/results")),
    ),
    "workitems": (Workitems, "Workitem", {}, ()),
}
#: Streams whose schema is written by hand: the document does not have their rows.
HAND_WRITTEN = ("conversation_reconciliation", "conversation_summaries", "tap_runs")
#: Tables that are derived from conversations.
TABLE_NAMES = (*TABLES, ATTRIBUTES, WRAP_UPS)
#: Streams whose schema is made here.
GENERATED = (
    *STREAMS,
    *TABLE_NAMES,
    *LISTINGS,
    *AGGREGATES,
    *OBSERVATIONS,
    *SEARCHES,
    *SPANS,
    *REPORTS,
)
#: Operations that the streams request.
PATHS = (
    "/api/v2/analytics/conversations/details/jobs",
    "/api/v2/analytics/conversations/details/jobs/availability",
    "/api/v2/analytics/conversations/details/jobs/{jobId}",
    "/api/v2/analytics/conversations/details/jobs/{jobId}/results",
    "/api/v2/analytics/conversations/details/query",
    "/api/v2/analytics/users/details/jobs",
    "/api/v2/analytics/users/details/jobs/availability",
    "/api/v2/analytics/users/details/jobs/{jobId}",
    "/api/v2/analytics/users/details/jobs/{jobId}/results",
    *(stream.path for stream in LISTINGS.values()),
    *(stream.path for stream in SEARCHES.values()),
    UserPresences.path,
    *(path for stream, _, _, more in REPORTS.values() for path in (stream.path, *more)),
    *(stream.path for stream in (*AGGREGATES.values(), *OBSERVATIONS.values())),
)
