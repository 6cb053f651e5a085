"""What the simulated agents did: presences, routing statuses, and how they were judged."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.answers import Answer, page_of
from tap_genesys.simulator.bodies import RefusedError, interval, known_fields, moment, positive
from tap_genesys.simulator.fabricate import row, shapes
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.staff import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_A_DAY = 3


def user_details(world: World, body: Row | None) -> Answer:
    """Answer a details query about users: each with the spans that the interval touches."""
    asked = known_fields(body, ("interval", "order", "paging", "userFilters"))
    start, end = interval(asked.get("interval"))
    paging = asked.get("paging") or {}
    number, size = positive(paging, "pageNumber", 1), min(positive(paging, "pageSize", 25), 100)
    rows = [
        {
            "userId": agent,
            "primaryPresence": [
                {**span, "organizationPresenceId": identifier(world.seed, span["systemPresence"])}
                for span in spans(world, place, "systemPresence", start, end)
            ],
            "routingStatus": list(spans(world, place, "routingStatus", start, end)),
        }
        for place, agent in enumerate(world.staff.agents)
    ]
    rows = [one for one in rows if one["primaryPresence"] or one["routingStatus"]]
    answer: Row = {"totalHits": len(rows)}
    if found := page_of(rows, number, size):
        answer["userDetails"] = found
    return Answer(body=answer)


def spans(world: World, place: int, kind: str, start: datetime, end: datetime) -> Iterator[Row]:
    """Yield the spans of one agent that an interval touches, with an end where they have ended."""
    plan = _PRESENCES if kind == "systemPresence" else _STATUSES
    day = start.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    begun = [
        (day + timedelta(days=number, minutes=minute + place), what)
        for number in range((end - day).days + 2)
        for minute, what in plan
    ]
    for (since, what), (until, _) in pairwise(begun):
        if world.since <= since < min(end, world.now) and until > start:
            span = {kind: what, "startTime": stamp(since)}
            yield span | ({"endTime": stamp(until)} if until <= world.now else {})


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
