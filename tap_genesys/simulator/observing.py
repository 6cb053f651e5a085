"""Observations: how things stand, made up."""

from __future__ import annotations

from itertools import product
from typing import Any

from tap_genesys.simulator.bodies import RefusedError, known_fields, names
from tap_genesys.simulator.fabricate import row
from tap_genesys.simulator.responses import SimulatedResponse

Row = dict[str, Any]

#: Operation -> the dimension that has to be asked for, and what can be measured.
OBSERVATIONS = {
    "/api/v2/analytics/flows/observations/query": ("flowId", ("oFlow",)),
    "/api/v2/analytics/queues/observations/query": (
        "queueId",
        tuple(
            """oActiveUsers oAlerting oInteracting oLongestInteracting oLongestWaiting oMemberUsers
            oOffQueueUsers oOnQueueUsers oUserPresences oUserRoutingStatuses oWaiting""".split()
        ),
    ),
    "/api/v2/analytics/users/observations/query": ("userId", ("oActiveQueues", "oMemberQueues")),
}
_BY_PRESENCE = ("oUserPresences", "oUserRoutingStatuses")


def observations(path: str, body: Row | None) -> SimulatedResponse:
    """Respond to a query about the present: two media for each that is asked for."""
    dimension, known = OBSERVATIONS[path]
    asked = known_fields(body, ("filter", "metrics", "detailMetrics"))
    metrics = names(asked.get("metrics"), "metrics", known)
    condition = asked.get("filter") or {}
    predicates = [
        predicate
        for part in (condition, *(condition.get("clauses") or []))
        for predicate in part.get("predicates") or []
    ]
    wanted = [one["value"] for one in predicates if one.get("dimension") == dimension]
    heard = [one["value"] for one in predicates if one.get("dimension") == "mediaType"]
    if not wanted:
        msg = f"The filter must name at least one {dimension}"
        raise RefusedError(msg)
    media = [one for one in ("voice", "email") if one in (heard or [one])]
    if dimension == "userId":
        media = [""]
    return SimulatedResponse(
        body={
            "results": [
                {
                    "group": {dimension: one, **({"mediaType": medium} if medium else {})},
                    "data": [
                        data for metric in metrics for data in _data(path, one, medium, metric)
                    ],
                }
                for one, medium in product(wanted, media)
            ]
        }
    )


def _data(*parts: str) -> list[Row]:
    qualifiers = ("AVAILABLE", "ON_QUEUE") if parts[-1] in _BY_PRESENCE else ("",)
    return [
        {
            "metric": parts[-1],
            **({"qualifier": qualifier} if qualifier else {}),
            "stats": {"count": row("integer", *parts, qualifier) % 20},
        }
        for qualifier in qualifiers
    ]
