"""Progress on a terminal, or in the log."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_genesys.output.progress import Progress

#: Seconds between two log lines, and between two updates of a terminal.
LOG_SECONDS, TERMINAL_SECONDS = 30.0, 0.5
#: More streams are never read at once, and small terminals have no room for more lines.
_MOST_LINES = 8
#: The beginnings of the SDK's log lines that are dropped: two that each of a hundred streams would
#: log in each run, and one before each error, which has a line of its own.
_IDLE_LINES = (
    "Added '%s' as child stream",
    "Skipping deselected stream",
    "An unhandled error occurred while syncing",
)


def drop_idle_lines(logger: logging.Logger | logging.LoggerAdapter[Any]) -> None:
    """Drop those log lines of the SDK that a run has too many of.

    Args:
        logger: A plugin's or a stream's; from singer-sdk 0.55 on, a stream's is an adapter, which
            takes no filter.
    """
    plain = logger.logger if isinstance(logger, logging.LoggerAdapter) else logger
    plain.addFilter(_is_worth_a_line)


def _is_worth_a_line(entry: logging.LogRecord) -> bool:
    return not str(entry.msg).startswith(_IDLE_LINES)


class ProgressLogger:
    """Logs or draws the progress of a run, at most once in some seconds.

    It has no thread of its own: each request and each check within a wait calls `tick`, in whatever
    thread that is.

    Args:
        progress: The numbers of the streams.
        logger: Logs the lines where there is no terminal.
    """

    def __init__(self, progress: Progress, logger: logging.Logger) -> None:
        self._progress = progress
        self._logger = logger
        self._lock = threading.Lock()
        self._every = LOG_SECONDS
        self._emit: Callable[[list[str]], None] = self._log
        #: Never, outside of `active`.
        self._due = math.inf

    def tick(self) -> None:
        """Emit the lines, if they are due."""
        if self._progress.clock.seconds() < self._due:
            return
        with self._lock:  # one thread emits them
            now = self._progress.clock.seconds()
            if now < self._due:
                return
            self._due = now + self._every
        lines = self._progress.lines()
        if lines:
            self._emit(lines)

    @contextlib.contextmanager
    def active(self, terminal: Terminal | None = None) -> Iterator[None]:
        """Emit progress while the block runs.

        Args:
            terminal: Draws the lines; without it, they are logged.
        """
        now = self._progress.clock.seconds()
        if terminal is None:
            self._due = now + self._every
        else:
            self._emit, self._every, self._due = terminal.draw, TERMINAL_SECONDS, now
        try:
            with contextlib.nullcontext() if terminal is None else terminal.kept_clean():
                yield
        finally:
            self._due = math.inf

    def _log(self, lines: list[str]) -> None:
        self._logger.info("Progress: %s.", "; ".join(lines))


class Terminal:
    """Progress lines at the bottom of a terminal, which are redrawn in place.

    The cursor stays on an empty line above them, so that log lines of the tap and of other programs
    are written there undamaged.

    Args:
        stream: The terminal.
        size: Returns its numbers of columns and lines.
    """

    def __init__(self, stream: TextIO, size: Callable[[], tuple[int, int]]) -> None:
        self._stream = stream
        self._size = size
        self._lock = threading.Lock()
        self._is_drawn = self._is_closed = False

    def draw(self, lines: list[str]) -> None:
        """Replace the drawn lines; cut those that are too long."""
        columns, height = self._size()
        drawn = [line[: max(1, columns - 1)] for line in lines]
        drawn = drawn[: max(1, min(_MOST_LINES, height - 2))]
        with self._lock:
            if not self._is_closed:
                self._is_drawn = True
                self._write("\r\x1b[J\n" + "\n".join(drawn) + f"\x1b[{len(drawn)}A\r")

    def erase(self) -> None:
        """Erase the drawn lines."""
        with self._lock:
            if self._is_drawn:
                self._is_drawn = False
                self._write("\r\x1b[J")

    @contextlib.contextmanager
    def kept_clean(self) -> Iterator[None]:
        """Erase the lines before each log line while the block runs, and at its end."""

        def make_room(_entry: logging.LogRecord) -> bool:
            self.erase()
            return True

        handlers = logging.getLogger().handlers[:]
        for handler in handlers:
            handler.addFilter(make_room)
        try:
            yield
        finally:
            for handler in handlers:
                handler.removeFilter(make_room)
            with self._lock:
                self._is_closed = True
            self.erase()

    def _write(self, text: str) -> None:
        # Progress that cannot be drawn is no reason to stop.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def terminal(
    stream: TextIO | None = None, environ: Mapping[str, str] = os.environ
) -> Terminal | None:
    """Return stderr as a terminal; None if it is none, or cannot be drawn on.

    Args:
        stream: The stream to use instead of stderr.
        environ: Environment variables.
    """
    stream = stream or sys.stderr
    try:
        number = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None
    if not os.isatty(number) or environ.get("TERM", "dumb") == "dumb":
        return None

    def size() -> tuple[int, int]:
        try:
            terminal = os.get_terminal_size(number)
        except OSError:
            return 80, 24
        return terminal.columns or 80, terminal.lines or 24

    return Terminal(stream, size)
