"""What the demo prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from database import WAREHOUSE, ask, documented
from places import DATABASE, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

CODES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Loaded:
    """One stream: rows that the simulator holds, that DuckDB has, that are new, and the time."""

    stream: str
    held: int
    arrived: int
    new: int
    seconds: float | None


def show_results(results: Sequence[Loaded], *, is_incremental: bool) -> None:
    """Print what was held, what arrived, and what of that is new."""
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


def show_answers() -> None:
    """Print what a manager would ask first, answered from the tables."""
    ask(documented("views"))
    print("\nService level of calls: answered within 20 seconds")
    show_table(
        ["queue", "offered", "service level"],
        [
            [queue, f"{offered:,}", f"{share:.0%}"]
            for queue, offered, share in ask(documented("service level"))
        ],
    )
    print("\nWrap-up codes")
    show_table(
        ["code", "conversations"],
        [
            [code, f"{number:,}"]
            for code, number in ask(documented("wrap-up distribution"))[:CODES_SHOWN]
        ],
    )
    ((repeats, callers),) = ask(documented("repeat callers"))
    print(f"\n{callers:,} people called again within seven days, {repeats:,} times in all.")
    print(f"\nThe database is {shown(DATABASE)}; {shown(WAREHOUSE)} has these questions and more.")


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    print()
    for row in (header, *rows):
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())
