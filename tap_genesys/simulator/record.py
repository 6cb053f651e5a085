"""The parts of a conversation: participants, sessions, segments, metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from tap_genesys.simulator.staff import identifier

Row = dict[str, Any]


@lru_cache(maxsize=1 << 17)
def stamp(moment: datetime) -> str:
    """Return a moment as a timestamp in the vendor's form: UTC, with milliseconds."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"


class Record:
    """A builder of the parts of a conversation; moments are milliseconds since its start.

    Args:
        seed: The org's seed.
        number: The conversation's number.
        start: When it starts.
        medium: Its medium.
    """

    def __init__(self, seed: int, number: int, start: datetime, medium: str) -> None:
        self._seed = seed
        self._number = number
        self._start = start
        self._medium = medium
        self._ids = 0
        self._stamps: dict[int, str] = {}

    def _participant(self, purpose: str, session: Row) -> Row:
        return {"participantId": self._id(), "purpose": purpose, "sessions": [session]}

    def _session(self, direction: str) -> Row:
        return {
            "sessionId": self._id(),
            "mediaType": self._medium,
            "direction": direction,
            "provider": "Edge" if self._medium == "voice" else "PureCloud Messaging",
        }

    def _segment(
        self, kind: str, begin: int, end: int, *, disconnect: str = "", **more: str
    ) -> Row:
        segment: Row = {"segmentType": kind, "segmentStart": self._at(begin)}
        segment |= {"segmentEnd": self._at(end), "conference": False} | more
        return segment | ({"disconnectType": disconnect} if disconnect else {})

    def _metric(self, name: str, value: int, emitted: int) -> Row:
        return {"name": name, "value": value, "emitDate": self._at(emitted)}

    def _at(self, milliseconds: int) -> str:
        timestamp = self._stamps.get(milliseconds)
        if timestamp is None:
            timestamp = stamp(self._start + timedelta(milliseconds=milliseconds))
            self._stamps[milliseconds] = timestamp
        return timestamp

    def _id(self, *parts: object) -> str:
        """Return the id of a part of the conversation; without parts, a new id each time."""
        if not parts:
            self._ids += 1
        return identifier(self._seed, self._number, *(parts or (self._ids,)))

    def _org_id(self, *parts: object) -> str:
        """Return the id of an object that many conversations share."""
        return identifier(self._seed, "org", *parts)
