"""Listings: full-table streams, and the protocol of their child streams."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, cast
from urllib.parse import quote

from singer_sdk.streams.rest import HTTPRequest, PageContext
from typing_extensions import override

from tap_genesys.api.paging import PageNumbers, PagingContext, SinglePage, pages_ahead
from tap_genesys.api.response import body
from tap_genesys.api.shape import ANYTHING, TEXT
from tap_genesys.api.status import ResponseAction
from tap_genesys.endpoints.activate_version import ActivateVersion, version_of
from tap_genesys.endpoints.costs import PerPage, SingleRequest
from tap_genesys.endpoints.probes import Probes
from tap_genesys.endpoints.stream import USUAL_PAGE_SIZE, GenesysStream
from tap_genesys.errors import PageTooLarge
from tap_genesys.records.extraction import Field
from tap_genesys.replication.lanes import MAIN, Lane

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.pagination import BaseAPIPaginator
    from singer_sdk.singerlib import RecordMessage
    from singer_sdk.tap_base import Tap

    from tap_genesys.api.paging import Paging
    from tap_genesys.api.response import Record
    from tap_genesys.api.shape import Shape
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.request_loop import PlannedRequest
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.records.extraction import Extraction
    from tap_genesys.replication.windows import Window


class Child(Protocol):
    """A stream that is read for a listing's records, right after the listing."""

    name: str
    selected: bool
    #: The ids of the listing's records.
    parents: list[str]

    def mark_incomplete(self, reason: str) -> None:
        """Note that the stream's listing may be incomplete, for a reason."""

    def sync(self) -> None:
        """Read the stream, and write its messages."""


