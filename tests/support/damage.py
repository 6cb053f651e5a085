"""Damage responses of a simulator on their way; a seed decides which ones, and how."""

from __future__ import annotations

import random
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from zlib import crc32

import orjson
import requests
from requests.adapters import HTTPAdapter

from support.direct import respond_directly
from tap_genesys.api.request_note import note_of
from tap_genesys.api.response import RECORD_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_genesys.simulator import Simulator

ELSEWHERE = "https://elsewhere.example.test"
#: A run that sends more requests than this is endless.
MOST_REQUESTS = 4_000
#: Values of each type, to replace a value of another type.
OTHERS: tuple[Any, ...] = (
    "nonsense",
    "",
    7,
    -1.5,
    10**17,
    True,
    None,
    [],
    ["a"],
    {},
    {"a": 1},
    [[]],
)
LONGEST_NEST = 100_000


class EndlessError(BaseException):
    """The run does not end. No error handler may catch this."""


@dataclass
class Damage:
    """The damage to a response, and the texts of the rows that may be lost by it.

    Args:
        kind: The name of the damage.
        stream: The stream that the response was for.
        place: The path to the damaged part; empty for the whole body.
        texts: The texts of the damaged record.
        is_paging: Whether the token of the next page may be lost.
    """

    kind: str
    stream: str
    place: str = ""
    texts: frozenset[str] = frozenset()
    is_paging: bool = False


@dataclass
class Damager:
    """Damages a share of the responses, the same ones for the same seed in any order.

    Args:
        seed: The seed of which responses are damaged, and how.
        share: The share of damaged responses.
    """

    seed: int
    share: float
    damages: list[Damage] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    _times: dict[str, int] = field(default_factory=dict)
    _requests: int = 0

    @contextmanager
    def between(self, sim: Simulator) -> Iterator[None]:
        """Pass requests straight to a simulator, and damage its responses."""

        def send(
            _adapter: HTTPAdapter, request: requests.PreparedRequest, *_args: Any, **_options: Any
        ) -> requests.Response:
            self._requests += 1
            if self._requests > MOST_REQUESTS:
                raise EndlessError
            url = str(request.url)
            if not url.startswith(sim.url):
                if "Authorization" in request.headers:
                    self.hosts.add(url)
                raise requests.exceptions.ConnectionError(request=request)
            return self._damaged(respond_directly(sim, request), request)

        with patch.object(HTTPAdapter, "send", send):
            yield

    def _damaged(
        self, response: requests.Response, request: requests.PreparedRequest
    ) -> requests.Response:
        key = f"{self.seed} {request.method} {request.path_url} {request.body!r}"
        self._times[key] = self._times.get(key, 0) + 1
        dice = random.Random(crc32(f"{key} {self._times[key]}".encode()))  # noqa: S311 - no secret
        if dice.random() >= self.share or not response.content:
            return response
        damage = dice.choice(KINDS)(response, dice)
        damage.stream = note_of(request).stream
        if not damage.stream:
            # A download: its address names the record that its content is a part of.
            damage.texts |= {str(request.url)}
        self.damages.append(damage)
        return response


def _replaced(response: requests.Response, dice: random.Random) -> Damage:
    """Replace a value by one of another type."""
    body = orjson.loads(response.content)
    path = _path(body, dice)
    before = _at(body, path)
    others = [other for other in OTHERS if type(other) is not type(before)]
    damage = _damage("replaced", body, path)
    changed = _changed(body, path, dice.choice(others))
    _put(response, changed)
    return damage


def _doubled(response: requests.Response, dice: random.Random) -> Damage:
    """Double a list."""
    body = orjson.loads(response.content)
    lists = [path for path in _paths(body) if isinstance(_at(body, path), list)]
    if not lists:
        return _cut(response, dice)
    path = dice.choice(lists)
    _put(response, _changed(body, path, _at(body, path) * 2))
    return _damage("doubled", body, path)


def _removed(response: requests.Response, dice: random.Random) -> Damage:
    """Remove a key."""
    body = orjson.loads(response.content)
    keys = [path for path in _paths(body) if path and isinstance(path[-1], str)]
    if not keys:
        return _cut(response, dice)
    path = dice.choice(keys)
    changed = deepcopy(body)
    del _at(changed, path[:-1])[path[-1]]
    _put(response, changed)
    return _damage("removed", body, path)


