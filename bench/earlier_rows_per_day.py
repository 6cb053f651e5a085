"""Counts what `rows_per_day` counts, with an earlier commit's tap in the present world.

Run it: `.venv/bin/python bench/earlier_rows_per_day.py be5ee36`, with the arguments of
`rows_per_day` behind it; it writes bench/rows_per_day.be5ee36.json. The tap, and the harness that
runs it in this process, are the earlier commit's; the simulator and the counting are the present
ones. It works for commits whose modules are named as in be5ee36.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: The present name of a module -> its name then.
MODULES = {
    "support.harness": "harness",
    "tap_genesys.endpoints.aggregates": "tap_genesys.analytics",
    "tap_genesys.replication.windows": "tap_genesys.windows",
}
#: The present name of a key in a state -> its name then.
KEYS = {"queryPasses": "passes", "recheckedUpTo": "rechecks"}
#: Names the folder of the earlier commit to the process that measures it.
FOLDER = "EARLIER_TAP"


def measure(folder: Path, commit: str, arguments: list[str]) -> None:
    """Run `rows_per_day` with the tap in a folder."""
    sys.path[:0] = [str(folder), str(folder / "tests"), str(ROOT / "tests")]
    for present, earlier in MODULES.items():
        sys.modules[present] = import_module(earlier)
    steady_day: Any = import_module("steady_day")
    steady = steady_day.steady

    def renamed(*arguments: Any) -> Any:  # noqa: ANN401 - a state
        text = json.dumps(steady(*arguments))
        for present, earlier in KEYS.items():
            text = text.replace(f'"{present}"', f'"{earlier}"')
        return json.loads(text)

    steady_day.steady = renamed
    import_module("rows_per_day").measure(arguments, commit)


def main() -> None:
    """Put the earlier tap beside the present simulator in a folder, and measure it."""
    commit, *arguments = sys.argv[1:]
    if folder := os.environ.get(FOLDER):
        measure(Path(folder), commit, arguments)
        return
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name, "tap.tar")
        export = ["git", "archive", "-o", str(archive), commit, "tap_genesys", "tests"]
        subprocess.run(export, cwd=ROOT, check=True)  # noqa: S603
        shutil.unpack_archive(archive, name, filter="data")
        simulator = Path(name, "tap_genesys", "simulator")
        shutil.rmtree(simulator)
        shutil.copytree(ROOT / "tap_genesys" / "simulator", simulator)
        command = [sys.executable, __file__, commit, *arguments]
        subprocess.run(command, env={**os.environ, FOLDER: name}, check=True)  # noqa: S603


if __name__ == "__main__":
    main()
