"""Run the tap into a loader, with Meltano in a copy of this project, and without Meltano."""

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
from tap_genesys.records.conversation_rows import ATTRIBUTES, NESTED, TABLES, WRAP_UPS
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
#: The loaders' settings that are paths.
FILES = ("destination_path", "filepath")
#: The streams that the tests load.
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
QUERY = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1]) as database:
    # It would be drawn on stdout, if a query takes two seconds.
    database.execute("set enable_progress_bar = false")
    json.dump(database.execute(sys.stdin.read()).fetchall(), sys.stdout, default=str)
"""


def require(*paths: Path | None, what: str) -> None:
    """Skip the test if a path is missing; fail it if `REQUIRE_MELTANO` is set."""
    if all(path is not None and path.exists() for path in paths):
        return
    if os.environ.get("REQUIRE_MELTANO"):
        pytest.fail(what)
    pytest.skip(what)


def require_meltano() -> None:
    """Skip the test, or fail it, if Meltano or a plugin is missing."""
    loader = PLUGINS / "loaders/target-postgres/venv/bin/python"
    what = "`make test-integration` installs Meltano's plugins"
    require(PYTHON, MELTANO, DUCKDB_PYTHON, loader, what=what)


def project(folder: Path) -> Path:
    """Create a copy of this project, with its plugins and without its state."""
    root = folder / "project"
    (root / ".meltano").mkdir(parents=True)
    shutil.copy(ROOT / "meltano.yml", root)
    for kind in ("extractors", "loaders"):
        (root / ".meltano" / kind).symlink_to(PLUGINS / kind)
    return root


def settings(url: str, since: datetime, now: datetime) -> dict[str, str]:
    """Return the environment variables of a tap that reads a simulator."""
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
        "TAP_GENESYS__SELECT": json.dumps(selection(STREAMS)),
    }


def selection(streams: Sequence[str]) -> list[str]:
    """Return Meltano's patterns for streams, without the columns that meltano.yml leaves out."""
    return [*(f"{name}.*" for name in streams), *(f"!conversation_details.{one}" for one in NESTED)]


def load(root: Path, loader: str, variables: dict[str, str]) -> str:
    """Load with Meltano; return its log."""
    run = meltano_run(root, loader, variables)
    assert run.returncode == 0, run.stdout
    return run.stdout


def meltano_run(
    root: Path, loader: str, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Load with Meltano, successfully or not."""
    return subprocess.run(  # noqa: S603 - our own program
        [MELTANO, "--environment=prod", "run", "--no-install", "tap-genesys", loader],
        cwd=root,
        env=environment() | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def catalog(streams: Sequence[str], deselected: Sequence[str] = ()) -> dict[str, Any]:
    """Return a catalog of some streams, all selected, and of the source of their rows.

    Args:
        streams: The names of the streams.
        deselected: The columns that are not selected.
    """
    tap = TapGenesys(config={}, validate_config=False, setup_mapper=False)
    needed = {*streams, "conversation_details"}
    chosen = [entry for entry in tap.catalog_dict["streams"] if entry["stream"] in needed]
    for stream in chosen:
        for metadata in stream["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = stream["stream"] in streams
            elif metadata["breadcrumb"][-1] in deselected:
                metadata["metadata"]["selected"] = False
    return {"streams": chosen}


def pour(
    root: Path, loader: str, variables: dict[str, str], streams: Sequence[str] = tuple(STREAMS)
) -> int:
    """Load without Meltano, which is faster by seconds; return the tap's or the loader's exit code.

    The state is kept in the project's folder between loads. A loader takes a tenth of a second for
    each stream, even without rows.
    """
    tap = [str(PYTHON.parent / "tap-genesys"), "--config=ENV"]
    own = environment() | variables
    chosen, state, config = (root / f"{name}.json" for name in ("catalog", "state", loader))
    chosen.write_text(json.dumps(catalog(streams)), "utf-8")
    config.write_text(json.dumps(loader_settings(loader, root, variables)), "utf-8")
    earlier = ["--state", str(state)] if state.exists() else []
    outcome = pipe(
        [*tap, "--catalog", str(chosen), *earlier],
        [str(PLUGINS / "loaders" / loader / "venv/bin" / loader), "--config", str(config)],
        tap_environment=own,
        loader_environment=environment(),
    )
    if outcome.state:
        state.write_text(json.dumps(outcome.state), "utf-8")
    return outcome.tap or outcome.loader


@contextlib.contextmanager
def killing(sim: Simulator, path: str) -> Iterator[None]:
    """Kill the tap that is started meanwhile, while it waits for the rest of a response."""
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


def _settings_of(loader: str) -> list[dict[str, Any]]:
    """Return the settings of a loader in meltano.yml, each as it is declared."""
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]["loaders"]
    (plugin,) = (plugin for plugin in plugins if plugin["name"] == loader)
    declared: list[dict[str, Any]] = plugin["settings"]
    return declared


def declared_settings(loader: str) -> dict[str, Any]:
    """Return the settings of a loader that have a value in meltano.yml."""
    return {
        setting["name"]: setting["value"] for setting in _settings_of(loader) if "value" in setting
    }


def loader_settings(loader: str, root: Path, variables: dict[str, str]) -> dict[str, Any]:
    """Return the config that Meltano would pass to a loader, with paths in the project's folder."""
    config = {}
    for setting in _settings_of(loader):
        name = setting["name"]
        value = variables.get(f"{loader}_{name}".replace("-", "_").upper(), setting.get("value"))
        if value is not None:
            config[name] = str(root / value) if name in FILES else value
    return config


def feed(
    program: Path, config: dict[str, Any], messages: Sequence[dict[str, Any]], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a loader on messages, to its end.

    Args:
        program: The loader.
        config: Its settings.
        messages: The Singer messages.
        folder: A folder for the config; the loader's working directory.
    """
    path = folder / "loader-config.json"
    path.write_text(json.dumps(config), "utf-8")
    return subprocess.run(  # noqa: S603 - a pinned program
        [program, "--config", path],
        input="".join(f"{json.dumps(message)}\n" for message in messages),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def query_duckdb(root: Path, sql: str) -> list[list[Any]]:
    """Return the rows of a query to the project's DuckDB."""
    process = subprocess.run(  # noqa: S603 - our own program
        [DUCKDB_PYTHON, "-c", QUERY, root / DATABASE],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    rows: list[list[Any]] = json.loads(process.stdout)
    return rows


def environment() -> dict[str, str]:
    """Return the environment without the variables of Meltano, the tap, loaders and Python.

    Without Python's, too, so that all these programs are compiled once.
    """
    prefixes = ("TAP_", "TARGET_", "DBT_", "MELTANO_", "GENESYS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"MELTANO_CLI_DISABLE_VERSION_CHECK": "1", "NO_COLOR": "1"}


def without_zone(value: object) -> object:
    """Return a value in the form of all databases: a timestamp without its zone."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return value
