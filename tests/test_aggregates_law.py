"""The law of aggregates: each day is read again at each age, once, and all end as the truth.

Three weeks pass with runs at any distance; runs are killed, and a nightly pipeline corrects what is
between 48 hours and five days old.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.harness import Output, bookmarked, last_state, run, tap
from support.run_schedules import Stretch, schedules, searching

from tap_genesys.replication.cells import day_of, days
from tap_genesys.replication.windows import DAY, Window, iso, parse
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.aggregating import Event, Sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "conversation_aggregates"
HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
SINCE = datetime(2026, 3, 20, tzinfo=UTC)
END = SINCE + 21 * DAY
AGES = [age * DAY for age in (1, 3, 5)]
WORLD = World(seed=23, per_day=8, since=SINCE, now=SINCE + 2 * DAY, until=END, lag=NOTHING)


class Readings:
    """The complete readings of each day, compared with the due ones."""

    def __init__(self) -> None:
        #: By runs that came to their end, and by those that were killed.
        self.sure: dict[Window, list[datetime]] = {}
        self.lost: dict[Window, list[datetime]] = {}

    def note(self, days_read: list[Window], now: datetime, settled: datetime, *, cut: bool) -> None:
        """Record a run; windows before `settled` may only be read if they are due."""
        assert max(Counter(days_read).values()) == 1
        for day in days_read:
            before = max(self.sure.get(day, []), default=SINCE)
            is_due = any(before < day.end + age <= now for age in AGES)
            assert day.end > settled or is_due, f"{day} is read again at {now}"
            (self.lost if cut else self.sure).setdefault(day, []).append(now)

    def hold(self, now: datetime, until: datetime, zone: str) -> None:
        """Check that a run that ended has read all due days."""
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
    st.sampled_from(["values", "groups"]),
)
@example([Stretch(HOUR, 60, NOTHING, None, "query")], "Europe/Berlin", "PT30M", None, 1, "values")
@example([Stretch(9 * DAY, 1, NOTHING, None, "query")] * 2, "UTC", "P1D", None, 1, "values")
@example([Stretch(DAY, 3, NOTHING, 0.5, "query")] * 4, "UTC", "PT30M", None, 4, "groups")
def test_any_schedule_reads_each_day_at_each_age_and_ends_with_the_truth(
    stretches: list[Stretch],
    zone: str,
    granularity: str,
    lookback: int | None,
    parallel: int,
    corrected: str,
) -> None:
    """With kills, gaps between runs, parallel requests, late corrections, in any time zone."""
    options: dict[str, Any] = {
        "start_date": iso(SINCE),
        "lookback_days": lookback,
        "max_parallel_requests": parallel,
        "aggregates": {NAME: {"time_zone": zone, "granularity": granularity}},
    }
    readings = Readings()
    rows: dict[str, Any] = {}
    state: dict[str, Any] = {}
    with Simulator(WORLD) as sim, pytest.MonkeyPatch.context() as patch:
        if corrected == "groups":
            let_agents_vanish(patch)
        for now, cut in moments_of(stretches):
            sim.world = WORLD.at(now)
            before = len(sim.requests)
            kept = state.get("bookmarks", {}).get(NAME, {}).get("replication_key_value")
            bookmark = parse(kept) if kept else SINCE
            output = Output()
            tap(sim, NAME, state=state, output=output, **options).sync_or_leave()
            messages = output.messages[: int(len(output.messages) * (1 if cut is None else cut))]
            rows |= {
                message["record"]["_id"]: message["record"]
                for message in messages
                if "record" in message
            }
            state = last_state(messages) or state
            days_read = [window(request.body) for request in sim.requests[before:]]
            readings.note(
                [day for day in days_read if day],
                now,
                bookmark - timedelta(days=lookback or 0),
                cut=cut is not None,
            )
            if cut is None:
                readings.hold(now, now, zone)
        truth = run(sim, NAME, **options).records(NAME)
    assert plain(newest(rows.values(), zone)) == plain(truth)
    # An upsert deletes no row.
    assert corrected == "groups" or plain(rows.values()) == plain(truth)


def let_agents_vanish(patch: pytest.MonkeyPatch) -> None:
    """Withdraw a third of the agents' events at the vendor after two days and two hours.

    Some of it was alone in its cell.
    """
    emitted = Sums._emitted

    def corrected(self: Sums, world: World) -> list[Event]:
        young = world.now - 2 * DAY - 2 * HOUR
        events = emitted(self, world)
        return [event for event in events if event.moment > young or not is_gone(event)]

    patch.setattr(Sums, "_emitted", corrected)


def is_gone(event: Event) -> bool:
    """Return whether an event is withdrawn later."""
    return crc32(str(event.group.get("userId", "")).encode()) % 3 == 1


def newest(rows: Iterable[Any], zone: str) -> list[Any]:
    """Return the rows of each day's newest reading."""
    loaded: dict[Window, list[Any]] = {}
    for row in rows:
        loaded.setdefault(day_of(parse(row["intervalStart"]), zone), []).append(row)
    moments = {day: max(row["_readAt"] for row in of_day) for day, of_day in loaded.items()}
    return [row for day in loaded for row in loaded[day] if row["_readAt"] == moments[day]]


