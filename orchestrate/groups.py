"""Which streams are loaded together, a day at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Streams that one run of the tap reads.

    Args:
        bookmarked: Those that ask for windows of time, and say in the state how far they came.
        tables: Those that are made of their rows.
    """

    bookmarked: tuple[str, ...]
    tables: tuple[str, ...] = ()

    @property
    def streams(self) -> tuple[str, ...]:
        """All that is selected."""
        return (*self.bookmarked, *self.tables)


#: Listings of names have no history: an incremental run brings them.
GROUPS = {
    "conversations": Group(
        bookmarked=("conversation_details",),
        tables=(
            "conversation_evaluations",
            "conversation_flow_outcomes",
            "conversation_flows",
            "conversation_media_stats",
            "conversation_metrics",
            "conversation_participant_attributes",
            "conversation_participants",
            "conversation_resolutions",
            "conversation_segments",
            "conversation_sessions",
            "conversation_surveys",
            "conversation_wrap_ups",
        ),
    ),
    "aggregates": Group(bookmarked=("conversation_aggregates",)),
    "agents": Group(bookmarked=("user_presences",), tables=("user_routing_statuses",)),
    "evaluations": Group(bookmarked=("evaluations",)),
}
