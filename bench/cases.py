"""The cases of the benchmark: each method measures its contenders in turn, in rounds."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arithmetic import LIMITED, PAGE, RATE
from contenders import TAP, Contender, rivals, tap, write_catalogs
from measures import Outcome, Server, run

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Case -> contender -> each round's figures.
Figures = dict[str, dict[str, list[dict[str, float]]]]


@dataclass(frozen=True)
class Extent:
    """The extent of a measurement.

    Args:
        rounds: Measurements of each case.
        share: The share of the rows and requests of a full measurement.
        sizes: Conversations of the runs whose memory is measured.
    """

    rounds: int = 5
    share: float = 1.0
    sizes: tuple[int, ...] = (20_000, 100_000, 500_000)


QUICK = Extent(rounds=1, share=0.2, sizes=(5_000, 20_000))
#: Conversations of each of three days: more pages than are in flight, a full last one, only one.
DAYS = (1_730, 200, 60)
#: Conversations per day in the measurements of memory.
A_DAY = 20_000
#: Latency in seconds -> for each number of requests in flight, pages that take a few seconds.
PAGES = {0.2: {1: 15, 4: 60, 16: 100}, 1.0: {1: 4, 4: 13, 16: 49}}
PARALLEL = (1, 4, 16)
#: A contender that takes milliseconds for a row gets so few pages.
FEW = 2
#: Rows of a page there: those runs wait all the time, so that all of them can wait at once.
FEW_ROWS = 10


class Bench:
    """All cases against one server.

    Args:
        server: The server.
        folder: The folder for configs.
        extent: The extent of the measurement.
    """

    def __init__(self, server: Server, folder: Path, extent: Extent) -> None:
        write_catalogs(folder)
        self._server = server
        self._folder = folder
        self._extent = extent
        self._rivals = rivals()
        self.figures: Figures = {}

    def ceiling(self) -> None:
        """Measure the maximum throughput of the server."""
        script = str(Path(__file__).parent / "ceiling.py")
        port = self._server.url.rpartition(":")[2]
        for size in ("large", "small"):
            for connections in (1, 16):
                for _ in range(self._extent.rounds):
                    self._server.configure(per_day=PAGE, size=size)
                    command = [sys.executable, script, port, str(connections), "640"]
                    process = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
                    self._keep("ceiling", f"{size}, {connections}", {"rate": float(process.stdout)})

    def start(self) -> None:
        """Measure the time of `--version`."""
        version = _Plain("--version", (*TAP, "--version"))
        for _ in range(self._extent.rounds):
            self._server.configure()
            self._keep("start", version.name, run(version, self._server, days=0).as_dict())

    def cpu(self) -> None:
        """Measure the CPU time per record without latency, and of a run without records."""
        taps = [
            self._tap("this tap, 4 in flight", max_parallel_requests=4),
            self._tap("this tap, 1 in flight", max_parallel_requests=1),
            self._tap("this tap, 16 in flight", max_parallel_requests=16),
            replace(self._tap("this tap, with its tables", tables=True), rows=3_950),
            self._tap("this tap, by job", conversation_details_source="job"),
        ]
        for _ in range(self._extent.rounds):
            for one in (*taps, *self._quick_enough(self._rivals.values())):
                self._measure("cpu", one, self._share(one.rows))
                self._measure("empty", one, 0)
            for one in (*taps[:2], taps[3], self._rivals["floor"], self._rivals["sdk"]):
                self._measure("cpu, small", one, self._share(one.rows), size="small")

    def latency(self) -> None:
        """Measure the conversations per second with latency."""
        for _ in range(self._extent.rounds):
            for latency, pages in PAGES.items():
                for parallel, count in pages.items():
                    self._at(latency, parallel, count)
            for parallel, count in PAGES[0.2].items():
                self._at(0.2, parallel, count, size="small")
            for one in self._quick_enough(self._printing):
                count = FEW if self._is_slow(one) else PAGES[0.2][1]
                self._measure("latency 0.2", one, self._share(count, FEW) * PAGE - 50, latency=0.2)

    def _at(self, latency: float, parallel: int, pages: int, size: str = "large") -> None:
        one = self._tap(f"this tap, {parallel} in flight", max_parallel_requests=parallel)
        rows = self._share(pages, least=2 * parallel) * PAGE - 50
        case = f"latency {latency}" + ("" if size == "large" else ", small")
        self._measure(case, one, rows, latency=latency, size=size)

    def rate(self) -> None:
        """Measure the seconds with a rate limit; all rounds at once, each with its own server."""
        rounds = range(self._extent.rounds)
        limited = [(*limits, number) for limits in LIMITED.items() for number in rounds]

        def measured(case: tuple[tuple[float, int], int, int]) -> Outcome:
            (latency, parallel), requests, number = case
            # Each needs its own name, which is that of its config.
            contender = self._tap(
                f"limited, {latency}, {parallel}, {number}",
                max_parallel_requests=parallel,
                requests_per_minute=RATE,
            )
            rows = self._share(requests, least=4 * parallel) * FEW_ROWS - FEW_ROWS // 2
            with Server() as server:
                server.configure(per_day=rows, latency=latency, limit=RATE, window=60)
                return run(contender, server, days=1, page_size=FEW_ROWS)

        with ThreadPoolExecutor(len(limited)) as pool:
            for case, outcome in zip(limited, pool.map(measured, limited), strict=True):
                (latency, parallel), *_ = case
                name = f"this tap, {parallel} in flight"
                self._keep(f"rate {latency}", name, outcome.as_dict())

    def requests(self) -> None:
        """Count the requests for three days whose last page is short, or full."""
        taps = [
            self._tap(f"this tap, {parallel} in flight", max_parallel_requests=parallel)
            for parallel in PARALLEL
        ]
        for one in (*taps, *self._quick_enough(self._printing)):
            for rows in DAYS:
                for _ in range(self._extent.rounds if one in taps else 1):
                    self._measure(f"requests {rows}", one, rows, days=3, latency=0.02, size="small")

    def memory(self) -> None:
        """Measure the peak memory of runs with 20,000 conversations a day, two at a time."""
        ours = [
            self._tap("this tap, 4 in flight", max_parallel_requests=4),
            self._tap("this tap, by job", conversation_details_source="job"),
            self._tap("this tap, 16 in flight", max_parallel_requests=16),
            self._rivals["floor"],
        ]
        smallest, *others = self._extent.sizes
        for _ in range(self._extent.rounds):
            self._side_by_side(smallest, ours[:2])
            self._side_by_side(smallest, ours[2:])
        for size in others:
            # One round only: these take minutes, and vary little.
            self._side_by_side(size, ours[:2])

    def _side_by_side(self, size: int, contenders: list[Contender]) -> None:
        """Run contenders at once, each with its own server, which does not change their memory."""

        def measured(one: Contender) -> Outcome:
            with Server() as server:
                server.configure(per_day=min(size, A_DAY) - 50)
                return run(one, server, days=max(1, size // A_DAY))

        with ThreadPoolExecutor() as pool:
            for one, outcome in zip(contenders, pool.map(measured, contenders), strict=True):
                self._keep(f"memory {size}", one.name, outcome.as_dict())

    def _is_slow(self, one: Contender) -> bool:
        return one.rows < self._rivals["sdk"].rows

    @property
    def _printing(self) -> list[Contender]:
        """The rivals that print while they read."""
        return [one for one in self._rivals.values() if not one.more]

    def _quick_enough(self, some: Iterable[Contender]) -> list[Contender]:
        """Return the contenders without slow ones, for a quick measurement."""
        return [one for one in some if self._extent.rounds > 1 or not self._is_slow(one)]

    def _tap(self, name: str, *, tables: bool = False, **settings: Any) -> Contender:  # noqa: ANN401
        return tap(self._folder, name, tables=tables, **settings)

    def _share(self, number: int, least: int = 1) -> int:
        return max(least, int(number * self._extent.share))

    def _measure(
        self,
        case: str,
        one: Contender,
        per_day: int,
        *,
        days: int = 1,
        page_size: int = PAGE,
        **behaviour: Any,  # noqa: ANN401 - the server checks them
    ) -> None:
        self._server.configure(per_day=per_day, **behaviour)
        outcome = run(one, self._server, days=days, page_size=page_size)
        if outcome.rows != per_day * days:
            msg = f"{case}: {one.name} printed {outcome.rows} of {per_day * days} conversations"
            raise RuntimeError(msg)
        self._keep(case, one.name, outcome.as_dict())

    def _keep(self, case: str, name: str, figures: dict[str, float]) -> None:
        self.figures.setdefault(case, {}).setdefault(name, []).append(figures)
        texts: Iterable[str] = (f"{key} {value:g}" for key, value in figures.items())
        print(f"{case}: {name}: {', '.join(texts)}", file=sys.stderr, flush=True)


class _Plain(Contender):
    """A program that is run without arguments of its own."""

    def started(self, _url: str, _days: int, _page_size: int = PAGE) -> list[str]:
        """Return the command."""
        return list(self.command)
