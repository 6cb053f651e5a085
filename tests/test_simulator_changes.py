"""Late-arriving events, undated changes, orphans, and dates in the future."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support.dates import dates_ahead, dates_of
from support.vendor_document import response_schema, validate
from support.warehouse import Warehouse

from tap_genesys.replication.windows import iso
from tap_genesys.simulator import World
from tap_genesys.simulator.snapshots import CORRECTED, LATER, REOPENED
from tap_genesys.simulator.world import PROFILES

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
END = SINCE + 12 * DAY
#: Later than all that ever happens.
AFTERWARDS = SINCE + 400 * DAY
PLAIN = World(seed=5, per_day=60, since=SINCE, now=AFTERWARDS, until=END, endless=40)
WORLD = replace(
    PLAIN,
    late=12 * HOUR,
    late_events=True,
    undated=4,
    reopening_segment=True,
    orphans=9,
    ahead=True,
)
WORLDS = {"edge-cases": WORLD, "typical": replace(WORLD, profile="typical")}
NUMBERS_OF = {profile: list(world.numbers(SINCE, END)) for profile, world in WORLDS.items()}
NUMBERS = NUMBERS_OF["edge-cases"]
LATE = [number for number in NUMBERS if WORLD.late_event(number)]
#: By the length of their list, those that the re-checks find to the end.
SHORT = [number for number in NUMBERS if WORLD.end_of(number) < WORLD.start_of(number) + 20 * DAY]
UNDATED = [
    number for number in SHORT if WORLD.changed_at(number) and CORRECTED not in WORLD._whole(number)
]
DETAILS = "/api/v2/analytics/conversations/details"

for_each_profile = pytest.mark.parametrize("profile", PROFILES)
numbers = st.sampled_from(NUMBERS)
places = st.sampled_from(range(min(map(len, NUMBERS_OF.values()))))
moments = st.builds(
    lambda hours: SINCE + timedelta(milliseconds=round(hours * 3_600_000)), st.floats(0, 45 * 24)
)


def by_query(number: int, moment: datetime, world: World = WORLD) -> dict[str, Any]:
    return world.at(moment).conversation(number)


def events(row: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the events of a conversation, each with its date."""
    yield "start", row["conversationStart"]
    for name in LATER:
        yield from ((name, event["eventTime"]) for event in row.get(name, ()))
    for participant in row["participants"]:
        for session in participant["sessions"]:
            key = session["sessionId"]
            for metric in session.get("metrics", ()):
                yield key, metric["name"], metric["emitDate"]
            for segment in session["segments"]:
                yield key, segment["segmentType"], segment["segmentStart"]
                if "segmentEnd" in segment:
                    yield key, f"{segment['segmentType']} ends", segment["segmentEnd"]


@for_each_profile
@settings(deadline=None, max_examples=300)
@given(place=places, first=moments, second=moments)
def test_visible_data_only_grows(
    profile: str, place: int, first: datetime, second: datetime
) -> None:
    """Data that is visible at a moment is visible later, by query and by job, but for corrections.

    But for the nightly correction, which makes a wrap-up longer.
    """
    world, number = WORLDS[profile], NUMBERS_OF[profile][place]
    first, second = sorted((first, second))
    assume(CORRECTED not in world._whole(number))
    assert set(events(by_query(number, first, world))) <= set(
        events(by_query(number, second, world))
    )
    assert set(events(world.in_lake(number, first))) <= set(events(world.in_lake(number, second)))
    if REOPENED not in world._whole(number) and world.is_seen(number, first):
        end = by_query(number, first, world).get("conversationEnd")
        assert end in (None, by_query(number, second, world).get("conversationEnd"))


