"""Where in a response its records are: one value for each way in which the vendor sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tap_genesys.api.shape import LIST, OBJECT, TEXT, AnyOf, Required

if TYPE_CHECKING:
    from tap_genesys.api.response import Record
    from tap_genesys.api.shape import Shape


class Extraction(Protocol):
    """Takes the records out of a response's body."""

    #: Whether the body is an array, and not an object.
    is_array: ClassVar[bool]

    @property
    def shape(self) -> Shape:
        """The shape that a body needs."""

    def of(self, content: Record) -> list[Any]:
        """Return the records of a body; one may be no object."""

    def is_absent(self, content: Record) -> bool:
        """Return whether the body lacks the place of its records, which may exist all the same."""


@dataclass(frozen=True, slots=True)
class Field:
    """A list in one field: `{"entities": [{"id": "1"}]}`; no field is like an empty list.

    Args:
        name: The field.
        leading: A field whose one record precedes those of the list; empty where there is none.
    """

    name: str = "entities"
    leading: str = ""
    is_array: ClassVar[bool] = False

    @property
    def shape(self) -> Shape:
        """The shape that a body needs."""
        return {self.name: LIST, **({self.leading: OBJECT} if self.leading else {})}

    def of(self, content: Record) -> list[Any]:
        """Return the records of a body."""
        records = content.get(self.name) or []
        leading = content.get(self.leading) if self.leading else None
        return [leading, *records] if leading else records

    def is_absent(self, content: Record) -> bool:
        """Return whether the body lacks the list."""
        return self.name not in content


@dataclass(frozen=True, slots=True)
class Array:
    """The body itself: `[{"id": "1"}]`, which `body` gives as the field `entities`."""

    is_array: ClassVar[bool] = True
    shape: ClassVar[Shape] = AnyOf(({"entities": Required(LIST)}, {"downloadUrl": Required(TEXT)}))

    def of(self, content: Record) -> list[Any]:
        """Return the records of a body."""
        return content.get("entities") or []

    def is_absent(self, content: Record) -> bool:
        """Return whether the body is no array."""
        return "entities" not in content


@dataclass(frozen=True, slots=True)
class Whole:
    """The body is the one record: `{"id": "1"}`; an empty one is none."""

    is_array: ClassVar[bool] = False
    shape: ClassVar[Shape] = OBJECT

    def of(self, content: Record) -> list[Any]:
        """Return the records of a body."""
        return [content] if content else []

    def is_absent(self, content: Record) -> bool:  # noqa: ARG002 - the body is always there
        """Return False."""
        return False


@dataclass(frozen=True, slots=True)
class Map:
    """A map in one field, each of whose entries is a record: `{"utilization": {"call": {...}}}`.

    Args:
        name: The field.
        key: The column of an entry's key.
        value: The column of its value; None where the value is an object, whose fields are columns.
    """

    name: str
    key: str
    value: str | None = None
    is_array: ClassVar[bool] = False

    @property
    def shape(self) -> Shape:
        """The shape that a body needs."""
        return {self.name: OBJECT}

    def of(self, content: Record) -> list[Any]:
        """Return the records of a body."""
        entries = content.get(self.name) or {}
        if self.value is None:
            return [
                {**value, self.key: key} if isinstance(value, dict) else value
                for key, value in entries.items()
            ]
        return [{self.key: key, self.value: value} for key, value in entries.items()]

    def is_absent(self, content: Record) -> bool:  # noqa: ARG002 - an org may have none
        """Return False."""
        return False
