"""Tables in memory, as an upserting target keeps them, compared with those of a load of all."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, Any]
DETAILS = "conversation_details"
#: When and how a row was read.
READING = ("_readAt", "_source")


class Tables:
    """Rows by stream and key: a later row of a key replaces the one before."""

    def __init__(self) -> None:
        self._keys: dict[str, list[str]] = {}
        self._rows: dict[str, dict[tuple[Any, ...], Row]] = defaultdict(dict)

    def load(self, messages: Iterable[dict[str, Any]]) -> None:
        """Load the messages of a run."""
        for message in messages:
            if message["type"] == "SCHEMA":
                self._keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                stream, row = message["stream"], message["record"]
                self._rows[stream][tuple(row[name] for name in self._keys[stream])] = row

    def drop(self, stream: str) -> None:
        """Drop a table."""
        del self._rows[stream]

    def copy(self) -> Tables:
        """Return a backup."""
        tables = Tables()
        tables._keys.update(self._keys)
        tables._rows.update({stream: dict(rows) for stream, rows in self._rows.items()})
        return tables

    def rows(self, stream: str) -> list[Row]:
        """Return the rows of a table."""
        return [*self._rows[stream].values()]

    def current(self, stream: str) -> dict[tuple[Any, ...], Row]:
        """Return the current rows by key, without the columns of their reading.

        A row of a conversation's table is current if it is not older than its conversation
        (docs/warehouse.md, rows that vanish).
        """
        read = {row["conversationId"]: row["_readAt"] for row in self.rows(DETAILS)}
        return {
            key: {name: value for name, value in row.items() if name not in READING}
            for key, row in self._rows[stream].items()
            # Only rows of its tables have its id.
            if row.get("_readAt", "") >= read.get(row.get("conversationId"), "")
        }
