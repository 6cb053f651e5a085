"""One nested conversation becomes rows of flat tables. Pure.

A row's key, `_id`, is the id of its conversation, a `/`, and the vendor's id of what it is; for
what has no id of its own the id of what holds it, a `/`, and its position. Where the vendor gives
no id, or one for the second time in a conversation, positions after a `#` stand in for it or follow
it; in ids themselves `/` is written `~1`, `#` `~2`, and `~` `~0`. So two rows of a table have the
same key only if they are the same place in the same conversation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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


#: A row in its pieces: the vendor's fields, the columns that it shares with its neighbours, its
#: key, its position, and what its schema does not know. It is written without being put together.
Piece = tuple[Row, Row, str, int | None, Row | None]

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
#: Tables whose rows are no model of the vendor's, and so know all their fields.
WITHOUT_EXTRA = frozenset((ATTRIBUTES, WRAP_UPS))
#: A wrap-up's columns, from the conversation down.
_WRAP_UP_NAMES = tuple(reversed(WRAP_UP_FIELDS.values()))
#: A session's lists of what has nothing below it.
_LEAVES = (
    ("segments", "conversation_segments"),
    ("metrics", "conversation_metrics"),
    ("mediaEndpointStats", "conversation_media_stats"),
)
#: What is said of a conversation as a whole, and the field that is its id.
_JUDGEMENTS = (
    ("evaluations", "conversation_evaluations", "evaluationId"),
    ("surveys", "conversation_surveys", "surveyId"),
    ("resolutions", "conversation_resolutions", None),
)
_OBJECTS = {dict}


def pieces(conversation: Row, fields: Mapping[str, AbstractSet[str]]) -> dict[str, list[Piece]]:
    """Return the rows of each wanted table that a conversation has some of; it is left as it is.

    Args:
        conversation: As the vendor tells it, with our own columns `_readAt` and `_source`.
        fields: Wanted table -> the fields that its schema knows of the vendor's model; what else a
            row has is kept in its `_extra`.
    """
    harvest = _Harvest(fields)
    harvest.conversation(conversation)
    return harvest.found


def rows(conversation: Row, fields: Mapping[str, AbstractSet[str]]) -> dict[str, list[Row]]:
    """Return the same, each row put together."""
    return {
        table: [_whole(table, *piece) for piece in found]
        for table, found in pieces(conversation, fields).items()
    }


def _whole(
    table: str, node: Row, above: Row, key: str, place: int | None, extra: Row | None
) -> Row:
    row = {**node, **above, "_id": key}
    if table not in WITHOUT_EXTRA:
        row["_extra"] = extra
    if place is not None:
        row["position"] = place
    return row


def vendors_fields(table: str, columns: Iterable[str]) -> frozenset[str]:
    """Return those of a table's columns that are the vendor's."""
    made_of = TABLES.get(table)
    ours = {*OWN, *made_of.ids, "position"} if made_of else OWN
    return frozenset(columns) - ours


class _Harvest:
    """What has been found of one conversation."""

    def __init__(self, fields: Mapping[str, AbstractSet[str]]) -> None:
        self._fields = fields
        self._seen: set[str] = set()
        self.found: dict[str, list[Piece]] = {}

    def conversation(self, conversation: Row) -> None:
        key = _escaped(str(conversation.get("conversationId")))
        above = {
            name: conversation.get(name)
            for name in ("conversationId", "conversationStart", "_readAt", "_source")
        }
        for field, table, name in _JUDGEMENTS:
            if field in conversation and table in self._fields:
                for place, node in enumerate(_rows(conversation[field])):
                    below = self._key(key, node.get(name) if name else None, f"{place}")
                    self._add(table, node, above, below, place)
                self._seen.clear()
        around = []
        for place, node in enumerate(_rows(conversation.get("participants"))):
            below = self._key(key, node.get("participantId"), f"{place}")
            self._add("conversation_participants", node, above, below, place)
            around.append((node, below))
        self._seen.clear()
        for place, (node, below) in enumerate(around):
            shared = {
                **above,
                "participantId": node.get("participantId"),
                "_parentId": below,
            }
            attributes = node.get("attributes")
            if attributes and ATTRIBUTES in self._fields and isinstance(attributes, dict):
                self.found.setdefault(ATTRIBUTES, []).extend(
                    ({"key": n, "value": _text(v)}, shared, f"{below}/{_escaped(n)}", None, None)
                    for n, v in attributes.items()
                )
            for number, session in enumerate(_rows(node.get("sessions"))):
                own = self._key(key, session.get("sessionId"), f"{place}.{number}")
                self._add("conversation_sessions", session, shared, own, number)
                inner = {**shared, "sessionId": session.get("sessionId"), "_parentId": own}
                self._session((conversation, node, session), inner, own)

    def _session(self, around: tuple[Row, Row, Row], above: Row, key: str) -> None:
        session = around[-1]
        for field, table in _LEAVES:
            if field in session and table in self._fields:
                self._leaves(table, session[field], above, key)
        flow = session.get("flow")
        if isinstance(flow, dict):
            self._add("conversation_flows", flow, above, key, None)
            if "conversation_flow_outcomes" in self._fields:
                inner = {**above, "flowId": flow.get("flowId")}
                self._leaves("conversation_flow_outcomes", flow.get("outcomes"), inner, key)
        if WRAP_UPS in self._fields:
            self._wrap_ups(around, above, key)

    def _leaves(self, table: str, nodes: object, above: Row, key: str) -> None:
        """Add what has neither an id nor anything below it; most rows are such."""
        known = self._fields[table]
        found = self.found.setdefault(table, [])
        for place, node in enumerate(_rows(nodes)):
            if node.keys() <= known:
                found.append((node, above, f"{key}/{place}", place, None))
            else:
                self._add(table, node, above, f"{key}/{place}", place)

    def _wrap_ups(self, around: tuple[Row, Row, Row], above: Row, key: str) -> None:
        row: Row | None = None
        for place, segment in enumerate(_rows(around[-1].get("segments"))):
            if segment.get("wrapUpCode"):
                row = {}
                for node, names in zip((*around, segment), _WRAP_UP_NAMES, strict=True):
                    for name in names:
                        row[name] = node.get(name)
                found = self.found.setdefault(WRAP_UPS, [])
                found.append((row, above, f"{key}/{place}", place, None))
        if row is not None:
            # On the last of them only, so that a sum over wrap-ups counts no session twice.
            row.update(_times(around[-1]))

    def _add(self, table: str, node: Row, above: Row, key: str, place: int | None) -> None:
        known = self._fields.get(table)
        if known is None:
            return
        row, extra = node.copy(), {}
        for name in TABLES[table].inner:
            value = row.pop(name, None)
            if value and not _is_told_below(name, value):
                extra[name] = value
        if not row.keys() <= known:
            extra.update((name, row.pop(name)) for name in [*row] if name not in known)
        self.found.setdefault(table, []).append((row, above, key, place, extra or None))

    def _key(self, conversation: str, own: object, place: str) -> str:
        """Return the key of what may have an id of its own.

        Args:
            conversation: The conversation's id, escaped.
            own: The vendor's id, if there is one.
            place: The positions that lead to it.
        """
        if not own or not isinstance(own, str):
            return f"{conversation}/#{place}"
        if own in self._seen:
            return f"{conversation}/{_escaped(own)}#{place}"
        self._seen.add(own)
        return f"{conversation}/{_escaped(own)}"


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