@for_each_profile
@settings(deadline=None, max_examples=300)
@given(place=places, first=moments, second=moments)
def test_each_change_has_a_date_or_a_known_moment(
    profile: str, place: int, first: datetime, second: datetime
) -> None:
    """A row changes only at its dates, at its late event, and at its undated changes."""
    world, number = WORLDS[profile], NUMBERS_OF[profile][place]
    first, second = sorted((first, second))
    delay = world.delay(number)
    assume(world.is_seen(number, first))
    before, after = world.in_lake(number, first), world.in_lake(number, second)
    expected = [date + delay for date in dates_of(after)] + world.changed_at(number)
    expected += (world.late_event(number) or ())[1:]
    assert before == after or any(first < moment <= second for moment in expected)


@for_each_profile
@settings(deadline=None, max_examples=200)
@given(place=places, moment=moments)
def test_only_certain_fields_have_future_dates(profile: str, place: int, moment: datetime) -> None:
    """No other date is later than the moment; late data has only dates before its delay."""
    world, number = WORLDS[profile], NUMBERS_OF[profile][place]
    for row in (by_query(number, moment, world), world.in_lake(number, moment)):
        if row["participants"]:
            assert max(dates_of(row)) + world.delay(number) <= moment
            assert dates_of(row) == dates_of(row, moment)


def test_some_dates_are_in_the_future() -> None:
    """Of messages and callbacks only; by default, of nothing."""
    moment = SINCE + 6 * DAY
    rows = [by_query(number, moment) for number in NUMBERS if WORLD.is_seen(number, moment)]
    ahead = [date > moment for row in rows for date in dates_ahead(row)]
    assert 3 < sum(ahead) < len(ahead)
    media = {row["participants"][0]["sessions"][0]["mediaType"] for row in rows if dates_ahead(row)}
    assert media == {"callback", "message"}
    assert not any(dates_ahead(by_query(number, moment, PLAIN)) for number in NUMBERS)


def test_a_message_is_inactive_72_hours_after_its_latest_segment() -> None:
    """So the date moves on as long as something happens."""
    number = next(
        number
        for number in SHORT
        if "inactivityTimeout" in by_query(number, AFTERWARDS)
        and WORLD.end_of(number) > WORLD.start_of(number) + DAY
    )
    timeouts = []
    for moment in (WORLD.start_of(number) + WORLD.latest_delay(number), AFTERWARDS):
        row = by_query(number, moment)
        segments = [
            session["segments"]
            for participant in row["participants"]
            for session in participant["sessions"]
        ]
        latest = dates_of(segments)[-1]
        timeouts.append(datetime.fromisoformat(row["inactivityTimeout"]))
        assert timeouts[-1] == latest + 72 * HOUR
    assert timeouts[0] < timeouts[1]


def test_as_many_have_a_late_event_as_are_late_as_a_whole() -> None:
    """And none is both; the share is a parameter."""
    delayed = {number for number in NUMBERS if WORLD.delay(number)}
    assert not delayed & set(LATE)
    for late in (delayed, LATE):
        assert 0.08 < len(late) / len(NUMBERS) < 0.2
    rare = replace(WORLD, late_share=0.01)
    few = [number for number in NUMBERS if rare.latest_delay(number)]
    assert 0 < len(few) / len(NUMBERS) < 0.05
    assert set(few) <= delayed | set(LATE)
    none = replace(WORLD, late=timedelta(0))
    assert not any(none.latest_delay(number) for number in NUMBERS)


@pytest.mark.parametrize("number", LATE)
def test_a_late_event_becomes_visible_at_one_moment_with_its_old_date(number: int) -> None:
    """Before, it is absent by query and by job; everything else is there."""
    date, seen = WORLD.late_event(number) or (END, END)
    assert HOUR <= seen - date == WORLD.latest_delay(number) <= 12 * HOUR
    assert seen <= WORLD.start_of(number) + 30 * DAY
    prompt = replace(WORLD, late=timedelta(0), undated=0)
    dated = replace(WORLD, undated=0)
    for moment in (date - MOMENT, seen):
        assert by_query(number, moment, dated) == by_query(number, moment, prompt)
        assert dated.in_lake(number, moment) == prompt.in_lake(number, moment)
    for read in (World.in_lake, lambda world, number, at: world.at(at).conversation(number)):
        before, after = read(dated, number, seen - MOMENT), read(dated, number, seen)
        new = set(events(after)) - set(events(before))
        assert new
        assert {date} == {datetime.fromisoformat(event[-1]) for event in new}
        assert dates_of(after)[-1] < seen


