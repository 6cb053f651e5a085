"""The search of the laws: its schedules and its time."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import search

LAWS = ["tests/a.py::one", "tests/b.py::two", "tests/b.py::three"]


def test_a_commit_is_searched_with_the_same_schedules_again() -> None:
    """A commit and a law determine the seed, so that a search can be repeated.

    Uncommitted changes get a new one.
    """
    seeds = {search.seed_of(commit, law) for commit in ("aaaa", "bbbb") for law in LAWS}
    assert seeds == {search.seed_of(commit, law) for commit in ("aaaa", "bbbb") for law in LAWS}
    assert len(seeds) == 6
    assert search.seed_of("aaaa+", LAWS[0]) != search.seed_of("aaaa+", LAWS[0])


def test_each_law_gets_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each law gets its share of the workers' time, and the unused time of the others."""
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    budget = search.Budget(9, laws=3, workers=2)
    assert [budget.share(), budget.share()] == [1000 + 360, 1000 + 540]
    now[0] += 60
    assert budget.share() == 1000 + 540


@pytest.mark.parametrize(("code", "outcome"), [(0, "held"), (1, "BROKEN")])
def test_what_was_tried_is_noted_and_a_failure_can_be_found_again(
    code: int,
    outcome: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each search is logged with its seed, and a failure prints the command that repeats it."""

    def result(law: str, seed: int, **_options: Any) -> search.Search:
        return search.Search(law, seed, 7, "a schedule" if code else "")

    monkeypatch.setattr(search, "laws", lambda: LAWS)
    monkeypatch.setattr(search, "search", result)
    monkeypatch.setattr(search, "LOG", tmp_path / "log.md")
    assert search.main(["--seed", "5", "--schedules", "30"]) == code
    lines = (tmp_path / "log.md").read_text().splitlines()
    assert len(lines) == 3
    assert all(line.endswith(f"| 5 | 7 | {outcome} |") for line in lines)
    again = "LAW_SEARCH=30 .venv/bin/python -m pytest 'tests/a.py::one' --hypothesis-seed=5"
    assert (again in capsys.readouterr().out) == bool(code)
