"""Flat rows of aggregates: one for each interval, group and metric. Pure.

A row's key, `_id`, consists of the start of its interval in UTC, the granularity, the group, the
metric and its qualifier. Intervals lie on the fixed grid of their granularity, so that a cell which
is read again has the same key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.replication.windows import iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Record = dict[str, Any]

_ESCAPES = str.maketrans({"~": "~0", "/": "~1", "=": "~2", ";": "~3"})


def rows(
    body: Record, granularity: str, redacted: Callable[[Record], Record] = dict
) -> Iterator[Record]:
    """Yield a row for each interval, group and metric of a response, with its key.

    Args:
        body: `results` of groups, each with `data` of intervals, each with `metrics`; an absent
            list is empty.
        granularity: The requested one.
        redacted: Returns a group with the rules about personal data applied, for the key.
    """
    for result in body.get("results") or []:
        group = result.get("group") or {}
        for data in result.get("data") or []:
            start, _, end = str(data.get("interval")).partition("/")
            cell = {"intervalStart": _utc(start), "intervalEnd": _utc(end)}
            for measure in data.get("metrics") or []:
                names = {"metric": measure.get("metric"), "qualifier": measure.get("qualifier")}
                yield {
                    "_id": key(cell["intervalStart"], granularity, redacted(group), **names),
                    **cell,
                    "granularity": granularity,
                    **{column(dimension): value for dimension, value in group.items()},
                    **names,
                    **(measure.get("stats") or {}),
                }


def observations(
    body: Record, moment: str, redacted: Callable[[Record], Record] = dict
) -> Iterator[Record]:
    """Yield a row for each group and metric of a response about the present, with its key.

    Args:
        body: `results` of groups, each with `data` of metrics.
        moment: The time of the request.
        redacted: As of `rows`.
    """
    for result in body.get("results") or []:
        group = result.get("group") or {}
        for measure in result.get("data") or []:
            names = {"metric": measure.get("metric"), "qualifier": measure.get("qualifier")}
            yield {
                "_id": key(moment, "now", redacted(group), **names),
                "observedAt": moment,
                **group,
                **names,
                "truncated": measure.get("truncated"),
                **(measure.get("stats") or {}),
            }


def column(dimension: str) -> str:
    """Return the column of a dimension; a rate limit's `max` is not the statistic `max`."""
    return "maxOfLimit" if dimension == "max" else dimension


def key(
    start: str,
    granularity: str,
    group: Mapping[str, Any],
    metric: str | None,
    qualifier: str | None,
) -> str:
    """Return a row's key, unique within its stream."""
    dimensions = ";".join(f"{_escaped(name)}={_escaped(group[name])}" for name in sorted(group))
    tail = "" if qualifier is None else f"/{_escaped(qualifier)}"
    return f"{start}/{granularity}/{dimensions}/{_escaped(metric)}{tail}"


def _utc(moment: str) -> str:
    """Return a moment in the format of the other streams; an unreadable one unchanged."""
    try:
        return iso(parse(moment))
    except ValueError:
        return moment


def _escaped(text: object) -> str:
    """Return a text without separators; `~` for null."""
    return "~" if text is None else str(text).translate(_ESCAPES)
