"""The schemas hold every field of the vendor's models, at every depth, and let new ones through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from test_docs import script

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "tap_genesys" / "schemas"
DOCUMENT: dict[str, Any] = json.loads((ROOT / "tests" / "openapi.json").read_text("utf-8"))
DEFINITIONS = DOCUMENT["definitions"]
MAKER = script("update_schemas")
STREAMS: dict[str, tuple[str, str]] = MAKER.STREAMS
OWN = {"_extra", "_readAt"}


def load(stream: str) -> dict[str, Any]:
    """Read the schema of a stream."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{stream}.json").read_text("utf-8"))
    return schema


def without_descriptions(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop what the trimmed document does not have."""
    for field in schema["properties"].values():
        field.pop("description", None)
    return schema


def fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schema and all that are in it."""
    inner = [*schema.get("properties", {}).values()]
    inner += [schema[key] for key in ("items", "additionalProperties") if _is_schema(schema, key)]
    return [schema] + [found for part in inner for found in fields(part)]


def paths_of_model(name: str, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Return the path of every field of a model, each model once on a path."""
    found: set[tuple[str, ...]] = set()
    for field, schema in DEFINITIONS[name].get("properties", {}).items():
        found.add((field,))
        inner = schema.get("items", schema)
        reference = inner.get("$ref", "").rpartition("/")[2]
        if reference and reference not in (*above, name):
            found |= {(field, *rest) for rest in paths_of_model(reference, (*above, name))}
    return found


def paths_of_schema(schema: dict[str, Any]) -> set[tuple[str, ...]]:
    """Return the path of every field of a schema."""
    found: set[tuple[str, ...]] = set()
    for field, part in schema.get("properties", {}).items():
        inner = part.get("items", part)
        found |= {(field,)} | {(field, *rest) for rest in paths_of_schema(inner)}
    return found


@pytest.mark.parametrize("stream", STREAMS)
def test_a_schema_is_what_the_script_makes_of_the_vendors_document(stream: str) -> None:
    """Nobody has edited it by hand."""
    made = MAKER.stream_schema(DEFINITIONS, *STREAMS[stream])
    assert without_descriptions(made) == without_descriptions(load(stream))


@pytest.mark.parametrize("stream", STREAMS)
def test_every_field_at_every_depth_is_there(stream: str) -> None:
    model = paths_of_model(STREAMS[stream][0])
    assert model | {(name,) for name in OWN} == paths_of_schema(load(stream))


def test_a_conversation_has_the_fields_that_are_documented() -> None:
    """22 of the conversation, and those of its participants, sessions and segments."""
    schema = load("conversation_details")
    assert len(set(schema["properties"]) - OWN) == 22
    participant = schema["properties"]["participants"]["items"]
    assert "attributes" in participant["properties"]
    session = participant["properties"]["sessions"]["items"]
    assert len(session["properties"]) == 89
    assert len(session["properties"]["segments"]["items"]["properties"]) == 25


@pytest.mark.parametrize("stream", [*STREAMS, "conversation_summaries"])
def test_all_is_nullable_but_the_key_and_enums_are_text(stream: str) -> None:
    schema = load(stream)
    key = STREAMS.get(stream, ("", "id"))[1]
    assert schema["required"] == [key]
    for field in fields(schema)[1:]:
        assert "enum" not in field
        if field is not schema["properties"][key]:
            assert "null" in field["type"]
    assert schema["properties"][key]["type"] == "string"


@pytest.mark.parametrize("stream", [*STREAMS, "conversation_summaries"])
def test_unknown_fields_may_stand_at_every_depth(stream: str) -> None:
    schema = load(stream)
    jsonschema.Draft7Validator.check_schema(schema)
    for field in fields(schema):
        if "object" in field["type"]:
            assert field["additionalProperties"]


def test_every_reference_of_the_trimmed_document_leads_somewhere() -> None:
    for reference in MAKER._references(DOCUMENT):
        kind, name = reference.removeprefix("#/").split("/")
        assert name in DOCUMENT[kind]


def test_the_dimensions_of_filters_are_the_vendors() -> None:
    path = SCHEMAS / "_filter_dimensions.json"
    assert json.loads(path.read_text("utf-8")) == MAKER.filter_dimensions(DEFINITIONS)


def test_the_script_cuts_cycles_merges_models_and_keeps_maps() -> None:
    definitions = {
        "Part": {"type": "object", "properties": {"p": {"type": "integer", "format": "int64"}}},
        "Whole": {
            "allOf": [{"$ref": "#/definitions/Part"}],
            "properties": {
                "id": {"type": "string"},
                "self": {"$ref": "#/definitions/Whole"},
                "map": {"type": "object", "additionalProperties": {"type": "number"}},
                "when": {"type": "string", "format": "date-time"},
                "word": {"type": "string", "enum": ["a"]},
                "deep": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
                "free": {"type": "object"},
            },
        },
    }
    text = {"type": ["string", "null"]}
    free = {"type": ["object", "null"], "additionalProperties": True}
    made = MAKER.stream_schema(definitions, "Whole", "id")["properties"]
    assert {name: made[name] for name in made if name not in OWN} == {
        "deep": {
            "type": ["array", "null"],
            "items": {"type": ["array", "null"], "items": text},
        },
        "free": free,
        "id": {"type": "string"},
        "map": {
            "type": ["object", "null"],
            "additionalProperties": {"type": ["number", "null"]},
        },
        "p": {"type": ["integer", "null"]},
        "self": free,
        "when": {**text, "format": "date-time"},
        "word": text,
    }


def test_check_names_what_would_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = json.loads(json.dumps(DOCUMENT))
    changed["definitions"]["WrapupCode"]["properties"]["brandNew"] = {"type": "string"}
    (tmp_path / "swagger.json").write_text(json.dumps(changed), "utf-8")
    assert MAKER.main([str(tmp_path / "swagger.json"), "--check"]) == 1
    assert "tap_genesys/schemas/wrapup_codes.json" in capsys.readouterr().out


def _is_schema(schema: dict[str, Any], key: str) -> bool:
    return isinstance(schema.get(key), dict)
