"""One run of a program against the server: what it took, and what the server saw of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from types import TracebackType

    from contenders import Contender

_CHUNK = 1 << 20
_PEAK = re.compile(rb"VmHWM:\s+([0-9]+) kB")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run took.

    Args:
        cpu: Seconds of the process, user and system.
        wall: Seconds from its start to its end.
        reading: Seconds from its first question behind the login to the last of its output.
        peak: The most memory that it had, in MB, as it was seen whenever it printed.
        rows: How many conversations it printed.
        requests: How many it sent, refused ones included, logins not.
        refused: How many were answered 429.
        in_flight: The most that were under way at once.
    """

    cpu: float
    wall: float
    reading: float
    peak: float
    rows: int
    requests: int
    refused: int
    in_flight: int

    def as_dict(self) -> dict[str, float]:
        """Return it for a file."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


class Server:
    """The server in its process; it lives as long as the context."""

    def __enter__(self) -> Self:
        command = [sys.executable, str(Path(__file__).parent / "serve.py")]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout  # noqa: S101 - it is a pipe
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def answer(self, **habits: Any) -> None:  # noqa: ANN401 - the server checks them
        """Let it answer like this from now on; see `serve.Habits`."""
        self._talk("PUT", habits)

    def seen(self) -> dict[str, Any]:
        """Return what it has seen since."""
        return self._talk("GET", None)

    def _talk(self, method: str, habits: dict[str, Any] | None) -> dict[str, Any]:
        data = None if habits is None else json.dumps(habits).encode()
        with urlopen(Request(f"{self.url}/_bench", data, method=method)) as answer:  # noqa: S310
            told: dict[str, Any] = json.load(answer)
        return told


def run(contender: Contender, server: Server, *, days: int, page_size: int = 100) -> Outcome:
    """Run a contender once, after `server.answer`; its output is read and counted.

    Raises:
        RuntimeError: It failed; what it said is in the message.
    """
    command = contender.started(server.url, days, page_size)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        begun = time.monotonic()
        printed = _counted(process, contender.mark)
        # Not `process.wait`: this tells what the process took, and that of no other one. Its peak
        # is not taken from here, since that begins with what this program had.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
    if process.returncode:
        msg = f"{contender.name} ended with {process.returncode}: {printed.said[-1500:].decode()}"
        raise RuntimeError(msg)
    seen = server.seen()
    return Outcome(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=wall,
        # One clock for all processes of a machine.
        reading=printed.last - (seen["first"] or printed.last),
        peak=printed.peak,
        rows=printed.rows,
        requests=seen["requests"],
        refused=seen["refused"],
        in_flight=seen["most_in_flight"],
    )


@dataclass(slots=True)
class _Printed:
    """What a process printed."""

    rows: int = 0
    #: When the last of it came.
    last: float = 0
    peak: float = 0
    said: bytes = b""


def _counted(process: subprocess.Popen[bytes], mark: bytes) -> _Printed:
    """Read a process's output to its end; count how often the mark is in it."""
    assert process.stdout  # noqa: S101 - it is a pipe
    assert process.stderr  # noqa: S101
    out, err = process.stdout.fileno(), process.stderr.fileno()
    os.set_blocking(err, False)
    found, tail = _Printed(last=time.monotonic()), b""
    with Path(f"/proc/{process.pid}/status").open("rb", buffering=0) as status:
        while chunk := os.read(out, _CHUNK):
            found.last = time.monotonic()
            whole = tail + chunk
            found.rows += whole.count(mark)
            # Shorter than the mark, so that none is counted twice.
            tail = whole[len(whole) - len(mark) + 1 :]
            if peak := _PEAK.search(os.pread(status.fileno(), 4096, 0)):
                found.peak = int(peak[1]) / 1024
            found.said = _drained(err, found.said)
    found.said = _drained(err, found.said)
    return found


def _drained(err: int, said: bytes) -> bytes:
    with contextlib.suppress(BlockingIOError):
        return (said + os.read(err, _CHUNK))[-_CHUNK:]
    return said
