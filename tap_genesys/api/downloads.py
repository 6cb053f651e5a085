"""Downloads: content in the vendor's storage, of which the API returns the address."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter

from tap_genesys.api.status import ResponseAction, action_of
from tap_genesys.errors import StopRun, TryAgain

if TYPE_CHECKING:
    from tap_genesys.api.retry import Retry
    from tap_genesys.interruption import Interruption


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

    def json(self, url: str) -> Any:  # noqa: ANN401 - JSON is anything
        """Return what lies there.

        Raises:
            StopRun: It cannot be had, or is no JSON, after all tries. The message has the address
                without what signs it.
        """
        return self._fetch(url)

    def _get(self, url: str) -> Any:  # noqa: ANN401 - JSON is anything
        with self._interruption.breakable():
            response = self._session.get(url, timeout=self._timeout)
        if action_of(response.status_code) is ResponseAction.RETRY:
            msg = f"{_where(url)} answered {response.status_code}"
            raise TryAgain(msg, response)
        if response.status_code != HTTPStatus.OK:
            msg = f"{_where(url)} answered {response.status_code} {response.reason}"
            raise StopRun(msg)
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            msg = f"{_where(url)} holds no JSON: {error}"
            raise TryAgain(msg, response) from error


def _where(url: str) -> str:
    """Return an address without its query, which is as good as a password for a while."""
    parts = urlsplit(url)
    return f"The download from {parts.hostname}{parts.path}"
