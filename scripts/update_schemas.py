"""Make the streams' JSON schemas from the vendor's OpenAPI (Swagger 2.0) document.

    python scripts/update_schemas.py swagger.json            # write
    python scripts/update_schemas.py swagger.json --check    # exit 1, name what would change

The live document is at https://api.mypurecloud.com/api/v2/docs/swagger; download it first. Written
are `tap_genesys/schemas/<stream>.json`, `tap_genesys/schemas/_filter_dimensions.json` (which
predicate belongs in which list of filters) and `tests/openapi.json`, the part of the document that
the tests need, without its descriptions. `conversation_summaries.json` is written by hand, since
the operation is not in the document.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "tap_genesys" / "schemas"
TRIMMED = ROOT / "tests" / "openapi.json"

#: Stream -> its model and the field that is its key.
STREAMS = {
    "conversation_details": ("AnalyticsConversation", "conversationId"),
    "divisions": ("AuthzDivision", "id"),
    "routing_queues": ("Queue", "id"),
    "users": ("User", "id"),
    "wrapup_codes": ("WrapupCode", "id"),
}
#: Operations that the streams ask for.
PATHS = (
    "/api/v2/analytics/conversations/details/query",
    "/api/v2/authorization/divisions",
    "/api/v2/routing/queues",
    "/api/v2/routing/wrapupcodes",
    "/api/v2/users",
)
#: Setting -> the model of its predicates.
PREDICATES = {
    "conversation_filters": "ConversationDetailQueryPredicate",
    "segment_filters": "SegmentDetailQueryPredicate",
}
#: Columns of our own.
OWN = {
    "_extra": {
        "type": ["object", "null"],
        "additionalProperties": True,
        "description": "Root fields that the vendor sends and this schema does not know yet.",
    },
    "_readAt": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the tap read this row (UTC).",
    },
}
_REF = "#/definitions/"
_PROSE = ("description", "summary", "example", "examples", "title", "tags")

Json = dict[str, Any]


def stream_schema(definitions: Json, model: str, key: str) -> Json:
    """Return a stream's schema: every field at every depth, all nullable but the key.

    Args:
        definitions: The document's models.
        model: The name of the record's model.
        key: The field that is the record's key.
    """
    root = definitions[model]
    properties: Json = {}
    for name, field in sorted(_fields(definitions, root).items()):
        properties[name] = _schema(definitions, field, (model,))
        if "description" in field:
            properties[name]["description"] = " ".join(field["description"].split())
    properties[key]["type"] = "string"
    return {
        "type": "object",
        "properties": properties | OWN,
        "required": [key],
        "additionalProperties": True,
    }


def filter_dimensions(definitions: Json) -> Json:
    """Return what a predicate of each list of filters can be about."""
    return {
        setting: {
            f"{kind}s": sorted(definitions[model]["properties"][kind]["enum"])
            for kind in ("dimension", "metric")
        }
        for setting, model in PREDICATES.items()
    }


def trimmed(document: Json) -> Json:
    """Return the part of the document that the tests need, without its prose."""
    paths = {path: _without_prose(document["paths"][path]) for path in PATHS}
    responses = _without_prose(document["responses"])
    names: set[str] = set()
    waiting = _references([paths, responses])
    waiting |= {f"{_REF}{model}" for model, _key in STREAMS.values()}
    while waiting:
        name = waiting.pop().removeprefix(_REF)
        if name in document["definitions"] and name not in names:
            names.add(name)
            waiting |= _references(document["definitions"][name])
    definitions = {name: _without_prose(document["definitions"][name]) for name in sorted(names)}
    head = {key: document[key] for key in ("swagger", "consumes", "produces") if key in document}
    info = {"info": {"title": "The part that the tests need", "version": "v2"}}
    return head | info | {"paths": paths, "responses": responses, "definitions": definitions}


def _schema(definitions: Json, field: Json, path: tuple[str, ...]) -> Json:
    """Return the schema of a field; a model that is on the path already stays free of form."""
    if "$ref" in field:
        name = field["$ref"].removeprefix(_REF)
        if name in path:
            return _object({})
        return _schema(definitions, definitions[name], (*path, name))
    kind = field.get("type", "object")
    if kind == "array":
        items = _schema(definitions, field.get("items", {}), path)
        return {"type": ["array", "null"], "items": items}
    if kind == "object":
        fields = _fields(definitions, field)
        if not fields and isinstance(field.get("additionalProperties"), dict):
            value = _schema(definitions, field["additionalProperties"], path)
            return {"type": ["object", "null"], "additionalProperties": value}
        return _object({n: _schema(definitions, f, path) for n, f in sorted(fields.items())})
    schema: Json = {"type": [kind, "null"]}
    if field.get("format") in ("date", "date-time"):
        schema["format"] = field["format"]
    return schema


def _object(properties: Json) -> Json:
    schema: Json = {"type": ["object", "null"], "additionalProperties": True}
    return schema | {"properties": properties} if properties else schema


def _fields(definitions: Json, model: Json) -> Json:
    """Return a model's fields, those of the models that it is made of included."""
    fields: Json = {}
    for part in model.get("allOf", []):
        whole = definitions[part["$ref"].removeprefix(_REF)] if "$ref" in part else part
        fields |= _fields(definitions, whole)
    fields |= model.get("properties", {})
    return fields


def _references(part: object) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in part.values()))
    if isinstance(part, list):
        return set().union(*(_references(value) for value in part))
    return set()


def _without_prose(part: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON is anything
    """Drop descriptions, but not a field that is called so (`names`: the keys are fields)."""
    if isinstance(part, dict):
        return {
            key: _without_prose(value, names=key == "properties" and not names)
            for key, value in part.items()
            if names or key not in _PROSE
        }
    return [_without_prose(value) for value in part] if isinstance(part, list) else part


def documents(document: Json) -> dict[Path, str]:
    """Return each file with what it should hold."""
    definitions = document["definitions"]
    made = {
        SCHEMAS / f"{stream}.json": _text(stream_schema(definitions, model, key))
        for stream, (model, key) in STREAMS.items()
    }
    made[SCHEMAS / "_filter_dimensions.json"] = _text(filter_dimensions(definitions))
    made[TRIMMED] = _text(trimmed(document))
    return made


def _text(content: Json) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with `--check` name those that would change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("document", type=Path, help="the vendor's swagger.json")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    document = json.loads(options.document.read_text("utf-8"))
    stale = {
        path: text
        for path, text in documents(document).items()
        if not path.exists() or path.read_text("utf-8") != text
    }
    for path, text in stale.items():
        print(path.relative_to(ROOT))
        if not options.check:
            path.write_text(text, "utf-8")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
