"""A compressed buffer of rows, until it is known whether they are emitted. Pure."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = dict[str, Any]

#: Rows per compressed pack, and uncompressed rows at most.
_PACK = 500
#: The fastest level; it compresses rows of aggregates to a twentieth.
_LEVEL = 1


class HeldRows:
    """Buffers rows in their order, with a fraction of the memory of objects."""

    def __init__(self) -> None:
        self._packs: list[bytes] = []
        self._rows: list[Record] = []

    def add(self, row: Record) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) == _PACK:
            self._packs.append(zlib.compress(orjson.dumps(self._rows), _LEVEL))
            self._rows = []

    def release(self) -> Iterator[Record]:
        """Yield the rows in their order, and free each pack."""
        self._packs.reverse()
        while self._packs:
            yield from orjson.loads(zlib.decompress(self._packs.pop()))
        yield from self._rows
        self._rows = []
