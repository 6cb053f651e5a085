"""The details of users, and evaluations: presences and routing statuses by query and by job."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tap_genesys.simulator.bodies import RefusedError, checked_fields, interval, moment, positive
from tap_genesys.simulator.fabricate import row, shapes
from tap_genesys.simulator.lake import Kind
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import SimulatedResponse, page_of
from tap_genesys.simulator.staff import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from tap_genesys.simulator.habits import Habits
    from tap_genesys.simulator.world import World

Row = dict[str, Any]
#: A user's id, the field of the user's details, and a span.
Entry = tuple[str, str, Row]

DETAILS = "/api/v2/analytics/users/details/query"
SEARCH = "/api/v2/quality/evaluations/search"
#: The presences of a day by the minute in which they start; the last lasts into the next day.
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
#: Longer than days off and days of absence that follow one another in a typical world.
_LONGEST_ABSENCE = timedelta(days=14)
#: The place among seven agents of the one who leaves, and the time until then.
_LEAVER, _STAY = 4, timedelta(days=12)
#: Evaluations per day.
_A_DAY = 3
#: Field of a user's details -> the kind of its spans.
_FIELDS = {"primaryPresence": "systemPresence", "routingStatus": "routingStatus"}
#: One end in so many is corrected; one span in so many arrives late.
_CORRECTED, _LATE = 7, 20
#: The entries of the latest queries, so that the next page needs no second search.
_STORED: dict[tuple[Any, ...], list[Entry]] = {}
_CACHED = 8


def user_details(world: World, body: Row | None, habits: Habits) -> SimulatedResponse:
    """Return a page of the entries that a details query of users matches, grouped by user.

    Pages are cut from stored entries, which `totalHits` counts. An entry that is stored twice is
    returned once, so its page is shorter.
    """
    query = checked_fields(body, ("interval", "order", "paging", "userFilters"))
    start, end = _moments(*interval(query.get("interval")), habits.interval_bounds)
    paging = query.get("paging") or {}
    number, size = positive(paging, "pageNumber", 1), min(positive(paging, "pageSize", 25), 100)
    indexed_until = world.now - world.indexing + _MOMENT
    entries = stored(world, start, end, indexed_until, habits.span_days)
    if named := _named_users(query.get("userFilters")):
        entries = [entry for entry in entries if entry[0] in named]
    if habits.user_pages == "users":
        agents = page_of([*dict.fromkeys(entry[0] for entry in entries)], number, size)
        entries = [entry for entry in entries if entry[0] in agents]
        number, size = 1, max(1, len(entries))
    first = (number - 1) * size
    users: dict[str, Row] = {}
    for place, entry in enumerate(page_of(entries, number, size), first):
        if place == 0 or entries[place - 1] != entry:
            agent, field, span = entry
            span = span if habits.span_dates == "milliseconds" else _in_seconds(span)
            users.setdefault(agent, {"userId": agent}).setdefault(field, []).append(span)
    response: Row = {"totalHits": len(entries)}
    if users:
        response["userDetails"] = [*users.values()]
    return SimulatedResponse(body=response)


def _named_users(filters: list[Row] | None) -> set[str]:
    """Return the ids of the users in filters; empty without a filter."""
    return {
        predicate["value"] for group in filters or () for predicate in group.get("predicates") or ()
    }


def stored(
    world: World, start: datetime, end: datetime, until: datetime, span_days: str = "ends"
) -> list[Entry]:
    """Return the stored entries of an interval, in the order of their starts.

    A span is stored on its start day and, once it has ended, on its end day. An interval that
    touches both days has it twice.

    Args:
        world: The org and its history.
        start: The interval's first moment.
        end: The moment after its last.
        until: The end of the history that counts.
        span_days: The days on which a span is stored, as in `Habits.span_days`.
    """
    org = (world.seed, world.since, world.now, world.late_spans, world.profile, world.per_day)
    key = (*org, world.agents, start, end, until, span_days)
    if key not in _STORED:
        entries = [
            (str(agent), field, {**span, **_organization(world, span)})
            for place, agent in enumerate(world.staff.agents)
            for field, kind in _FIELDS.items()
            for span in spans(world, place, kind, start, end, until, span_days)
            for _ in _days(span, _touched(start, end), span_days)
        ]
        entries.sort(key=lambda entry: (entry[2]["startTime"], entry[0], entry[1]))
        if len(_STORED) >= _CACHED:
            _STORED.clear()
        _STORED[key] = entries
        return entries
    return _STORED[key]


def _moments(start: datetime, end: datetime, bounds: str) -> tuple[datetime, datetime]:
    """Return the first moment of an interval with these bounds, and the one after its last."""
    first = start + _MOMENT if bounds[0] == "(" else start
    return first, end + _MOMENT if bounds[1] == "]" else end


def _organization(world: World, span: Row) -> Row:
    presence = span.get("systemPresence")
    return {"organizationPresenceId": identifier(world.seed, presence)} if presence else {}


@lru_cache(maxsize=256)
def _touched(start: datetime, end: datetime) -> frozenset[str]:
    """Return the UTC days that an interval touches."""
    first = _midnight(start)
    count = (end - _MOMENT - first) // _DAY + 1
    return frozenset(stamp(first + number * _DAY)[:10] for number in range(count))


def _days(span: Row, touched: frozenset[str], span_days: str) -> AbstractSet[str]:
    """Return the days, among those that an interval touches, on which a span is stored."""
    if span_days == "each":
        first, last = span["startTime"][:10], span.get("endTime", "9")[:10]
        return {day for day in touched if first <= day <= last}
    return touched & {span[name][:10] for name in ("startTime", "endTime") if name in span}


def _in_lake(
    world: World, start: datetime, end: datetime, _query: Row, bounds: str
) -> tuple[list[Entry], Callable[[Entry], Row]]:
    """Return the entries that the lake holds of an interval, day by day, and how a row is made."""
    start, end = _moments(start, end, bounds)
    midnights = [_midnight(start) + number * _DAY for number in range((end - start).days + 3)]
    cuts = [start, *(midnight for midnight in midnights if start < midnight < end), end]
    entries = [
        entry
        for first, last in pairwise(cuts)
        for entry in stored(world, first, last, world.watermark)
    ]
    return entries, _fragment


def _fragment(entry: Entry) -> Row:
    """Return an entry as a row of a job, with dates in whole seconds where they are whole."""
    agent, field, span = entry
    return {"userId": agent, field: [_in_seconds(span)]}


def _in_seconds(span: Row) -> Row:
    """Return a span whose dates omit milliseconds where they are zero."""
    dates: Row = {
        name: span[name].replace(".000Z", "Z") for name in ("startTime", "endTime") if name in span
    }
    return {**span, **dates}


#: Jobs that return the entries of the details query, up to the lake's watermark.
JOBS = Kind("userDetails", ("interval", "order", "userFilters", "limit"), _in_lake)


def spans(
    world: World,
    place: int,
    kind: str,
    start: datetime,
    end: datetime,
    until: datetime | None = None,
    span_days: str = "ends",
) -> Iterator[Row]:
    """Yield the spans of an agent that match an interval, with their ends if these have happened.

    A span matches if it is stored on a UTC day that the interval touches, which is its start day or
    its end day, and overlaps the interval; one that lasts through all of it does not. The start and
    the end of a late span become visible with the same delay.

    Args:
        world: The org and its history.
        place: The agent's place in `world.staff.agents`.
        kind: `systemPresence` or `routingStatus`.
        start: The interval's first moment.
        end: The moment after its last.
        until: The end of the history that counts; by default, the present.
        span_days: The days on which a span is stored, as in `Habits.span_days`.
    """
    until = until or world.now + _MOMENT
    # A week at a time, so that the same changes serve many intervals.
    first, last = _week(start), _week(end) + _WEEK
    changes = _changes_of(world, place, kind, first, last)
    before = max(bisect_left(changes, start - _DAY, key=itemgetter(0)) - 1, 0)
    for (began, status), (ended, _) in pairwise(changes[before:]):
        if began >= end:
            break
        if began < world.since:
            continue
        visible_until = until - delay(world, place, kind, began)
        if began >= visible_until:
            continue
        has_ended = ended < visible_until
        # A correction by seconds leaves a short span a length of zero at least.
        span_end = max(began, corrected(world, place, kind, ended)) if has_ended else _NEVER
        span = {kind: status, "startTime": stamp(began)}
        span |= {"endTime": stamp(span_end)} if has_ended else {}
        if span_end >= start and _days(span, _touched(start, end), span_days):
            yield span


def delay(world: World, place: int, kind: str, since: datetime) -> timedelta:
    """Return the delay with which a span and its end become visible; see `World.late_spans`."""
    if not world.late_spans:
        return timedelta(0)
    chance = crc32(f"{world.seed}/{place}/{kind}/{since}/late".encode())
    hour = timedelta(hours=1)
    share = chance // _LATE % 1000 / 1000
    return hour + share * (world.late_spans - hour) if chance % _LATE == 0 else timedelta(0)


def corrected(world: World, place: int, kind: str, until: datetime) -> datetime:
    """Return the present end of a span: some are corrected by seconds, days later.

    A correction is made in a night between 48 hours and five days after the end's day, for queries
    and jobs at the same moment.
    """
    if world.now < until + 2 * _DAY:
        return until
    night, moved = _correction(world.seed, place, kind, until)
    return until if world.now < night else moved


@lru_cache(maxsize=1 << 15)
def _correction(seed: int, place: int, kind: str, until: datetime) -> tuple[datetime, datetime]:
    """Return the moment of an end's correction and the corrected end; most ends have none."""
    chance = crc32(f"{seed}/{place}/{kind}/{until}".encode())
    night = _midnight(until) + timedelta(days=3 + chance % 3, hours=2, minutes=chance % 97)
    if chance % _CORRECTED:
        return _NEVER, until
    return night, until + timedelta(seconds=chance % 40 - 20 or 1)


