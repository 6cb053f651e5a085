"""The data of the page: rows of the marts, with numbers in place of the ids of queues."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from reporting.queries import AGENTS, QUEUES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reporting.database import Row
    from reporting.queries import Period

#: Columns that are not summed up.
DIMENSIONS = (
    "day",
    "half_hour",
    "agent",
    "code",
    "destination",
    "transfer_type",
    "scope",
    "score",
    "too_recent",
)
#: The number of a queue in rows without one; they count for all queues together.
NO_QUEUE = -1


@dataclass(slots=True)
class Figures:
    """The data of the page.

    Args:
        days: The days of the period.
        queues: The names of the queues; a row has a queue's place in this list.
        media: The media; a row has a medium's place in this list.
        tables: Table -> columns and rows; None without the mart.
    """

    days: list[str]
    queues: list[str]
    media: list[str]
    tables: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the data as a JSON document."""
        return {
            "days": self.days,
            "queues": self.queues,
            "media": self.media,
            "tables": self.tables,
        }


def figures(
    period: Period, names: Mapping[str, str], tables: Mapping[str, Sequence[Row] | None]
) -> Figures:
    """Return the page's data.

    Args:
        period: The days.
        names: Id -> name of the queues.
        tables: Table -> rows of the marts.
    """
    queues, places = _queues(names, tables)
    media = sorted(
        {
            row["media_type"]
            for rows in tables.values()
            for row in rows or ()
            if row.get("media_type") is not None
        }
    )
    length = (period.last - period.first).days + 1
    days = [(period.first + timedelta(days=number)).isoformat() for number in range(length)]
    result = Figures(days, queues, media)
    for name, rows in tables.items():
        result.tables[name] = None if rows is None else _table(rows, places, media)
    if agents := result.tables.get("agents"):
        agents["rows"] = agents["rows"][:AGENTS]
    return result


def _queues(
    names: Mapping[str, str], tables: Mapping[str, Sequence[Row] | None]
) -> tuple[list[str], dict[str, int]]:
    """Return the names of the queues with the most rows' work, and id -> place in them.

    Further queues share one place at the end.
    """
    work: Counter[str] = Counter()
    for rows in tables.values():
        for row in rows or ():
            if row.get("queue_id") is not None:
                work[row["queue_id"]] += int(row.get("offered") or 0)
    order = sorted(work, key=lambda queue: (-work[queue], queue))
    chosen = sorted(order[:QUEUES], key=lambda queue: (names.get(queue, queue), queue))
    listed = [names.get(queue, queue) for queue in chosen]
    places = {queue: place for place, queue in enumerate(chosen)}
    if others := order[QUEUES:]:
        listed.append(f"{len(others)} other queues")
        places |= dict.fromkeys(others, len(chosen))
    return listed, places


def _table(rows: Sequence[Row], places: Mapping[str, int], media: Sequence[str]) -> dict[str, Any]:
    """Return columns and rows of a table, with the rows of one place summed up.

    Rows without a queue stay apart: two agents may have one name.
    """
    sums: dict[tuple[tuple[Any, ...], int], list[Any]] = {}
    columns: list[str] = []
    for number, row in enumerate(rows):
        own: Row = {}
        if "queue_id" in row:
            own["queue"] = places.get(row["queue_id"], NO_QUEUE)
        if "media_type" in row:
            medium = row["media_type"]
            own["medium"] = media.index(medium) if medium is not None else -1
        own |= {name: _plain(row[name]) for name in DIMENSIONS if name in row}
        measures = [name for name in row if name not in {*DIMENSIONS, "queue_id", "media_type"}]
        columns = [*own, *measures]
        values = [_plain(row[name]) for name in measures]
        key = (tuple(own.values()), -1 if "queue_id" in row else number)
        earlier = sums.get(key, [None] * len(values))
        sums[key] = [_sum(*pair) for pair in zip(earlier, values, strict=True)]
    return {"columns": columns, "rows": [[*key, *values] for (key, _), values in sums.items()]}


def _sum(first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def _plain(value: object) -> Any:  # noqa: ANN401 - a value of JSON
    """Return a database's value as one of JSON: whole numbers as integers, dates as text."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 3)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return value
