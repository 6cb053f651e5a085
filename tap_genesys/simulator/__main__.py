"""`python -m tap_genesys.simulator`: serve a simulated Genesys Cloud until a signal ends it."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tap_genesys.simulator.faults import KINDS, Fault, parse
from tap_genesys.simulator.habits import WORDS
from tap_genesys.simulator.server import Simulator
from tap_genesys.simulator.world import PROFILES, World

if TYPE_CHECKING:
    from types import FrameType


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = _parser()
    options = parser.parse_args(arguments)
    stop = threading.Event()

    def leave(_signum: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    now = options.now or datetime.now(UTC).replace(microsecond=0)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    world = World(
        seed=options.seed,
        per_day=options.per_day,
        since=options.since or midnight - timedelta(days=14),
        now=now,
        lag=timedelta(hours=options.lag_hours),
        step=timedelta(minutes=options.step_minutes),
        late=timedelta(hours=options.late_hours),
        service_levels=options.service_levels,
        profile=options.profile,
    )
    try:
        simulator = Simulator(
            world,
            port=options.port,
            client_id=options.client_id,
            client_secret=options.client_secret,
            token_seconds=options.token_seconds,
            ceiling=options.ceiling,
            summaries=not options.no_summaries,
            **{name: getattr(options, name) for name in WORDS},
        )
    except (OSError, OverflowError) as failure:
        parser.error(f"cannot listen on port {options.port}: {failure}")
    for fault in options.fault:
        simulator.faults.add(fault)
    with simulator:
        print(f"Simulated Genesys Cloud at {simulator.url}", flush=True)  # noqa: T201 - a command
        sys.stderr.write(
            f"Point the tap at it: api_url and login_url {simulator.url}, client_id "
            f"{options.client_id}, client_secret {options.client_secret}. Ctrl-C ends it.\n"
        )
        while not stop.wait(0.5):
            pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tap_genesys.simulator",
        description="A simulated Genesys Cloud on 127.0.0.1. See docs/simulator.md.",
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="the port; 0 takes a free one (default)")
    add("--seed", type=int, default=1, help="the seed of the org (default 1)")
    add("--per-day", type=_at_least_three, default=200, help="conversations per day (default 200)")
    add("--since", type=_moment, help="the start of the org (default 14 days ago)")
    add("--now", type=_moment, help="the present, which stands still (default: now)")
    add("--lag-hours", type=float, default=24, help="lag of the data lake watermark (default 24)")
    add("--step-minutes", type=float, default=15, help="step of the watermark (default 15)")
    add(
        "--late-hours",
        type=_none_or_an_hour,
        default=0,
        help="largest delay of late rows (default 0)",
    )
    add(
        "--service-levels",
        action="store_true",
        help="queues have targets, and aggregates oServiceLevel and nOverSla",
    )
    text = f"{', '.join(PROFILES)} (default {PROFILES[0]})"
    add("--profile", choices=PROFILES, default=PROFILES[0], help=text, metavar="WORD")
    add("--client-id", default="demo")
    add("--client-secret", default="demo-secret")
    add("--token-seconds", type=float, default=86_399, help="lifetime of an access token")
    add("--ceiling", type=int, default=100_000, help="the most rows of a query that paging reaches")
    add("--no-summaries", action="store_true", help="let summary queries return 404")
    for habit, words in WORDS.items():
        text = f"{', '.join(words)} (default {words[0]})"
        option = f"--{habit.replace('_', '-')}"
        add(option, choices=words, default=words[0], help=text, metavar="WORD")
    add(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="KIND[:key=value,...]",
        help=f"a fault to inject: {', '.join(KINDS)}",
    )
    return parser


def _fault(text: str) -> Fault:
    try:
        return parse(text)
    except ValueError as failure:
        raise argparse.ArgumentTypeError(str(failure)) from failure


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as failure:
        raise argparse.ArgumentTypeError(str(failure)) from failure
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _none_or_an_hour(text: str) -> float:
    hours = float(text)
    if 0 < hours < 1 or hours < 0:
        msg = "must be 0, or at least 1"
        raise argparse.ArgumentTypeError(msg)
    return hours


def _at_least_three(text: str) -> int:
    number = int(text)
    if number < 3:
        msg = "must be at least 3: at midnight, in the day's last millisecond, and between"
        raise argparse.ArgumentTypeError(msg)
    return number


if __name__ == "__main__":
    main()
