"""Digests of emitted days, by which unchanged days are left out. Pure.

A day is a window whose rows belong together: a day of aggregates, a cell of summaries. Its rows are
emitted together or not at all.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: The column that differs between two readings of equal rows.
READ_AT = "_readAt"
#: Digests per stream, at most: the present day, and days that re-checks within a week read.
MOST = 10
#: The digest of a day whose rows in the warehouse are unknown. It replaces the earlier one, since
#: Meltano merges the STATE of a failed run into the one before: a removed key would come back.
_UNKNOWN = ""
_BYTES = 8


class RowsDigest:
    """The digest of some rows, whatever their order: the sum of their hashes, and their count.

    `_readAt` is ignored. A sum, since an exclusive or would cancel out a row that occurs twice.
    """

    def __init__(self) -> None:
        self._sum = self._count = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        content = orjson.dumps({**row, READ_AT: None}, option=orjson.OPT_SORT_KEYS)
        self._sum += int.from_bytes(hashlib.blake2b(content, digest_size=_BYTES).digest())
        self._count += 1

    @property
    def text(self) -> str:
        """The digest as 16 hexadecimal characters."""
        content = f"{self._sum % 2 ** (8 * _BYTES)} {self._count}".encode()
        return hashlib.blake2b(content, digest_size=_BYTES).hexdigest()


class EmittedDays:
    """The digests of the newest days, as the state keeps them.

    Args:
        state: The start of a day, shortened -> its digest; not changed.
        most: Digests to keep, at most.
    """

    def __init__(self, state: Mapping[str, str], most: int = MOST) -> None:
        self._digests = dict(state)
        self._most = most
        self._trim()

    @property
    def state(self) -> dict[str, str]:
        """The digests in the format of the state, the oldest day first."""
        return dict(self._digests)

    def digest(self, start: datetime) -> str:
        """Return the digest of the day with this start; an empty text without one."""
        return self._digests.get(_key(start), _UNKNOWN)

    def reach_beyond(self, moment: datetime) -> bool:
        """Return whether a day that starts after a moment has a digest."""
        limit = _key(moment)
        return any(digest and key > limit for key, digest in self._digests.items())

    def note(self, start: datetime, digest: str) -> None:
        """Set the digest of a day after all of its rows have been emitted."""
        self._digests[_key(start)] = digest
        self._trim()

    def withdraw(self, start: datetime) -> bool:
        """Remove the digest of a day that is about to be emitted; return whether there was one."""
        had_digest = bool(self.digest(start))
        if had_digest:
            self._digests[_key(start)] = _UNKNOWN
        return had_digest

    def withdraw_all(self) -> bool:
        """Remove all digests; return whether there was one."""
        had_digests = any(self._digests.values())
        self._digests = dict.fromkeys(self._digests, _UNKNOWN)
        return had_digests

    def _trim(self) -> None:
        newest = sorted(self._digests)[-self._most :]
        self._digests = {key: self._digests[key] for key in newest}


def _key(moment: datetime) -> str:
    """Return a moment as text without trailing zeros; keys sort like moments."""
    text = iso(moment).removesuffix("Z")
    for zeros in (".000", ":00", ":00", "T00"):
        if not text.endswith(zeros):
            break
        text = text.removesuffix(zeros)
    return text
