"""Schemas have every field of the vendor's models, at every depth, and allow new ones."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tap_genesys.schemas import facts

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

maker: Any = importlib.import_module("update_schemas")
columns: Any = importlib.import_module("schemas.columns")
models: Any = importlib.import_module("schemas.models")
streams: Any = importlib.import_module("schemas.streams")
trimming: Any = importlib.import_module("schemas.trimming")

SCHEMAS = ROOT / "tap_genesys" / "schemas"
DOCUMENT: dict[str, Any] = json.loads((ROOT / "tests" / "openapi.json").read_text("utf-8"))
DEFINITIONS = DOCUMENT["definitions"]
#: Files beside the schemas with facts about the vendor's operations.
FACTS = ("_aggregates", "_filter_dimensions", "_namespaces", "_permissions", "_scope")
STREAMS: dict[str, tuple[str, str]] = streams.STREAMS
LISTINGS: dict[str, Any] = streams.LISTINGS
HAND_WRITTEN: tuple[str, ...] = streams.HAND_WRITTEN
OWN = {"_extra", "_readAt"}
#: Columns of our own that only some streams have.
OWN_OF = {"conversation_details": {"_source"}}
SIGNS = {"[]": "items", "{}": "additionalProperties"}
#: The path of a field (`[]` for an item, `{}` for a map's value) -> its type and format.
Shape = dict[tuple[str, ...], tuple[str, str | None]]

TEXT = {"type": ["string", "null"]}
FREE = {"type": ["object", "null"], "additionalProperties": True}
LOOP = "#/definitions/Loop"


@pytest.mark.parametrize("content", [None, "<html>"])
def test_a_document_that_cannot_be_read_is_one_line(tmp_path: Path, content: str | None) -> None:
    """The script names the file and the remedy."""
    path = tmp_path / "swagger.json"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(SystemExit, match=f"The document {path} cannot be read: .*Download it"):
        maker.main([str(path)])


def load(stream: str) -> dict[str, Any]:
    """Read the schema of a stream."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{stream}.json").read_text("utf-8"))
    return schema


