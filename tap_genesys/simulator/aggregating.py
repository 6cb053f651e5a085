"""Aggregates: of conversations, sums of the emitted metrics; of everything else, made up."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.bodies import RefusedError, checked_fields, interval, names
from tap_genesys.simulator.fabricate import row
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import SimulatedResponse
from tap_genesys.simulator.service_levels import TARGET, service_level_metrics, targets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_genesys.simulator.world import World

Row = dict[str, Any]
#: A cell's start -> a metric and its qualifier (or empty) -> the measured values.
Cells = dict[datetime, dict[tuple[str, str], list[int]]]

_FIELDS = ("interval", "granularity", "timeZone", "groupBy", "metrics", "filter")
_CELLS = {
    "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT2H": 120, "PT3H": 180, "PT4H": 240, "PT6H": 360,
    "PT8H": 480, "PT12H": 720, "P1D": 1440,
}  # fmt: skip
_CONVERSATIONS = "/api/v2/analytics/conversations/aggregates/query"
_USERS, _MOST_USERS = "/api/v2/analytics/users/aggregates/query", 100
#: The metrics with a qualifier, which is a presence or a routing status, and two values of it.
_QUALIFIERS = {
    "tAgentRoutingStatus": ("IDLE", "INTERACTING"),
    "tOrganizationPresence": ("presence-1", "presence-2"),
    "tSystemPresence": ("AVAILABLE", "ON_QUEUE"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """An emitted metric: its moment, its value, and the dimensions that it is grouped by."""

    moment: datetime
    metric: str
    value: int
    group: Mapping[str, str | frozenset[str]]
    qualifier: str | None = None


@cache
def families() -> dict[str, dict[str, list[str]]]:
    """Return each operation's metrics and groupings (generated)."""
    text = (Path(__file__).parent / "families.json").read_text("utf-8")
    operations: dict[str, dict[str, list[str]]] = json.loads(text)
    return operations


@dataclass
class Sums:
    """The responses to aggregate queries.

    Args:
        on_clock: Whether cells lie on the clock; else they are counted from the interval's start.
        takes_all_users: Whether a query of users without a filter covers all users; else it is
            refused.
    """

    on_clock: bool = False
    takes_all_users: bool = False
    _events: dict[datetime, list[Event]] = field(default_factory=dict)

    def respond(self, world: World, path: str, body: Row | None) -> SimulatedResponse:
        """Return the response to a query of the family at a path."""
        query = checked_fields(body, _FIELDS)
        start, end = interval(query.get("interval"))
        metrics = names(query.get("metrics"), "metrics", families()[path]["metrics"])
        grouping = query.get("groupBy") or []
        if grouping:
            names(grouping, "groupBy", families()[path]["group_by"])
        size = timedelta(minutes=_minutes(query.get("granularity"), start, end))
        if path == _CONVERSATIONS:
            events = self._emitted(world)
        elif path == _USERS:
            condition = query.get("filter")
            is_of_all = condition is None and self.takes_all_users
            groups = _all_users(world) if is_of_all else _users(world, condition)
            events = list(_made_up(path, metrics, groups, start, end))
        else:
            events = list(_made_up(path, metrics, _some_groups(grouping), start, end))
        results: dict[tuple[tuple[str, str], ...], Cells] = {}
        for event in events:
            if not start <= event.moment < end or event.metric not in metrics:
                continue
            if not _passes(query.get("filter"), event.group):
                continue
            group = tuple(
                (name, value)
                for name in grouping
                if isinstance(value := event.group.get(name), str)
            )
            first = _midnight(start) if self.on_clock else start
            cell = first + (event.moment - first) // size * size
            values = results.setdefault(group, {}).setdefault(cell, {})
            values.setdefault((event.metric, event.qualifier or ""), []).append(event.value)
        rows = [_result(group, cells, size, end) for group, cells in sorted(results.items())]
        return SimulatedResponse(body={"results": rows} if rows else {})

    def _emitted(self, world: World) -> list[Event]:
        if world.now not in self._events:
            rows = world.conversations(world.since, world.now)
            events = [event for conversation in rows for event in events_of(conversation)]
            if world.service_levels:
                events += [*_service_levels(events, targets_of(world.queues()))]
            self._events = {world.now: events}
        return self._events[world.now]


