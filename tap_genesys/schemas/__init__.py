"""JSON schemas, one per stream, and the vendor's facts about its operations.

`scripts/update_schemas.py` generates them from the vendor's OpenAPI document, except the schemas of
`conversation_reconciliation`, `conversation_summaries` and `tap_runs`, whose rows are not in the
document.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def facts(name: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Return facts that `scripts/update_schemas.py` generates from the vendor's document.

    They are loaded once and shared, so callers must not modify them.

    Args:
        name: `aggregates`, `filter_dimensions`, `namespaces`, `permissions` or `scope`: the file
            `_<name>.json`, whose underscore distinguishes it from a stream's schema.
    """
    return json.loads((files(__name__) / f"_{name}.json").read_text("utf-8"))
