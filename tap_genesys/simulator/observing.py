"""Observations: present values of metrics, made up."""

from __future__ import annotations

from itertools import product
from typing import Any

from tap_genesys.simulator.bodies import RefusedError, checked_fields, names
from tap_genesys.simulator.fabricate import row
from tap_genesys.simulator.responses import SimulatedResponse

Row = dict[str, Any]

#: Operation -> the dimension that a filter must have, and the metrics.
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
    """Return the response to an observation query: two media for each queue or flow."""
    dimension, known_metrics = OBSERVATIONS[path]
    query = checked_fields(body, ("filter", "metrics", "detailMetrics"))
    metrics = names(query.get("metrics"), "metrics", known_metrics)
    condition = query.get("filter") or {}
    predicates = [
        predicate
        for part in (condition, *(condition.get("clauses") or []))
        for predicate in part.get("predicates") or []
    ]
    ids = _values(predicates, dimension)
    filtered_media = _values(predicates, "mediaType")
    if not ids:
        msg = f"The filter must name at least one {dimension}"
        raise RefusedError(msg)
    media = [
        medium for medium in ("voice", "email") if not filtered_media or medium in filtered_media
    ]
    if dimension == "userId":
        media = [""]
    return SimulatedResponse(
        body={
            "results": [
                {
                    "group": {dimension: name, **({"mediaType": medium} if medium else {})},
                    "data": [
                        data for metric in metrics for data in _data(path, name, medium, metric)
                    ],
                }
                for name, medium in product(ids, media)
            ]
        }
    )


def _values(predicates: list[Row], dimension: str) -> list[str]:
    """Return the values of the predicates of a dimension."""
    return [
        predicate["value"] for predicate in predicates if predicate.get("dimension") == dimension
    ]


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
