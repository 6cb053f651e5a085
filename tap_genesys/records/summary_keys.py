"""Keys of summaries, which are stable when their cell is requested again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_genesys.api.response import Record
    from tap_genesys.replication.windows import Window

#: Fields that may have an entity's groupings as one object or list.
_GROUPED = ("groupings", "group")
_NOT_GROUPINGS = frozenset({"id", "dateFrom", "dateTo", "metrics", "data"})


class SummaryKeys:
    """Assigns keys to the summaries of one cell.

    Args:
        cell: The cell of the grid.
        metrics: The metrics of the query, whose values are no part of a key.
    """

    def __init__(self, cell: Window, metrics: Collection[str]) -> None:
        self._cell = cell
        self._measures = {name for metric in metrics for name in (metric, metric.split(":")[-1])}
        self._seen: dict[str, list[bytes]] = {}

    def key(self, entity: Record) -> str:
        """Return the entity's own id, else a hash of the cell's start and size and the groupings.

        Entities of one cell that differ only in their measures get different keys, by their order,
        so that none overwrites another.
        """
        if entity.get("id"):
            return str(entity["id"])
        identity = {
            "from": iso(self._cell.start),
            "seconds": (self._cell.end - self._cell.start).total_seconds(),
            "groupings": self._grouped_by(entity),
        }
        base = hashlib.sha256(_canonical(identity)).hexdigest()[:32]
        contents = self._seen.setdefault(base, [])
        content = _canonical(entity)
        if content not in contents:
            contents.append(content)
        position = contents.index(content)
        return base if position == 0 else f"{base}-{position + 1}"

    def _grouped_by(self, entity: Record) -> Any:  # noqa: ANN401 - JSON is anything
        for name in _GROUPED:
            if entity.get(name):
                return entity[name]
        return {
            name: value
            for name, value in entity.items()
            if name not in _NOT_GROUPINGS
            and name not in self._measures
            and (isinstance(value, str | bool) or value is None)
        }


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
