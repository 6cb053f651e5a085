"""Schedules of runs: with any distance and lag of the lake, with kills and changes of source."""

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

#: The number of new schedules for each law (`make search`); unset for the same few.
SEARCH = os.environ.get("LAW_SEARCH")
#: The end of a search, in seconds of `time.time`, and the file for its number of schedules.
UNTIL = float(os.environ.get("LAW_SEARCH_UNTIL", "inf"))
NOTED = os.environ.get("LAW_SEARCH_NOTED")
#: The phases of a law: `make check` tries its explicit examples alone.
PHASES = (Phase.explicit, Phase.generate)[: 1 if os.environ.get("LAW_EXAMPLES_ONLY") else 2]


def searching(law: Any) -> Callable[..., None]:
    """Mark a property as a law, for which a search tries schedules until its time is over.

    A schedule that breaks the law is not shrunk, since each takes seconds.
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
        phases=PHASES,
        derandomize=not SEARCH,
    )
    marked: Callable[..., None] = pytest.mark.law(configure(law))
    return marked


class Stretch(NamedTuple):
    """Consecutive runs at one distance."""

    distance: timedelta
    runs: int
    lag: timedelta
    #: The share of the last run's messages before it is killed; None if it is not killed.
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
    """Return a strategy for schedules.

    Args:
        distances: The distances between two runs.
        lags: The lags of the data lake.
        sources: The sources of rows.
        most_runs: The most runs of a stretch.
        stretches: The fewest and the most stretches of a schedule.
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
