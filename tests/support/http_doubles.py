"""Responses without a server, and a clock whose waits take no time."""

from __future__ import annotations

from typing import Any

import orjson
import requests

from tap_genesys import interruption


def response(
    body: object = None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
) -> requests.Response:
    """Return a response with `body` as JSON, or with `content` as it is."""
    double = requests.Response()
    double.status_code = status
    double.headers.update(headers or {})
    double._content = orjson.dumps(body) if content is None else content
    return double


def rows(start: int, count: int, key: str = "conversationId") -> list[dict[str, Any]]:
    """Return `count` records with different ids."""
    return [{key: f"c{number}"} for number in range(start, start + count)]


class Clock(interruption.Clock):
    """A clock that moves on in each wait, without waiting."""

    def __init__(self) -> None:
        super().__init__(interruption.Interruption())
        self.now = 1000.0
        self.waits: list[float] = []

    def seconds(self) -> float:
        """Return the present, in seconds."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Move the clock on."""
        self.waits.append(seconds)
        self.now += max(seconds, 0.0)
