"""Measures this tap and its alternatives; `make bench` runs it, RESULTS.md has the results.

`BENCH_QUICK=1 make bench` measures little, once, in two minutes, and writes nothing into this
folder. `.venv/bin/python bench/side_by_side.py rate` measures this case alone, and RESULTS.md says
that it was measured apart.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

from cases import QUICK, Bench, Extent
from environments import HERE, environment
from measures import Server

CASES = ("ceiling", "start", "cpu", "latency", "rate", "requests", "memory")
PINNED = (*sorted((HERE / "pinned").glob("*.txt")), HERE.parent / "constraints-vendor.txt")
_TOLD = ("tap-genesys", "singer-sdk", "requests", "orjson", "urllib3")


def main(wanted: tuple[str, ...]) -> None:
    """Measure, and write the figures and the report."""
    is_quick = bool(os.environ.get("BENCH_QUICK"))
    extent = QUICK if is_quick else Extent()
    about, busy, begun = machine(), _busy(), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Server() as server:
            bench = Bench(server, folder, extent)
            for case in wanted or CASES:
                getattr(bench, case)()
        about["minutes"] = round((time.monotonic() - begun) / 60, 1)
        about["load at the end"] = os.getloadavg()[0]
        # After the server has ended, its CPU time counts as a child's, too.
        about["others"] = round(_others(_busy() - busy, time.monotonic() - begun), 3)
        about["rounds"] = extent.rounds
        into = folder if is_quick else HERE
        found = {"about": about, "figures": bench.figures}
        if wanted and not is_quick:
            found = _renewed(json.loads((HERE / "results.json").read_text("utf-8")), found, wanted)
        (into / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        tools = environment("tools")
        command = [tools or sys.executable, HERE / "report.py", into]
        subprocess.run(command, check=True)  # noqa: S603 - our own program
        if into is folder:
            print((folder / "RESULTS.md").read_text("utf-8"))


def _renewed(
    before: dict[str, Any], now: dict[str, Any], wanted: tuple[str, ...]
) -> dict[str, Any]:
    """Replace the figures of some cases in those of an earlier run, and note that."""
    apart = {case: {key: now["about"][key] for key in ("date", "others")} for case in wanted}
    about = {**before["about"], "apart": {**before["about"].get("apart", {}), **apart}}
    return {"about": about, "figures": {**before["figures"], **now["figures"]}}


def machine() -> dict[str, Any]:
    """Return the facts that the figures depend on: machine, versions, load."""
    cpu = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": cpu[0] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _TOLD},
        "rivals": [line for path in PINNED for line in _named(path)],
        "load": os.getloadavg()[0],
    }


def _named(path: Path) -> list[str]:
    named = ("dlt==", "tap-purecloud==", "PureCloudPlatformClientV2==269", "matplotlib==")
    return [line for line in path.read_text("utf-8").splitlines() if line.startswith(named)]


def _busy() -> float:
    """Return the busy seconds of all cores so far, of all processes."""
    times = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]
    user, nice, system, _idle, _wait, irq, softirq, *_ = map(int, times)
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _others(busy: float, seconds: float) -> float:
    """Return the cores that other processes used, on average."""
    ours = sum(
        usage.ru_utime + usage.ru_stime
        for usage in (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    )
    return max(0.0, busy - ours) / seconds


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
