"""The simulated Genesys Cloud on 127.0.0.1: logins, tokens, and what goes wrong on the way."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from tap_genesys.simulator.answers import Answer, error
from tap_genesys.simulator.api import Api, Habits
from tap_genesys.simulator.faults import Fault, Faults
from tap_genesys.simulator.holdings import holdings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tap_genesys.simulator.world import World

Row = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request as it came, and the status that it was answered with."""

    method: str
    path: str
    query: dict[str, str]
    body: Row | None
    headers: dict[str, str]
    status: int


class Simulator:
    """A simulated Genesys Cloud; a context manager that serves while it is open.

    Args:
        world: What is true.
        port: Where to listen on 127.0.0.1; 0 takes a free one.
        client_id: The one OAuth client that exists.
        client_secret: Its secret.
        token_seconds: How long a token lives.
        clock: Counts seconds, like `time.monotonic`.
        habits: Fields of `Habits`.
    """

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        client_id: str = "demo",
        client_secret: str = "demo-secret",  # noqa: S107 - the key to nothing
        token_seconds: float = 86_399,
        clock: Callable[[], float] = time.monotonic,
        **habits: Any,  # noqa: ANN401 - Habits checks them
    ) -> None:
        self.world = world
        self.habits = Habits(**habits)
        self.faults = Faults()
        self.requests: list[Request] = []
        #: Set when it closes, so that no slow answer outlives it.
        self.closing = threading.Event()
        pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._expected_login = f"Basic {pair}"
        self._token_seconds = token_seconds
        self._clock = clock
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.simulator = self
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base URL of the API and of the login."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()

    def note(self, request: Request) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(request)

    def answer(
        self, method: str, path: str, query: dict[str, str], body: Row | None, login: str
    ) -> Answer:
        """Answer a request that nothing goes wrong with."""
        if path == "/oauth/token":
            return self._log_in(method, body, login)
        if path == "/_simulator/holdings":
            return Answer(body=holdings(self.world, query, has_summaries=self.habits.summaries))
        if path == "/_simulator/requests":
            return Answer(body={"requests": [vars(request) for request in self.requests]})
        refusal = self._refuse_token(login)
        return refusal or Api(self.world, self.habits).answer(method, path, query, body)

    def forget_tokens(self) -> None:
        """Let every token expire."""
        with self._lock:
            self._tokens.clear()

    def _log_in(self, method: str, body: Row | None, login: str) -> Answer:
        if method != "POST" or body != {"grant_type": "client_credentials"}:
            text = "the grant type is missing or not client_credentials"
            return Answer(400, {"error": "invalid_request", "error_description": text})
        if not secrets.compare_digest(login, self._expected_login):
            text = "client not found"
            refusal = {"error": "invalid_client", "description": text, "error_description": text}
            return Answer(400, refusal)
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._tokens[token] = self._clock() + self._token_seconds
        seconds = int(self._token_seconds)
        return Answer(body={"access_token": token, "token_type": "bearer", "expires_in": seconds})

    def _refuse_token(self, login: str) -> Answer | None:
        kind, _, token = login.partition(" ")
        if kind.lower() != "bearer":
            said = "No authentication bearer token specified in authorization header."
            return error(401, "authentication.required", said)
        with self._lock:
            ends = self._tokens.get(token)
        if ends is None:
            return error(401, "bad.credentials", "Invalid login credentials.")
        if ends <= self._clock():
            said = "The supplied credentials are expired and cannot be used."
            return error(401, "credentials.expired", said)
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    simulator: Simulator

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two an answer costs 40 ms: its head is sent alone and waits to be acknowledged.
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    server: _Server

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_DELETE(self) -> None:
        self._respond()

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""

    def _respond(self) -> None:
        simulator = self.server.simulator
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if "grouping" in query:
            query["grouping"] = ",".join(parse_qs(parts.query)["grouping"])
        body = self._read_body()
        fault = None
        if not parts.path.startswith("/_simulator"):
            fault = simulator.faults.of(parts.path, _page(query, body))
        answer = self._answer(fault, parts.path, query, body)
        if not parts.path.startswith("/_simulator"):
            headers = dict(self.headers.items())
            simulator.note(
                Request(str(self.command), parts.path, query, body, headers, answer.status)
            )
        self._send(answer, fault)

    def _answer(
        self, fault: Fault | None, path: str, query: dict[str, str], body: Row | None
    ) -> Answer:
        simulator = self.server.simulator
        login = self.headers.get("Authorization", "")
        kind = "" if fault is None else fault.kind
        if fault is not None:
            if kind == "status":
                wait = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
                return error(fault.status, "simulated.fault", "A simulated fault.", wait)
            if kind in ("unauthorized", "repeat_token"):
                simulator.forget_tokens()
            if kind == "forbidden":
                said = (
                    "Unable to perform the requested action. You are missing the following "
                    f"permission(s): {fault.permission}"
                )
                return error(403, "missing.permissions", said)
            if kind == "slow":
                simulator.closing.wait(fault.seconds)
            if kind == "same_page":
                query, body = _first_page(query, body)
        answer = simulator.answer(str(self.command), path, query, body, login)
        if kind == "empty":
            for name in ("conversations", "entities"):
                answer.body.pop(name, None)
        return answer

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        kind = "" if fault is None else fault.kind
        if kind == "drop":
            self.close_connection = True
            return
        content = json.dumps(answer.body, separators=(",", ":")).encode()
        if kind == "html":
            content = b"<html><body>Please log in to the guest network.</body></html>"
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/html" if kind == "html" else "application/json")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "ININ-Correlation-Id" not in answer.headers:
            self.send_header("ININ-Correlation-Id", secrets.token_hex(16))
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(content) > 2000:
            content = gzip.compress(content, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        if kind == "cut":
            self.close_connection = True
            content = content[:half]
        if kind == "stall" and fault is not None:
            self.wfile.write(content[:half])
            self.wfile.flush()
            self.server.simulator.closing.wait(fault.seconds)
            content = content[half:]
        self.wfile.write(content)

    def _read_body(self) -> Row | None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not content:
            return None
        if self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            return {name: values[-1] for name, values in parse_qs(content.decode()).items()}
        try:
            body = json.loads(content)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None


def _page(query: dict[str, str], body: Row | None) -> int | None:
    """Return the page that a request asks for, wherever it says so."""
    paging = (body or {}).get("paging") or body or {}
    number = str(query.get("pageNumber", paging.get("pageNumber")))
    return int(number) if number.isdigit() else None


def _first_page(query: dict[str, str], body: Row | None) -> tuple[dict[str, str], Row | None]:
    if body is None:
        return {**query, "pageNumber": "1"}, body
    if "paging" in body:
        return query, {**body, "paging": {**body["paging"], "pageNumber": 1}}
    return query, {**body, "pageNumber": 1}