def without_descriptions(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove the descriptions, which the trimmed document lacks."""
    for field in schema["properties"].values():
        field.pop("description", None)
    return schema


def fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schema and all schemas in it."""
    inner = [*schema.get("properties", {}).values()]
    inner += [schema[key] for key in ("items", "additionalProperties") if _is_schema(schema, key)]
    return [schema] + [field for part in inner for field in fields(part)]


def shape_of_model(
    model: dict[str, Any], path: tuple[str, ...] = (), above: tuple[str, ...] = ()
) -> Shape:
    """Return every field of a model, at any depth; a model stands on a path once."""
    name = model.get("$ref", "").rpartition("/")[2]
    if name in above:
        return {path: ("object", None)}
    if name:
        return shape_of_model(DEFINITIONS[name], path, (*above, name))
    form = model.get("format")
    shape: Shape = {path: (model["type"], form if form in ("date", "date-time") else None)}
    inner = dict(model.get("properties", {}))
    inner |= {sign: model[key] for sign, key in SIGNS.items() if _is_schema(model, key)}
    for step, part in inner.items():
        shape |= shape_of_model(part, (*path, step), above)
    return shape


def shape_of_schema(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Shape:
    """Return every field of a schema, at any depth."""
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    shape: Shape = {path: (kind, schema.get("format"))}
    inner = dict(schema.get("properties", {}))
    inner |= {sign: schema[key] for sign, key in SIGNS.items() if _is_schema(schema, key)}
    for step, part in inner.items():
        shape |= shape_of_schema(part, (*path, step))
    return shape


def references(part: object) -> set[str]:
    """Return all references in a document."""
    if isinstance(part, list):
        return {reference for value in part for reference in references(value)}
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
    return own | {reference for value in part.values() for reference in references(value)}


def generated(definitions: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that the script generates from a field of a root model."""
    root = {"type": "object", "properties": {"id": {"type": "string"}, "field": field}}
    columns_of_root = models.properties(definitions | {"Root": root}, models.reference("Root"))
    result: dict[str, Any] = columns_of_root["field"]
    return result


@pytest.mark.parametrize("stream", STREAMS)
def test_a_schema_is_what_the_script_makes_of_the_vendors_document(stream: str) -> None:
    """A schema is what the script generates, without manual changes."""
    generated = maker.schema_of(DEFINITIONS, stream)
    assert without_descriptions(generated) == without_descriptions(load(stream))


@pytest.mark.parametrize("stream", STREAMS)
def test_every_field_at_every_depth_is_there_with_its_type(stream: str) -> None:
    """A schema has all fields of the model with their types, at any depth, and our own columns."""
    model = shape_of_model({"$ref": f"#/definitions/{STREAMS[stream][0]}"})
    own: Shape = {("_extra",): ("object", None), ("_readAt",): ("string", "date-time")}
    own |= {(name,): ("string", None) for name in OWN_OF.get(stream, ())}
    assert model | own == shape_of_schema(load(stream))


def test_each_schema_is_made_by_the_script_or_known_as_hand_written() -> None:
    """Each schema is generated, or listed as hand-written."""
    names = {path.stem for path in SCHEMAS.glob("*.json")}
    assert names == {*streams.GENERATED, *HAND_WRITTEN, *FACTS}


@pytest.mark.parametrize("name", FACTS)
def test_facts_are_read_by_name_and_once(name: str) -> None:
    """Facts are read by the file's name without its underscore, once for all readers."""
    content = facts(name.removeprefix("_"))
    assert content == json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    assert facts(name.removeprefix("_")) is content


@pytest.mark.parametrize("stream", LISTINGS)
def test_a_listing_s_schema_is_what_the_script_makes_of_the_vendors_document(stream: str) -> None:
    """A listing's schema has the fields of two levels; deeper ones are JSON of any form."""
    generated = maker.listing_schema(DOCUMENT, LISTINGS[stream])
    assert without_descriptions(generated) == without_descriptions(load(stream))


@pytest.mark.parametrize("table", streams.TABLE_NAMES)
def test_a_table_s_schema_is_what_the_script_makes_of_the_vendors_document(table: str) -> None:
    """A derived table's schema has the fields of its level, and the ids above it."""
    generated = maker.table_schema(DEFINITIONS, table)
    assert without_descriptions(generated) == without_descriptions(load(table))


@pytest.mark.parametrize("stream", STREAMS)
def test_fields_are_in_order_so_that_a_change_is_a_small_difference(stream: str) -> None:
    """Fields are sorted, our own columns last, so that a change is a small difference."""
    schema = load(stream)
    names = list(schema["properties"])
    own = OWN | OWN_OF.get(stream, set())
    assert names == [*sorted(set(names) - own), *sorted(own)]
    made_of = maker.schema_of(DEFINITIONS, stream)
    for root in (schema, made_of):
        for field in fields(root)[1:]:
            assert list(field.get("properties", {})) == sorted(field.get("properties", {}))


def test_a_cycle_ends_where_its_model_comes_again() -> None:
    """A model within itself, such as a user's manager, is free-form."""
    assert without_descriptions(load("users"))["properties"]["manager"] == FREE


def test_a_conversation_has_the_fields_that_are_documented() -> None:
    """A conversation has the documented fields, and so have participants, sessions and segments."""
    schema = load("conversation_details")
    own = OWN | OWN_OF["conversation_details"]
    assert len(set(schema["properties"]) - own) == 22
    participant = schema["properties"]["participants"]["items"]
    assert "attributes" in participant["properties"]
    session = participant["properties"]["sessions"]["items"]
    assert len(session["properties"]) == 89
    assert len(session["properties"]["segments"]["items"]["properties"]) == 25


@pytest.mark.parametrize("stream", [*STREAMS, *LISTINGS, *HAND_WRITTEN])
def test_all_is_nullable_but_the_key_and_enums_are_text(stream: str) -> None:
    """All fields but the key are nullable, and enums are text, so that new values arrive."""
    schema = load(stream)
    keys = LISTINGS[stream].primary_keys if stream in LISTINGS else schema["required"]
    assert schema["required"] == [*keys]
    key_fields = [schema["properties"][key] for key in keys]
    for field in fields(schema)[1:]:
        assert "enum" not in field
        if not any(field is key for key in key_fields):
            assert "null" in field["type"]
    assert all(field["type"] == "string" for field in key_fields)


@pytest.mark.parametrize("stream", [*STREAMS, *LISTINGS, *HAND_WRITTEN])
def test_unknown_fields_may_stand_at_every_depth(stream: str) -> None:
    """Each object allows unknown fields, and each array has a schema of items."""
    schema = load(stream)
    jsonschema.Draft7Validator.check_schema(schema)
    for field in fields(schema):
        if "properties" in field:
            assert field["additionalProperties"] is True
        elif "object" in field["type"]:
            assert field["additionalProperties"]
        if "array" in field["type"]:
            assert field["items"]


@pytest.mark.parametrize("stream", [*STREAMS, *LISTINGS, *HAND_WRITTEN])
def test_every_root_column_of_our_own_is_described(stream: str) -> None:
    """Each of our own columns has a description."""
    columns = load(stream)["properties"]
    # All columns of the tap's own runs are our own.
    for name in columns if stream == "tap_runs" else OWN | OWN_OF.get(stream, set()):
        assert columns[name]["description"]


@pytest.mark.parametrize("stream", STREAMS)
def test_only_root_fields_are_described_each_on_one_line(stream: str) -> None:
    """Root fields have descriptions of one line, nested fields have none."""
    roots = load(stream)["properties"]
    described = [field for field in roots.values() if "description" in field]
    assert described
    for field in described:
        assert field["description"] == " ".join(field["description"].split())
    for root in roots.values():
        assert all("description" not in field for field in fields(root)[1:])


def test_every_reference_of_the_trimmed_document_leads_somewhere() -> None:
    """Every reference of the trimmed document resolves."""
    links = references(DOCUMENT)
    assert "#/definitions/ErrorBody" in links
    for reference in links:
        kind, name = reference.removeprefix("#/").split("/")
        assert name in DOCUMENT[kind]


def test_the_trimmed_document_is_what_the_script_makes_of_it() -> None:
    """The trimmed document has all that is needed, and nothing else."""
    assert json.dumps(maker.trimmed(DOCUMENT)) == json.dumps(DOCUMENT)


def test_the_dimensions_of_filters_are_the_vendors() -> None:
    """Dimensions, metrics and operators of filters are those of the vendor's document, sorted."""
    path = SCHEMAS / "_filter_dimensions.json"
    filters = json.loads(path.read_text("utf-8"))
    assert filters == maker.filter_dimensions(DEFINITIONS)
    assert set(filters) == {"conversation_filters", "segment_filters"}
    for kinds in filters.values():
        assert set(kinds) == {"dimensions", "metrics", "operators"}
        assert all(names == sorted(set(names)) != [] for names in kinds.values())
    assert "conversationEnd" in filters["conversation_filters"]["dimensions"]
    assert "mediaType" in filters["segment_filters"]["dimensions"]


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ({"type": "string", "enum": ["a"]}, TEXT),
        ({"enum": ["a"]}, TEXT),
        ({"type": "string", "format": "date-time"}, {**TEXT, "format": "date-time"}),
        ({"type": "string", "format": "date"}, {**TEXT, "format": "date"}),
        ({"type": "integer", "format": "int64"}, {"type": ["integer", "null"]}),
        ({"type": "object"}, FREE),
        ({"type": "object", "properties": {}}, FREE),
        ({"type": "object", "additionalProperties": {}}, FREE),
        ({"type": "array"}, {"type": ["array", "null"], "items": FREE}),
        (
            {"type": "object", "additionalProperties": {"type": "string", "enum": ["a"]}},
            {"type": ["object", "null"], "additionalProperties": TEXT},
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            {"type": ["array", "null"], "items": {"type": ["array", "null"], "items": TEXT}},
        ),
        (
            {"type": "object", "properties": {"properties": {"type": "string"}}},
            {**FREE, "properties": {"properties": TEXT}},
        ),
    ],
    ids=str,
)
def test_a_field_becomes_nullable_and_open(field: dict[str, Any], schema: dict[str, Any]) -> None:
    """A field becomes nullable; an object becomes open, and an enum text."""
    assert generated({}, field) == schema


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        ({"properties": {"next": {"$ref": LOOP}}}, {**FREE, "properties": {"next": FREE}}),
        (
            {"properties": {"next": {"allOf": [{"$ref": LOOP}]}}},
            {**FREE, "properties": {"next": FREE}},
        ),
        (
            {"properties": {"all": {"type": "array", "items": {"$ref": LOOP}}}},
            {**FREE, "properties": {"all": {"type": ["array", "null"], "items": FREE}}},
        ),
        (
            {"type": "object", "additionalProperties": {"$ref": LOOP}},
            {"type": ["object", "null"], "additionalProperties": FREE},
        ),
        ({"type": "array", "items": {"$ref": LOOP}}, {"type": ["array", "null"], "items": FREE}),
        ({"allOf": [{"$ref": LOOP}]}, FREE),
    ],
    ids=["field", "allOf of a field", "items", "map", "array model", "made of itself"],
)
def test_a_cycle_ends(model: dict[str, Any], schema: dict[str, Any]) -> None:
    """A model that contains itself ends as a free-form object, however it does."""
    assert generated({"Loop": model}, {"$ref": LOOP}) == schema


