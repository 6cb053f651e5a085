"""Executes a golden's runs: a tap as in production, its catalog, and the bytes on its stdout."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson
from support.direct import without_sockets
from support.harness import simulate_time

from golden.renames import PRESENT
from golden.worlds import EVERY, HABITS, SETTINGS, WORLD, shrunk_listings
from tap_genesys.simulator import Simulator
from tap_genesys.simulator.listings import COUNTS
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from golden.renames import Renames
    from golden.worlds import Golden

#: The one value that comes from the real clock; before or after the record, as the writer has it.
_EXTRACTED = re.compile(
    rb'"time_extracted":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"(?=[,}])'
)
_FIXED = b'"time_extracted":"2026-01-01T00:00:00Z"'
#: The line before each run.
RUN = "RUN"
_STATE = b'{"type":"STATE"'
#: Streams that are deselected, as the recorded version did not have them: without them nothing else
#: changes (`test_runs.py::test_without_the_stream_nothing_changes`, of the first).
NOT_RECORDED = (
    "tap_runs",
    "agent_activity",
    "calibrations",
    "coaching_appointments",
    "learning_assignments",
    "messaging_campaign_progress",
    "outbound_campaign_diagnostics",
    "outbound_campaign_interactions",
    "outbound_campaign_progress",
    "outbound_campaign_stats",
)


def lines_of(golden: Golden, parallel: int, renames: Renames = PRESENT) -> list[str]:
    """Execute a golden's runs and return their messages, each as one canonical line.

    Args:
        golden: The runs.
        parallel: `max_parallel_requests`.
        renames: What has been renamed since the recording.
    """
    lines: list[str] = []
    state: dict[str, Any] = {}
    # One simulator for all runs: no message has its URL or its requests.
    with (
        patch.dict(COUNTS, shrunk_listings()),
        Simulator(WORLD, **HABITS) as sim,
        without_sockets(sim),
    ):
        for now in golden.moments:
            sim.world = WORLD.at(now)
            lines.append(canonical(orjson.dumps({"type": RUN, "now": now})))
            written = _stdout_of(golden, parallel, sim, state, renames).splitlines()
            lines += (canonical(without_new_keys(line, renames)) for line in written)
            states = [line for line in written if line.startswith(_STATE)]
            state = orjson.loads(states[-1])["value"]
    return lines


def without_new_keys(line: bytes, renames: Renames) -> bytes:
    """Return a message without the keys of bookmarks that the recorded version did not have."""
    if not line.startswith(_STATE):
        return line
    message = orjson.loads(line)
    for bookmark in message["value"].get("bookmarks", {}).values():
        for key in renames.new_state_keys:
            bookmark.pop(key, None)
    return orjson.dumps(message)


def canonical(line: bytes) -> str:
    """Return a message's text without the real clock's time.

    The order of a record's fields counts, as targets make columns in it; that of a state's keys
    does not.
    """
    if line.startswith(_STATE):
        return orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS).decode()
    return _EXTRACTED.sub(_FIXED, line, count=1).decode()


class _Stdout(io.RawIOBase):
    """Keeps what is written, behind the buffer that the tap's writer has on a pipe."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += data
        return len(data)


def _stdout_of(
    golden: Golden, parallel: int, sim: Simulator, state: dict[str, Any], renames: Renames
) -> bytes:
    tap = TapGenesys(
        config=settings_of(golden, parallel, sim, renames),
        catalog=_catalog(golden, renames),
        state=state,
    )
    simulate_time(tap, sim)
    raw = _Stdout()
    with redirect_stdout(io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8")):
        tap.sync_or_leave()
    return bytes(raw.written)


def settings_of(golden: Golden, parallel: int, sim: Simulator, renames: Renames) -> dict[str, Any]:
    """Return a golden's settings, by their present values."""
    settings: dict[str, Any] = {
        **SETTINGS,
        "api_url": sim.url,
        "login_url": sim.url,
        "conversation_details_source": golden.source,
        "user_details_source": golden.source,
        **golden.settings,
        "max_parallel_requests": parallel,
        # The recordings are of a version that left nothing out.
        "emit_unchanged": True,
    }
    for setting in renames.values:
        settings[setting] = renames.value(setting, settings[setting])
    if "stream_maps" in settings:
        maps = settings["stream_maps"].items()
        settings["stream_maps"] = {renames.stream(name): mapping for name, mapping in maps}
    return settings


def _catalog(golden: Golden, renames: Renames) -> dict[str, Any]:
    """Return the catalog as a runner passes it, with what a golden selects."""
    catalog: dict[str, Any] = orjson.loads(_discovered())
    names = {renames.stream(name) for name in golden.streams}
    deselected = {renames.stream(name): of for name, of in golden.deselected.items()}
    assert names <= {*EVERY, *(entry["tap_stream_id"] for entry in catalog["streams"])}
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        is_selected = golden.streams == EVERY or name in names
        for node in entry["metadata"]:
            if name in NOT_RECORDED:
                node["metadata"]["selected"] = False
                continue
            if is_selected:
                node["metadata"]["selected"] = True
            if node["breadcrumb"][1:] and node["breadcrumb"][1] in deselected.get(name, ()):
                node["metadata"]["selected"] = False
    return catalog


@cache
def _discovered() -> bytes:
    credentials = {name: SETTINGS[name] for name in ("client_id", "client_secret")}
    return orjson.dumps(TapGenesys(config=credentials).catalog_dict)
