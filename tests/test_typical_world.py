"""The typical contact centre: plausible figures, and statuses that follow from conversations."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, product
from statistics import mean, median_low
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulator_client import Client

from tap_genesys.simulator import Simulator, World, office
from tap_genesys.simulator.agents import spans, stored
from tap_genesys.simulator.aggregating import Sums
from tap_genesys.simulator.demand import Demand, Work
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.rota import Agent, Shift
from tap_genesys.simulator.workday import Desk, Workday

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]
#: A Monday.
SINCE = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
WORLD = World(
    seed=1, per_day=250, since=SINCE, now=SINCE + 14 * DAY, profile="typical", service_levels=True
)
AGGREGATES = "/api/v2/analytics/conversations/aggregates/query"


@cache
def conversations() -> list[Row]:
    """Return the conversations of two weeks, at their end."""
    return list(WORLD.conversations(SINCE, WORLD.now))


def sessions(row: Row, purpose: str) -> Iterator[tuple[Row, Row]]:
    """Yield the sessions of a purpose, each with its participant."""
    for participant in row["participants"]:
        if participant["purpose"] == purpose:
            yield participant, participant["sessions"][0]


def metrics(session: Row) -> dict[str, int]:
    return {metric["name"]: metric["value"] for metric in session.get("metrics", ())}


def medium(row: Row) -> str:
    return str(row["participants"][0]["sessions"][0]["mediaType"])


def sums(world: World, group: str, names: list[str]) -> dict[str, dict[str, Row]]:
    """Return the stats of aggregates over the whole history, by a dimension and metric."""
    body = {
        "interval": f"{stamp(SINCE)}/{stamp(world.now)}",
        "groupBy": [group],
        "metrics": names,
    }
    results = Sums().respond(world, AGGREGATES, body).body["results"]
    return {
        result["group"].get(group, ""): {
            metric["metric"]: metric["stats"] for metric in result["data"][0]["metrics"]
        }
        for result in results
    }


def test_handle_times_are_minutes() -> None:
    """Talk of some minutes, with a long tail; holds and after-call work are shorter."""
    handled = [
        metrics(session)
        for row in conversations()
        for _, session in sessions(row, "agent")
        if "tHandle" in metrics(session)
    ]
    handle, talk, after = (
        sorted(row[name] / 60_000 for row in handled) for name in ("tHandle", "tTalk", "tAcw")
    )
    assert 5 < mean(handle) < 8
    assert talk[len(talk) // 2] < mean(talk) < 2 * talk[len(talk) // 2]
    assert 20 < handle[-1] < 90
    assert 0.3 < mean(after) < 1.5
    held = [row["tHeld"] / 60_000 for row in handled if "tHeld" in row]
    assert 0.15 < len(held) / len(handled) < 0.35
    assert 0.5 < mean(held) < 3
    holds = {
        medium(row)
        for row in conversations()
        for _, session in sessions(row, "agent")
        if "tHeld" in metrics(session)
    }
    assert holds == {"voice", "chat"}


def test_conversations_follow_the_hour_and_the_weekday() -> None:
    """Mondays are busiest, weekends quiet; before the first shift there are e-mails alone."""
    starts = [datetime.fromisoformat(row["conversationStart"]) for row in conversations()]
    by_day = Counter(start.weekday() for start in starts)
    assert by_day.most_common(1)[0][0] == 0
    assert by_day[6] < by_day[5] < by_day[4] / 2
    by_hour = Counter(start.hour for start in starts)
    assert by_hour.most_common(1)[0][0] in {10, 11}
    assert not by_hour.keys() & {21, 22, 23}
    night = [row for row in conversations() if row["conversationStart"][11:13] < "06"]
    assert len(night) > 10
    assert {medium(row) for row in night} == {"email"}


def test_a_week_has_seven_times_the_conversations_of_a_day() -> None:
    """The option is a mean over a week, wherever the week begins."""
    for first in (SINCE, SINCE + 3.4 * DAY, SINCE + 7 * DAY - MOMENT):
        assert WORLD.at(first + 7 * DAY).count(first, first + 7 * DAY) == 7 * 250


@settings(deadline=None)
@given(
    seed=st.integers(0, 10**6),
    per_day=st.integers(1, 2000),
    days=st.integers(7, 9999),
    place=st.integers(0, 1999),
)
def test_each_start_is_later_than_the_one_before(
    seed: int, per_day: int, days: int, place: int
) -> None:
    """No two conversations start in one millisecond, across the ends of weeks, too."""
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    world = replace(WORLD, seed=seed, per_day=per_day, since=long_ago)
    drawn = days * per_day + place % per_day
    last_of_a_week = drawn - drawn % (7 * per_day) - 1
    for number in (drawn, last_of_a_week):
        start = world.start_of(number)
        assert start < world.start_of(number + 1)
        assert start.microsecond % 1000 == 0
        assert world.at(start + DAY).numbers(start, start + MOMENT) == range(number, number + 1)


def test_queues_differ_in_their_service_level() -> None:
    """Some reach their target and some do not; one in twelve customers or so leaves."""
    by_queue = sums(WORLD, "queueId", ["oServiceLevel", "nOffered", "tAbandon"])
    levels = [row["oServiceLevel"]["ratio"] for row in by_queue.values()]
    assert len(levels) == 8
    assert 0.5 < min(levels) < 0.75
    assert 0.8 < max(levels) < 0.95
    offered = sum(row["nOffered"]["count"] for row in by_queue.values())
    abandoned = sum(row["tAbandon"]["count"] for row in by_queue.values())
    assert 0.04 < abandoned / offered < 0.12


def test_codes_belong_to_their_queue() -> None:
    """An invoice is explained in Billing alone; the code Resolved is the most frequent of all."""
    names = {row["id"]: row["name"] for row in (*WORLD.queues(), *WORLD.wrapup_codes())}
    pairs = Counter(
        (names[segment["queueId"]], names[segment["wrapUpCode"]])
        for row in conversations()
        for _, session in sessions(row, "agent")
        for segment in session["segments"]
        if "wrapUpCode" in segment
    )
    assert {queue for queue, code in pairs if code == "Invoice explained"} == {"Billing"}
    codes: Counter[str] = Counter()
    for (_, code), uses in pairs.items():
        codes[code] += uses
    assert codes.most_common(1)[0][0] == "Resolved"
    assert len(codes) > 15


def test_surveys_are_of_content_customers() -> None:
    """More promoters than detractors, and some of both."""
    scores = [
        survey["surveyPromoterScore"]
        for row in conversations()
        for survey in row.get("surveys", ())
    ]
    promoters, detractors = (
        sum(low <= score <= high for score in scores) / len(scores)
        for low, high in ((9, 10), (0, 6))
    )
    assert 0.1 < detractors < 0.3 < promoters < 0.6


def test_the_wait_for_an_answer_is_that_in_the_queue_and_of_the_ringing() -> None:
    """The service level counts it; a call to a customer waits for nobody. E-mails wait longest."""
    lengths: dict[str, list[timedelta]] = defaultdict(list)
    for row in conversations():
        waits = [session for _, session in sessions(row, "acd")]
        if row["originatingDirection"] == "outbound":
            assert not waits
            for _, session in sessions(row, "agent"):
                assert {"tAnswered", "tContacting"} & metrics(session).keys() == {"tContacting"}
            continue
        answers = [session for _, session in sessions(row, "agent")]
        for wait, answer in zip(waits, answers, strict=False):
            queue, ringing = wait["segments"][0], answer["segments"][0]
            assert queue.get("segmentEnd") == ringing["segmentStart"]
            if "tAnswered" not in metrics(answer):
                assert "segmentEnd" not in ringing
                continue
            begin, end = queue["segmentStart"], ringing["segmentEnd"]
            length = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
            assert metrics(answer)["tAnswered"] == length / MOMENT
            assert length >= 3 * timedelta(seconds=1)
            lengths[medium(row)].append(length)
    assert median_low(lengths["voice"]) < timedelta(seconds=20)
    assert HOUR / 60 < median_low(lengths["message"]) < HOUR / 10
    assert HOUR / 2 < median_low(lengths["email"]) < 4 * HOUR


def test_a_transfer_is_blind_or_after_a_consultation_and_has_a_receiver() -> None:
    """Each is counted as one of the two kinds, and another agent's part follows."""
    kinds: Counter[str] = Counter()
    for row in conversations():
        parts = [session for _, session in sessions(row, "agent")]
        assert len(parts) < 3
        for number, session in enumerate(parts):
            counted = metrics(session)
            kind = counted.keys() & {"nBlindTransferred", "nConsultTransferred"}
            assert len(kind) == counted.get("nTransferred", 0)
            kinds.update(kind)
            if kind and "conversationEnd" in row:
                assert (number, len(parts)) == (0, 2)
                queues = [wait["segments"][0] for _, wait in sessions(row, "acd")]
                # The customer does not wait for the end of the first agent's wrap-up.
                wrap = session["segments"][-1]["segmentStart"]
                assert [queue["segmentStart"] for queue in queues[1:]] == [wrap] * len(queues[1:])
    assert min(kinds.values()) > 20


