"""Singer messages: one line each, numbers for decimals, and broken text replaced."""

from __future__ import annotations

import gc
import io
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import (
    ActivateVersionMessage,
    Message,
    RecordMessage,
    SchemaMessage,
    StateMessage,
)
from support.http_doubles import response

from tap_genesys.api.response import body, records
from tap_genesys.errors import StopRun
from tap_genesys.output.writer import SingerWriter, deselected_columns, is_unchanged


class Raw(io.RawIOBase):
    """A raw stdout that accepts a few bytes per write, like one that a signal interrupts."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Accept at most seven bytes."""
        piece = bytes(data[:7])
        self.taken += piece
        return len(piece)


class Stdout:
    """The unbuffered stdout of Python."""

    def __init__(self, buffer: io.RawIOBase | io.BytesIO) -> None:
        self.buffer = buffer


def unbuffered(patch: pytest.MonkeyPatch) -> Raw:
    """Set a raw stdout."""
    raw = Raw()
    patch.setattr(sys, "stdout", Stdout(raw))
    return raw


def record(**fields: object) -> RecordMessage:
    """Return a RECORD message."""
    return RecordMessage(stream="s", record=dict(fields), time_extracted=datetime.now(UTC))


def test_an_unbuffered_stdout_gets_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are written whole, although each write accepts a few bytes."""
    raw = unbuffered(monkeypatch)
    writer = SingerWriter()
    for number in range(20):
        writer.write_message(record(n=number, text="\u00e4" * 50))
    writer.write_message(StateMessage(value={"a": 1}))
    lines = [json.loads(line) for line in raw.taken.splitlines()]
    assert [line["record"]["n"] for line in lines[:-1]] == list(range(20))
    assert lines[-1] == {"type": "STATE", "value": {"a": 1}}


def test_a_state_is_out_at_once_with_all_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A STATE flushes all messages before it."""
    raw = unbuffered(monkeypatch)
    writer = SingerWriter()
    writer.write_message(record(n=1))
    writer.write_message(StateMessage(value={}))
    assert raw.taken.count(b"\n") == 2


def test_a_stdout_that_is_replaced_stays_open_with_all_that_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A replaced stdout stays open, and has all messages written to it."""
    before, writer = unbuffered(monkeypatch), SingerWriter()
    writer.write_message(record(n=1))
    unbuffered(monkeypatch)
    writer.write_message(record(n=2))
    gc.collect()
    assert not before.closed
    assert before.taken.count(b"\n") == 1


def test_what_json_has_no_word_for_is_written_as_text_or_number() -> None:
    """Values without a JSON type become text or number."""
    line = SingerWriter().format_message(record(d=Decimal("1.5"), k={1: "one"}, o={1}.__class__))
    written = json.loads(line)["record"]
    assert written["d"] == 1.5
    assert written["k"] == {"1": "one"}


def test_half_an_emoji_does_not_lose_the_page() -> None:
    """Half a surrogate pair in a response is replaced; the page is read."""
    page = response(content=b'{"entities": [{"id": "1", "name": "hi \\ud83d"}]}')
    assert records(page) == [{"id": "1", "name": "hi ?"}]
    assert SingerWriter().format_message(record(**records(page)[0]))


@pytest.mark.parametrize("content", [b"<html>", b"", b"[]", b"null", b'{"a": 1', b"3"])
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    """A body that is no JSON object is an error."""
    with pytest.raises(ValueError, match=r"."):
        body(response(content=content))


def test_records_wait_in_the_buffer_until_a_state_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whichever way they are written, and in their order."""
    raw, writer = unbuffered(monkeypatch), SingerWriter()
    writer.write_message(record(n=1))
    writer.write_record("s", {"n": 2}, None)
    writer.write_lines(b'{"record":{"n":3}}\n')
    assert raw.taken == b""
    writer.write_message(StateMessage(value={}))
    lines = [json.loads(line) for line in raw.taken.splitlines()]
    assert [line["record"]["n"] for line in lines[:-1]] == [1, 2, 3]


