"""The record pipeline: filter, redact, add the tap's own columns. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from tap_genesys.api.response import Record


class RecordPipeline:
    """Turns records into rows; filters come before redaction.

    Args:
        columns: The columns of the schema; other fields of a record go into `_extra`.
        redact: Applies the `pii` rules to a record, in place; None without rules.
    """

    def __init__(self, columns: Collection[str], redact: Callable[[Record], object] | None) -> None:
        self._columns = frozenset(columns)
        self._redact = redact

    def rows(
        self, records: Iterable[Record], keeps: Callable[[Record], bool], own: Record
    ) -> Iterator[Record]:
        """Yield the rows of records, which are modified in place.

        Args:
            records: The vendor's records.
            keeps: Returns whether a record, before redaction, becomes a row.
            own: The tap's own columns of each row, such as `_readAt`.
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