def test_a_model_beside_itself_is_no_cycle() -> None:
    """Two fields of one model both have its fields."""
    two = {"one": {"$ref": LOOP}, "other": {"$ref": LOOP}}
    whole = {**FREE, "properties": {"a": TEXT}}
    model = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert generated({"Loop": model}, {"type": "object", "properties": two}) == {
        **FREE,
        "properties": {"one": whole, "other": whole},
    }


def test_a_model_that_is_made_of_others_has_the_fields_of_all() -> None:
    """A model of several parts has the fields of all.

    Its own take precedence, and a part may be no object.
    """
    definitions = {
        "Base": {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
        "Map": {"type": "object", "additionalProperties": {"type": "string"}},
        "Word": {"type": "string", "enum": ["a"]},
        "Whole": {
            "allOf": [{"$ref": "#/definitions/Base"}, {"properties": {"c": {"type": "string"}}}],
            "properties": {"b": {"type": "number"}},
        },
    }
    assert generated(definitions, {"$ref": "#/definitions/Whole"}) == {
        **FREE,
        "properties": {"a": TEXT, "b": {"type": ["number", "null"]}, "c": TEXT},
    }
    assert generated(definitions, {"allOf": [{"$ref": "#/definitions/Word"}]}) == TEXT
    assert generated(definitions, {"allOf": [{"$ref": "#/definitions/Map"}]}) == {
        "type": ["object", "null"],
        "additionalProperties": TEXT,
    }


def test_the_root_has_a_key_our_columns_and_its_fields_in_order() -> None:
    """The root has key, fields and our columns, in order, with descriptions of one line."""
    inner = {"type": "object", "properties": {"x": {"type": "string", "description": "No."}}}
    root = {
        "properties": {
            "z": {**inner, "description": " Over\n two  lines. "},
            "id": {"type": "string", "description": "The key."},
        }
    }
    properties = models.properties({"Root": root}, models.reference("Root"))
    schema = columns.schema_of_rows(properties, ("id",))
    assert list(schema["properties"]) == ["id", "z", "_extra", "_readAt"]
    assert schema["required"] == ["id"]
    assert schema["additionalProperties"] is True
    assert schema["properties"]["id"] == {"type": "string", "description": "The key."}
    assert schema["properties"]["z"] == {
        **FREE,
        "properties": {"x": TEXT},
        "description": "Over two lines.",
    }


def test_trimming_drops_prose_but_no_field_that_is_called_like_it() -> None:
    """Trimming removes descriptions, but no field that has such a name."""
    properties: dict[str, Any] = {
        name: {"type": "string", "description": "Prose."} for name in trimming.PROSE
    }
    properties["properties"] = {
        "type": "object",
        "description": "Prose.",
        "properties": {"title": {"title": "Prose."}},
    }
    assert trimming.without_prose({"description": "Prose.", "properties": properties}) == {
        "properties": {
            **{name: {"type": "string"} for name in trimming.PROSE},
            "properties": {"type": "object", "properties": {"title": {}}},
        }
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose files the script has generated from `swagger.json`."""
    (tmp_path / "tap_genesys" / "schemas").mkdir(parents=True)
    (tmp_path / "tap_genesys" / "simulator").mkdir()
    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(maker, "ROOT", tmp_path)
    (tmp_path / "swagger.json").write_text(json.dumps(DOCUMENT), "utf-8")
    for stream in HAND_WRITTEN:
        (tmp_path / maker.SCHEMAS / f"{stream}.json").write_text("by hand", "utf-8")
    assert maker.main([str(tmp_path / "swagger.json")]) == 0
    return tmp_path


def test_a_second_run_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run changes nothing, and prints nothing."""
    capsys.readouterr()
    assert maker.main([str(project / "swagger.json")]) == 0
    assert maker.main([str(project / "swagger.json"), "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_what_is_written_by_hand_is_left_alone(project: Path) -> None:
    """The script writes every file but the hand-written schemas."""
    files = {path.stem: path.read_text("utf-8") for path in (project / maker.SCHEMAS).iterdir()}
    assert set(files) == {*streams.GENERATED, *HAND_WRITTEN, *FACTS}
    assert {name for name, text in files.items() if text == "by hand"} == {*HAND_WRITTEN}
    assert json.loads((project / "tests" / "openapi.json").read_text("utf-8")) == DOCUMENT


def test_check_names_what_would_change_and_writes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` lists the files that differ or are missing, and writes none."""
    changed = json.loads(json.dumps(DOCUMENT))
    changed["definitions"]["FlowMilestone"]["properties"]["brandNew"] = {"type": "string"}
    document = project / "swagger.json"
    document.write_text(json.dumps(changed), "utf-8")
    (project / maker.SCHEMAS / "divisions.json").unlink()
    expected = [
        "tap_genesys/schemas/divisions.json",
        "tap_genesys/schemas/flow_milestones.json",
        "tap_genesys/simulator/shapes.json",
        "tests/openapi.json",
    ]
    for arguments, code in (["--check"], 1), (["--check"], 1), ([], 0):
        capsys.readouterr()
        assert maker.main([str(document), *arguments]) == code
        assert sorted(capsys.readouterr().out.split()) == expected
    assert maker.main([str(document), "--check"]) == 0
    assert "brandNew" in (project / maker.SCHEMAS / "flow_milestones.json").read_text("utf-8")


def _is_schema(schema: dict[str, Any], key: str) -> bool:
    return isinstance(schema.get(key), dict)
