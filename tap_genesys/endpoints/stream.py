"""The stream that all kinds are built on: requests, prefetch, and the pipeline of its records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from singer_sdk import RESTStream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.schema.source import SchemaDirectory
from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.api.pagination import CountedPaginator
from tap_genesys.api.prefetch import Prefetcher
from tap_genesys.api.request_note import RequestNote, annotate
from tap_genesys.api.response import Record, records
from tap_genesys.api.status import ResponseAction, accepting, either
from tap_genesys.endpoints.metrics import CountedStream
from tap_genesys.errors import SkipStream, TimedOut
from tap_genesys.output.writer import SingerWriter, is_unchanged
from tap_genesys.records.pipeline import RecordPipeline
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    import requests
    from requests.auth import AuthBase
    from singer_sdk.helpers.types import Context, RequestFunc
    from singer_sdk.streams.rest import HTTPRequest
    from singer_sdk.tap_base import Tap

    from tap_genesys.api.client import GenesysClient
    from tap_genesys.api.entries import EntryPaginator
    from tap_genesys.api.status import Overrides
    from tap_genesys.endpoints.metrics import RequestCounter


#: Records a page that every endpoint is believed to allow.
USUAL_PAGE_SIZE = 100
#: A request that follows the present one: a part of the stream (a window, a partition's items), and
#: the token of a page of it.
PlannedRequest: TypeAlias = tuple[Any, Any]
_RequestKey: TypeAlias = tuple[str | None, bytes | str | None]


class GenesysStream(CountedStream, RESTStream[Any], ABC):
    """A stream of Genesys Cloud's Platform API.

    A page's records pass one pipeline: `extract` takes them out of the response, `keeps` leaves out
    what is not wanted, personal data is redacted, and `own_columns` are added.

    The SDK's private names that are touched, all of them for a reason, are listed in
    docs/design.md.
    """

    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))
    #: The SDK's conforming drops fields that the schema does not know, and takes half of the time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    payload_as_json = True

    #: Rows that the endpoint can page through, where it has a limit.
    ceiling: ClassVar[int | None] = None
    #: Whether a request is for a window, which can be split if it times out.
    is_windowed: ClassVar[bool] = False
    #: The action for 404: whether an org, or a parent, may not have the endpoint at all.
    when_missing: ClassVar[ResponseAction] = ResponseAction.STOP

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        self.logger.addFilter(_is_worth_a_line)
        self.paginator: CountedPaginator | EntryPaginator
        self._planned: dict[PlannedRequest, requests.PreparedRequest] = {}

    @abstractmethod
    def read(self, context: Context | None) -> Iterator[Record]:
        """Yield the stream's records."""

    # -- the SDK's request loop, with our client

    @property
    def client(self) -> GenesysClient:
        """The client of the run."""
        return self.run.client

    @property
    @override
    def url_base(self) -> str:
        return self.client.base_url

    @property
    @override
    def timeout(self) -> int:
        return cast("int", self.client.timeout)

    @property
    @override
    def requests_session(self) -> requests.Session:
        return self.client.session

    @property
    @override
    def authenticator(self) -> AuthBase:
        return self.client.authenticator

    @cached_property
    @override
    def user_agent(self) -> str:
        return str(self.client.session.headers["User-Agent"])

    @override
    def build_prepared_request(self, *args: Any, **kwargs: Any) -> requests.PreparedRequest:
        request = super().build_prepared_request(*args, **kwargs)
        return annotate(request, self._note(self.label))

    @override
    def request_decorator(self, func: RequestFunc) -> RequestFunc:
        # The client has its own tries; the SDK's function, which makes one, is not needed.
        return self._send

    @override
    def get_http_request_counter(self) -> RequestCounter:
        return self.request_counter

    def _send(
        self, request: requests.PreparedRequest, context: Context | None
    ) -> requests.Response:
        """Return the response to a request, which may have been prefetched."""
        send = partial(self.client.send, request)
        try:
            response = self._prefetcher.answer(_key(request), send, self._following(context))
        except TimedOut as error:
            # Decided here, where its response is wanted, and not where it was prefetched.
            if self.can_be_split() and self.client.time_outs.may_split():
                self.logger.warning("%s: %s Cut in two.", self.label, error)
                raise
            again = annotate(request, self._note(self.label, is_split=False))
            response = self.client.send(again, after=error)
            self.client.time_outs.note(again, has_failed=True)
        else:
            self.client.time_outs.note(response.request)
        return response

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
        """Drop the requests that were prefetched, and those that were prepared for that."""
        self._prefetcher.forget()
        self._planned = {}

    def _following(
        self, context: Context | None
    ) -> Iterator[tuple[_RequestKey, Callable[[], requests.Response]]]:
        """Yield the requests that follow, each prepared once."""
        prepared, self._planned = self._planned, {}
        for planned in self.upcoming(context):
            request = prepared.get(planned)
            if request is None:
                template = self.request_for(planned)
                request = super().build_prepared_request(
                    method=template.method,
                    url=template.url,
                    params=template.encode_params(),
                    json=template.data,
                )
                annotate(request, self._note(self.label_of(planned)))
            self._planned[planned] = request
            yield _key(request), partial(self.client.send, request)

    @cached_property
    def _prefetcher(self) -> Prefetcher[_RequestKey, requests.Response]:
        return Prefetcher(self.max_parallel, self.run.interruption)

    # -- a request beside the pages

    @property
    def label(self) -> str:
        """The stream, and the part of it that is being read, for a message."""
        return self.name

    @property
    def responds_with_array(self) -> bool:
        """Whether a response is an array of records."""
        return False

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
        accept: Collection[int] = (),
        overrides: Overrides | None = None,
    ) -> requests.Response:
        """Send one request beside the stream's own pages; return its response.

        Args:
            method: The HTTP method.
            path: The path, with its slash.
            params: The query.
            data: The body, which is sent as JSON.
            accept: Statuses whose responses the caller judges.
            overrides: Returns the action for a response where it differs from the stream's.
        """
        note = self._note(self.label, is_split=False)
        note.overrides = either(overrides or accepting(accept), self.action_for)
        return self.client.call(method, path, note, params=params, data=data)

    def wait(self, seconds: float) -> None:
        """Wait for something that the vendor is not ready with."""
        self.run.clock.wait(seconds)
        self.run.progress.waited(self.name, seconds)

    def _note(self, label: str, *, is_split: bool = True) -> RequestNote:
        return RequestNote(
            stream=self.name,
            label=label,
            overrides=self.action_for,
            may_be_array=self.responds_with_array,
            follows_redirects=self.allow_redirects,
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

    def rows_of(self, extracted: Iterable[Record]) -> Iterator[Record]:
        """Yield the rows of records that are wanted, redacted, with our own columns."""
        return self.pipeline.rows(extracted, self.keeps, self.own_columns())

    def extract(self, response: requests.Response) -> list[Record]:
        """Return a response's records as the vendor has them."""
        return records(response)

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
        privacy = self.run.privacy
        return RecordPipeline(self.schema["properties"], privacy.apply if privacy else None)

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

    def before_state(self) -> None:
        """Write all that a STATE is about to promise."""

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
        wait_seconds = float(self.config["empty_page_wait_seconds"])
        self.paginator = CountedPaginator(
            page_size=self.page_size,
            where=self.label,
            identity=self.identity,
            empty_tries=int(self.config["empty_page_max_tries"]),
            wait=lambda: self.wait_for_page(wait_seconds),
            ceiling=self.ceiling,
        )
        return self.paginator

    def wait_for_page(self, seconds: float) -> None:
        """Wait for a page that is empty although more is promised."""
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
        """Log what was wrong with the pages, if anything; return whether they count as whole."""
        completeness = self.paginator.completeness
        if completeness.stale_count:
            self.logger.info(
                "%s: the count was stale (%s promised); all %d rows that exist have come.",
                self.label,
                self.paginator.promised,
                completeness.received,
            )
        self.counts.short += completeness.was_short
        accepted = self.config["incomplete_windows"] == "accept"
        missing = [str(hole) for hole in completeness.holes]
        if completeness.fewer:
            fewer = f"expected {completeness.owed:,} rows, received {completeness.distinct:,}"
            if self.comes_again():
                self.logger.info("%s: %s; a later run reads them again.", self.label, fewer)
            elif completeness.lacks_a_page:
                missing = [fewer]
            else:
                self.logger.warning(
                    "%s: %s: taken for all, since totalHits is approximate.", self.label, fewer
                )
        for what in missing:
            line = f"{self.label}: {what}."
            if accepted:
                self.logger.warning("%s Accepted (incomplete_windows).", line)
            else:
                self.logger.warning("%s The bookmark, if there is one, stays before it.", line)
                self.run.incomplete.append(line)
                self.counts.holes += 1
        return accepted or not missing

    def comes_again(self) -> bool:
        """Return whether a later run reads again what was just read."""
        return False


def _key(request: requests.PreparedRequest) -> _RequestKey:
    """Return what tells a request from another one of the same stream."""
    return request.url, request.body


def _is_worth_a_line(entry: logging.LogRecord) -> bool:
    """Drop the SDK's line that precedes each error: the error's own line says more."""
    return not str(entry.msg).startswith("An unhandled error occurred while syncing")
