"""One run of a program against the server: its costs, and the server's counts."""

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
    """The costs of one run.

    Args:
        cpu: Seconds of the process, user and system.
        wall: Seconds from its start to its end.
        reading: Seconds from its first request after the login to its last output.
        peak: The peak memory in MB, as observed at each output.
        rows: The number of conversations in its output.
        requests: The requests that it sent, including 429, without logins.
        refused: The responses with 429.
        in_flight: The most requests in flight at once.
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
        """Return the costs for a file."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


class Server:
    """The server in its own process, which ends with the context."""

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

    def configure(self, **behaviour: Any) -> None:  # noqa: ANN401 - the server checks them
        """Set the behaviour of the server (`serve.Behaviour`), and reset its counts."""
        self._talk("PUT", behaviour)

    def seen(self) -> dict[str, Any]:
        """Return the counts since then."""
        return self._talk("GET", None)

    def _talk(self, method: str, behaviour: dict[str, Any] | None) -> dict[str, Any]:
        data = None if behaviour is None else json.dumps(behaviour).encode()
        with urlopen(Request(f"{self.url}/_bench", data, method=method)) as response:  # noqa: S310
            seen: dict[str, Any] = json.load(response)
        return seen


def run(contender: Contender, server: Server, *, days: int, page_size: int = 100) -> Outcome:
    """Run a contender once, after `server.configure`; read and count its output.

    Raises:
        RuntimeError: The contender failed; the message has its stderr.
    """
    command = contender.started(server.url, days, page_size)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        begun = time.monotonic()
        printed = _counted(process, contender.mark)
        # Not `process.wait`: this returns the resource usage of that process only. Its peak memory
        # is not used, since it begins with that of the parent process.
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
    """The output of a process."""

    rows: int = 0
    #: The moment of the last output.
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
