"""What all tests share."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

# A machine that is busy is no defect: examples are not timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# As the command has it: a search after each 700 objects goes through all that the tests keep.
gc.set_threshold(100_000, 20, 50)

#: Files whose single tests, or the set-ups that these share, take many seconds.
LONG = (
    "test_warehouse",
    "test_deleted_rows",
    "test_meltano",
    "test_backfill",
    "test_vendor_sdk",
    "test_wheel",
    "test_law",
    "test_user_details",
    "test_preflight",
    "test_process",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is long: what is short can be shared out, so that all workers end together.

    What shares a set-up stays together, at the begin of one worker's list; others take from its end
    (`--dist worksteal`).
    """
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(Path(item.path).stem, len(LONG)))
