"""The writer of Singer messages: whole lines in order on stdout, even if a signal arrives."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import io
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import Message, RecordMessage
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from singer_sdk import Stream


#: Bytes; each write to a pipe costs a system call, whatever its size.
_BUFFER = 1 << 18
#: The length of a column's breadcrumb.
_COLUMN = 2


def is_unchanged(stream: Stream) -> bool:
    """Return whether selection, stream maps and flattening leave a stream's records unchanged."""
    return deselected_columns(stream) == frozenset()


def deselected_columns(stream: Stream) -> frozenset[str] | None:
    """Return the columns that the selection removes from a stream's records.

    None if it removes a part of a column or the stream, or if stream maps or flattening change a
    record: then it takes the SDK.
    """
    maps = stream.stream_maps
    is_same = len(maps) == 1 and type(maps[0]) is SameRecordTransform
    if not is_same or maps[0].flattening_enabled:
        return None
    deselected = {breadcrumb for breadcrumb, is_selected in stream.mask.items() if not is_selected}
    # A breadcrumb is ("properties", column), and longer within a column; that of the stream is ().
    columns = {breadcrumb for breadcrumb in deselected if len(breadcrumb) == _COLUMN}
    if any(breadcrumb[:_COLUMN] not in columns for breadcrumb in deselected):
        return None
    return frozenset(name for _, name in columns)


class SingerWriter(GenericSingerWriter[bytes, Message]):
    """Writes each message as one line of JSON.

    Records are buffered; a SCHEMA or STATE flushes the buffer, so that a STATE never precedes the
    records that it covers. The buffer is the tap's own: Python's is small, and with
    `PYTHONUNBUFFERED` there is none, so that a write that a signal interrupts would lose the rest
    of its line.
    """

    #: One for all writers: a writer's own buffer would close stdout with the writer.
    _buffered: ClassVar[io.BufferedWriter | None] = None
    #: The stdout that was looked up, and its buffer.
    _known: ClassVar[tuple[object, io.BufferedIOBase | None] | None] = None

    @override
    def serialize_message(self, message: Message) -> bytes:
        return orjson.dumps(_fields(message), default=_plain, option=_OPTIONS)

    @override
    def write_message(self, message: Message) -> None:
        self._write(self.format_message(message), at_once=not isinstance(message, RecordMessage))

    def write_record(
        self,
        stream: str,
        record: dict[str, Any],
        version: int | None,
        deselected: frozenset[str] = frozenset(),
    ) -> None:
        """Write a record without the SDK's selection, stream maps and flattening.

        Args:
            stream: The name of the stream.
            record: The record.
            version: The version for ACTIVATE_VERSION; None without one.
            deselected: The columns to leave out.
        """
        if deselected:
            record = {name: value for name, value in record.items() if name not in deselected}
        message: dict[str, Any] = {
            "type": "RECORD",
            "stream": stream,
            "record": record,
            "time_extracted": datetime.now(UTC).isoformat(),
        }
        if version is not None:
            message["version"] = version
        self._write(orjson.dumps(message, default=_plain, option=_OPTIONS), at_once=False)

    def write_lines(self, lines: bytes) -> None:
        """Write serialized RECORD lines.

        Args:
            lines: Each ends with a newline.
        """
        self._write(lines, at_once=False)

    def _write(self, lines: bytes, *, at_once: bool) -> None:
        try:
            out = self._stdout()
            if out is None:  # a stand-in of a test, which accepts text only
                sys.stdout.write(lines.decode())
                return
            out.write(lines)
            if at_once:
                out.flush()
        except BrokenPipeError as error:
            _discard_stdout()
            msg = "The reader of stdout is gone (did the target stop?); nothing more is written."
            raise StopRun(msg) from error

    def _stdout(self) -> io.BufferedIOBase | None:
        # Looked up again only if a test has replaced stdout.
        present = SingerWriter._known
        if present is not None and present[0] is sys.stdout:
            return present[1]
        buffer = self._find_stdout()
        SingerWriter._known = (sys.stdout, buffer)
        return buffer

    @staticmethod
    def _find_stdout() -> io.BufferedIOBase | None:
        binary: io.BufferedIOBase | None = getattr(sys.stdout, "buffer", None)
        raw = getattr(binary, "raw", binary)
        if binary is None or not isinstance(raw, io.RawIOBase):
            return binary
        if SingerWriter._buffered is None or SingerWriter._buffered.raw is not raw:
            binary.flush()
            if SingerWriter._buffered is not None:
                # Else its destructor would close a stdout that is still in use.
                with contextlib.suppress(ValueError, OSError):
                    SingerWriter._buffered.detach()
            SingerWriter._buffered = io.BufferedWriter(raw, _BUFFER)
        return SingerWriter._buffered


@atexit.register
def _flush() -> None:
    """Flush the buffer of a run that ends without a STATE."""
    buffered = SingerWriter._buffered  # noqa: SLF001 - of this module
    if buffered is not None and not buffered.closed:
        with contextlib.suppress(OSError):
            buffered.flush()


def _fields(message: Message) -> dict[str, Any]:
    """Return a message's fields that are set, as its `to_dict` does.

    `to_dict` copies a schema or a state part by part, which takes most of a short run's time.
    """
    if isinstance(message, RecordMessage):
        return message.to_dict()
    values = ((field.name, getattr(message, field.name)) for field in dataclasses.fields(message))
    return {name: value for name, value in values if value is not None}


_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def _plain(value: Any) -> str | float:  # noqa: ANN401 - whatever a stream map makes
    """Return a value for one that JSON lacks: a decimal as a number, all else as text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _discard_stdout() -> None:
    """Discard the bytes still buffered, which Python would fail to flush at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
