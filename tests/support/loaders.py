"""The tap into a loader: as Meltano runs them in a project like this one, and without Meltano."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orchestrate.pipe import pipe
from support.process_tree import descendants, is_reading_tap
from tap_genesys.records.conversation_rows import ATTRIBUTES, TABLES, WRAP_UPS
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_genesys.simulator import Simulator

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".venv/bin/python"
MELTANO = ROOT / ".venv-meltano/bin/meltano"
PLUGINS = ROOT / ".meltano"
DUCKDB_PYTHON = PLUGINS / "loaders/target-duckdb/venv/bin/python"
PATIENCE = 60
DATABASE = "conversations.duckdb"
#: The loaders' settings that name a file or a folder.
FILES = ("destination_path", "filepath")
#: What the tests load.
STREAMS = [
    "conversation_details",
    "conversation_summaries",
    *TABLES,
    ATTRIBUTES,
    WRAP_UPS,
    "divisions",
    "routing_queues",
    "users",
    "wrapup_codes",
]
ASK = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1]) as database:
    json.dump(database.execute(sys.stdin.read()).fetchall(), sys.stdout, default=str)
"""


def require(*paths: Path | None, what: str) -> None:
    """Skip the test where something is not installed; fail where it has to be."""
    if all(path is not None and path.exists() for path in paths):
        return
    if os.environ.get("REQUIRE_MELTANO"):
        pytest.fail(what)
    pytest.skip(what)


def require_meltano() -> None:
    """Skip or fail without Meltano and its plugins."""
    loader = PLUGINS / "loaders/target-postgres/venv/bin/python"
    require(PYTHON, MELTANO, DUCKDB_PYTHON, loader, what="`make test` installs Meltano's plugins")


def project(folder: Path) -> Path:
    """Make a project like this one, with its plugins but without its state."""
    made = folder / "project"
    (made / ".meltano").mkdir(parents=True)
    shutil.copy(ROOT / "meltano.yml", made)
    for kind in ("extractors", "loaders"):
        (made / ".meltano" / kind).symlink_to(PLUGINS / kind)
    return made


def settings(url: str, since: datetime, now: datetime) -> dict[str, str]:
    """Return the environment in which the tap reads a simulator."""
    return {
        "TAP_GENESYS_API_URL": url,
        "TAP_GENESYS_LOGIN_URL": url,
        "TAP_GENESYS_CLIENT_ID": "demo",
        "TAP_GENESYS_CLIENT_SECRET": "demo-secret",
        "TAP_GENESYS_START_DATE": iso(since),
        "TAP_GENESYS_END_DATE": iso(now),
        "TAP_GENESYS_REQUESTS_PER_MINUTE": "60000",
        "TAP_GENESYS_WINDOW_DAYS": "0.5",
        "TAP_GENESYS_JOB_POLL_SECONDS": "0",
        "TARGET_DUCKDB_FILEPATH": DATABASE,
        "TAP_GENESYS__SELECT": json.dumps([f"{name}.*" for name in STREAMS]),
    }


def load(made: Path, loader: str, given: dict[str, str]) -> str:
    """Let Meltano load what a simulator holds; return its log."""
    run = meltano_run(made, loader, given)
    assert run.returncode == 0, run.stdout
    return run.stdout


def meltano_run(made: Path, loader: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Let Meltano load what a simulator holds, however that ends."""
    return subprocess.run(  # noqa: S603 - our own program
        [MELTANO, "--environment=prod", "run", "--no-install", "tap-genesys", loader],
        cwd=made,
        env=environment() | given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def catalog(streams: Sequence[str]) -> dict[str, Any]:
    """Select some streams, and leave the others out."""
    tap = TapGenesys(config={}, validate_config=False, setup_mapper=False)
    chosen = [one for one in tap.catalog_dict["streams"] if one["stream"] in streams]
    for stream in chosen:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = True
    return {"streams": chosen}


def pour(
    made: Path, loader: str, given: dict[str, str], streams: Sequence[str] = tuple(STREAMS)
) -> int:
    """Load what a simulator holds without Meltano, which takes seconds more for each load.

    The state is in the project's folder, between two loads too. Returns the exit code of the tap,
    or of the loader. A loader takes a tenth of a second for each stream, whatever its rows.
    """
    tap = [str(PYTHON.parent / "tap-genesys"), "--config=ENV"]
    own = environment() | given
    chosen, state, config = (made / f"{name}.json" for name in ("catalog", "state", loader))
    chosen.write_text(json.dumps(catalog(streams)), "utf-8")
    config.write_text(json.dumps(_settings_of(loader, made, given)), "utf-8")
    known = ["--state", str(state)] if state.exists() else []
    outcome = pipe(
        [*tap, "--catalog", str(chosen), *known],
        [str(PLUGINS / "loaders" / loader / "venv/bin" / loader), "--config", str(config)],
        tap_environment=own,
        loader_environment=environment(),
    )
    if outcome.state:
        state.write_text(json.dumps(outcome.state), "utf-8")
    return outcome.tap or outcome.loader


@contextlib.contextmanager
def killing(sim: Simulator, path: str) -> Iterator[None]:
    """Kill the tap that is started meanwhile, while it waits for the rest of an answer."""
    sim.faults.add(Fault("stall", path=path, seconds=PATIENCE))
    killer = threading.Thread(target=_kill_the_tap, args=(sim, path))
    killer.start()
    yield
    killer.join()
    sim.closing.set()


def _kill_the_tap(sim: Simulator, path: str) -> None:
    end = time.monotonic() + PATIENCE
    while not any(path in request.path for request in sim.requests):
        assert time.monotonic() < end
        time.sleep(0.02)
    (tap,) = (pid for pid in descendants(os.getpid()) if is_reading_tap(pid))
    os.kill(tap, signal.SIGKILL)


def _settings_of(loader: str, made: Path, given: dict[str, str]) -> dict[str, Any]:
    """Return a loader's config as Meltano would make it, with files in the project's folder."""
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]["loaders"]
    (plugin,) = (one for one in plugins if one["name"] == loader)
    found = {}
    for setting in plugin["settings"]:
        name = setting["name"]
        value = given.get(f"{loader}_{name}".replace("-", "_").upper(), setting.get("value"))
        if value is not None:
            found[name] = str(made / value) if name in FILES else value
    return found


def ask_duckdb(made: Path, sql: str) -> list[list[Any]]:
    """Return the rows that answer a question to the project's DuckDB."""
    answer = subprocess.run(  # noqa: S603 - our own program
        [DUCKDB_PYTHON, "-c", ASK, made / DATABASE],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    rows: list[list[Any]] = json.loads(answer.stdout)
    return rows


def environment() -> dict[str, str]:
    """Return this environment without what would change Meltano's or the tap's settings.

    Nor Python's: all of these programs are compiled once.
    """
    prefixes = ("TAP_", "TARGET_", "MELTANO_", "GENESYS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"MELTANO_CLI_DISABLE_VERSION_CHECK": "1", "NO_COLOR": "1"}


def without_zone(value: object) -> object:
    """Return a value as all databases have it: a moment without its zone."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return value
