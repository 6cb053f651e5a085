"""The simulated org and the settings of each golden run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import World
from tap_genesys.simulator.listings import COUNTS

if TYPE_CHECKING:
    from collections.abc import Mapping

SINCE = datetime(2026, 2, 25, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
#: The start of each of a golden's runs; the second goes on from the first one's state.
MOMENTS = (NOW, NOW + DAY)
#: All arguments are explicit, so that another default of the simulator changes no golden. The seed
#: belongs to the goldens alone, since the rows of shrunk listings are cached by seed.
WORLD = World(
    seed=1032,
    per_day=4,
    since=SINCE,
    now=NOW,
    until=None,
    lag=timedelta(hours=20),
    step=timedelta(minutes=15),
    indexing=timedelta(minutes=10),
    late=timedelta(hours=12),
    late_share=0.15,
    late_events=False,
    undated=0,
    reopening_segment=False,
    late_spans=timedelta(0),
    endless=11,
    orphans=0,
    ahead=False,
)
HABITS: dict[str, Any] = {
    "interval_reading": "overlap",
    "interval_bounds": "[)",
    "job_interval_bounds": "[)",
    "oversized_page": "clamp",
    "counts": "right",
    "total_hits": "right",
    "details_shape": "vendor",
    "summary_shape": "nested",
    "summaries": True,
    "query_days": None,
    "audit_days": None,
}

#: The smallest that the listings by scan allow.
PAGE_SIZE = 10
#: What the simulator derives other rows from, and so has to stay as long as it is.
_FIXED = "/timeoffrequests/"
#: Listings whose rows are large.
_LARGE = ("relationships", "notes", "/phones", "/edges", "/sites", "campaignrules", "/lines")
#: Listings per parent of two pages; the others have one or two rows per parent.
_PAGED = ("/versions", "/datatables/", "/queues/")


def shrunk_listings() -> dict[str, int]:
    """Return the row counts of the simulated listings: two pages of most, one of the large ones."""
    return {path: min(count, _limit(path)) for path, count in COUNTS.items()}


def _limit(path: str) -> int:
    if _FIXED in path:
        return COUNTS[path]
    if "/users/{" in path:
        return 1
    if "{" in path:
        return PAGE_SIZE + 1 if any(part in path for part in _PAGED) else 2
    return 2 if path.endswith(_LARGE) else PAGE_SIZE + 1


#: Beside the streams that are selected by default: those whose reading depends on the source, and
#: some of each other kind.
SOME = (
    "conversation_reconciliation",
    "conversation_speech_analytics",
    "conversation_summaries_ai",
    "conversation_transcripts",
    "recordings",
    "surveys",
    "evaluations",
    "user_presences",
    "user_routing_statuses",
    "queue_observations",
    "agent_utilization_aggregates",
    "api_usage",
    "workitems",
    "routing_queue_wrapup_codes",
    "team_members",
    "external_organizations",
    "oauth_clients",
    "roles",
)
#: Every stream that the catalog has.
EVERY = ("*",)

SETTINGS: dict[str, Any] = {
    "client_id": "demo",
    "client_secret": "demo-secret",
    "requests_per_minute": 60_000,
    "max_parallel_requests": 1,
    "job_poll_seconds": 0,
    "page_size": PAGE_SIZE,
    "recheck_days": [1, 3],
    "start_date": iso(SINCE),
}


@dataclass(frozen=True)
class Golden:
    """A recorded run, and the one that goes on from its state a day later.

    Names of streams and values of settings are those of the recording; `renames` translates them.

    Args:
        name: Its name, and that of its file.
        source: Of conversations and users.
        streams: What is selected beside the default streams, or `EVERY`.
        deselected: Stream -> properties that are deselected.
        settings: Further settings.
        parallel: Values of `max_parallel_requests` that lead to the same messages.
        moments: The start of each of its runs.
    """

    name: str
    source: str
    streams: tuple[str, ...] = SOME
    deselected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    parallel: tuple[int, ...] = (1,)
    moments: tuple[datetime, ...] = MOMENTS


PERSONAL = {
    "pii": [
        {"field": "ani", "action": "hash"},
        {"field": "participants[*].participantName", "action": "drop"},
        {"field": "participants[*].sessions[*].dnis", "action": "mask"},
        {"field": "userId", "action": "hash"},
        {"field": "wrapUpNote", "action": "mask"},
        {"field": "email", "action": "mask"},
        {"field": "username", "action": "drop"},
        {"field": "division.name", "action": "hash"},
    ],
    "pii_hash_key": "0123456789abcdef",
    "attributes_include": ["c*", "order*", "language"],
    "attributes_exclude": ["*_card", "*.ssn"],
}

#: A conversation begins and ends in the last millisecond before this midnight, to which the data
#: lake's watermark has come when the run `dropped` starts.
MIDNIGHT = datetime(2026, 4, 23, tzinfo=UTC)
DROPPED_AT = (MIDNIGHT + WORLD.lag, MIDNIGHT + DAY + WORLD.lag)

#: Run by run, in the order of the files' names.
GOLDENS = (
    Golden("auto", "auto", parallel=(1, 8)),
    # Rules for all fields that decide which conversations and spans are emitted.
    Golden(
        "dropped",
        "auto",
        ("user_presences", "user_routing_statuses"),
        settings={
            "pii": [
                {"field": "conversationEnd", "action": "drop"},
                {"field": "conversationId", "action": "hash"},
                {"field": "endTime", "action": "drop"},
                {"field": "userId", "action": "hash"},
            ],
            "pii_hash_key": "0123456789abcdef",
            "recheck_days": [3],
            "start_date": iso(MIDNIGHT - 3 * DAY),
        },
        moments=DROPPED_AT,
    ),
    # A short span, as there are many streams.
    Golden(
        "every",
        "auto",
        EVERY,
        settings={
            "start_date": iso(SINCE + 7 * DAY),
            "emit_activate_version_messages": True,
        },
        parallel=(1, 8),
    ),
    Golden("jobs", "jobs"),
    Golden(
        "mapped",
        "auto",
        (
            "user_presences",
            "user_routing_statuses",
            "conversation_summaries_ai",
            "user_queues",
            "evaluations",
        ),
        deselected={"routing_queues": ("acwSettings", "_readAt")},
        settings={
            **PERSONAL,
            "start_date": iso(SINCE + 6 * DAY),
            "emit_activate_version_messages": True,
            "stream_maps": {
                "users": {"mailbox": "email", "email": None, "title": "title + '!'"},
                "conversation_segments": {
                    "__filter__": "segmentType == 'interact'",
                    "conversationAndType": "conversationId + ':' + segmentType",
                },
                "groups": {"__alias__": "user_groups"},
                "user_routing_statuses": {"__filter__": "routingStatus != 'IDLE'"},
            },
        },
    ),
    # The same rules without stream maps: the rows of tables are spliced.
    Golden(
        "personal",
        "jobs",
        ("user_presences", "user_routing_statuses", "conversation_transcripts"),
        settings={**PERSONAL, "start_date": iso(SINCE + 5 * DAY)},
        parallel=(8,),
    ),
    # More conversations in a window than have their rows written together.
    Golden("query", "query", settings={"window_days": 7}),
)