def test_the_vendors_sums_are_those_of_the_conversations() -> None:
    """By agent, handle time and its number."""
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for row in conversations():
        for participant, session in sessions(row, "agent"):
            if "tHandle" in metrics(session):
                handled = {"sum": metrics(session)["tHandle"], "count": 1}
                expected[participant["userId"]].update(handled)
    stats = sums(WORLD, "userId", ["tHandle"])
    assert {
        agent: {name: row["tHandle"][name] for name in ("sum", "count")}
        for agent, row in stats.items()
    } == expected


def intervals(world: World, place: int, field: str, *statuses: str) -> list[tuple[str, str]]:
    """Return the begin and the end of an agent's spans with some statuses; of an open one, `9`."""
    return [
        (span["startTime"], span.get("endTime", "9"))
        for span in spans(world, place, field, world.since, world.now)
        if span[field] in statuses
    ]


def test_some_written_conversations_stay_open_after_the_answer() -> None:
    """A call ends with its wrap-up, as do most e-mails and messages; the others stay open."""
    later: dict[str, list[timedelta]] = defaultdict(list)
    for row in WORLD.at(WORLD.now + 9 * DAY).conversations(SINCE, SINCE + 10 * DAY):
        parts = [session for _, session in sessions(row, "agent")]
        if parts and "conversationEnd" in row:
            end, wrapped = row["conversationEnd"], parts[-1]["segments"][-1]["segmentEnd"]
            later[medium(row)].append(datetime.fromisoformat(end) - datetime.fromisoformat(wrapped))
    assert {length for name in ("callback", "chat") for length in later[name]} == {timedelta(0)}
    # Some calls get their end only after 60 days, so that they have none yet.
    assert set(later["voice"]) == {timedelta(0)}
    for name in ("email", "message"):
        longer = [length for length in later[name] if length]
        assert 0.2 < len(longer) / len(later[name]) < 0.4
        assert timedelta(0) < min(longer) < DAY < max(longer)