@pytest.mark.parametrize("version", [None, 0, 7])
def test_a_record_that_nothing_changes_is_the_message_of_the_sdk(
    version: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its version is absent where the table has none."""
    raw, writer = unbuffered(monkeypatch), SingerWriter()
    begun = datetime.now(UTC)
    row: dict[Any, Any] = {"d": Decimal("1.5"), 1: "\u00e4"}
    writer.write_record("s", row, version)
    writer.write_message(StateMessage(value={}))
    line = json.loads(raw.taken.splitlines()[0])
    moment = datetime.fromisoformat(line.pop("time_extracted"))
    assert begun <= moment <= datetime.now(UTC)
    assert moment.utcoffset() == timedelta(0)
    message = {"type": "RECORD", "stream": "s", "record": {"d": 1.5, "1": "\u00e4"}}
    assert line == (message if version is None else {**message, "version": version})


@pytest.mark.parametrize(
    "message",
    [
        SchemaMessage("s", {"properties": {"n": {"type": ["null", "integer"], "default": None}}}),
        SchemaMessage("s", {"type": "object"}, ["id"], ["changed"]),
        StateMessage({"bookmarks": {"s": {"partitions": [{"context": {"id": 1}, "at": None}]}}}),
        ActivateVersionMessage("s", 7),
        RecordMessage("s", {"id": None}, 7),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_is_that_of_the_sdk(message: Message) -> None:
    """Fields that are not set are left out; empty values within a schema or state are not."""
    line = SingerWriter().format_message(message)
    assert line == orjson.dumps(message.to_dict()) + b"\n"


def test_a_value_that_json_does_not_have_is_its_text() -> None:
    """A stream map may make one."""
    line = SingerWriter().format_message(record(value=frozenset({1})))
    assert json.loads(line)["record"] == {"value": "frozenset({1})"}


@pytest.mark.parametrize("takes_bytes", [True, False])
def test_a_stdout_without_a_file_gets_each_line_at_once(
    monkeypatch: pytest.MonkeyPatch, *, takes_bytes: bool
) -> None:
    """As text where it takes no bytes; a RECORD waits for no STATE."""
    binary = io.BytesIO()
    stdout = io.TextIOWrapper(binary, "utf-8") if takes_bytes else io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    writer = SingerWriter()
    for message in (StateMessage(value={"a": "\u00e4"}), record(a="\u00e4")):
        writer.write_message(message)
        text = stdout.getvalue() if isinstance(stdout, io.StringIO) else binary.getvalue()
        assert json.loads(text.splitlines()[-1])["type"] == message.to_dict()["type"]
        assert "\u00e4" in (text if isinstance(text, str) else text.decode())


def buffered(patch: pytest.MonkeyPatch) -> tuple[Raw, Any]:
    """Set a stdout with a buffer of Python's."""
    raw = Raw()
    binary: Any = io.BufferedWriter(raw)
    patch.setattr(sys, "stdout", SimpleNamespace(buffer=binary))
    return raw, binary


def test_many_records_wait_in_one_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tap's buffer holds more than that of Python, which it replaces."""
    raw, _ = buffered(monkeypatch)
    writer = SingerWriter()
    for _ in range(200):
        writer.write_lines(b"x" * 1000)
    assert raw.taken == b""
    writer.write_message(StateMessage(value={}))
    assert raw.taken.count(b"x") == 200_000


def test_a_stdout_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of millions of lines would pay for it; another stdout is noticed."""
    looks: list[int] = []

    class Counted:
        def __init__(self, number: int) -> None:
            self._number, self._raw = number, Raw()

        @property
        def buffer(self) -> Raw:
            looks.append(self._number)
            return self._raw

    monkeypatch.setattr(SingerWriter, "_known", None)
    for number in range(2):
        monkeypatch.setattr(sys, "stdout", Counted(number))
        for _ in range(3):
            SingerWriter().write_message(StateMessage(value={}))
    assert looks == [0, 1]


def test_a_stdout_may_be_closed_before_another_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its buffer cannot be flushed any more, and nothing is raised."""
    closed, writer = unbuffered(monkeypatch), SingerWriter()
    writer.write_message(StateMessage(value={}))
    closed.close()
    raw = unbuffered(monkeypatch)
    writer.write_message(StateMessage(value={"a": 1}))
    assert json.loads(raw.taken) == {"type": "STATE", "value": {"a": 1}}


def test_a_buffered_stdout_keeps_what_was_printed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """It precedes the first message."""
    raw, binary = buffered(monkeypatch)
    binary.write(b"before\n")
    writer = SingerWriter()
    for number in range(2):
        writer.write_message(StateMessage(value={"a": number}))
    assert raw.taken.count(b"\n") == 3
    assert raw.taken.startswith(b"before\n")


def test_each_stdout_has_one_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """All writers share it."""
    unbuffered(monkeypatch)
    first, second = SingerWriter()._stdout(), SingerWriter()._stdout()
    assert first is second is SingerWriter._find_stdout()
    assert isinstance(first, io.BufferedWriter)


def test_a_reader_that_is_gone_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still buffered goes nowhere, so that the exit reports no second error."""
    replaced: list[tuple[int, int]] = []

    class Gone(Raw):
        def write(self, _data: Any) -> int:
            raise BrokenPipeError

    def dup2(source: int, target: int) -> None:
        assert os.path.samestat(os.fstat(source), Path(os.devnull).stat())
        assert os.write(source, b"x") == 1
        replaced.append((source, target))

    gone = Gone()
    monkeypatch.setattr(sys, "stdout", Stdout(gone))
    line = r"^The reader of stdout is gone .* nothing more is written\.$"
    with monkeypatch.context() as patch:
        patch.setattr(os, "dup2", dup2)
        with pytest.raises(StopRun, match=line):
            SingerWriter().write_message(StateMessage(value={}))
    ((nowhere, target),) = replaced
    assert target == 1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(nowhere)
    monkeypatch.setattr(gone, "write", len)  # so that the buffer can be discarded


def stream_of(*maps: str, flattens: bool = False, deselected: tuple[str, ...] = ()) -> Any:
    """Return a stream with maps of these classes, and a selection without these columns."""
    made: list[Any] = []
    for name in maps:
        cls = SameRecordTransform if name == "same" else SimpleNamespace
        stream_map: Any = cls.__new__(cls)
        stream_map.flattening_options = (
            SimpleNamespace(enabled=True, max_level=1) if flattens else None
        )
        made.append(stream_map)
    names = ["", "id", "address", "address.city", "name"]
    mask = {
        tuple(part for column in name.split(".") if name for part in ("properties", column)): (
            name not in deselected
        )
        for name in names
    }
    return SimpleNamespace(stream_maps=made, mask=mask)


@pytest.mark.parametrize(
    ("stream", "columns"),
    [
        (stream_of("same"), set()),
        (stream_of("same", deselected=("name",)), {"name"}),
        (stream_of("same", deselected=("name", "id")), {"name", "id"}),
        (stream_of("same", deselected=("address", "address.city")), {"address"}),
        # A part of a column.
        (stream_of("same", deselected=("address.city",)), None),
        (stream_of("same", deselected=("name", "address.city")), None),
        # The stream itself.
        (stream_of("same", deselected=("", "id", "address", "address.city", "name")), None),
        (stream_of("same", flattens=True), None),
        (stream_of("other"), None),
        (stream_of("same", "same"), None),
        (stream_of(), None),
    ],
)
def test_records_bypass_the_sdk_without_a_map_flattening_or_parts_of_columns(
    stream: Any, columns: set[str] | None
) -> None:
    """One map of the SDK's is there in any case: the one that changes nothing."""
    assert deselected_columns(stream) == columns
    assert is_unchanged(stream) is (columns == set())
