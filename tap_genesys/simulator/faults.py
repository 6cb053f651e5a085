"""Faults to inject: their kinds, where they happen, and how often."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus

#: Kind of fault -> its effect on the response.
KINDS = {
    "status": "returns `status` instead, with `retry_after`, and a 429 with `limit`",
    "unauthorized": "expires all tokens and returns 401; the next login works",
    "forbidden": "returns 403 with the missing permission `permission`",
    "drop": "closes the connection without a response",
    "cut": "closes the connection in the middle of the response",
    "slow": "waits `seconds` before the response",
    "stall": "waits `seconds` in the middle of the response",
    "html": "returns 200 with an HTML page",
    "empty": "removes the records and keeps the counts",
    "state": "returns the job state `state`",
    "same_page": "returns the first page in place of any other",
}


@dataclass
class Fault:
    """A fault.

    Args:
        kind: One of `KINDS`.
        path: A part of the paths on which it happens; empty for every path.
        page: The page number on which it happens; None for any.
        after: The number of matching requests before it that succeed.
        times: The number of times that it happens; None for ever.
        status: The HTTP status, for `status`.
        retry_after: The value of the header, for `status`: seconds, an HTTP date, or `in:` and
            seconds for the HTTP date after so many seconds.
        limit: The key of the limit in a 429, for `status`; empty for none.
        permission: The missing permission, for `forbidden`.
        seconds: The wait, for `slow` and `stall`.
        state: The job's state, for `state`.
    """

    kind: str
    path: str = ""
    page: int | None = None
    after: int = 0
    times: int | None = 1
    status: int = 503
    retry_after: str | None = None
    limit: str = "token.rate.per.minute"
    permission: str = "analytics:conversationDetail:view"
    seconds: float = 1.0
    state: str = "FAILED"
    _matched: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"no fault is called {self.kind!r}; there are {', '.join(KINDS)}"
            raise ValueError(msg)

    @property
    def headers(self) -> dict[str, str]:
        """The header `Retry-After` of the response, if it has one."""
        if self.retry_after is None:
            return {}
        kind, _, seconds = self.retry_after.rpartition(":")
        if kind != "in":
            return {"Retry-After": self.retry_after}
        return {"Retry-After": formatdate(time.time() + float(seconds), usegmt=True)}

    @property
    def named_limit(self) -> dict[str, str | int] | None:
        """The `limit` in the body of a 429, if it has one."""
        if self.status != HTTPStatus.TOO_MANY_REQUESTS or not self.limit:
            return None
        namespace = "analytics" if self.limit.startswith("details.") else "platform.api"
        return {"key": self.limit, "namespace": namespace, "value": 300}

    def happens(self, path: str, page: int | None) -> bool:
        """Count a request, and return whether the fault happens to it."""
        if self.path not in path or self.page not in (None, page):
            return False
        self._matched += 1
        place = self._matched - self.after
        return place > 0 and (self.times is None or place <= self.times)


class Faults:
    """The faults of a simulator; of those that match a request, the first one happens."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Whether there is any fault, even one that happens no more."""
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """Add a copy of a fault, whose count of requests begins at 0."""
        with self._lock:
            self._faults.append(replace(fault))

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def of(self, path: str, page: int | None) -> Fault | None:
        """Return the fault that happens to a request; None if there is none."""
        with self._lock:
            return next((fault for fault in self._faults if fault.happens(path, page)), None)


def parse(text: str) -> Fault:
    """Read a fault from the command line: `status:status=429,retry_after=3,times=2`.

    Raises:
        ValueError: The kind, a key or a value is unknown.
    """
    kind, _, rest = text.partition(":")
    options: dict[str, object] = {}
    for pair in filter(None, rest.split(",")):
        key, _, value = pair.partition("=")
        if key in ("page", "after", "status"):
            options[key] = int(value)
        elif key == "times":
            options[key] = None if value == "forever" else int(value)
        elif key == "seconds":
            options[key] = float(value)
        elif key in ("path", "retry_after", "limit", "permission", "state"):
            options[key] = value
        else:
            msg = f"a fault has no {key!r}"
            raise ValueError(msg)
    return Fault(kind, **options)  # type: ignore[arg-type] # by name, checked above
