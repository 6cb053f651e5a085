"""Logins and tokens: one OAuth client, and tokens that expire."""

from __future__ import annotations

import base64
import secrets
import threading
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.responses import SimulatedResponse, error

if TYPE_CHECKING:
    from collections.abc import Callable

_EXPIRED = float("-inf")


class Logins:
    """The tokens of an org.

    Args:
        client_id: The org's only OAuth client.
        client_secret: Its secret.
        token_seconds: The lifetime of a token.
        clock: Returns seconds.
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
        """Return the response to `POST /oauth/token`; errors have OAuth's form, not the API's.

        400 for an unknown client and 401 for a wrong secret are asserted of a live org by
        gildas/go-gcloudcx (`login_test.go`).
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
        """Return the 401 for a request's token; None if the token is valid."""
        kind, _, token = login.partition(" ")
        if kind.lower() != "bearer":
            message = "No authentication bearer token specified in authorization header."
            return error(401, message, "authentication.required")
        with self._lock:
            ends = self._ends.get(token)
        if ends is None:
            return error(401)
        if ends <= self._clock():
            message = "The supplied credentials are expired and cannot be used."
            return error(401, message, "credentials.expired")
        return None

    def expire(self) -> None:
        """Expire all tokens now."""
        with self._lock:
            self._ends = dict.fromkeys(self._ends, _EXPIRED)


def _pair(login: str) -> tuple[bytes, bytes]:
    """Return the id and the secret in a header `Authorization: Basic ...`; empty for any other."""
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
