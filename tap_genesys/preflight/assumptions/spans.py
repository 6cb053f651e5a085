"""Judgements about user details: entries of a page, spans of several days, dates. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_genesys.preflight.assumptions.fields import dates, moment, number, rows, text
from tap_genesys.preflight.assumptions.model import (
    Undecidable,
    confirmed,
    held,
    refuted,
)
from tap_genesys.replication.windows import DAY, Window, floor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.preflight.assumptions.fields import Record
    from tap_genesys.preflight.assumptions.model import Observed, Verdict

PAGE = 100
_KINDS = ("primaryPresence", "routingStatus")
_MILLISECONDS = re.compile(r"\.\d{3}")


@dataclass(frozen=True, slots=True)
class Span:
    """A span of a user.

    Args:
        user: The user's id, which is compared and never reported.
        kind: The field of the span.
        start: The start of the span.
        end: The end of the span; None while it is open.
    """

    user: str
    kind: str
    start: datetime
    end: datetime | None

    @property
    def middle(self) -> Window:
        """The UTC day before the one on which it ended."""
        end = floor(self.end or self.start, DAY)
        return Window(end - DAY, end)


def long_span(observed: Observed) -> Span:
    """Return a span that began two days or more before the day on which it ended.

    Raises:
        Undecidable: The sample has no such span.
    """
    spans = [*_spans(observed.body("users-day"))]
    for span in spans:
        if span.end and span.start < span.middle.start:
            return span
    msg = f"none of {len(spans)} spans of a Monday lasted over a whole day"
    raise Undecidable(msg)


def entries_of_a_page(observed: Observed) -> Verdict:
    """Judge whether a page holds status entries, and `totalHits` counts them."""
    body = observed.body("users-day")
    total, users = number(body, "totalHits"), len(rows(body, "userDetails"))
    entries = len([*_spans(body)])
    evidence = f"a page of {PAGE} has {entries} entries of {users} users; totalHits {total}"
    if entries > PAGE:
        return refuted(evidence)
    if total is None or entries <= users:
        raise Undecidable(evidence)
    # If users were counted, there would be as many as on the page, or a further page.
    return held(evidence, if_true=total != users)


def middle_days(observed: Observed) -> Verdict:
    """Judge whether a span is left out on the days between its first and its last."""
    span = long_span(observed)
    spans = [*_spans(observed.body("users-middle"))]
    is_there = any(
        (one.user, one.kind, one.start) == (span.user, span.kind, span.start) for one in spans
    )
    days = (floor(span.end or span.start, DAY) - floor(span.start, DAY)) // DAY + 1
    among = "among" if is_there else "not among"
    evidence = f"a span of {days} UTC days is {among} the {len(spans)} entries of the last but one"
    return held(evidence, if_true=not is_there)


def milliseconds(observed: Observed) -> Verdict:
    """Judge whether dates of users' details come with milliseconds or without."""
    counted = {
        name: _with_and_without(observed, name) for name in ("users-day", "details-first", "lake")
    }
    with_them, without = counted["users-day"]
    if not with_them + without:
        msg = "no date in users-day"
        raise Undecidable(msg)
    evidence = "; ".join(
        f"{name}: {first} with, {second} without"
        for name, (first, second) in counted.items()
        if first + second
    )
    return confirmed(evidence) if without else refuted(evidence)


def _with_and_without(observed: Observed, name: str) -> tuple[int, int]:
    response = observed.responses.get(name)
    found = [*dates(response.body, with_ahead=True)] if response else []
    with_them = sum(1 for date in found if _MILLISECONDS.search(date))
    return with_them, len(found) - with_them


def _spans(body: Record) -> Iterator[Span]:
    for details in rows(body, "userDetails"):
        for kind in _KINDS:
            for span in rows(details, kind):
                start = moment(span, "startTime")
                if start and (user := text(details, "userId")):
                    yield Span(user, kind, start, moment(span, "endTime"))
