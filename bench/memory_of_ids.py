"""Measures the memory of the ids that a run keeps, for each of the places where it keeps them.

Run it: `.venv/bin/python bench/memory_of_ids.py`. The figures in docs/operations.md are its output.
"""

from __future__ import annotations

import tracemalloc
import uuid
from typing import TYPE_CHECKING

from tap_genesys.api.completeness import Completeness

if TYPE_CHECKING:
    from collections.abc import Callable

#: As many as a query returns at most.
IDS = 100_000


def new_ids() -> list[str]:
    """Return ids as the vendor has them."""
    return [str(uuid.uuid4()) for _ in range(IDS)]


def going_on() -> object:
    """Return the conversations that go on beyond a window by job, and those beyond the last one."""
    present, last = set(new_ids()), frozenset(new_ids())
    return present, last


def of_a_window() -> object:
    """Return the ids by which the rows of a query's window are counted."""
    completeness = Completeness(100)
    completeness.add_page(new_ids())
    return completeness


def to_follow() -> object:
    """Return the conversations of a window that a follow-up stream is to request."""
    contexts = [{"conversationId": name} for name in new_ids()]
    return contexts, {tuple(context.items()) for context in contexts}


def parents() -> object:
    """Return the records of a listing for each of which another one is requested."""
    return new_ids()


def measured(make: Callable[[], object]) -> float:
    """Return the bytes of each id."""
    tracemalloc.start()
    kept = make()
    bytes_kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return bytes_kept / IDS


def main() -> None:
    """Print a line for each place."""
    for make in (going_on, of_a_window, to_follow, parents):
        print(f"{make.__name__}: {measured(make):.0f} bytes an id")


if __name__ == "__main__":
    main()
