"""Each day is read again at each age, however often or seldom the tap runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.ladder import Ladder
from tap_genesys.windows import DAY, Window, floor

SINCE = datetime(2026, 3, 1, 9, tzinfo=UTC)
RUNGS = st.lists(st.sampled_from([0.5, 1, 3, 7, 30]), max_size=4, unique=True)
RUNS = st.lists(st.timedeltas(timedelta(minutes=5), timedelta(days=12)), min_size=1, max_size=30)


@given(RUNGS, RUNS)
def test_every_day_is_read_at_every_age_it_has_reached(
    rungs: list[float], distances: list[timedelta]
) -> None:
    """And at no age more than once; a first reading at that age counts."""
    marks: dict[str, str] = {}
    bookmark: datetime | None = None
    readings: dict[datetime, list[datetime]] = {}
    now = SINCE + timedelta(days=2)
    for distance in distances:
        now += distance
        ladder = Ladder(rungs, marks=marks, bookmark=bookmark, since=SINCE)
        forward = Window(bookmark or SINCE, now)
        day = floor(forward.start, DAY)
        while day + DAY <= now:
            readings.setdefault(day, []).append(now)
            day += DAY
        ladder.read(forward, now)
        for due in ladder.due(now, now):
            readings[floor(due.start, DAY)].append(now)
            ladder.read(due, now)
        assert not ladder.due(now, now)
        marks, bookmark = ladder.marks, now
    for day, moments in readings.items():
        for rung in rungs:
            reached = day + DAY + timedelta(days=rung)
            if reached <= now:
                assert [moment for moment in moments if moment >= reached], (day, rung)
        assert len(moments) <= len(rungs) + 1


def test_several_due_rungs_cost_one_reading() -> None:
    ladder = Ladder([1, 3, 7], marks={}, bookmark=None, since=SINCE)
    now = SINCE + timedelta(days=20)
    assert len(ladder.due(now, SINCE + 3 * DAY)) == 3


def test_a_first_load_does_not_climb_over_old_history() -> None:
    ladder = Ladder([1, 3, 7, 30], marks={}, bookmark=None, since=SINCE)
    now = SINCE + timedelta(days=100)
    ladder.read(Window(SINCE, now), now)
    days = ladder.due(now, now)
    assert not days


def test_fractions_of_a_day_make_up_a_day() -> None:
    ladder = Ladder([1], marks={}, bookmark=None, since=floor(SINCE, DAY))
    start, now = floor(SINCE, DAY), SINCE + 9 * DAY
    for part in range(4):
        begin = start + part * DAY / 4
        ladder.read(Window(begin, begin + DAY / 4), now)
    assert floor(SINCE, DAY) not in [day.start for day in ladder.due(now, start + 3 * DAY)]


def test_a_new_rung_starts_at_the_bookmark_less_its_age() -> None:
    bookmark = SINCE + 50 * DAY
    ladder = Ladder([7], marks={}, bookmark=bookmark, since=SINCE)
    (first, *_rest) = ladder.due(bookmark + 30 * DAY, bookmark)
    assert first.start == floor(bookmark - 7 * DAY, DAY)
