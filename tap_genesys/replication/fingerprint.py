"""The fingerprint of the settings and schemas that decide a stream's rows and their shape. Pure.

A run leaves out rows that an earlier run emitted. That is valid only if both runs emit the same row
for the same response. So the state has a fingerprint of all that decides it: four characters per
group of causes, so that a run can log which group has changed.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import orjson

#: Keys of the state: the fingerprint, and the marks of emitted rows that depend on it.
FINGERPRINT, EMITTED = "fingerprint", "emittedThrough"
#: Raise it when code changes the rows of a response without a change of schema or settings.
ROWS = 1
#: Characters per group: 24 bits, so one change in 16 million is missed.
_WIDTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RowShape:
    """All that decides the rows of a stream; each value can be serialized as JSON.

    Args:
        selection: Selected stream -> its deselected columns, for streams that are read together.
        privacy: The `pii` rules, and the attributes to keep.
        schema: The schemas of these streams, stream maps and flattening.
        filters: The source, filters, and options of aggregates.
    """

    selection: Any
    privacy: Any
    schema: Any
    filters: Any

    @property
    def fingerprint(self) -> str:
        """The fingerprint, 16 characters."""
        groups = (self.selection, self.privacy, [ROWS, self.schema], self.filters)
        return "".join(_digest(group) for group in groups)


#: The names of the groups in a log line, in the order of a fingerprint.
_NAMES = (
    "selected streams or columns",
    "pii rules or attributes",
    "the tap's schemas, stream maps or flattening",
    "the source, filters or aggregates",
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
