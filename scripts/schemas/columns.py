"""The columns that all streams have in common: the key, and the tap's own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.models import Json

TEXT: Json = {"type": ["string", "null"]}
MOMENT: Json = {"type": ["string", "null"], "format": "date-time"}
#: The tap's own columns.
OWN: Json = {
    "_extra": {
        "type": ["object", "null"],
        "additionalProperties": True,
        "description": "Root fields that the vendor sends and this schema does not know yet.",
    },
    "_readAt": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the tap read this row (UTC).",
    },
}


def schema_of_rows(columns: Json, keys: Sequence[str], own: Json = OWN) -> Json:
    """Return a stream's schema: its columns in order, ours last; a key is text, and never null.

    Args:
        columns: The schemas of its columns.
        keys: Those that are its key.
        own: The schemas of our own columns.
    """
    typed = columns | {key: columns[key] | {"type": "string"} for key in keys}
    return {
        "type": "object",
        "properties": dict(sorted(typed.items())) | own,
        "required": list(keys),
        "additionalProperties": True,
    }
