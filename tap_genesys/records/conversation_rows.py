"""Flat rows of one nested conversation. Pure.

A row's key, `_id`, is the conversation's id, a `/`, and the vendor's id of the object; for an
object without an id field, the key of its parent, a `/`, and its position. A missing id is replaced
by a `#` and positions; a repeated id is followed by them. In ids, `/` is escaped as `~1`, `#` as
`~2`, and `~` as `~0`. So two rows of a table have equal keys only if they are the same place in the
same conversation.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The source of a table's rows.

    Args:
        model: The vendor's model of a row.
        ids: The ids of the row's ancestors below the conversation.
        inner: Fields of the model that have tables of their own.
        has_position: Whether a row has its position among its siblings.
    """

    model: str
    ids: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    has_position: bool = True


class RowParts(NamedTuple):
    """Rows of a table as parts in parallel lists, which `row_lines` serializes.

    Args:
        fields: The vendor's fields of each row.
        shared: The columns that siblings share, one object for all of them.
        keys: The key of each row; None where it is `_parentId` and the position, as for most rows.
        positions: The position of each row among its siblings; None without that column.
        extras: The fields of each row that are not in the table's schema.
    """

    fields: list[Row]
    shared: list[Row]
    keys: list[str | None]
    positions: list[int | None]
    extras: list[Row | None]

    @classmethod
    def empty(cls) -> RowParts:
        """Return the parts of a table without rows."""
        return cls([], [], [], [], [])

    def add(
        self,
        fields: Row,
        shared: Row,
        *,
        key: str | None = None,
        position: int | None = None,
        extra: Row | None = None,
    ) -> None:
        """Add a row, each argument to its list."""
        self.fields.append(fields)
        self.shared.append(shared)
        self.keys.append(key)
        self.positions.append(position)
        self.extras.append(extra)

    def add_siblings(self, siblings: list[Row], shared: Row) -> None:
        """Add all rows of one parent without own keys, faster than one by one."""
        absent = [None] * len(siblings)
        self.fields.extend(siblings)
        self.shared.extend([shared] * len(siblings))
        self.keys.extend(absent)
        self.positions.extend(range(len(siblings)))
        self.extras.extend(absent)


_SESSION = ("participantId", "sessionId")

#: Table -> the source of its rows, but for the two tables below.
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
#: The columns of `conversation_details` whose content the tables hold.
NESTED = ("evaluations", "participants", "resolutions", "surveys")
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
#: Times of the session, in milliseconds, that its last wrap-up row has.
WRAP_UP_METRICS = ("tAcw", "tHandle", "tHeld", "tTalk")
#: The tap's own columns of a table.
OWN = frozenset(
    ("_extra", "_id", "_parentId", "_readAt", "_source", "conversationId", "conversationStart")
)
#: Tables whose rows have no model of the vendor's, and so no unknown fields.
WITHOUT_EXTRA = frozenset((ATTRIBUTES, WRAP_UPS))
_WRAP_UP_NAMES = tuple(WRAP_UP_FIELDS.values())
#: A session's lists of objects without children.
_LEAVES = (
    ("segments", "conversation_segments"),
    ("metrics", "conversation_metrics"),
    ("mediaEndpointStats", "conversation_media_stats"),
)
#: Assessments of a whole conversation: field, table, and id field.
_ASSESSMENTS = (
    ("evaluations", "conversation_evaluations", "evaluationId"),
    ("surveys", "conversation_surveys", "surveyId"),
    ("resolutions", "conversation_resolutions", None),
)
_OBJECTS = {dict}


def rows(conversation: Row, fields: Mapping[str, AbstractSet[str]]) -> dict[str, list[Row]]:
    """Return table -> rows of a conversation, which is not changed; without empty tables.

    Args:
        conversation: The vendor's record, with the tap's columns `_readAt` and `_source`.
        fields: Selected table -> the vendor's fields in its schema; a row's other fields go into
            its `_extra`.
    """
    collector = RowCollector(fields)
    collector.add(conversation)
    return {table: list(_whole_rows(table, parts)) for table, parts in collector.take().items()}


