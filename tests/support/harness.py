"""Run the tap in this process against a simulator, with a clock whose waits take no time."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import proxy

import orjson
from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from support import http_doubles
from support.direct import without_sockets
from tap_genesys.interruption import Clock
from tap_genesys.simulator.listings import COUNTS
from tap_genesys.streams import STREAMS
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from datetime import timedelta

    import pytest
    from singer_sdk import Stream
    from singer_sdk.mapper import PluginMapper
    from singer_sdk.singerlib import Message

    from tap_genesys.simulator import Simulator

#: Settings for quick runs against the simulator.
QUICK: dict[str, Any] = {
    "client_id": "demo",
    "client_secret": "demo-secret",
    "requests_per_minute": 60_000,
    "conversation_details_source": "query",
    "recheck_days": [],
    "job_poll_seconds": 0,
    # Requests come in a fixed order.
    "max_parallel_requests": 1,
}


#: The settings without which the SDK maps nothing.
MAPPING = {"stream_maps", "flattening_enabled"}


@dataclass
class Output(GenericSingerWriter[str, Any]):
    """The messages of a run."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    def serialize_message(self, message: Message) -> str:
        return str(message)

    def write_message(self, message: Message) -> None:
        # A copy, since the SDK changes its state later; faster than the SDK's own `to_dict`.
        copy = orjson.loads(orjson.dumps(message))
        self.messages.append({name: value for name, value in copy.items() if value is not None})

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of one type."""
        return [message for message in self.messages if message["type"] == kind]

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Return the records of one stream."""
        return [message["record"] for message in self.of("RECORD") if message["stream"] == stream]

    def ids(self, stream: str = "conversation_details") -> list[str]:
        """Return the keys of one stream's records."""
        keys = ("_id", "conversationId", "id")
        return [
            next(record[key] for key in keys if key in record) for record in self.records(stream)
        ]

    @property
    def state(self) -> dict[str, Any]:
        """Return the last STATE."""
        return last_state(self.messages)

    def bookmark(self, stream: str = "conversation_details") -> str | None:
        """Return the last bookmark of a stream."""
        bookmarks = self.state.get("bookmarks", {})
        value: str | None = bookmarks.get(stream, {}).get("replication_key_value")
        return value


def halve_listings(patch: pytest.MonkeyPatch) -> None:
    """Halve the long simulated listings, which still have several pages of 25 rows.

    Readers need a seed of their own, since the rows are cached by seed.
    """
    for path, count in COUNTS.items():
        if count > 100:
            patch.setitem(COUNTS, path, count // 2)


def bookmarked(stream: str, key: str, value: object) -> dict[str, Any]:
    """Return a state with one bookmark."""
    return {
        "bookmarks": {stream: {"replication_key": key, "replication_key_value": value}},
    }


def last_state(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the last STATE among messages."""
    states: list[dict[str, Any]] = [m["value"] for m in messages if m["type"] == "STATE"]
    return states[-1] if states else {}


def without_times(output: Output) -> list[dict[str, Any]]:
    """Return the messages of a run without the times of its reading and writing."""
    messages = []
    for message in output.messages:
        record = {key: value for key, value in message.get("record", {}).items() if key[0] != "_"}
        rest = {key: value for key, value in message.items() if key != "time_extracted"}
        messages.append({**rest, "record": record} if record else rest)
    return messages


def tap(
    sim: Simulator,
    *streams: str,
    state: dict[str, Any] | None = None,
    output: Output | None = None,
    **config: Any,
) -> TapGenesys:
    """Return a tap that reads these streams of a simulator; by default, the default ones.

    Its output lives no longer than the caller keeps it: a tap and its streams hold each other until
    the collector runs, and they would hold each record too.
    """
    reader = tap_of(*streams)(
        config={**QUICK, "api_url": sim.url, "login_url": sim.url, **config},
        state=deepcopy(state or {}),
        message_writer=Output() if output is None else proxy(output),
    )
    simulate_time(reader, sim)
    for name, stream in reader.streams.items():
        stream.selected = not streams or name in streams
    return reader


def deselect(tap: TapGenesys, stream: str, *path: str) -> None:
    """Deselect a column of a stream, or with a longer path a part of it."""
    reader: Any = tap.streams[stream]
    reader.metadata[tuple(part for name in path for part in ("properties", name))].selected = False
    reader._mask = None


def simulate_time(tap: TapGenesys, sim: Simulator) -> None:
    """Give a tap the simulator's present, and a clock whose waits take no time."""
    time = http_doubles.Clock()
    tap.clock = Clock(tap.interruption, sleep=time.wait, monotonic=time.seconds)
    tap.started = sim.world.now
    tap.now = lambda: sim.world.now


def shift_clock(tap: TapGenesys, sim: Simulator, skew: timedelta) -> None:
    """Set a tap's clock ahead of the simulator's, or behind it."""
    tap.started = sim.world.now + skew
    tap.now = lambda: sim.world.now + skew


@cache
def tap_of(*names: str) -> type[TapGenesys]:
    """Return a tap class with only these streams and their parents; by default, the default ones.

    The set-up of all streams takes the SDK a quarter of a second, in each of thousands of taps.
    """
    streams: dict[str, Any] = {vars(stream)["name"]: stream for stream in STREAMS}
    chosen = [streams[name] for name in names] or [
        stream for stream in streams.values() if stream.selected_by_default
    ]
    parents = [stream.parent_stream_type for stream in chosen if stream.parent_stream_type]
    classes = dict.fromkeys([*chosen, *parents])

    mappers: list[PluginMapper] = []

    class Tap(TapGenesys):
        name = "tap-genesys"

        def discover_streams(self) -> list[Stream]:
            return [stream(self) for stream in classes]

        def setup_mapper(self) -> None:
            """Take the mapper of an earlier tap that maps nothing either: the schemas are equal."""
            if self.config.keys() & MAPPING or self.input_catalog:
                super().setup_mapper()
                return
            if not mappers:
                super().setup_mapper()
                mappers.append(self.mapper)
            self._mapper = mappers[0]

    return Tap


def run(sim: Simulator, *streams: str, **options: Any) -> Output:
    """Run the tap to its end, without sockets where the org has no faults; return its output."""
    output = Output()
    with without_sockets(sim):
        tap(sim, *streams, output=output, **options).sync_or_leave()
    return output
