"""The tables of conversations: their names, and the columns of their schemas."""

from __future__ import annotations

import json
from importlib import resources

from tap_genesys import schemas
from tap_genesys.records.conversation_rows import ATTRIBUTES, TABLES, WRAP_UPS, vendors_fields

NAMES = [*TABLES, ATTRIBUTES, WRAP_UPS]
COLUMNS = {
    name: json.loads((resources.files(schemas) / f"{name}.json").read_text("utf-8"))["properties"]
    for name in NAMES
}
FIELDS = {name: vendors_fields(name, columns) for name, columns in COLUMNS.items()}
