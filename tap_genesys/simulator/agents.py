"""What the simulated agents did: presences, routing statuses, and how they were judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tap_genesys.simulator.bodies import RefusedError, interval, known_fields, moment, positive
from tap_genesys.simulator.fabricate import row, shapes
from tap_genesys.simulator.lake import Kind
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import SimulatedResponse, page_of
from tap_genesys.simulator.staff import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_genesys.simulator.habits import Habits
    from tap_genesys.simulator.world import World

Row = dict[str, Any]
#: A user, the field of the user's details, and the span.
Entry = tuple[str, str, Row]

DETAILS = "/api/v2/analytics/users/details/query"
SEARCH = "/api/v2/quality/evaluations/search"
#: What an agent does from when on, in minutes of the day; the last goes on until tomorrow's first.
_PRESENCES = (
    (480, "AVAILABLE"),
    (485, "ON_QUEUE"),
    (720, "MEAL"),
    (750, "ON_QUEUE"),
    (1020, "OFFLINE"),
)
_STATUSES = (
    (485, "IDLE"),
    (500, "INTERACTING"),
    (720, "OFF_QUEUE"),
    (750, "IDLE"),
    (1020, "OFF_QUEUE"),
)
_LONGEST = timedelta(days=92)
_MOMENT = timedelta(milliseconds=1)
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
_SATURDAY = 5
#: Longer than a weekend.
_LONGEST_OFF = timedelta(days=4)
#: Which of seven leaves, and after how long.
_LEAVER, _STAY = 4, timedelta(days=12)
_A_DAY = 3
#: Which fields of a user's details hold spans of which kind.
_FIELDS = {"primaryPresence": "systemPresence", "routingStatus": "routingStatus"}
#: One of so many ends is corrected; one of so many spans is seen late.
_CORRECTED, _LATE = 7, 20
#: What the latest questions found, so that a next page costs no second search.
_STORED: dict[tuple[Any, ...], list[Entry]] = {}
_REMEMBERED = 8


def user_details(world: World, body: Row | None, habits: Habits) -> SimulatedResponse:
    """Return a page of the entries that a details query about users finds, grouped by user.

    A page is cut from what is stored, so `totalHits` counts entries; one that is stored twice comes
    once, and its page is the shorter.
    """
    asked = known_fields(body, ("interval", "order", "paging", "userFilters"))
    start, end = _moments(*interval(asked.get("interval")), habits.interval_bounds)
    paging = asked.get("paging") or {}
    number, size = positive(paging, "pageNumber", 1), min(positive(paging, "pageSize", 25), 100)
    known = world.now - world.indexing + _MOMENT
    entries = stored(world, start, end, known, habits.span_days)
    if wanted := _named_users(asked.get("userFilters")):
        entries = [entry for entry in entries if entry[0] in wanted]
    if habits.user_pages == "users":
        agents = page_of([*dict.fromkeys(entry[0] for entry in entries)], number, size)
        entries = [entry for entry in entries if entry[0] in agents]
        number, size = 1, max(1, len(entries))
    first = (number - 1) * size
    users: dict[str, Row] = {}
    for place, entry in enumerate(page_of(entries, number, size), first):
        if place == 0 or entries[place - 1] != entry:
            agent, field, span = entry
            told = span if habits.span_dates == "milliseconds" else _in_seconds(span)
            users.setdefault(agent, {"userId": agent}).setdefault(field, []).append(told)
    response: Row = {"totalHits": len(entries)}
    if users:
        response["userDetails"] = [*users.values()]
    return SimulatedResponse(body=response)


def _named_users(filters: list[Row] | None) -> set[str]:
    """Return the users that filters name; none where there is no filter."""
    return {one["value"] for group in filters or () for one in group.get("predicates") or ()}


def stored(
    world: World, start: datetime, end: datetime, known: datetime, span_days: str = "ends"
) -> list[Entry]:
    """Return what is stored of an interval: user, field and span, in the order of their starts.

    A span is stored on its start day, and once it has ended, on its end day, too; so it comes twice
    where the interval touches both.

    Args:
        world: What is true.
        start: The interval's first moment.
        end: The moment after its last.
        known: What happens from then on is not known.
        span_days: On which of its days it is stored, as `Habits.span_days`.
    """
    question = (world.seed, world.since, world.now, world.late_spans, start, end, known, span_days)
    if question not in _STORED:
        entries = [
            (str(agent), field, {**span, **_organization(world, span)})
            for place, agent in enumerate(world.staff.agents)
            for field, kind in _FIELDS.items()
            for span in spans(world, place, kind, start, end, known, span_days)
            for _ in _days(span, start, end, span_days)
        ]
        entries.sort(key=lambda entry: (entry[2]["startTime"], entry[0], entry[1]))
        if len(_STORED) >= _REMEMBERED:
            _STORED.clear()
        _STORED[question] = entries
        return entries
    return _STORED[question]


def _moments(start: datetime, end: datetime, bounds: str) -> tuple[datetime, datetime]:
    """Return an interval's first moment, and the one after its last: one with these bounds."""
    first = start + _MOMENT if bounds[0] == "(" else start
    return first, end + _MOMENT if bounds[1] == "]" else end


