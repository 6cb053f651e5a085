"""The end of a run by a signal, and the clock, whose waits a signal ends."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

#: The longest that a waiting thread goes without a check for a signal.
_CHECK_SECONDS = 0.25


class Interrupted(SystemExit):
    """Leave now, on a signal; the exit code is 128 plus the signal's number.

    Args:
        signum: The signal's number.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)


class Interruption:
    """The note that a signal is to end the run.

    The handler only takes a note, since an exception raised in the middle of a write would cut a
    Singer message in two. The note is read between records and in every wait of a `Clock`. One
    place cannot check, a blocked network read; there, and only there, the handler raises.
    """

    def __init__(self) -> None:
        self._signum = 0
        self._breakable = False
        self._shielded = False

    def handle(self, signum: int, _frame: FrameType | None = None) -> None:
        """Note a signal; the first one counts. Runs in the main thread, as signal handlers do."""
        self._signum = self._signum or signum
        if self._breakable and not self._shielded:
            self._breakable = False
            raise Interrupted(self._signum)

    def check(self) -> None:
        """Go on, unless a signal has been noted.

        Raises:
            Interrupted: A signal ends the run.
        """
        if self._signum and not self._shielded:
            raise Interrupted(self._signum)

    @property
    def is_cleaning_up(self) -> bool:
        """Whether a shielded block delays the end after a signal; there is no time for retries."""
        return self._shielded and self._signum != 0

    @contextlib.contextmanager
    def breakable(self) -> Iterator[None]:
        """Let a signal interrupt the block, in the main thread, even within a blocked read.

        Raises:
            Interrupted: A signal ends the run.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        try:
            self._breakable = True
            self.check()
            yield
        finally:
            self._breakable = False

    @contextlib.contextmanager
    def shielded(self) -> Iterator[None]:
        """Let the block finish although a signal has come, which takes effect afterwards.

        For the one short request that must not be left out: the deletion of a job.
        """
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False


class Clock:
    """Counts seconds, and waits, in any thread.

    Args:
        interruption: Ends a wait.
        sleep: Waits for some seconds without a check; tests pass a function that returns at once.
        monotonic: Counts seconds, like `time.monotonic`.
    """

    def __init__(
        self,
        interruption: Interruption,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interruption = interruption
        self._sleep = sleep
        self._monotonic = monotonic
        #: Called at each check within a wait, in whichever thread waits.
        self.on_check: Callable[[], None] = _nothing

    def seconds(self) -> float:
        """Return the present moment, in seconds; only differences mean something."""
        return self._monotonic()

    def wait(self, seconds: float) -> None:
        """Wait, and check for a signal four times a second.

        Raises:
            Interrupted: A signal ends the run.
        """
        end = self.seconds() + seconds
        self._interruption.check()
        while (left := end - self.seconds()) > 0:
            self._sleep(min(left, _CHECK_SECONDS))
            self._interruption.check()
            self.on_check()


def _nothing() -> None:
    """Do nothing."""
