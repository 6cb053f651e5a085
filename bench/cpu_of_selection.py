"""Measures the CPU time of writing a conversation, with all columns and without nested ones.

Run it: `.venv/bin/python bench/cpu_of_selection.py > bench/cpu_of_selection.txt`. Each figure is
the best of 12 rounds in this process; reading the response and the tables are not in it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from tap_genesys.records.conversation_rows import NESTED
from tap_genesys.replication.windows import DAY
from tap_genesys.simulator import World
from tap_genesys.tap import TapGenesys

NOW = datetime(2026, 3, 10, tzinfo=UTC)
ROWS, ROUNDS = 1_500, 12
OWN = {"_extra": None, "_readAt": "2026-03-10T00:00:00.000Z", "_source": "job"}


def microseconds(rows: list[dict[str, Any]], *, narrow: bool, through_sdk: bool) -> float:
    """Return the CPU time of a row.

    Args:
        rows: The rows.
        narrow: Whether nested columns are not selected.
        through_sdk: Whether rows go through the SDK's layers.
    """
    tap = TapGenesys(config={}, validate_config=False)
    stream = cast("Any", tap.streams["conversation_details"])
    if narrow:
        for name in NESTED:
            stream.metadata["properties", name].selected = False
    stream.selected = True  # resolves the selection anew
    if through_sdk:
        vars(stream)["_deselected_columns"] = None
    best = float("inf")
    for _ in range(ROUNDS):
        copies = [dict(row) for row in rows]  # the SDK changes them
        begun = time.process_time()
        for row in copies:
            stream._write_record_message(row)  # noqa: SLF001 - what is measured
        best = min(best, time.process_time() - begun)
    return best / len(rows) * 1e6


def main() -> None:
    """Print a line for each case."""
    world = World(per_day=ROWS, since=NOW - DAY, now=NOW, lag=timedelta(0), step=timedelta(0))
    rows = [{**world.in_lake(number), **OWN} for number in world.numbers(NOW - DAY, NOW)]
    results = {}
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        for columns, narrow in (("all columns", False), ("without nested columns", True)):
            for way, through_sdk in (("through the SDK", True), ("straight", False)):
                cost = microseconds(rows, narrow=narrow, through_sdk=through_sdk)
                results[f"{columns}, {way}"] = cost
    for name, cost in results.items():
        sys.stdout.write(f"{name}: {cost:.1f} us\n")


if __name__ == "__main__":
    main()
