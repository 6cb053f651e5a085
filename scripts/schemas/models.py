"""The vendor's models as JSON schemas: every field at every depth, nullable, and open."""

from __future__ import annotations

from typing import Any

REF = "#/definitions/"
#: Levels of nested models in a listing's schema; deeper levels are free-form JSON. Warehouses keep
#: nested values as JSON, and a few of the vendor's models would expand to megabytes.
DEEPEST_MODEL = 3
_ANY_DEPTH = 99

Json = dict[str, Any]
#: The models that lead to a field, from the record's on.
Models = tuple[str, ...]


def reference(model: str) -> Json:
    """Return a reference to a model."""
    return {"$ref": f"{REF}{model}"}


def reference_of(part: Json) -> str:
    """Return the model that a part of the document refers to; empty where it refers to none."""
    return str(part.get("$ref", "")).removeprefix(REF)


def properties(definitions: Json, record: Json, deepest: int = _ANY_DEPTH) -> Json:
    """Return the schemas of a record's fields, in order; those of the root with their descriptions.

    Args:
        definitions: The document's models.
        record: The document's schema of a record.
        deepest: Levels of nested models, at most.
    """
    found: Json = {}
    for name, (field, path) in sorted(fields(parts(definitions, record, ())).items()):
        found[name] = schema(definitions, field, path, deepest)
        if "description" in field:
            found[name]["description"] = " ".join(field["description"].split())
    return found


def schema(definitions: Json, field: Json, path: Models, deepest: int = _ANY_DEPTH) -> Json:
    """Return the schema of a field; a model that contains itself ends as free-form JSON."""
    made_of = parts(definitions, field, path)
    whole = {key: (value, above) for part, above in made_of for key, value in part.items()}
    kind, _ = whole.get("type", ("string" if "enum" in whole else "object", path))
    if kind == "array":
        items, above = whole.get("items", ({}, path))
        return {"type": ["array", "null"], "items": schema(definitions, items, above, deepest)}
    if kind == "object":
        inner = fields(made_of) if len(path) < deepest else {}
        values, above = whole.get("additionalProperties", (True, path))
        if not inner and values and isinstance(values, dict):
            value = schema(definitions, values, above, deepest)
            return {"type": ["object", "null"], "additionalProperties": value}
        return _object({name: schema(definitions, *inner[name], deepest) for name in sorted(inner)})
    made: Json = {"type": [kind, "null"]}
    form, _ = whole.get("format", (None, path))
    if form in ("date", "date-time"):
        made["format"] = form
    return made


def _object(inner: Json) -> Json:
    made: Json = {"type": ["object", "null"], "additionalProperties": True}
    return made | {"properties": inner} if inner else made


def parts(definitions: Json, field: Json, path: Models) -> list[tuple[Json, Models]]:
    """Return what a field is made of, each part with the models that lead to it; the last wins.

    That is what it refers to, or the parts of its `allOf` and the field itself. A model that is on
    the path already is no part, so that every cycle ends.
    """
    if "$ref" in field:
        name = field["$ref"].removeprefix(REF)
        return [] if name in path else parts(definitions, definitions[name], (*path, name))
    made_of = [part for piece in field.get("allOf", []) for part in parts(definitions, piece, path)]
    return [*made_of, (field, path)]


def fields(made_of: list[tuple[Json, Models]]) -> dict[str, tuple[Json, Models]]:
    """Return the fields of all parts, each with the models that lead to it."""
    return {
        name: (field, path)
        for part, path in made_of
        for name, field in part.get("properties", {}).items()
    }
