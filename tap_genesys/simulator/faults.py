"""What can go wrong, on demand: which answer, when, and how often."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

#: Every kind of fault, and what it does to the response.
KINDS = {
    "status": "answers with `status` (`retry_after` as given, a 429 with `limit`) instead",
    "unauthorized": "lets every token expire, so that it answers 401 and the next login helps",
    "forbidden": "answers 403 and names the permission `permission`",
    "drop": "closes the connection without an answer",
    "cut": "closes the connection in the middle of the answer",
    "slow": "waits `seconds` before the answer",
    "stall": "waits `seconds` in the middle of the answer",
    "html": "answers 200 with a page for people",
    "empty": "leaves the records out, and the counts as they are",
    "state": "says that a job is in the state `state`",
    "same_page": "answers with the first page, whichever was asked for",
}


@dataclass
class Fault:
    """One thing that goes wrong.

    Args:
        kind: One of `KINDS`.
        path: A piece of the path that it happens on; the empty one is on every path.
        page: Only on requests for this page number; None is on any.
        after: How many matching requests go well before it.
        times: How often it happens; None is for ever.
        status: For `status`.
        retry_after: The header's value, for `status`: seconds, an HTTP date, or `in:` and seconds
            for the HTTP date that is so far away.
        limit: The key of the limit that a 429 names, for `status`; the empty one names none.
        permission: For `forbidden`.
        seconds: For `slow` and `stall`.
        state: For `state`.
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
    _matched: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"no fault is called {self.kind!r}; there are {', '.join(KINDS)}"
            raise ValueError(msg)

    @property
    def headers(self) -> dict[str, str]:
        """What the answer's headers say of when to ask again."""
        if self.retry_after is None:
            return {}
        kind, _, seconds = self.retry_after.rpartition(":")
        if kind != "in":
            return {"Retry-After": self.retry_after}
        return {"Retry-After": formatdate(time.time() + float(seconds), usegmt=True)}

    @property
    def named_limit(self) -> dict[str, str | int] | None:
        """What the answer's body says of the limit that was reached."""
        if self.status != HTTPStatus.TOO_MANY_REQUESTS or not self.limit:
            return None
        namespace = "analytics" if self.limit.startswith("details.") else "platform.api"
        return {"key": self.limit, "namespace": namespace, "value": 300}

    def happens(self, path: str, page: int | None) -> bool:
        """Return whether it happens to this request, and count the request."""
        if self.path not in path or self.page not in (None, page):
            return False
        self._matched += 1
        place = self._matched - self.after
        return place > 0 and (self.times is None or place <= self.times)


class Faults:
    """The faults that are waiting to happen; the first that does is the one."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let this go wrong."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._faults.clear()

    def of(self, path: str, page: int | None) -> Fault | None:
        """Return what goes wrong with this request, if anything."""
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
