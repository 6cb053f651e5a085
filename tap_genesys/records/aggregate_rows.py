"""Flat rows of aggregates: one for each interval, group and metric. Pure.

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
    """Yield a row for each interval, group and metric of a response, with its key.

    What is no object in the place of one is yielded as it is, and a row whose interval or metric
    cannot be read has an empty key: `usable` leaves out both.

    Args:
        body: `results` of groups, each with `data` of intervals, each with `metrics`; an absent
            list is empty.
        granularity: The requested one.
        redacted: Returns a group with the rules about personal data applied, for the key.
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
    """Yield a row for each group and metric of a response about the present, with its key.

    What cannot be read is yielded as by `rows`.

    Args:
        body: `results` of groups, each with `data` of metrics.
        moment: The time of the request.
        redacted: As of `rows`.
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
    """Yield the group of each result, with the result; None with what is no result."""
    results, others = parted(body.get("results"))
    for other in others:
        yield None, other
    for result in results:
        group = result.get("group") or {}
        yield (group, result) if isinstance(group, dict) else (None, group)


def _measures(value: object) -> Iterator[tuple[Record | None, Any]]:
    """Yield each measure in a list, with its statistics; None with what is no measure."""
    measures, others = parted(value)
    for other in others:
        yield None, other
    for measure in measures:
        stats = measure.get("stats") or {}
        yield (measure, stats) if isinstance(stats, dict) else (None, stats)


def _names(measure: Record) -> dict[str, Any]:
    """Return the columns that name a measure; no metric where it is no text."""
    metric = measure.get("metric")
    is_text = isinstance(metric, str)
    return {"metric": metric if is_text else None, "qualifier": measure.get("qualifier")}


def column(dimension: str) -> str:
    """Return the column of a dimension; a rate limit's `max` is not the statistic `max`."""
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
    """Return a moment in the format of the other streams; None where it cannot be read."""
    try:
        return iso(parse(moment))
    except ValueError:
        return None


def _escaped(text: object) -> str:
    """Return a text without separators; `~` for null."""
    return "~" if text is None else str(text).translate(_ESCAPES)
