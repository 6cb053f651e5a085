"""The contenders, and the commands that start them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from environments import HERE, environment

from tap_genesys.records.conversation_rows import ATTRIBUTES, TABLES, WRAP_UPS

DETAILS = "conversation_details"
FIRST = date(2026, 3, 9)


@dataclass(frozen=True)
class Contender:
    """A program that reads conversations and prints them.

    Args:
        name: The name in the results.
        command: The command, to which the URL, the first day and the number of days are appended.
        mark: Bytes that each conversation has once in the output.
        more: Arguments after the number of days.
        rows: The rows that it reads in a measurement of CPU time; few for a slow one.
    """

    name: str
    command: tuple[str, ...]
    mark: bytes = b'"RECORD"'
    more: tuple[str, ...] = ()
    rows: int = 9_950

    def started(self, url: str, days: int, page_size: int = 100) -> list[str]:
        """Return the command that reads some days."""
        if page_size != 100:  # noqa: PLR2004 - the usual one
            msg = f"{self.name} takes pages of 100"
            raise ValueError(msg)
        return [*self.command, url, FIRST.isoformat(), str(days), *self.more]


@dataclass(frozen=True)
class Tap(Contender):
    """This tap, with some settings.

    Args:
        settings: Settings that differ from the defaults.
        tables: Whether it writes the tables of conversations as well.
        folder: The folder for its config and catalog.
    """

    settings: tuple[tuple[str, Any], ...] = ()
    tables: bool = False
    folder: Path = Path()

    def started(self, url: str, days: int, page_size: int = 100) -> list[str]:
        """Return the command that reads some days."""
        config = {
            "client_id": "demo",
            "client_secret": "demo-secret",
            "api_url": url,
            "login_url": url,
            "start_date": FIRST.isoformat(),
            "end_date": (FIRST + timedelta(days=days)).isoformat(),
            "conversation_details_source": "query",
            "recheck_days": [],
            "job_poll_seconds": 0,
            "page_size": page_size,
            "requests_per_minute": 1_000_000,
            **dict(self.settings),
        }
        name = "".join(letter if letter.isalnum() else "-" for letter in self.name)
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(config), "utf-8")
        catalog = self.folder / ("tables.json" if self.tables else "parents.json")
        return [*self.command, "--config", str(file), "--catalog", str(catalog)]


TAP = (sys.executable, "-m", "tap_genesys")
_TAPS_MARK = b'"RECORD","stream":"conversation_details"'


def tap(folder: Path, name: str, *, tables: bool = False, **settings: Any) -> Tap:  # noqa: ANN401
    """Return this tap with some settings."""
    return Tap(
        name, TAP, _TAPS_MARK, settings=tuple(settings.items()), tables=tables, folder=folder
    )


def write_catalogs(folder: Path) -> None:
    """Write the catalogs that the tap is run with: parents alone, and with their tables."""
    run = subprocess.run([*TAP, "--discover"], capture_output=True, check=True)  # noqa: S603
    found = json.loads(run.stdout)["streams"]
    tables = {*TABLES, ATTRIBUTES, WRAP_UPS}
    for name, wanted in (("parents", {DETAILS}), ("tables", {DETAILS, *tables})):
        streams = [one for one in found if one["stream"] in wanted]
        for stream in streams:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = True
        (folder / f"{name}.json").write_text(json.dumps({"streams": streams}), "utf-8")


def rivals() -> dict[str, Contender]:
    """Return the rivals that can run here; log the others to stderr."""
    folder = HERE / "rivals"
    found = {
        "floor": Contender("requests + orjson", (sys.executable, str(folder / "floor.py"))),
        "sdk": Contender(
            "the SDK's default", (sys.executable, str(folder / "sdk_default.py")), rows=1_950
        ),
    }
    apart = {
        "dlt": ("dlt", "dlt, rows printed", "dlt_rest.py", 3_950, b'"RECORD"', ()),
        "dlt files": ("dlt", "dlt, pipeline to files", "dlt_rest.py", 650, b"loaded\n", ("files",)),
        "vendor": ("vendor", "the vendor's SDK", "vendor_loop.py", 250, b'"RECORD"', ()),
        "purecloud": ("purecloud", "tap-purecloud", "purecloud.py", 250, b'"RECORD"', ()),
    }
    for key, (where, name, script, rows, mark, more) in apart.items():
        python = environment(where)
        if python is None:
            print(f"{name} is left out: it does not run here", file=sys.stderr, flush=True)
            continue
        found[key] = Contender(name, (str(python), str(folder / script)), mark, more, rows)
    return found
