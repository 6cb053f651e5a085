"""Rows of reference data, made up field by field from what the vendor's document says of them."""

from __future__ import annotations

import json
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tap_genesys.simulator.staff import identifier

Row = dict[str, Any]

_WORDS = """Alder Birch Cedar Dogwood Elder Fir Ginkgo Hazel Ironwood Juniper Katsura Larch Maple
Nutmeg Oak Pine Quince Rowan Spruce Teak Umbrella Viburnum Willow Yew""".split()


@cache
def shapes() -> dict[str, Row]:
    """Return each listing's path with how it pages and what its rows look like (generated)."""
    text = (Path(__file__).parent / "shapes.json").read_text("utf-8")
    made: dict[str, Row] = json.loads(text)
    return made


def row(shape: Any, *parts: object) -> Any:  # noqa: ANN401 - JSON is anything
    """Return a value of a shape, the same for the same parts.

    Args:
        shape: A kind of value, `{"one of": …}`, a list of one shape, or fields with their shapes.
        parts: What tells it from others.
    """
    if isinstance(shape, list):
        return [row(shape[0], *parts, 0)]
    if isinstance(shape, dict):
        if "one of" in shape:
            return shape["one of"][_number(*parts) % len(shape["one of"])]
        return {name: _field(name, inner, *parts) for name, inner in shape.items()}
    return _scalar(shape, *parts)


def _field(name: str, shape: Any, *parts: object) -> Any:  # noqa: ANN401 - JSON is anything
    if name == "id" and shape == "string":
        return identifier(*parts, "id")
    if name == "name" and shape == "string":
        return f"{_WORDS[_number(*parts) % len(_WORDS)]} {parts[-1]}"
    return row(shape, *parts, name)


def _scalar(kind: str, *parts: object) -> Any:  # noqa: ANN401 - JSON is anything
    number = _number(*parts)
    if kind == "integer":
        return number % 1000
    if kind == "number":
        return number % 10_000 / 100
    if kind == "boolean":
        return bool(number % 2)
    day = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}"
    if kind == "date":
        return day
    if kind == "date-time":
        return f"{day}T{number % 24:02}:{number % 60:02}:{number % 59:02}.{number % 1000:03}Z"
    return f"{_WORDS[number % len(_WORDS)].lower()} {number % 10_000}"


def _number(*parts: object) -> int:
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")
