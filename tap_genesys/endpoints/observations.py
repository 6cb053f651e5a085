"""Streams of observations: metrics at the moment of a run, for the records of another stream."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.api.paging import SinglePage
from tap_genesys.api.response import body
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.costs import PerBatch
from tap_genesys.records import aggregate_rows
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests
    from singer_sdk.helpers.types import Context

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.request_loop import PlannedRequest


class ObservationStream(ChildStream):
    """Metrics at the moment of the run, for the records of another stream.

    One request names up to 100 of these records. Each run adds rows; `observedAt` is the moment of
    the request.
    """

    http_method = "POST"
    paging = SinglePage()
    primary_keys = ("_id",)
    is_history = True
    #: Records of the parent per request, at most.
    at_once = 100
    #: The dimension of the parent's records.
    dimension: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]

    _observed_at: str

    @property
    @override
    def cost(self) -> Cost:
        return PerBatch(self.at_once, super().cost.text)

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        return [{"from": first} for first in range(0, len(self.parents), self.at_once)]

    @override
    def parent_columns(self, context: Context) -> Record:
        return {}

    @override
    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:
        # No prefetch: each row has the moment of its request.
        return iter(())

    @override
    def filter_params(self) -> dict[str, Any]:
        return {}

    @override
    def payload(self, context: Context) -> dict[str, Any]:
        first = int(context.get("from", 0))
        predicates = [
            {"dimension": self.dimension, "value": parent}
            for parent in self.parents[first : first + self.at_once]
        ]
        these = {"type": "or", "predicates": predicates}
        others = self.run.org_filters.clauses_of(self.name, but=self.dimension)
        self._observed_at = iso(self.run.now())
        return {
            "filter": {"type": "and", "clauses": [these, *others]} if others else these,
            "metrics": list(self.metrics),
        }

    @cached_property
    @override
    def record_keys(self) -> Sequence[str]:
        # The key is made of the record: one without a metric has none.
        return self.primary_keys

    @override
    def extract(self, response: requests.Response) -> list[Any]:
        return list(aggregate_rows.observations(body(response), self._observed_at, self.redacted))

    @property
    @override
    def key_columns(self) -> tuple[str, ...]:
        return (self.dimension,)
