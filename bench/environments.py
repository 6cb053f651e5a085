"""Environments of the rivals' own, beside the project's; each holds exactly what its file lists."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
#: Environment -> the Pythons that it runs on, the best first.
PYTHONS = {
    "dlt": ("python3.11",),
    "tools": ("python3.11",),
    # Its websockets 5 does not work with any later one.
    "purecloud": ("python3.9", "python3.8", "python3.7"),
}
#: Where one of these is, if it is not on the path.
OLD_PYTHON = "BENCH_OLD_PYTHON"


def environment(name: str) -> Path | None:
    """Return an environment's Python; make it if it is not there or its file has changed.

    Returns:
        None where no Python that it runs on is here, or where it cannot be installed.
    """
    if name == "vendor":  # the Makefile's, which a test uses too
        python = ROOT / ".venv-vendor" / "bin" / "python"
        return python if python.exists() else None
    folder = ROOT / f".venv-bench-{name}"
    wanted, stamp = HERE / "pinned" / f"{name}.txt", folder / ".installed"
    python = folder / "bin" / "python"
    if stamp.exists() and stamp.read_text("utf-8") == wanted.read_text("utf-8"):
        return python
    base = _base(name)
    if base is None:
        return None
    print(f"Installing {name} into {folder.name} ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _run([base, "-m", "venv", folder])
        _run(
            [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--quiet",
                "--no-input",
                "--requirement",
                wanted,
            ]
        )
    except subprocess.CalledProcessError as error:
        print(f"{name} could not be installed: {error.stderr[-500:]}", file=sys.stderr)
        return None
    stamp.write_text(wanted.read_text("utf-8"), "utf-8")
    return python


def _base(name: str) -> str | None:
    """Return a Python that runs; a stand-in of a version manager may be there and not run."""
    candidates = [shutil.which(one) for one in PYTHONS[name]]
    if name == "purecloud":
        candidates = [os.environ.get(OLD_PYTHON), *candidates, *_managed(PYTHONS[name])]
    return next((one for one in candidates if one and _runs(one)), None)


def _managed(names: tuple[str, ...]) -> list[str]:
    """Return those of a version manager, which has them off the path."""
    manager = shutil.which("pyenv")
    if manager is None:
        return []
    root = subprocess.run([manager, "root"], capture_output=True, text=True, check=False)  # noqa: S603
    versions = Path(root.stdout.strip()) / "versions"
    return [str(path) for name in names for path in sorted(versions.glob(f"*/bin/{name}"))]


def _runs(python: str) -> bool:
    done = subprocess.run([python, "-c", "import venv"], capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def _run(command: list[str | Path]) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
