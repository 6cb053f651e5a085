"""HTTP: read a request, inject faults, send the response."""

from __future__ import annotations

import gzip
import json
import socket
import sys
import threading
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

from tap_genesys.simulator.bodies import page, with_first_page
from tap_genesys.simulator.responses import SimulatedResponse, error

if TYPE_CHECKING:
    from tap_genesys.simulator.faults import Fault, Faults

Row = dict[str, Any]

#: Without the standard encoder's check for circles, which costs half of its time.
_JSON = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
#: The size in bytes from which a body is compressed, if the client accepts gzip.
_GZIP_FROM = 2000


@dataclass(frozen=True)
class Request:
    """A received request, and the status of its response; 0 if there was none."""

    method: str
    path: str
    query: dict[str, str]
    body: Row | None
    headers: dict[str, str]
    status: int


class Responder(Protocol):
    """A source of responses: a `Simulator` without HTTP."""

    faults: Faults
    #: Set when the simulator closes.
    closing: threading.Event

    def respond(
        self, method: str, path: str, query: dict[str, str], body: Row | None, login: str
    ) -> SimulatedResponse:
        """Return the response to a request without a fault."""

    def note(self, request: Request) -> None:
        """Record a request."""

    def expire_tokens(self) -> None:
        """Expire all tokens now."""


class Server(ThreadingHTTPServer):
    """A server with one thread per connection; closing it ends them all.

    Args:
        port: Where to listen on 127.0.0.1; 0 takes a free one.
        responder: The source of responses.
    """

    daemon_threads = False
    responder: Responder

    def __init__(self, port: int, responder: Responder) -> None:
        self.responder = responder
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Record the connection, to close it if the client does not."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's
        """Drop the closed connection from the record."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Close the connections that clients keep alive, so that their threads end."""
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the client has closed it already
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Log no client that closes its connection: some tests do it on purpose."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two a response takes 40 ms: its head is sent alone and waits for an ACK.
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    server: Server

    def _respond(self) -> None:
        responder = self.server.responder
        parts = urlsplit(self.path)
        query = {name: ",".join(values) for name, values in parse_qs(parts.query).items()}
        body = self._read_body()
        if parts.path.startswith("/_simulator/"):
            self._send(responder.respond(str(self.command), parts.path, query, body, ""), None)
            return
        fault = responder.faults.of(parts.path, page(query, body))
        response = self._respond_to(fault, parts.path, query, body)
        status = 0 if fault is not None and fault.kind == "drop" else response.status
        headers = dict(self.headers.items())
        responder.note(Request(str(self.command), parts.path, query, body, headers, status))
        self._send(response, fault)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _respond  # noqa: N815 - http.server's names

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""

    def _respond_to(
        self, fault: Fault | None, path: str, query: dict[str, str], body: Row | None
    ) -> SimulatedResponse:
        responder = self.server.responder
        login = self.headers.get("Authorization", "")
        kind = "" if fault is None else fault.kind
        if fault is not None:
            if kind == "status":
                return error(fault.status, headers=fault.headers, limit=fault.named_limit)
            if kind == "unauthorized":
                responder.expire_tokens()
            if kind == "forbidden":
                message = (
                    "Unable to perform the requested action. You are missing the following "
                    f"permission(s): {fault.permission}"
                )
                return error(403, message, "missing.permissions")
            if kind == "slow":
                responder.closing.wait(fault.seconds)
            if kind == "same_page":
                query, body = with_first_page(query, body)
        response = responder.respond(str(self.command), path, query, body, login)
        if fault is not None and kind == "state":
            response.body["state"] = fault.state
        if kind == "empty":
            for name in ("conversations", "entities", "userDetails"):
                response.body.pop(name, None)
        return response

    def _send(self, response: SimulatedResponse, fault: Fault | None) -> None:
        kind = "" if fault is None else fault.kind
        if kind == "drop":
            self.close_connection = True
            return
        content = b"" if response.status == 204 else _JSON.encode(response.body).encode()
        if kind == "html":
            content = b"<html><body>Please log in to the guest network.</body></html>"
        self.send_response(response.status)
        self.send_header("Content-Type", "text/html" if kind == "html" else "application/json")
        body = response.body if isinstance(response.body, dict) else {}
        correlation = {"ININ-Correlation-Id": body.get("contextId") or str(uuid.uuid4())}
        for name, value in {**correlation, **response.headers}.items():
            self.send_header(name, value)
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(content) > _GZIP_FROM:
            content = gzip.compress(content, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        half = len(content) // 2
        if kind == "cut":
            self.close_connection = True
            content = content[:half]
        if kind == "stall" and fault is not None:
            self.wfile.write(content[:half])
            self.wfile.flush()
            self.server.responder.closing.wait(fault.seconds)
            content = content[half:]
        self.wfile.write(content)

    def _read_body(self) -> Row | None:
        length = self.headers.get("Content-Length", "")
        content = self.rfile.read(int(length)) if length.isdecimal() else b""
        if self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            form = parse_qs(content.decode("utf-8", "replace"))
            return {name: values[-1] for name, values in form.items()}
        try:
            body = json.loads(content)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None
