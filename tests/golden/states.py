"""Reads the states of an earlier version, with the contents of the warehouse (`write_states`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden.renames import PRESENT
from tap_genesys.simulator import World

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(__file__).parent / "states"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))

#: A span's user and its start, in minutes since the world's first moment.
ReadRange = tuple[str, int]


@dataclass(frozen=True)
class Earlier:
    """A state of an earlier version.

    Args:
        source: Of conversations and users.
        streams: The streams that were read.
        settings: The settings of each run, by their present values.
        world: The world when it was written.
        state: The state.
        days: Of a backfill, the state of each day.
        conversations: Conversation -> the moment whose truth its row is.
        evaluations: The evaluations in the warehouse.
        spans: Stream -> span -> whether its row has an end.
    """

    source: str
    streams: tuple[str, ...]
    settings: dict[str, Any]
    world: World
    state: dict[str, Any]
    days: dict[datetime, dict[str, Any]]
    conversations: dict[str, datetime]
    evaluations: set[str]
    spans: dict[str, dict[ReadRange, bool]]


def _present(setting: str, value: Any) -> Any:
    return PRESENT.value(setting, value) if isinstance(value, str) else value


def load(name: str) -> Earlier:
    """Return a recorded state."""
    content = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    world = World(
        seed=content["world"]["seed"],
        per_day=content["world"]["per_day"],
        since=datetime.fromisoformat(content["world"]["since"]),
        now=datetime.fromisoformat(content["moment"]),
        lag=timedelta(hours=content["world"]["lag_hours"]),
        # As the simulator of the earlier version behaved.
        step=timedelta(0),
        indexing=timedelta(0),
        late=timedelta(0),
        endless=150,
    )
    return Earlier(
        source=content["source"],
        streams=tuple(content["streams"]),
        settings={name: _present(name, value) for name, value in content["settings"].items()},
        world=world,
        state=content["state"],
        days={datetime.fromisoformat(day): state for day, state in content.get("days", {}).items()},
        conversations={
            key: datetime.fromisoformat(moment)
            for moment, keys in content["conversations"].items()
            for key in keys
        },
        evaluations=set(content["evaluations"]),
        spans={
            stream: {
                (user, int(start)): group == "ended"
                for group, users in groups.items()
                for user, starts in users.items()
                for start in starts.split()
            }
            for stream, groups in content["spans"].items()
        },
    )


def spans_of(rows: Iterable[dict[str, Any]], world: World) -> dict[ReadRange, bool]:
    """Return the spans among rows, and whether the last row of each has an end."""
    spans: dict[ReadRange, bool] = {}
    for row in rows:
        start = datetime.fromisoformat(row["startTime"]) - world.since
        spans[row["userId"], start // timedelta(minutes=1)] = bool(row.get("endTime"))
    return spans