def test_e_mails_are_answered_but_for_those_in_an_unread_queue() -> None:
    """One e-mail in so many never ends, and has no agent; an agent takes nearly all others."""
    world = replace(WORLD, endless=7).at(WORLD.now + 300 * DAY)
    emails = {
        number: row
        for number in world.numbers(SINCE, SINCE + 10 * DAY)
        if medium(row := world.conversation(number)) == "email"
    }
    unread = {number for number, row in emails.items() if "conversationEnd" not in row}
    assert unread == {number for number in emails if number % 7 == 3}
    for number in unread:
        (queue,) = sessions(emails[number], "acd")
        assert queue[1]["segments"][0]["queueId"] == world.queues()[0]["id"]
        assert not list(sessions(emails[number], "agent"))
    others = emails.keys() - unread
    answered = [number for number in others if list(sessions(emails[number], "agent"))]
    assert len(answered) > 0.98 * len(others)
    assert len(unread) > 20


def test_agents_differ_in_their_pace() -> None:
    """The slowest agent talks for a third longer than the fastest, over two weeks."""
    talks: dict[str, list[int]] = defaultdict(list)
    for row in conversations():
        for participant, session in sessions(row, "agent"):
            if "tTalk" in metrics(session):
                talks[participant["userId"]].append(metrics(session)["tTalk"])
    means = sorted(mean(values) for values in talks.values())
    assert means[-1] > 1.33 * means[0]


