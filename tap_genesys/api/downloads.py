"""Downloads of files in the vendor's storage, whose URLs the API returns."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter

from tap_genesys.api.shape import misfit
from tap_genesys.api.status import ResponseAction, action_of
from tap_genesys.errors import StopRun, TryAgain

if TYPE_CHECKING:
    from tap_genesys.api.retry import Retry
    from tap_genesys.api.shape import Shape
    from tap_genesys.interruption import Interruption

#: Errors for a URL, or a redirect, to which no request can be sent.
_UNUSABLE = (ValueError, requests.exceptions.TooManyRedirects)


class Downloads:
    """Downloads files from signed URLs: without the token, and outside the API's rate limit.

    Args:
        retry: Decorates a download with the same retries as any request.
        interruption: Ends a blocked read on a signal.
        timeout: Seconds to wait for a connection, and between two chunks of a response.
        user_agent: The `User-Agent` header.
    """

    def __init__(
        self, *, retry: Retry, interruption: Interruption, timeout: float, user_agent: str
    ) -> None:
        self._session = requests.Session()
        self._session.headers["User-Agent"] = user_agent
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=64))
        self._interruption = interruption
        self._timeout = timeout
        self._fetch = retry(self._get)

    def json(self, url: str, shape: Shape, label: str) -> Any:  # noqa: ANN401 - JSON is anything
        """Download a file, and return its JSON.

        Args:
            url: The signed URL.
            shape: The shape that the JSON must have.
            label: The stream and its present part, for a message.

        Raises:
            StopRun: The download failed, or has another shape, after all tries. The message has the
                URL without its signature.
        """
        return self._fetch(url, shape, label)

    def _get(self, url: str, shape: Shape, label: str) -> Any:  # noqa: ANN401 - JSON is anything
        where = f"{label}: {_where(url)}"
        try:
            with self._interruption.breakable():
                response = self._session.get(url, timeout=self._timeout)
        except _UNUSABLE as error:
            # The error's text has the URL with its signature.
            msg = f"{where} cannot be requested ({type(error).__name__})"
            raise StopRun(msg) from None
        if action_of(response.status_code) is ResponseAction.RETRY:
            msg = f"{where} answered {response.status_code}"
            raise TryAgain(msg, response)
        if response.status_code != HTTPStatus.OK:
            msg = f"{where} answered {response.status_code} {response.reason}"
            raise StopRun(msg)
        try:
            content = orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            msg = f"{where} holds no JSON: {error}"
            raise TryAgain(msg, response) from error
        if reason := misfit(content, shape):
            msg = f"{where} cannot be read: {reason}"
            raise TryAgain(msg, response)
        return content


def _where(url: str) -> str:
    """Return a URL without its query, whose signature grants access for a while."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the download from a malformed URL"
    return f"the download from {parts.hostname}{parts.path}"
