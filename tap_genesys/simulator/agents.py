"""What the simulated agents did: presences, routing statuses, and how they were judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.answers import Answer, page_of
from tap_genesys.simulator.bodies import RefusedError, interval, known_fields, moment, positive
from tap_genesys.simulator.fabricate import row, shapes
from tap_genesys.simulator.lake import Kind
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.staff import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_genesys.simulator.world import World

Row = dict[str, Any]

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
_NEVER = datetime.max.replace(tzinfo=UTC)
_SATURDAY = 5
#: Longer than a weekend.
_LONGEST_OFF = timedelta(days=4)
#: Which of seven leaves, and after how long.
_LEAVER, _STAY = 4, timedelta(days=12)
_A_DAY = 3


def user_details(world: World, body: Row | None) -> Answer:
    """Answer a details query about users: each with the spans that the interval touches."""
    asked = known_fields(body, ("interval", "order", "paging", "userFilters"))
    start, end = interval(asked.get("interval"))
    paging = asked.get("paging") or {}
    number, size = positive(paging, "pageNumber", 1), min(positive(paging, "pageSize", 25), 100)
    rows = _rows(world, start, end, world.now - world.indexing + _MOMENT)
    answer: Row = {"totalHits": len(rows)}
    if found := page_of(rows, number, size):
        answer["userDetails"] = found
    return Answer(body=answer)


def _rows(world: World, start: datetime, end: datetime, known: datetime) -> list[Row]:
    """Return each user who has spans in an interval, with these."""
    rows = [
        {
            "userId": agent,
            "primaryPresence": [
                {**span, "organizationPresenceId": identifier(world.seed, span["systemPresence"])}
                for span in spans(world, place, "systemPresence", start, end, known)
            ],
            "routingStatus": list(spans(world, place, "routingStatus", start, end, known)),
        }
        for place, agent in enumerate(world.staff.agents)
    ]
    return [one for one in rows if one["primaryPresence"] or one["routingStatus"]]


def _in_lake(
    world: World, start: datetime, end: datetime, _query: Row, _bounds: str
) -> tuple[list[Row], Callable[[Row], Row]]:
    """Return what the lake knows of an interval: a row for each day and user."""
    days = (end - start).days + 2
    midnights = [_midnight(start) + timedelta(days=number) for number in range(days + 1)]
    bounds = [start, *(one for one in midnights if start < one < end), end]
    found = [
        row
        for first, last in pairwise(bounds)
        for row in _rows(world, first, last, world.watermark)
    ]
    return found, dict


#: Jobs that tell the same as the details query, as far as the lake knows.
JOBS = Kind("userDetails", ("interval", "order", "userFilters", "limit"), _in_lake)


def spans(
    world: World,
    place: int,
    kind: str,
    start: datetime,
    end: datetime,
    known: datetime | None = None,
) -> Iterator[Row]:
    """Yield the spans of one agent that an interval touches, with an end where they have ended.

    Args:
        world: What is true.
        place: Which agent.
        kind: `systemPresence` or `routingStatus`.
        start: The interval's first moment.
        end: The moment after its last.
        known: What happens from then on is not known; by default, what has not happened yet.
    """
    known = known or world.now + _MOMENT
    begun = [*_changes(world, place, kind, start, end), (_NEVER, "")]
    for (since, what), (until, _) in pairwise(begun):
        if world.since <= since < min(end, known) and until > start:
            span = {kind: what, "startTime": stamp(since)}
            yield span | ({"endTime": stamp(until)} if until < known else {})


def _changes(
    world: World, place: int, kind: str, start: datetime, end: datetime
) -> Iterator[tuple[datetime, str]]:
    """Yield when an agent changed to what, from days before an interval to days after it.

    Every third has weekends off, and one in seven leaves for good after twelve days: so some spans
    last for days, and some have no end.
    """
    leaves = _midnight(world.since) + _STAY if place % 7 == _LEAVER else _NEVER
    day, last = _midnight(min(start, leaves)) - _LONGEST_OFF, min(end + _LONGEST_OFF, leaves)
    while day < last:
        if place % 3 or day.weekday() < _SATURDAY:
            for minute, what in _PRESENCES if kind == "systemPresence" else _STATUSES:
                yield day + timedelta(minutes=minute + place), what
        day += timedelta(days=1)


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


def search(world: World, body: Row | None) -> Answer:
    """Answer a search for evaluations by the date of their creation."""
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
    rows = [
        one
        for one in evaluations(world)
        if start <= datetime.fromisoformat(one["createdDate"]) <= end
    ]
    number, size = positive(asked, "pageNumber", 1), min(positive(asked, "pageSize", 25), 100)
    answer: Row = {"pageNumber": number, "pageSize": size, "results": page_of(rows, number, size)}
    return Answer(body=answer)
