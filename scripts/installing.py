"""Run an installation, and print its progress: at its begin, every ten seconds, and at its end.

    python scripts/installing.py "the tap into .venv" .venv/bin/pip install .

Its output is printed only if it fails. It needs no package: it runs before anything is installed.
"""

from __future__ import annotations

import subprocess
import sys
import time

EVERY_SECONDS = 10


def main(name: str, *command: str) -> int:
    """Run a command; return its exit code."""
    began = time.monotonic()
    print(f"Installing {name} ...", flush=True)
    with subprocess.Popen(  # noqa: S603 - the Makefile's own commands
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output = ""
        while True:
            try:
                output, _ = process.communicate(timeout=EVERY_SECONDS)
                break
            except subprocess.TimeoutExpired:
                print(f"  still installing {name}: {_seconds(began)}", flush=True)
    if process.returncode != 0:
        sys.stderr.write(output)
        return process.returncode
    print(f"Installed {name} in {_seconds(began)}.", flush=True)
    return 0


def _seconds(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
