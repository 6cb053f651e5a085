"""Rows of reference data, made up field by field from the schemas of the vendor's document."""

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
    """Return each listing's path with its paging and the shape of its rows (generated)."""
    text = (Path(__file__).parent / "shapes.json").read_text("utf-8")
    listings: dict[str, Row] = json.loads(text)
    return listings


def row(shape: Any, *parts: object) -> Any:  # noqa: ANN401 - JSON is anything
    """Return a value of a shape, the same for the same parts.

    Args:
        shape: A kind of value, `{"one of": …}`, a list of one shape, or fields with their shapes.
        parts: The identity of the value.
    """
    return _value(shape, "/".join(map(str, parts)))


def _value(shape: Any, place: str) -> Any:  # noqa: ANN401 - JSON is anything
    if isinstance(shape, list):
        return [_value(shape[0], f"{place}/0")]
    if isinstance(shape, dict):
        if "one of" in shape:
            return shape["one of"][_number(place) % len(shape["one of"])]
        return {name: _field(name, inner, place) for name, inner in shape.items()}
    return _scalar(shape, place)


def _field(name: str, shape: Any, place: str) -> Any:  # noqa: ANN401 - JSON is anything
    if shape == "string":
        if name == "id":
            return identifier(place, "id")
        if name == "name":
            return f"{_WORDS[_number(place) % len(_WORDS)]} {place.rpartition('/')[2]}"
    return _value(shape, f"{place}/{name}")


def _scalar(kind: str, place: str) -> Any:  # noqa: ANN401 - JSON is anything
    number = _number(place)
    if kind == "integer":
        return number % 1000
    if kind == "number":
        return number % 10_000 / 100
    if kind == "boolean":
        return bool(number % 2)
    if kind in ("date", "date-time"):
        day = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}"
        if kind == "date":
            return day
        return f"{day}T{number % 24:02}:{number % 60:02}:{number % 59:02}.{number % 1000:03}Z"
    return f"{_WORDS[number % len(_WORDS)].lower()} {number % 10_000}"


def _number(place: str) -> int:
    return int.from_bytes(blake2b(place.encode(), digest_size=4).digest(), "big")
