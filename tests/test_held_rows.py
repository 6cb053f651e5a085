"""Rows that are held back are compressed, and released unchanged."""

from __future__ import annotations

import pytest

from tap_genesys.records.held_rows import HeldRows

ROWS = [{"_id": str(number), "b": number / 7, "a": None} for number in range(1203)]


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1203])
def test_rows_that_are_held_are_released_as_they_were(count: int) -> None:
    """Held rows are released once, in their order, with the order of their columns."""
    held = HeldRows()
    for row in ROWS[:count]:
        held.add(row)
    released = list(held.release())
    assert released == ROWS[:count]
    assert [list(row) for row in released] == [list(row) for row in ROWS[:count]]
    assert not list(held.release())
