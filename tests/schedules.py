"""Schedules: runs at any distance, while the lake lags, runs are killed, and sources change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import Phase, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

#: How many new schedules are tried, `LAW_SEARCH=100 pytest tests/test_law.py`; else the same few.
SEARCH = os.environ.get("LAW_SEARCH")
#: How a law looks for a schedule that breaks it; one that does is shown as it is, for each takes
#: seconds to try.
searching = settings(
    max_examples=int(SEARCH or 6),
    phases=(Phase.explicit, Phase.generate),
    derandomize=not SEARCH,
)


class Stretch(NamedTuple):
    """Some runs at one distance."""

    distance: timedelta
    runs: int
    lag: timedelta
    #: After what part of what the last one wrote it is killed; None where it is not.
    cut: float | None
    source: str


def schedules(
    distances: Sequence[timedelta],
    lags: Sequence[timedelta],
    sources: Sequence[str],
    *,
    most_runs: int,
    stretches: tuple[int, int],
) -> st.SearchStrategy[list[Stretch]]:
    """Return a strategy that makes schedules.

    Args:
        distances: Between two runs.
        lags: How far the lake is behind the present.
        sources: Where rows come from.
        most_runs: Of one stretch.
        stretches: The fewest and the most of one schedule.
    """
    fewest, most = stretches
    return st.lists(
        st.builds(
            Stretch,
            st.sampled_from(distances),
            st.integers(1, most_runs),
            st.sampled_from(lags),
            st.one_of(st.none(), st.floats(0, 1)),
            st.sampled_from(sources),
        ),
        min_size=fewest,
        max_size=most,
    )
