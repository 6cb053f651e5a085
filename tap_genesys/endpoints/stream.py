"""The base of all kinds of stream: requests, prefetch, and the record pipeline."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk import RESTStream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.schema.source import SchemaDirectory
from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.api.pagination import CountedPaginator, NumberedPaginator
from tap_genesys.api.request_note import RequestNote
from tap_genesys.api.response import RECORD_KEYS, Record, records
from tap_genesys.api.shape import LIST
from tap_genesys.api.status import ResponseAction, either
from tap_genesys.endpoints.holes import Holes
from tap_genesys.endpoints.metrics import RecordCounter, StreamCounters, run_of
from tap_genesys.endpoints.request_loop import RequestLoop
from tap_genesys.errors import SkipStream, TimedOut
from tap_genesys.output.console import drop_idle_lines
from tap_genesys.output.writer import SingerWriter, deselected_columns
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import requests
    from singer_sdk.helpers.types import Context, RequestFunc
    from singer_sdk.streams.rest import HTTPRequest
    from singer_sdk.tap_base import Tap

    from tap_genesys.api.client import GenesysClient
    from tap_genesys.api.shape import Shape
    from tap_genesys.api.status import Overrides
    from tap_genesys.endpoints.metrics import RequestCounter
    from tap_genesys.endpoints.request_loop import PlannedRequest
    from tap_genesys.output.progress import StreamProgress
    from tap_genesys.records.pipeline import RecordPipeline
    from tap_genesys.run import Run


#: Records per page that every endpoint is assumed to allow.
USUAL_PAGE_SIZE = 100


class GenesysStream(RESTStream[Any], ABC):
    """A stream of Genesys Cloud's Platform API.

    A page's records pass one pipeline: `extract` takes them out of the response, `keeps` filters
    them, the `pii` rules redact them, and `own_columns` are added.

    docs/design.md lists the private names of the SDK that are used, each with its reason.
    """

    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))
    #: The SDK's type conforming drops fields that the schema lacks, and takes half of the CPU time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    #: The maximum number of rows that the endpoint pages through; None without a limit.
    ceiling: ClassVar[int | None] = None
    #: Whether requests are for windows, which can be split after time-outs.
    is_windowed: ClassVar[bool] = False
    #: The action for 404, which an org or a parent without the feature returns.
    when_missing: ClassVar[ResponseAction] = ResponseAction.STOP

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        drop_idle_lines(self.logger)
        self.paginator: NumberedPaginator

    @abstractmethod
    def read(self, context: Context | None) -> Iterator[Record]:
        """Yield the stream's records."""

    # -- the SDK's request loop, with our client

    @property
    def run(self) -> Run:
        """The parts that all streams of this run share."""
        return run_of(self._tap)

    @property
    def client(self) -> GenesysClient:
        """The client of the run."""
        return self.run.client

    @property
    @override
    def url_base(self) -> str:
        return self.client.base_url

    @override
    def build_prepared_request(
        self, *, method: str, url: str, params: Any = None, json: Any = None, **_options: Any
    ) -> requests.PreparedRequest:
        note = self._note(self.label)
        return self.client.prepare(method, url, note, params=params, data=json)

    @override
    def request_decorator(self, func: RequestFunc) -> RequestFunc:
        # The client retries by itself; the SDK's function, which sends once, is not needed.
        return self._send

    @override
    def get_http_request_counter(self) -> RequestCounter:
        return self.counters.requests

    @override
    def get_record_counter(self, **_options: Any) -> RecordCounter:
        return self.counters.rows()

    @cached_property
    def counters(self) -> StreamCounters:
        """The counters of the stream's rows and requests."""
        return StreamCounters(self.run, self.name, self.path)

    @property
    def counts(self) -> StreamProgress:
        """The counts that are logged and reported."""
        return self.counters.progress

    def _send(
        self, request: requests.PreparedRequest, context: Context | None
    ) -> requests.Response:
        return self._loop.response_to(request, self.upcoming(context), self._may_split)

    def _may_split(self, error: TimedOut) -> bool:
        if not (self.can_be_split() and self.client.time_outs.may_split()):
            return False
        self.logger.warning("%s: %s The window is split in two.", self.label, error)
        return True

    def can_be_split(self) -> bool:
        """Return whether the present window may be split after time-outs."""
        return False

    # -- prefetch

    @cached_property
    def max_parallel(self) -> int:
        """Requests in flight, at most."""
        return int(self.config["max_parallel_requests"])

    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:  # noqa: ARG002 - some know it
        """Yield the requests after the present one, as far as they are known, for prefetch."""
        return iter(())

    def request_for(self, planned: PlannedRequest) -> HTTPRequest:
        """Return the request of a plan."""
        raise NotImplementedError

    def label_of(self, planned: PlannedRequest) -> str:  # noqa: ARG002 - windows differ
        """Return the name of the stream and of the planned part, for a message."""
        return self.name

    def forget_planned(self) -> None:
        """Drop all prefetched responses."""
        self._loop.forget()

    def _prepare(self, planned: PlannedRequest) -> requests.PreparedRequest:
        template = self.request_for(planned)
        return self.client.prepare(
            template.method,
            template.url,
            self._note(self.label_of(planned)),
            params=template.encode_params(),
            data=template.data,
        )

    @cached_property
    def _loop(self) -> RequestLoop:
        return RequestLoop(self.client, self.run.interruption, self.max_parallel, self._prepare)

    # -- requests other than pages

    @property
    def label(self) -> str:
        """The name of the stream and of the present part, for a message."""
        return self.name

    @property
    def responds_with_array(self) -> bool:
        """Whether a response is an array of records."""
        return False

    @property
    def response_shape(self) -> Shape:
        """The shape that a response must have."""
        return dict.fromkeys(RECORD_KEYS, LIST)

    def action_for(self, response: requests.Response) -> ResponseAction | None:
        """Return the action for a response where it differs from the table's; None elsewhere."""
        return self.when_missing if response.status_code == HTTPStatus.NOT_FOUND else None

    def call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        overrides: Overrides | None = None,
        shape: Shape | None = None,
    ) -> requests.Response:
        """Send a request that is no page of the stream; return its response.

        Args:
            method: The HTTP method.
            path: The path, with a leading slash.
            params: The query.
            data: The body, sent as JSON.
            overrides: Returns the action for a response where it differs from the stream's.
            shape: The shape that the response must have, where it differs from that of the pages.
        """
        note = self._note(self.label, is_split=False)
        if shape is not None:
            note.shape = shape
        if overrides is not None:
            note.overrides = either(overrides, self.action_for)
        return self.client.call(method, path, note, params=params, data=data)

    def wait(self, seconds: float) -> None:
        """Wait for the vendor, and count the seconds as waiting."""
        self.run.clock.wait(seconds)
        self.run.progress.count_wait(self.name, seconds)

    def _note(self, label: str, *, is_split: bool = True) -> RequestNote:
        return RequestNote(
            stream=self.name,
            label=label,
            overrides=self.action_for,
            may_be_array=self.responds_with_array,
            shape=self.response_shape,
            is_split=is_split and self.is_windowed,
            lane=self.counts.lane,
        )

    # -- the pipeline of records

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        try:
            for record in self.read(context):
                self.run.interruption.check()
                yield record
        except SkipStream as reason:
            self.run.skipped[self.name] = str(reason)
            self.logger.warning("Skipped: %s", reason)

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        if self.ceiling is not None:
            self.paginator.check_ceiling(response)
        yield from self.page_rows(response)

    def page_rows(self, response: requests.Response) -> Iterator[Record]:
        """Yield the rows of a page."""
        return self.rows_of(self.extract(response))

    def rows_of(self, extracted: Iterable[Any]) -> Iterator[Record]:
        """Yield the rows of records: filtered, redacted, with the tap's own columns."""
        usable = self.holes.usable(extracted, self.record_keys)
        return self.pipeline.rows(usable, self.keeps, self.own_columns())

    def extract(self, response: requests.Response) -> list[Any]:
        """Return a response's records as the vendor sends them; one may be no object."""
        return records(response)

    @cached_property
    def holes(self) -> Holes:
        """The pages and records of the stream that could not be read."""
        return Holes(self.run, self.counts, self.logger)

    @cached_property
    def record_keys(self) -> Sequence[str]:
        """The fields that each record must have, since they are its key."""
        return list(self.primary_keys)

    def keeps(self, record: Record) -> bool:  # noqa: ARG002 - most keep all
        """Return whether a record, before redaction, becomes a row."""
        return True

    def own_columns(self) -> Record:
        """Return the tap's own columns for the present response."""
        return {"_readAt": iso(self.read_at())}

    def read_at(self) -> datetime:
        """Return the value of `_readAt` for the present response."""
        return self.run.now()

    @cached_property
    def pipeline(self) -> RecordPipeline:
        """The pipeline of the stream's records."""
        return self.run.pipeline(self.schema["properties"])

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that a derived key (`_id`) contains: `pii` rules can only hash them."""
        return ()

    def redacted(self, values: Mapping[str, Any]) -> Record:
        """Return redacted values, for a key that contains them."""
        copied = dict(values)
        if self.run.privacy:
            self.run.privacy.apply(copied)
        return copied

    # -- messages

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """False: the SDK would emit it before the records, and a failing listing empty a table."""
        return False

    @override
    def _write_record_message(self, record: Record) -> None:
        if (deselected := self._deselected_columns) is None:
            super()._write_record_message(record)
        else:
            writer = cast("SingerWriter", self._tap.message_writer)
            writer.write_record(self.name, record, self._stream_version, deselected)
            self.state_manager.is_flushed = False

    @cached_property
    def _deselected_columns(self) -> frozenset[str] | None:
        """The columns that records lose; None if records have to go through the SDK."""
        writer = self._tap.message_writer
        return deselected_columns(self) if isinstance(writer, SingerWriter) else None

    # -- numbered pages, and their completeness

    @cached_property
    def page_size(self) -> int:
        """Records per page, as requested."""
        wanted = int(self.config.get("page_size") or self.usual_page_size)
        if wanted > self.max_page_size:
            self.logger.info(
                "page_size %d is lowered to %d, the maximum of %s.",
                wanted,
                self.max_page_size,
                self.path,
            )
        return min(wanted, self.max_page_size)

    @property
    def max_page_size(self) -> int:
        """Records per page that the endpoint allows, as far as known."""
        return USUAL_PAGE_SIZE

    @property
    def usual_page_size(self) -> int:
        """Records per page where `page_size` is not set; never more than the endpoint allows."""
        return USUAL_PAGE_SIZE

    @property
    def identity(self) -> str:
        """The field that identifies a record in a response."""
        return self.primary_keys[-1]

    def counted_paginator(self) -> CountedPaginator:
        """Return a paginator of numbered pages; `is_whole` checks its counts afterwards."""
        self.paginator = CountedPaginator(
            page_size=self.page_size,
            where=self.label,
            identity=self.identity,
            empty_tries=int(self.config["empty_page_max_tries"]),
            wait=self.wait_for_page,
            ceiling=self.ceiling,
        )
        return self.paginator

    def wait_for_page(self) -> None:
        """Wait before the retry of a page that is empty although more is promised."""
        seconds = float(self.config["empty_page_wait_seconds"])
        # Pages after the empty one may have been requested too early as well.
        self.forget_planned()
        self.logger.info(
            "%s: page %d is empty although more is promised (%s); requesting it again in %g s.",
            self.label,
            self.paginator.current_value.number,
            self.paginator.promised,
            seconds,
        )
        self.wait(seconds)

    def is_whole(self) -> bool:
        """Log missing pages and unusable records; return whether the part counts as complete."""
        missing = self.holes.missing_pages(self.paginator, self.label, self.comes_again)
        return self.holes.are_accepted(self.label, missing)

    def comes_again(self) -> bool:
        """Return whether a later run reads the present part again."""
        return False
