"""Logins and tokens: one OAuth client, tokens that end."""

from __future__ import annotations

import base64
import secrets
import threading
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.responses import SimulatedResponse, error

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDED = float("-inf")


class Logins:
    """Who may ask.

    Args:
        client_id: The one OAuth client that exists.
        client_secret: Its secret.
        token_seconds: How long a token lives.
        clock: Counts seconds.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        token_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._client_id = client_id.encode()
        self._client_secret = client_secret.encode()
        self._token_seconds = token_seconds
        self._clock = clock
        self._ends: dict[str, float] = {}
        self._lock = threading.Lock()

    def log_in(self, method: str, form: dict[str, Any] | None, login: str) -> SimulatedResponse:
        """Respond to `POST /oauth/token`; what is wrong is told in OAuth's words, not the API's.

        400 for an unknown client and 401 for a wrong secret are what gildas/go-gcloudcx asserts of
        a live org (`login_test.go`).
        """
        if method != "POST":
            return error(405)
        if (form or {}).get("grant_type") != "client_credentials":
            text = "the grant type is missing or not client_credentials"
            return _refused(400, "invalid_request", text)
        client_id, client_secret = _pair(login)
        if not secrets.compare_digest(client_id, self._client_id):
            return _refused(400, "invalid_client", "client not found")
        if not secrets.compare_digest(client_secret, self._client_secret):
            return _refused(401, "invalid_client", "authentication failed")
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._ends[token] = self._clock() + self._token_seconds
        seconds = int(self._token_seconds)
        return SimulatedResponse(
            body={"access_token": token, "token_type": "bearer", "expires_in": seconds}
        )

    def refuse(self, login: str) -> SimulatedResponse | None:
        """Return the refusal of a request's token; None if the token is good."""
        kind, _, token = login.partition(" ")
        if kind.lower() != "bearer":
            said = "No authentication bearer token specified in authorization header."
            return error(401, said, "authentication.required")
        with self._lock:
            ends = self._ends.get(token)
        if ends is None:
            return error(401)
        if ends <= self._clock():
            said = "The supplied credentials are expired and cannot be used."
            return error(401, said, "credentials.expired")
        return None

    def expire(self) -> None:
        """Let every token end now."""
        with self._lock:
            self._ends = dict.fromkeys(self._ends, _ENDED)


def _pair(login: str) -> tuple[bytes, bytes]:
    """Return id and secret of a header `Authorization: Basic ...`; empty ones of any other."""
    kind, _, encoded = login.partition(" ")
    try:
        pair = base64.b64decode(encoded if kind.lower() == "basic" else "", validate=True)
    except ValueError:
        pair = b""
    client_id, _, client_secret = pair.partition(b":")
    return client_id, client_secret


def _refused(status: int, name: str, text: str) -> SimulatedResponse:
    return SimulatedResponse(
        status, {"error": name, "description": text, "error_description": text}
    )
