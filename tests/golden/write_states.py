"""Writes `states/` with the code of an earlier version; the present code goes on from them.

In a checkout of that version, with its simulator:

    PYTHONPATH=.:tests python <path of this file> <version> <path of tests/golden/states>

So this file uses only names that `harness` has in all versions. Beside each state, it stores the
world, the settings, and the contents of the warehouse at that moment: of each conversation the
moment whose truth its row is; of each span its start, and whether its row has an end.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.harness import last_state, run

from orchestrate.groups import GROUPS
from orchestrate.states import takeover
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Simulator, World

DETAILS, EVALUATIONS = "conversation_details", "evaluations"
PRESENCES, STATUSES = "user_presences", "user_routing_statuses"
AGGREGATES = "conversation_aggregates"
ALL = (DETAILS, EVALUATIONS, PRESENCES, STATUSES, AGGREGATES)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
THEN = datetime(2026, 3, 4, 12, tzinfo=UTC)
LAG = 4 * HOUR
WORLD: dict[str, Any] = {
    "seed": 4,
    "per_day": 12,
    "since": SINCE,
    "lag": LAG,
    # Of later versions only.
    "step": timedelta(0),
    "indexing": timedelta(0),
    "late": timedelta(0),
    "endless": 150,
}
HABITS: dict[str, Any] = {"interval_reading": "overlap", "interval_bounds": "[)"}
RECHECK_DAYS = [1, 3, 7, 30]


@dataclass(frozen=True)
class Recording:
    """The runs that lead to a state.

    Args:
        name: The file's name.
        source: Of conversations and users.
        streams: What is read.
        runs: Their moments; each goes on from the state of the run before it.
        killed_after: Stream, lane and number of the row after which the last run is killed.
    """

    name: str
    source: str
    streams: tuple[str, ...] = ALL
    runs: tuple[datetime, ...] = (THEN - HOUR, THEN)
    killed_after: tuple[str, str, int] | None = None


FIRST = (THEN,)
LATER = (THEN - 26 * HOUR, THEN)
PAUSED = (THEN - 50 * HOUR, THEN)
CONVERSATIONS, USERS = (DETAILS,), (PRESENCES, STATUSES)
STATES = (
    Recording("auto", "auto"),
    Recording("jobs", "jobs"),
    Recording("query", "query"),
    Recording("jobs-killed", "jobs", CONVERSATIONS, FIRST, (DETAILS, "job", 22)),
    Recording("jobs-killed-in-recheck", "jobs", CONVERSATIONS, PAUSED, (DETAILS, "job", 33)),
    Recording("query-killed", "query", CONVERSATIONS, FIRST, (DETAILS, "query", 30)),
    Recording("auto-killed-in-job", "auto", CONVERSATIONS, LATER, (DETAILS, "job", 7)),
    Recording("auto-killed-in-query", "auto", CONVERSATIONS, LATER, (DETAILS, "query", 2)),
    Recording("users-auto-killed", "auto", USERS, LATER, (PRESENCES, "query", 20)),
    Recording("users-jobs-killed", "jobs", USERS, FIRST, (PRESENCES, "job", 350)),
    Recording("users-query-killed", "query", USERS, FIRST, (PRESENCES, "query", 350)),
)


@dataclass
class Contents:
    """The contents of the warehouse."""

    conversations: dict[str, str] = field(default_factory=dict)
    evaluations: set[str] = field(default_factory=set)
    spans: dict[str, dict[tuple[str, int], bool]] = field(default_factory=dict)

    def take(self, messages: list[dict[str, Any]], now: datetime) -> None:
        """Take in the rows of a run, or of its part before it is killed."""
        for message in messages:
            if message["type"] != "RECORD":
                continue
            stream, row = message["stream"], message["record"]
            if stream == DETAILS:
                truth = now if row["_source"] == "query" else now - LAG
                key = row["conversationId"]
                self.conversations[key] = max(iso(truth), self.conversations.get(key, ""))
            elif stream == EVALUATIONS:
                self.evaluations.add(row["id"])
            elif stream in USERS:
                spans = self.spans.setdefault(stream, {})
                start = datetime.fromisoformat(row["startTime"])
                # Later simulators let some spans start within the minute.
                span = row["userId"], (start - SINCE) // timedelta(minutes=1)
                spans[span] = spans.get(span, False) or bool(row.get("endTime"))

    @property
    def as_json(self) -> dict[str, Any]:
        """The keys as they are stored, grouped by the moment of their row or by whether it ends."""
        moments = sorted(set(self.conversations.values()))
        return {
            "conversations": {
                moment: sorted(key for key, at in self.conversations.items() if at == moment)
                for moment in moments
            },
            "evaluations": sorted(self.evaluations),
            "spans": {stream: _by_user(spans) for stream, spans in self.spans.items()},
        }


def _by_user(spans: dict[tuple[str, int], bool]) -> dict[str, dict[str, str]]:
    """Group spans: ended or open -> user -> starts, in minutes since the beginning."""
    groups: dict[str, dict[str, str]] = {"ended": {}, "open": {}}
    for (user, start), has_ended in sorted(spans.items()):
        starts = groups["ended" if has_ended else "open"]
        starts[user] = f"{starts[user]} {start}" if user in starts else str(start)
    return groups


def world_at(now: datetime) -> World:
    """Return the world at a moment, by those arguments that the version has."""
    fields = {entry.name for entry in dataclasses.fields(World)}
    arguments: dict[str, Any] = {name: WORLD[name] for name in WORLD if name in fields}
    return World(now=now, **arguments)


def settings_of(source: str) -> dict[str, Any]:
    """Return the settings of each run."""
    return {
        "start_date": iso(SINCE),
        "recheck_days": RECHECK_DAYS,
        "conversation_details_source": source,
        "user_details_source": source,
    }


def recorded(recording: Recording) -> dict[str, Any]:
    """Execute the runs and return the content of a file."""
    state: dict[str, Any] = {}
    contents = Contents()
    with Simulator(world_at(THEN), **HABITS) as sim:
        for now in recording.runs:
            sim.world = world_at(now)
            settings = settings_of(recording.source)
            messages = run(sim, *recording.streams, state=state, **settings).messages
            if now == THEN and recording.killed_after:
                messages = messages[: _place(messages, *recording.killed_after)]
            contents.take(messages, now)
            state = last_state(messages) or state
    return {
        "source": recording.source,
        "streams": recording.streams,
        "settings": settings_of(recording.source),
        "state": state,
        **contents.as_json,
    }


def _place(messages: list[dict[str, Any]], stream: str, lane: str, number: int) -> int:
    """Return the number of messages up to a row of a stream and a lane."""
    places = [
        place
        for place, message in enumerate(messages, 1)
        if message["type"] == "RECORD"
        and message["stream"] == stream
        and message["record"]["_source"] == lane
    ]
    return places[number - 1]


def backfilled() -> dict[str, Any]:
    """Load each day half a day after its end, as the orchestration does; return the content."""
    streams = [name for group in GROUPS.values() for name in group.bookmarked]
    days: dict[datetime, dict[str, Any]] = {}
    contents = Contents()
    settings: dict[str, Any] = {
        "conversation_details_source": "jobs",
        "recheck_days": RECHECK_DAYS,
        "strict": True,
    }
    with Simulator(world_at(THEN), **HABITS) as sim:
        for number in range(3):
            day = SINCE + number * DAY
            now = THEN - (2 - number) * DAY
            sim.world = world_at(now)
            span = {"start_date": iso(day), "end_date": iso(day + DAY)}
            output = run(sim, *streams, **settings, **span)
            contents.take(output.messages, now)
            days[day] = output.state
    state: dict[str, Any] = {"bookmarks": {}}
    for group in GROUPS.values():
        # The table of statuses has no bookmark of its own.
        bookmarked = [name for name in group.bookmarked if name != STATUSES]
        state["bookmarks"] |= takeover(days, bookmarked)["bookmarks"]
    return {
        "source": "auto",
        "streams": streams,
        "settings": settings_of("auto"),
        "state": state,
        "days": {iso(day): state for day, state in days.items()},
        **contents.as_json,
    }


def main() -> None:
    """Write all states."""
    version, folder = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    world = {"seed": WORLD["seed"], "per_day": WORLD["per_day"], "since": iso(SINCE)}
    about = {"version": version, "world": world | {"lag_hours": LAG / HOUR}, "moment": iso(THEN)}
    files = {recording.name: recorded(recording) for recording in STATES} | {
        "backfill": backfilled()
    }
    for name, content in files.items():
        text = json.dumps({**about, **content}, indent=1)
        Path(folder, f"{name}.json").write_text(text + "\n", "utf-8")
        sys.stderr.write(f"{name}: {json.dumps(content['state'])}\n")


if __name__ == "__main__":
    main()
