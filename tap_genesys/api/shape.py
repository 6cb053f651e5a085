"""The shape of a response: the JSON that the code requires, checked before it is read. Pure.

A shape names the parts that the code reads, and their kinds::

    {"state": Required(TEXT), "cursor": TOKEN, "results": [{"group": OBJECT}]}

A part may be absent or null, unless it is required. Parts that a shape does not name are not
checked.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tap_genesys.replication.windows import parse

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS = re.compile(r"[0-9]{1,18}")


class Kind(NamedTuple):
    """A kind of JSON value.

    Args:
        name: The name in a message, with an article.
        holds: Returns whether a value is of this kind.
    """

    name: str
    holds: Callable[[object], bool]


class Required(NamedTuple):
    """A part that may be neither absent nor null, nor an empty text.

    Args:
        shape: The shape of the part.
    """

    shape: Any


class AnyOf(NamedTuple):
    """A value that has one of several shapes.

    Args:
        shapes: The shapes; a message names the first.
    """

    shapes: tuple[Any, ...]


#: A kind; an object with some fields; a list of which each entry has a shape.
Shape: TypeAlias = "Kind | Required | AnyOf | dict[str, Any] | list[Any]"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    if isinstance(value, str):
        return _DIGITS.fullmatch(value) is not None
    return _is_number(value) and float(value) >= 0 and float(value).is_integer()  # type: ignore[arg-type]


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse(value)
    except ValueError:
        return False
    return True


ANYTHING = Kind("anything", lambda _value: True)
TEXT = Kind("a text", lambda value: isinstance(value, str))
NUMBER = Kind("a number", _is_number)
#: A whole number, or a text of digits.
COUNT = Kind("a count", _is_count)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
#: A date or a moment, as ISO 8601.
DATE = Kind("a date", _is_date)
#: The token of a page: a text, or a number.
TOKEN = Kind("a token", lambda value: isinstance(value, str) or _is_number(value))


def misfit(value: object, shape: Shape, place: str = "") -> str:
    """Return the first place where a value does not have a shape; an empty text if it has it.

    Args:
        value: JSON.
        shape: The shape.
        place: The path to the value; empty for a whole body.

    Returns:
        Expected and actual kind of the first part that does not fit, without its contents:
        ``expected a list in `results[0].data`, got a text``.
    """
    while isinstance(shape, Required):
        # An empty text identifies nothing.
        value, shape = (None if value == "" else value), shape.shape
    if isinstance(shape, AnyOf):
        misfits = [misfit(value, option, place) for option in shape.shapes]
        return misfits[0] if all(misfits) else ""
    if isinstance(shape, Kind):
        return "" if shape.holds(value) else _expected(shape.name, value, place)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _expected(LIST.name, value, place)
        parts = ((entry, shape[0], f"{place}[{number}]") for number, entry in enumerate(value))
    else:
        if not isinstance(value, dict):
            return _expected(OBJECT.name, value, place)
        parts = (
            (value.get(name), part, f"{place}.{name}" if place else name)
            for name, part in shape.items()
            if isinstance(part, Required) or value.get(name) is not None
        )
    return next(filter(None, (misfit(*part) for part in parts)), "")


def kind_of(value: object) -> str:
    """Return the kind of a value, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a truth value"
    kinds = (TEXT, NUMBER, OBJECT)
    return next((kind.name for kind in kinds if kind.holds(value)), LIST.name)


def _expected(kind: str, value: object, place: str) -> str:
    where = f" in {json.dumps(place)}" if place else ""
    return f"expected {kind}{where}, got {kind_of(value)}"
