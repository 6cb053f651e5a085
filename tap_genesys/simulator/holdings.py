"""How many rows of each stream the simulated org holds: what a load is compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.bodies import moment, names
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.summing import GROUPINGS, summaries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_genesys.simulator.world import World

_DEFAULT = ("conversation:medium", "conversation:queueId")


def holdings(
    world: World,
    start: datetime | None = None,
    end: datetime | None = None,
    groupings: Sequence[str] = _DEFAULT,
    *,
    has_summaries: bool = True,
) -> dict[str, Any]:
    """Count rows.

    Args:
        world: What is true.
        start: The earliest conversation start that counts; by default, the org's first moment.
        end: Where the starts that count end; by default, now.
        groupings: What summaries are grouped by. One is counted for each combination on each
            whole UTC day that the span touches.
        has_summaries: Whether the org has summary queries.
    """
    start = start or world.since
    end = end or world.now + timedelta(milliseconds=1)
    return {
        "conversation_details": world.count(start, end),
        "conversation_summaries": _count_sums(world, start, end, groupings) if has_summaries else 0,
        "divisions": len(world.divisions()),
        "routing_queues": len(world.queues()),
        "users": len(world.users()),
        "wrapup_codes": len(world.wrapup_codes()),
        "now": stamp(world.now),
    }


def asked(world: World, query: Mapping[str, str], *, has_summaries: bool) -> dict[str, Any]:
    """Count what a request asks for: `from`, `to`, and `grouping`, comma-separated."""
    start, end = (moment(query[name]) if name in query else None for name in ("from", "to"))
    groupings = names(query.get("grouping", ",".join(_DEFAULT)).split(","), "grouping", GROUPINGS)
    return holdings(world, start, end, groupings, has_summaries=has_summaries)


def _count_sums(world: World, start: datetime, end: datetime, groupings: Sequence[str]) -> int:
    day = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    count = 0
    while day < end:
        following = day + timedelta(days=1)
        count += len(summaries(world.conversations(day, following), groupings, ()))
        day = following
    return count
