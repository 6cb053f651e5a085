"""Schedules: runs at any distance, while the lake lags, runs are killed, and sources change."""

from __future__ import annotations

import os
import time
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

#: How many new schedules are tried of each law, `make search`; else the same few.
SEARCH = os.environ.get("LAW_SEARCH")
#: When a search ends, in seconds as `time.time` counts them, and where it notes what it tried.
UNTIL = float(os.environ.get("LAW_SEARCH_UNTIL", "inf"))
NOTED = os.environ.get("LAW_SEARCH_NOTED")


def searching(law: Any) -> Callable[..., None]:
    """Mark a property as a law: it looks for a schedule that breaks it, as long as it may.

    One that does is reported as it is, not shrunk, for each takes seconds to try.
    """
    try_schedule = law.hypothesis.inner_test  # documented for plugins
    tried = 0

    @wraps(try_schedule)
    def in_time(*arguments: Any, **options: Any) -> None:
        nonlocal tried
        if time.time() < UNTIL:
            tried += 1
            if NOTED:
                Path(NOTED).write_text(str(tried), "utf-8")
            try_schedule(*arguments, **options)

    law.hypothesis.inner_test = in_time
    configure = settings(
        max_examples=int(SEARCH or 6),
        phases=(Phase.explicit, Phase.generate),
        derandomize=not SEARCH,
    )
    marked: Callable[..., None] = pytest.mark.law(configure(law))
    return marked


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
