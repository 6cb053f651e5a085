"""A server whose responses take hardly any CPU time, in its own process.

`python bench/serve.py` prints its port and serves 127.0.0.1 until its standard input ends. It
implements the login, the details query, and the operations of a job; it returns an empty listing
for all else. `/_bench` sets its behaviour, and returns its counts:

    PUT /_bench {"latency": 0.2, "per_day": 5000, "limit": 300, "window": 6}
    GET /_bench -> {"requests": 64, "first": 12.1, "refused": 0, ...}
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import socket
import socketserver
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from org import Org, Template, templates

QUERY = "/api/v2/analytics/conversations/details/query"
JOBS = "/api/v2/analytics/conversations/details/jobs"
_TOKEN = b'{"access_token":"bench","token_type":"bearer","expires_in":86399}'
_NOTHING = b'{"entities":[],"results":[],"pageSize":100,"pageNumber":1,"pageCount":1,"total":0}'
_REFUSAL = b'{"message":"Rate limit exceeded","code":"too.many.requests","status":429}'
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_REASONS = {200: b"OK", 204: b"No Content", 429: b"Too Many Requests"}


@dataclass
class Behaviour:
    """The behaviour of the server.

    Args:
        latency: Seconds from a request to its response.
        per_day: Conversations that start on a day.
        size: `large` or `small` conversations.
        limit: Requests that are accepted in a window; 0 for no limit.
        window: Seconds of that window, which begins with its first request.
    """

    latency: float = 0
    per_day: int = 5000
    size: str = "large"
    limit: int = 0
    window: float = 60


@dataclass
class Seen:
    """The counts since the behaviour was set."""

    requests: int = 0
    refused: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    #: The moment of the first request after the login, in seconds of the monotonic clock.
    first: float | None = None


class State:
    """The state that all connections share."""

    def __init__(self) -> None:
        self.templates: dict[str, list[Template]] = {}
        self.jobs: dict[str, tuple[date, ...]] = {}
        self._lock = threading.Lock()
        self.set(Behaviour())

    def set(self, behaviour: Behaviour) -> None:
        """Set the behaviour, and reset the counts."""
        if behaviour.size not in self.templates:
            self.templates[behaviour.size] = templates(behaviour.size)
        self.behaviour = behaviour
        self.org = Org(behaviour.per_day, self.templates[behaviour.size])
        #: The latest pages, at about a megabyte each, since rounds request the same pages.
        self.page = lru_cache(100)(self.org.page)
        self.seen = Seen()
        self._window_ends = 0.0
        self._left = 0

    def begin(self) -> float:
        """Count a request; return the seconds of its `Retry-After`, or 0 if it is accepted."""
        with self._lock:
            seen, now = self.seen, time.monotonic()
            seen.requests += 1
            seen.first = seen.first or now
            if self.behaviour.limit:
                if now >= self._window_ends:
                    self._window_ends, self._left = (
                        now + self.behaviour.window,
                        self.behaviour.limit,
                    )
                self._left -= 1
                if self._left < 0:
                    seen.refused += 1
                    return self._window_ends - now
            seen.in_flight += 1
            seen.most_in_flight = max(seen.most_in_flight, seen.in_flight)
            return 0

    def end(self) -> None:
        """Count a response."""
        with self._lock:
            self.seen.in_flight -= 1

    def control(self, method: str, body: bytes) -> bytes:
        """Set the behaviour if there is a body to set, and return the counts."""
        with self._lock:
            if method == "PUT":
                self.set(Behaviour(**json.loads(body)))
            return json.dumps(asdict(self.seen)).encode()


class Connection(socketserver.BaseRequestHandler):
    """One connection, in its own thread; its requests are sequential."""

    request: socket.socket
    server: Server

    def setup(self) -> None:
        """Send each response at once, without Nagle's algorithm."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        """Respond to requests until the client disconnects."""
        received = b""
        with contextlib.suppress(ConnectionError):
            while data := self.request.recv(1 << 16):
                received += data
                head, found, rest = received.partition(b"\r\n\r\n")
                if not found:
                    continue
                first, _, headers = head.partition(b"\r\n")
                declared = _LENGTH.search(headers)
                length = int(declared[1]) if declared else 0
                if len(rest) < length:
                    continue
                received = rest[length:]
                method, target, _ = first.decode("ascii").split(" ")
                self._respond(method, target, rest[:length])

    def _respond(self, method: str, target: str, body: bytes) -> None:
        state = self.server.state
        path = target.partition("?")[0]
        if path == "/_bench":
            self._write(200, state.control(method, body))
        elif path == "/oauth/token":
            self._write(200, _TOKEN)
        elif wait := state.begin():
            self._write(429, _REFUSAL, b"Retry-After: %d\r\n" % math.ceil(wait))
        else:
            # Create the response when it is due, so that waiting ones take no memory.
            time.sleep(state.behaviour.latency)
            status, content = self._content(method, target, body)
            self._write(status, content)
            state.end()

    def _content(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        state = self.server.state
        parts = urlsplit(target)
        path = parts.path
        if path == QUERY:
            query = json.loads(body)
            paging = query.get("paging") or {"pageNumber": 1, "pageSize": 25}
            size = int(paging["pageSize"])
            return 200, state.page(days(query["interval"]), int(paging["pageNumber"]), size)
        if path.startswith(JOBS):
            rest = path.removeprefix(JOBS).strip("/")
            return self._of_jobs(method, rest, parse_qs(parts.query), body)
        return 200, _NOTHING

    def _of_jobs(
        self, method: str, rest: str, query: dict[str, list[str]], body: bytes
    ) -> tuple[int, bytes]:
        state = self.server.state
        name, _, results = rest.partition("/")
        if method == "POST":
            name = f"job-{len(state.jobs)}"
            state.jobs[name] = days(json.loads(body)["interval"])
            content = b'{"jobId":"%b"}' % name.encode()
        elif method == "DELETE":
            return 204, b""
        elif name == "availability":
            content = b'{"dataAvailabilityDate":"2030-01-01T00:00:00.000Z"}'
        elif results:
            size, cursor = (int(query.get(key, ["0"])[0]) for key in ("pageSize", "cursor"))
            content = state.org.results(state.jobs[name], cursor, size or 1000)
        else:
            content = b'{"state":"FULFILLED"}'
        return 200, content

    def _write(self, status: int, content: bytes, more: bytes = b"") -> None:
        kind = b"Content-Type: application/json\r\n" if content else b""
        head = b"HTTP/1.1 %d %b\r\n%b%bContent-Length: %d\r\n\r\n" % (
            status,
            _REASONS[status],
            kind,
            more,
            len(content),
        )
        self.request.sendmsg([head])
        self.request.sendall(content)


class Server(socketserver.ThreadingTCPServer):
    """The server.

    Args:
        state: The shared state.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, state: State) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.state = state


@lru_cache(1000)
def days(interval: str) -> tuple[date, ...]:
    """Return the UTC days of an interval, whose end is exclusive."""
    first, last = (date.fromisoformat(part[:10]) for part in interval.split("/"))
    ends_at_midnight = not interval.rpartition("T")[2].strip("0:.Z")
    count = (last - first).days + (0 if ends_at_midnight else 1)
    return tuple(first + timedelta(days=number) for number in range(count))


def serve() -> None:
    """Serve until standard input ends."""
    with Server(State()) as server:
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    serve()
