"""Spans of users: the truth, and what an upsert by key leaves of them, held against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tap_genesys.replication.windows import DAY, floor, iso, parse
from tap_genesys.simulator import World, agents
from tap_genesys.simulator.agents import spans
from tap_genesys.simulator.lake import Lake
from tap_genesys.simulator.record import stamp

if TYPE_CHECKING:
    from tap_genesys.simulator.lake import Kind

PRESENCES, STATUSES = "user_presences", "user_routing_statuses"
KINDS = {PRESENCES: "systemPresence", STATUSES: "routingStatus"}
HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(
    seed=4, per_day=1, since=SINCE, now=SINCE + 3 * DAY + 11 * HOUR, lag=4 * HOUR, step=timedelta(0)
)


def span_of(row: dict[str, Any]) -> tuple[str, str]:
    """Return the user and the start of a row."""
    return row["userId"], iso(parse(row["startTime"]))


def end_of(row: dict[str, Any]) -> str | None:
    """Return the end of a row, if it has one."""
    return iso(parse(row["endTime"])) if row.get("endTime") else None


Known = dict[tuple[str, str], str | None]


def held(world: World, stream: str, known: datetime | None = None) -> Known:
    """Return each span's user and start with its end, as known at a moment."""
    return {
        (agent, span["startTime"]): span.get("endTime")
        for place, agent in enumerate(world.staff.agents)
        for span in spans(world, place, KINDS[stream], world.since, world.now, known)
    }


class MarkingLake(Lake):
    """Writes into each span what the lake knew when its job was submitted."""

    def submit(self, world: World, kind: Kind, query: dict[str, Any]) -> str:
        name = super().submit(world, kind, query)
        job, known = self.jobs[name], stamp(world.watermark)
        row_of = job.tell

        def marked(entry: Any) -> dict[str, Any]:
            return {
                field: [{**span, "knownTo": known} for span in value]
                if isinstance(value, list)
                else value
                for field, value in row_of(entry).items()
            }

        job.tell = marked
        return name


class Warehouse:
    """Takes rows in by their key, and looks at each whether it makes one older.

    An end is never taken away. It is replaced by a corrected one only, and that is final. And the
    last STATE before each row allows it: `told` is after the moment that a query knows, and not
    before the one up to which a job does.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {PRESENCES: {}, STATUSES: {}}

    def load(self, messages: list[dict[str, Any]], state: dict[str, Any] | None = None) -> None:
        """Take in what one run wrote, and the state that it began with."""
        for message in messages:
            if message["type"] == "STATE":
                state = message["value"]
            if message["type"] == "RECORD":
                row = message["record"]
                self._check_told(row, (state or {})["bookmarks"][PRESENCES]["knownUpTo"])
                self._take(message["stream"], row)

    def _check_told(self, row: dict[str, Any], told: str) -> None:
        if row["_source"] == "query":
            assert parse(told) > parse(row["_readAt"])
        elif row["_extra"]:
            assert parse(told) >= parse(row["_extra"]["knownTo"])

    def _take(self, stream: str, row: dict[str, Any]) -> None:
        rows = self.rows[stream]
        before = end_of(rows[row["_id"]]) if row["_id"] in rows else None
        if before != end_of(row) and before is not None:
            assert end_of(row) == finals()[stream][span_of(row)]
        rows[row["_id"]] = row

    def known(self, stream: str) -> Known:
        """Return each span's user and start with its end."""
        rows = self.rows[stream].values()
        found = {span_of(row): end_of(row) for row in rows}
        assert len(found) == len(rows)
        return found


@cache
def finals(*, corrected: bool = True) -> dict[str, Known]:
    """Return what each span's end will be in the end, corrected or not."""
    with pytest.MonkeyPatch.context() as patch:
        if not corrected:
            patch.setattr(agents, "corrected", lambda _world, _place, _kind, until: until)
        return {stream: held(WORLD.at(WORLD.now + 100 * DAY), stream) for stream in KINDS}


@cache
def late(behind: timedelta, stream: str) -> frozenset[tuple[str, str]]:
    """Return the user and the start of each span that is seen late, an hour or more."""
    world = replace(WORLD, late_spans=behind)
    agents_of = dict(enumerate(world.staff.agents))
    return frozenset(
        (agent, span["startTime"])
        for place, agent in agents_of.items()
        for span in spans(
            WORLD.at(WORLD.now + 100 * DAY), place, KINDS[stream], SINCE, WORLD.now + 100 * DAY
        )
        if agents.delay(world, place, KINDS[stream], parse(span["startTime"]))
    )


def is_settled(stream: str, span: tuple[str, str], truth: datetime) -> bool:
    """Return whether the day of a span's end has been read at the age of five days."""
    end = finals(corrected=False)[stream].get(span)
    return end is not None and floor(parse(end), DAY) + 6 * DAY <= truth


def hold(warehouse: Warehouse, world: World, source: str, started: datetime | None = None) -> None:
    """After a run that was not killed: each span that was to be read is there, with its end.

    Those without one may come later by job, where something has read beyond the watermark before.
    An end may wait for its correction until its day has been read at the age of five days; and so
    may a span that is seen late.

    Args:
        warehouse: What has been emitted.
        world: The world as the run began.
        source: The source of the run.
        started: When the run began by the tap's clock; by default it is right.
    """
    started = started or world.now
    visible = world.now - world.indexing + timedelta(milliseconds=1)
    # A run whose clock is slow requests nothing beyond its present.
    visible = min(visible, started) if started < world.now else visible
    known = world.watermark - timedelta(milliseconds=1) if source == "job" else visible
    truth = min(started, world.now) if source == "query" else world.watermark
    prompt = replace(world, late_spans=timedelta(0))
    for stream in KINDS:
        found = warehouse.known(stream)
        seen_late = late(world.late_spans, stream)
        for span, end in held(prompt, stream, known).items():
            if span in seen_late and not is_settled(stream, span, truth):
                continue
            assert span in found or (source == "job" and end is None)
            if end is None:
                continue
            original, final = finals(corrected=False)[stream][span], finals()[stream][span]
            if original == final or is_settled(stream, span, truth):
                assert found[span] == final
            else:
                # One that is moved back can be moved behind the bookmark before it was read.
                assert found[span] in (original, final, None if str(final) < str(original) else "")
