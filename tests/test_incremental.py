"""Dagster loads into DuckDB, builds the models, and its check fails after a run that failed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support.built_models import DEFAULT
from support.loaders import (
    DATABASE,
    MELTANO,
    ROOT,
    environment,
    project,
    query_duckdb,
    require_meltano,
    selection,
    settings,
)

from tap_genesys.replication.windows import DAY
from tap_genesys.simulator import Fault, Simulator, World

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = ROOT / ".venv-orchestrate/bin"
SINCE = datetime(2025, 3, 3, tzinfo=UTC)
ORG = World(seed=6, per_day=20, since=SINCE, now=SINCE + 2 * DAY)
#: Runs a job as a schedule would, and prints whether it succeeded, and what its check found.
JOB = """\
import json, sys, dagster as dg
from orchestrate.incremental import defs
with dg.DagsterInstance.get() as instance:
    job = defs.resolve_job_def(sys.argv[1])
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    print(json.dumps({
        "success": result.success,
        "tags": [*job.tags],
        "built": {
            event.asset_key.path[-1]: {
                name: value.value for name, value in event.materialization.metadata.items()
            }.get("records")
            for event in result.get_asset_materialization_events()
        },
        "checks": [
            [check.passed, check.description]
            for check in result.get_asset_check_evaluations()
            if check.asset_key.path == ["incremental_run"]
        ],
    }))
"""


def require() -> None:
    """Skip the test without `REQUIRE_ORCHESTRATE`; else Dagster and dbt must be here."""
    what = "`make test-orchestrate` installs Dagster and dbt"
    if not os.environ.get("REQUIRE_ORCHESTRATE"):
        pytest.skip(what)
    if not (ENGINE / "dbt").exists():
        pytest.fail(what)
    require_meltano()


class Engine:
    """Dagster with a home of its own, Meltano's project, and a copy of the models.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.root = project(folder)
        self._models = folder / "dbt"
        shutil.copytree(ROOT / "dbt", self._models, ignore=shutil.ignore_patterns("target", "logs"))
        self._home = folder / "home"
        self._home.mkdir()
        shutil.copy(ROOT / "orchestrate/dagster.yaml", self._home)
        self._variables = {
            "DAGSTER_HOME": str(self._home),
            "DBT_GENESYS_DUCKDB_PATH": str(self.root / DATABASE),
            "ORCHESTRATE_DBT_PROJECT": str(self._models),
            "ORCHESTRATE_RUN": f"{MELTANO} --cwd {self.root} --environment prod "
            "run --no-install tap-genesys target-duckdb",
        }
        models = str(self._models)
        dbt = [str(ENGINE / "dbt"), "parse", "--project-dir", models, "--profiles-dir", models]
        self._call(dbt, {})

    def job(self, name: str, variables: dict[str, str]) -> dict[str, Any]:
        """Run a job; return its outcome."""
        output = self._call([str(ENGINE / "python"), "-c", JOB, name], variables)
        outcome: dict[str, Any] = json.loads(output.splitlines()[-1])
        return outcome

    def _call(self, command: list[str], variables: dict[str, str]) -> str:
        process = subprocess.run(  # noqa: S603 - our own programs
            command,
            cwd=ROOT,
            env=environment() | variables | self._variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout[-4000:] + process.stderr[-4000:]
        return process.stdout


@pytest.mark.integration
def test_a_load_is_followed_by_the_models_and_a_failed_one_by_an_alert(tmp_path: Path) -> None:
    """The marts have the loaded rows; after a failed run they stay, and the check has its error."""
    require()
    engine = Engine(tmp_path)
    with Simulator(ORG) as sim:
        loading = settings(sim.url, SINCE, ORG.now) | {
            "TAP_GENESYS__SELECT": json.dumps(selection(DEFAULT)),
            "ORCHESTRATE_LATE_HOURS": "1000000",
        }
        outcome = engine.job("load_and_build", loading)
        assert outcome["success"]
        assert outcome["checks"] == [[True, ""]]
        runs = yaml.safe_load((ROOT / "orchestrate/dagster.yaml").read_text("utf-8"))["concurrency"]
        (limit,) = runs["runs"]["tag_concurrency_limits"]
        assert limit["limit"] == 1
        assert limit["key"] in outcome["tags"]
        assert {"incremental_run", "genesys__conversations"} <= outcome["built"].keys()
        users = query_duckdb(engine.root, "select count(*) from genesys.users")
        assert users == [[outcome["built"]["users"]]] != [[0]]
        sql = "select count(*) from marts.genesys__conversations"
        assert query_duckdb(engine.root, sql) == [[len(ORG.numbers(SINCE, ORG.now))]]

        # The simulated org's rows are years old.
        late = engine.job("check", loading | {"ORCHESTRATE_LATE_HOURS": "26"})
        ((passed, description),) = late["checks"]
        assert not passed
        assert "conversation_details is complete up to 2025-03-0" in description
        unread = engine.job("check", loading | {"ORCHESTRATE_LATE_HOURS": "a day"})
        ((passed, description),) = unread["checks"]
        assert not passed
        assert description.startswith('ORCHESTRATE_LATE_HOURS is "a day"; use a number')

        sim.faults.add(Fault("status", path="/users", status=400, times=None))
        failed = engine.job("load_and_build", loading)
        assert not failed["success"]
        assert failed["built"] == {}
        ((passed, description),) = engine.job("check", loading)["checks"]
        assert not passed
        assert "The run is failed: " in description
        assert "/users" in description
