"""Prefetch: the next requests are under way while a response is being read."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from tap_genesys.interruption import Interruption

K = TypeVar("K", bound="Hashable")
R = TypeVar("R")


class Prefetcher(Generic[K, R]):
    """Keeps a bounded number of requests under way, and returns their responses one by one.

    The reader decides which requests are made, in which order, and when that is over, as if there
    were no prefetch; requests are only made earlier. So an error is raised when its response is
    needed, not before, and responses that turn out not to be needed are dropped.

    A thread lives as long as its request, and is a daemon: one that is stuck in a read keeps no run
    from ending.

    Args:
        most: How many requests may be under way; at most twice as many responses wait to be
            returned. With 1, each request is made when its response is needed, in the caller's
            thread.
        interruption: May break into the wait for a response.
    """

    def __init__(self, most: int, interruption: Interruption) -> None:
        self._most = most
        self._interruption = interruption
        self._under_way: dict[K, Future[R]] = {}

    def result(
        self, key: K, send: Callable[[], R], following: Iterable[tuple[K, Callable[[], R]]]
    ) -> R:
        """Return the response to a request, and see to it that the following ones are under way.

        Args:
            key: Identifies the request.
            send: Makes it.
            following: The requests that follow, in their order; no more of them are taken than may
                be under way or wait.

        Raises:
            Interrupted: A signal ended the wait.
            Exception: Whatever `send` raises.
        """
        if self._most == 1:
            return send()
        present = self._under_way.pop(key, None) or _begin(send)
        planned = dict(islice(following, 2 * self._most))
        # A request that still follows is kept, however late it is needed now.
        kept = {name: self._under_way[name] for name in planned if name in self._under_way}
        busy = sum(not future.done() for future in (present, *kept.values()))
        for name, later in planned.items():
            if busy >= self._most:
                break
            if name not in kept:
                kept[name] = _begin(later)
                busy += 1
        self._under_way = kept
        with self._interruption.breakable():
            return present.result()

    def begin(self, key: K, send: Callable[[], R]) -> None:
        """Make a request now whose turn is next."""
        if self._most > 1:
            self._under_way[key] = _begin(send)

    def forget(self) -> None:
        """Drop the requests that are under way: each is made anew when its turn comes."""
        self._under_way = {}


def _begin(send: Callable[[], R]) -> Future[R]:
    future: Future[R] = Future()
    threading.Thread(target=partial(_fulfil, future, send), daemon=True).start()
    return future


def _fulfil(future: Future[R], send: Callable[[], R]) -> None:
    try:
        future.set_result(send())
    except BaseException as error:  # noqa: BLE001 - raised where the response is needed
        future.set_exception(error)
