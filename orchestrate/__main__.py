"""`python -m orchestrate GROUP START END`: one load, for schedulers that run commands."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrate.errors import LoadError, NotYetError
from orchestrate.groups import GROUPS
from orchestrate.loading import Programs, catalog_of, load
from orchestrate.shares import share

if TYPE_CHECKING:
    from types import FrameType

#: The exit code if a retry is of no use for a while (EX_TEMPFAIL of sysexits.h).
NOT_YET = 75


def main(arguments: list[str] | None = None) -> int:
    """Load once, print the STATE, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m orchestrate", description=__doc__)
    parser.add_argument("group", choices=sorted(GROUPS))
    parser.add_argument(
        "start", type=moment, help="start of the range, inclusive; UTC without a zone"
    )
    parser.add_argument(
        "end",
        type=moment,
        help="end of the range, exclusive; equal to START, it only creates the tables",
    )
    parser.add_argument(
        "--workers",
        type=int,
        required=True,
        help="loads that run at once, at most; each gets its share of the rate limit",
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    try:
        part = share(os.environ, options.workers)
        programs, group = Programs.of(os.environ), GROUPS[options.group]
        catalog = catalog_of(programs, group)
        state = load(programs, group, catalog, options.start, options.end, part)
    except LoadError as error:
        sys.stderr.write(f"{error}\n")
        return NOT_YET if isinstance(error, NotYetError) else 1
    sys.stdout.write(json.dumps(state) + "\n")
    return 0


def moment(text: str) -> datetime:
    """Parse a moment; without a time zone, it is UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _leave(number: int, _frame: FrameType | None) -> None:
    """Exit by an exception, so that both programs are ended."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
