"""A load into a file instead of a loader: the tap's messages, for `tap_genesys.file_first`.

Run as a program, it is the loader: it copies its input to a file, and prints the last STATE.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_RECORD, _STATE = b'{"type":"RECORD"', "STATE"
_FORM = "%Y%m%dT%H%M%SZ"


@contextlib.contextmanager
def file_of(folder: Path, start: datetime, end: datetime) -> Iterator[Path]:
    """Yield the path of a part of a file; the file is in its place once the context succeeds.

    An earlier file of the same range is replaced as a whole. A worker that is killed leaves its
    part, whose name begins with a dot.

    Args:
        folder: The folder of the file; it is created, if its parent exists.
        start: The start of the range, inclusive.
        end: The end of the range, exclusive.
    """
    folder.mkdir(exist_ok=True)
    name = f"{start.astimezone(UTC):{_FORM}}_{end.astimezone(UTC):{_FORM}}.jsonl"
    handle, part = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
    os.close(handle)
    try:
        yield Path(part)
        Path(part).replace(folder / name)
    finally:
        Path(part).unlink(missing_ok=True)


def command(path: Path) -> list[str]:
    """Return the command that writes a file."""
    return [sys.executable, __file__, str(path)]


def write(path: Path) -> None:
    """Copy standard input to a file, and print the last STATE once all is on the disk."""
    state: dict[str, Any] = {}
    with path.open("wb") as file:
        for line in sys.stdin.buffer:
            file.write(line)
            if not line.startswith(_RECORD):
                state = _state_of(line, state)
        file.flush()
        os.fsync(file.fileno())
    sys.stdout.write(json.dumps(state) + "\n")


def _state_of(line: bytes, earlier: dict[str, Any]) -> dict[str, Any]:
    """Return the value of a STATE; for another message, that of the STATE before.

    Raises:
        SystemExit: The line is no message.
    """
    try:
        message = json.loads(line)
        value: dict[str, Any] = message["value"] if message["type"] == _STATE else earlier
    except (ValueError, KeyError, TypeError):
        # Without the line, which may hold data.
        sys.exit("A line of the tap's output is no Singer message: it cannot be loaded.")
    return value


if __name__ == "__main__":
    write(Path(sys.argv[1]))
