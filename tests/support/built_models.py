"""A warehouse after loads in an awkward order, with the dbt package built after each of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from support.contact_centre import DAY, ORG, SINCE
from support.conversation_tables import NAMES
from support.loaders import STREAMS, project, settings
from support.models import Models
from support.postgres import Postgres
from tap_genesys.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

ZONE = ZoneInfo("America/New_York")
#: The streams of the default selection that the package reads.
DEFAULT = [*STREAMS, "conversation_aggregates", "presence_definitions", "tap_runs"]
STATUSES = ["user_presences", "user_routing_statuses"]
#: The end of the loaded statuses of users.
STATUSES_END = SINCE + 12 * DAY
VARIABLES = {
    "genesys__time_zone": ZONE.key,
    "genesys__conversation_attributes": ["tier", "Order's number"],
}
EVERYTHING = VARIABLES | {
    "genesys__using_user_statuses": True,
    "genesys__using_reconciliation": True,
}
#: Runs of the tap, in place of the real ones.
RUNS = """
delete from genesys.tap_runs;
insert into genesys.tap_runs (
  run_id, stream, lane, started, ended,
  bookmark, watermark, records, requests, retries, outcome, tap_version
) values
  ('a', 'users', 'main', '2025-04-01 10:00:00', '2025-04-01 10:05:00',
    null, null, 60, 1, 0, 'done', '1'),
  ('b', 'users', 'main', '2025-04-01 11:00:00', null, null, null, 0, 1, 0, 'unfinished', '1'),
  ('a', 'conversation_details', 'job', '2025-04-01 10:00:00', '2025-04-01 10:05:00',
    '2025-03-31 08:00:00', '2025-03-31 09:00:00', 10, 5, 0, 'done', '1'),
  ('b', 'conversation_details', 'job', '2025-04-01 11:00:00', null,
    '2025-03-31 10:30:00', '2025-03-31 11:00:00', 0, 5, 1, 'done', '1'),
  ('b', 'tap_runs', 'main', '2025-04-01 11:00:00', null, null, null, 0, 1, 0, 'killed', '1')
"""
SNAPSHOTS = (
    "genesys_queue_snapshot",
    "genesys_agent_snapshot",
    "genesys_wrap_up_code_snapshot",
    "genesys_presence_snapshot",
)


@dataclass
class Built:
    """A warehouse after several loads and builds, and what was noted in between."""

    models: Models
    #: The marts after the first build, of the default selection.
    first_tables: set[str] = field(default_factory=set)
    first_statuses: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    #: Conversation id -> surveys in the mart, after surveys alone were loaded.
    surveys_loaded_alone: dict[str, float] = field(default_factory=dict)
    #: The id of a conversation that was erased, and the number of its rows in the marts then.
    erased: tuple[str, int] = ("", 0)
    contents: dict[str, list[str]] = field(default_factory=dict)
    contents_of_second_build: dict[str, list[str]] = field(default_factory=dict)
    contents_of_full_refresh: dict[str, list[str]] = field(default_factory=dict)
    versions: dict[str, float] = field(default_factory=dict)
    versions_of_second_build: dict[str, float] = field(default_factory=dict)


@contextlib.contextmanager
def build_all(kind: str, folder: Path) -> Iterator[Built]:
    """Load, erase, load one table alone, rename, backfill, load everything, and build each time."""
    server = Postgres() if kind == "postgres" else contextlib.nullcontext()
    with server as running:
        models = Models(project(folder), running)
        built = Built(models)
        _first_load(built)
        _erase_and_load_surveys_alone(built)
        _load_everything(built)
        built.contents = models.contents()
        built.versions = _versions(models)
        models.build(EVERYTHING)
        built.contents_of_second_build = models.contents()
        built.versions_of_second_build = _versions(models)
        models.build(EVERYTHING, full_refresh=True)
        built.contents_of_full_refresh = models.contents()
        yield built


def _first_load(built: Built) -> None:
    """Load a part of the history by the default selection, some days long, and build."""
    _load(built.models, 6, DEFAULT, since=SINCE + 3 * DAY)
    built.first_statuses = built.models.build(VARIABLES, tests="package")
    built.first_tables = built.models.tables()


def _erase_and_load_surveys_alone(built: Built) -> None:
    """Erase a conversation, load the later surveys without their conversations, and build."""
    models = built.models
    day = f"{SINCE + 4 * DAY:%Y-%m-%d}"
    sql = f"""select min("conversationId") as id from genesys.conversation_details
        where "conversationStart" < '{day}'"""  # noqa: S608 - a date of our own
    ((erased,),) = models.query(sql)
    for table in ("conversation_details", *NAMES):
        models.execute(f"delete from genesys.{table} where \"conversationId\" = '{erased}'")  # noqa: S608
    with _without_state(models):
        _load(models, 12, ["conversation_surveys"], since=SINCE + 4 * DAY)
    models.build(VARIABLES)
    rows = sum(
        models.query(
            f"select count(*) as rows from marts.{table} where conversation_id = '{erased}'"  # noqa: S608
        )[0][0]
        for table in ("genesys__conversations", "genesys__conversation_legs", "genesys__wrap_ups")
    )
    built.erased = (erased, rows)
    built.surveys_loaded_alone = {
        row["conversation_id"]: row["surveys"]
        for row in models.rows("genesys__conversations", ("conversation_id", "surveys"))
        if row["surveys"]
    }


def _load_everything(built: Built) -> None:
    """Load what is new after a renaming, the days before the first load, and optional streams."""
    _load(built.models, 60, DEFAULT, since=SINCE + 3 * DAY)
    with _without_state(built.models):
        _load(built.models, 60, DEFAULT, since=SINCE, until=SINCE + 4 * DAY)
    with _without_state(built.models):
        _load(built.models, 60, STATUSES, since=SINCE, until=STATUSES_END)
    with _without_state(built.models):
        _load(
            built.models, 60, ["conversation_reconciliation"], since=SINCE, until=SINCE + 11 * DAY
        )
    built.models.execute(RUNS)
    built.statuses = built.models.build(EVERYTHING, tests="all")


def _load(
    models: Models,
    days: int,
    streams: list[str],
    *,
    since: datetime,
    until: datetime | None = None,
) -> None:
    world = ORG.at(SINCE + days * DAY)
    with Simulator(world) as sim:
        variables = settings(sim.url, since, until or world.now) | {
            "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
            "TAP_GENESYS_USER_DETAILS_SOURCE": "job",
            "TAP_GENESYS_WINDOW_DAYS": "7",
            # The tap's clock is years later: for it, no day is due for a re-check.
            "TAP_GENESYS_LOOKBACK_DAYS": "7",
        }
        models.load(variables, streams)


@contextlib.contextmanager
def _without_state(models: Models) -> Iterator[None]:
    """Load like another worker, and keep the state for the next load."""
    state = models.root / "state.json"
    kept = state.rename(models.root / "kept.json")
    yield
    kept.rename(state)


def _versions(models: Models) -> dict[str, float]:
    return {
        name: models.query(f"select count(*) as n from marts.{name}")[0][0]  # noqa: S608
        for name in SNAPSHOTS
    }
