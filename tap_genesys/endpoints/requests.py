"""One request: its URL, its headers, and what is done about its answer."""

from __future__ import annotations

from abc import ABC
from functools import cached_property, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from singer_sdk import RESTStream
from typing_extensions import override

from tap_genesys.api.pagination import Page
from tap_genesys.api.prefetch import Prefetcher
from tap_genesys.api.response import asked, body, refusal, sent
from tap_genesys.api.status import ResponseAction, action_of
from tap_genesys.api.timeouts import noted
from tap_genesys.endpoints.metrics import CountedStream
from tap_genesys.errors import SkipStream, StopRun, TimedOut, TryAgain, Unauthorized
from tap_genesys.output.progress import STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests
    from requests.auth import AuthBase
    from singer_sdk.helpers.types import Context, RequestFunc
    from singer_sdk.streams.rest import HTTPRequest
    from singer_sdk.tap_base import Tap

    from tap_genesys.endpoints.metrics import RequestCounter

_MOMENT_SECONDS = 1.5
#: What is noted on a request: which responses its caller judges, and what part it asks for.
_ACCEPTED, _WHERE = "_tap_genesys_accepted", "_tap_genesys_where"


#: What will be asked: a part of a stream (a window, a partition's items), and the page of it.
PlannedRequest: TypeAlias = tuple[Any, Page | None]
_Question: TypeAlias = tuple[str | None, bytes | str | None]


class AskingStream(CountedStream, RESTStream[Page], ABC):
    """A stream that asks: with the run's session, token, pace and retries, and ahead if it may."""

    payload_as_json = True
    #: A line for each request is noise.
    _LOG_REQUEST_METRICS = False

    #: Whether an answer is an array of records.
    answers_with_array: ClassVar[bool] = False
    #: Whether what is asked for is a window, of which one that times out can be cut in two.
    is_windowed: ClassVar[bool] = False
    #: Whether an org may not have the endpoint at all.
    may_be_missing: ClassVar[bool] = False

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        self._coming: dict[PlannedRequest, requests.PreparedRequest] = {}

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
    def max_parallel(self) -> int:
        """How many requests may be under way at once."""
        return int(self.config["max_parallel_requests"])

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
        accepts = getattr(response.request, _ACCEPTED, None)
        return accepts is not None and bool(accepts(response))

    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:  # noqa: ARG002 - some know it
        """Yield what will be asked after the present request, as far as it is known."""
        return iter(())

    def request_for(self, coming: PlannedRequest) -> HTTPRequest:
        """Return the request for something that is coming."""
        raise NotImplementedError

    def where_in(self, coming: PlannedRequest) -> str:  # noqa: ARG002 - windows differ
        """Name the stream, and what part of it is coming, for a message."""
        return self.name

    @override
    def request_decorator(self, func: RequestFunc) -> RequestFunc:
        tried = self._tried(func, is_cut=self.is_windowed)

        def call(request: requests.PreparedRequest, context: Context | None) -> requests.Response:
            ask = partial(tried, request, context)
            following = self._following(context, tried)
            try:
                response = self._ahead.answer(_question(request), ask, following)
            except TimedOut as error:
                # Decided here, where its response is wanted, and not where it was sent ahead.
                if self.can_be_cut() and self.run.time_outs.cut():
                    self.logger.warning("%s: %s Cut in two.", self.where, error)
                    raise
                response = self._tried(func, after=error)(request, context)
                self.run.time_outs.note(request, has_failed=True)
            else:
                self.run.time_outs.note(response.request)
            return response

        return call

    def can_be_cut(self) -> bool:
        """Return whether the window that is being read may be cut, since it times out."""
        return False

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

    def _tried(
        self, func: RequestFunc, *, is_cut: bool = False, after: TimedOut | None = None
    ) -> RequestFunc:
        """Return what asks with a token that is valid, and again where that may help.

        Args:
            func: Makes one try.
            is_cut: Whether a second time-out raises `TimedOut`.
            after: Why and how often the same request has failed already.
        """

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

        return self.run.retry(noted(call, is_cut=is_cut), after=after)

    @override
    def validate_response(self, response: requests.Response) -> None:
        if self.is_accepted(response):
            return
        decision = action_of(response.status_code)
        if self.may_be_missing and response.status_code == HTTPStatus.NOT_FOUND:
            decision = ResponseAction.SKIP
        if response.status_code == HTTPStatus.NO_CONTENT:
            return
        if decision is ResponseAction.READ:
            try:
                body(response, may_be_array=self.answers_with_array)
            except ValueError as error:
                msg = f"{asked(response)} answered 200 with no JSON object ({error})"
                raise TryAgain(self.run.authenticator.conceal(msg), response) from error
            return
        msg = self.response_error_message(response)
        if decision is ResponseAction.RETRY:
            raise TryAgain(msg, response)
        if decision is ResponseAction.RENEW:
            raise Unauthorized(msg)
        if decision is ResponseAction.SKIP:
            raise SkipStream(msg)
        sent_text = self.run.authenticator.conceal(sent(response))
        msg = f"{self.where_of(response)}: {msg} Sent: {sent_text}"
        raise StopRun(msg)

    @override
    def response_error_message(self, response: requests.Response) -> str:
        return self.run.authenticator.conceal(refusal(response))

    @override
    def build_prepared_request(self, *args: Any, **kwargs: Any) -> requests.PreparedRequest:
        request = super().build_prepared_request(*args, **kwargs)
        setattr(request, STREAM, self.name)
        return request

    @override
    def get_http_request_counter(self) -> RequestCounter:
        return self.request_counter

    def wait(self, seconds: float) -> None:
        """Wait for what the vendor is not ready with."""
        self.run.clock.wait(seconds)
        self.run.progress.waited(self.name, seconds)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        accepted: frozenset[int] = frozenset(),
        accepts: Callable[[requests.Response], bool] | None = None,
        once: bool = False,
    ) -> requests.Response:
        """Send one request beside the stream's own pages, with the same token, pace and retries.

        Args:
            method: The HTTP method.
            path: The path, with its slash.
            params: The query.
            data: What becomes the body, as JSON.
            accepted: Statuses that are not judged.
            accepts: Returns whether a response is not judged, where more than its status decides.
            once: Try once and for a moment only.
        """
        request = self.build_prepared_request(
            method=method, url=f"{self.url_base}{path}", params=params, json=data
        )
        accepts = accepts or (lambda response: response.status_code in accepted)
        setattr(request, _ACCEPTED, accepts)
        if once:
            return self.run.session.send(request, timeout=_MOMENT_SECONDS)
        response = self._tried(self._request)(request, None)
        self.run.time_outs.note(response.request)
        return response

    def ask_anew(self) -> None:
        """Drop what was asked ahead, and what was prepared for it."""
        self._ahead.forget()
        self._coming = {}

    @cached_property
    def _ahead(self) -> Prefetcher[_Question, requests.Response]:
        return Prefetcher(self.max_parallel, self.run.interruption)


def _question(request: requests.PreparedRequest) -> _Question:
    """Return what tells a request from another one of the same stream."""
    return request.url, request.body
