"""`tap | loader`, as two processes without a shell.

The tap's output goes through this process, so that neither outlives it: if it is killed, the
loader's input ends, and the tap's output breaks.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Seconds for a program to end after SIGTERM; the tap needs two.
PATIENCE = 30
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of both programs.

    Args:
        tap: The tap's exit code.
        loader: The loader's exit code.
        state: The last STATE that the loader emitted, after it stored all records before it.
    """

    tap: int
    loader: int
    state: dict[str, Any]


def pipe(
    tap: Sequence[str],
    loader: Sequence[str],
    *,
    tap_environment: Mapping[str, str],
    loader_environment: Mapping[str, str],
) -> Outcome:
    """Run the tap into the loader until both have ended; both log to this process's stderr.

    Args:
        tap: The tap's command.
        loader: The loader's command.
        tap_environment: The tap's whole environment.
        loader_environment: The loader's whole environment.
    """
    with (
        _running(loader, stdin=subprocess.PIPE, environment=loader_environment) as sink,
        _running(tap, stdin=subprocess.DEVNULL, environment=tap_environment) as source,
    ):
        states = _LastLine(_pipe_of(sink.stdout))
        _relay(source, sink)
        return Outcome(source.wait(), sink.wait(), states.state())


def _relay(source: subprocess.Popen[bytes], sink: subprocess.Popen[bytes]) -> None:
    """Copy the tap's output to the loader, until either ends."""
    reading, writing = _pipe_of(source.stdout), _pipe_of(sink.stdin)
    try:
        while chunk := os.read(reading.fileno(), CHUNK):
            _write_all(writing.fileno(), chunk)
        writing.close()
    except BrokenPipeError:
        source.terminate()
        reading.close()


def _write_all(file: int, chunk: bytes) -> None:
    """Write a whole chunk; an interrupted write writes only a part of it."""
    left = memoryview(chunk)
    while left:
        left = left[os.write(file, left) :]


@contextlib.contextmanager
def _running(
    command: Sequence[str], *, stdin: int, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, and end it with the context in any case."""
    process = subprocess.Popen(  # noqa: S603 - what the settings name, and no shell
        command, stdin=stdin, stdout=subprocess.PIPE, env=environment, bufsize=0
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pipe_end in (process.stdin, process.stdout):
            if pipe_end is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe_end.close()


def _pipe_of(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        msg = "a program was started without its pipe"
        raise RuntimeError(msg)
    return stream


class _LastLine(threading.Thread):
    """Reads a stream to its end, and keeps the last non-empty line."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._line = b"{}"
        self.start()

    def run(self) -> None:
        """Read the stream; buffered, since the pipe's own object reads lines byte by byte."""
        with open(self._stream.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                self._line = line.strip() or self._line

    def state(self) -> dict[str, Any]:
        """Return the line as a JSON object; an empty one if it is none."""
        self.join(PATIENCE)
        try:
            parsed = json.loads(self._line)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}