def test_a_transfer_at_the_end_of_the_last_shift_has_no_receiver() -> None:
    """It is none, then: the first agent's part is the last one."""
    hour = 3_600 * 1000
    work = Work("q", ring=1000, talk=hour, held=0, after=0, code="c", has_note=False)
    row = Demand(
        "voice",
        inbound=True,
        ani="",
        offered=0,
        ready=0,
        patience=hour,
        works=(work, work),
        transfers=("nTransferred",),
        stays_open=0,
    )
    agent = Agent(place=0, pace=1, share=1, meets=0, queues=frozenset("q"))
    for end, legs, transfers in ((9 * hour, 2, ("nTransferred",)), (3 * hour, 1, ())):
        desk = Desk(agent, Shift(start=0, on_queue=0, end=end, breaks=()))
        day = Workday(1, {7: 2 * hour}, {7: row}, [desk], ["a"])
        assert len(day.legs[7]) == legs
        assert day.legs[7][0].transfers == transfers


@pytest.mark.parametrize("until", [None, SINCE + 1.5 * DAY])
def test_an_agent_interacts_while_a_conversation_lasts(until: datetime | None) -> None:
    """From the answer to the end of the wrap-up, one at a time, on queue, and at no other time."""
    # No span has been corrected yet, and all wrap-ups have. Many e-mails are never read.
    world = replace(WORLD, now=SINCE + 1.5 * DAY + HOUR, until=until, endless=7)
    now = stamp(world.now)
    worked: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in world.at(world.now + 9 * DAY).conversations(SINCE, world.now):
        for participant, session in sessions(row, "agent"):
            _, *segments = session["segments"]
            begin, end = segments[0]["segmentStart"], segments[-1]["segmentEnd"]
            if begin <= now:
                worked[participant["userId"]].append((begin, end if end <= now else "9"))
    agents = world.staff.agents
    assert len(worked) == 11
    for place, agent in enumerate(agents):
        parts = sorted(worked[agent])
        assert all(end <= begin for (_, end), (begin, _) in pairwise(parts))
        busy = intervals(world, place, "routingStatus", "INTERACTING")
        assert busy == parts
        for field in ("routingStatus", "systemPresence"):
            changes = list(spans(world, place, field, world.since, world.now))
            assert all(span["startTime"] < span.get("endTime", "9") for span in changes)
            assert all(span[field] != other[field] for span, other in pairwise(changes))
        on_queue = intervals(world, place, "systemPresence", "ON_QUEUE")
        assert all(
            any(start <= begin and end <= over for start, over in on_queue) for begin, end in parts
        )
        # Interacting or idle is exactly on queue.
        free = intervals(world, place, "routingStatus", "INTERACTING", "IDLE")
        assert joined(free) == joined(on_queue)


