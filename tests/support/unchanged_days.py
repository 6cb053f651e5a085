"""Streams whose days are emitted completely or not at all, with changes of the vendor's values."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from support.harness import Output, run
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World, aggregating, summing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = dict[str, Any]

HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
#: Ten minutes after midnight, so the bookmark is in the day before; no conversation is added.
NOW = SINCE + 5 * DAY + timedelta(minutes=10)
WORLD = World(seed=6, per_day=30, since=SINCE, now=NOW, until=NOW - 8 * HOUR)
MADE_UP, USERS, SUMMARIES = "flow_aggregates", "user_aggregates", "conversation_summaries"
GROUPINGS = ["conversation:medium", "conversation:direction"]


class Case(NamedTuple):
    """A stream, the column of the start of its rows' interval, and its settings."""

    name: str
    column: str
    options: Row
    #: The number of characters of that column that identify a window.
    width: int = 10

    def window(self, row: Row) -> str:
        """Return the window of a row."""
        return str(row[self.column][: self.width])

    def windows(self, rows: Iterable[Row]) -> set[str]:
        """Return the windows of rows."""
        return {self.window(row) for row in rows}

    def read(self, sim: Simulator, state: Row | None = None, **options: Any) -> Output:
        """Return the messages of a run."""
        settings = {"start_date": iso(SINCE), **self.options, **options}
        return run(sim, self.name, state=state, **settings)

    def digests(self, output: Output) -> Row:
        """Return the digests of the last state."""
        digests: Row = output.state["bookmarks"][self.name].get("emittedThrough", {})
        return digests

    def newest(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows of each window's newest reading, like the query in the documents."""
        loaded = list(rows)
        moments: dict[str, str] = defaultdict(str)
        for row in loaded:
            moments[self.window(row)] = max(moments[self.window(row)], row["_readAt"])
        return [row for row in loaded if row["_readAt"] == moments[self.window(row)]]


FEW = {USERS: {"metrics": ["tSystemPresence"], "granularity": "PT12H"}}
HOURLY = {"summary_groupings": GROUPINGS, "summary_cell_hours": 1, "page_size": 2}
CASES = {
    "one query a day": Case(MADE_UP, "intervalStart", {}),
    "several queries a day": Case(USERS, "intervalStart", {"aggregates": FEW}),
    "cells of a day": Case(SUMMARIES, "dateFrom", HOURLY | {"summary_cell_hours": 24}),
    "cells of an hour": Case(SUMMARIES, "dateFrom", HOURLY, width=13),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def key(row: Row) -> str:
    """Return a row's key."""
    return str(row.get("_id") or row["id"])


def plain(rows: Iterable[Row]) -> dict[str, Row]:
    """Return rows by their keys, without the moment of their reading."""
    return {key(row): {**row, "_readAt": None} for row in rows}


def upsert(*outputs: list[Row]) -> list[Row]:
    """Return the rows that an upsert by key leaves."""
    rows = [
        message["record"] for messages in outputs for message in messages if "record" in message
    ]
    return list({key(row): row for row in rows}.values())


def measures(patch: pytest.MonkeyPatch, change: Callable[[str, Row], None]) -> None:
    """Let a function change each value of the simulator's aggregates and summaries.

    Args:
        patch: Restores the simulator.
        change: Called with the start of an interval and the values in it, to change in place; a
            summary has no interval, so it gets the start of its first conversation.
    """
    respond, summaries = aggregating.Sums.respond, summing.summaries

    def changed_response(self: aggregating.Sums, world: World, path: str, body: Row | None) -> Any:
        response = respond(self, world, path, body)
        for result in response.body.get("results", []):
            for data in result["data"]:
                for measure in data["metrics"]:
                    change(data["interval"], measure["stats"])
        return response

    def changed_summaries(rows: Iterable[Row], *arguments: Any) -> list[Row]:
        conversations = list(rows)
        entities = summaries(conversations, *arguments)
        for entity in entities:
            change(conversations[0]["conversationStart"], entity["metrics"])
        return entities

    patch.setattr(aggregating.Sums, "respond", changed_response)
    patch.setattr("tap_genesys.simulator.api.summaries", changed_summaries)


def change_all(patch: pytest.MonkeyPatch) -> None:
    """Increase each value."""
    measures(patch, lambda _, values: values.update({name: values[name] + 1 for name in values}))


def change_first(patch: pytest.MonkeyPatch, window: str) -> None:
    """Increase the first value of the first response for a window."""
    changed: list[str] = []

    def change(start: str, values: Row) -> None:
        if start.startswith(window) and not changed:
            changed.append(start)
            values.update({name: values[name] + 1 for name in values})

    measures(patch, change)


def settle(patch: pytest.MonkeyPatch) -> None:
    """Keep the summaries of open conversations the same, and queries to 25 users each."""
    patch.setattr(summing, "_duration", lambda _: 1000)
    patch.setattr(summing, "_handle_time", lambda _: 10)
    patch.setattr("tap_genesys.config.aggregate_options.USERS_AT_ONCE", 25)
