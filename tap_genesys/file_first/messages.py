"""The SCHEMA and STATE messages of files, and whether a file's last line is whole."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The begin of nearly every line; such a line is not parsed.
_RECORD = b'{"type":"RECORD"'
#: DuckDB takes these in a file's name as a pattern.
_WILDCARDS = "*?["


class InputError(Exception):
    """Correct an argument or a file; the message is the line that a user reads."""


@dataclass
class Messages:
    """The messages of files that do not belong to a row.

    Args:
        whole: Files of whole lines, in the order in which they are loaded.
        cut: Files whose last line is not whole, as a killed run leaves them.
        schemas: Stream -> its SCHEMA message; of several, the last one, with the columns of all.
        state: The value of the last STATE; None without one.
        longest: The bytes of the longest line.
    """

    whole: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    longest: int = 0


def read(files: Sequence[str]) -> Messages:
    """Read the messages of some files, in this order.

    Raises:
        InputError: A file cannot be read, or is not of Singer messages.
    """
    messages = Messages()
    for name in files:
        if set(name) & set(_WILDCARDS):
            msg = f"{name}: DuckDB takes {' '.join(_WILDCARDS)} for a pattern; rename the file."
            raise InputError(msg)
        try:
            with _open(name) as lines:
                is_whole = _read_lines(name, lines, messages)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            msg = f"{name} is not a whole gzip file; unpack what it has into a file without .gz."
            raise InputError(msg) from None
        except OSError as error:
            msg = f"Cannot read {name}: {error.strerror or error}."
            raise InputError(msg) from None
        (messages.whole if is_whole else messages.cut).append(name)
    if not messages.schemas:
        msg = f"{', '.join(files)}: no SCHEMA message; expected the output of tap-genesys."
        raise InputError(msg)
    return messages


def _open(name: str) -> BinaryIO:
    # DuckDB decides by the name, too.
    if name.endswith(".gz"):
        return cast("BinaryIO", gzip.open(name))
    return Path(name).open("rb")


def _read_lines(name: str, lines: BinaryIO, messages: Messages) -> bool:
    """Add the messages of a file; return whether its last line is whole."""
    for number, line in enumerate(lines, 1):
        messages.longest = max(messages.longest, len(line))
        if line.startswith(_RECORD) and line.endswith(b"\n"):
            continue
        try:
            message = json.loads(line)
            _add(message, messages)
        except (ValueError, KeyError, TypeError):
            if not line.endswith(b"\n"):
                return False
            if line.isspace():
                continue
            msg = f"{name}, line {number}: no Singer message; remove the line, or the file."
            raise InputError(msg) from None
    return True


def _add(message: dict[str, Any], messages: Messages) -> None:
    if message["type"] == "STATE":
        messages.state = message["value"]
    elif message["type"] == "SCHEMA":
        name, properties = message["stream"], message["schema"]["properties"]
        keys = message["key_properties"]
        if not keys or not set(keys) <= properties.keys():
            msg = f"The stream {name} has no key in its SCHEMA; rows are upserted by key."
            raise InputError(msg)
        if earlier := messages.schemas.get(name):
            message["schema"]["properties"] = earlier["schema"]["properties"] | properties
        messages.schemas[name] = message


def columns(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and DuckDB type of each column of a SCHEMA message."""
    for name, declared in schema["schema"]["properties"].items():
        yield name, _type(declared)


_TYPES = {"string": "varchar", "integer": "bigint", "number": "double", "boolean": "boolean"}
_FORMATS = {"date-time": "timestamptz", "date": "date"}


def _type(declared: dict[str, Any]) -> str:
    """Return the DuckDB type of a property; JSON for what is nested, or of several types."""
    kinds = declared.get("type", [])
    kinds = {kinds} if isinstance(kinds, str) else {*kinds}
    kinds.discard("null")
    if kinds == {"integer", "number"}:
        return "double"
    if len(kinds) != 1:
        return "json"
    (kind,) = kinds
    if kind == "string":
        return _FORMATS.get(declared.get("format", ""), "varchar")
    return _TYPES.get(kind, "json")
