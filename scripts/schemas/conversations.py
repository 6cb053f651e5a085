"""The schemas of conversations, and of the tables that are derived from them."""

from __future__ import annotations

from schemas.columns import MOMENT, OWN, TEXT, schema_of_rows
from schemas.models import Json, properties, reference
from schemas.streams import STREAMS
from tap_genesys.records.conversation_rows import (
    ATTRIBUTES,
    TABLES,
    WRAP_UP_FIELDS,
    WRAP_UP_METRICS,
    WRAP_UPS,
)

#: The tap's own columns of conversations and their tables.
SOURCE: Json = {
    "_source": {
        "type": ["string", "null"],
        "description": "Which lane the row came from: job (whole) or query (provisional).",
    }
}
#: The tap's own columns of the tables that are derived from conversations.
TABLE_COLUMNS: Json = {
    "_id": {"type": "string", "description": "The row's key: its path in the conversation."},
    "_parentId": {
        "type": ["string", "null"],
        "description": "The `_id` of the session or participant that the row belongs to.",
    },
    "conversationId": TEXT,
    "conversationStart": MOMENT,
    "position": {
        "type": ["integer", "null"],
        "description": "Which among its siblings the row is, from 0 on.",
    },
}


def schema_of(definitions: Json, stream: str) -> Json:
    """Return the schema of one of `STREAMS`: every field at every depth, all nullable but the key.

    Args:
        definitions: The document's models.
        stream: The stream's name.
    """
    model, key = STREAMS[stream]
    return schema_of_rows(properties(definitions, reference(model)), (key,), OWN | SOURCE)


def table_schema(definitions: Json, name: str) -> Json:
    """Return the schema of a table of conversations: its level, and the ids above it."""
    columns = dict(TABLE_COLUMNS)
    own = OWN | SOURCE
    ids: tuple[str, ...]
    if name == ATTRIBUTES:
        ids = ("participantId",)
        level = {"key": TEXT, "value": TEXT}
        del columns["position"]
    elif name == WRAP_UPS:
        ids = ("participantId", "sessionId")
        level = {metric: {"type": ["integer", "null"]} for metric in WRAP_UP_METRICS}
        for model, names in WRAP_UP_FIELDS.items():
            whole = properties(definitions, reference(model))
            level |= {field: whole[field] for field in names}
    else:
        table = TABLES[name]
        ids = table.ids
        level = properties(definitions, reference(table.model))
        for field in table.inner:
            del level[field]
        if not table.has_position:
            del columns["position"]
    if name in (ATTRIBUTES, WRAP_UPS):
        del own["_extra"]
    if not ids:
        del columns["_parentId"]
    columns |= dict.fromkeys(ids, TEXT)
    clash = set(level) & set(columns)
    if clash:
        msg = f"{name}: the vendor has fields of these names too: {sorted(clash)}"
        raise SystemExit(msg)
    return schema_of_rows(level | columns, ("_id",), own)