def _nested(response: requests.Response, dice: random.Random) -> Damage:
    """Nest a value deeply, at times more deeply than any parser accepts."""
    depth = dice.choice([50, 200, 253, 300, 900, 1_100, LONGEST_NEST])
    body = orjson.loads(response.content)
    path = _path(body, dice)
    marker = "the place of the nest"
    text = orjson.dumps(_changed(body, path, marker)).decode()
    opened, closed = dice.choice([("[", "]"), ('{"a":', "}")])
    response._content = text.replace(f'"{marker}"', opened * depth + "1" + closed * depth).encode()
    return _damage("nested", body, path)


def _no_content(response: requests.Response, dice: random.Random) -> Damage:  # noqa: ARG001
    """Return 204."""
    response.status_code, response._content = 204, b""
    return Damage("no content", "")


def _redirected(response: requests.Response, dice: random.Random) -> Damage:
    """Return a redirect."""
    response.status_code = dice.choice([301, 302, 303, 307, 308])
    response.headers["Location"] = dice.choice(
        [f"{ELSEWHERE}/api", "//elsewhere.example.test", "http://[", "", "/api/v2/users", "::"]
    )
    response._content = dice.choice([b"", b"{}", b"<html>"])
    return Damage("redirected", "")


def _cut(response: requests.Response, dice: random.Random) -> Damage:
    """Cut the body, as JSON or as a transfer."""
    if dice.random() < 0.5:
        raise requests.exceptions.ChunkedEncodingError(request=response.request)
    response._content = response.content[: dice.randrange(len(response.content))]
    return Damage("cut", "")


def _throttled(response: requests.Response, dice: random.Random) -> Damage:
    """Return 429 with a nonsensical limit and delay."""
    response.status_code = 429
    response.headers["Retry-After"] = dice.choice(
        ["soon", "-5", "nan", "", "1e3", "Wed, 99 Foo 2026", "Wed, 21 Oct 9999 07:28:00 GMT"]
    )
    response._content = dice.choice(
        [
            b"",
            b"<html>",
            b"[]",
            b"7",
            b'{"limit": 5}',
            b'{"limit": {"key": ["a"]}}',
            b'{"message": {}}',
        ]
    )
    return Damage("throttled", "")


#: Two damages in three are to the body, since those are the harder ones.
KINDS = (
    *(_replaced, _replaced, _replaced, _removed, _removed, _doubled, _nested, _nested),
    *(_no_content, _redirected, _cut, _throttled),
)
_TOKENS = ("cursor", "cursors", "nextUri", "after", "pageCount", "totalHits", "total", "pageSize")


def _damage(kind: str, body: Any, path: tuple[str | int, ...]) -> Damage:
    """Return the damage to a part; at most the record that holds it may be lost."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    is_paging = any(part in _TOKENS for part in path[:2]) or not path
    # The record is the entry of the first list in the path; damage above it concerns all records.
    is_listed = bool(path) and (isinstance(path[0], int) or path[0] in RECORD_KEYS)
    depth = next((place + 1 for place, part in enumerate(path) if isinstance(part, int)), 0)
    # Elsewhere the whole body is the record.
    depth = depth if is_listed else 0
    return Damage(kind, "", place, frozenset(_texts(_at(body, path[:depth]))), is_paging)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _paths(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _paths(part, (*path, number))


def _path(body: Any, dice: random.Random) -> tuple[str | int, ...]:
    """Return the path to a random part; parts near the top are as likely as the many below."""
    path: tuple[str | int, ...] = ()
    value = body
    while isinstance(value, dict | list) and value and (not path or dice.random() < 0.7):
        part = dice.choice([*value]) if isinstance(value, dict) else dice.randrange(len(value))
        path, value = (*path, part), value[part]
    return path


def _at(body: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        body = body[part]
    return body


def _changed(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    changed = deepcopy(body)
    _at(changed, path[:-1])[path[-1]] = value
    return changed


def _put(response: requests.Response, body: Any) -> None:
    response._content = orjson.dumps(body)
