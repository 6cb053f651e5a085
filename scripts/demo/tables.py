"""What the demo prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from database import AVERAGE_HANDLE_TIME, ask
from places import DATABASE, QUESTION, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS_SHOWN = 5


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


def show_handle_time() -> None:
    """Print the question that a manager would ask, answered for the last days."""
    QUESTION.write_text(AVERAGE_HANDLE_TIME, encoding="utf-8")
    answer = ask(AVERAGE_HANDLE_TIME)
    days = sorted({day for _, day, _, _ in answer})[-DAYS_SHOWN:]
    times = {(queue, day): minutes(seconds) for queue, day, _, seconds in answer}
    queues = sorted({queue for queue, _ in times})
    print("\nAverage handle time of calls per queue and day, in minutes:seconds")
    show_table(
        ["queue", *days],
        [[queue, *(times.get((queue, day), "") for day in days)] for queue in queues],
    )
    print(f"\nThe database is {shown(DATABASE)}, that question's SQL {shown(QUESTION)}.")


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


def minutes(seconds: float) -> str:
    """Write a duration as 4:05."""
    whole, rest = divmod(round(seconds), 60)
    return f"{whole}:{rest:02}"
