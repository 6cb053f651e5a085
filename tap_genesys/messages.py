"""Singer messages onto stdout: whole lines, in order, whatever signal arrives."""

from __future__ import annotations

import atexit
import contextlib
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
from tap_genesys.tables import WITHOUT_EXTRA, Piece

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


#: Bytes; each write to a pipe costs a call to the system, whatever its size.
_BUFFER = 1 << 18


class LineWriter(GenericSingerWriter[bytes, Message]):
    """Writes each message as one line of JSON.

    Records are buffered, and all that is before a SCHEMA or STATE is out once that is, so that a
    STATE never precedes what it claims. The buffer is our own: Python's is small, and with
    `PYTHONUNBUFFERED` there is none, so that a write which a signal interrupts loses the rest of
    its line.
    """

    #: Of the class, as it would close stdout when it goes away with one of several writers.
    _buffered: ClassVar[io.BufferedWriter | None] = None

    @override
    def serialize_message(self, message: Message) -> bytes:
        return orjson.dumps(message.to_dict(), default=_plain, option=_OPTIONS)

    @override
    def write_message(self, message: Message) -> None:
        self._write(self.format_message(message), at_once=not isinstance(message, RecordMessage))

    def write_rows(self, found: Mapping[str, list[Piece]], extracted: datetime) -> None:
        """Write rows that nothing changes any more, several times quicker than one by one.

        What neighbours share is made text once, and no row is put together for its own sake.

        Args:
            found: Table -> its rows, in their pieces.
            extracted: When they were read.
        """
        lines: list[bytes] = []
        for table, rows in found.items():
            head = (
                f'{{"type":"RECORD","stream":"{table}",'
                f'"time_extracted":"{extracted.isoformat()}","record":{{"_id":'
            ).encode()
            last, shared = None, b""
            spare = b"" if table in WITHOUT_EXTRA else b',"_extra":null'
            for node, above, key, place, extra in rows:
                if above is not last:
                    last, shared = above, b"," + _dumped(above)[1:-1]
                lines += (head, _dumped(key), shared)
                lines.append(spare if extra is None else b',"_extra":' + _dumped(extra))
                if place is not None:
                    lines.append(b',"position":%d' % place)
                if node:
                    lines += (b",", _dumped(node)[1:-1])
                lines.append(b"}}\n")
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

    def _stdout(self) -> io.BufferedIOBase | None:
        # Looked up for each message, since tests put another stdout in its place.
        binary = getattr(sys.stdout, "buffer", None)
        raw = getattr(binary, "raw", binary)
        if binary is None or not isinstance(raw, io.RawIOBase):
            return cast("io.BufferedIOBase | None", binary)
        if LineWriter._buffered is None or LineWriter._buffered.raw is not raw:
            binary.flush()
            LineWriter._buffered = io.BufferedWriter(raw, _BUFFER)
        return LineWriter._buffered


@atexit.register
def _flush() -> None:
    """Write what is left of a run that ends without a STATE."""
    buffered = LineWriter._buffered  # noqa: SLF001 - of this module
    if buffered is not None and not buffered.closed:
        with contextlib.suppress(OSError):
            buffered.flush()


def _dumped(value: object) -> bytes:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)


_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def _plain(value: Any) -> str | float:  # noqa: ANN401 - whatever a stream map makes
    """Turn what JSON has no word for into what it has: a decimal is a number, all else text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _discard_stdout() -> None:
    """Let what is still buffered go nowhere, so that Python's exit does not complain of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
