"""Rows that the org has deleted leave PostgreSQL after a complete listing, and only then."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from support.loaders import PLUGINS, PYTHON, catalog, require
from support.postgres import Postgres, binaries

from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator import listings as simulated

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
WORLD = World(seed=5, per_day=5, since=NOW - timedelta(days=2), now=NOW)
TARGET = PLUGINS / "loaders/target-postgres/venv/bin/target-postgres"
PATH, PATIENCE = "/api/v2/authorization/roles", 60


def load(folder: Path, sim: Simulator, server: Postgres, *, hard: bool, kill: bool = False) -> None:
    """Load the roles; `kill` ends the tap while it waits for the second page."""
    tap = {"api_url": sim.url, "login_url": sim.url, "client_id": "demo", "page_size": 50}
    tap |= {"client_secret": "demo-secret", "emit_activate_version_messages": True}
    (folder / "tap.json").write_text(json.dumps(tap), "utf-8")
    loader = {"sqlalchemy_url": server.url, "default_target_schema": "genesys"}
    (folder / "target.json").write_text(json.dumps(loader | {"hard_delete": hard}), "utf-8")
    command: list[str | Path] = [PYTHON.parent / "tap-genesys", "--config", "tap.json"]
    (folder / "catalog.json").write_text(json.dumps(catalog(["roles"])), "utf-8")
    if kill:
        sim.faults.add(Fault("stall", path=PATH, page=2, seconds=PATIENCE))
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, "--catalog", "catalog.json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as source:
        with subprocess.Popen(  # noqa: S603 - our own program
            [TARGET, "--config", "target.json"],
            cwd=folder,
            stdin=source.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as sink:
            if kill:
                # The first page is out by then, as a signal flushes what was written.
                end = time.monotonic() + PATIENCE
                while not any(request.query.get("pageNumber") == "2" for request in sim.requests):
                    assert source.poll() is None
                    assert time.monotonic() < end
                    time.sleep(0.01)
                source.terminate()
            assert sink.wait(PATIENCE) == 0
        assert (source.wait(PATIENCE) != 0) is kill
    sim.closing.set()


@pytest.mark.integration
@pytest.mark.parametrize("hard", [True, False])
def test_deleted_rows_leave_after_a_complete_listing_only(
    hard: bool,  # noqa: FBT001 - a parameter
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A killed run keeps all rows; a complete one removes them, or marks them as deleted."""
    require(binaries(), TARGET, what="PostgreSQL, or target-postgres, is not installed")
    left = 'select count(*) as n from genesys.roles where "_sdc_deleted_at" is null'
    with Postgres() as server:

        def loaded(*, kill: bool = False) -> tuple[int, int]:
            with Simulator(WORLD) as sim:
                load(tmp_path, sim, server, hard=hard, kill=kill)
            ((total,),) = server.query("select count(*) as n from genesys.roles")
            return total, server.query(left)[0][0] if not hard else total

        versions = 'select count(distinct "_sdc_table_version") as n from genesys.roles'
        assert loaded() == (151, 151)
        monkeypatch.setitem(simulated.COUNTS, PATH, 120)
        monkeypatch.setattr(simulated, "_made_up", simulated._made_up.__wrapped__)
        assert loaded(kill=True) == (151, 151)
        # A page's rows came, of a new version; the others stayed all the same.
        assert server.query(versions) == [[2]]
        assert loaded() == ((120, 120) if hard else (151, 120))
