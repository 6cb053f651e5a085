"""The vendor's own SDK reads the simulator without an error, and returns all rows."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.harness import halve_listings
from support.simulator_client import token

from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.fabricate import shapes
from tap_genesys.simulator.listings import rows_of
from tap_genesys.streams import STREAMS

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv-vendor" / "bin" / "python"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
# A seed of its own, as the listings are shorter than those of other orgs, which are cached by seed.
WORLD = World(seed=78, per_day=150, since=SINCE, now=SINCE + 4 * DAY)
#: Listings that the SDK does not page through, or not by number.
LEFT_OUT = ("oauth_clients", "programs")
LISTINGS = {
    vars(stream)["name"]: (
        str(vars(stream)["path"]),
        shapes()[vars(stream)["path"]]["paging"],
        "id",
    )
    for stream in STREAMS
    if issubclass(stream, FullTableStream)
    and vars(stream).get("path") in shapes()
    and "{" not in vars(stream)["path"]
    and shapes()[vars(stream)["path"]]["paging"] in ("counted", "none", "array")
    and "parent" not in shapes()[vars(stream)["path"]]
    and vars(stream)["name"] not in LEFT_OUT
}


#: Stream -> its path and the argument of the vendor's SDK that names its parent, a user.
BY_USER = {
    "calibrations": ("/api/v2/quality/calibrations", "calibrator_id"),
    "coaching_appointments": ("/api/v2/coaching/appointments", "user_ids"),
    "learning_assignments": ("/api/v2/learning/assignments", "user_id"),
}


@pytest.mark.integration
def test_the_vendors_sdk_pages_through_listings_a_query_and_a_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The vendor's SDK returns all rows of listings, of a query and of a job."""
    if not PYTHON.exists():
        missing = "`make test-integration` installs the vendor's SDK"
        if os.environ.get("REQUIRE_VENDOR_SDK"):
            pytest.fail(missing)
        pytest.skip(missing)
    # The SDK takes a millisecond and more for each row.
    halve_listings(monkeypatch)
    user = next(
        user["id"]
        for user in WORLD.users()
        if rows_of(WORLD, BY_USER["calibrations"][0], user["id"])
    )
    of_user = {
        name: (path, "counted", "id", {argument: [user] if argument.endswith("s") else user})
        for name, (path, argument) in BY_USER.items()
    }
    with Simulator(WORLD) as sim:
        bearer = token(sim)["Authorization"].removeprefix("Bearer ")
        run = subprocess.run(  # noqa: S603 - our own script
            [
                PYTHON,
                ROOT / "tests/vendor/read.py",
                sim.url,
                f"{iso(SINCE)}/{iso(SINCE + DAY)}",
                json.dumps(LISTINGS | of_user),
            ],
            input=bearer,
            capture_output=True,
            text=True,
            check=False,
        )
        deleted = [request for request in sim.requests if request.method == "DELETE"]
    assert run.returncode == 0, run.stderr
    ids_by_name: dict[str, list[Any]] = json.loads(run.stdout)
    truth = sorted(row["conversationId"] for row in WORLD.conversations(SINCE, SINCE + DAY))
    assert sorted(ids_by_name.pop("query")) == truth
    assert sorted(ids_by_name.pop("jobs")) == truth
    assert len(deleted) == 1
    for name, (path, _argument) in BY_USER.items():
        assert sorted(ids_by_name.pop(name)) == sorted(
            row["id"] for row in rows_of(WORLD, path, user)
        )
    assert len(ids_by_name) == len(LISTINGS) >= 80
    for name, ids in ids_by_name.items():
        assert sorted(ids) == sorted(row["id"] for row in rows_of(WORLD, LISTINGS[name][0])), name
