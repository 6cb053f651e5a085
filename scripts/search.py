"""Looks for a schedule of runs that breaks a law: fresh ones, each with a seed that finds it again.

Run it: `make search`, or `.venv/bin/python scripts/search.py --schedules 1000 --minutes 60`. What
was tried is appended to bench/SEARCHES.md. The exit code is 1 when a law is broken.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zlib import crc32

ROOT = Path(__file__).parents[1]
LOG = ROOT / "bench" / "SEARCHES.md"


@dataclass(frozen=True)
class Search:
    """The search for a violation of one law.

    Args:
        law: The test's node id.
        seed: Finds the same schedules again.
        tried: How many schedules were tried.
        failure: What the test printed when a schedule broke the law; empty where none did.
    """

    law: str
    seed: int
    tried: int
    failure: str


def laws() -> list[str]:
    """Return the node ids of the laws: the tests with the marker `law`."""
    found = _pytest("--collect-only", "--quiet", "-m", "law", "tests")
    names = [line for line in found.stdout.splitlines() if "::" in line]
    if not names:
        sys.exit(f"No law could be collected:\n{found.stdout}{found.stderr}")
    return names


class Budget:
    """The time that laws share, so that none takes what the others need.

    Args:
        minutes: How long all of them may take together.
        laws: How many there are.
        workers: How many are searched at once.
    """

    def __init__(self, minutes: float, laws: int, workers: int) -> None:
        self._end = time.time() + 60 * minutes
        self._laws = laws
        self._workers = workers
        self._lock = threading.Lock()

    def share(self) -> float:
        """Return when the next law has to stop, in seconds as `time.time` counts them."""
        with self._lock:
            now = time.time()
            left = max(self._end - now, 0.0)
            share = left * self._workers / self._laws
            self._laws -= 1
        return now + min(share, left)


def seed_of(commit: str, law: str) -> int:
    """Return a seed that no other commit has had: a run of this one can be repeated.

    Args:
        commit: As `_commit` returns it; one that was changed since gets a new seed each time.
        law: The test's node id.
    """
    if commit.endswith(("+", "unknown")):
        return random.SystemRandom().randrange(2**32)
    return crc32(f"{commit} {law}".encode())


def search(law: str, seed: int, *, schedules: int, budget: Budget) -> Search:
    """Try fresh schedules of one law.

    Args:
        law: The test's node id.
        seed: Decides which schedules are tried.
        schedules: How many are tried at most.
        budget: Says when to stop.
    """
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "tried"
        result = _pytest(
            law,
            f"--hypothesis-seed={seed}",
            LAW_SEARCH=str(schedules),
            LAW_SEARCH_UNTIL=str(budget.share()),
            LAW_SEARCH_NOTED=str(noted),
        )
        tried = int(noted.read_text("utf-8")) if noted.exists() else 0
    return Search(law, seed, tried, result.stdout + result.stderr if result.returncode else "")


def main(arguments: list[str] | None = None) -> int:
    """Search each law; print and note what was tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=100, help="of each law (default 100)")
    parser.add_argument("--minutes", type=float, default=9, help="at most (default 9)")
    parser.add_argument("--seed", type=int, help="default: a new one for each commit and law")
    parser.add_argument("--law", default="", help="a part of the names of those that are searched")
    options = parser.parse_args(arguments)
    found, workers = [law for law in laws() if options.law in law], os.cpu_count() or 1
    budget = Budget(options.minutes, len(found), workers)
    try_one = partial(search, schedules=options.schedules, budget=budget)
    commit = _commit()
    seeds = [seed_of(commit, law) if options.seed is None else options.seed for law in found]
    with ThreadPoolExecutor(workers) as pool:
        searches = list(pool.map(try_one, found, seeds))
    LOG.touch()
    with LOG.open("a", encoding="utf-8") as log:
        for one in searches:
            outcome = "BROKEN" if one.failure else "held"
            name = one.law.rpartition("::")[2]
            day = f"{datetime.now(UTC):%Y-%m-%d}"
            log.write(f"| {day} | {commit} | `{name}` | {one.seed} | {one.tried} | {outcome} |\n")
            print(f"{outcome:7} {one.tried:5} schedules  seed {one.seed:10}  {name}")
    broken = [one for one in searches if one.failure]
    for one in broken:
        print(f"\n{one.failure}\nTo see it again:")
        print(
            f"LAW_SEARCH={options.schedules} .venv/bin/python -m pytest '{one.law}' "
            f"--hypothesis-seed={one.seed}"
        )
    return 1 if broken else 0


def _pytest(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(  # noqa: S603 - ours
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _commit() -> str:
    """Return the commit that was searched, with a `+` where files were changed since."""
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    return result.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
