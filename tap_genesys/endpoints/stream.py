"""The stream that all kinds are built on: requests, prefetch, and the pipeline of its records."""

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
from tap_genesys.output.console import is_worth_a_line
from tap_genesys.output.writer import SingerWriter, is_unchanged
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


#: Records a page that every endpoint is believed to allow.
USUAL_PAGE_SIZE = 100


class GenesysStream(RESTStream[Any], ABC):
    """A stream of Genesys Cloud's Platform API.

    A page's records pass one pipeline: `extract` takes them out of the response, `keeps` leaves out
    what is not wanted, personal data is redacted, and `own_columns` are added.

    The SDK's private names that are touched are listed in docs/design.md, each with its reason.
    """

    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))
    #: The SDK's conforming drops fields that the schema does not know, and takes half of the time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    #: Rows that the endpoint can page through, where it has a limit.
    ceiling: ClassVar[int | None] = None
    #: Whether a request is for a window, which can be split if it times out.
    is_windowed: ClassVar[bool] = False
    #: The action for 404: whether an org, or a parent, may not have the endpoint at all.
    when_missing: ClassVar[ResponseAction] = ResponseAction.STOP

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        self.logger.addFilter(is_worth_a_line)
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
        # The client has its own tries; the SDK's function, which makes one, is not needed.
        return self._send

    @override
    def get_http_request_counter(self) -> RequestCounter:
        return self.counters.requests

    @override
    def get_record_counter(self, **_options: Any) -> RecordCounter:
        return self.counters.rows()

    @cached_property
    def counters(self) -> StreamCounters:
        """The counters of its rows and requests."""
        return StreamCounters(self.run, self.name, self.path)

    @property
    def counts(self) -> StreamProgress:
        """The numbers that are logged and reported."""
        return self.counters.progress

    def _send(
        self, request: requests.PreparedRequest, context: Context | None
    ) -> requests.Response:
        return self._loop.response_to(request, self.upcoming(context), self._may_split)

    def _may_split(self, error: TimedOut) -> bool:
        if not (self.can_be_split() and self.client.time_outs.may_split()):
            return False
        self.logger.warning("%s: %s Cut in two.", self.label, error)
        return True

    def can_be_split(self) -> bool:
        """Return whether the window that is being read may be split, since it times out."""
        return False

    # -- prefetch

    @cached_property
    def max_parallel(self) -> int:
        """How many requests may be under way at once."""
        return int(self.config["max_parallel_requests"])

    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:  # noqa: ARG002 - some know it
        """Yield the requests that follow the present one, as far as they are known."""
        return iter(())

    def request_for(self, planned: PlannedRequest) -> HTTPRequest:
        """Return the request that was planned."""
        raise NotImplementedError

    def label_of(self, planned: PlannedRequest) -> str:  # noqa: ARG002 - windows differ
        """Name the stream, and the part of it that is requested, for a message."""
        return self.name

    def forget_planned(self) -> None:
        """Drop the requests that were prefetched."""
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

    # -- a request beside the pages

    @property
    def label(self) -> str:
        """The stream, and the part of it that is being read, for a message."""
        return self.name

    @property
    def responds_with_array(self) -> bool:
        """Whether a response is an array of records."""
        return False

    @property
    def response_shape(self) -> Shape:
        """The shape that a response needs."""
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
        """Send one request beside the stream's own pages; return its response.

        Args:
            method: The HTTP method.
            path: The path, with its slash.
            params: The query.
            data: The body, which is sent as JSON.
            overrides: Returns the action for a response where it differs from the stream's.
            shape: The shape that the response needs, where it differs from that of the pages.
        """
        note = self._note(self.label, is_split=False)
        if shape is not None:
            note.shape = shape
        if overrides is not None:
            note.overrides = either(overrides, self.action_for)
        return self.client.call(method, path, note, params=params, data=data)

    def wait(self, seconds: float) -> None:
        """Wait for something that the vendor is not ready with."""
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
        """Yield the rows of records that are wanted, redacted, with our own columns."""
        usable = self.holes.usable(extracted, self.record_keys)
        return self.pipeline.rows(usable, self.keeps, self.own_columns())

    def extract(self, response: requests.Response) -> list[Any]:
        """Return a response's records as the vendor has them; one may be no object."""
        return records(response)

    @cached_property
    def holes(self) -> Holes:
        """The pages and records that could not be read."""
        return Holes(self.run, self.counts, self.logger)

    @cached_property
    def record_keys(self) -> Sequence[str]:
        """The fields that each record needs, since they identify its row."""
        return list(self.primary_keys)

    def keeps(self, record: Record) -> bool:  # noqa: ARG002 - most keep all
        """Return whether a record, as the vendor has it, is wanted."""
        return True

    def own_columns(self) -> Record:
        """Return our own columns of the response that is being read."""
        return {"_readAt": iso(self.read_at())}

    def read_at(self) -> datetime:
        """Return the moment that `_readAt` holds for the response that is being read."""
        return self.run.now()

    @cached_property
    def pipeline(self) -> RecordPipeline:
        """The pipeline of the stream's records."""
        return self.run.pipeline(self.schema["properties"])

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns whose values a made-up key (`_id`) contains; they can only be hashed."""
        return ()

    def redacted(self, values: Mapping[str, Any]) -> Record:
        """Return values as the rules about personal data leave them, for a key made of them."""
        copied = dict(values)
        if self.run.privacy:
            self.run.privacy.apply(copied)
        return copied

    # -- messages

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """Never before the records: a listing that breaks off would empty a table."""
        return False

    @override
    def _write_record_message(self, record: Record) -> None:
        if self._is_unchanged:
            writer = cast("SingerWriter", self._tap.message_writer)
            writer.write_record(self.name, record, self._stream_version)
            self.state_manager.is_flushed = False
        else:
            super()._write_record_message(record)

    @cached_property
    def _is_unchanged(self) -> bool:
        """Whether records are written as they are, without the SDK's layers between."""
        return isinstance(self._tap.message_writer, SingerWriter) and is_unchanged(self)

    # -- numbered pages, and whether they are whole

    @cached_property
    def page_size(self) -> int:
        """How many records a page is requested to hold."""
        wanted = int(self.config.get("page_size") or self.usual_page_size)
        if wanted > self.max_page_size:
            self.logger.info(
                "page_size %d is lowered to %d, the most that %s allows.",
                wanted,
                self.max_page_size,
                self.path,
            )
        return min(wanted, self.max_page_size)

    @property
    def max_page_size(self) -> int:
        """How many records a page the endpoint allows, as far as known."""
        return USUAL_PAGE_SIZE

    @property
    def usual_page_size(self) -> int:
        """How many that is where `page_size` is not set; never more than the endpoint allows."""
        return USUAL_PAGE_SIZE

    @property
    def identity(self) -> str:
        """The field that tells a response's records apart."""
        return self.primary_keys[-1]

    def counted_paginator(self) -> CountedPaginator:
        """Return a paginator of numbered pages, whose counts are judged by `is_whole`."""
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
        """Wait for a page that is empty although more is promised."""
        seconds = float(self.config["empty_page_wait_seconds"])
        # Pages after an empty one may have been requested before they were there as well.
        self.forget_planned()
        self.logger.info(
            "%s: page %d is empty although more is promised (%s); asking again in %g s.",
            self.label,
            self.paginator.current_value.number,
            self.paginator.promised,
            seconds,
        )
        self.wait(seconds)

    def is_whole(self) -> bool:
        """Log the holes of the pages and of their records; return whether they count as whole."""
        missing = self.holes.missing_pages(self.paginator, self.label, self.comes_again)
        return self.holes.are_accepted(self.label, missing)

    def comes_again(self) -> bool:
        """Return whether a later run reads again what was just read."""
        return False
