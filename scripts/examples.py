"""Execute the commands that the documents quote, against the simulator, and return their output.

`update_docs` writes it into the documents. The simulator's present is fixed, and the tap's clock is
the simulator's: the output is the same on every machine.
"""

from __future__ import annotations

import io
import logging
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.direct import without_sockets
from support.harness import tap

from tap_genesys.preflight.assumptions.report import check as check_assumptions
from tap_genesys.simulator import Fault, Simulator, World

if TYPE_CHECKING:
    from tap_genesys.tap import TapGenesys

#: The name and URL that the documents have in place of the simulator's.
ORGANIZATION = "Organization: Example (https://api.mypurecloud.de)"
#: The streams of the documented check: one of each kind of row in its table.
CHECKED = (
    "conversation_aggregates",
    "conversation_details",
    "conversation_segments",
    "flow_outcomes",
    "routing_queues",
    "users",
)
#: The assumptions whose lines the documents show: one of each verdict.
ASSUMPTIONS = ("interval-reading", "query-bounds", "details-page-cut", "lake-steps")
#: Longer lines of a report are cut in the documents.
WIDTH = 100
_NOW = datetime(2026, 11, 23, 5, 17, tzinfo=UTC)
_WORLD = World(
    seed=1, per_day=200, since=_NOW - timedelta(days=8), now=_NOW, lag=timedelta(hours=4)
)


def check() -> str:
    """Return the table of `--check` for an org whose role lacks a permission."""
    permission = "architect:flowOutcome:view"
    with Simulator(_WORLD) as sim:
        sim.faults.add(
            Fault("forbidden", path="/flows/outcomes", permission=permission, times=None)
        )
        _, *lines = _checked(_tap(sim, *CHECKED))
    return "\n".join([ORGANIZATION, *lines])


def summary() -> str:
    """Return the lines of a run's summary, of two streams and a table."""
    lines: list[str] = []
    with Simulator(_WORLD) as sim, without_sockets(sim):
        streams = ("conversation_details", "conversation_segments", "routing_queues")
        for line in _logged(_tap(sim, *streams)):
            if lines or line.startswith("Summary"):
                lines += line.splitlines()
    return "\n".join(line.rstrip() for line in lines)


def assumptions() -> str:
    """Return some lines of the report of `--check=assumptions`, cut at `WIDTH` characters."""
    with Simulator(_WORLD, oversized_page="refuse") as sim, without_sockets(sim):
        report = check_assumptions(_tap(sim, "users").run, "0.1.0").as_table()
    lines = [line.rstrip() for line in report.splitlines()]
    chosen = [line for line in lines if line.split(" ")[0] in ("assumption", *ASSUMPTIONS)]
    return "\n".join(line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..." for line in chosen)


def _tap(sim: Simulator, *streams: str) -> TapGenesys:
    start = (_NOW - timedelta(days=7)).date().isoformat()
    return tap(
        sim,
        *streams,
        start_date=start,
        conversation_details_source="auto",
        page_size=100,
        # One at a time: the waits of parallel requests depend on the machine.
        max_parallel_requests=1,
        max_parallel_jobs=1,
        requests_per_minute=300,
    )


def _checked(made: TapGenesys) -> list[str]:
    text = io.StringIO()
    with redirect_stdout(text), suppress(SystemExit):
        made.check(users={"CX2": 120})
    return [line.rstrip() for line in text.getvalue().strip().splitlines()]


class _Lines(logging.Handler):
    """Keeps the messages of a logger."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.lines.append(record.getMessage())


def _logged(made: TapGenesys) -> list[str]:
    """Run the tap; return the messages of its log."""
    handler = _Lines()
    logger = logging.getLogger("tap-genesys")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with redirect_stderr(io.StringIO()):
            made.sync_or_leave()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return handler.lines


if __name__ == "__main__":
    print(check(), summary(), assumptions(), sep="\n\n")
