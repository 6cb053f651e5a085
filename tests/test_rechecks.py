"""Re-checks: each day is read again at each age, however often the tap runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.harness import run

from tap_genesys.replication.cells import day_of
from tap_genesys.replication.rechecks import RecheckSchedule, utc_day
from tap_genesys.replication.windows import DAY, Window, floor, iso, parse
from tap_genesys.simulator import Simulator, World

SINCE = datetime(2026, 3, 1, 9, tzinfo=UTC)
AGES = st.lists(st.sampled_from([0.5, 1, 3, 7, 30]), max_size=4, unique=True)
RUNS = st.lists(st.timedeltas(timedelta(minutes=5), timedelta(days=12)), min_size=1, max_size=30)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])


@given(AGES, RUNS, ZONES)
@example([1], [timedelta(hours=7), timedelta(days=2)], "UTC")
def test_every_day_is_read_at_every_age_it_has_reached(
    recheck_days: list[float], distances: list[timedelta], zone: str
) -> None:
    """Each day is re-read once at each age.

    A first reading at that age counts, if it is of the whole day.
    """
    day_in = partial(day_of, zone=zone)
    marks: dict[str, str] = {}
    bookmark: datetime | None = None
    whole: dict[Window, list[datetime]] = {}
    now = SINCE + timedelta(days=2)
    for distance in distances:
        now += distance
        schedule = RecheckSchedule(
            recheck_days, marks=marks, bookmark=bookmark, since=SINCE, day_of=day_in
        )
        forward = Window(bookmark or SINCE, now)
        day = day_in(forward.start)
        while day.end <= now:
            readings = whole.setdefault(day, [])
            if forward.start <= max(day.start, SINCE):
                readings.append(now)
            day = day_in(day.end)
        schedule.read(forward, now)
        for due in schedule.due(now, now):
            readings = whole[day_in(due.start)]
            ages = [day_in(due.start).end + timedelta(days=age) for age in recheck_days]
            before = max(readings, default=SINCE)
            assert any(before < age <= now for age in ages), "none was due"
            assert due == Window(max(SINCE, day_in(due.start).start), day_in(due.start).end)
            readings.append(now)
            schedule.read(due, now)
        assert not schedule.due(now, now)
        marks, bookmark = schedule.marks, now
    for day, moments in whole.items():
        for age in recheck_days:
            reached = day.end + timedelta(days=age)
            if reached <= now:
                assert [moment for moment in moments if moment >= reached], (day, age)
        assert len(moments) <= len(recheck_days) + 1


def test_a_day_that_was_read_from_noon_on_is_still_due() -> None:
    """A reading of a part of a day, however late, does not count."""
    day = floor(SINCE, DAY) + 4 * DAY
    schedule = RecheckSchedule([1], marks={"1": iso(day)}, bookmark=day + DAY / 2, since=SINCE)
    now = day + 5 * DAY
    schedule.read(Window(day + DAY / 2, now), now)
    assert schedule.due(now, day + DAY) == [Window(day, day + DAY)]
    schedule.read(Window(day, day + DAY), now)
    assert not schedule.due(now, day + DAY)


@pytest.mark.parametrize("too_early", [timedelta(0), timedelta(milliseconds=1)])
def test_an_age_that_is_reached_exactly_counts(too_early: timedelta) -> None:
    """A reading at exactly the age counts, and is due."""
    day = floor(SINCE, DAY) + 4 * DAY
    age = day + DAY + 3 * DAY
    schedule = RecheckSchedule([3], marks={"3": iso(day)}, bookmark=day + DAY, since=SINCE)
    assert bool(schedule.due(age - too_early, day + DAY)) == (not too_early)
    schedule.read(Window(day, day + DAY), age - too_early)
    assert bool(schedule.due(age, day + DAY)) == bool(too_early)


def test_several_due_ages_cost_one_reading() -> None:
    """A day that is due at several ages is read once."""
    schedule = RecheckSchedule([1, 3, 7], marks={}, bookmark=None, since=SINCE)
    now = SINCE + timedelta(days=20)
    assert len(schedule.due(now, SINCE + 3 * DAY)) == 3


def test_a_first_load_needs_no_re_checks_of_old_days() -> None:
    """After a first load, old days are not due: they were read past all ages."""
    schedule = RecheckSchedule([1, 3, 7, 30], marks={}, bookmark=None, since=SINCE)
    now = SINCE + timedelta(days=100)
    schedule.read(Window(SINCE, now), now)
    days = schedule.due(now, now)
    assert not days


def test_fractions_of_a_day_make_up_a_day() -> None:
    """Readings of parts of a day add up to one of the whole."""
    schedule = RecheckSchedule([1], marks={}, bookmark=None, since=floor(SINCE, DAY))
    start, now = floor(SINCE, DAY), SINCE + 9 * DAY
    for part in range(4):
        begin = start + part * DAY / 4
        schedule.read(Window(begin, begin + DAY / 4), now)
    assert floor(SINCE, DAY) not in [day.start for day in schedule.due(now, start + 3 * DAY)]


def test_a_new_age_starts_at_the_bookmark_less_that_age() -> None:
    """A new age begins with the days that reach it from now on."""
    bookmark = SINCE + 50 * DAY
    schedule = RecheckSchedule([7], marks={}, bookmark=bookmark, since=SINCE)
    (first, *_rest) = schedule.due(bookmark + 30 * DAY, bookmark)
    assert first.start == floor(bookmark - 7 * DAY, DAY)


def test_a_start_that_moves_past_a_mark_leaves_the_days_before_it_alone() -> None:
    """After `start_date` moves on, days before it are not due, and do not hold later ones back."""
    mark = floor(SINCE, DAY)
    later = mark + 9 * DAY + DAY / 2
    now = mark + 11 * DAY
    schedule = RecheckSchedule([1], marks={"1": iso(mark)}, bookmark=now - DAY, since=later)
    assert schedule.due(now, now - DAY) == [Window(later, mark + 10 * DAY)]
    schedule.read(Window(later, mark + 10 * DAY), now)
    assert not schedule.due(now, now - DAY)


def test_a_mark_of_another_time_zone_counts_as_its_day() -> None:
    """A mark of another time zone counts as its day. So a changed time zone holds nothing back."""
    in_berlin = partial(day_of, zone="Europe/Berlin")
    mark = floor(SINCE, DAY) + 4 * DAY
    schedule = RecheckSchedule(
        [1], marks={"1": iso(mark)}, bookmark=mark, since=SINCE, day_of=in_berlin
    )
    now = mark + 3 * DAY
    due = schedule.due(now, now)
    assert due[0] == in_berlin(mark)
    for day in due:
        schedule.read(day, now)
    assert not schedule.due(now, now)


@given(
    AGES,
    st.timedeltas(-3 * DAY, 40 * DAY),
    st.timedeltas(timedelta(minutes=1), 3 * DAY),
    st.sampled_from([0, 0.5, 1, 2, 3, 7, 30, 31]),
    st.sampled_from([-1, 0, 1]),
)
@example([1], -DAY, 2 * DAY, 1, 0)
@example([1], timedelta(0), timedelta(hours=1), 1, -1)
@example([1], timedelta(0), timedelta(hours=1), 1, 0)
def test_a_recheck_is_to_come_where_a_later_run_reads_the_oldest_day_again(
    ages: list[float], begin: timedelta, length: timedelta, age: float, milliseconds: int
) -> None:
    """No other day of the window is read for the last time before it is."""
    start = max(SINCE + begin, floor(SINCE, DAY) - DAY)
    window = Window(start, max(start + length, SINCE + timedelta(milliseconds=1)))
    oldest = utc_day(max(start, SINCE))
    as_of = oldest.end + age * DAY + timedelta(milliseconds=milliseconds)
    schedule = RecheckSchedule(ages, marks={}, bookmark=None, since=SINCE)
    # Whole days, as of the moment at which the window is read.
    schedule.read(Window(max(oldest.start, SINCE), utc_day(window.end).end), as_of)
    days = {utc_day(day.start) for day in schedule.due(as_of + 100 * DAY, utc_day(window.end).end)}
    assert schedule.is_to_come(window, as_of) == (oldest in days)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001 - made aware below
def test_a_utc_day_is_that_of_the_zone_utc(moment: datetime) -> None:
    """The fast day of UTC equals the general one."""
    assert utc_day(moment.replace(tzinfo=UTC)) == day_of(moment.replace(tzinfo=UTC), "UTC")


def test_a_change_of_source_begins_re_checks_anew() -> None:
    """Days that were re-read by query are re-read by job, as rows by query lack attributes.

    Also where the first run by job reads nothing, since its watermark is before the query's range.
    """
    since = datetime(2026, 3, 1, tzinfo=UTC)
    lag = timedelta(hours=30)
    world = World(seed=3, per_day=4, since=since, now=since + 4.5 * DAY, lag=lag)
    options = {"start_date": iso(since), "recheck_days": [1]}
    with Simulator(world) as sim:
        state = run(sim, "conversation_details", **options).state
        read_by_query = parse(state["bookmarks"]["conversation_details"]["recheckedUpTo"]["1"])
        options["conversation_details_source"] = "job"
        state = run(sim, "conversation_details", state=state, **options).state
        sim.world = world.at(world.now + 3 * DAY)
        before = len(sim.requests)
        run(sim, "conversation_details", state=state, **options)
        jobs = [
            request.body or {}
            for request in sim.requests[before:]
            if request.path.endswith("/jobs")
        ]
    again = [job["interval"] for job in jobs if job.get("startOfDayIntervalMatching")]
    # The last day that was re-read by query.
    assert any(interval.endswith(iso(read_by_query)) for interval in again)


@given(AGES, st.integers(0, 40), st.integers(1, 40), ZONES)
def test_days_before_an_earlier_start_are_due_at_the_ages_that_they_had_not_reached(
    ages: list[float], first: int, count: int, zone: str
) -> None:
    """Each loaded day is due at each age that follows its load, and no other day is due before."""
    day_in = partial(day_of, zone=zone)
    start = day_in(SINCE).start
    now = start + 45 * DAY
    earlier = RecheckSchedule(ages, marks={}, bookmark=None, since=now, day_of=day_in)
    oldest = start - DAY
    schedule = RecheckSchedule(ages, marks=earlier.marks, bookmark=now, since=oldest, day_of=day_in)
    loaded: list[Window] = []
    day = day_in(start + first * DAY)
    while day.end <= now and len(loaded) < count:
        loaded.append(day)
        schedule.lower(day, now)
        day = day_in(day.end)
    due = {
        (window.start, age)
        for age in ages
        for window in RecheckSchedule(
            [age], marks=schedule.marks, bookmark=now, since=oldest, day_of=day_in
        ).due(now + 90 * DAY, now)
    }
    expected = {(day.start, age) for day in loaded for age in ages if day.end + age * DAY > now}
    assert expected <= due
    for age in ages:
        starts = [begin for begin, of_age in expected if of_age == age]
        assert all(begin >= min(starts, default=now) for begin, of_age in due if of_age == age)