def test_late_events_are_of_each_kind() -> None:
    """Ends of wrap-ups and of other segments, single metrics, surveys, evaluations, resolutions."""
    kinds = set()
    for number in LATE:
        seen = (WORLD.late_event(number) or (END, END))[1]
        before = set(events(by_query(number, seen - MOMENT)))
        kinds |= {event[-2] for event in set(events(by_query(number, seen))) - before}
    assert {"wrapup ends", "ivr ends", "tHandle", "surveys", "evaluations"} <= kinds


def test_prompt_conversations_equal_those_of_a_world_without_delays() -> None:
    """`latest_delay` is 0 for exactly those."""
    prompt = replace(WORLD, late=timedelta(0), undated=0)
    dated = replace(WORLD, undated=0)
    for number in NUMBERS[::3]:
        if not WORLD.latest_delay(number):
            for hours in range(0, 240, 5):
                moment = WORLD.start_of(number) + hours * HOUR
                assert dated.in_lake(number, moment) == prompt.in_lake(number, moment)


def test_undated_changes_leave_all_dates_equal() -> None:
    """Attributes change by job only, the last wrap-up code by query, too."""
    assert len(SHORT) / 6 < len(UNDATED) < len(SHORT) / 3
    by_job_only = 0
    for number in UNDATED:
        for moment in WORLD.changed_at(number):
            before, after = WORLD.in_lake(number, moment - MOMENT), WORLD.in_lake(number, moment)
            assert before != after
            assert dates_of(before) == dates_of(after)
            is_hidden = by_query(number, moment - MOMENT) == by_query(number, moment)
            by_job_only += is_hidden
            attributes = [row["participants"][0]["attributes"] for row in (before, after)]
            assert (attributes[0] != attributes[1]) == is_hidden
            assert WORLD.end_of(number) + DAY <= moment
    assert by_job_only == len(UNDATED)


def test_the_last_re_check_finds_the_final_rows() -> None:
    """Except for long conversations, nothing changes 30 days after the end of its start's day."""
    for number in SHORT:
        midnight = WORLD.start_of(number).replace(hour=0, minute=0, second=0, microsecond=0)
        settled = WORLD.in_lake(number, midnight + 31 * DAY)
        assert settled == WORLD.in_lake(number, AFTERWARDS)
        assert all(moment <= midnight + 31 * DAY for moment in WORLD.changed_at(number))
    long = set(NUMBERS) - set(SHORT)
    assert long
    assert not any(
        WORLD.changed_at(number) for number in long if REOPENED not in WORLD._whole(number)
    )


def test_corrections_and_reopenings_have_no_date() -> None:
    """Unless a segment starts at the reopening."""
    corrected = [number for number in NUMBERS if CORRECTED in PLAIN._whole(number)]
    opened = [number for number in NUMBERS if REOPENED in PLAIN._whole(number)]
    assert corrected
    assert opened
    with_segment = replace(PLAIN, reopening_segment=True)
    for number in {*corrected, *opened}:
        for moment in PLAIN.changed_at(number):
            before, after = PLAIN.in_lake(number, moment - MOMENT), PLAIN.in_lake(number, moment)
            assert before != after
            assert moment not in dates_of(after)
    for number in opened:
        again = datetime.fromisoformat(PLAIN._whole(number)[REOPENED][1])
        assert again in PLAIN.changed_at(number)
        assert again not in with_segment.changed_at(number)
        row = with_segment.in_lake(number, again)
        assert dates_of(row)[-1] == again
        assert "conversationEnd" in with_segment.in_lake(number, again - MOMENT)
        assert "conversationEnd" not in row