def _whole_rows(table: str, parts: RowParts) -> Iterator[Row]:
    """Yield the assembled rows of a table."""
    columns = (parts.fields, parts.shared, parts.keys, parts.positions, parts.extras)
    for fields, shared, key, position, extra in zip(*columns, strict=True):
        row = {**fields, **shared, "_id": key or f"{shared['_parentId']}/{position}"}
        if table not in WITHOUT_EXTRA:
            row["_extra"] = extra
        if position is not None:
            row["position"] = position
        yield row


def vendors_fields(table: str, columns: Iterable[str]) -> frozenset[str]:
    """Return the columns of a table that are the vendor's fields."""
    source = TABLES.get(table)
    ours = {*OWN, *source.ids, "position"} if source else OWN
    return frozenset(columns) - ours


class RowCollector:
    """Collects the rows of conversations, as parts.

    Args:
        fields: As for `rows`.
    """

    def __init__(self, fields: Mapping[str, AbstractSet[str]]) -> None:
        self._fields = {table: frozenset(names) for table, names in fields.items()}
        self._parts: defaultdict[str, RowParts] = defaultdict(RowParts.empty)
        self._assessments = [source for source in _ASSESSMENTS if source[1] in fields]

    def take(self) -> dict[str, RowParts]:
        """Return table -> rows that were collected since the last call."""
        tables = dict(self._parts)
        self._parts.clear()
        return tables

    def add(self, conversation: Row) -> None:
        """Collect a conversation's rows, as `rows` returns them."""
        key = _escaped(str(conversation.get("conversationId")))
        shared = {
            "conversationId": conversation.get("conversationId"),
            "conversationStart": conversation.get("conversationStart"),
            "_readAt": conversation.get("_readAt"),
            "_source": conversation.get("_source"),
        }
        seen: set[str] = set()
        for name, table, id_field in self._assessments:
            if nodes := conversation.get(name):
                for position, node in enumerate(_rows(nodes)):
                    own_id = node.get(id_field) if id_field else None
                    self._add(table, node, shared, _key(key, own_id, f"{position}", seen), position)
                seen.clear()
        ids: set[str] = set()
        for position, node in enumerate(_rows(conversation.get("participants"))):
            own_id = node.get("participantId")
            node_key = _key(key, own_id, f"{position}", ids)
            shared_below = {**shared, "participantId": own_id, "_parentId": node_key}
            nested = []
            attributes = node.get("attributes")
            if attributes and isinstance(attributes, dict):
                nested.append("attributes")
                if ATTRIBUTES in self._fields:
                    self._attributes(attributes, shared_below, node_key)
            if sessions := _rows(node.get("sessions")):
                nested.append("sessions")
            for number, session in enumerate(sessions):
                own_id = session.get("sessionId")
                session_key = _key(key, own_id, f"{position}.{number}", seen)
                shared_inside = {**shared_below, "sessionId": own_id, "_parentId": session_key}
                ancestors = (node, conversation)
                self._session(session, shared_below, shared_inside, number, ancestors)
            self._add("conversation_participants", node, shared, node_key, position, nested)

    def _attributes(self, attributes: Row, shared: Row, key: str) -> None:
        parts = self._parts[ATTRIBUTES]
        for name, value in attributes.items():
            row = {"key": name, "value": _text(value)}
            parts.add(row, shared, key=f"{key}/{_escaped(name)}")

    def _session(
        self,
        session: Row,
        shared: Row,
        shared_below: Row,
        position: int,
        ancestors: tuple[Row, Row],
    ) -> None:
        nested = []
        segments: list[Row] = []
        for name, table in _LEAVES:
            if nodes := _rows(session.get(name)):
                nested.append(name)
                if table in self._fields:
                    self._siblings(table, nodes, shared_below)
                if name == "segments":
                    segments = nodes
        if isinstance(flow := session.get("flow"), dict):
            nested.append("flow")
            self._flow(flow, shared_below)
        key = shared_below["_parentId"]
        self._add("conversation_sessions", session, shared, key, position, nested)
        if WRAP_UPS in self._fields:
            self._wrap_ups(segments, (session, *ancestors), shared_below)

    def _flow(self, flow: Row, shared: Row) -> None:
        nested = []
        if outcomes := _rows(flow.get("outcomes")):
            nested.append("outcomes")
            if "conversation_flow_outcomes" in self._fields:
                shared_below = {**shared, "flowId": flow.get("flowId")}
                self._siblings("conversation_flow_outcomes", outcomes, shared_below)
        self._add("conversation_flows", flow, shared, shared["_parentId"], None, nested)

    def _siblings(self, table: str, nodes: list[Row], shared: Row) -> None:
        """Add objects without ids and without children."""
        if self._fields[table].issuperset(chain.from_iterable(nodes)):
            self._parts[table].add_siblings(nodes, shared)
            return
        for position, node in enumerate(nodes):
            self._add(table, node, shared, None, position)

    def _wrap_ups(self, segments: list[Row], ancestors: tuple[Row, ...], shared: Row) -> None:
        row: Row | None = None
        for position, segment in enumerate(segments):
            if segment.get("wrapUpCode"):
                row = {}
                for node, names in zip((segment, *ancestors), _WRAP_UP_NAMES, strict=True):
                    for name in names:
                        row[name] = node.get(name)
                self._parts[WRAP_UPS].add(row, shared, position=position)
        if row is not None:
            # On the last wrap-up only, so that a sum over wrap-ups counts no session twice.
            row.update(_times(ancestors[0]))

    def _add(
        self,
        table: str,
        node: Row,
        shared: Row,
        key: str | None,
        position: int | None,
        nested: Iterable[str] = (),
    ) -> None:
        """Add a row to a table, if it is selected.

        Args:
            table: The table.
            node: The vendor's object.
            shared: The columns that siblings share.
            key: The key of the row.
            position: The position among its siblings.
            nested: The fields of the object that become rows of other tables.
        """
        fields = self._fields.get(table)
        if fields is None:
            return
        extra = None
        if not node.keys() <= fields:
            node = node.copy()
            for name in nested:
                del node[name]
            if not node.keys() <= fields:
                inner = TABLES[table].inner
                unknown = [name for name in node if name not in fields]
                extra = {name: node.pop(name) for name in unknown}
                extra = {name: value for name, value in extra.items() if value or name not in inner}
        self._parts[table].add(node, shared, key=key, position=position, extra=extra or None)


