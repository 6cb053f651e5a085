"""Aggregates: what is asked for, and one flat row for each interval, group and metric. Pure.

A row's key, `_id`, is made of what tells it from every other row of its stream: the start of its
interval in UTC, the granularity, what it is grouped by, the metric and its qualifier. Intervals lie
on the fixed grid of their granularity, so that a cell which is read again has the same key.
"""

from __future__ import annotations

import difflib
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tap_genesys import schemas
from tap_genesys.replication.windows import Window, iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Record = dict[str, Any]

_MINUTES = {
    "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT2H": 120, "PT3H": 180, "PT4H": 240, "PT6H": 360,
    "PT8H": 480, "PT12H": 720,
}  # fmt: skip
#: The granularities that divide a day, as the vendor writes them.
GRANULARITIES = (*_MINUTES, "P1D")
#: What can be configured for each stream.
OPTIONS = ("metrics", "group_by", "granularity", "time_zone", "filter")
#: The family whose queries have to name users, and how many a query may name: "A single query may
#: contain no more than 100 userId predicates" (the vendor's page "User Status Aggregate query").
BY_USER = "user_aggregates"
USERS_AT_ONCE = 100
_ESCAPES = str.maketrans({"~": "~0", "/": "~1", "=": "~2", ";": "~3"})


@cache
def families() -> dict[str, dict[str, list[str]]]:
    """Return each stream's metrics and groupings (generated from the vendor's document)."""
    text = (resources.files(schemas) / "_aggregates.json").read_text("utf-8")
    known: dict[str, dict[str, list[str]]] = json.loads(text)
    return known


def rows(
    answer: Record, granularity: str, shown: Callable[[Record], Record] = dict
) -> Iterator[Record]:
    """Yield a row for each interval, group and metric of an answer, with its key.

    Args:
        answer: `results` of groups, each with `data` of intervals, each with `metrics`; what is
            absent is empty.
        granularity: What was asked for.
        shown: Returns a group as a key may show it.
    """
    for result in answer.get("results") or []:
        group = result.get("group") or {}
        for data in result.get("data") or []:
            start, _, end = str(data.get("interval")).partition("/")
            cell = {"intervalStart": _utc(start), "intervalEnd": _utc(end)}
            for measure in data.get("metrics") or []:
                found = {"metric": measure.get("metric"), "qualifier": measure.get("qualifier")}
                yield {
                    "_id": key(cell["intervalStart"], granularity, shown(group), **found),
                    **cell,
                    "granularity": granularity,
                    **{column(dimension): value for dimension, value in group.items()},
                    **found,
                    **(measure.get("stats") or {}),
                }


def observations(
    answer: Record, moment: str, shown: Callable[[Record], Record] = dict
) -> Iterator[Record]:
    """Yield a row for each group and metric of an answer about the present, with its key.

    Args:
        answer: `results` of groups, each with `data` of metrics.
        moment: When it was asked.
        shown: Returns a group as a key may show it.
    """
    for result in answer.get("results") or []:
        group = result.get("group") or {}
        for measure in result.get("data") or []:
            found = {"metric": measure.get("metric"), "qualifier": measure.get("qualifier")}
            yield {
                "_id": key(moment, "now", shown(group), **found),
                "observedAt": moment,
                **group,
                **found,
                "truncated": measure.get("truncated"),
                **(measure.get("stats") or {}),
            }


def column(dimension: str) -> str:
    """Return the column of a dimension; a rate limit's `max` is none of the sums."""
    return "maxOfLimit" if dimension == "max" else dimension


def key(
    start: str,
    granularity: str,
    group: Mapping[str, Any],
    metric: str | None,
    qualifier: str | None,
) -> str:
    """Return what tells a row from every other row of its stream."""
    told = ";".join(f"{_escaped(name)}={_escaped(group[name])}" for name in sorted(group))
    tail = "" if qualifier is None else f"/{_escaped(qualifier)}"
    return f"{start}/{granularity}/{told}/{_escaped(metric)}{tail}"


def users_at_once(own: Record | None) -> int:
    """Return how many users a query may name beside the predicates of a filter of one's own."""
    groups = [] if own is None else [own, *(own.get("clauses") or [])]
    return USERS_AT_ONCE - sum(len(group.get("predicates") or []) for group in groups)