def _changes_of(
    world: World, place: int, kind: str, first: datetime, last: datetime
) -> Sequence[tuple[datetime, str]]:
    """Return an agent's changes of status, from days before the given days to days after them."""
    if world.office is None:
        return _changes(world.since, place, kind, first, last)
    first, last = first - _LONGEST_ABSENCE, last + _LONGEST_ABSENCE
    return [*world.office.changes(place, kind, first, last), (_NEVER, "")]


@lru_cache(maxsize=4096)
def _changes(
    since: datetime, place: int, kind: str, first: datetime, last: datetime
) -> tuple[tuple[datetime, str], ...]:
    """Return an agent's changes of status, from days before the given days to days after them.

    Every third agent has weekends off, and one in seven leaves for good after twelve days. So some
    spans last for days, and some have no end.
    """
    leaves = _midnight(since) + _STAY if place % 7 == _LEAVER else _NEVER
    day = min(first, leaves) - _LONGEST_OFF
    changes = []
    while day < min(last + _LONGEST_OFF, leaves):
        if place % 3 or day.weekday() < _SATURDAY:
            for minute, status in _PRESENCES if kind == "systemPresence" else _STATUSES:
                moment = day + timedelta(minutes=minute + place)
                # Some changes are not in whole seconds.
                moment += timedelta(milliseconds=250 if place % 5 == 1 else 0)
                changes.append((moment, status))
        day += timedelta(days=1)
    return (*changes, (_NEVER, ""))


