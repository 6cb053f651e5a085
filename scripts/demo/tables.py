"""The tables that the demo prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Loaded:
    """The row counts of one stream (in the simulator, in DuckDB, new), and its seconds."""

    stream: str
    held: int
    arrived: int
    new: int
    seconds: float | None


def show_results(results: Sequence[Loaded], *, is_incremental: bool) -> None:
    """Print the rows per stream: in the simulator, in DuckDB, and new."""
    header = ["stream", "held", "arrived", *(["new"] if is_incremental else []), "seconds"]
    rows = [
        [
            result.stream,
            f"{result.held:,}",
            f"{result.arrived:,}",
            *([f"{result.new:,}"] if is_incremental else []),
            "" if result.seconds is None else f"{result.seconds:.1f}",
        ]
        for result in results
    ]
    show_table(header, rows)


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, the first column aligned left, the others right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    print()
    for row in (header, *rows):
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())
