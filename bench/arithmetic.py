"""What follows from figures: medians, ratios, bounds, and whether a target is met. Pure."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Rows of a page.
PAGE = 100
#: Requests that the API answers in a minute.
RATE = 300
#: Latency, requests in flight -> how many requests are measured there: they take minutes.
LIMITED = {
    (0.2, 16): 600,
    (0.2, 4): 600,
    (1.0, 16): 600,
    (1.0, 4): 1000,
    (3.0, 16): 1500,
    (3.0, 4): 400,
}


def per_record(taken: Sequence[float], empty: Sequence[float], rows: int) -> float:
    """Return what a record takes, of medians, what an empty run takes left out.

    Args:
        taken: What runs over so many rows took.
        empty: What runs over none took: start, login, the one question that finds nothing.
        rows: How many rows.
    """
    return (statistics.median(taken) - statistics.median(empty)) / rows


def fewest_requests(rows: Sequence[int], size: int) -> int:
    """Return the pages that hold data.

    Args:
        rows: How many rows each window has.
        size: How many rows a page has.
    """
    return sum(math.ceil(one / size) for one in rows)


def demanded_requests(rows: Sequence[int], size: int) -> int:
    """Return what the paging rules demand: one more look where the last page was full, or first.

    A window's first page always counts as full, since nothing says how large a page is; a window
    without rows takes one request.
    """
    return sum(
        math.ceil(one / size) + (one <= size or one % size == 0) * (one > 0) or 1 for one in rows
    )


def bound(requests: int, *, per_second: float, latency: float, parallel: int) -> float:
    """Return the seconds below which so many requests cannot be asked and answered.

    By the rate, each has its turn; by the latency, so many rounds are needed as there are requests
    for each place.

    Args:
        requests: How many.
        per_second: How many of them may be sent a second, evenly spaced.
        latency: Seconds from each to its answer.
        parallel: How many may be under way at once.
    """
    return max(requests / per_second, latency * requests / parallel)


@dataclass(frozen=True, slots=True)
class Target:
    """What was set as a goal, and what was measured.

    Args:
        name: The goal's words.
        measured: What was measured; None where it was not.
        most: What it may be at most, if that is the goal.
        least: What it must be at least, if that is.
        unit: What follows the numbers.
    """

    name: str
    measured: float | None
    most: float | None = None
    least: float | None = None
    unit: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether it is met; None where nothing was measured."""
        if self.measured is None:
            return None
        too_much = self.most is not None and self.measured > self.most
        too_little = self.least is not None and self.measured < self.least
        return not (too_much or too_little)

    @property
    def verdict(self) -> str:
        """Say so."""
        return {None: "not measured", True: "met", False: "**not met**"}[self.is_met]
