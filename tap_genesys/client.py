"""One request: its URL, its headers, and what is done about its answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, cast

from singer_sdk import RESTStream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.schema.source import SchemaDirectory
from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.ahead import ReadAhead
from tap_genesys.answers import Record, asked, body, records, refusal, sent
from tap_genesys.errors import SkipStream, StopRun, TryAgain, Unauthorized
from tap_genesys.pagination import CountedPaginator, Page
from tap_genesys.verdicts import Verdict, verdict
from tap_genesys.windows import iso

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    import requests
    from requests.auth import AuthBase
    from singer_sdk.helpers.types import Context, RequestFunc
    from singer_sdk.pagination import BaseAPIPaginator
    from singer_sdk.streams.rest import HTTPRequest
    from singer_sdk.tap_base import Tap

    from tap_genesys.run import Run
    from tap_genesys.windows import Window

_MOMENT_SECONDS = 1.5
#: What is noted on a request: the statuses that its caller judges, and what part it asks for.
_ACCEPTED, _WHERE = "_tap_genesys_accepted", "_tap_genesys_where"


#: What will be asked: a part of a stream (a window, a partition's items), and the page of it.
Coming: TypeAlias = tuple[Any, Page | None]
_Question: TypeAlias = tuple[str | None, bytes | str | None]


class HasRun(Protocol):
    """A tap that has what its streams share."""

    run: Run


class GenesysStream(RESTStream[Page], ABC):
    """A stream of Genesys Cloud's Platform API.

    The SDK's private names that are touched, all of them for a reason, are listed in
    docs/design.md: here `_LOG_REQUEST_METRICS` (a line for each request is noise).
    """

    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))
    payload_as_json = True
    #: The SDK's conforming drops fields that the schema does not know, and takes half of the time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    _LOG_REQUEST_METRICS = False

    #: Records a page that the endpoint allows, as far as known; else 100.
    max_page_size: ClassVar[int] = 100
    #: Rows that the endpoint can page through, where it has a limit.
    ceiling: ClassVar[int | None] = None
    #: Whether an answer is an array of records.
    answers_with_array: ClassVar[bool] = False
    #: Whether an org may not have the endpoint at all.
    may_be_missing: ClassVar[bool] = False

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        self.logger.addFilter(_is_not_said_twice)
        self.paginator: CountedPaginator
        self._coming: dict[Coming, requests.PreparedRequest] = {}

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """Never before the records: a listing that breaks off would empty a table."""
        return False

    @property
    def run(self) -> Run:
        """What all streams of this run share."""
        return cast("HasRun", self._tap).run

    @property
    @override
    def url_base(self) -> str:
        return self.run.hosts.api

    @property
    @override
    def timeout(self) -> int:
        return cast("int", self.run.timeout)

    @property
    @override
    def requests_session(self) -> requests.Session:
        return self.run.session

    @property
    @override
    def authenticator(self) -> AuthBase:
        return self.run.authenticator

    @cached_property
    @override
    def user_agent(self) -> str:
        return str(self.run.session.headers["User-Agent"])

    @cached_property
    def room(self) -> int:
        """How many requests may be under way at once."""
        return int(self.config["max_parallel_requests"])

    @cached_property
    def page_size(self) -> int:
        """How many records a page is asked to hold."""
        wanted = int(self.config["page_size"])
        if wanted > self.max_page_size:
            self.logger.info(
                "page_size %d is lowered to %d, the most that %s allows.",
                wanted,
                self.max_page_size,
                self.path,
            )
        return min(wanted, self.max_page_size)

    @property
    def where(self) -> str:
        """The stream, and what part of it is being read, for a message."""
        return self.name

    def where_of(self, response: requests.Response) -> str:
        """Say the same of an answer, which may have been asked for ahead."""
        return getattr(response.request, _WHERE, "") or self.where

    @staticmethod
    def is_accepted(response: requests.Response) -> bool:
        """Whether the caller of `call` judges the answer itself."""
        return response.status_code in getattr(response.request, _ACCEPTED, ())

    def upcoming(self, context: Context | None) -> Iterator[Coming]:  # noqa: ARG002 - some know it
        """Yield what will be asked after the present request, as far as it is known."""
        return iter(())

    def request_for(self, coming: Coming) -> HTTPRequest:
        """Return the request for something that is coming."""
        raise NotImplementedError

    def where_in(self, coming: Coming) -> str:  # noqa: ARG002 - windows differ
        """Name the stream, and what part of it is coming, for a message."""
        return self.name

    @property
    def identity(self) -> str:
        """The field that tells an answer's records apart."""
        return self.primary_keys[-1]

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        wait_seconds = float(self.config["empty_page_wait_seconds"])
        self.paginator = CountedPaginator(
            page_size=self.page_size,
            where=self.where,
            identity=self.identity,
            empty_tries=int(self.config["empty_page_max_tries"]),
            wait=lambda: self._wait_for_page(wait_seconds),
            ceiling=self.ceiling,
        )
        return self.paginator

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        try:
            for record in self.read(context):
                self.run.interruption.check()
                yield record
        except SkipStream as reason:
            self.run.skipped[self.name] = str(reason)
            self.logger.warning("Skipped: %s", reason)

    @abstractmethod
    def read(self, context: Context | None) -> Iterator[Record]:
        """Yield the stream's records."""

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        if self.ceiling is not None:
            self.paginator.check_ceiling(response)
        yield from self.rows_of(response)

    def rows_of(self, response: requests.Response) -> Iterator[Record]:
        """Yield an answer's records with our own columns."""
        return self.with_own_columns(self.records_of(response))

    def with_own_columns(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield records without what is personal, and with our own columns."""
        read_at = iso(self.read_at())
        known = self._known_fields
        privacy = self.run.privacy
        for record in records:
            if privacy:
                privacy.apply(record)
            extra = {name: value for name, value in record.items() if name not in known}
            record["_extra"] = extra or None
            record["_readAt"] = read_at
            yield record

    def records_of(self, response: requests.Response) -> list[Record]:
        """Return an answer's records as the vendor has them."""
        return records(response)

    @property
    def keyed_by(self) -> tuple[str, ...]:
        """The columns whose values a made-up key (`_id`) contains; they can only be hashed."""
        return ()

    def shown(self, values: Mapping[str, Any]) -> Record:
        """Return values as the rules about personal data have them, for a key made of them."""
        copied = dict(values)
        if self.run.privacy:
            self.run.privacy.apply(copied)
        return copied

    def is_whole(self) -> bool:
        """Say what was wrong with the pages, if anything; return whether they count as whole."""
        if self.paginator.stale_count:
            self.logger.info(
                "%s: the count was stale (%s promised); all %d rows that exist have come.",
                self.where,
                self.paginator.promised,
                self.paginator.received,
            )
        accepted = self.config["incomplete_windows"] == "accept"
        missing = [str(hole) for hole in self.paginator.holes]
        if self.paginator.fewer and not missing:
            missing = [self.fewer_rows()]
        missing = [what for what in missing if what]
        for what in missing:
            line = f"{self.where}: {what}."
            if accepted:
                self.logger.warning("%s Accepted (incomplete_windows).", line)
            else:
                self.logger.warning("%s The bookmark, if there is one, stays before it.", line)
                self.run.incomplete.append(line)
        return accepted or not missing

    def fewer_rows(self) -> str:
        """Say that fewer rows came than were promised; nothing where that is no harm."""
        return f"expected {self.paginator.promised}, received {self.paginator.distinct:,}"

    def read_at(self) -> datetime:
        """Return what `_readAt` says of the answer that is being read."""
        return self.run.now()

    @override
    def request_decorator(self, func: RequestFunc) -> RequestFunc:
        tried = self._tried(func)

        def call(request: requests.PreparedRequest, context: Context | None) -> requests.Response:
            ask = partial(tried, request, context)
            return self._ahead.answer(_question(request), ask, self._following(context, tried))

        return call

    def _following(
        self, context: Context | None, ask: RequestFunc
    ) -> Iterator[tuple[_Question, Callable[[], requests.Response]]]:
        """Yield what will be asked next, each prepared once."""
        prepared, self._coming = self._coming, {}
        for coming in self.upcoming(context):
            request = prepared.get(coming)
            if request is None:
                asked_for = self.request_for(coming)
                request = self.build_prepared_request(
                    method=asked_for.method,
                    url=asked_for.url,
                    params=asked_for.encode_params(),
                    json=asked_for.data,
                )
                setattr(request, _WHERE, self.where_in(coming))
            self._coming[coming] = request
            yield _question(request), partial(ask, request, context)

    def _tried(self, func: RequestFunc) -> RequestFunc:
        """Return what asks with a token that is valid, and again where that may help."""

        def call(request: requests.PreparedRequest, context: Context | None) -> requests.Response:
            try:
                return func(request, context)
            except Unauthorized:
                self.run.authenticator.renew(request)
            try:
                return func(request, context)
            except Unauthorized as error:
                msg = f"The credentials are refused, with a new token too: {error}"
                raise StopRun(msg) from error

        return self.run.retry(call)

    @override
    def validate_response(self, response: requests.Response) -> None:
        if self.is_accepted(response):
            return
        decision = verdict(response.status_code)
        if self.may_be_missing and response.status_code == HTTPStatus.NOT_FOUND:
            decision = Verdict.SKIP
        if response.status_code == HTTPStatus.NO_CONTENT:
            return
        if decision is Verdict.READ:
            try:
                body(response, may_be_array=self.answers_with_array)
            except ValueError as error:
                msg = f"{asked(response)} answered 200 with no JSON object ({error})"
                raise TryAgain(self.run.authenticator.conceal(msg), response) from error
            return
        msg = self.response_error_message(response)
        if decision is Verdict.RETRY:
            raise TryAgain(msg, response)
        if decision is Verdict.RENEW:
            raise Unauthorized(msg)
        if decision is Verdict.SKIP:
            raise SkipStream(msg)
        sent_text = self.run.authenticator.conceal(sent(response))
        msg = f"{self.where_of(response)}: {msg} Sent: {sent_text}"
        raise StopRun(msg)

    @override
    def response_error_message(self, response: requests.Response) -> str:
        return self.run.authenticator.conceal(refusal(response))

    def also_asks(self, window: Window) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ARG002
        """Yield what else the stream posts to read a window: path and body."""
        return iter(())

    def before_state(self) -> None:
        """Write what a STATE is about to promise and is not out yet."""

    def call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        accepted: frozenset[int] = frozenset(),
        once: bool = False,
    ) -> requests.Response:
        """Send one request beside the stream's own pages, with the same token, pace and retries.

        Args:
            method: The HTTP method.
            path: The path, with its slash.
            params: The query.
            data: What becomes the body, as JSON.
            accepted: Statuses that are not judged.
            once: Try once and for a moment only.
        """
        request = self.build_prepared_request(
            method=method, url=f"{self.url_base}{path}", params=params, json=data
        )
        setattr(request, _ACCEPTED, accepted)
        if once:
            return self.run.session.send(request, timeout=_MOMENT_SECONDS)
        return self._tried(self._request)(request, None)

    @cached_property
    def _ahead(self) -> ReadAhead[_Question, requests.Response]:
        return ReadAhead(self.room, self.run.interruption)

    def _wait_for_page(self, seconds: float) -> None:
        # Pages after an empty one may have been asked for before they were there as well.
        self._ahead.forget()
        self.logger.info(
            "%s: page %d is empty although more is promised (%s); asking again in %g s.",
            self.where,
            self.paginator.current_value.number,
            self.paginator.promised,
            seconds,
        )
        self.run.interruption.wait(seconds)

    @cached_property
    def _known_fields(self) -> frozenset[str]:
        properties: dict[str, Any] = self.schema["properties"]
        return frozenset(properties)


def _question(request: requests.PreparedRequest) -> _Question:
    """Return what tells a request from another one of the same stream."""
    return request.url, request.body


def _is_not_said_twice(entry: logging.LogRecord) -> bool:
    """Drop the SDK's line that precedes each error: the error's own line says more."""
    return not str(entry.msg).startswith("An unhandled error occurred while syncing")
