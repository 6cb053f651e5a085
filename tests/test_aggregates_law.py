"""The law of aggregates: each day is read again at each age, once, and all end as the truth.

Three weeks pass with runs at any distance; runs are killed, and a nightly pipeline corrects what is
between 48 hours and five days old.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.harness import Output, bookmarked, last_state, run, tap
from support.run_schedules import Stretch, schedules, searching

from tap_genesys.replication.cells import day_of, days
from tap_genesys.replication.windows import DAY, Window, iso, parse
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "conversation_aggregates"
HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
SINCE = datetime(2026, 3, 20, tzinfo=UTC)
END = SINCE + 21 * DAY
AGES = [age * DAY for age in (1, 3, 5)]
WORLD = World(seed=23, per_day=8, since=SINCE, now=SINCE + 2 * DAY, until=END, lag=NOTHING)


class Readings:
    """When each day was read whole, held to what is due."""

    def __init__(self) -> None:
        #: By runs that came to their end, and by those that were killed.
        self.sure: dict[Window, list[datetime]] = {}
        self.lost: dict[Window, list[datetime]] = {}

    def note(self, days_read: list[Window], now: datetime, settled: datetime, *, cut: bool) -> None:
        """Take note of a run; what is before `settled` may only be read because it is due."""
        assert max(Counter(days_read).values()) == 1
        for day in days_read:
            before = max(self.sure.get(day, []), default=SINCE)
            is_due = any(before < day.end + age <= now for age in AGES)
            assert day.end > settled or is_due, f"{day} is read again at {now}"
            (self.lost if cut else self.sure).setdefault(day, []).append(now)

    def hold(self, now: datetime, until: datetime, zone: str) -> None:
        """Hold a run that came to its end to what was due by then."""
        for day in days(SINCE, until, zone):
            for age in AGES:
                if day.end + age <= now:
                    moments = [*self.sure.get(day, []), *self.lost.get(day, [])]
                    assert max(moments) >= day.end + age, f"{day} is not read again"


@searching
@given(
    schedules(
        [HOUR, DAY, 5 * HOUR, 50 * HOUR, 9 * DAY],
        [NOTHING],
        ["query"],
        most_runs=6,
        stretches=(2, 8),
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    st.sampled_from(["PT30M", "P1D"]),
    st.sampled_from([None, 0, 2]),
    st.sampled_from([1, 4]),
)
@example([Stretch(HOUR, 60, NOTHING, None, "query")], "Europe/Berlin", "PT30M", None, 1)
@example([Stretch(9 * DAY, 1, NOTHING, None, "query")] * 2, "UTC", "P1D", None, 1)
@example([Stretch(DAY, 3, NOTHING, 0.5, "query")] * 4, "UTC", "PT30M", None, 4)
def test_any_schedule_reads_each_day_at_each_age_and_ends_with_the_truth(
    stretches: list[Stretch], zone: str, granularity: str, lookback: int | None, parallel: int
) -> None:
    options: dict[str, Any] = {
        "start_date": iso(SINCE),
        "lookback_days": lookback,
        "max_parallel_requests": parallel,
        "aggregates": {NAME: {"time_zone": zone, "granularity": granularity}},
    }
    readings = Readings()
    rows: dict[str, Any] = {}
    state: dict[str, Any] = {}
    with Simulator(WORLD) as sim:
        for now, cut in moments_of(stretches):
            sim.world = WORLD.at(now)
            before = len(sim.requests)
            kept = state.get("bookmarks", {}).get(NAME, {}).get("replication_key_value")
            bookmark = parse(kept) if kept else SINCE
            output = Output()
            tap(sim, NAME, state=state, output=output, **options).sync_or_leave()
            messages = output.messages[: int(len(output.messages) * (1 if cut is None else cut))]
            rows |= {one["record"]["_id"]: one["record"] for one in messages if "record" in one}
            state = last_state(messages) or state
            days_read = [window(one.body) for one in sim.requests[before:]]
            readings.note(
                [one for one in days_read if one],
                now,
                bookmark - timedelta(days=lookback or 0),
                cut=cut is not None,
            )
            if cut is None:
                readings.hold(now, now, zone)
        truth = run(sim, NAME, **options).records(NAME)
    assert plain(rows.values()) == plain(truth)


def moments_of(stretches: list[Stretch]) -> Iterator[tuple[datetime, float | None]]:
    """Yield when each run is, and after what part of its output it is killed."""
    now = WORLD.now
    for stretch in stretches:
        for number in range(stretch.runs):
            now += stretch.distance
            if now <= END:
                yield now, stretch.cut if number == stretch.runs - 1 else None
    # The last correction comes five days after the last start.
    yield END + 6 * DAY, None


def window(body: dict[str, Any] | None) -> Window | None:
    """Return what a query of aggregates is about."""
    start, _, end = (body or {}).get("interval", "").partition("/")
    return Window(parse(start), parse(end)) if end else None


def plain(rows: Any) -> dict[str, Any]:
    """Return rows by their keys, without the time of their reading."""
    return {row["_id"]: {**row, "_readAt": None} for row in rows}


def test_a_correction_arrives_by_being_read_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the law above can fail."""
    options = {"start_date": iso(SINCE)}
    rows: dict[str, Any] = {}
    monkeypatch.setattr("tap_genesys.endpoints.aggregates.AggregateStream.recheck_days", ())
    with Simulator(WORLD) as sim:
        state: dict[str, Any] = {}
        for day in range(9):
            sim.world = WORLD.at(WORLD.now + day * DAY)
            output = run(sim, NAME, state=state, **options)
            state = output.state
            rows |= plain(output.records(NAME))
        truth = plain(run(sim, NAME, **options).records(NAME))
    assert rows.keys() == truth.keys()
    assert {rows[key]["metric"] for key in rows if rows[key] != truth[key]} == {"tAcw", "tHandle"}


@pytest.mark.parametrize(("start", "days_read"), [(iso(SINCE), 20), (None, 30)])
def test_a_first_load_reads_each_day_once(start: str | None, days_read: int) -> None:
    with Simulator(WORLD.at(SINCE + 20 * DAY)) as sim:
        output = run(sim, NAME, start_date=start)
        asked = [window(one.body) for one in sim.requests if one.path.endswith("/query")]
    assert len(asked) == len(set(asked)) == days_read
    # Of what is younger than an age, the first such day is next.
    assert output.state["bookmarks"][NAME]["recheckedUpTo"] == {
        f"{age / DAY:g}": iso(SINCE + 20 * DAY - age) for age in AGES
    }


def test_a_state_without_marks_is_read() -> None:
    """As an earlier version wrote it: what reaches an age from now on is read again."""
    now = SINCE + 15 * DAY + 2 * HOUR
    state = bookmarked(NAME, "intervalStart", iso(now - DAY))
    with Simulator(WORLD.at(now)) as sim:
        run(sim, NAME, start_date=iso(SINCE), state=state)
        asked = [window(one.body) for one in sim.requests if one.path.endswith("/query")]
    expected = [now - DAY, now, *sorted(now - DAY - age for age in AGES)]
    assert asked == [day_of(moment, "UTC") for moment in expected]