def moments_of(stretches: list[Stretch]) -> Iterator[tuple[datetime, float | None]]:
    """Yield the moment of each run, and the share of its output before a kill."""
    now = WORLD.now
    for stretch in stretches:
        for number in range(stretch.runs):
            now += stretch.distance
            if now <= END:
                yield now, stretch.cut if number == stretch.runs - 1 else None
    # The last correction comes five days after the last start.
    yield END + 6 * DAY, None


def window(body: dict[str, Any] | None) -> Window | None:
    """Return the interval of an aggregate query."""
    start, _, end = (body or {}).get("interval", "").partition("/")
    return Window(parse(start), parse(end)) if end else None


def plain(rows: Any) -> dict[str, Any]:
    """Return rows by their keys, without the time of their reading."""
    return {row["_id"]: {**row, "_readAt": None} for row in rows}


def test_without_re_checks_corrections_do_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
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
    """Days that are older than a re-check's age are not read again by a first run."""
    with Simulator(WORLD.at(SINCE + 20 * DAY)) as sim:
        output = run(sim, NAME, start_date=start)
        windows = [window(each.body) for each in sim.requests if each.path.endswith("/query")]
    assert len(windows) == len(set(windows)) == days_read
    # Of what is younger than an age, the first such day is next.
    assert output.state["bookmarks"][NAME]["recheckedUpTo"] == {
        f"{age / DAY:g}": iso(SINCE + 20 * DAY - age) for age in AGES
    }


def test_a_state_without_marks_is_read() -> None:
    """In an earlier version's state, only days that reach an age from now on are read again."""
    now = SINCE + 15 * DAY + 2 * HOUR
    state = bookmarked(NAME, "intervalStart", iso(now - DAY))
    with Simulator(WORLD.at(now)) as sim:
        run(sim, NAME, start_date=iso(SINCE), state=state)
        windows = [window(each.body) for each in sim.requests if each.path.endswith("/query")]
    expected = [now - DAY, now, *sorted(now - DAY - age for age in AGES)]
    assert windows == [day_of(moment, "UTC") for moment in expected]


def documented(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that the query for empty cells in docs/aggregates.md selects.

    SQLite has neither `qualify` nor `date_trunc`: the one becomes a subquery, the other a function.
    """
    text = (Path(__file__).parents[1] / "docs" / "aggregates.md").read_text("utf-8")
    (condition,) = re.findall(
        r"select \* from conversation_aggregates\nqualify (.*) = (.*)\n", text
    )
    column, newest_moment = condition
    with closing(sqlite3.connect(":memory:")) as warehouse:
        warehouse.create_function("date_trunc", 2, lambda _, moment: moment[:10])
        warehouse.execute('create table rows (key, "intervalStart", "_readAt")')
        loaded = {row["_id"]: row for row in rows}
        warehouse.executemany(
            "insert into rows values (?, ?, ?)",
            [(key, row["intervalStart"], row["_readAt"]) for key, row in loaded.items()],
        )
        readings = f"select *, {newest_moment} as newest from rows"  # noqa: S608 - our own
        keys = warehouse.execute(f"select key from ({readings}) where {column} = newest")  # noqa: S608
        return [loaded[key] for (key,) in keys]


def test_the_documented_query_gives_the_vendors_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a week of hourly runs with corrections, and with groups and cells that became empty."""
    let_agents_vanish(monkeypatch)
    options = {"start_date": iso(SINCE)}
    rows: dict[str, Any] = {}
    with Simulator(WORLD) as sim:
        state: dict[str, Any] = {}
        hourly = [WORLD.now + hour * HOUR for hour in range(7 * 24 + 1)]
        # The last correction comes when a day is five days old.
        for now in (*hourly, *(hourly[-1] + day * DAY for day in range(1, 7))):
            sim.world = WORLD.at(now)
            output = run(sim, NAME, state=state, **options)
            state = output.state
            rows |= {row["_id"]: row for row in output.records(NAME)}
        truth = run(sim, NAME, **options).records(NAME)

    def of_the_week(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if row["intervalStart"] < iso(hourly[-1])]

    selected = of_the_week(documented(rows.values()))
    assert plain(selected) == plain(of_the_week(truth))
    empty = {row["intervalStart"] for row in of_the_week(rows.values())}
    assert empty - {row["intervalStart"] for row in selected}
