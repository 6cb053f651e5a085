"""History in Dagster: each group of streams has its tables, its days, and the state after them."""

# Dagster looks at annotations when it runs: no `from __future__ import annotations` here.
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

#: All that talks to one org; its size is the instance's (dagster.yaml).
POOL = "genesys"
#: How often a day is tried again, and the seconds before; twice as many before each further try.
RETRIES = 3
WAIT = float(os.environ.get("ORCHESTRATE_RETRY_SECONDS") or 60)
DAYS = dg.DailyPartitionsDefinition(os.environ.get("ORCHESTRATE_SINCE") or "2025-01-01")


def part_of(instance: dg.DagsterInstance) -> Share:
    """Return a worker's share, by the size that the pool has now.

    Raises:
        SetupError: The pool has no size.
    """
    places = instance.event_log_storage.get_concurrency_info(POOL).limit
    if places is None:
        msg = f"The pool {POOL} has no limit; set one, as orchestrate/dagster.yaml does."
        raise SetupError(msg)
    return share(os.environ, places)


@contextlib.contextmanager
def told(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Tell Dagster what it can do about what goes wrong."""
    try:
        yield
    except (NotYetError, SetupError) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except LoadError as error:
        context.log.warning(str(error))
        wait = WAIT * 2**context.retry_number
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait) from error


def states_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> Mapping[datetime, State]:
    """Return the STATE that each day's last load ended with."""
    found: dict[datetime, State] = {}
    cursor = None
    while True:
        batch = instance.fetch_materializations(key, limit=500, cursor=cursor)
        for record in batch.records:
            made = record.asset_materialization
            if made is None or made.partition is None:
                continue
            day = DAYS.time_window_for_partition_key(made.partition).start
            # The newest comes first.
            found.setdefault(day, made.metadata["state"].value)
        if not batch.has_more:
            return found
        cursor = batch.cursor


def assets_of(name: str, group: Group) -> Iterator[dg.AssetsDefinition]:
    """Make a group's three assets."""

    @dg.asset(name=f"{name}_tables", group_name=name, pool=POOL)
    def tables(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """Tables, empty: made by one worker alone, since loaders that start together collide."""
        with told(context):
            programs, part = Programs.of(os.environ), part_of(context.instance)
            catalog = catalog_of(programs, group)
            load(programs, group, catalog, DAYS.start, DAYS.start, part)
        return dg.MaterializeResult(metadata={"catalog": dg.MetadataValue.json(catalog)})

    @dg.asset(name=name, group_name=name, pool=POOL, partitions_def=DAYS, deps=[tables])
    def days(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """Whatever started on a UTC day, as the vendor knows it when it is read."""
        with told(context):
            made = context.instance.get_latest_materialization_event(tables.key)
            if made is None or made.asset_materialization is None:
                msg = f"Materialize {name}_tables first: days that start together would collide."
                raise SetupError(msg)
            # All days are read with the columns that the tables were made with.
            catalog = made.asset_materialization.metadata["catalog"].value
            programs, part = Programs.of(os.environ), part_of(context.instance)
            window = context.partition_time_window
            state = load(programs, group, catalog, window.start, window.end, part)
        return dg.MaterializeResult(metadata={"state": dg.MetadataValue.json(state)})

    @dg.asset(name=f"{name}_takeover", group_name=name, deps=[days])
    def goes_on(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """The state from which an incremental run goes on after the days that are loaded."""
        with told(context):
            state = takeover(states_of(context.instance, days.key), group.bookmarked)
        return dg.MaterializeResult(metadata={"state": dg.MetadataValue.json(state)})

    yield from (tables, days, goes_on)


defs = dg.Definitions(
    assets=[made for name, group in GROUPS.items() for made in assets_of(name, group)],
    jobs=[dg.define_asset_job(f"{name}_takeover_job", [f"{name}_takeover"]) for name in GROUPS],
    # One process a run: there is one step in it.
    executor=dg.in_process_executor,
)
