"""The dbt package: it builds with any sources, incrementally, and keeps the history of names."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support.contact_centre import DAY, NEW, ORG, SINCE, truth
from support.models import PACKAGE

from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from support.built_models import Built

    Row = dict[str, Any]

pytestmark = [pytest.mark.integration, pytest.mark.dbt]

OPTIONAL = {
    "genesys__agent_intervals",
    "genesys__agent_states",
    "genesys__reconciliation",
}
TRUTH = truth()


def test_the_default_selection_builds(built: Built) -> None:
    """Without optional streams the build and its tests pass, and their marts are left out."""
    assert set(built.first_statuses.values()) <= {"success", "pass"}
    assert not OPTIONAL & built.first_tables
    marts = {"genesys__conversations", "genesys__queue_intervals", "genesys__freshness"}
    assert marts <= built.first_tables


def test_everything_builds(built: Built) -> None:
    """With all optional streams every model is built, and every test passes without a warning."""
    assert set(built.statuses.values()) <= {"success", "pass"}
    assert built.models.tables() >= OPTIONAL | built.first_tables
    assert len(built.statuses) > len(built.first_statuses)


def test_a_table_that_is_loaded_alone_is_seen(built: Built) -> None:
    """Surveys that came later, without their conversations, are in the conversations' mart."""
    world = ORG.at(SINCE + 12 * DAY)
    expected = {
        row["conversationId"]: len(row["surveys"])
        for row in (world.in_lake(number) for number in world.numbers(SINCE + 4 * DAY, world.now))
        if row.get("surveys")
    }
    loaded = {
        row["conversationId"] for row in TRUTH if row["conversationStart"] < iso(SINCE + 5 * DAY)
    }
    present = {key: count for key, count in expected.items() if key in loaded}
    assert {
        key: count for key, count in built.surveys_loaded_alone.items() if key in present
    } == present
    assert present


def test_an_erased_conversation_leaves_the_marts(built: Built) -> None:
    """A conversation without rows in the loaded tables has none in the marts after a build."""
    erased, rows = built.erased
    assert erased
    assert rows == 0


def test_incremental_equals_full_refresh(built: Built) -> None:
    """After loads in any order, a build from scratch changes no value of any mart."""
    assert built.contents_of_full_refresh == built.contents
    assert len(built.contents["genesys__conversations"]) == len(TRUTH)


def test_a_build_without_a_change_changes_nothing(built: Built) -> None:
    """A second build leaves all values, and adds no version of a name."""
    assert built.contents_of_second_build == built.contents
    assert built.versions_of_second_build == built.versions


def test_a_name_has_its_history(built: Built) -> None:
    """A renamed queue, agent and code have two versions, which follow each other."""
    for table, key, old in (
        ("dim_queue", "queue_id", ORG.at(SINCE).queues()),
        ("dim_agent", "user_id", ORG.at(SINCE).users()),
        ("dim_wrap_up_code", "wrap_up_code_id", ORG.at(SINCE).wrapup_codes()),
    ):
        versions: dict[str, list[Row]] = defaultdict(list)
        for row in built.models.rows(table):
            versions[row[key]].append(row)
        assert {name: len(rows) for name, rows in versions.items()} == {
            row["id"]: 2 if row is old[0] or row["id"] == old[0]["id"] else 1 for row in old
        }
        first, second = sorted(versions[old[0]["id"]], key=lambda row: row["valid_from"])
        assert (first["name"], second["name"]) == (old[0]["name"], old[0]["name"] + NEW)
        assert first["valid_to"] == second["valid_from"]
        assert (first["valid_from"].year, second["valid_to"]) == (1970, None)
        assert (first["is_current"], second["is_current"]) == (False, True)


def described() -> dict[str, dict[str, Any]]:
    """Return the entry of each model in the package's YAML files."""
    return {
        model["name"]: model
        for path in sorted(PACKAGE.glob("models/*/_*.yml"))
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", ())
    }


def test_every_column_is_described(built: Built) -> None:
    """Each column of each model has a description, and no description lacks its column."""
    entries = described()
    for schema in ("marts", "marts_staging", "marts_intermediate"):
        for table in built.models.tables(schema) & set(entries):
            columns = {column["name"] for column in entries[table]["columns"]}
            assert columns == {
                name
                for name in built.models.columns(table, schema)
                if not name.startswith("attribute_") or table.endswith("participant_attributes")
            }, table
    assert all(column["description"] for model in entries.values() for column in model["columns"])


def test_each_model_has_an_entry() -> None:
    """A model without an entry, and an entry without a model, would go unnoticed."""
    assert set(described()) == {path.stem for path in PACKAGE.glob("models/*/*.sql")}
