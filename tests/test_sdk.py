"""The SDK's own test suite, and the guarantees that it does not check."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.singerlib import Catalog
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from support.harness import QUICK, Output, run, tap

from tap_genesys.endpoints.aggregates import UserAggregateStream
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from singer_sdk import Stream

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=2, per_day=20, since=SINCE, now=datetime(2026, 3, 13, 12, tzinfo=UTC))
#: Serves from this module's first test on, as the suite's classes read their config at import.
SIMULATOR = Simulator(WORLD)
START: dict[str, Any] = {
    "start_date": iso(SINCE),
    "end_date": iso(WORLD.now),
    "conversation_details_source": "auto",
}


# For the session: a worker may run tests of this module long after its first one.
@pytest.fixture(scope="session", autouse=True)
def _served() -> Any:
    with SIMULATOR:
        yield


# The suite warns of fields that the simulator never returns; those that it returns are validated
# against the vendor's model in test_openapi.py.
pytestmark = [
    pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning"),
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in:UserWarning"),
]


class EveryStream(TapGenesys):
    """The tap with all streams selected, but for child streams."""

    name = "tap-genesys"

    def discover_streams(self) -> list[Stream]:
        streams = super().discover_streams()
        for stream in streams:
            stream.selected_by_default = True
        # The suite stops after a few records of a parent, before its children: test_streams.py has
        # them.
        children = ChildStream | UserAggregateStream
        return [stream for stream in streams if not isinstance(stream, children)]


TestTapGenesys = get_tap_test_class(
    EveryStream,
    config={**QUICK, **START, "api_url": SIMULATOR.url, "login_url": SIMULATOR.url},
    # The suite stops after a few conversations, of which hardly any has an evaluation.
    suite_config=SuiteConfig(
        max_records_limit=30,
        ignore_no_records_for_streams=[
            "conversation_evaluations",
            "conversation_resolutions",
            "digital_rule_sets",  # the simulated org has no rule sets
            "tap_runs",  # the suite syncs streams one by one, which is no run
        ],
    ),
)


def test_keys_are_unique() -> None:
    """Keys are unique in every stream, which the SDK's suite does not check."""
    output = run(SIMULATOR, **START)
    for name, stream in tap(SIMULATOR).streams.items():
        keys = [tuple(row[key] for key in stream.primary_keys) for row in output.records(name)]
        assert keys
        assert len(keys) == len(set(keys)), name


def test_a_schema_precedes_the_records_of_its_stream_once() -> None:
    """Each stream has one SCHEMA, before its records."""
    output = run(SIMULATOR, **START)
    streams = [message["stream"] for message in output.of("SCHEMA")]
    assert sorted(streams) == sorted(tap(SIMULATOR).streams)
    declared: set[str] = set()
    for message in output.messages:
        if message["type"] == "SCHEMA":
            declared.add(message["stream"])
        if message["type"] == "RECORD":
            assert message["stream"] in declared


def test_deselected_fields_are_left_out() -> None:
    """A deselected field is in no record."""
    output = Output()
    genesys_tap = tap(SIMULATOR, "users", output=output)
    catalog = genesys_tap.catalog_dict
    users = next(entry for entry in catalog["streams"] if entry["stream"] == "users")
    for entry in users["metadata"]:
        if entry["breadcrumb"] == ["properties", "email"]:
            entry["metadata"]["selected"] = False
    genesys_tap.streams["users"].apply_catalog(Catalog.from_dict(catalog))
    genesys_tap.streams["users"]._metadata = Catalog.from_dict(catalog)["users"].metadata
    genesys_tap.streams["users"]._mask = None
    genesys_tap.streams["users"].selected = True
    genesys_tap.sync_or_leave()
    assert output.records("users")
    assert not [record for record in output.records("users") if "email" in record]


def test_stream_maps_work() -> None:
    """Stream maps drop a field, add one, and filter rows."""
    output = Output()
    genesys_tap = TapGenesys(
        config={
            **QUICK,
            **START,
            "api_url": SIMULATOR.url,
            "login_url": SIMULATOR.url,
            "stream_maps": {
                "users": {
                    "email": None,
                    "shout": "name.upper()",
                    "__filter__": "state == 'deleted'",
                },
                "__else__": None,
            },
        },
        message_writer=output,
    )
    genesys_tap.sync_or_leave()
    deleted = [user for user in WORLD.users() if user["state"] == "deleted"]
    records = output.records("users")
    assert [record["shout"] for record in records] == [user["name"].upper() for user in deleted]
    assert not [record for record in records if "email" in record]


def test_batch_is_not_offered() -> None:
    """BATCH is not among the capabilities: with several targets it loses rows."""
    assert {str(capability) for capability in TapGenesys.capabilities} == {
        "about",
        "activate-version",
        "catalog",
        "discover",
        "schema-flattening",
        "state",
        "stream-maps",
        "structured-logging",
    }
