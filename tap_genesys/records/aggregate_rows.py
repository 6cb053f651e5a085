"""Aggregates become one flat row for each interval, group and metric. Pure.

A row's key, `_id`, is made of what tells it from every other row of its stream: the start of its
interval in UTC, the granularity, what it is grouped by, the metric and its qualifier. Intervals lie
on the fixed grid of their granularity, so that a cell which is read again has the same key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.replication.windows import iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Record = dict[str, Any]

_ESCAPES = str.maketrans({"~": "~0", "/": "~1", "=": "~2", ";": "~3"})


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


def _utc(moment: str) -> str:
    """Return a moment as the other streams write it; one that cannot be read stays as it is."""
    try:
        return iso(parse(moment))
    except ValueError:
        return moment


def _escaped(text: object) -> str:
    """Return a text without separators; what is null is like no text at all."""
    return "~" if text is None else str(text).translate(_ESCAPES)
