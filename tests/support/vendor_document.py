"""The vendor's trimmed document as JSON schemas of requests and responses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "openapi.json").read_text("utf-8")
)


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that refuses unknown fields at every depth."""
    definitions = {
        name: {**model, "additionalProperties": model.get("additionalProperties", False)}
        if "properties" in model
        else model
        for name, model in DOCUMENT["definitions"].items()
    }
    return {**schema, "definitions": definitions}


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Check a value against a schema of the document, without unknown fields."""
    validator = jsonschema.Draft4Validator(
        strict(schema), format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
    )
    errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(value)]
    assert not errors, errors[:5]


def body_schema(path: str) -> dict[str, Any]:
    """Return the schema of a POST request's body."""
    (body,) = [
        parameter
        for parameter in DOCUMENT["paths"][path]["post"]["parameters"]
        if parameter["in"] == "body"
    ]
    schema: dict[str, Any] = body["schema"]
    return schema


def response_schema(path: str, method: str) -> dict[str, Any]:
    """Return the schema of an operation's response."""
    schema: dict[str, Any] = DOCUMENT["paths"][path][method]["responses"]["200"]["schema"]
    return schema
