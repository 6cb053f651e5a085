"""The choice of conversations whose presence in a response shows how intervals work. Pure.

Of a day's conversations four are chosen, with an interval from one's end to another's start:

    before   |--|
    ends        |------|
                       [      interval      ]
    inside               |-----------|
    begins                                  |-----|

A query that is filtered to these four shows whether the bounds belong to an interval, and whether a
conversation must overlap it at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from tap_genesys.preflight.assumptions.fields import moment, moments, number, rows, text
from tap_genesys.preflight.assumptions.model import Undecidable
from tap_genesys.replication.windows import DAY, Window, floor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_genesys.preflight.assumptions.fields import Record
    from tap_genesys.preflight.assumptions.model import Observed

PAGE = 25
#: The maximum number of rows that a query pages through.
_CEILING = 100_000
#: The vendor may interpret an interval more coarsely than to the millisecond.
_MARGIN, _FAR = timedelta(seconds=1), timedelta(minutes=1)
_OLDEST = 10 * DAY
_SATURDAY = 5
_MOST_TRIED = 20


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation's times.

    Args:
        name: The id, which is compared and never reported.
        start: The start of the conversation.
        end: The end of the conversation; None while it is open.
        moments: All moments in the record.
    """

    name: str
    start: datetime
    end: datetime | None
    moments: tuple[datetime, ...]

    @property
    def latest(self) -> datetime:
        """The latest moment in the record."""
        return max(self.moments)


@dataclass(frozen=True, slots=True)
class Choice:
    """Chosen conversations around an interval, and one that lasts through it without an event."""

    interval: Window
    before: Conversation
    ends: Conversation
    inside: Conversation
    begins: Conversation
    through: Conversation | None = None

    @property
    def names(self) -> list[str]:
        """The ids of the chosen conversations."""
        chosen = (self.before, self.ends, self.inside, self.begins, self.through)
        return [conversation.name for conversation in chosen if conversation]


def day(observed: Observed) -> Window:
    """Return the latest weekday that is over, and before the data lake's watermark if known."""
    latest = observed.started
    lake = observed.responses.get("lake")
    if lake and isinstance(lake.body, dict):
        watermark = moment(lake.body, "dataAvailabilityDate")
        if watermark and observed.started - _OLDEST < watermark < observed.started:
            latest = watermark
    start = floor(latest, DAY) - DAY
    while start.weekday() >= _SATURDAY:
        start -= DAY
    return Window(start, start + DAY)


def monday(observed: Observed) -> Window:
    """Return the latest Monday that is over, on which spans over the weekend end."""
    start = floor(observed.started, DAY) - DAY
    return Window(start := start - start.weekday() * DAY, start + DAY)


def last_page(observed: Observed) -> int:
    """Return the number of the day's last page, from the counts of its first one.

    Raises:
        Undecidable: The number is unknown, or beyond the maximum of rows.
    """
    total = number(observed.body("details-first"), "totalHits")
    if total is None:
        msg = "details-first has no totalHits"
        raise Undecidable(msg)
    page = max(1, -(-total // PAGE))
    if page * PAGE > _CEILING:
        msg = f"a day of {total} conversations cannot be paged through"
        raise Undecidable(msg)
    return page


def sampled(observed: Observed) -> list[Record]:
    """Return the conversations of the day's first page, and of its last page.

    Raises:
        Undecidable: There is no conversation.
    """
    records = rows(observed.body("details-first"), "conversations")
    if not records:
        msg = "no conversation on the sampled day"
        raise Undecidable(msg)
    last = observed.responses.get("details-last")
    if last and isinstance(last.body, dict):
        records = [*records, *rows(last.body, "conversations")]
    return records


def choice(observed: Observed) -> Choice:
    """Return four conversations around an interval, as above.

    Raises:
        Undecidable: The sample has no such four.
    """
    within = day(observed)
    read = [
        conversation
        for record in sampled(observed)
        if (conversation := _conversation(record)) and conversation.start in within
    ]
    candidates = [*{conversation.name: conversation for conversation in read}.values()]
    chosen = next(_choices(candidates, within), None)
    if chosen is None:
        msg = f"no four of the {len(candidates)} sampled conversations lie as needed"
        raise Undecidable(msg)
    through = next((item for item in candidates if _goes_through(item, chosen.interval)), None)
    return replace(chosen, through=through)


def finds(observed: Observed, name: str, conversation: Conversation) -> bool:
    """Return whether a response has a conversation.

    Raises:
        Undecidable: The request was refused.
    """
    return conversation.name in _names(observed, name)


def chosen_in(observed: Observed, name: str) -> set[str]:
    """Return the chosen conversations in a response, as `before`, `ends` and so on.

    Raises:
        Undecidable: The response lacks even the one within the interval.
    """
    chosen, names = choice(observed), _names(observed, name)
    places = ("before", "ends", "inside", "begins", "through")
    there = {
        place
        for place in places
        if (conversation := getattr(chosen, place)) and conversation.name in names
    }
    if "inside" not in there:
        msg = f"{name} does not return the conversation within the interval"
        raise Undecidable(msg)
    return there


def _names(observed: Observed, name: str) -> set[str]:
    return {text(row, "conversationId") for row in rows(observed.body(name), "conversations")}


def _choices(candidates: list[Conversation], within: Window) -> Iterator[Choice]:
    over = [
        item for item in candidates if item.end and item.latest <= item.end and item.end in within
    ]
    over.sort(key=lambda item: item.latest)
    begun = sorted(candidates, key=lambda item: item.start, reverse=True)
    for ends in islice(over[1:], _MOST_TRIED):
        before = over[0]
        if ends.end is None or before.latest > ends.end - _FAR or ends.start == ends.end:
            continue
        for begins in islice(begun, _MOST_TRIED):
            is_over = begins.end and begins.end <= begins.start
            if begins.start < ends.end + _FAR or is_over:
                continue
            interval = Window(ends.end, begins.start)
            for inside in candidates:
                if inside in (before, ends, begins) or not _reaches_into(inside, interval):
                    continue
                yield Choice(interval, before, ends, inside, begins)


def _reaches_into(conversation: Conversation, interval: Window) -> bool:
    """Return whether a conversation certainly had an event within an interval."""
    first, last = interval.start + _MARGIN, interval.end - _MARGIN
    is_over = conversation.end or conversation.latest
    return first < conversation.start < last or first < is_over < last


def _goes_through(conversation: Conversation, interval: Window) -> bool:
    """Return whether a conversation lasts through an interval, without an event in it."""
    early, late = interval.start - _MARGIN, interval.end + _MARGIN
    is_silent = not any(early <= moment <= late for moment in conversation.moments)
    lasts_longer = conversation.end is None or conversation.end > late
    return is_silent and conversation.start < early and lasts_longer


def _conversation(record: Record) -> Conversation | None:
    name, start = text(record, "conversationId"), moment(record, "conversationStart")
    if not name or start is None:
        return None
    return Conversation(name, start, moment(record, "conversationEnd"), tuple(moments(record)))
