"""What is known of a conversation before all of it has happened."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

#: What a segment tells only when it is over.
_TOLD_AT_THE_END = ("segmentEnd", "disconnectType", "wrapUpCode", "wrapUpNote")


def known_at(row: Row, moment: str) -> Row:
    """Return what is known of a whole conversation at a moment, written as the vendor does.

    What has not begun is absent, what has not ended has no end, and no metric is emitted early.
    Timestamps are of one form, so that they compare as text.
    """
    known = {name: value for name, value in row.items() if name not in ("evaluations", "surveys")}
    if row["conversationEnd"] > moment:
        del known["conversationEnd"]
    for name in ("evaluations", "surveys"):
        if given := [one for one in row.get(name, ()) if one["eventTime"] <= moment]:
            known[name] = given
    known["participants"] = [
        participant | {"sessions": [_session_at(one, moment) for one in participant["sessions"]]}
        for participant in row["participants"]
        if participant["sessions"][0]["segments"][0]["segmentStart"] <= moment
    ]
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
