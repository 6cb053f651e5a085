"""The simulated contact centre is a pure function, and its responses are consistent."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tap_genesys.simulator import World
from tap_genesys.simulator import world as worlds
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.snapshots import CORRECTED, REOPENED
from tap_genesys.simulator.summing import GROUPINGS, METRICS, summaries
from tap_genesys.simulator.world import PROFILES

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 6, 11, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
#: Later than every date.
ENDLESS = "9"
#: The history of six days, seen long after them, by profile.
WORLDS = {
    profile: World(seed=3, per_day=150, since=SINCE, now=NOW + 400 * DAY, profile=profile)
    for profile in PROFILES
}
LATER = WORLDS["edge-cases"]
ROWS = list(LATER.conversations(SINCE, SINCE + 6 * DAY))

seeds = st.integers(0, 10**6)
numbers = st.integers(0, 10**7)
for_each_profile = pytest.mark.parametrize("profile", PROFILES)
moments = st.datetimes(SINCE.replace(tzinfo=None), datetime(2027, 3, 1)).map(  # noqa: DTZ001 - in UTC below
    lambda moment: moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
)


@cache
def rows_of(profile: str) -> list[dict[str, Any]]:
    """Return the conversations of the six days, long after them."""
    return list(WORLDS[profile].conversations(SINCE, SINCE + 6 * DAY))


def milliseconds(segment: dict[str, Any]) -> int:
    start, end = (datetime.fromisoformat(segment[f"segment{which}"]) for which in ("Start", "End"))
    return round((end - start) / timedelta(milliseconds=1))


def sessions(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for participant in row["participants"]:
        yield from participant["sessions"]


@settings(deadline=None)
@given(seed=seeds, days=st.integers(0, 9999), per_day=st.integers(1, 2000), data=st.data())
def test_starts_increase_strictly_within_their_day(
    seed: int, days: int, per_day: int, data: st.DataObject
) -> None:
    """So no two conversations start in one millisecond, for any seed and size."""
    world = World(seed=seed, per_day=per_day, since=SINCE, now=NOW)
    number = days * per_day + data.draw(st.integers(0, per_day - 1))
    day = timedelta(days=days) + datetime(2020, 1, 1, tzinfo=UTC)
    start = world.start_of(number)
    assert day <= start < day + DAY
    assert start < world.start_of(number + 1)
    assert start.microsecond % 1000 == 0


@for_each_profile
@settings(deadline=None)
@given(first=moments, second=moments, now=moments)
def test_a_range_has_the_conversations_that_started_in_it(
    profile: str, first: datetime, second: datetime, now: datetime
) -> None:
    """None starts before the org or after the present."""
    world = WORLDS[profile].at(now)
    start, end = sorted((first, second))
    numbers_held = world.numbers(start, end)
    assert world.count(start, end) == len(numbers_held)
    for number in {*numbers_held[:2], *numbers_held[-2:]}:
        assert max(start, SINCE) <= world.start_of(number) < end
        assert world.start_of(number) <= now
    if numbers_held:
        assert not start <= world.start_of(numbers_held[0] - 1) or start < SINCE
        following = world.start_of(numbers_held[-1] + 1)
        assert following >= end or following > now


@for_each_profile
@settings(deadline=None)
@given(seed=seeds, number=numbers, now=moments)
def test_a_conversation_depends_on_nothing_but_its_number_and_the_time(
    profile: str, seed: int, number: int, now: datetime
) -> None:
    """Not on other calls, nor on their order."""
    one = World(seed=seed, per_day=70, since=SINCE, now=now, profile=profile)
    other = World(seed=seed, per_day=70, since=SINCE, now=NOW, profile=profile)
    other.conversation(number + 1)
    assert other.at(now).conversation(number) == one.conversation(number)


@for_each_profile
@settings(deadline=None)
@given(number=st.sampled_from(range(len(ROWS))), now=moments)
def test_a_conversation_is_open_when_it_ends_after_now(
    profile: str, number: int, now: datetime
) -> None:
    """And no date in it is later than the present."""
    later = WORLDS[profile]
    whole = rows_of(profile)[number]
    name = later.numbers(SINCE, NOW)[0] + number
    assume(REOPENED not in later._whole(name))  # one that is opened again was closed before
    known = later.at(now).conversation(name)
    is_open = whole.get("conversationEnd", ENDLESS) > stamp(now)
    assert ("conversationEnd" not in known) == is_open
    # Some calls are over, and have no end for weeks.
    last = whole["participants"][0]["sessions"][0]["segments"][-1]
    if last.get("segmentEnd", ENDLESS) > stamp(now) and whole["conversationStart"] <= stamp(now):
        assert "segmentEnd" not in known["participants"][0]["sessions"][0]["segments"][-1]
    events = _moments(str(known)) - {whole["conversationStart"]}
    assert all(moment <= stamp(now) for moment in events)


@for_each_profile
def test_ids_are_unique(profile: str) -> None:
    """Of conversations, sessions, participants and reference data; each is a UUID."""
    world, rows_of_world = WORLDS[profile], rows_of(profile)
    ids = [row["conversationId"] for row in rows_of_world]
    ids += [session["sessionId"] for row in rows_of_world for session in sessions(row)]
    ids += [person["participantId"] for row in rows_of_world for person in row["participants"]]
    for rows in (world.users(), world.queues(), world.wrapup_codes(), world.divisions()):
        ids += [row["id"] for row in rows]
    assert len(set(ids)) == len(ids)
    assert all(str(uuid.UUID(name)) == name for name in ids)


@for_each_profile
def test_references_of_conversations_are_listed(profile: str) -> None:
    """Queues, wrap-up codes, users and divisions exist in their listings."""
    world = WORLDS[profile]
    known = {
        "queueId": {row["id"] for row in world.queues()},
        "wrapUpCode": {row["id"] for row in world.wrapup_codes()},
    }
    users = {row["id"] for row in world.users()}
    divisions = {row["id"] for row in world.divisions()}
    for row in rows_of(profile):
        assert set(row["divisionIds"]) <= divisions
        assert {person.get("userId", min(users)) for person in row["participants"]} <= users
        for session in sessions(row):
            for segment in session["segments"]:
                for name, ids in known.items():
                    assert segment.get(name, min(ids)) in ids


@for_each_profile
def test_metrics_are_as_long_as_their_segments(profile: str) -> None:
    """Before a nightly correction, too."""
    kinds = {"tTalk": "interact", "tHeld": "hold", "tAcw": "wrapup"}
    for row in [*rows_of(profile), *uncorrected(profile).values()]:
        for person in row["participants"]:
            if person["purpose"] != "agent":
                continue
            (session,) = person["sessions"]
            values = {metric["name"]: metric["value"] for metric in session["metrics"]}
            for name, kind in kinds.items():
                segments = [
                    segment for segment in session["segments"] if segment["segmentType"] == kind
                ]
                assert values.get(name, 0) == sum(map(milliseconds, segments))
            assert values["tHandle"] == sum(values.get(name, 0) for name in kinds)


def corrected(profile: str) -> dict[int, datetime]:
    """Return which conversations a night corrects, and when."""
    world = WORLDS[profile]
    whole = {number: world._whole(number) for number in world.numbers(SINCE, SINCE + 6 * DAY)}
    return {
        number: datetime.fromisoformat(row[CORRECTED][0])
        for number, row in whole.items()
        if CORRECTED in row
    }


def uncorrected(profile: str) -> dict[int, dict[str, Any]]:
    """Return the conversations as they are a moment earlier."""
    nights = corrected(profile).items()
    return {
        number: WORLDS[profile].at(night - MOMENT).conversation(number) for number, night in nights
    }


@for_each_profile
def test_a_night_corrects_one_in_ten_without_a_date(profile: str) -> None:
    """Between 48 hours after its end and five days after its start, a query and a job alike."""
    later, rows_of_world = WORLDS[profile], rows_of(profile)
    nights = corrected(profile)
    assert 0.05 < len(nights) / len(rows_of_world) < 0.15
    assert len({night.date() for night in nights.values()}) > 3
    for number, before in uncorrected(profile).items():
        night, end = nights[number], later.end_of(number)
        assert night.timetz() == time(3, tzinfo=UTC)
        assert end + 2 * DAY <= night <= later.start_of(number) + 5 * DAY
        seen = [later.at(at).conversation(number)["participants"] for at in (end, night)]
        assert seen[0] == before["participants"] != seen[1]
        assert seen[1] == later.conversation(number)["participants"]
        assert max(_moments(str(seen[1]))) <= stamp(end)
        by_job = [
            later.at(night + behind, DAY).in_lake(number)["participants"][-1]
            for behind in (DAY - MOMENT, DAY)
        ]
        assert by_job == [before["participants"][-1], seen[1][-1]]


@for_each_profile
def test_segments_follow_one_another_within_the_conversation(profile: str) -> None:
    """Only a late wrap-up comes after its end; what goes on has no end yet."""
    for row in rows_of(profile):
        for session in sessions(row):
            bounds = [
                one[name]
                for one in session["segments"]
                for name in ("segmentStart", "segmentEnd")
                if name in one
            ]
            assert bounds == sorted(bounds)
            assert bounds[0] >= row["conversationStart"]
            last = session["segments"][-1]
            ends = last.get("segmentEnd", ENDLESS) <= row.get("conversationEnd", ENDLESS)
            assert ends or last["segmentType"] == "wrapup"


def test_the_world_has_the_usual_events() -> None:
    """Metrics, purposes, directions, assessments and late wrap-ups."""
    names = {
        metric["name"]
        for r in ROWS
        for session in sessions(r)
        for metric in session.get("metrics", ())
    }
    assert {"tAbandon", "tAcd", "tAcw", "tAnswered", "tHandle", "tHeld", "tIvr", "tTalk"} <= names
    assert {"nConsult", "nFlow", "nOffered", "nTransferred"} <= names
    purposes = {person["purpose"] for row in ROWS for person in row["participants"]}
    assert purposes == {"acd", "agent", "botflow", "external", "ivr"}
    assert {row["originatingDirection"] for row in ROWS} == {"inbound", "outbound"}
    assert {"evaluations", "surveys"} <= {name for row in ROWS for name in row}
    assert {user["state"] for user in LATER.users()} == {"active", "inactive", "deleted"}
    late = [
        session
        for row in ROWS
        for session in sessions(row)
        if session["segments"][-1]["segmentStart"] > row.get("conversationEnd", ENDLESS)
    ]
    assert late
    endless = LATER.at(SINCE + 60 * DAY).conversations(SINCE, SINCE + 6 * DAY)
    still_open = [row for row in endless if "conversationEnd" not in row]
    assert 0 < len(still_open) < len(ROWS) / 50


def test_some_conversations_never_end_and_some_calls_end_after_sixty_days() -> None:
    """An e-mail waits in the one queue that nobody reads; a call is over and has no end."""
    world = World(seed=3, per_day=400, since=SINCE, now=SINCE + 200 * DAY)
    rows = list(world.conversations(SINCE, SINCE + 10 * DAY))
    endless = [row for row in rows if "conversationEnd" not in row]
    queues = {
        segment["queueId"]
        for row in endless
        for session in sessions(row)
        for segment in session["segments"]
        if "queueId" in segment
    }
    assert 1 < len(endless) < len(rows) / 100
    assert queues == {world.queues()[0]["id"]}
    ends = [
        (row, datetime.fromisoformat(row["conversationEnd"])) for row in rows if row not in endless
    ]
    after_sixty = [
        row
        for row, end in ends
        if end - datetime.fromisoformat(row["conversationStart"]) == 60 * DAY
    ]
    assert after_sixty
    assert all(
        segment["segmentEnd"] < row["conversationEnd"]
        for row in after_sixty
        for session in sessions(row)
        for segment in session["segments"]
    )


def test_the_watermark_moves_in_steps() -> None:
    """It is never ahead of the lag, and less than a step behind it."""
    world = World(now=NOW, lag=3 * HOUR, step=HOUR)
    at_once = [world.at(NOW + timedelta(minutes=minute)).watermark for minute in range(120)]
    assert len(set(at_once)) in (2, 3)
    assert all(
        timedelta(0) <= NOW + timedelta(minutes=minute) - 3 * HOUR - watermark < HOUR
        for minute, watermark in enumerate(at_once)
    )


def test_some_conversations_are_seen_late_with_their_old_dates() -> None:
    """By query as by job: not at all, and then as they were so long before."""
    world = World(
        seed=3,
        per_day=60,
        since=SINCE,
        now=NOW,
        late=12 * HOUR,
        lag=timedelta(0),
        step=timedelta(0),
    )
    numbers = world.numbers(SINCE, SINCE + DAY)
    delays = {number: world.delay(number) for number in numbers}
    late = [number for number in numbers if delays[number]]
    assert len(numbers) / 20 < len(late) < len(numbers) / 4
    assert all(HOUR <= delays[number] <= 12 * HOUR for number in late)
    prompt = World(seed=3, per_day=60, since=SINCE, now=NOW)
    for number in late:
        first = world.start_of(number) + delays[number]
        before = world.at(first - MOMENT)
        assert number not in before.indexed(SINCE, SINCE + DAY)
        assert number in world.at(first).indexed(SINCE, SINCE + DAY)
        end = world.end_of(number)
        seen, happened = world.at(end + 2 * HOUR), prompt.at(end + 2 * HOUR - delays[number])
        assert seen.conversation(number) == happened.conversation(number)


@pytest.mark.parametrize("seed", [3, 1161])
def test_a_conversation_that_is_not_seen_yet_is_in_no_sum(seed: int) -> None:
    """It has no participant yet, so it has no medium to be summed up by."""
    world = World(seed=seed, per_day=60, since=SINCE, now=NOW, late=12 * HOUR)
    started = world.numbers(SINCE, NOW)
    seen = [number for number in started if world.is_seen(number, NOW)]
    assert len(seen) < len(started)
    rows = summaries(world.conversations(SINCE, NOW), GROUPINGS, METRICS)
    assert sum(row["metrics"]["conversation:count"] for row in rows) == len(seen)


def test_queries_return_no_participants_attributes() -> None:
    """The details query has none: they come with jobs."""
    assert not any("attributes" in person for row in ROWS for person in row["participants"])


def test_summaries_add_up_to_the_conversations() -> None:
    """Each conversation is in one combination of the groupings."""
    groupings = ["conversation:medium", "conversation:wrapUpCode", "conversation:direction"]
    rows = summaries(ROWS, groupings, METRICS)
    assert sum(row["metrics"]["conversation:count"] for row in rows) == len(ROWS)
    keys = [tuple(row["groupings"].values()) for row in rows]
    assert len(set(keys)) == len(keys) > 20


def test_the_cache_of_conversations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dropped conversation is built again, equal."""
    monkeypatch.setattr(worlds, "_CACHED", 10)
    world = World(seed=3, per_day=30, since=SINCE, now=NOW)
    first = list(world.conversations(SINCE, SINCE + DAY))
    assert len(world._complete) == 10
    assert list(world.conversations(SINCE, SINCE + DAY)) == first


def _moments(text: str) -> set[str]:
    """Return what looks like a moment."""
    return {word for word in text.replace("'", " ").split() if word[:2] == "20" and word[-1] == "Z"}
