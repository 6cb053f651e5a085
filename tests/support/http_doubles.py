"""Bare responses and a clock that nobody has to wait for, for tests that need no server."""

from __future__ import annotations

from typing import Any

import orjson
import requests

from tap_genesys import interruption


def response(
    answer: object = None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
) -> requests.Response:
    """Make a response that holds `answer` as JSON, or `content` as it is."""
    made = requests.Response()
    made.status_code = status
    made.headers.update(headers or {})
    made._content = orjson.dumps(answer) if content is None else content
    return made


def rows(start: int, count: int, key: str = "conversationId") -> list[dict[str, Any]]:
    """Make `count` records with different ids."""
    return [{key: f"c{number}"} for number in range(start, start + count)]


class Clock(interruption.Clock):
    """A clock whose time passes at once, in each wait."""

    def __init__(self) -> None:
        super().__init__(interruption.Interruption())
        self.now = 1000.0
        self.waits: list[float] = []

    def seconds(self) -> float:
        """Return the present moment."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.now += max(seconds, 0.0)
