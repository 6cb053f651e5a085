"""Runs the tap many times with damaged responses, and writes the outcomes to bench/.

Run it: `.venv/bin/python scripts/damaged_runs.py --runs 1000`. The exit code is 1 where a run broke
the law of `tests/test_damaged_responses.py`; `tests/support/damaged_runs.hold(seed)` repeats one.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "damaged_runs.json"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.damaged_runs import hold  # noqa: E402 - from a folder that is added just now


class Result(NamedTuple):
    """The outcome of one seed."""

    seed: int
    #: The kinds of damage.
    damages: list[str]
    #: `ok`, or the name of the error that ended the run.
    ended: str
    #: The violation of the law; empty if it holds.
    finding: str


def result(seed: int) -> Result:
    """Run a seed, and return its outcome."""
    logging.disable(logging.CRITICAL)
    try:
        outcome = hold(seed)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - any exception is a finding
        return Result(seed, [], "", f"{type(error).__name__}: {error}"[:500])
    kinds = [damage.kind for damage in outcome.damages]
    return Result(seed, kinds, type(outcome.error).__name__ if outcome.error else "ok", "")


def main() -> int:
    """Run all seeds; write and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=1_000, help="the first seed")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.runs)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(result, seeds, chunksize=5))
    findings = {run.seed: run.finding for run in results if run.finding}
    figures = {
        "seeds": f"{seeds.start} to {seeds.stop - 1}",
        "runs": len(results),
        "damaged_responses": Counter(kind for run in results for kind in run.damages),
        "ended": Counter(run.ended for run in results if not run.finding),
        "findings": findings,
    }
    text = json.dumps(figures, indent=1, sort_keys=True)
    RESULTS.write_text(f"{text}\n", "utf-8")
    sys.stdout.write(f"{text}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
