"""Snapshots of a conversation at a moment, before or after its last event."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.record import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

#: The field, within the simulation only, of the moments at which a conversation was first closed
#: and reopened.
REOPENED = "_reopened"
#: The field, likewise, of a nightly correction: its moment, and the participants before it.
CORRECTED = "_corrected"
#: The field, likewise, of late and undated changes.
CHANGES = "_changes"
#: The field, likewise, of the time from the latest segment until the conversation is inactive.
INACTIVE_AFTER = "_inactiveAfter"
#: The fields whose dates may lie in the future.
AHEAD = ("callbackScheduledTime", "inactivityTimeout")
#: The assessments, which come after a conversation's end.
LATER = ("evaluations", "surveys", "resolutions")
#: The fields that a segment has only once it has ended.
_END_FIELDS = ("segmentEnd", "disconnectType", "wrapUpCode", "wrapUpNote")


def snapshot_at(row: Row, moment: str, *, by_job: bool = False) -> Row:
    """Return a complete conversation as it is at a moment, in the vendor's form.

    Segments that start later are absent, open segments have no end, and metrics that are emitted
    later are absent. Timestamps have one form, so they compare as text.

    Args:
        row: The conversation after its last event.
        moment: The moment.
        by_job: Whether to return the form of a job, with participants' attributes; a query has
            none, and gives the customer the purpose `external`.
    """
    night, before = row.get(CORRECTED, ("", []))
    if moment < night:
        row = row | {"participants": before}
    for change in row.get(CHANGES, ()):
        if moment < change.moment:
            row = change.undo(row)
    hidden = (*LATER, "conversationEnd", REOPENED, CORRECTED, CHANGES, INACTIVE_AFTER)
    snapshot = {name: value for name, value in row.items() if name not in hidden}
    end = row["conversationEnd"]
    closed, opened = row.get(REOPENED, (end, end))
    if end <= moment:
        snapshot["conversationEnd"] = end
    elif closed <= moment < opened:
        snapshot["conversationEnd"] = closed
    for name in LATER:
        if events := [event for event in row.get(name, ()) if event["eventTime"] <= moment]:
            snapshot[name] = events
    snapshot["participants"] = [
        _participant_at(participant, moment, by_job=by_job)
        for participant in row["participants"]
        if participant["sessions"][0]["segments"][0]["segmentStart"] <= moment
    ]
    if INACTIVE_AFTER in row and snapshot["participants"]:
        latest = datetime.fromisoformat(max(_segment_dates(snapshot)))
        snapshot["inactivityTimeout"] = stamp(latest + row[INACTIVE_AFTER])
    return snapshot


def _segment_dates(row: Row) -> Iterator[str]:
    for participant in row["participants"]:
        for session in participant["sessions"]:
            for segment in session["segments"]:
                yield segment["segmentStart"]
                yield segment.get("segmentEnd", "")


def _participant_at(participant: Row, moment: str, *, by_job: bool) -> Row:
    snapshot = dict(participant)
    if not by_job:
        snapshot.pop("attributes", None)
        if snapshot["purpose"] == "customer":
            snapshot["purpose"] = "external"
    snapshot["sessions"] = [_session_at(session, moment) for session in participant["sessions"]]
    return snapshot


def _session_at(session: Row, moment: str) -> Row:
    snapshot = dict(session)
    snapshot["segments"] = [
        segment if segment["segmentEnd"] <= moment else _open(segment)
        for segment in session["segments"]
        if segment["segmentStart"] <= moment
    ]
    for name, date in (("metrics", "emitDate"), ("mediaEndpointStats", "eventTime")):
        if name in session:
            snapshot[name] = [event for event in session[name] if event[date] <= moment]
    if "flow" in session and session["segments"][-1]["segmentEnd"] > moment:
        later = ("exitReason", "outcomes")
        flow = session["flow"].items()
        snapshot["flow"] = {field: value for field, value in flow if field not in later}
    return snapshot


def _open(segment: Row) -> Row:
    return {name: value for name, value in segment.items() if name not in _END_FIELDS}
