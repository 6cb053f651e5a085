"""Arithmetic on figures: medians, ratios, bounds and targets. Pure."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Rows of a page.
PAGE = 100
#: Requests that the API accepts in a minute.
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
    """Return the cost of a record: the difference of the medians, per row.

    Args:
        taken: The costs of runs with rows.
        empty: The costs of runs without rows: start, login, and one request.
        rows: The number of rows.
    """
    return (statistics.median(taken) - statistics.median(empty)) / rows


def fewest_requests(rows: Sequence[int], size: int) -> int:
    """Return the number of pages with data.

    Args:
        rows: The rows of each window.
        size: Rows per page.
    """
    return sum(math.ceil(one / size) for one in rows)


def demanded_requests(rows: Sequence[int], size: int) -> int:
    """Return the requests by the paging rules: one more if the last page was full, or the first.

    A window's first page always counts as full, since the page size is unknown then; a window
    without rows takes one request.
    """
    return sum(
        math.ceil(one / size) + (one <= size or one % size == 0) * (one > 0) or 1 for one in rows
    )


def bound(requests: int, *, per_second: float, latency: float, parallel: int) -> float:
    """Return the lower bound of the seconds for some requests.

    It is the larger of the bounds by rate and by latency.

    Args:
        requests: The number of requests.
        per_second: Requests per second, evenly spaced.
        latency: Seconds from a request to its response.
        parallel: Requests in flight, at most.
    """
    return max(requests / per_second, latency * requests / parallel)


@dataclass(frozen=True, slots=True)
class Target:
    """A target, and the measured value.

    Args:
        name: The name of the target.
        measured: The measured value; None without one.
        most: The upper limit; None without one.
        least: The lower limit; None without one.
        unit: The unit, after the numbers.
    """

    name: str
    measured: float | None
    most: float | None = None
    least: float | None = None
    unit: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None if nothing was measured."""
        if self.measured is None:
            return None
        too_much = self.most is not None and self.measured > self.most
        too_little = self.least is not None and self.measured < self.least
        return not (too_much or too_little)

    @property
    def verdict(self) -> str:
        """The result as text, in Markdown."""
        return {None: "not measured", True: "met", False: "**not met**"}[self.is_met]
