"""The documented JSON Schemas of what the tap reports, to which tests hold each output."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

DOCS = Path(__file__).parent.parent.parent / "docs"


def hold_to_schema(name: str, content: object) -> None:
    """Assert that an output has all keys of its documented schema, and no other.

    Args:
        name: `run_report` or `check`.
        content: The output, parsed.
    """
    validator_of(name).validate(content)


@cache
def validator_of(name: str) -> jsonschema.Draft202012Validator:
    """Return the validator of a documented schema, closed: only users accept further keys."""
    schema = json.loads((DOCS / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(closed(schema))


def closed(schema: Any) -> Any:
    """Return a schema whose objects have no other keys than its properties, and all of them."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: closed(part) for key, part in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        assert sorted(schema["required"]) == sorted(schema["properties"])
        parts["additionalProperties"] = False
    return parts
