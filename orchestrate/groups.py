"""The groups of streams that are loaded together, day by day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Streams that one run of the tap reads.

    Args:
        bookmarked: Windowed streams, which have a bookmark in the state.
        tables: Tables that are derived from them.
        nested: Columns of the bookmarked streams whose content the tables hold.
    """

    bookmarked: tuple[str, ...]
    tables: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()

    @property
    def streams(self) -> tuple[str, ...]:
        """All streams of the group."""
        return (*self.bookmarked, *self.tables)


#: Full-table listings are left out, as an incremental run reads them.
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
        nested=("evaluations", "participants", "resolutions", "surveys"),
    ),
    "aggregates": Group(bookmarked=("conversation_aggregates",)),
    "agents": Group(bookmarked=("user_presences",), tables=("user_routing_statuses",)),
    "evaluations": Group(bookmarked=("evaluations",)),
}
