"""Proxies and certificates from the environment, read once instead of per request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests


def apply_environment(session: requests.Session, urls: Iterable[str]) -> None:
    """Set a session's proxies and certificates for some hosts from the environment.

    `requests` would look them up for each request, which takes a third of a millisecond, and would
    send credentials from a `.netrc` file.

    Args:
        session: Sends the requests.
        urls: The base URLs of the requests.
    """
    session.trust_env = False
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if bundle:
        session.verify = bundle
    for url in urls:
        parts = urlsplit(url)
        proxies = get_environ_proxies(url)
        proxy = proxies.get(parts.scheme) or proxies.get("all")
        if proxy:
            session.proxies[f"{parts.scheme}://{parts.hostname}"] = proxy
