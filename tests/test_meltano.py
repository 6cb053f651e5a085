"""Meltano runs the tap as meltano.yml declares it, into DuckDB, and resumes after a kill."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import jsonschema
import pytest
import yaml
from support.loaders import (
    MELTANO,
    PYTHON,
    ROOT,
    environment,
    killing,
    load,
    meltano_run,
    project,
    query_duckdb,
    require_meltano,
    selection,
    settings,
)

from tap_genesys.records.conversation_rows import ATTRIBUTES, NESTED, TABLES, WRAP_UPS
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = [
    "conversation_details",
    "conversation_summaries",
    "divisions",
    "routing_queues",
    "users",
    "wrapup_codes",
]
TAP = ROOT / "meltano.yml"


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    project: dict[str, Any] = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))
    return project


@pytest.fixture(scope="module")
def tap(declared: dict[str, Any]) -> dict[str, Any]:
    (extractor,) = declared["plugins"]["extractors"]
    return dict(extractor)


@pytest.fixture(scope="module")
def plugins(declared: dict[str, Any]) -> list[dict[str, Any]]:
    return [plugin for kind in declared["plugins"].values() for plugin in kind]


@pytest.fixture
def _installed() -> None:
    require_meltano()


@pytest.mark.integration
@pytest.mark.usefixtures("_installed")
def test_meltano_yml_is_what_meltano_itself_takes_for_valid(declared: dict[str, Any]) -> None:
    """meltano.yml validates against the schema of the installed Meltano."""
    (path,) = MELTANO.parent.parent.glob("lib/*/site-packages/meltano/schemas/*.json")
    validator = jsonschema.Draft202012Validator(json.loads(path.read_text("utf-8")))
    assert [error.message for error in validator.iter_errors(declared)] == []


def test_no_plugin_is_looked_up_in_meltano_s_hub(plugins: list[dict[str, Any]]) -> None:
    """Every plugin has a namespace, so that its installation needs no request to Meltano Hub."""
    assert [plugin["name"] for plugin in plugins if not plugin.get("namespace")] == []


def test_no_setting_is_of_the_kind_that_meltano_cannot_pass_on(
    plugins: list[dict[str, Any]],
) -> None:
    """No setting is a decimal: Meltano fails to write one from the environment as JSON."""
    kinds = {setting["kind"] for plugin in plugins for setting in plugin["settings"]}
    assert "decimal" not in kinds


def test_the_selection_leaves_out_the_columns_that_selected_tables_hold(
    tap: dict[str, Any],
) -> None:
    """All of them, and no other column; the tables are selected."""
    patterns = set(tap["select"])
    excluded = {pattern for pattern in patterns if not pattern.endswith(".*")}
    assert excluded == {f"!conversation_details.{name}" for name in NESTED}
    assert {f"{table}.*" for table in (*TABLES, ATTRIBUTES, WRAP_UPS)} <= patterns


def test_dates_are_quoted() -> None:
    """Dates are quoted: one that YAML parses as a date loses its time zone in Meltano."""
    assert [
        value for value in _values(yaml.safe_load(TAP.read_text("utf-8"))) if _is_date(value)
    ] == []


def test_meltano_hides_what_is_secret(tap: dict[str, Any]) -> None:
    """The secret settings, and no others, are `sensitive` in meltano.yml."""
    sensitive = {setting["name"] for setting in tap["settings"] if setting.get("sensitive")}
    assert sensitive == {"client_id", "client_secret", "pii_hash_key"}


def test_duckdb_is_the_version_in_which_the_loader_loses_nothing(
    plugins: list[dict[str, Any]],
) -> None:
    """DuckDB is pinned: with a newer one the loader takes the first row of a batch as a header."""
    (loader,) = (plugin for plugin in plugins if plugin["name"] == "target-duckdb")
    assert loader["pip_url"] == "target-duckdb==0.8.0 duckdb==1.0.0"


def test_the_file_of_duckdb_is_not_named_as_the_schema(plugins: list[dict[str, Any]]) -> None:
    """Else DuckDB takes `genesys.users`, as in the documented queries, for ambiguous."""
    (loader,) = (plugin for plugin in plugins if plugin["name"] == "target-duckdb")
    values = {setting["name"]: setting.get("value") for setting in loader["settings"]}
    assert Path(values["filepath"]).stem != values["default_target_schema"]


def test_models_read_the_file_that_the_loader_writes(plugins: list[dict[str, Any]]) -> None:
    """`dbt-duckdb` and `dbt/profiles.yml` have the file of `target-duckdb` as their default."""
    files = [
        setting["value"]
        for plugin in plugins
        for setting in plugin.get("settings", [])
        if (plugin["name"], setting["name"])
        in {("target-duckdb", "filepath"), ("dbt-duckdb", "path")}
    ]
    profile = yaml.safe_load((ROOT / "dbt" / "profiles.yml").read_text("utf-8"))
    path = profile["dbt_genesys"]["outputs"]["duckdb"]["path"]
    assert files == [f"$MELTANO_PROJECT_ROOT/{Path(files[0]).name}"] * 2
    assert f"'../{Path(files[0]).name}'" in path


def test_meltano_is_the_version_that_meltano_yml_requires(declared: dict[str, Any]) -> None:
    """The pinned Meltano is within the range that meltano.yml requires."""
    pins = (ROOT / "constraints-meltano.txt").read_text("utf-8")
    assert re.search(r"^meltano==4\.4\.\d+$", pins, re.MULTILINE)
    assert declared["requires_meltano"] == ">=4.4,<5"


class OrgWithNews(World):
    """Org whose conversations have a field that is in no schema."""

    def conversation(self, number: int) -> dict[str, Any]:
        return super().conversation(number) | {"unheardOf": {"number": number}}

    def in_lake(self, number: int, moment: datetime | None = None) -> dict[str, Any]:
        return super().in_lake(number, moment) | {"unheardOf": {"number": number}}


@pytest.mark.integration
@pytest.mark.usefixtures("_installed")
def test_all_rows_arrive_in_duckdb_and_a_second_run_adds_what_is_new(tmp_path: Path) -> None:
    """After each run DuckDB has as many rows of each stream as the org, and none twice.

    A run that is killed between the two changes nothing. A field that is in no schema arrives in
    the column `_extra`. Columns that the selection leaves out are not in the table.
    """
    folder = project(tmp_path)
    since = datetime(2025, 3, 3, tzinfo=UTC)
    wednesday, thursday = (datetime(2025, 3, day, 16, 30, tzinfo=UTC) for day in (5, 6))
    org = OrgWithNews(per_day=60, since=since, now=wednesday, lag=timedelta(hours=4))

    with Simulator(org) as simulator:
        log = load(folder, "target-duckdb", _settings(simulator.url, since, wednesday))
        counts = _holdings(simulator.url, since, wednesday)
    assert log.count("(there is no bookmark)") == 2
    assert _row_counts(folder) == counts
    assert all(counts.values())

    with Simulator(org.at(thursday)) as simulator, killing(simulator, "/details/query"):
        killed = meltano_run(folder, "target-duckdb", _settings(simulator.url, since, thursday))
    assert killed.returncode

    with Simulator(org.at(thursday)) as simulator:
        log = load(folder, "target-duckdb", _settings(simulator.url, since, thursday))
        counts_later = _holdings(simulator.url, since, thursday)
    assert (
        "Reading conversation_details from 2025-03-05T12:30:00.000Z to 2025-03-06T16:30:00.000Z "
        "(the bookmark is 2025-03-05T12:30:00.000Z)"
    ) in log
    assert counts_later["conversation_details"] > counts["conversation_details"]
    assert _row_counts(folder) == counts_later
    assert query_duckdb(
        folder,
        "select count(distinct conversationid), count(_extra->'unheardOf'->'number') "
        "from genesys.conversation_details",
    ) == [[counts_later["conversation_details"]] * 2]
    columns = query_duckdb(
        folder,
        "select column_name from information_schema.columns "
        "where table_name = 'conversation_details'",
    )
    assert "divisionids" in {name for (name,) in columns}
    assert not set(NESTED) & {name for (name,) in columns}


@pytest.mark.integration
@pytest.mark.usefixtures("_installed")
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks processes up in /proc")
def test_an_interrupted_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    """A SIGINT to the demo ends Meltano and the simulator too, with exit code 130."""
    folder = project(tmp_path)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts/demo", folder / "scripts/demo", ignore=unwanted)
    for name in (".venv", ".venv-meltano", "tap_genesys"):
        (folder / name).symlink_to(ROOT / name)
    with subprocess.Popen(  # noqa: S603 - our own program
        [PYTHON, "scripts/demo/run.py"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout
        for line in demo.stdout:
            if line.startswith("meltano "):
                break
        simulator_and_meltano = _children(demo.pid)
        demo.send_signal(signal.SIGINT)
        _, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert errors.splitlines()[-1] == "demo: interrupted; the simulator is stopped."
    assert simulator_and_meltano
    assert [pid for pid in simulator_and_meltano if Path(f"/proc/{pid}").exists()] == []


def _settings(url: str, since: datetime, now: datetime) -> dict[str, str]:
    """Return the settings that select the counted streams, as each one takes Meltano a while."""
    return settings(url, since, now) | {"TAP_GENESYS__SELECT": json.dumps(selection(STREAMS))}


def _holdings(url: str, since: datetime, now: datetime) -> dict[str, int]:
    query = urlencode({"from": iso(since), "to": iso(now)})
    with urlopen(f"{url}/_simulator/holdings?{query}", timeout=30) as response:  # noqa: S310 - http
        counts = json.load(response)
    return {stream: counts[stream] for stream in STREAMS}


def _row_counts(folder: Path) -> dict[str, int]:
    """Return each table's number of rows that are in the org, too.

    When the only conversation without a queue gets one, its day's summary without a queue is gone
    from the org; no message deletes its row. So only the newest reading of a day's summaries
    counts.
    """
    newest = "qualify _readat = max(_readat) over (partition by datefrom)"
    counts = " union all ".join(
        f"select '{name}', count(*) from (select * from genesys.{name} "  # noqa: S608 - our names
        f"{newest if name == 'conversation_summaries' else ''})"
        for name in STREAMS
    )
    return dict(query_duckdb(folder, counts))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _values(node: object) -> Iterator[object]:
    """Yield every scalar of a YAML document."""
    if isinstance(node, dict):
        for value in node.values():
            yield from _values(value)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value)
    else:
        yield node


def _is_date(value: object) -> bool:
    return hasattr(value, "isoformat")
