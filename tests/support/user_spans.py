"""Compare the spans of users that an upsert by key leaves with those of the simulator."""

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
#: The agents have each combination of weekends off, milliseconds, and leaving.
WORLD = World(
    seed=4,
    per_day=1,
    since=SINCE,
    now=SINCE + 3 * DAY + 11 * HOUR,
    lag=4 * HOUR,
    step=timedelta(0),
    agents=21,
)


def span_of(row: dict[str, Any]) -> tuple[str, str]:
    """Return the user and the start of a row."""
    return row["userId"], iso(parse(row["startTime"]))


def end_of(row: dict[str, Any]) -> str | None:
    """Return the end of a row, if it has one."""
    return iso(parse(row["endTime"])) if row.get("endTime") else None


#: A span's user and start -> its end.
Spans = dict[tuple[str, str], str | None]


def held(world: World, stream: str, until: datetime | None = None) -> Spans:
    """Return the spans of the simulator up to a moment, by default the present."""
    return {
        (agent, span["startTime"]): span.get("endTime")
        for place, agent in enumerate(world.staff.agents)
        for span in spans(world, place, KINDS[stream], world.since, world.now, until)
    }


class MarkingLake(Lake):
    """A lake that writes into each span its watermark at the job's submission."""

    def submit(self, world: World, kind: Kind, query: dict[str, Any]) -> str:
        name = super().submit(world, kind, query)
        job, watermark = self.jobs[name], stamp(world.watermark)
        as_row = job.as_row

        def marked(entry: Any) -> dict[str, Any]:
            return {
                field: [{**span, "knownTo": watermark} for span in value]
                if isinstance(value, list)
                else value
                for field, value in as_row(entry).items()
            }

        job.as_row = marked
        return name


class Warehouse:
    """Upserts rows by key, and checks that no row is older than the one that it replaces.

    An end is never removed. Only a corrected end replaces it, which is final. And the last STATE
    before a row covers it: its `knownUpTo` is after the moment of a row by query, and not before
    the watermark of a row by job.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {PRESENCES: {}, STATUSES: {}}

    def load(self, messages: list[dict[str, Any]], state: dict[str, Any] | None = None) -> None:
        """Load the messages of a run that began with a state."""
        for message in messages:
            if message["type"] == "STATE":
                state = message["value"]
            if message["type"] == "RECORD":
                row = message["record"]
                self._check_covered(row, (state or {})["bookmarks"][PRESENCES]["knownUpTo"])
                self._take(message["stream"], row)

    def _check_covered(self, row: dict[str, Any], known_up_to: str) -> None:
        if row["_source"] == "query":
            assert parse(known_up_to) > parse(row["_readAt"])
        elif row["_extra"]:
            assert parse(known_up_to) >= parse(row["_extra"]["knownTo"])

    def _take(self, stream: str, row: dict[str, Any]) -> None:
        rows = self.rows[stream]
        before = end_of(rows[row["_id"]]) if row["_id"] in rows else None
        if before != end_of(row) and before is not None:
            assert end_of(row) == finals()[stream][span_of(row)]
        rows[row["_id"]] = row

    def spans(self, stream: str) -> Spans:
        """Return the spans of a stream."""
        rows = self.rows[stream].values()
        by_start = {span_of(row): end_of(row) for row in rows}
        assert len(by_start) == len(rows)
        return by_start


@cache
def finals(*, corrected: bool = True) -> dict[str, Spans]:
    """Return the final end of each span, corrected or not."""
    with pytest.MonkeyPatch.context() as patch:
        if not corrected:
            patch.setattr(agents, "corrected", lambda _world, _place, _kind, until: until)
        return {stream: held(WORLD.at(WORLD.now + 100 * DAY), stream) for stream in KINDS}


@cache
def late(behind: timedelta, stream: str) -> frozenset[tuple[str, str]]:
    """Return the user and the start of each late span."""
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
    """Check after a run that was not killed that all spans in its range are there, with their ends.

    Open spans may come later by job, if an earlier run has read beyond the watermark. An end may
    wait for its correction, and a late span may be missing, until its day has been read at the age
    of five days.

    Args:
        warehouse: The emitted rows.
        world: The world as the run began.
        source: The source of the run.
        started: The start of the run by the tap's clock; by default, that of the world.
    """
    started = started or world.now
    visible = world.now - world.indexing + timedelta(milliseconds=1)
    # A run whose clock is slow requests nothing beyond its present.
    visible = min(visible, started) if started < world.now else visible
    until = world.watermark - timedelta(milliseconds=1) if source == "job" else visible
    truth = min(started, world.now) if source == "query" else world.watermark
    prompt = replace(world, late_spans=timedelta(0))
    for stream in KINDS:
        loaded = warehouse.spans(stream)
        late_spans = late(world.late_spans, stream)
        for span, end in held(prompt, stream, until).items():
            if span in late_spans and not is_settled(stream, span, truth):
                continue
            assert span in loaded or (source == "job" and end is None)
            if end is None:
                continue
            original, final = finals(corrected=False)[stream][span], finals()[stream][span]
            if original == final or is_settled(stream, span, truth):
                assert loaded[span] == final
            else:
                # A correction can move an end behind the bookmark before a run has read it.
                assert loaded[span] in (original, final, None if str(final) < str(original) else "")