def events_of(conversation: Row) -> Iterator[Event]:
    """Yield the metrics of a conversation, and `nConversations` once for each of its media."""
    media: dict[str, set[str]] = {}
    for participant in conversation["participants"]:
        for session in participant["sessions"]:
            queues = media.setdefault(session["mediaType"], set())
            group: dict[str, str | frozenset[str]] = {"mediaType": session["mediaType"]}
            if "userId" in participant:
                group["userId"] = participant["userId"]
            for segment in session["segments"]:
                if "queueId" in segment:
                    group["queueId"] = segment["queueId"]
                    queues.add(segment["queueId"])
            for metric in session.get("metrics", []):
                emitted = datetime.fromisoformat(metric["emitDate"])
                yield Event(emitted, metric["name"], metric["value"], group)
    started = datetime.fromisoformat(conversation["conversationStart"])
    for medium, queues in sorted(media.items()):
        group = {
            "mediaType": medium,
            "queueId": frozenset(queues),
            "divisionId": frozenset(conversation.get("divisionIds", ())),
        }
        yield Event(started, "nConversations", 1, group)


def _service_levels(
    events: Iterable[Event], targets: Mapping[tuple[str, str], int]
) -> Iterator[Event]:
    """Yield the metrics of service levels that follow from other metrics of queues."""
    for event in events:
        target = targets.get((str(event.group.get("queueId")), str(event.group.get("mediaType"))))
        if target is not None:
            for metric, value in service_level_metrics(event.metric, event.value, target):
                yield replace(event, metric=metric, value=value)


def _some_groups(grouping: list[str]) -> list[dict[str, str]]:
    return [
        dict(zip(grouping, values, strict=True))
        for values in product(*[(f"{name}-1", f"{name}-2") for name in grouping])
    ][:4]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _all_users(world: World) -> list[dict[str, str]]:
    return [{"userId": user["id"]} for user in world.users()]


def _users(world: World, condition: Row | None) -> list[dict[str, str]]:
    """Return a group for each user in a filter.

    Raises:
        RefusedError: The filter has no user, or too many.
    """
    parts = [] if condition is None else [condition, *(condition.get("clauses") or [])]
    predicates = [predicate for part in parts for predicate in part.get("predicates") or []]
    named = [predicate.get("value") for predicate in predicates]
    if not 1 <= len(named) <= _MOST_USERS:
        msg = f"A query must contain 1 to {_MOST_USERS} userId predicates, not {len(named)}"
        raise RefusedError(msg)
    return [{"userId": user["id"]} for user in world.users() if user["id"] in named]


def _made_up(
    path: str, metrics: list[str], groups: list[dict[str, str]], start: datetime, end: datetime
) -> Iterator[Event]:
    """Yield two events for each metric and group, an hour and half a day after each midnight."""
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        for hour, group, metric in product((1, 12), groups, metrics):
            for qualifier in _QUALIFIERS.get(metric, (None,)):
                labels = (*sorted(group.items()), *([qualifier] if qualifier else []))
                value = row("integer", path, stamp(day), hour, metric, *labels)
                yield Event(day + timedelta(hours=hour), metric, value, group, qualifier)
        day += timedelta(days=1)


def _result(
    group: tuple[tuple[str, str], ...],
    cells: Cells,
    size: timedelta,
    end: datetime,
) -> Row:
    return {
        "group": dict(group),
        "data": [
            {
                "interval": f"{stamp(cell)}/{stamp(min(cell + size, end))}",
                "metrics": [
                    {
                        "metric": name,
                        **({"qualifier": qualifier} if qualifier else {}),
                        "stats": _stats(name, values),
                    }
                    for (name, qualifier), values in sorted(cells[cell].items())
                ],
            }
            for cell in sorted(cells)
        ],
    }


def _stats(metric: str, values: list[int]) -> Row:
    if metric == "oServiceLevel":
        numerator, denominator = sum(values), len(values)
        ratio = numerator / denominator
        sums = {"numerator": numerator, "denominator": denominator, "ratio": ratio}
        return sums | {"target": TARGET}
    if metric.startswith("n"):
        return {"count": sum(values)}
    return {"count": len(values), "sum": sum(values), "min": min(values), "max": max(values)}


def _minutes(granularity: object, start: datetime, end: datetime) -> int:
    if granularity is None:
        return int((end - start) / timedelta(minutes=1))
    if granularity not in _CELLS:
        msg = f"{granularity!r} is not a known granularity"
        raise RefusedError(msg)
    # A day of a time zone may have 23 or 25 hours.
    length = int((end - start) / timedelta(minutes=1))
    return length if granularity == "P1D" and length <= 25 * 60 else _CELLS[str(granularity)]


def _passes(condition: Row | None, group: Mapping[str, str | frozenset[str]]) -> bool:
    """Return whether a group passes a filter: `and` or `or` of clauses and predicates."""
    if condition is None:
        return True
    parts = [_passes(clause, group) for clause in condition.get("clauses") or []]
    parts += [
        _has(group.get(predicate["dimension"]), predicate.get("value"))
        for predicate in condition.get("predicates") or []
    ]
    return all(parts) if condition.get("type") == "and" else any(parts)


def _has(value: str | frozenset[str] | None, expected: object) -> bool:
    return expected in value if isinstance(value, frozenset) else value == expected