def joined(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return intervals with those that meet made one."""
    whole: list[tuple[str, str]] = []
    for begin, end in sorted(parts):
        earlier = whole.pop()[0] if whole and whole[-1][1] == begin else begin
        whole.append((earlier, end))
    return whole


def test_agents_differ() -> None:
    """In their occupancy, shifts, breaks and days off; colleagues without calls have no spans."""
    occupancy, days, starts, seen = [], set(), set(), set()
    for place in range(len(WORLD.staff.agents)):
        seconds: Counter[str] = Counter()
        for span in spans(WORLD, place, "routingStatus", SINCE, WORLD.now):
            end = datetime.fromisoformat(span.get("endTime", stamp(WORLD.now)))
            length = end - datetime.fromisoformat(span["startTime"])
            assert length >= timedelta(0)
            seconds[span["routingStatus"]] += round(length.total_seconds())
        if not seconds:
            continue
        occupancy.append(seconds["INTERACTING"] / (seconds["INTERACTING"] + seconds["IDLE"]))
        presences = list(spans(WORLD, place, "systemPresence", SINCE, WORLD.now))
        statuses = {span["systemPresence"] for span in presences}
        assert statuses >= {"AVAILABLE", "ON_QUEUE", "MEAL", "BREAK", "OFFLINE"}
        seen |= statuses
        logins = [row["startTime"] for row in presences if row["systemPresence"] == "AVAILABLE"]
        days.add(tuple(datetime.fromisoformat(login).weekday() for login in logins))
        starts.add(logins[0][11:13])
    assert len(occupancy) == 11
    assert "MEETING" in seen
    assert 0.4 < min(occupancy) < 0.55
    assert 0.62 < max(occupancy) < 0.85
    assert len(days) > 3
    assert len(starts) > 3


def test_a_span_over_days_off_is_found_at_both_ends() -> None:
    """A query of the day on which it starts has it, and so has one of the day on which it ends."""
    number_of_spans = 0
    for place, number in product(range(11), range(14)):
        day = SINCE + number * DAY
        for span in spans(WORLD, place, "systemPresence", day, day + DAY):
            bounds = [span[name] for name in ("startTime", "endTime") if name in span]
            days = [datetime.fromisoformat(bound) for bound in bounds]
            if days[-1] - days[0] > 2 * DAY:
                number_of_spans += 1
                for moment in days:
                    first = moment.replace(hour=0, minute=0, second=0, microsecond=0)
                    there = spans(WORLD, place, "systemPresence", first, first + DAY)
                    assert span in list(there)
    assert number_of_spans > 10


def test_a_larger_org_has_more_agents() -> None:
    """Six at least, and no more than there are people."""
    for per_day, number in ((30, 6), (250, 11), (500, 22), (9000, 48)):
        office_of_size = replace(WORLD, per_day=per_day).office
        assert office_of_size
        assert len(office_of_size.rota.agents) == number


def test_the_days_in_the_cache_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversations are the same with a small cache."""
    monkeypatch.setattr(office, "_STORED_DAYS", 2)
    world = replace(WORLD)
    assert (
        list(world.conversations(SINCE, SINCE + 5 * DAY))
        == conversations()[: world.count(SINCE, SINCE + 5 * DAY)]
    )
    assert world.office
    assert 0 < len(world.office._days) <= 2
    assert world.at(SINCE + DAY).office is world.office


def test_profiles_share_no_stored_result() -> None:
    """A query of details and of statuses returns those of its own world."""
    other = replace(WORLD, profile="edge-cases")
    interval = (SINCE, SINCE + DAY, WORLD.now)
    assert stored(WORLD, *interval) != stored(other, *interval)
    assert stored(WORLD, *interval) != stored(replace(WORLD, per_day=500), *interval)
    noon = SINCE + 12 * HOUR
    with Simulator(WORLD) as sim, Client(sim) as client:
        rows = client.ids(noon, noon + HOUR)
        sim.world = other
        assert client.ids(noon, noon + HOUR) != rows
