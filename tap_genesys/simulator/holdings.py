"""The number of rows that the simulated org has of each stream, to compare a load with."""

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
        world: The org and its history.
        start: The earliest conversation start that counts; by default, the org's first moment.
        end: The moment after the last start that counts; by default, now.
        groupings: The groupings of summaries. Each combination on each whole UTC day that the span
            touches counts as one.
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


def requested_holdings(
    world: World, query: Mapping[str, str], *, has_summaries: bool
) -> dict[str, Any]:
    """Count rows for a request with `from`, `to` and a comma-separated `grouping`."""
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
