"""OAuth client credentials: one token for the whole tap, renewed under a lock."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

from requests.auth import AuthBase
from typing_extensions import override

from tap_genesys.api.response import body, limit, problem
from tap_genesys.api.shape import TEXT, Required
from tap_genesys.api.status import ResponseAction, action_of
from tap_genesys.errors import StopRun, TryAgain

if TYPE_CHECKING:
    import requests

    from tap_genesys.api.retry import Retry
    from tap_genesys.interruption import Clock

#: Seconds before its expiry at which a token is renewed, or a tenth of its lifetime if less.
_EARLY_SECONDS = 300.0
_LOGGED_IN = {"access_token": Required(TEXT)}
#: Assumed where the response has none. The vendor's default is a day; a 401 renews it anyway.
_LIFETIME_SECONDS = 3600.0


class ClientCredentials(AuthBase):
    """Adds a token to requests; fetches one if there is none or it is about to expire.

    Source: the vendor's Python SDK 269.0.0, `get_client_credentials_token`; there is no refresh
    token for this grant. An unknown client id gets 400 and a wrong secret 401, as
    gildas/go-gcloudcx asserts of a live org (`login_test.go`).

    Args:
        login_url: Base URL of the login host.
        client_id: The OAuth client's id.
        client_secret: The OAuth client's secret.
        session: Sends the token request.
        retry: Decorates the token request with the same retries as any other request.
        timeout: Seconds to wait for a connection, and between two chunks of a response.
        clock: Counts the seconds of a token's lifetime.
    """

    def __init__(
        self,
        *,
        login_url: str,
        client_id: str,
        client_secret: str,
        session: requests.Session,
        retry: Retry,
        timeout: float,
        clock: Clock,
    ) -> None:
        self._url = f"{login_url}/oauth/token"
        self._credentials = (client_id, client_secret)
        self._session = session
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0
        self._fetch = retry(self._request_token)

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        with self._lock:
            if not self._token or self._clock.seconds() >= self._renew_at:
                self._fetch()
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self, refused: requests.PreparedRequest) -> None:
        """Fetch a new token, unless another thread has done so since `refused` was sent."""
        with self._lock:
            if refused.headers.get("Authorization") == f"Bearer {self._token}":
                self._fetch()

    def redact(self, text: str) -> str:
        """Return a text of the vendor's with `***` for the id, the secret and the token."""
        # The longest first, since the id may be a part of the secret.
        for secret in sorted((*self._credentials, self._token), key=len, reverse=True):
            if secret:
                text = text.replace(secret, "***")
        return text

    def _request_token(self) -> None:
        response = self._session.post(
            self._url,
            data={"grant_type": "client_credentials"},
            auth=self._credentials,
            timeout=self._timeout,
            allow_redirects=False,
        )
        if action_of(response.status_code) is ResponseAction.RETRY:
            violated = limit(response)
            msg = f"{response.status_code} {response.reason} from {self._url}"
            raise TryAgain(f"{msg}. Limit: {violated}." if violated else msg, response)
        if response.status_code != HTTPStatus.OK:
            raise StopRun(self._refusal(response))
        if reason := problem(response, _LOGGED_IN):
            msg = f"the login at {self._url} has no access token: {reason}"
            raise TryAgain(msg, response)
        content = body(response)
        self._token = content["access_token"]
        lifetime = _seconds(content.get("expires_in"))
        self._renew_at = self._clock.seconds() + lifetime - min(_EARLY_SECONDS, lifetime / 10)

    def _refusal(self, response: requests.Response) -> str:
        status = f"{response.status_code} {response.reason}".strip()
        if response.status_code not in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
            return f"No login at {self._url} ({status}): check region, or login_url."
        try:
            content = body(response)
        except ValueError:
            content = {}
        reason = content.get("error_description") or content.get("error") or content.get("message")
        quoted = f", {self.redact(str(reason))[:200]}" if reason else ""
        settings = (
            "client_secret"
            if response.status_code == HTTPStatus.UNAUTHORIZED
            else "client_id, and that region is where the OAuth client was made"
        )
        return (
            f"Genesys Cloud refuses the credentials ({status}{quoted}) at {self._url}: "
            f"check {settings}."
        )


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    return _LIFETIME_SECONDS