def _key(conversation: str, own_id: object, path: str, seen: set[str]) -> str:
    """Return the key of an object that has an id field.

    Args:
        conversation: The conversation's id, escaped.
        own_id: The vendor's id of the object; None without one.
        path: The position of the object, or the positions of its ancestors and itself.
        seen: The ids of earlier objects; this object's id is added.
    """
    if not own_id or not isinstance(own_id, str):
        return f"{conversation}/#{path}"
    if own_id in seen:
        return f"{conversation}/{_escaped(own_id)}#{path}"
    seen.add(own_id)
    return f"{conversation}/{_escaped(own_id)}"


def _escaped(text: str) -> str:
    if "~" in text or "/" in text or "#" in text:
        return text.replace("~", "~0").replace("/", "~1").replace("#", "~2")
    return text


def _rows(value: object) -> list[Row]:
    """Return a list of objects; an empty list for any other value, which goes into `_extra`."""
    if type(value) is list and {*map(type, value)} == _OBJECTS:
        return value
    return []


def _text(value: object) -> str | None:
    """Return an attribute's value as text, which is the vendor's own type of it."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _times(session: Row) -> dict[str, int]:
    times: dict[str, int] = {}
    for metric in _rows(session.get("metrics")):
        name, value = metric.get("name"), metric.get("value")
        if name in WRAP_UP_METRICS and isinstance(value, int):
            times[str(name)] = times.get(str(name), 0) + value
    return times