def filter_of_users(users: Iterable[str], own: Record | None) -> Record:
    """Return the filter that lets users through as far as a filter of one's own does.

    Args:
        users: Their ids.
        own: A filter in the vendor's format that `clauses_of` can take apart.
    """
    predicates = [{"dimension": "userId", "value": user} for user in users]
    these = {"type": "or", "predicates": predicates}
    return these if own is None else {"type": "and", "clauses": [these, *(clauses_of(own) or [])]}


def clauses_of(own: Record) -> list[Record] | None:
    """Return clauses that let through together what a filter does; None where there are none.

    The vendor's clauses hold predicates alone, so that an `or` of clauses is no clause.
    """
    clauses, predicates = own.get("clauses") or [], own.get("predicates") or []
    if own.get("type") != "and":
        return None if clauses else [own]
    return [*clauses, *([{"type": "and", "predicates": predicates}] if predicates else [])]


def day_of(moment: datetime, zone: str) -> Window:
    """Return the day of a time zone that a moment is in; a day may have 23 or 25 hours.

    Days follow each other without a gap: `day_of(day.end, zone)` is the next one.
    """
    place = ZoneInfo(zone)
    date = moment.astimezone(place).date()
    first, following = (
        datetime(one.year, one.month, one.day, tzinfo=place).astimezone(UTC)
        for one in (date, date + timedelta(days=1))
    )
    return Window(first, following)


def days(start: datetime, end: datetime, zone: str) -> Iterator[Window]:
    """Yield the whole days of a time zone that `[start, end)` touches."""
    day = day_of(start, zone)
    while day.start < end:
        yield day
        day = day_of(day.end, zone)


def halves(window: Window, granularity: str) -> tuple[Window, Window] | None:
    """Cut a window in two between two cells, the same ones as before; None where it is one cell.

    Args:
        window: Starts where a cell starts.
        granularity: One of `GRANULARITIES`; a day is one cell, however long it is.
    """
    if granularity not in _MINUTES:
        return None
    size = timedelta(minutes=_MINUTES[granularity])
    cells = -((window.start - window.end) // size)
    if cells < 2:  # noqa: PLR2004 - two are the fewest that can be parted
        return None
    middle = window.start + cells // 2 * size
    return Window(window.start, middle), Window(middle, window.end)


def problems(configured: object) -> Iterator[str]:
    """Name what is wrong with the setting `aggregates`, with what to write instead."""
    if not isinstance(configured, dict):
        yield f"aggregates is {json.dumps(configured)}; use an object, a stream's name each."
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
    """Say what cannot be where each query names a hundred users."""
    if option == "group_by" and value == []:
        return 'use ["userId"]: each hundred of users would have sums with the same keys'
    if option != "filter" or not isinstance(value, dict):
        return None
    try:
        clauses, room = clauses_of(value), users_at_once(value)
    except (AttributeError, TypeError):
        return "use an object in the vendor's format"
    if clauses is None:
        return "it is combined with the users that each query names, so use type and for clauses"
    return None if room > 0 else f"use fewer predicates: a query may have {USERS_AT_ONCE}"


def _list_problem(value: object, known: list[str], *, may_be_empty: bool) -> str | None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return "use a list of texts"
    unknown = [one for one in value if one not in known]
    if unknown:
        return f"{unknown[0]} is not known; use {_nearest(unknown[0], known)}"
    return None if value or may_be_empty else "name at least one"


def _is_zone(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (ValueError, ZoneInfoNotFoundError, OSError):
        return False


def _nearest(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    few = len(names) <= len(GRANULARITIES)
    return (
        f"one of {', '.join(near or names)}" if near or few else "one that docs/aggregates.md names"
    )


def _utc(moment: str) -> str:
    """Return a moment as the other streams write it; one that cannot be read stays as it is."""
    try:
        return iso(parse(moment))
    except ValueError:
        return moment


def _escaped(text: object) -> str:
    """Return a text without separators; what is null is like no text at all."""
    return "~" if text is None else str(text).translate(_ESCAPES)
