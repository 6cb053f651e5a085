"""Singer messages onto stdout: whole lines, in order, whatever signal arrives."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, ClassVar, cast

import orjson
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import Message, RecordMessage
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_genesys.errors import StopRun
from tap_genesys.records.conversation_rows import WITHOUT_EXTRA, Row, RowParts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from singer_sdk import Stream


#: Bytes; each write to a pipe costs a call to the system, whatever its size.
_BUFFER = 1 << 18


def is_unchanged(stream: Stream) -> bool:
    """Whether neither selection, nor a stream map, nor flattening changes a stream's records."""
    maps = stream.stream_maps
    is_same = len(maps) == 1 and type(maps[0]) is SameRecordTransform
    return is_same and not maps[0].flattening_enabled and all(stream.mask.values())


class SingerWriter(GenericSingerWriter[bytes, Message]):
    """Writes each message as one line of JSON.

    Records are buffered, and all that is before a SCHEMA or STATE is out once that is, so that a
    STATE never precedes what it claims. The buffer is our own: Python's is small, and with
    `PYTHONUNBUFFERED` there is none, so that a write which a signal interrupts loses the rest of
    its line.
    """

    #: Of the class, as it would close stdout when it goes away with one of several writers.
    _buffered: ClassVar[io.BufferedWriter | None] = None
    #: What was stdout when it was looked up, and what is written to.
    _known: ClassVar[tuple[object, io.BufferedIOBase | None] | None] = None

    @override
    def serialize_message(self, message: Message) -> bytes:
        return orjson.dumps(message.to_dict(), default=_plain, option=_OPTIONS)

    @override
    def write_message(self, message: Message) -> None:
        self._write(self.format_message(message), at_once=not isinstance(message, RecordMessage))

    def write_record(self, stream: str, record: Row, version: int | None) -> None:
        """Write a record that nothing changes any more.

        Args:
            stream: Its stream.
            record: The record.
            version: The table's version, where it has one.
        """
        message: Row = {
            "type": "RECORD",
            "stream": stream,
            "record": record,
            "time_extracted": datetime.now(UTC).isoformat(),
        }
        if version is not None:
            message["version"] = version
        self._write(orjson.dumps(message, default=_plain, option=_OPTIONS), at_once=False)

    def write_rows(self, found: Mapping[str, list[RowParts]], extracted: datetime) -> None:
        """Write rows that nothing changes any more, many times quicker than one by one.

        All of a table's rows are made text in a few calls, and what neighbours share only once; no
        row is put together for its own sake.

        Args:
            found: Table -> its rows, in their pieces.
            extracted: When they were read.
        """
        time_extracted = extracted.isoformat()
        aboves = {id(piece[1]): piece[1] for rows in found.values() for piece in rows}
        shared = dict(zip(aboves, _texts([*aboves.values()]), strict=True))
        holders = {one: orjson.dumps(above.get("_parentId"))[:-1] for one, above in aboves.items()}
        for table, rows in found.items():
            head = (
                f'{{"type":"RECORD","stream":"{table}",'
                f'"time_extracted":"{time_extracted}","record":{{"_id":'
            ).encode()
            spare = b"" if table in WITHOUT_EXTRA else b',"_extra":null'
            nodes, above, keys, places, extras = zip(*rows, strict=True)
            around = [*map(id, above)]
            told = _texts(nodes)
            begins: Iterable[bytes] = map(holders.__getitem__, around)
            positions: Iterable[bytes] = map(_place, places)
            if any(keys):
                begins = [
                    orjson.dumps(key or f"{one['_parentId']}/{place}")
                    for key, one, place in zip(keys, above, places, strict=True)
                ]
                positions = [b"" if n is None else b',"position":%d' % n for n in places]
            columns = (
                repeat(head),
                begins,
                positions,
                repeat(b","),
                map(shared.__getitem__, around),
                map(_extra, extras) if any(extras) else repeat(spare),
                [b"," if one else b"" for one in told] if b"" in told else repeat(b","),
                told,
                repeat(b"}}\n"),
            )
            lines = chain.from_iterable(zip(*columns, strict=False))
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
        # Looked up anew only where tests have put another stdout in its place.
        known = SingerWriter._known
        if known is not None and known[0] is sys.stdout:
            return known[1]
        found = self._find_stdout()
        SingerWriter._known = (sys.stdout, found)
        return found

    @staticmethod
    def _find_stdout() -> io.BufferedIOBase | None:
        binary = getattr(sys.stdout, "buffer", None)
        raw = getattr(binary, "raw", binary)
        if binary is None or not isinstance(raw, io.RawIOBase):
            return cast("io.BufferedIOBase | None", binary)
        if SingerWriter._buffered is None or SingerWriter._buffered.raw is not raw:
            binary.flush()
            if SingerWriter._buffered is not None:
                # Else it would close its stdout, whose owner may go on with it, once it is garbage.
                with contextlib.suppress(ValueError, OSError):
                    SingerWriter._buffered.detach()
            SingerWriter._buffered = io.BufferedWriter(raw, _BUFFER)
        return SingerWriter._buffered


@atexit.register
def _flush() -> None:
    """Write what is left of a run that ends without a STATE."""
    buffered = SingerWriter._buffered  # noqa: SLF001 - of this module
    if buffered is not None and not buffered.closed:
        with contextlib.suppress(OSError):
            buffered.flush()


_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def _plain(value: Any) -> str | float:  # noqa: ANN401 - whatever a stream map makes
    """Turn what JSON has no word for into what it has: a decimal is a number, all else text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _texts(nodes: Sequence[Row]) -> list[bytes]:
    """Return the text of each object, without its braces."""
    found = orjson.dumps(nodes)[2:-2].split(b"},{")
    if len(found) == len(nodes):
        # Each end of an object with the next one's start was found, and so nothing else was.
        return found
    return [orjson.dumps(node)[1:-1] for node in nodes]


@lru_cache(1000)
def _place(number: int) -> bytes:
    """Return how the key of what has none of its own goes on, and its position."""
    return b'/%d","position":%d' % (number, number)


def _extra(value: Row | None) -> bytes:
    return b',"_extra":null' if value is None else b',"_extra":' + orjson.dumps(value)


def _discard_stdout() -> None:
    """Let what is still buffered go nowhere, so that Python's exit does not complain of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
