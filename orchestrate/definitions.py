"""Backfills in Dagster: per group of streams, an asset for tables, days, and the final state."""

# Dagster evaluates annotations at run time: no `from __future__ import annotations` here.
import contextlib
import os
from collections.abc import Iterator, Mapping
from datetime import datetime

import dagster as dg

from orchestrate.errors import LoadError, NotYetError, SetupError
from orchestrate.groups import GROUPS, Group
from orchestrate.loading import Programs, catalog_of, load
from orchestrate.shares import Share, share
from orchestrate.states import State, takeover

#: The pool of all requests to one org; the instance sets its size (dagster.yaml).
POOL = "genesys"
#: Retries of a day, and the seconds before the first; doubled with each further one.
RETRIES = 3
WAIT = float(os.environ.get("ORCHESTRATE_RETRY_SECONDS") or 60)
DAYS = dg.DailyPartitionsDefinition(os.environ.get("ORCHESTRATE_SINCE") or "2025-01-01")


def part_of(instance: dg.DagsterInstance) -> Share:
    """Return a worker's share, by the present size of the pool.

    Raises:
        SetupError: The pool has no size.
    """
    places = instance.event_log_storage.get_concurrency_info(POOL).limit
    if places is None:
        msg = f"The pool {POOL} has no limit; set one, as orchestrate/dagster.yaml does."
        raise SetupError(msg)
    return share(os.environ, places)


@contextlib.contextmanager
def failures_of(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Translate errors into Dagster's: fail, or request a retry."""
    try:
        yield
    except (NotYetError, SetupError) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except LoadError as error:
        context.log.warning(str(error))
        wait = WAIT * 2**context.retry_number
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait) from error


def states_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> Mapping[datetime, State]:
    """Return the start of each loaded day -> STATE of its last load."""
    states: dict[datetime, State] = {}
    cursor = None
    while True:
        batch = instance.fetch_materializations(key, limit=500, cursor=cursor)
        for record in batch.records:
            event = record.asset_materialization
            if event is None or event.partition is None:
                continue
            day = DAYS.time_window_for_partition_key(event.partition).start
            # The newest comes first.
            states.setdefault(day, event.metadata["state"].value)
        if not batch.has_more:
            return states
        cursor = batch.cursor


def assets_of(name: str, group: Group) -> Iterator[dg.AssetsDefinition]:
    """Yield a group's three assets."""

    @dg.asset(name=f"{name}_tables", group_name=name, pool=POOL)
    def tables(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """Empty tables, created by a single worker, since concurrent loaders would collide."""
        with failures_of(context):
            programs, part = Programs.of(os.environ), part_of(context.instance)
            catalog = catalog_of(programs, group)
            load(programs, group, catalog, DAYS.start, DAYS.start, part)
        return dg.MaterializeResult(metadata={"catalog": dg.MetadataValue.json(catalog)})

    @dg.asset(name=name, group_name=name, pool=POOL, partitions_def=DAYS, deps=[tables])
    def days(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """The records that started on a UTC day, as of the time of the load."""
        with failures_of(context):
            event = context.instance.get_latest_materialization_event(tables.key)
            if event is None or event.asset_materialization is None:
                msg = f"Materialize {name}_tables first: days that start together would collide."
                raise SetupError(msg)
            # All days are read with the columns with which the tables were created.
            catalog = event.asset_materialization.metadata["catalog"].value
            programs, part = Programs.of(os.environ), part_of(context.instance)
            window = context.partition_time_window
            state = load(programs, group, catalog, window.start, window.end, part)
        return dg.MaterializeResult(metadata={"state": dg.MetadataValue.json(state)})

    @dg.asset(name=f"{name}_takeover", group_name=name, deps=[days])
    def takeover_state(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """The state with which an incremental run continues after the loaded days."""
        with failures_of(context):
            state = takeover(states_of(context.instance, days.key), group.bookmarked)
        return dg.MaterializeResult(metadata={"state": dg.MetadataValue.json(state)})

    yield from (tables, days, takeover_state)


defs = dg.Definitions(
    assets=[asset for name, group in GROUPS.items() for asset in assets_of(name, group)],
    jobs=[dg.define_asset_job(f"{name}_takeover_job", [f"{name}_takeover"]) for name in GROUPS],
    # One process per run, which has one step.
    executor=dg.in_process_executor,
)
