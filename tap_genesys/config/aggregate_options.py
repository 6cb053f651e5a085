"""The setting `aggregates`: its options per stream, their validation, and filters with users."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tap_genesys import schemas
from tap_genesys.replication.cells import GRANULARITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: A filter, or a clause of one, in the vendor's format.
Filter = dict[str, Any]

#: The options of each stream.
OPTIONS = ("metrics", "group_by", "granularity", "time_zone", "filter")
#: The stream whose queries must name users, and their maximum number: "A single query may
#: contain no more than 100 userId predicates" (the vendor's page "User Status Aggregate query").
BY_USER = "user_aggregates"
USERS_AT_ONCE = 100


def families() -> dict[str, dict[str, list[str]]]:
    """Return stream -> its metrics and dimensions, generated from the vendor's document."""
    metrics_and_groupings: dict[str, dict[str, list[str]]] = schemas.facts("aggregates")
    return metrics_and_groupings


def users_at_once(configured: Filter | None) -> int:
    """Return the maximum number of users in a query with a configured filter."""
    groups = [] if configured is None else [configured, *(configured.get("clauses") or [])]
    return USERS_AT_ONCE - sum(len(group.get("predicates") or []) for group in groups)


def filter_of_users(users: Iterable[str], configured: Filter | None) -> Filter:
    """Return the configured filter, limited to some users.

    Args:
        users: The ids of the users.
        configured: A filter for which `clauses_of` returns clauses; None without one.
    """
    predicates = [{"dimension": "userId", "value": user} for user in users]
    by_user = {"type": "or", "predicates": predicates}
    if configured is None:
        return by_user
    return {"type": "and", "clauses": [by_user, *(clauses_of(configured) or [])]}


def clauses_of(configured: Filter) -> list[Filter] | None:
    """Return clauses whose conjunction equals a filter; None if there are none.

    The vendor's clauses contain only predicates, so an `or` of clauses is no clause.
    """
    clauses, predicates = configured.get("clauses") or [], configured.get("predicates") or []
    if configured.get("type") != "and":
        return None if clauses else [configured]
    return [*clauses, *([{"type": "and", "predicates": predicates}] if predicates else [])]


def problems(configured: object) -> Iterator[str]:
    """Yield one line per problem of the setting `aggregates`, with a remedy."""
    if not isinstance(configured, dict):
        yield f"aggregates is {json.dumps(configured)}; use an object with stream names as keys."
        return
    for stream, options in configured.items():
        if stream not in families():
            yield f"aggregates names {stream!r}; use {_nearest(stream, families())}."
        elif not isinstance(options, dict):
            yield f"aggregates of {stream} is {json.dumps(options)}; use an object."
        else:
            for option, value in options.items():
                if problem := _problem(stream, option, value):
                    yield f"aggregates of {stream}: {option} is {json.dumps(value)}; {problem}."


def _problem(stream: str, option: str, value: object) -> str | None:
    if option not in OPTIONS:
        return f"there is no such option; use {_nearest(option, OPTIONS)}"
    if stream == BY_USER and (problem := _user_problem(option, value)):
        return problem
    if option in ("metrics", "group_by"):
        return _list_problem(value, families()[stream][option], may_be_empty=option == "group_by")
    if option == "granularity":
        return None if value in GRANULARITIES else f"use one of {', '.join(GRANULARITIES)}"
    if option == "time_zone":
        return None if _is_zone(value) else "use a name such as Europe/Berlin"
    return None if isinstance(value, dict) else "use an object in the vendor's format"


def _user_problem(option: str, value: object) -> str | None:
    """Return the problem of an option of the stream whose queries name users; None if valid."""
    if option == "group_by" and value == []:
        return 'use ["userId"]: else the batches of 100 users would have rows with the same keys'
    if option != "filter" or not isinstance(value, dict):
        return None
    try:
        clauses, room = clauses_of(value), users_at_once(value)
    except (AttributeError, TypeError):
        return "use an object in the vendor's format"
    if clauses is None:
        return "it is combined with the users that each query names, so use type and for clauses"
    return None if room > 0 else f"use fewer predicates: a query may have {USERS_AT_ONCE}"


def _list_problem(value: object, allowed: list[str], *, may_be_empty: bool) -> str | None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return "use a list of texts"
    unknown = [name for name in value if name not in allowed]
    if unknown:
        return f"{unknown[0]} is not known; use {_nearest(unknown[0], allowed)}"
    return None if value or may_be_empty else "name at least one"


def _is_zone(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (ValueError, ZoneInfoNotFoundError, OSError):
        return False


def _nearest(word: str, allowed: Iterable[str]) -> str:
    names = sorted(allowed)
    near = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    few = len(names) <= len(GRANULARITIES)
    return (
        f"one of {', '.join(near or names)}" if near or few else "one that docs/aggregates.md names"
    )
