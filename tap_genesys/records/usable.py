"""Usable records: objects with their key, which can become rows. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from tap_genesys.api.shape import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_genesys.api.response import Record

#: Levels around a record in a message: the message, `record`, `_extra`, and one to spare.
_LEVELS_ABOVE = 4


def usable(extracted: Iterable[Any], keys: Sequence[str]) -> tuple[list[Record], Counter[str]]:
    """Return the usable records, and the number of others by reason.

    Args:
        extracted: The records of a response, as parsed JSON of any type.
        keys: The fields that identify a record; each must be a text or a number.

    Returns:
        The records that are objects, have their key, and are not nested too deeply to be
        serialized; and reason -> number of other records. A reason has no contents of the record.
    """
    records: list[Record] = []
    reasons = Counter[str]()
    for record in extracted:
        if reason := _misfit(record, keys):
            reasons[reason] += 1
        else:
            records.append(record)
    if records and not _can_be_written(records):
        shallow = [record for record in records if _can_be_written(record)]
        reasons["an object that is nested too deeply"] = len(records) - len(shallow)
        records = shallow
    return records, reasons


def parted(value: object) -> tuple[list[Record], list[Any]]:
    """Return the objects in a list, and its other values; another type counts as other value.

    Args:
        value: The list; None counts as an empty one.
    """
    if value is None:
        return [], []
    if not isinstance(value, list):
        return [], [[value] if isinstance(value, dict) else value]
    objects = [entry for entry in value if isinstance(entry, dict)]
    if len(objects) == len(value):
        return value, []
    return objects, [entry for entry in value if not isinstance(entry, dict)]


def is_identity(value: object) -> bool:
    """Return whether a value can identify a record: a non-empty text, or a number."""
    return bool(value) if isinstance(value, str) else type(value) in (int, float)


def _misfit(record: object, keys: Sequence[str]) -> str:
    if not isinstance(record, dict):
        return kind_of(record)
    missing = next((key for key in keys if not is_identity(record.get(key))), None)
    return "" if missing is None else f"an object without `{missing}`"


def _can_be_written(record: object) -> bool:
    for _ in range(_LEVELS_ABOVE):
        record = [record]
    try:
        orjson.dumps(record)
    except TypeError:  # orjson serializes 254 levels, and parses 1,024
        return False
    return True
