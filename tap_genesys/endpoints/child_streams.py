"""Child streams: one listing per record of another stream."""

from __future__ import annotations

import re
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.api.response import operation
from tap_genesys.api.status import ResponseAction
from tap_genesys.endpoints.costs import PerParent
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.probes import Probes, parent_name
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.tap_base import Tap

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.request_loop import PlannedRequest
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.replication.windows import Window


class ChildStream(FullTableStream):
    """One listing per record of another stream; the parent record's id is a column of each row.

    It is one stream with one SCHEMA for all parents, and has no bookmark. A parent that was deleted
    meanwhile (404) has no rows; a forbidden one (403) skips the stream. The key is the placeholders
    of the path and `id`, unless the class declares another: `("groupId", "id")` for
    `/api/v2/groups/{groupId}/members`. Where the parent's id is a query parameter instead, the
    class declares `parent_param`, and a key that starts with the column of that id.
    """

    state_partitioning_keys = ()
    when_missing = ResponseAction.ACCEPT
    #: The query parameter with the parent's id; empty where the path has it.
    parent_param: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - as Python's own
        super().__init_subclass__(**options)
        places = re.findall(r"{(\w+)}", vars(cls).get("path", ""))
        if places and "primary_keys" not in vars(cls):
            cls.primary_keys = (*places, "id")

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        #: The ids of the parents.
        self.parents: list[str] = []
        #: The context of each listing, and the number of those that were begun.
        self._contexts: list[dict[str, Any]] = []
        self._begun = 0
        #: The columns that the present context adds to its rows.
        self.columns_of_parent: Record = {}

    @property
    def parent_column(self) -> str:
        """The column of the parent's id, which is also the placeholder in the path, if any."""
        return self.path.partition("{")[2].partition("}")[0] or self.primary_keys[0]

    @cached_property
    @override
    def record_keys(self) -> Sequence[str]:
        # The parent's id is in the request.
        return [key for key in super().record_keys if key != self.parent_column]

    @override
    def query_params(self, context: Context) -> dict[str, Any]:
        of_parent = {self.parent_param: context[self.parent_column]} if self.parent_param else {}
        return {**super().query_params(context), **of_parent}

    def contexts(self) -> list[dict[str, Any]]:
        """Return a context per parent: the values of the path's placeholders."""
        return [{self.parent_column: parent} for parent in self.parents]

    @property
    @override
    def cost(self) -> Cost:
        return PerParent(
            self.page_size, f"{super().cost.text}, per record of `{parent_name(self)}`"
        )

    @override
    def probes(self, parent: Sample | None, day: Window) -> Probes:
        self.parents = parent.ids if parent else []
        probes = self._probes_of(self.partitions)
        self.parents = []
        return probes

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        self._contexts, self._begun = self.contexts(), 0
        self.counts.parts_total, self.counts.parts = len(self._contexts), "parents"
        return self._contexts

    @override
    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:
        yield from super().upcoming(context)
        for later in self._contexts[self._begun : self._begun + self.max_parallel]:
            yield tuple(later.items()), None

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        self._begun += 1
        # Without a parent the SDK calls this once, without a context.
        if context and self.name not in self.run.skipped:
            self.columns_of_parent = self.parent_columns(context)
            yield from super().get_records(context)
            self.counts.parts_done += 1

    def parent_columns(self, context: Context) -> Record:
        """Return the columns that a context adds to each of its rows."""
        return self.redacted(context)

    @override
    def own_columns(self) -> Record:
        return {"_readAt": iso(self.read_at()), **self.columns_of_parent}

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        if response.status_code == HTTPStatus.NOT_FOUND:
            self.mark_incomplete("a parent was not found")
            self.log_absence(response)
        yield from super().parse_response(response)

    def log_absence(self, response: requests.Response) -> None:
        """Log that the parent does not exist any more."""
        self.logger.info("%s: %s answered 404: no rows.", self.name, operation(response))
