"""The incremental run in Dagster, the models of dbt that follow it, and a check of its report."""

# Dagster evaluates annotations at run time: no `from __future__ import annotations` here.
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DbtCliResource,
    DbtProject,
    dbt_assets,
    get_asset_keys_by_output_name_for_source,
)

from orchestrate.errors import SetupError
from orchestrate.reports import faults, late, run

#: The dbt project; its manifest is the one that `dbt parse` wrote.
PROJECT = DbtProject(
    os.environ.get("ORCHESTRATE_DBT_PROJECT") or Path(__file__).parent.parent / "dbt"
)
CRON = os.environ.get("ORCHESTRATE_CRON") or "0 * * * *"
#: The run itself, beside its tables.
RUN = dg.AssetKey("incremental_run")


@dbt_assets(manifest=PROJECT.manifest_path, project=PROJECT)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """The models, snapshots and tests of the dbt project."""
    yield from dbt.cli(["build"], context=context).stream()


#: The loaded tables that the models read.
TABLES = sorted(get_asset_keys_by_output_name_for_source([models], "genesys").values())


@dg.multi_asset(specs=[dg.AssetSpec(key, group_name="loaded") for key in (RUN, *TABLES)])
def incremental_run(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """One incremental run, and the tables that it loads."""
    try:
        code, report = run(os.environ)
    except SetupError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    if report:
        # An observation, since a run that failed materializes nothing.
        metadata = {"report": dg.MetadataValue.json(report)}
        context.log_event(dg.AssetObservation(RUN, metadata=metadata))
    if code:
        msg = f"The run ended with code {code}; see the log of this run (stderr)."
        raise dg.Failure(msg)
    rows = {row["stream"]: row for row in report["streams"]} if report else {}
    yield dg.MaterializeResult(asset_key=RUN)
    for key in TABLES:
        # A table that is not selected has no counts.
        row = rows.get(key.path[-1], {})
        counts = {name: row[name] for name in ("records", "unchanged") if name in row}
        yield dg.MaterializeResult(asset_key=key, metadata=counts)


@dg.asset_check(asset=RUN)
def all_streams_are_fresh(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """The last run is whole and recent, and no stream of it was skipped or is late."""
    try:
        late_after = late(os.environ)
    except SetupError as error:
        return dg.AssetCheckResult(passed=False, description=str(error))
    records = context.instance.fetch_observations(RUN, limit=1).records
    observation = records[0].asset_observation if records else None
    if observation is None:
        return dg.AssetCheckResult(passed=False, description="There was no run yet.")
    lines = [*faults(observation.metadata["report"].value, datetime.now(UTC), late_after)]
    return dg.AssetCheckResult(passed=not lines, description="\n".join(lines))


# No two of them at once: they would share the run's state and the models' tables (dagster.yaml).
load_job = dg.define_asset_job(
    "load_and_build", dg.AssetSelection.all(), tags={"genesys/incremental": "one"}
)
check_job = dg.define_asset_job("check", dg.AssetSelection.checks(all_streams_are_fresh))

defs = dg.Definitions(
    assets=[incremental_run, models],
    asset_checks=[all_streams_are_fresh],
    jobs=[load_job, check_job],
    schedules=[
        dg.ScheduleDefinition(job=load_job, cron_schedule=CRON),
        # Apart from the run, since a check after a run never sees that none began.
        dg.ScheduleDefinition(job=check_job, cron_schedule="30 * * * *"),
    ],
    # The dbt of this environment, whatever the PATH has first.
    resources={
        "dbt": DbtCliResource(PROJECT, dbt_executable=str(Path(sys.executable).parent / "dbt"))
    },
    executor=dg.in_process_executor,
)
