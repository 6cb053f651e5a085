"""`python -m orchestrate GROUP START END`: one load, for schedulers that start commands."""

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

#: The exit code where trying again soon is no use (EX_TEMPFAIL of sysexits.h).
NOT_YET = 75


def main(arguments: list[str] | None = None) -> int:
    """Load once, print the STATE, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m orchestrate", description=__doc__)
    parser.add_argument("group", choices=sorted(GROUPS))
    parser.add_argument(
        "start", type=moment, help="the first conversation start; without zone, UTC"
    )
    parser.add_argument(
        "end", type=moment, help="the one to stop before; START makes the tables only"
    )
    parser.add_argument(
        "--workers", type=int, required=True, help="how many of these there are at once, at most"
    )
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    try:
        part = share(os.environ, given.workers)
        programs, group = Programs.of(os.environ), GROUPS[given.group]
        catalog = catalog_of(programs, group)
        state = load(programs, group, catalog, given.start, given.end, part)
    except LoadError as error:
        sys.stderr.write(f"{error}\n")
        return NOT_YET if isinstance(error, NotYetError) else 1
    sys.stdout.write(json.dumps(state) + "\n")
    return 0


def moment(text: str) -> datetime:
    """Return the moment that a text says; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _leave(number: int, _frame: FrameType | None) -> None:
    """Leave through what ends the two programs."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
