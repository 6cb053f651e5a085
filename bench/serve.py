"""A server whose answers cost next to nothing, in a process of its own.

`python bench/serve.py` prints its port and serves 127.0.0.1 until its standard input ends. It
answers the login, the details query, a job's operations, and an empty listing to all else. How it
answers is set, and what it has seen is told, at `/_bench`:

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

from org import Org, Told, made

QUERY = "/api/v2/analytics/conversations/details/query"
JOBS = "/api/v2/analytics/conversations/details/jobs"
_TOKEN = b'{"access_token":"bench","token_type":"bearer","expires_in":86399}'
_NOTHING = b'{"entities":[],"results":[],"pageSize":100,"pageNumber":1,"pageCount":1,"total":0}'
_REFUSAL = b'{"message":"Rate limit exceeded","code":"too.many.requests","status":429}'
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_REASONS = {200: b"OK", 204: b"No Content", 429: b"Too Many Requests"}


@dataclass
class Habits:
    """How it answers.

    Args:
        latency: Seconds from a request to its answer.
        per_day: Conversations that start on a day.
        size: `large` or `small` conversations.
        limit: Requests that are answered in a window; 0 for no limit.
        window: Seconds of that window, which begins with its first request.
    """

    latency: float = 0
    per_day: int = 5000
    size: str = "large"
    limit: int = 0
    window: float = 60


@dataclass
class Seen:
    """What it has seen since its habits were set."""

    requests: int = 0
    refused: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    #: When the first request behind the login came, in seconds of the machine's clock.
    first: float | None = None


class State:
    """What all connections share."""

    def __init__(self) -> None:
        self.told: dict[str, list[Told]] = {}
        self.jobs: dict[str, tuple[date, ...]] = {}
        self._lock = threading.Lock()
        self.set(Habits())

    def set(self, habits: Habits) -> None:
        """Answer like this from now on, and begin to count."""
        if habits.size not in self.told:
            self.told[habits.size] = made(habits.size)
        self.habits = habits
        self.org = Org(habits.per_day, self.told[habits.size])
        #: The latest pages as they were sent, at about a megabyte each: rounds ask for the same.
        self.page = lru_cache(100)(self.org.page)
        self.seen = Seen()
        self._window_ends = 0.0
        self._left = 0

    def come(self) -> float:
        """Count a request; return the seconds that it has to wait, 0 when it is answered."""
        with self._lock:
            seen, now = self.seen, time.monotonic()
            seen.requests += 1
            seen.first = seen.first or now
            if self.habits.limit:
                if now >= self._window_ends:
                    self._window_ends, self._left = now + self.habits.window, self.habits.limit
                self._left -= 1
                if self._left < 0:
                    seen.refused += 1
                    return self._window_ends - now
            seen.in_flight += 1
            seen.most_in_flight = max(seen.most_in_flight, seen.in_flight)
            return 0

    def go(self) -> None:
        """Count an answer."""
        with self._lock:
            self.seen.in_flight -= 1

    def talk(self, method: str, body: bytes) -> bytes:
        """Take habits, tell what was seen."""
        with self._lock:
            if method == "PUT":
                self.set(Habits(**json.loads(body)))
            return json.dumps(asdict(self.seen)).encode()


class Connection(socketserver.BaseRequestHandler):
    """One connection, in a thread of its own; its requests come one after the other."""

    request: socket.socket
    server: Server

    def setup(self) -> None:
        """Let no answer wait for the one before it."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        """Answer until the other side has gone."""
        received = b""
        with contextlib.suppress(ConnectionError):
            while data := self.request.recv(1 << 16):
                received += data
                head, found, rest = received.partition(b"\r\n\r\n")
                if not found:
                    continue
                first, _, headers = head.partition(b"\r\n")
                told = _LENGTH.search(headers)
                length = int(told[1]) if told else 0
                if len(rest) < length:
                    continue
                received = rest[length:]
                method, target, _ = first.decode("ascii").split(" ")
                self._answer(method, target, rest[:length])

    def _answer(self, method: str, target: str, body: bytes) -> None:
        state = self.server.state
        path = target.partition("?")[0]
        if path == "/_bench":
            self._write(200, state.talk(method, body))
        elif path == "/oauth/token":
            self._write(200, _TOKEN)
        elif wait := state.come():
            self._write(429, _REFUSAL, b"Retry-After: %d\r\n" % math.ceil(wait))
        else:
            # The answer is made when it is due, so that those that wait take no memory.
            time.sleep(state.habits.latency)
            status, content = self._content(method, target, body)
            self._write(status, content)
            state.go()

    def _content(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        state = self.server.state
        parts = urlsplit(target)
        path = parts.path
        if path == QUERY:
            asked = json.loads(body)
            paging = asked.get("paging") or {"pageNumber": 1, "pageSize": 25}
            size = int(paging["pageSize"])
            return 200, state.page(days(asked["interval"]), int(paging["pageNumber"]), size)
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
            answer = b'{"jobId":"%b"}' % name.encode()
        elif method == "DELETE":
            return 204, b""
        elif name == "availability":
            answer = b'{"dataAvailabilityDate":"2030-01-01T00:00:00.000Z"}'
        elif results:
            size, cursor = (int(query.get(key, ["0"])[0]) for key in ("pageSize", "cursor"))
            answer = state.org.results(state.jobs[name], cursor, size or 1000)
        else:
            answer = b'{"state":"FULFILLED"}'
        return 200, answer

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
        state: What it is about.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, state: State) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.state = state


@lru_cache(1000)
def days(interval: str) -> tuple[date, ...]:
    """Return the UTC days that an interval touches, its end left out."""
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
