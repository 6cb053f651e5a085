"""An org whose responses are prepared in advance: byte strings, with places for an id and a day.

The server must not add to the measured time. So a few hundred different conversations are
serialized once; a response joins their texts, and fills in ids and days. That takes about a
fiftieth of the time of the fastest reader.
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
#: So a large conversation has the participants of three of them.
MERGED = {"large": 3, "small": 1}
#: The number of different conversations, which are repeated with other ids.
DIFFERENT = 500
_DAY = date(2026, 3, 9)
_EPOCH = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Template:
    """A conversation's text: an id of eight digits goes before the middle, a day before the end.

    Args:
        middle: The text from the eight digits to the day of the start.
        end: The text after that day.
    """

    middle: bytes
    end: bytes


@dataclass
class Org:
    """Conversations of any day, page by page.

    Args:
        per_day: Conversations per day.
        templates: The different conversations.
    """

    per_day: int
    templates: Sequence[Template] = field(repr=False)

    def page(self, days: Sequence[date], number: int, size: int) -> bytes:
        """Return a page of a query's response for some days; after the last page, without a list.

        Args:
            days: The UTC days that the interval touches.
            number: The page's number, from 1.
            size: Rows per page.
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
        chosen = [self.templates[place % self.per_day % len(self.templates)] for place in places]
        parts[0::4] = [
            _row_id(days[place // self.per_day], place % self.per_day) for place in places
        ]
        parts[1::4] = [template.middle for template in chosen]
        parts[2::4] = [days[place // self.per_day].isoformat().encode() for place in places]
        parts[3::4] = [template.end for template in chosen]
        return b"".join(parts)[1:]


def templates(size: str) -> list[Template]:
    """Return the different conversations, large or small."""
    at_once = MERGED[size]
    since = datetime.combine(_DAY, datetime.min.time(), UTC)
    # A day with only these conversations, long enough ago for all of their events.
    world = World(per_day=DIFFERENT * at_once, since=since, now=since + timedelta(days=40))
    rows = list(world.conversations(since, since + timedelta(days=1)))
    groups = [rows[place : place + at_once] for place in range(0, len(rows), at_once)]
    return [_template(group) for group in groups]


def _template(rows: list[Row]) -> Template:
    row = {
        **rows[-1],
        "participants": [participant for row in rows for participant in row["participants"]],
    }
    start = row.pop("conversationStart")
    head = {"conversationId": row.pop("conversationId"), "conversationStart": start}
    text = json.dumps({**head, **row}, separators=(",", ":"), ensure_ascii=False).encode()
    before, after = text.split(_DAY.isoformat().encode(), 1)
    return Template(before[len(_ID_OPENS) - 1 + 8 :], after)


_ID_OPENS = b',{"conversationId":"'


def _row_id(day: date, place: int) -> bytes:
    """Return the beginning of a row, with digits that are unique over all days."""
    return b"%b%08x" % (_ID_OPENS, (day - _EPOCH).days << 20 | place)
