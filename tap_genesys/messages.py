"""Singer messages onto stdout: whole lines, in order, whatever signal arrives."""

from __future__ import annotations

import io
import os
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, cast

import orjson
from singer_sdk.singerlib import Message, RecordMessage
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from datetime import datetime


class LineWriter(GenericSingerWriter[bytes, Message]):
    """Writes each message as one line of JSON.

    Records are buffered, and all that is before a SCHEMA or STATE is out once that is, so that a
    STATE never precedes what it claims. With `PYTHONUNBUFFERED` Python's stdout is raw, and a
    write that a signal interrupts loses the rest of its line; so a raw one is buffered here.
    """

    #: Of the class, as it would close stdout when it goes away with one of several writers.
    _buffered: ClassVar[io.BufferedWriter | None] = None

    @override
    def serialize_message(self, message: Message) -> bytes:
        return orjson.dumps(message.to_dict(), default=_plain, option=_OPTIONS)

    @override
    def write_message(self, message: Message) -> None:
        self._write(self.format_message(message), at_once=not isinstance(message, RecordMessage))

    def write_records(self, records: dict[str, list[dict[str, Any]]], extracted: datetime) -> None:
        """Write records that nothing changes any more, a good deal quicker than one by one.

        Args:
            records: Stream -> its records.
            extracted: When they were read.
        """
        message: dict[str, Any] = {"type": "RECORD"}
        message["time_extracted"] = extracted.isoformat()
        lines = []
        for stream, found in records.items():
            message["stream"] = stream
            for record in found:
                message["record"] = record
                lines.append(orjson.dumps(message, default=_plain, option=_OPTIONS))
        self._write(b"".join(lines), at_once=False)

    def _write(self, lines: bytes, *, at_once: bool) -> None:
        try:
            out = self._stdout()
            if out is None:  # a test's stand-in, which takes text only
                sys.stdout.write(lines.decode())
                return
            out.write(lines)
            if at_once:
                out.flush()
        except BrokenPipeError as error:
            _discard_stdout()
            msg = "The reader of stdout is gone (did the target stop?); nothing more is sent."
            raise StopRun(msg) from error

    def _stdout(self) -> io.BufferedWriter | None:
        # Looked up for each message, since tests put another stdout in its place.
        binary = getattr(sys.stdout, "buffer", None)
        if binary is None:
            return None
        if isinstance(binary, io.RawIOBase):
            if LineWriter._buffered is None or LineWriter._buffered.raw is not binary:
                LineWriter._buffered = io.BufferedWriter(binary)
            return LineWriter._buffered
        return cast("io.BufferedWriter", binary)


_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def _plain(value: Any) -> str | float:  # noqa: ANN401 - whatever a stream map makes
    """Turn what JSON has no word for into what it has: a decimal is a number, all else text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _discard_stdout() -> None:
    """Let what is still buffered go nowhere, so that Python's exit does not complain of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
