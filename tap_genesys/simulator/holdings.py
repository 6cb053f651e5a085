"""How many rows of each stream the simulated org holds: what a load is compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.conversation import stamp
from tap_genesys.simulator.summing import summaries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_genesys.simulator.world import World

_GROUPINGS = "conversation:medium,conversation:queueId"


def holdings(world: World, query: Mapping[str, str], *, has_summaries: bool) -> dict[str, Any]:
    """Count rows.

    Args:
        world: What is true.
        query: `from` and `to`, the span of conversation starts; by default, all there is.
            `grouping`, what summaries are grouped by, comma-separated.
        has_summaries: Whether the org has summary queries.
    """
    start = _moment(query.get("from"), world.since)
    end = _moment(query.get("to"), world.now + timedelta(milliseconds=1))
    groupings = query.get("grouping", _GROUPINGS).split(",")
    return {
        "conversation_details": world.count(start, end),
        "conversation_summaries": _count_sums(world, start, end, groupings) if has_summaries else 0,
        "divisions": len(world.divisions()),
        "routing_queues": len(world.queues()),
        "users": len(world.users()),
        "wrapup_codes": len(world.wrapup_codes()),
        "now": stamp(world.now),
    }


def _count_sums(world: World, start: datetime, end: datetime, groupings: list[str]) -> int:
    """Count the summaries of each whole UTC day that the span touches."""
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    count = 0
    while day < end:
        following = day + timedelta(days=1)
        count += len(summaries(world.conversations(day, following), groupings, []))
        day = following
    return count


def _moment(text: str | None, default: datetime) -> datetime:
    if text is None:
        return default
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
