"""What is known of a conversation before all of it has happened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.record import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

#: Marks, within the simulation only, when a conversation was closed first and opened again.
REOPENED = "_reopened"
#: Marks, likewise, when a nightly correction came, and who took part as it was told before.
CORRECTED = "_corrected"
#: Marks, likewise, changes that become visible late or have no date.
CHANGES = "_changes"
#: Marks, likewise, how long after its latest segment a conversation is inactive.
INACTIVE_AFTER = "_inactiveAfter"
#: The fields whose dates may lie ahead of the present.
AHEAD = ("callbackScheduledTime", "inactivityTimeout")
#: What others think of it later.
LATER = ("evaluations", "surveys", "resolutions")
#: What a segment tells only when it is over.
_TOLD_AT_THE_END = ("segmentEnd", "disconnectType", "wrapUpCode", "wrapUpNote")


def known_at(row: Row, moment: str, *, by_job: bool = False) -> Row:
    """Return what is known of a whole conversation at a moment, written as the vendor does.

    What has not begun is absent, what has not ended has no end, and no metric is emitted early.
    Timestamps are of one form, so that they compare as text.

    Args:
        row: The conversation when all of it has happened.
        moment: Up to when it is known.
        by_job: As a job tells it, with participants' attributes; a query has none, and calls the
            customer `external`.
    """
    night, before = row.get(CORRECTED, ("", []))
    if moment < night:
        row = row | {"participants": before}
    for change in row.get(CHANGES, ()):
        if moment < change.moment:
            row = change.undo(row)
    hidden = (*LATER, "conversationEnd", REOPENED, CORRECTED, CHANGES, INACTIVE_AFTER)
    known = {name: value for name, value in row.items() if name not in hidden}
    end = row["conversationEnd"]
    closed, opened = row.get(REOPENED, (end, end))
    if end <= moment:
        known["conversationEnd"] = end
    elif closed <= moment < opened:
        known["conversationEnd"] = closed
    for name in LATER:
        if given := [one for one in row.get(name, ()) if one["eventTime"] <= moment]:
            known[name] = given
    known["participants"] = [
        _participant_at(participant, moment, by_job=by_job)
        for participant in row["participants"]
        if participant["sessions"][0]["segments"][0]["segmentStart"] <= moment
    ]
    if INACTIVE_AFTER in row and known["participants"]:
        latest = datetime.fromisoformat(max(_segment_dates(known)))
        known["inactivityTimeout"] = stamp(latest + row[INACTIVE_AFTER])
    return known


def _segment_dates(row: Row) -> Iterator[str]:
    for participant in row["participants"]:
        for session in participant["sessions"]:
            for segment in session["segments"]:
                yield segment["segmentStart"]
                yield segment.get("segmentEnd", "")


def _participant_at(participant: Row, moment: str, *, by_job: bool) -> Row:
    known = dict(participant)
    if not by_job:
        known.pop("attributes", None)
        if known["purpose"] == "customer":
            known["purpose"] = "external"
    known["sessions"] = [_session_at(one, moment) for one in participant["sessions"]]
    return known


def _session_at(session: Row, moment: str) -> Row:
    known = dict(session)
    known["segments"] = [
        one if one["segmentEnd"] <= moment else _open(one)
        for one in session["segments"]
        if one["segmentStart"] <= moment
    ]
    for name, when in (("metrics", "emitDate"), ("mediaEndpointStats", "eventTime")):
        if name in session:
            known[name] = [one for one in session[name] if one[when] <= moment]
    if "flow" in session and session["segments"][-1]["segmentEnd"] > moment:
        later = ("exitReason", "outcomes")
        known["flow"] = {k: value for k, value in session["flow"].items() if k not in later}
    return known


def _open(segment: Row) -> Row:
    return {name: value for name, value in segment.items() if name not in _TOLD_AT_THE_END}