@for_each_profile
@settings(deadline=None)
@given(later=st.integers(0, 10_000))
@example(later=10_000)
def test_orphans_stand_open_for_ever(profile: str, later: int) -> None:
    """All of the org's first week, in one queue, with nothing after their first hours."""
    world = WORLDS[profile]
    orphans = [number for number in NUMBERS_OF[profile] if world.is_orphan(number)]
    assert len(orphans) == world.orphans
    days = {world.start_of(number).date() for number in orphans}
    assert len(days) > 4
    assert max(days) < (SINCE + 7 * DAY).date()
    for number in orphans:
        quiet = world.start_of(number) + 3 * HOUR
        moment = quiet + later * DAY
        row = world.in_lake(number, moment)
        assert "conversationEnd" not in row
        assert row == world.in_lake(number, quiet)
        segment = row["participants"][-1]["sessions"][0]["segments"][-1]
        assert "segmentEnd" not in segment
        assert segment["queueId"] == world.queues()[0]["id"]


def test_a_world_has_as_many_orphans_as_it_should() -> None:
    """25 in a thousand a day, or more than fit into its first week."""
    until = SINCE + 30 * DAY
    for per_day, orphans in ((1000, 25), (4, 3), (4, 40)):
        world = World(per_day=per_day, since=SINCE, now=AFTERWARDS, until=until, orphans=orphans)
        assert sum(map(world.is_orphan, world.numbers(SINCE, until))) == orphans
    assert not any(map(PLAIN.is_orphan, NUMBERS))


@for_each_profile
def test_the_vendors_document_describes_all_of_it(profile: str) -> None:
    """By query as by job, while it happens and afterwards."""
    world = WORLDS[profile]
    for moment in (SINCE + 6 * DAY, AFTERWARDS):
        seen = [number for number in NUMBERS_OF[profile] if world.is_seen(number, moment)]
        rows = [by_query(number, moment, world) for number in seen]
        validate({"conversations": rows}, response_schema(f"{DETAILS}/query", "post"))
        rows = [world.in_lake(number, moment) for number in seen]
        results = response_schema(f"{DETAILS}/jobs/{{jobId}}/results", "get")
        validate({"conversations": rows}, results)


def test_each_world_has_its_own_cache() -> None:
    """Worlds with different arguments share no conversation."""
    number = next(number for number in UNDATED if not WORLD.latest_delay(number))
    assert replace(WORLD, undated=0)._whole(number) != WORLD._whole(number)
    assert WORLD.at(END)._whole(number) is WORLD._whole(number)


def test_a_row_by_query_is_no_step_back_where_only_attributes_changed() -> None:
    """The row equals one from before the change, so the warehouse accepts it as such."""
    number, change = next(
        (number, moment)
        for number in UNDATED
        for moment in WORLD.changed_at(number)
        if by_query(number, moment - HOUR) == by_query(number, moment + HOUR)
    )
    now = change + timedelta(minutes=1)
    world = replace(WORLD, step=timedelta(0)).at(now, timedelta(0))
    read_at = now + timedelta(minutes=9)
    state = {"watermark": iso(now), "queryPasses": [[iso(SINCE), iso(END), iso(read_at)]]}
    rows = {"job": world.in_lake(number), "query": world.conversation(number)}
    records = [
        {"type": "RECORD", "record": {**row, "_source": source, "_readAt": iso(read_at)}}
        for source, row in rows.items()
    ]
    warehouse = Warehouse(SINCE)
    warehouse.load(
        [{"type": "STATE", "value": {"bookmarks": {"conversation_details": state}}}, *records],
        world,
        each_request=timedelta(minutes=9),
        requests=1,
    )
    assert warehouse.moments == {world.conversation_id(number): now}
