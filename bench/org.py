"""An org whose answers are made before anyone asks: byte strings, with places for an id and a day.

What a server makes while it is measured against is measured too. So the conversations of a few
hundred different ones are made text once; an answer joins those texts, and fills in only what tells
one row, and one day, from another. It costs about a fiftieth of what the quickest reader needs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator import World

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, Any]

#: The simulated org's conversations have about 3.6 kB; users' have about 10, with more transfers.
#: So three of them are told as one: the participants of all.
TOLD_AS_ONE = {"large": 3, "small": 1}
#: How many different ones there are; they come again with other ids.
DIFFERENT = 500
_DAY_TOLD = date(2026, 3, 9)
_EPOCH = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Told:
    """One conversation's text: an id of eight digits goes before the middle, a day before the end.

    Args:
        middle: From behind the eight digits to the day of its start.
        end: From behind that day to its end.
    """

    middle: bytes
    end: bytes


@dataclass
class Org:
    """Conversations of any day, page by page.

    Args:
        per_day: How many start on a day.
        told: The different ones.
    """

    per_day: int
    told: Sequence[Told] = field(repr=False)

    def page(self, days: Sequence[date], number: int, size: int) -> bytes:
        """Return a page of what a query of these days finds; without a list behind the last.

        Args:
            days: The UTC days that the interval touches.
            number: The page's number, from 1.
            size: Its rows.
        """
        rows = self.rows(days, (number - 1) * size, size)
        count = b'"totalHits":%d}' % (len(days) * self.per_day)
        if not rows:
            return b"{" + count
        return b'{"conversations":[' + rows + b"]," + count

    def results(self, days: Sequence[date], first: int, size: int) -> bytes:
        """Return a page of a job's results; its cursor is the first row of the next one."""
        rows = self.rows(days, first, size)
        following = first + size
        is_last = following >= len(days) * self.per_day
        cursor = b"" if is_last else b',"cursor":"%d"' % following
        return b'{"conversations":[' + rows + b"]" + cursor + b"}"

    def rows(self, days: Sequence[date], first: int, size: int) -> bytes:
        """Return the text of some rows of these days, one day after the other."""
        last = min(first + size, len(days) * self.per_day)
        if first >= last:
            return b""
        parts = [b""] * (4 * (last - first))
        places = range(first, last)
        told = [self.told[place % self.per_day % len(self.told)] for place in places]
        parts[0::4] = [
            _row_id(days[place // self.per_day], place % self.per_day) for place in places
        ]
        parts[1::4] = [one.middle for one in told]
        parts[2::4] = [days[place // self.per_day].isoformat().encode() for place in places]
        parts[3::4] = [one.end for one in told]
        return b"".join(parts)[1:]


def made(size: str) -> list[Told]:
    """Make the different conversations, large or small."""
    at_once = TOLD_AS_ONE[size]
    since = datetime.combine(_DAY_TOLD, datetime.min.time(), UTC)
    # A day of its own that holds just them, seen when all that belongs to them has happened.
    world = World(per_day=DIFFERENT * at_once, since=since, now=since + timedelta(days=40))
    rows = list(world.conversations(since, since + timedelta(days=1)))
    found = [rows[place : place + at_once] for place in range(0, len(rows), at_once)]
    return [_told(one) for one in found]


def _told(rows: list[Row]) -> Told:
    row = {**rows[-1], "participants": [one for row in rows for one in row["participants"]]}
    start = row.pop("conversationStart")
    head = {"conversationId": row.pop("conversationId"), "conversationStart": start}
    text = json.dumps({**head, **row}, separators=(",", ":"), ensure_ascii=False).encode()
    before, after = text.split(_DAY_TOLD.isoformat().encode(), 1)
    return Told(before[len(_ID_OPENS) - 1 + 8 :], after)


_ID_OPENS = b',{"conversationId":"'


def _row_id(day: date, place: int) -> bytes:
    """Return how a row begins, with digits that no other row of any day has."""
    return b"%b%08x" % (_ID_OPENS, (day - _EPOCH).days << 20 | place)
