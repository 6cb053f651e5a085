"""One nested conversation becomes rows of flat tables. Pure.

A row's key, `_id`, is the id of its conversation, a `/`, and the vendor's id of what it is; for
what has no id of its own the id of what holds it, a `/`, and its position. Where the vendor gives
no id, or one for the second time in a conversation, positions after a `#` stand in for it or follow
it; in ids themselves `/` is written `~1`, `#` `~2`, and `~` `~0`. So two rows of a table have the
same key only if they are the same place in the same conversation.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
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


@dataclass(frozen=True, slots=True)
class RowParts:
    """Rows of a table in their parts: column by column, and not put together (`row_lines`).

    Args:
        fields: The vendor's fields of each row.
        shared: The columns that a row shares with its neighbours, the same object for all of them.
        keys: The key of each; None where that is `_parentId` and the position, as of most rows.
        positions: Which of its siblings each is, where the table has that column.
        extras: What the table's schema does not know of each.
    """

    fields: list[Row] = field(default_factory=list)
    shared: list[Row] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    positions: list[int | None] = field(default_factory=list)
    extras: list[Row | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.fields)

    def add(
        self,
        fields: Row,
        shared: Row,
        *,
        key: str | None = None,
        position: int | None = None,
        extra: Row | None = None,
    ) -> None:
        """Add a row, each argument to its column."""
        self.fields.append(fields)
        self.shared.append(shared)
        self.keys.append(key)
        self.positions.append(position)
        self.extras.append(extra)

    def add_siblings(self, siblings: list[Row], shared: Row) -> None:
        """Add all rows of one parent, without keys of their own: quicker than one by one."""
        absent = [None] * len(siblings)
        self.fields.extend(siblings)
        self.shared.extend([shared] * len(siblings))
        self.keys.extend(absent)
        self.positions.extend(range(len(siblings)))
        self.extras.extend(absent)


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
_WRAP_UP_NAMES = tuple(WRAP_UP_FIELDS.values())
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


def rows(conversation: Row, fields: Mapping[str, AbstractSet[str]]) -> dict[str, list[Row]]:
    """Return the rows of each wanted table that a conversation has some of; it is left as it is.

    Args:
        conversation: As the vendor tells it, with our own columns `_readAt` and `_source`.
        fields: Wanted table -> the fields that its schema knows of the vendor's model; what else a
            row has is kept in its `_extra`.
    """
    harvest = RowCollector(fields)
    harvest.add(conversation)
    return {table: list(_whole_rows(table, parts)) for table, parts in harvest.take().items()}


def _whole_rows(table: str, parts: RowParts) -> Iterator[Row]:
    """Yield the rows of a table, put together."""
    columns = (parts.fields, parts.shared, parts.keys, parts.positions, parts.extras)
    for fields, shared, key, position, extra in zip(*columns, strict=True):
        row = {**fields, **shared, "_id": key or f"{shared['_parentId']}/{position}"}
        if table not in WITHOUT_EXTRA:
            row["_extra"] = extra
        if position is not None:
            row["position"] = position
        yield row


def vendors_fields(table: str, columns: Iterable[str]) -> frozenset[str]:
    """Return those of a table's columns that are the vendor's."""
    made_of = TABLES.get(table)
    ours = {*OWN, *made_of.ids, "position"} if made_of else OWN
    return frozenset(columns) - ours


class RowCollector:
    """Collects the rows of conversations, in their parts, as quickly as they can be told apart.

    Args:
        fields: As of `rows`.
    """

    def __init__(self, fields: Mapping[str, AbstractSet[str]]) -> None:
        self._fields = {table: frozenset(known) for table, known in fields.items()}
        self._found: defaultdict[str, RowParts] = defaultdict(RowParts)
        self._judgements = [one for one in _JUDGEMENTS if one[1] in fields]

    def take(self) -> dict[str, RowParts]:
        """Return what has been collected since the last time: table -> its rows."""
        found = dict(self._found)
        self._found.clear()
        return found

    def add(self, conversation: Row) -> None:
        """Collect a conversation's rows; as of `rows`."""
        key = _escaped(str(conversation.get("conversationId")))
        above = {
            "conversationId": conversation.get("conversationId"),
            "conversationStart": conversation.get("conversationStart"),
            "_readAt": conversation.get("_readAt"),
            "_source": conversation.get("_source"),
        }
        seen: set[str] = set()
        for judgements, table, name in self._judgements:
            if nodes := conversation.get(judgements):
                for place, node in enumerate(_rows(nodes)):
                    below = _key(key, node.get(name) if name else None, f"{place}", seen)
                    self._add(table, node, above, below, place)
                seen.clear()
        ids: set[str] = set()
        for place, node in enumerate(_rows(conversation.get("participants"))):
            own = node.get("participantId")
            below = _key(key, own, f"{place}", ids)
            shared = {**above, "participantId": own, "_parentId": below}
            told = []
            attributes = node.get("attributes")
            if attributes and isinstance(attributes, dict):
                told.append("attributes")
                if ATTRIBUTES in self._fields:
                    self._attributes(attributes, shared, below)
            if sessions := _rows(node.get("sessions")):
                told.append("sessions")
            for number, session in enumerate(sessions):
                own = session.get("sessionId")
                inner = _key(key, own, f"{place}.{number}", seen)
                around = {**shared, "sessionId": own, "_parentId": inner}
                self._session(session, shared, around, number, (node, conversation))
            self._add("conversation_participants", node, above, below, place, told)

    def _attributes(self, attributes: Row, above: Row, key: str) -> None:
        parts = self._found[ATTRIBUTES]
        for name, value in attributes.items():
            row = {"key": name, "value": _text(value)}
            parts.add(row, above, key=f"{key}/{_escaped(name)}")

    def _session(
        self, session: Row, above: Row, around: Row, place: int, holders: tuple[Row, Row]
    ) -> None:
        told = []
        segments: list[Row] = []
        for leaves, table in _LEAVES:
            if nodes := _rows(session.get(leaves)):
                told.append(leaves)
                if table in self._fields:
                    self._siblings(table, nodes, around)
                if leaves == "segments":
                    segments = nodes
        if isinstance(flow := session.get("flow"), dict):
            told.append("flow")
            self._flow(flow, around)
        key = around["_parentId"]
        self._add("conversation_sessions", session, above, key, place, told)
        if WRAP_UPS in self._fields:
            self._wrap_ups(segments, (session, *holders), around)

    def _flow(self, flow: Row, above: Row) -> None:
        told = []
        if outcomes := _rows(flow.get("outcomes")):
            told.append("outcomes")
            if "conversation_flow_outcomes" in self._fields:
                inner = {**above, "flowId": flow.get("flowId")}
                self._siblings("conversation_flow_outcomes", outcomes, inner)
        self._add("conversation_flows", flow, above, above["_parentId"], None, told)

    def _siblings(self, table: str, nodes: list[Row], above: Row) -> None:
        """Add what has neither an id nor anything below it."""
        if self._fields[table].issuperset(chain.from_iterable(nodes)):
            self._found[table].add_siblings(nodes, above)
            return
        for place, node in enumerate(nodes):
            self._add(table, node, above, None, place)

    def _wrap_ups(self, segments: list[Row], around: tuple[Row, ...], above: Row) -> None:
        row: Row | None = None
        for place, segment in enumerate(segments):
            if segment.get("wrapUpCode"):
                row = {}
                for node, names in zip((segment, *around), _WRAP_UP_NAMES, strict=True):
                    for name in names:
                        row[name] = node.get(name)
                self._found[WRAP_UPS].add(row, above, position=place)
        if row is not None:
            # On the last of them only, so that a sum over wrap-ups counts no session twice.
            row.update(_times(around[0]))

    def _add(
        self,
        table: str,
        node: Row,
        above: Row,
        key: str | None,
        place: int | None,
        told: Iterable[str] = (),
    ) -> None:
        """Add a row.

        Args:
            table: Where.
            node: What the vendor tells of it.
            above: What it shares with its siblings.
            key: Its key.
            place: Which of its siblings it is.
            told: Its fields that are rows of other tables.
        """
        known = self._fields.get(table)
        if known is None:
            return
        extra = None
        if not node.keys() <= known:
            node = node.copy()
            for name in told:
                del node[name]
            if not node.keys() <= known:
                inner = TABLES[table].inner
                new = [name for name in node if name not in known]
                extra = {name: node.pop(name) for name in new}
                extra = {name: one for name, one in extra.items() if one or name not in inner}
        self._found[table].add(node, above, key=key, position=place, extra=extra or None)


def _key(conversation: str, own: object, place: str, seen: set[str]) -> str:
    """Return the key of what may have an id of its own.

    Args:
        conversation: The conversation's id, escaped.
        own: The vendor's id, if there is one.
        place: The positions that lead to it.
        seen: The ids that were met before.
    """
    if not own or not isinstance(own, str):
        return f"{conversation}/#{place}"
    if own in seen:
        return f"{conversation}/{_escaped(own)}#{place}"
    seen.add(own)
    return f"{conversation}/{_escaped(own)}"


def _escaped(text: str) -> str:
    if "~" in text or "/" in text or "#" in text:
        return text.replace("~", "~0").replace("/", "~1").replace("#", "~2")
    return text


def _rows(value: object) -> list[Row]:
    """Return a list of objects; what is none stays in the `_extra` of what holds it."""
    if type(value) is list and {*map(type, value)} == _OBJECTS:
        return value
    return []


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
