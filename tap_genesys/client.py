"""One request: its URL, its headers, and what is done about its answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from singer_sdk import RESTStream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.schema.source import SchemaDirectory
from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.answers import Record, asked, body, records, refusal, sent
from tap_genesys.errors import SkipStream, StopRun, TryAgain, Unauthorized
from tap_genesys.pagination import CountedPaginator, Page
from tap_genesys.verdicts import Verdict, verdict
from tap_genesys.windows import iso

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import requests
    from requests.auth import AuthBase
    from singer_sdk.helpers.types import Context, RequestFunc
    from singer_sdk.pagination import BaseAPIPaginator
    from singer_sdk.tap_base import Tap

    from tap_genesys.run import Run

_MOMENT_SECONDS = 1.5


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
        #: Statuses that the caller of `call` judges itself.
        self.accepted: frozenset[int] = frozenset()

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
        read_at = iso(self.read_at())
        known = self._known_fields
        privacy = self.run.privacy
        for record in self.records_of(response):
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
        if response.status_code in self.accepted:
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
        msg = f"{self.where}: {msg} Sent: {sent_text}"
        raise StopRun(msg)

    @override
    def response_error_message(self, response: requests.Response) -> str:
        return self.run.authenticator.conceal(refusal(response))

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
        self.accepted = accepted
        try:
            if once:
                return self.run.session.send(request, timeout=_MOMENT_SECONDS)
            return self.request_decorator(self._request)(request, None)
        finally:
            self.accepted = frozenset()

    def _wait_for_page(self, seconds: float) -> None:
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


def _is_not_said_twice(entry: logging.LogRecord) -> bool:
    """Drop the SDK's line that precedes each error: the error's own line says more."""
    return not str(entry.msg).startswith("An unhandled error occurred while syncing")
