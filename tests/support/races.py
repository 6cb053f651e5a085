"""Race threads against a lock, so that code without it fails, without real waits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds after which a test that hangs fails.
_PATIENCE = 10


class Race:
    """Threads that all call one function, and a lock that records the threads waiting for it.

    Put `lock` in place of the code's own lock, and let a double call `meet` between the code's read
    and its write. There, a thread goes on once every other one waits for the lock or has reached
    the same place. So without the lock all threads have read the same value.

    Args:
        threads: The number of threads.
    """

    def __init__(self, threads: int) -> None:
        self.lock: Any = _Watched(self._arrive)
        self._threads = threads
        self._arrived: set[int] = set()
        self._changed = threading.Condition()

    def run(self, function: Callable[[], object]) -> None:
        """Call a function in each thread; return when all have ended."""
        threads = [threading.Thread(target=function) for _ in range(self._threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def meet(self) -> None:
        """Wait until each thread has arrived, here or at the lock."""
        self._arrive()
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._arrived) == self._threads, _PATIENCE)

    def _arrive(self) -> None:
        with self._changed:
            self._arrived.add(threading.get_ident())
            self._changed.notify_all()


class _Watched:
    """A lock that reports each thread that waits for it."""

    def __init__(self, arrive: Callable[[], None]) -> None:
        self._arrive = arrive
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._arrive()
            self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()
