"""Reading ahead: what will be asked next is under way while an answer is being read."""

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
A = TypeVar("A")


class Prefetcher(Generic[K, A]):
    """Keeps a bounded number of requests under way, and hands out answers one by one.

    Who reads decides what is asked, in which order, and when it is over, as if there were no
    reading ahead; this only asks earlier. So an error appears when its answer is wanted, not
    before, and answers that turn out not to be wanted are dropped.

    A thread lives as long as its request, and is a daemon: one that is stuck in a read keeps no run
    from ending.

    Args:
        most: How many requests may be under way; at most twice as many answers wait to be handed
            out. With 1, each request is made when its answer is wanted, by who wants it.
        interruption: May break into the wait for an answer.
    """

    def __init__(self, most: int, interruption: Interruption) -> None:
        self._most = most
        self._interruption = interruption
        self._under_way: dict[K, Future[A]] = {}

    def answer(
        self, wanted: K, ask: Callable[[], A], following: Iterable[tuple[K, Callable[[], A]]]
    ) -> A:
        """Return the answer to a request, and see to it that the following ones are under way.

        Args:
            wanted: Names the request.
            ask: Makes it.
            following: What will be asked after it, in that order; only as much of it is looked at
                as there may be room for.

        Raises:
            Interrupted: A signal asked the run to end.
            Exception: What `ask` raises.
        """
        if self._most == 1:
            return ask()
        one = self._under_way.pop(wanted, None) or _begin(ask)
        coming = dict(islice(following, 2 * self._most))
        # What was asked for and still follows is kept, however late it is wanted now.
        kept = {name: self._under_way[name] for name in coming if name in self._under_way}
        busy = sum(not future.done() for future in (one, *kept.values()))
        for name, later in coming.items():
            if busy >= self._most:
                break
            if name not in kept:
                kept[name] = _begin(later)
                busy += 1
        self._under_way = kept
        with self._interruption.breakable():
            return one.result()

    def begin(self, name: K, ask: Callable[[], A]) -> None:
        """Make a request now whose turn is next."""
        if self._most > 1:
            self._under_way[name] = _begin(ask)

    def forget(self) -> None:
        """Drop what was asked ahead: it is to be asked again, later."""
        self._under_way = {}


def _begin(ask: Callable[[], A]) -> Future[A]:
    future: Future[A] = Future()
    threading.Thread(target=partial(_fulfil, future, ask), daemon=True).start()
    return future


def _fulfil(future: Future[A], ask: Callable[[], A]) -> None:
    try:
        future.set_result(ask())
    except BaseException as error:  # noqa: BLE001 - raised where the answer is wanted
        future.set_exception(error)
