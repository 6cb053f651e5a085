"""One nested conversation becomes rows of flat tables. Pure.

A row's key, `_id`, is its path in the tree: the ids from the conversation down, joined by `/`.
Where the vendor gives no id, or the same one twice under one parent, a position after `#` stands in
for it or follows it; in ids themselves those two signs are written `~1` and `~2`, and `~` is `~0`.
So two rows of a table have the same key only if they are the same place in the same conversation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """What a table is made of.

    Args:
        model: The vendor's model of what becomes a row.
        ids: The ids of the row's ancestors below the conversation.
        inner: Fields of the model that are tables of their own.
        has_position: Whether a row says which among its siblings it is.
    """

    model: str
    ids: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    has_position: bool = True


_SESSION = ("participantId", "sessionId")

#: Table -> what it is made of. Two more, of other shapes, follow below.
TABLES = {
    "conversation_participants": Table("AnalyticsParticipant", inner=("attributes", "sessions")),
    "conversation_sessions": Table(
        "AnalyticsSession",
        ("participantId",),
        inner=("flow", "mediaEndpointStats", "metrics", "segments"),
    ),
    "conversation_segments": Table("AnalyticsConversationSegment", _SESSION),
    "conversation_metrics": Table("AnalyticsSessionMetric", _SESSION),
    "conversation_media_stats": Table("AnalyticsMediaEndpointStat", _SESSION),
    "conversation_flows": Table("AnalyticsFlow", _SESSION, ("outcomes",), has_position=False),
    "conversation_flow_outcomes": Table("AnalyticsFlowOutcome", (*_SESSION, "flowId")),
    "conversation_evaluations": Table("AnalyticsEvaluation"),
    "conversation_surveys": Table("AnalyticsSurvey"),
    "conversation_resolutions": Table("AnalyticsResolution"),
}
ATTRIBUTES = "conversation_participant_attributes"
WRAP_UPS = "conversation_wrap_ups"
#: A wrap-up's columns: of its segment, session, participant and conversation, in this order.
WRAP_UP_FIELDS = {
    "AnalyticsConversationSegment": (
        "wrapUpCode",
        "wrapUpNote",
        "wrapUpTags",
        "queueId",
        "segmentStart",
        "segmentEnd",
    ),
    "AnalyticsSession": ("mediaType", "direction"),
    "AnalyticsParticipant": ("purpose", "userId", "teamId"),
    "AnalyticsConversation": ("originatingDirection", "divisionIds"),
}
#: Times of the session, in milliseconds, that its last wrap-up carries.
WRAP_UP_METRICS = ("tAcw", "tHandle", "tHeld", "tTalk")
#: Columns of a table that are not the vendor's fields of its level.
OWN = frozenset(
    ("_extra", "_id", "_parentId", "_readAt", "_source", "conversationId", "conversationStart")
)
#: The same, from the conversation down.
_WRAP_UP_NAMES = tuple(reversed(WRAP_UP_FIELDS.values()))
#: A session's lists of what has nothing below it.
_LEAVES = (
    ("segments", "conversation_segments"),
    ("metrics", "conversation_metrics"),
    ("mediaEndpointStats", "conversation_media_stats"),
)
_OBJECTS = {dict}


def rows(conversation: Row, fields: Mapping[str, AbstractSet[str]]) -> dict[str, list[Row]]:
    """Return the rows of each wanted table that a conversation has some of; it is left as it is.

    Args:
        conversation: As the vendor tells it, with our own columns `_readAt` and `_source`.
        fields: Wanted table -> the fields that its schema knows of the vendor's model; what else a
            row has is kept in its `_extra`.
    """
    harvest = _Harvest(fields)
    harvest.conversation(conversation)
    return harvest.found


def vendors_fields(table: str, columns: Iterable[str]) -> frozenset[str]:
    """Return those of a table's columns that are the vendor's."""
    made_of = TABLES.get(table)
    ours = {*OWN, *made_of.ids, "position"} if made_of else OWN
    return frozenset(columns) - ours


class _Harvest:
    """What has been found of one conversation."""

    def __init__(self, fields: Mapping[str, AbstractSet[str]]) -> None:
        self._fields = fields
        self.found: dict[str, list[Row]] = {}

    def conversation(self, conversation: Row) -> None:
        key = _escaped(str(conversation.get("conversationId")))
        above = {
            name: conversation.get(name)
            for name in ("conversationId", "conversationStart", "_readAt", "_source")
        }
        for field, table, name in (
            ("evaluations", "conversation_evaluations", "evaluationId"),
            ("surveys", "conversation_surveys", "surveyId"),
            ("resolutions", "conversation_resolutions", None),
        ):
            if field in conversation and table in self._fields:
                for below, place, node in _keyed(conversation[field], key, name):
                    self._add(table, node, below, above, place)
        for below, place, node in _keyed(conversation.get("participants"), key, "participantId"):
            self._participant(conversation, node, below, above, place)

    def _participant(
        self, conversation: Row, participant: Row, key: str, above: Row, place: int
    ) -> None:
        self._add("conversation_participants", participant, key, above, place)
        above = {**above, "participantId": participant.get("participantId"), "_parentId": key}
        attributes = participant.get("attributes")
        if attributes and ATTRIBUTES in self._fields and isinstance(attributes, dict):
            self.found.setdefault(ATTRIBUTES, []).extend(
                {**above, "_id": f"{key}/{_escaped(name)}", "key": name, "value": _text(value)}
                for name, value in attributes.items()
            )
        for below, number, session in _keyed(participant.get("sessions"), key, "sessionId"):
            self._add("conversation_sessions", session, below, above, number)
            inner = {**above, "sessionId": session.get("sessionId"), "_parentId": below}
            self._session(session, below, inner)
            if WRAP_UPS in self._fields:
                self._wrap_ups((conversation, participant, session), below, inner)

    def _session(self, session: Row, key: str, above: Row) -> None:
        for field, table in _LEAVES:
            if field in session and table in self._fields:
                self._leaves(table, session[field], key, above)
        flow = session.get("flow")
        if isinstance(flow, dict):
            self._add("conversation_flows", flow, key, above, 0)
            if "conversation_flow_outcomes" in self._fields:
                inner = {**above, "flowId": flow.get("flowId")}
                self._leaves("conversation_flow_outcomes", flow.get("outcomes"), key, inner)

    def _leaves(self, table: str, nodes: object, key: str, above: Row) -> None:
        """Add what has neither an id nor anything below it; most rows are such."""
        known = self._fields[table]
        made = self.found.setdefault(table, [])
        for place, node in enumerate(_rows(nodes)):
            if node.keys() <= known:
                below = f"{key}/{place}"
                made.append({**node, **above, "_id": below, "_extra": None, "position": place})
            else:
                self._add(table, node, f"{key}/{place}", above, place)

    def _wrap_ups(self, around: tuple[Row, Row, Row], key: str, above: Row) -> None:
        made = []
        for place, segment in enumerate(_rows(around[-1].get("segments"))):
            if segment.get("wrapUpCode"):
                row = {**above, "_id": f"{key}/{place}", "position": place}
                for node, names in zip((*around, segment), _WRAP_UP_NAMES, strict=True):
                    for name in names:
                        row[name] = node.get(name)
                made.append(row)
        if made:
            # On one of them only, so that a sum over wrap-ups counts no session twice.
            made[-1].update(_times(around[-1]))
            self.found.setdefault(WRAP_UPS, []).extend(made)

    def _add(self, table: str, node: Row, key: str, above: Row, place: int) -> None:
        known = self._fields.get(table)
        if known is None:
            return
        made_of = TABLES[table]
        row = node.copy()
        extra = {}
        for name in made_of.inner:
            value = row.pop(name, None)
            if value and not _is_told_below(name, value):
                extra[name] = value
        if not row.keys() <= known:
            extra.update((name, row.pop(name)) for name in [*row] if name not in known)
        row.update(above)
        row["_id"] = key
        row["_extra"] = extra or None
        if made_of.has_position:
            row["position"] = place
        self.found.setdefault(table, []).append(row)


def _keyed(nodes: object, above: str, name: str | None) -> Iterator[tuple[str, int, Row]]:
    """Yield each node with its key and its position.

    Args:
        nodes: A list of them, if it is one.
        above: The key of what they belong to.
        name: The field that is their id; None where the vendor gives none.
    """
    seen: set[str] = set()
    for place, node in enumerate(_rows(nodes)):
        own = node.get(name) if name else None
        if not own or not isinstance(own, str):
            yield f"{above}/#{place}", place, node
        elif own in seen:
            yield f"{above}/{_escaped(own)}#{place}", place, node
        else:
            seen.add(own)
            yield f"{above}/{_escaped(own)}", place, node


def _escaped(text: str) -> str:
    if "~" in text or "/" in text or "#" in text:
        return text.replace("~", "~0").replace("/", "~1").replace("#", "~2")
    return text


def _rows(value: object) -> list[Row]:
    """Return the objects of a list; what is none stays in the `_extra` of what holds it."""
    return value if _is_list_of_objects(value) else []  # type: ignore[return-value] # it is


def _is_list_of_objects(value: object) -> bool:
    return type(value) is list and (not value or {*map(type, value)} == _OBJECTS)


def _is_told_below(name: str, value: object) -> bool:
    """Return whether an inner field has the shape that its table is made of."""
    if name in ("attributes", "flow"):
        return isinstance(value, dict)
    return _is_list_of_objects(value)


def _text(value: object) -> str | None:
    """Return an attribute's value; the vendor's are texts."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _times(session: Row) -> dict[str, int]:
    times: dict[str, int] = {}
    for metric in _rows(session.get("metrics")):
        name, value = metric.get("name"), metric.get("value")
        if name in WRAP_UP_METRICS and isinstance(value, int):
            times[str(name)] = times.get(str(name), 0) + value
    return times
