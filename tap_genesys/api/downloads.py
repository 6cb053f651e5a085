"""Downloads: content in the vendor's storage, of which the API returns the address."""

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

#: The address, or that of a redirect, is none that a request can be sent to.
_UNUSABLE = (ValueError, requests.exceptions.TooManyRedirects)


class Downloads:
    """Fetches content from signed addresses: without our token, and outside of the API's pace.

    Args:
        retry: Decorates a request, which is retried like any other.
        interruption: May break into a blocked read.
        timeout: Seconds.
        user_agent: How the tap introduces itself.
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
        """Return the JSON that lies there.

        Args:
            url: The address.
            shape: The shape that its reader needs.
            label: The stream, and the part of it that is read, for a message.

        Raises:
            StopRun: It cannot be had, or is not of that shape, after all tries. The message has the
                address without what signs it.
        """
        return self._fetch(url, shape, label)

    def _get(self, url: str, shape: Shape, label: str) -> Any:  # noqa: ANN401 - JSON is anything
        where = f"{label}: {_where(url)}"
        try:
            with self._interruption.breakable():
                response = self._session.get(url, timeout=self._timeout)
        except _UNUSABLE as error:
            # Their text has the whole address.
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
    """Return an address without its query, which is as good as a password for a while."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the download from an address that is none"
    return f"the download from {parts.hostname}{parts.path}"
