"""The processes that the demo starts, and ends in any case."""

from __future__ import annotations

import os
import signal
import subprocess
from threading import Timer
from typing import TYPE_CHECKING

from places import PATIENCE, PROJECT, SIMULATOR_LOG, DemoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType
    from typing import IO, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """A signal ends the demo."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


class Children:
    """Starts processes, and ends them and their children in any case."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[str]] = []
        self._signals: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        handlers = [signal.signal(number, signal.SIG_IGN) for number in SIGNALS]
        for process in reversed(self._started):
            self._stop(process)
        for number, handler in zip(SIGNALS, handlers, strict=True):
            signal.signal(number, handler)

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdout: IO[str] | int,
        stderr: IO[str],
    ) -> subprocess.Popen[str]:
        """Start a program; a signal that arrives meanwhile takes effect afterwards."""
        handlers = [signal.signal(number, self._note) for number in SIGNALS]
        try:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                command,
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )
            self._started.append(process)
        finally:
            for number, handler in zip(SIGNALS, handlers, strict=True):
                signal.signal(number, handler)
        for noted in self._signals:
            signal.raise_signal(noted)
        return process

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _stop(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.stdout:
            process.stdout.close()


def address(process: subprocess.Popen[str]) -> str:
    """Return the URL in the simulator's first line of output.

    Raises:
        DemoError: The simulator did not print its URL in time.
    """
    deadline = Timer(PATIENCE, process.terminate)
    deadline.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        deadline.cancel()
    _, found, url = line.strip().rpartition(" at ")
    if not found:
        lines = SIMULATOR_LOG.read_text(encoding="utf-8").splitlines()
        msg = f"the simulator did not start: {lines[-1] if lines else 'without a message'}"
        raise DemoError(msg)
    return url


def leave(number: int, _frame: FrameType | None) -> None:
    """Raise `Interrupted`, so that all processes are ended.

    Raises:
        Interrupted: Always.
    """
    raise Interrupted(number)
