"""A client for Genesys Cloud's API, independent of Singer: token, retries, and status checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from typing_extensions import override

from tap_genesys.api.request_note import RequestNote, annotate, note_of
from tap_genesys.api.response import correlation, operation, problem, redirect, refusal, sent
from tap_genesys.api.retry import RETRIABLE
from tap_genesys.api.status import ResponseAction, action_of
from tap_genesys.api.timeouts import TimeOuts, note_failure
from tap_genesys.errors import (
    PageTooLarge,
    SkipStream,
    StopRun,
    TimedOut,
    TooManyRows,
    TryAgain,
    Unauthorized,
)

if TYPE_CHECKING:
    from tap_genesys.api.auth import ClientCredentials
    from tap_genesys.api.retry import Retry

_SHORT_TIMEOUT_SECONDS = 1.5
_ERRORS = {
    ResponseAction.RENEW: Unauthorized,
    ResponseAction.SPLIT: TooManyRows,
    ResponseAction.SHRINK: PageTooLarge,
    ResponseAction.SKIP: SkipStream,
}


class Session(requests.Session):
    """A session that follows no redirects, so that the token is not sent to another host."""

    @override
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class GenesysClient:
    """Sends requests to the API with one session, one token and one retry policy.

    Args:
        base_url: The API's base URL, without a slash at its end.
        session: The session, whose transport adapter limits the rate.
        authenticator: Adds the token to a request.
        retry: Decorates the function that sends a request once.
        timeout: Seconds to wait for a connection, and between two chunks of a response.
    """

    def __init__(
        self,
        *,
        base_url: str,
        session: requests.Session,
        authenticator: ClientCredentials,
        retry: Retry,
        timeout: float,
    ) -> None:
        self.base_url = base_url
        self.session = session
        self.session.auth = authenticator
        self.authenticator = authenticator
        self.timeout = timeout
        self.time_outs = TimeOuts()
        self._retry = retry

    def prepare(
        self,
        method: str,
        url: str,
        note: RequestNote,
        *,
        params: dict[str, Any] | str | None = None,
        data: Any = None,  # noqa: ANN401 - JSON is anything
    ) -> requests.PreparedRequest:
        """Return a prepared request with its note.

        Args:
            method: The HTTP method.
            url: The full URL, without query parameters.
            note: The note, which the transport, retries and status checks read.
            params: The query parameters.
            data: The body, sent as JSON.
        """
        request = requests.Request(method, url, params=params, json=data)
        return annotate(self.session.prepare_request(request), note)

    def send(
        self, request: requests.PreparedRequest, *, after: TimedOut | None = None
    ) -> requests.Response:
        """Send a request with a valid token, with retries; return its response.

        Args:
            request: A request with its note, which decides about statuses and the body's shape.
            after: The failed tries of the same request so far, which count as tries.

        Raises:
            SkipStream: The request is forbidden (403), or its endpoint does not exist in the org.
            TooManyRows: Request a shorter window.
            PageTooLarge: Request smaller pages.
            StopRun: The request failed finally. The message has its label, and what was sent.
        """
        return self._retry(self._try, after=after)(request)

    def call(
        self,
        method: str,
        path: str,
        note: RequestNote,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
    ) -> requests.Response:
        """Prepare and send one request; return its response.

        Arguments and errors are those of `prepare` and `send`.
        """
        url = f"{self.base_url}{path}"
        response = self.send(self.prepare(method, url, note, params=params, data=data))
        self.time_outs.note(response.request)
        return response

    def call_once(self, method: str, path: str, note: RequestNote) -> requests.Response:
        """Send one request with a short timeout, without retries; return any response."""
        return self.session.send(
            self.prepare(method, f"{self.base_url}{path}", note), timeout=_SHORT_TIMEOUT_SECONDS
        )

    def redact(self, text: str) -> str:
        """Return a text of the vendor's with `***` for credentials and token."""
        return self.authenticator.redact(text)

    def _try(self, request: requests.PreparedRequest) -> requests.Response:
        """Send a request once; after a 401, renew the token and send it once more."""
        try:
            try:
                return self._send(request)
            except Unauthorized:
                self.authenticator.renew(request)
            try:
                return self._send(request)
            except Unauthorized as error:
                msg = f"The API refuses the credentials, even with a new token: {error}"
                raise StopRun(msg) from error
        except RETRIABLE as error:
            note_failure(request, error)
            raise

    def _send(self, request: requests.PreparedRequest) -> requests.Response:
        note = note_of(request)
        response = self.session.send(self.authenticator(request), timeout=self.timeout)
        self._check(response, note)
        return response

    def _check(self, response: requests.Response, note: RequestNote) -> None:
        """Return if the response can be read; else raise the error for its status or shape."""
        action = note.overrides(response) if note.overrides else None
        action = action or action_of(response.status_code)
        if action is ResponseAction.ACCEPT:
            return
        if action is ResponseAction.READ:
            if reason := problem(response, note.shape, may_be_array=note.may_be_array):
                raise TryAgain(self.redact(self._unreadable(response, note, reason)), response)
            return
        if action is ResponseAction.REDIRECTED:
            reason = f"a redirect to {redirect(response)}, which is not followed: check api_url"
            raise TryAgain(self.redact(self._unreadable(response, note, reason)), response)
        msg = self.redact(refusal(response))
        if action is ResponseAction.RETRY:
            raise TryAgain(msg, response)
        if action is ResponseAction.STOP:
            msg = f"{note.label}: {msg} Sent: {self.redact(sent(response))}"
            raise StopRun(msg)
        raise _ERRORS[action](msg)

    @staticmethod
    def _unreadable(response: requests.Response, note: RequestNote, reason: str) -> str:
        """Return the error line for a response that cannot be read."""
        whose = f"{note.label}: " if note.label else ""
        line = f"{whose}{operation(response)} answered {response.status_code}: {reason}"
        number = correlation(response)
        return f"{line} (correlation id {number})" if number else line
