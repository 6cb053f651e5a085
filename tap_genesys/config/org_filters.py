"""The simple filters (divisions, queues, media types), in the format of each endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys import schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Setting -> the dimension that it filters.
SETTINGS = {"division_ids": "divisionId", "queue_ids": "queueId", "media_types": "mediaType"}


class OrgFilters:
    """The simple filters, for the streams whose endpoints support them.

    Args:
        config: Valid settings.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._wanted: dict[str, list[str]] = {
            dimension: list(config[setting])
            for setting, dimension in SETTINGS.items()
            if config.get(setting)
        }

    def conversation_filters(self) -> list[dict[str, Any]]:
        """Return the details query's filters on conversations."""
        return self._clauses({"divisionId"})

    def segment_filters(self) -> list[dict[str, Any]]:
        """Return the details query's filters on segments: one segment must match all of them."""
        clauses = self._clauses({"queueId", "mediaType"})
        return [{"type": "and", "clauses": clauses}] if clauses else []

    def filter_of(self, stream: str) -> dict[str, Any] | None:
        """Return the filter of an aggregate or observation query; None without one."""
        clauses = self._clauses(set(filters_by_stream().get(stream, ())))
        return {"type": "and", "clauses": clauses} if clauses else None

    def clauses_of(self, stream: str, *, but: str = "") -> list[dict[str, Any]]:
        """Return the clauses of that filter, without those about one dimension."""
        return self._clauses(set(filters_by_stream().get(stream, ())) - {but})

    def params_of(self, stream: str) -> dict[str, Any]:
        """Return the query parameters that filter a listing.

        A listing that accepts only one division is not filtered by several.
        """
        params: dict[str, Any] = {}
        for name, kind in dict(filters_by_stream().get(stream, {})).items():
            dimension = "queueId" if name == "id" else "divisionId"
            wanted = self._wanted.get(dimension, [])
            if kind == "many" and wanted:
                params[name] = wanted
            elif kind == "text" and wanted:
                params[name] = ",".join(wanted)
            elif len(wanted) == 1:
                params[name] = wanted[0]
        return params

    def _clauses(self, dimensions: set[str]) -> list[dict[str, Any]]:
        return [
            {
                "type": "or",
                "predicates": [{"dimension": dimension, "value": value} for value in values],
            }
            for dimension, values in self._wanted.items()
            if dimension in dimensions
        ]


def filters_by_stream() -> dict[str, Any]:
    """Return stream -> its filters, generated from the vendor's document.

    For aggregates and observations, a list of dimensions; for a listing, parameter -> `many`,
    `text` or `one`, the form of its values.
    """
    scope: dict[str, Any] = schemas.facts("scope")
    return scope
