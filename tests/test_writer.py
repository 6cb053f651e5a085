"""Singer messages: one line each, numbers for decimals, and broken text replaced."""

from __future__ import annotations

import gc
import io
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from singer_sdk.singerlib import RecordMessage, StateMessage
from support.http_doubles import response

from tap_genesys.api.response import body, records
from tap_genesys.output.writer import SingerWriter


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
