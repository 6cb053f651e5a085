"""The one way from a record to a row: filter, redact, add our own columns. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from tap_genesys.api.response import Record


class RecordPipeline:
    """Turns records into rows; a record that is dropped is not redacted first.

    Args:
        columns: The columns of the schema; other fields of a record go into `_extra`.
        redact: Applies the rules about personal data to a record, in place; None without rules.
    """

    def __init__(self, columns: Collection[str], redact: Callable[[Record], object] | None) -> None:
        self._columns = frozenset(columns)
        self._redact = redact

    def rows(
        self, records: Iterable[Record], keeps: Callable[[Record], bool], own: Record
    ) -> Iterator[Record]:
        """Yield each record that is kept, changed into a row.

        Args:
            records: Records as the vendor sends them.
            keeps: Returns whether a record, not yet redacted, is wanted.
            own: Our own columns of each row, `_readAt` among them.
        """
        columns, redact = self._columns, self._redact
        for record in records:
            if not keeps(record):
                continue
            if redact is not None:
                redact(record)
            extra = {name: value for name, value in record.items() if name not in columns}
            record["_extra"] = extra or None
            record.update(own)
            yield record
