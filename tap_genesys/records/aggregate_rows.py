"""Flat rows of aggregates: one per interval, group and metric. Pure.

A row's key, `_id`, consists of the start of its interval in UTC, the granularity, the group, the
metric and its qualifier. Intervals lie on the fixed grid of their granularity, so that a cell which
is read again has the same key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.records.usable import parted
from tap_genesys.replication.windows import iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Record = dict[str, Any]

_ESCAPES = str.maketrans({"~": "~0", "/": "~1", "=": "~2", ";": "~3"})


def rows(
    body: Record, granularity: str, redacted: Callable[[Record], Record] = dict
) -> Iterator[Any]:
    """Yield a row per interval, group and metric of a response, with its key.

    A value that should be an object and is none is yielded as it is; a row without a readable
    interval or metric has an empty key. `usable` filters out both.

    Args:
        body: `{"results": [{"group": {...}, "data": [{"interval": "...", "metrics": [...]}]}]}`; an
            absent list counts as empty.
        granularity: The granularity of the query.
        redacted: Returns a group redacted by the `pii` rules, for the key.
    """
    for group, result in _groups(body):
        if group is None:
            yield result
            continue
        cells, others = parted(result.get("data"))
        yield from others
        for data in cells:
            start, _, end = str(data.get("interval")).partition("/")
            cell = {"intervalStart": _utc(start), "intervalEnd": _utc(end)}
            for measure, stats in _measures(data.get("metrics")):
                if measure is None:
                    yield stats
                    continue
                names = _names(measure)
                is_key = all(cell.values()) and names["metric"]
                yield {
                    "_id": is_key
                    and key(cell["intervalStart"], granularity, redacted(group), **names),
                    **cell,
                    "granularity": granularity,
                    **{column(dimension): value for dimension, value in group.items()},
                    **names,
                    **stats,
                }


def observations(
    body: Record, moment: str, redacted: Callable[[Record], Record] = dict
) -> Iterator[Any]:
    """Yield a row per group and metric of an observation, with its key.

    Unreadable values are yielded as by `rows`.

    Args:
        body: `{"results": [{"group": {...}, "data": [{"metric": "...", "stats": {...}}]}]}`.
        moment: The time of the request.
        redacted: As for `rows`.
    """
    for group, result in _groups(body):
        if group is None:
            yield result
            continue
        for measure, stats in _measures(result.get("data")):
            if measure is None:
                yield stats
                continue
            names = _names(measure)
            yield {
                "_id": names["metric"] and key(moment, "now", redacted(group), **names),
                "observedAt": moment,
                **group,
                **names,
                "truncated": measure.get("truncated"),
                **stats,
            }


def _groups(body: Record) -> Iterator[tuple[Record | None, Any]]:
    """Yield each result with its group; a value that is no result, with None."""
    results, others = parted(body.get("results"))
    for other in others:
        yield None, other
    for result in results:
        group = result.get("group") or {}
        yield (group, result) if isinstance(group, dict) else (None, group)


def _measures(value: object) -> Iterator[tuple[Record | None, Any]]:
    """Yield each measure in a list with its statistics; a value that is no measure, with None."""
    measures, others = parted(value)
    for other in others:
        yield None, other
    for measure in measures:
        stats = measure.get("stats") or {}
        yield (measure, stats) if isinstance(stats, dict) else (None, stats)


def _names(measure: Record) -> dict[str, Any]:
    """Return the columns `metric` and `qualifier` of a measure; None if the metric is no text."""
    metric = measure.get("metric")
    is_text = isinstance(metric, str)
    return {"metric": metric if is_text else None, "qualifier": measure.get("qualifier")}


def column(dimension: str) -> str:
    """Return the column of a dimension; that of a rate limit's `max` differs from the statistic."""
    return "maxOfLimit" if dimension == "max" else dimension


def key(
    start: str | None,
    granularity: str,
    group: Mapping[str, Any],
    metric: str | None,
    qualifier: str | None,
) -> str:
    """Return a row's key, unique within its stream."""
    dimensions = ";".join(f"{_escaped(name)}={_escaped(group[name])}" for name in sorted(group))
    tail = "" if qualifier is None else f"/{_escaped(qualifier)}"
    return f"{start}/{granularity}/{dimensions}/{_escaped(metric)}{tail}"


def _utc(moment: str) -> str | None:
    """Return a moment in the format of all streams; None if it cannot be parsed."""
    try:
        return iso(parse(moment))
    except ValueError:
        return None


def _escaped(text: object) -> str:
    """Return a text without separators; `~` for null."""
    return "~" if text is None else str(text).translate(_ESCAPES)
