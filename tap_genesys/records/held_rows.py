"""Rows that are held back until it is clear whether they are emitted. Pure."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = dict[str, Any]

#: Rows that are packed together; so many are objects at any time.
_PACK = 500
#: The quickest; rows of aggregates have much in common, and become a twentieth.
_LEVEL = 1


class HeldRows:
    """Rows in their order, packed: a fraction of the memory that they take as objects."""

    def __init__(self) -> None:
        self._packs: list[bytes] = []
        self._rows: list[Record] = []

    def add(self, row: Record) -> None:
        """Take in a row."""
        self._rows.append(row)
        if len(self._rows) == _PACK:
            self._packs.append(zlib.compress(orjson.dumps(self._rows), _LEVEL))
            self._rows = []

    def release(self) -> Iterator[Record]:
        """Yield the rows as they were; what has been yielded is not held any more."""
        self._packs.reverse()
        while self._packs:
            yield from orjson.loads(zlib.decompress(self._packs.pop()))
        yield from self._rows
        self._rows = []
