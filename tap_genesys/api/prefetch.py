"""Prefetch: the next requests are in flight while a response is read."""

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
    """Keeps a bounded number of requests in flight, and returns their responses in order.

    The caller decides which requests are sent and in which order, as without prefetch; they are
    only sent earlier. An error is raised when its response is needed, not before. Responses that
    turn out not to be needed are dropped.

    Each request has its own daemon thread: a blocked read does not keep a run from ending.

    Args:
        most: Requests in flight, at most; at most twice as many responses are buffered. With 1,
            each request is sent when its response is needed, in the caller's thread.
        interruption: Ends the wait for a response on a signal.
    """

    def __init__(self, most: int, interruption: Interruption) -> None:
        self._most = most
        self._interruption = interruption
        self._in_flight: dict[K, Future[R]] = {}

    def result(
        self, key: K, send: Callable[[], R], following: Iterable[tuple[K, Callable[[], R]]]
    ) -> R:
        """Return the response to a request, and prefetch the following ones.

        Args:
            key: Identifies the request.
            send: Sends the request.
            following: The next requests, in their order; only as many are taken as may be in
                flight or buffered.

        Raises:
            Interrupted: A signal ended the wait.
            Exception: The error that `send` raised.
        """
        if self._most == 1:
            return send()
        present = self._in_flight.pop(key, None) or _begin(send)
        planned = dict(islice(following, 2 * self._most))
        # Keep requests that are still planned, even if they are needed later now.
        kept = {name: self._in_flight[name] for name in planned if name in self._in_flight}
        busy = sum(not future.done() for future in (present, *kept.values()))
        for name, later in planned.items():
            if busy >= self._most:
                break
            if name not in kept:
                kept[name] = _begin(later)
                busy += 1
        self._in_flight = kept
        with self._interruption.breakable():
            return present.result()

    def begin(self, key: K, send: Callable[[], R]) -> None:
        """Send the next request now."""
        if self._most > 1:
            self._in_flight[key] = _begin(send)

    def forget(self) -> None:
        """Drop all prefetched requests: each is sent again when it is needed."""
        self._in_flight = {}


def _begin(send: Callable[[], R]) -> Future[R]:
    future: Future[R] = Future()
    threading.Thread(target=partial(_fulfil, future, send), daemon=True).start()
    return future


def _fulfil(future: Future[R], send: Callable[[], R]) -> None:
    try:
        future.set_result(send())
    except BaseException as error:  # noqa: BLE001 - raised where the response is needed
        future.set_exception(error)
