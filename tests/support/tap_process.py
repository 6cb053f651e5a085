"""Run the command `tap-genesys` in its own process, like a scheduler."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.loaders import STREAMS
from tap_genesys.replication.windows import iso
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_genesys.simulator import Simulator

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
TAP = Path(sys.executable).parent / "tap-genesys"
#: Seconds until a hanging tap is killed; enough for a slow machine.
PATIENCE = 60


@cache
def catalog() -> dict[str, Any]:
    """Return a catalog of conversations, their tables and summaries, and a few listings."""
    tap = TapGenesys(config={}, validate_config=False, setup_mapper=False)
    entries = [entry for entry in tap.catalog_dict["streams"] if entry["stream"] in STREAMS]
    return {"streams": entries}


class Process:
    """A running command."""

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any],
        *arguments: str,
        stderr: int | None = None,
        **env: str,
    ) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(config), "utf-8")
        if not {"--catalog", "--discover", "--check", "--test"} & set(arguments):
            (folder / "catalog.json").write_text(json.dumps(catalog()), "utf-8")
            arguments = (*arguments, "--catalog", str(folder / "catalog.json"))
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GENESYS_", "TAP_GENESYS_", "PYTHONUNBUFFERED"))
        }
        self.stderr = folder / "stderr"
        with self.stderr.open("wb") as file:
            self.popen = subprocess.Popen(  # noqa: S603 - our own command
                [str(TAP), "--config", str(path), *arguments],
                stdout=subprocess.PIPE,
                stderr=file if stderr is None else stderr,
                env={**clean, **env},
                cwd=folder,
            )
        # A failing test leaves no process behind.
        atexit.register(self.popen.kill)
        self.lines: list[bytes] = []

    def read(self, lines: int) -> None:
        """Read lines of stdout; kill a tap that does not write them in time, and fail."""
        stdout = self.popen.stdout
        assert stdout is not None
        with self._watched():
            self.lines += [stdout.readline() for _ in range(lines)]
        assert self.lines[-1], f"the tap ended before it wrote {lines} lines"

    def end(self, signum: int | None = None) -> tuple[int, str, float]:
        """Send a signal, if any; return the exit code, stderr, and the seconds until the end."""
        begun = time.monotonic()
        if signum is not None:
            self.popen.send_signal(signum)
        with self.popen, self._watched():
            assert self.popen.stdout is not None
            self.lines += self.popen.stdout.readlines()
            code = self.popen.wait()
        return code, self.stderr.read_text("utf-8"), time.monotonic() - begun

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Kill the tap after `PATIENCE`, so that a hang is a failure."""
        watchdog = threading.Timer(PATIENCE, self.popen.kill)
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The Singer messages on stdout, one on each complete line."""
        assert all(line.endswith(b"\n") for line in self.lines)
        return [json.loads(line) for line in self.lines]


def config(sim: Simulator, **more: Any) -> dict[str, Any]:
    """Return a config for a simulator."""
    return {
        "client_id": "demo",
        "client_secret": "demo-secret",
        "api_url": sim.url,
        "login_url": sim.url,
        "start_date": iso(SINCE),
        "end_date": iso(NOW),
        "page_size": 7,
        "requests_per_minute": 60_000,
        "job_poll_seconds": 0,
        **more,
    }


def errors(stderr: str) -> list[str]:
    """Return the lines of level ERROR."""
    assert "Traceback" not in stderr
    return [line.split(" | ", 3)[-1] for line in stderr.splitlines() if "| ERROR " in line]