def _week(moment: datetime) -> datetime:
    """Return the first midnight of the week that a moment is in, in UTC."""
    return _midnight(moment) - moment.weekday() * _DAY


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def evaluations(world: World) -> list[Row]:
    """Return all evaluations: some of each day."""
    days = range((world.now - world.since).days + 1)
    rows = []
    for day in days:
        for number in range(_A_DAY):
            created = world.since + timedelta(days=day, hours=8 * number + 1)
            if created <= world.now:
                rows.append({**_evaluation(world.seed, day, number), "createdDate": stamp(created)})
    return rows


@lru_cache(maxsize=4096)
def _evaluation(seed: int, day: int, number: int) -> Row:
    """Return an evaluation without the date of its creation."""
    evaluation: Row = row(shapes()[SEARCH]["row"], seed, "evaluation", day, number)
    return evaluation


def search(world: World, body: Row | None, bounds: str = "[]") -> SimulatedResponse:
    """Return the response to a search for evaluations by the date of their creation.

    Args:
        world: The org and its history.
        body: The search.
        bounds: The bounds of its range of dates, as in `Habits.evaluation_bounds`.
    """
    known = ("query", "sortBy", "sortOrder", "pageSize", "pageNumber")
    criteria = checked_fields(body, known)
    ranges = [part for part in criteria.get("query") or [] if part.get("type") == "DATE_RANGE"]
    if not ranges:
        msg = "A date range is required"
        raise RefusedError(msg)
    start, end = moment(ranges[0].get("startValue")), moment(ranges[0].get("endValue"))
    if end - start > _LONGEST:
        msg = "The date range may not exceed 3 months"
        raise RefusedError(msg)
    first, last = _moments(start, end, bounds)
    rows = [
        evaluation
        for evaluation in evaluations(world)
        if first <= datetime.fromisoformat(evaluation["createdDate"]) < last
    ]
    number, size = positive(criteria, "pageNumber", 1), min(positive(criteria, "pageSize", 25), 100)
    response: Row = {"pageNumber": number, "pageSize": size, "results": page_of(rows, number, size)}
    return SimulatedResponse(body=response)
