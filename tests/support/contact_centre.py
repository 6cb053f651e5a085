"""An org for the tests of models, and the figures that a contact centre asks of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_genesys.simulator import World

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

SINCE = datetime(2025, 2, 24, tzinfo=UTC)
DAY = timedelta(days=1)
#: The moment at which the org renames its first queue, agent and wrap-up code.
RENAMED = SINCE + 20 * DAY
#: The suffix of a name that was changed.
NEW = ", renamed"


class Org(World):
    """Org with names that change, and with the identities of most of its customers."""

    def in_lake(self, number: int, moment: datetime | None = None) -> Row:
        row = super().in_lake(number, moment)
        for participant, session in sessions(row):
            if participant["purpose"] not in ("customer", "external"):
                continue
            if number % 3:
                participant["externalContactId"] = f"contact-{number % 41}"
            if session["mediaType"] in ("message", "chat", "email") and number % 7:
                session["addressFrom"] = f"customer-{number % 37}@contact.example"
        return row

    def queues(self) -> list[Row]:
        return self._renamed(super().queues())

    def users(self) -> list[Row]:
        return self._renamed(super().users())

    def wrapup_codes(self) -> list[Row]:
        return self._renamed(super().wrapup_codes())

    def _renamed(self, rows: list[Row]) -> list[Row]:
        first, *others = rows
        if self.now < RENAMED:
            return rows
        return [{**first, "name": first["name"] + NEW}, *others]


#: Without further changes at its end, but for e-mails that stay open.
ORG = Org(
    seed=6,
    per_day=30,
    since=SINCE,
    now=SINCE + 60 * DAY,
    until=SINCE + 10 * DAY,
    service_levels=True,
)


class Measure(NamedTuple):
    """A metric of the truth."""

    metric: str
    value: int
    medium: str
    queue: str
    agent: str
    moment: datetime


def sessions(row: Row) -> Iterator[tuple[Row, Row]]:
    """Yield each session with its participant."""
    for participant in row["participants"]:
        for session in participant["sessions"]:
            yield participant, session


def measures(row: Row) -> Iterator[Measure]:
    """Yield the metrics of a conversation; queue and agent are empty where there is none."""
    for participant, session in sessions(row):
        queues = [segment["queueId"] for segment in session["segments"] if "queueId" in segment]
        for metric in session.get("metrics", ()):
            yield Measure(
                metric["name"],
                metric["value"],
                session["mediaType"],
                min(queues, default=""),
                participant.get("userId", ""),
                datetime.fromisoformat(metric["emitDate"]),
            )


def names(rows: list[Row]) -> dict[str, str]:
    """Return id -> name."""
    return {row["id"]: row["name"] for row in rows}


def truth() -> list[Row]:
    """Return all conversations of the org, as jobs return them at its end."""
    return [ORG.in_lake(number) for number in ORG.numbers(SINCE, ORG.now)]


def seconds(start: datetime, end: str) -> float:
    """Return the seconds from a moment to one in the vendor's form."""
    return (datetime.fromisoformat(end) - start) / timedelta(seconds=1)