class FullTableStream(GenesysStream):
    """A full-table listing.

    Its child streams follow in the same sync, so it is not listed again for them. After a complete
    listing, ACTIVATE_VERSION may follow (`endpoints.activate_version`).
    """

    http_method = "GET"
    primary_keys: tuple[str, ...] = ("id",)
    selected_by_default = False
    is_derived: ClassVar[Literal[False]] = False
    #: The text for the column "read by" of docs/streams.md.
    read_by: ClassVar[str] = "whole"
    # An org without the licence gets 404; the run continues with the other streams.
    when_missing = ResponseAction.SKIP
    #: The way of paging.
    paging: ClassVar[Paging] = PageNumbers()
    #: The place of the records in a response.
    records: ClassVar[Extraction] = Field()
    #: Query parameters other than those of paging.
    params: ClassVar[dict[str, Any]] = {}
    #: Whether the vendor drops old records from the list: then absent rows are not deleted ones.
    is_history: ClassVar[bool] = False
    #: The number of records that were passed to child streams.
    _offered = 0
    #: Whether the endpoint has accepted the present page size in this run.
    _size_is_accepted = False

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        self.activate_version = ActivateVersion()
        self._pages: BaseAPIPaginator[Any]
        #: The values of `total` in the pages of one reading.
        self._totals: set[object] = set()

    def mark_incomplete(self, reason: str) -> None:
        """Note that the listing may be incomplete, for a reason."""
        self.activate_version.mark_incomplete(reason)

    @property
    def lanes(self) -> dict[str, Lane]:
        """Lane -> how far it is: the only one, without a bookmark."""
        return {MAIN: Lane()}

    # -- requests

    @property
    @override
    def responds_with_array(self) -> bool:
        return self.records.is_array

    @property
    @override
    def response_shape(self) -> Shape:
        of_records = self.records.shape
        if not isinstance(of_records, dict):
            return of_records
        return {"downloadUrl": TEXT, **self.paging.shape, **of_records}

    @cached_property
    @override
    def record_keys(self) -> Sequence[str]:
        # The others are placeholders of the path.
        return [key for key in self.primary_keys if f"{{{key}}}" not in self.path]

    @property
    @override
    def max_page_size(self) -> int:
        return self.paging.max_page_size

    @property
    @override
    def usual_page_size(self) -> int:
        return self.max_page_size

    @property
    def _paging_context(self) -> PagingContext:
        return PagingContext(self.label, self.url_base, self.page_size, self.counted_paginator)

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        self._pages = self.paging.paginator(self._paging_context)
        return self._pages

    @override
    def get_http_request(self, *, page: PageContext[Any]) -> HTTPRequest:
        context = page.stream_context or {}
        path = self.path.format_map({name: quote(str(part), "") for name, part in context.items()})
        request = HTTPRequest(
            url=f"{self.url_base}{path}",
            method=self.http_method,
            params=self.query_params(context),
            data=self.payload(context),
        )
        return self.paging.requested(request, page.next_page_token, self._paging_context)

    def query_params(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - children differ
        """Return the parameters of a first request, without those of paging."""
        return {**self.params, **self.filter_params()}

    def filter_params(self) -> dict[str, Any]:
        """Return the parameters of the simple filters, which select a part of the org."""
        return self.run.org_filters.params_of(self.name)

    def payload(self, context: Context) -> dict[str, Any] | None:  # noqa: ARG002 - few have one
        """Return the request's body without its paging; None without a body."""
        return None

    @override
    def request_for(self, planned: PlannedRequest) -> HTTPRequest:
        context, page = planned
        return self.get_http_request(page=PageContext(dict(context), page))

    @override
    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:
        part = tuple((context or {}).items())
        for page in islice(pages_ahead(self._pages), self.max_parallel):
            yield part, page

    @override
    def action_for(self, response: requests.Response) -> ResponseAction | None:
        if response.status_code == HTTPStatus.NOT_FOUND:
            return self.when_missing
        is_refused = response.status_code == HTTPStatus.BAD_REQUEST
        if is_refused and self.page_size > USUAL_PAGE_SIZE and not self._size_is_accepted:
            return ResponseAction.SHRINK
        return None

    # -- records

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        self._totals.clear()
        yield from self.request_records(context)
        if self.paging.is_counted:
            self.is_whole()
            if doubt := self.paginator.completeness.possible_loss(self._totals):
                self.mark_incomplete(doubt)
        else:
            self.holes.are_accepted(self.label)
        if self.holes.has_unusable:
            self.mark_incomplete("a record could not be used")

    @override
    def request_records(self, context: Context | None) -> Iterator[Record]:
        try:
            yield from super().request_records(context)
        except PageTooLarge as refusal:
            # Only a first page can be refused for its size, so no record has been emitted.
            self.logger.info(
                "%s: %s Sent again with a page size of %d instead of %d, for the rest of this run.",
                self.name,
                refusal,
                USUAL_PAGE_SIZE,
                self.page_size,
            )
            self.page_size = USUAL_PAGE_SIZE
            self.forget_planned()
            yield from super().request_records(context)

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        self._size_is_accepted = True
        if response.status_code != HTTPStatus.NOT_FOUND:
            yield from self.page_rows(response)

    @override
    def extract(self, response: requests.Response) -> list[Any]:
        total = body(response).get("total")
        self._totals.add(total if isinstance(total, int) else None)
        content = self.content(response)
        if self.records.is_absent(content):
            self.mark_incomplete("a response had no list of rows")
        return [
            self.opened(record) if isinstance(record, dict) else record
            for record in self.records.of(content)
        ]

    def opened(self, record: Record) -> Record:
        """Return a record in the form of a row, for example with a nested object unpacked."""
        return record

    def content(self, response: requests.Response) -> Record:
        """Return a response's body, or the file at the `downloadUrl` of a large response."""
        content = body(response)
        url = content.get("downloadUrl")
        if not url:
            return content
        shape = [ANYTHING] if self.responds_with_array else self.response_shape
        downloaded = self.run.downloads.json(url, shape, self.label)
        return {"entities": downloaded} if self.responds_with_array else downloaded

    # -- the cost

    @property
    def cost(self) -> Cost:
        """The cost of reading the stream."""
        return SingleRequest() if isinstance(self.paging, SinglePage) else PerPage(self.page_size)

    def probes(self, parent: Sample | None, day: Window) -> Probes:  # noqa: ARG002 - children differ
        """Return the request for the first page, for `--check`."""
        return self._probes_of([{}])

    def _probes_of(self, contexts: list[dict[str, Any]]) -> Probes:
        """Return the request for the first page of the first context."""
        firsts = [self.request_for((context, None)) for context in contexts[:1]]
        return Probes(firsts, parts=len(contexts), extract=self.extract)

    # -- children

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        yield from super().get_records(context)
        for child in self._children():
            left_out = len(child.parents) < self._offered  # by a stream map
            if self.activate_version.doubt or left_out or self.filter_params():
                child.mark_incomplete(f"{self.name} may not be whole")
            child.sync()

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        self._offered += 1
        yield {"id": record.get("id")}

    @override
    def _sync_children(self, child_context: Context | None) -> None:
        for child in self._children():
            if child_context and child_context["id"]:
                child.parents.append(str(child_context["id"]))

    def _children(self) -> Iterator[Child]:
        for child in cast("list[Child]", self.child_streams):
            if not child.selected:
                continue
            if reason := self.run.skipped.get(self.name):
                self.run.skipped[child.name] = reason
            else:
                yield child

    # -- deleted rows

    @property
    def is_versioned(self) -> bool:
        """Whether the records have a version, as ACTIVATE_VERSION may follow."""
        return bool(self.config["emit_activate_version_messages"]) and not self.is_history

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        if not (self.is_versioned and self.selected and write_messages):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        self._stream_version = version_of(self.run.started)
        if self.filter_params():
            self.mark_incomplete("filters select a part of the org")
        rows = 0
        for record in super()._sync_records(context):
            rows += 1
            yield record
        if self.activate_version.may_follow(rows, was_skipped=self.name in self.run.skipped):
            self._write_activate_version_message(self._stream_version)
        else:
            doubt = self.activate_version.doubt
            self.logger.info("%s: deleted rows stay in the warehouse: %s.", self.name, doubt)

    @override
    def _generate_record_messages(self, record: Record) -> Iterable[RecordMessage]:  # type: ignore[override]
        if self._stream_version is None:
            yield from super()._generate_record_messages(record)
            return
        written = 0
        for message in super()._generate_record_messages(record):
            written += 1
            yield message
        if written < len(self.stream_maps):
            self.mark_incomplete("a stream map left rows out")
