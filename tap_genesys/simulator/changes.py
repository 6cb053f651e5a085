"""Late and undated changes of a conversation, which its dates do not show in time.

Each function takes a complete conversation and returns a changed copy.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.snapshots import CHANGES, CORRECTED, INACTIVE_AFTER, LATER, REOPENED

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

Row = dict[str, Any]

#: Later than every timestamp.
NEVER = "9"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: The shortest and longest time between a conversation's last event and an undated change.
_UNDATED = (_DAY, 25 * _DAY)
#: The time after a conversation's start from which nothing changes. The age of the last re-check is
#: counted from the end of the start's day, so the re-check is never earlier.
SETTLED = 30 * _DAY
#: The shortest and longest time from a callback's start to its scheduled time.
_SCHEDULED = (_HOUR, 30 * _DAY)
#: The time from the start or end of the latest segment until a message conversation is inactive.
_INACTIVE = timedelta(hours=72)


class Change(NamedTuple):
    """A change that becomes visible at a moment.

    Args:
        moment: When it becomes visible.
        date: Its date in the record; empty if it is undated.
        undo: Returns the conversation without the change.
    """

    moment: str
    date: str
    undo: Callable[[Row], Row]


def draw_delay(choice: random.Random, longest: timedelta) -> timedelta:
    """Return a delay between an hour and the longest one, in whole seconds."""
    seconds = (_HOUR + choice.random() * (longest - _HOUR)).total_seconds()
    return timedelta(seconds=round(seconds))


def with_late_event(row: Row, choice: random.Random, longest: timedelta) -> Row:
    """Return a conversation with one late-arriving event, or part of one.

    The event is a survey, an evaluation or a resolution; the end of a session's last segment with
    the fields and metrics that come with it; or one such metric alone.
    """
    latest = stamp(datetime.fromisoformat(row["conversationStart"]) + SETTLED - longest)
    kinds: dict[str, list[tuple[str, Callable[[Row], Row]]]] = {}
    for kind, date, undo in _events(row):
        if date <= latest:
            kinds.setdefault(kind, []).append((date, undo))
    if not kinds:
        return row
    date, undo = choice.choice(kinds[choice.choice([*kinds])])
    moment = stamp(datetime.fromisoformat(date) + draw_delay(choice, longest))
    return row | {CHANGES: [*row.get(CHANGES, ()), Change(moment, date, undo)]}


def _events(row: Row) -> Iterator[tuple[str, str, Callable[[Row], Row]]]:
    """Yield the kind and date of each event that may arrive late, and a function that hides it."""
    for name in LATER:
        for event in row.get(name, ()):
            yield name, event["eventTime"], partial(_without, name=name, event=event)
    _, uncorrected = row.get(CORRECTED, ("", row["participants"]))
    for place, participant in enumerate(row["participants"]):
        (session,) = participant["sessions"]
        for metric in session.get("metrics", ())[-1:]:
            end = session["segments"][-1]["segmentEnd"]
            # Before its correction, a corrected segment has another end.
            if uncorrected[place] == participant:
                yield "segment", end, partial(_unended, place=place, end=end)
            if metric["emitDate"] == end:
                yield "metric", end, partial(_unemitted, place=place, name=metric["name"])


def _without(row: Row, *, name: str, event: Row) -> Row:
    return row | {name: [other for other in row.get(name, ()) if other is not event]}


def _unended(row: Row, *, place: int, end: str) -> Row:
    """Return the conversation without the end of a participant's last segment and its metrics."""
    (session,) = row["participants"][place]["sessions"]
    *others, last = session["segments"]
    metrics = [metric for metric in session["metrics"] if metric["emitDate"] != end]
    segments = [*others, last | {"segmentEnd": NEVER}]
    return _with_session(row, place, {"segments": segments, "metrics": metrics})


def _unemitted(row: Row, *, place: int, name: str) -> Row:
    (session,) = row["participants"][place]["sessions"]
    metrics = [metric for metric in session["metrics"] if metric["name"] != name]
    return _with_session(row, place, {"metrics": metrics})


