"""Send requests to a simulator in this process without a socket, in a third of the time."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy

from tap_genesys.simulator import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_genesys.simulator import Simulator


@contextmanager
def without_sockets(sim: Simulator) -> Iterator[None]:
    """Pass requests to a simulator straight to it while it has no faults.

    Threads, pace, retries, status and parsing are those of a run with sockets. What goes to another
    host or through a proxy goes by a socket.
    """
    by_socket = HTTPAdapter.send

    def send(
        adapter: HTTPAdapter, request: requests.PreparedRequest, *arguments: Any, **options: Any
    ) -> requests.Response:
        url = str(request.url)
        is_for_it = url.startswith(f"{sim.url}/") and not select_proxy(url, options.get("proxies"))
        if sim.faults or not is_for_it:
            return by_socket(adapter, request, *arguments, **options)
        return respond_directly(sim, request)

    with patch.object(HTTPAdapter, "send", send):
        yield


def respond_directly(sim: Simulator, request: requests.PreparedRequest) -> requests.Response:
    """Return a simulator's response to a request."""
    parts = urlsplit(str(request.url))
    query = {name: ",".join(values) for name, values in parse_qs(parts.query).items()}
    body = _read(request)
    login = str(request.headers.get("Authorization", ""))
    simulated = sim.respond(str(request.method), parts.path, query, body, login)
    headers = dict(request.headers.items())
    sim.note(Request(str(request.method), parts.path, query, body, headers, simulated.status))
    response = requests.Response()
    response.status_code = simulated.status
    response.headers.update(simulated.headers)
    response.request, response.url = request, str(request.url)
    response._content = b"" if simulated.status == 204 else orjson.dumps(simulated.body)
    vars(response)["_content_consumed"] = True
    return response


def _read(request: requests.PreparedRequest) -> Any:
    content = request.body or b""
    text = content.decode() if isinstance(content, bytes) else str(content)
    if "form" in str(request.headers.get("Content-Type")):
        return {name: values[-1] for name, values in parse_qs(text).items()}
    return json.loads(text) if text else None
