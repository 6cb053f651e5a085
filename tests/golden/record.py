"""Records the golden runs anew: `PYTHONPATH=tests python -m golden.record [RUN ...]`.

From the checkout's root; without names, all of them. Only where the product is meant to change, and
the change is no entry of `renames`: the diff of a recorded file cannot be reviewed. Afterwards,
clear `renames`, whose entries lead from the previous recording.
"""

from __future__ import annotations

import argparse
import logging
import sys

from golden.files import save
from golden.runs import lines_of
from golden.worlds import GOLDENS


def main() -> None:
    """Record the runs that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m golden.record", description=__doc__)
    parser.add_argument("run", nargs="*", help=", ".join(golden.name for golden in GOLDENS))
    names = parser.parse_args().run
    logging.disable(logging.CRITICAL)
    for golden in GOLDENS:
        if names and golden.name not in names:
            continue
        lines = lines_of(golden, golden.parallel[0])
        size = save(golden.name, lines)
        sys.stderr.write(f"{golden.name}: {len(lines):,} lines, {size:,} bytes\n")


if __name__ == "__main__":
    main()