def _organization(world: World, span: Row) -> Row:
    presence = span.get("systemPresence")
    return {"organizationPresenceId": identifier(world.seed, presence)} if presence else {}


def _days(span: Row, start: datetime, end: datetime, span_days: str) -> set[str]:
    """Return the days that an interval touches on which a span is stored."""
    first, last = stamp(start)[:10], stamp(end - _MOMENT)[:10]
    if span_days == "each":
        touched = range((end - _midnight(start)) // _DAY + 1)
        days = {stamp(_midnight(start) + number * _DAY)[:10] for number in touched}
        begun, over = span["startTime"][:10], span.get("endTime", "9")[:10]
        return {day for day in days if max(first, begun) <= day <= min(last, over)}
    days = {span[name][:10] for name in ("startTime", "endTime") if name in span}
    return {day for day in days if first <= day <= last}


def _in_lake(
    world: World, start: datetime, end: datetime, _query: Row, bounds: str
) -> tuple[list[Entry], Callable[[Entry], Row]]:
    """Return what the lake knows of an interval, in fragments: an entry each, day by day."""
    start, end = _moments(start, end, bounds)
    midnights = [_midnight(start) + number * _DAY for number in range((end - start).days + 3)]
    cuts = [start, *(one for one in midnights if start < one < end), end]
    entries = [
        entry
        for first, last in pairwise(cuts)
        for entry in stored(world, first, last, world.watermark)
    ]
    return entries, _fragment


def _fragment(entry: Entry) -> Row:
    """Return a row of a job: its dates have no milliseconds where they are whole seconds."""
    agent, field, span = entry
    return {"userId": agent, field: [_in_seconds(span)]}


def _in_seconds(span: Row) -> Row:
    """Return a span whose dates have no milliseconds where they are whole seconds."""
    dates: Row = {
        name: span[name].replace(".000Z", "Z") for name in ("startTime", "endTime") if name in span
    }
    return {**span, **dates}


#: Jobs that know the same as the details query, as far as the lake does.
JOBS = Kind("userDetails", ("interval", "order", "userFilters", "limit"), _in_lake)


def spans(
    world: World,
    place: int,
    kind: str,
    start: datetime,
    end: datetime,
    known: datetime | None = None,
    span_days: str = "ends",
) -> Iterator[Row]:
    """Yield the spans of one agent that are found in an interval, with an end if it is known.

    Found is what is stored on a UTC day that the interval touches, its start day or its end day,
    and overlaps the interval: not what goes on through all of it. One that is seen late is found
    late, and its end is known as late.

    Args:
        world: What is true.
        place: Which agent.
        kind: `systemPresence` or `routingStatus`.
        start: The interval's first moment.
        end: The moment after its last.
        known: What happens from then on is not known; by default, what has not happened yet.
        span_days: On which of its days a span is stored, as `Habits.span_days`.
    """
    known = known or world.now + _MOMENT
    # A week at a time, so that the same changes serve many intervals.
    first, last = _week(start), _week(end) + _WEEK
    changes = _changes(world.since, place, kind, first, last)
    for (since, what), (until, _) in pairwise(changes):
        if since < world.since or since >= end or until < start - _DAY:
            continue
        seen = known - delay(world, place, kind, since)
        if since >= seen:
            continue
        ended = corrected(world, place, kind, until) if until < seen else _NEVER
        span = {kind: what, "startTime": stamp(since)}
        span |= {"endTime": stamp(ended)} if until < seen else {}
        if ended >= start and _days(span, start, end, span_days):
            yield span


def delay(world: World, place: int, kind: str, since: datetime) -> timedelta:
    """Return how late a span is seen, and its end: some an hour or more, if the world says so."""
    if not world.late_spans:
        return timedelta(0)
    chance = crc32(f"{world.seed}/{place}/{kind}/{since}/late".encode())
    hour = timedelta(hours=1)
    share = chance // _LATE % 1000 / 1000
    return hour + share * (world.late_spans - hour) if chance % _LATE == 0 else timedelta(0)


def corrected(world: World, place: int, kind: str, until: datetime) -> datetime:
    """Return the end of a span as it is told now: some are moved by seconds, days later.

    It happens in one of the nights between 48 hours and five days after the end's day, for queries
    and jobs at the same moment.
    """
    if world.now < until + 2 * _DAY:
        return until
    night, moved = _correction(world.seed, place, kind, until)
    return until if world.now < night else moved


@lru_cache(maxsize=1 << 15)
def _correction(seed: int, place: int, kind: str, until: datetime) -> tuple[datetime, datetime]:
    """Return when an end is corrected, and to what; most of them never."""
    chance = crc32(f"{seed}/{place}/{kind}/{until}".encode())
    night = _midnight(until) + timedelta(days=3 + chance % 3, hours=2, minutes=chance % 97)
    if chance % _CORRECTED:
        return _NEVER, until
    return night, until + timedelta(seconds=chance % 40 - 20 or 1)


@lru_cache(maxsize=4096)
def _changes(
    since: datetime, place: int, kind: str, first: datetime, last: datetime
) -> tuple[tuple[datetime, str], ...]:
    """Return when an agent changed to what, from days before some days to days after them.

    Every third has weekends off, and one in seven leaves for good after twelve days: so some spans
    last for days, and some have no end.
    """
    leaves = _midnight(since) + _STAY if place % 7 == _LEAVER else _NEVER
    day = min(first, leaves) - _LONGEST_OFF
    changes = []
    while day < min(last + _LONGEST_OFF, leaves):
        if place % 3 or day.weekday() < _SATURDAY:
            for minute, what in _PRESENCES if kind == "systemPresence" else _STATUSES:
                moment = day + timedelta(minutes=minute + place)
                # Some change between two seconds.
                moment += timedelta(milliseconds=250 if place % 5 == 1 else 0)
                changes.append((moment, what))
        day += timedelta(days=1)
    return (*changes, (_NEVER, ""))


def _week(moment: datetime) -> datetime:
    """Return the first midnight of the week that a moment is in, in UTC."""
    return _midnight(moment) - moment.weekday() * _DAY


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def evaluations(world: World) -> list[Row]:
    """Return the evaluations that there are: some on each day."""
    shape = shapes()[SEARCH]["row"]
    days = range((world.now - world.since).days + 1)
    made = []
    for day in days:
        for number in range(_A_DAY):
            created = world.since + timedelta(days=day, hours=8 * number + 1)
            if created <= world.now:
                one = row(shape, world.seed, "evaluation", day, number)
                made.append({**one, "createdDate": stamp(created)})
    return made


def search(world: World, body: Row | None, bounds: str = "[]") -> SimulatedResponse:
    """Respond to a search for evaluations by the date of their creation.

    Args:
        world: What is true.
        body: The search.
        bounds: Which bounds belong to its range of dates.
    """
    known = ("query", "sortBy", "sortOrder", "pageSize", "pageNumber")
    asked = known_fields(body, known)
    ranges = [one for one in asked.get("query") or [] if one.get("type") == "DATE_RANGE"]
    if not ranges:
        msg = "A date range is required"
        raise RefusedError(msg)
    start, end = moment(ranges[0].get("startValue")), moment(ranges[0].get("endValue"))
    if end - start > _LONGEST:
        msg = "The date range may not exceed 3 months"
        raise RefusedError(msg)
    first, last = _moments(start, end, bounds)
    rows = [
        one
        for one in evaluations(world)
        if first <= datetime.fromisoformat(one["createdDate"]) < last
    ]
    number, size = positive(asked, "pageNumber", 1), min(positive(asked, "pageSize", 25), 100)
    response: Row = {"pageNumber": number, "pageSize": size, "results": page_of(rows, number, size)}
    return SimulatedResponse(body=response)
