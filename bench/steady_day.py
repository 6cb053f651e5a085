"""Hourly runs of the tap in an org that it has read for months, and the messages that it writes.

Nothing is waited for: the tap's clock is the simulator's, and requests need no socket. An org of
20,000 conversations a day is scaled down twenty times, and so are the pages, so that there are as
many requests.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import orjson
from support.direct import without_sockets
from support.harness import deselect, tap

from tap_genesys.replication.windows import DAY, floor, iso
from tap_genesys.simulator import world as simulated
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_genesys.simulator import Simulator, World

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 10, tzinfo=UTC)
DETAILS = "conversation_details"
PER_DAY = 20_000
SCALE = 20
#: The tap's default for `recheck_days`.
RUNGS = [1, 3, 7, 30]
#: Rows of a page: of a query, and of a job.
PAGE, JOB_PAGE = 100 // SCALE, 1000 // SCALE
#: Days of conversations that the simulator keeps, since they are requested again and again.
_DAYS_KEPT = 50

_RECORD = re.compile(rb'\{"type":"RECORD","stream":"(\w+)"')


class Messages:
    """A stdout that counts the RECORD messages of each stream, and keeps the last STATE.

    Args:
        on_record: Called with each line that is a record of `conversation_details`.
        on_text: Called with each text that is written: some whole lines.
    """

    def __init__(
        self,
        on_record: Callable[[bytes], None] | None = None,
        on_text: Callable[[bytes], object] | None = None,
    ) -> None:
        self.records: Counter[str] = Counter()
        self.state: dict[str, Any] = {}
        #: The tap writes to `sys.stdout.buffer`.
        self.buffer = self
        self._on_record = on_record
        self._on_text = on_text

    def write(self, text: bytes) -> None:
        """Take whole lines."""
        if self._on_text:
            self._on_text(text)
        for line in text.splitlines():
            if match := _RECORD.match(line):
                self._count(match[1].decode(), line)
                continue
            message = orjson.loads(line)
            if message["type"] == "RECORD":
                self._count(message["stream"], line)
            elif message["type"] == "STATE":
                self.state = message["value"]

    def flush(self) -> None:
        """Do nothing: no line waits."""

    def _count(self, stream: str, line: bytes) -> None:
        self.records[stream] += 1
        if self._on_record and stream == DETAILS:
            self._on_record(line)


def hourly_runs(
    sim: Simulator,
    streams: Iterable[str],
    hours: range,
    *,
    state: dict[str, Any],
    on_record: Callable[[bytes], None] | None = None,
    on_text: Callable[[bytes], object] | None = None,
    deselected: Iterable[str] = (),
    **config: Any,  # noqa: ANN401 - settings of the tap
) -> Iterator[Messages]:
    """Run the tap at each of these hours; yield the messages of each run.

    Args:
        sim: The simulator, which has the world of hour 0; `requests` has those of the last run.
        streams: The selected streams; if there are none, those that are selected by default.
        hours: The hours at which it runs.
        state: The state that the first run is given.
        on_record: Called with each line that is a record of `conversation_details`.
        on_text: Called with each text that is written: some whole lines.
        deselected: Columns of `conversation_details` that are left out.
        config: The tap's settings.
    """
    world = sim.world
    with without_sockets(sim):
        for hour in hours:
            sim.world = world.at(world.now + hour * HOUR)
            sim.requests.clear()
            messages: Any = Messages(on_record, on_text)
            writer: Any = TapGenesys.message_writer_class()
            with redirect_stdout(messages):
                reader = tap(sim, *streams, state=state, output=writer, **config)
                for column in deselected:
                    deselect(reader, DETAILS, column)
                reader.sync_or_leave()
            state = messages.state
            yield messages
    sim.world = world


def keep_conversations(days: int = _DAYS_KEPT) -> None:
    """Let the simulator keep all conversations: usually it forgets the oldest."""
    vars(simulated)["_REMEMBERED"] = days * PER_DAY // SCALE


def steady(world: World, source: str) -> dict[str, Any]:
    """Return the state of an org that has been read every hour for months."""
    by_query = source == "query"
    truth = world.now if by_query else world.watermark
    bookmark = iso(truth - timedelta(minutes=30)) if by_query else iso(truth)
    details: dict[str, Any] = {
        "replication_key": "conversationStart",
        "replication_key_value": bookmark,
        "recheckedBy": "query" if by_query else "job",
        "recheckedUpTo": {f"{rung}": iso(floor(truth - rung * DAY, DAY)) for rung in RUNGS},
        "queryPasses": [],
    }
    if not by_query:
        details["watermark"] = bookmark
    return {"bookmarks": {DETAILS: details}}


def kind(path: str) -> str:
    """Return the purpose of a request."""
    parts = path.split("/jobs", 1)
    if len(parts) == 1:
        return "login" if "token" in path else "query"
    return {"": "submit", "/availability": "availability"}.get(
        parts[1], "results" if path.endswith("/results") else "look or delete"
    )