def with_undated_changes(
    row: Row, choice: random.Random, codes: Sequence[str], late: timedelta
) -> Row:
    """Return a conversation whose attributes and last wrap-up code change, each at some moment.

    Args:
        row: The conversation before the changes.
        choice: The source of random numbers.
        codes: The ids of the org's wrap-up codes.
        late: The largest delay of anything in the conversation.
    """
    start = datetime.fromisoformat(row["conversationStart"])
    ends = [segment["segmentEnd"] for segment in _segments(row)]
    last = datetime.fromisoformat(max(row["conversationEnd"], *ends)) + late
    first, until = last + _UNDATED[0], min(last + _UNDATED[1], start + SETTLED - late)
    if until < first:
        return row
    changes = []
    for before, after in _undated_edits(row, choice, codes):
        seconds = choice.random() * ((until - first) // timedelta(seconds=1))
        moment = stamp(first + timedelta(seconds=int(seconds)))
        changes.append(Change(moment, "", before))
        row = edited(row, after)
    return row | {CHANGES: [*row.get(CHANGES, ()), *changes]}


def _undated_edits(
    row: Row, choice: random.Random, codes: Sequence[str]
) -> Iterator[tuple[Callable[[Row], Row], Callable[[Row], Row]]]:
    """Yield pairs of edits: one sets the earlier value, the other the later value."""
    attributes = row["participants"][0]["attributes"]
    later = attributes | {"tier": f"{attributes['tier']}, checked", "followUp": "done"}
    yield (
        partial(_with_participant, place=0, values={"attributes": attributes}),
        partial(_with_participant, place=0, values={"attributes": later}),
    )
    coded = [
        (place, participant["sessions"][0]["segments"][-1]["wrapUpCode"])
        for place, participant in enumerate(row["participants"])
        if "wrapUpCode" in participant["sessions"][0]["segments"][-1]
    ]
    if coded:
        place, code = coded[-1]
        another = choice.choice([other for other in codes if other != code])
        yield (
            partial(_with_code, place=place, code=code),
            partial(_with_code, place=place, code=another),
        )


def _with_code(row: Row, *, place: int, code: str) -> Row:
    *others, last = row["participants"][place]["sessions"][0]["segments"]
    return _with_session(row, place, {"segments": [*others, last | {"wrapUpCode": code}]})


def with_dates_ahead(row: Row, choice: random.Random) -> Row:
    """Return a conversation with a date that may lie in the future, if its medium has one.

    A callback has its scheduled time, past or future. A message conversation has the moment at
    which it becomes inactive, which moves on with each segment.
    """
    medium = row["participants"][0]["sessions"][0]["mediaType"]
    if medium == "message":
        return row | {INACTIVE_AFTER: _INACTIVE}
    if medium != "callback":
        return row
    shortest, longest = (span // timedelta(milliseconds=1) for span in _SCHEDULED)
    ahead = timedelta(milliseconds=choice.randrange(shortest, longest))
    scheduled = stamp(datetime.fromisoformat(row["conversationStart"]) + ahead)
    for place in range(len(row["participants"])):
        values = {"callbackScheduledTime": scheduled}
        row = edited(row, partial(_with_session, place=place, values=values))
    return row


def with_reopening_segment(row: Row) -> Row:
    """Return a conversation; if it is reopened, with a segment of the customer that starts then."""
    if REOPENED not in row:
        return row
    closed, opened = row[REOPENED]
    (segment,) = row["participants"][0]["sessions"][0]["segments"]
    segments = [segment | {"segmentEnd": closed}, segment | {"segmentStart": opened}]
    return edited(row, partial(_with_session, place=0, values={"segments": segments}))


def edited(row: Row, edit: Callable[[Row], Row]) -> Row:
    """Return an edited conversation, with its participants before a correction edited too."""
    after = edit(row)
    if CORRECTED in row:
        night, before = row[CORRECTED]
        after[CORRECTED] = (night, edit({"participants": before})["participants"])
    return after


def _with_session(row: Row, place: int, values: Row) -> Row:
    """Return a conversation with other values in the session of its participant `place`."""
    (session,) = row["participants"][place]["sessions"]
    return _with_participant(row, place, {"sessions": [session | values]})


def _with_participant(row: Row, place: int, values: Row) -> Row:
    participants = [*row["participants"]]
    participants[place] = participants[place] | values
    return row | {"participants": participants}


def _segments(row: Row) -> Iterator[Row]:
    for participant in row["participants"]:
        for session in participant["sessions"]:
            yield from session["segments"]
