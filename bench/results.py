"""Results of measurements: medians, paces, and the cost of a record."""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

from arithmetic import RATE, bound, per_record

Runs = list[dict[str, float]]


class Limited(NamedTuple):
    """Figures of a run whose rate is limited.

    Args:
        requests: The number of requests.
        bound: The lower bound of the seconds.
        seconds: The median of the measured seconds.
        refused: The responses with 429, the most of any run.
    """

    requests: int
    bound: float
    seconds: float
    refused: float


class Results:
    """The figures of each case and contender, with medians and derived figures.

    Args:
        content: The content of results.json.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        self.about: dict[str, Any] = content["about"]
        self.figures: dict[str, dict[str, Runs]] = content["figures"]

    def of(self, case: str, name: str, figure: str) -> list[float]:
        """Return a figure of each round; an empty list if it was not measured."""
        return [run[figure] for run in self.figures.get(case, {}).get(name, [])]

    def median(self, case: str, name: str, figure: str) -> float | None:
        """Return the median of a figure; None if it was not measured."""
        values = self.of(case, name, figure)
        return statistics.median(values) if values else None

    def cpu(self, case: str, name: str) -> float | None:
        """Return the CPU seconds per record, without those of an empty run."""
        taken, empty = self.of(case, name, "cpu"), self.of("empty", name, "cpu")
        if not taken or not empty:
            return None
        return per_record(taken, empty, int(self.of(case, name, "rows")[0]))

    def pace(self, case: str, name: str) -> float | None:
        """Return the conversations a second, from the first request to the last row printed."""
        runs = self.figures.get(case, {}).get(name, [])
        return statistics.median(run["rows"] / run["reading"] for run in runs) if runs else None

    def limited(self, latency: float, parallel: int) -> Limited | None:
        """Return the figures with a rate limit; None if they were not measured."""
        runs = self.figures.get(f"rate {latency}", {}).get(f"this tap, {parallel} in flight")
        if not runs:
            return None
        requests = int(runs[0]["requests"])
        least = bound(requests, per_second=RATE / 60, latency=latency, parallel=parallel)
        seconds = statistics.median(run["reading"] for run in runs)
        refused = max(run["refused"] for run in runs)
        return Limited(requests, least, seconds, refused)
