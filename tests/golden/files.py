"""The recorded files: a message per line, compressed."""

from __future__ import annotations

import lzma
from pathlib import Path

FOLDER = Path(__file__).parent
#: Rows repeat in the second run, megabytes later.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 25}]


def path_of(name: str) -> Path:
    """Return the path of a golden's file."""
    return FOLDER / f"{name}.jsonl.xz"


def load(name: str) -> list[str]:
    """Return the recorded lines."""
    return lzma.decompress(path_of(name).read_bytes()).decode().split("\n")[:-1]


def save(name: str, lines: list[str]) -> int:
    """Store lines, the same bytes for the same lines, and return how many bytes that are."""
    text = "".join(f"{line}\n" for line in lines).encode()
    return path_of(name).write_bytes(lzma.compress(text, filters=_FILTERS))
