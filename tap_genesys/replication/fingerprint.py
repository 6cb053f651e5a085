"""The fingerprint of a stream's rows: what decides which rows there are, and their shape. Pure.

A run leaves rows out that an earlier run emitted. That is right only where both runs would emit the
same row for the same response, so the state keeps a fingerprint of all that decides it: four
characters for each group of causes, so that a run can name the group that has changed.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import orjson

#: Keys of the state: the fingerprint, and the marks of emitted rows, which are valid with it only.
FINGERPRINT, EMITTED = "fingerprint", "emittedThrough"
#: Raise it when rows of the same response change and neither a schema nor a setting does.
ROWS = 1
#: Characters for each group: 24 bits, so that one change in 16 million goes unnoticed.
_WIDTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RowShape:
    """All that decides what rows a stream has; each value can be written as JSON.

    Args:
        selection: The selected streams that are read together, each with its deselected columns.
        privacy: The rules about personal data, and the attributes that are kept.
        schema: The schemas of these streams, stream maps and flattening.
        filters: The source of the rows, filters, and what is counted.
    """

    selection: Any
    privacy: Any
    schema: Any
    filters: Any

    @property
    def fingerprint(self) -> str:
        """16 characters."""
        groups = (self.selection, self.privacy, [ROWS, self.schema], self.filters)
        return "".join(_digest(group) for group in groups)


#: The groups in the order of a fingerprint, as a log line names them.
_NAMES = (
    "selected streams or columns",
    "rules about personal data or attributes",
    "the tap's schemas, stream maps or flattening",
    "the source, filters or what is counted",
)


def changes(earlier: str, present: str) -> list[str]:
    """Return the names of the groups in which two fingerprints differ."""
    places = range(0, _WIDTH * len(_NAMES), _WIDTH)
    return [
        name
        for name, place in zip(_NAMES, places, strict=True)
        if earlier[place : place + _WIDTH] != present[place : place + _WIDTH]
    ]


def _digest(group: Any) -> str:  # noqa: ANN401 - JSON is anything
    content = orjson.dumps(group, option=orjson.OPT_SORT_KEYS, default=str)
    # Three bytes are four characters of base64.
    return urlsafe_b64encode(hashlib.sha256(content).digest()[:3]).decode()
