"""The place of the records in a response: one class per form that the vendor uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tap_genesys.api.shape import LIST, OBJECT, TEXT, AnyOf, Required

if TYPE_CHECKING:
    from tap_genesys.api.response import Record
    from tap_genesys.api.shape import Shape


class Extraction(Protocol):
    """The place of the records in a response's body."""

    #: Whether the body is an array instead of an object.
    is_array: ClassVar[bool]

    @property
    def shape(self) -> Shape:
        """The shape that a body must have."""

    def of(self, content: Record) -> list[Any]:
        """Return the records of a body; one may be no object."""

    def is_absent(self, content: Record) -> bool:
        """Return whether the body has no place for records, so that some may exist unseen."""


@dataclass(frozen=True, slots=True)
class Field:
    """A list in one field: `{"entities": [{"id": "1"}]}`; an absent field counts as empty.

    Args:
        name: The field.
        leading: A field with one record that precedes those of the list; empty without one.
    """

    name: str = "entities"
    leading: str = ""
    is_array: ClassVar[bool] = False

    @property
    def shape(self) -> Shape:
        """The shape that a body must have."""
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
    """The body itself: `[{"id": "1"}]`, which `body` returns as `{"entities": [...]}`."""

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
    """The body as the only record: `{"id": "1"}`; an empty body has none."""

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
    """A map in one field, whose entries are records: `{"utilization": {"call": {...}}}`.

    Args:
        name: The field.
        key: The column of an entry's key.
        value: The column of an entry's value; None if the value is an object of columns.
    """

    name: str
    key: str
    value: str | None = None
    is_array: ClassVar[bool] = False

    @property
    def shape(self) -> Shape:
        """The shape that a body must have."""
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
