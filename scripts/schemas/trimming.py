"""The part of the document that the tests need."""

from __future__ import annotations

from typing import Any

from schemas.models import REF, Json
from schemas.operations import operations
from schemas.streams import PATHS, STREAMS

PROSE = ("description", "summary", "example", "examples", "title", "tags")


def trimmed(document: Json) -> Json:
    """Return the requested operations, and all that they refer to, without prose."""
    paths = {path: without_prose(operations(document, path)) for path in sorted(PATHS)}
    responses = without_prose(document.get("responses", {}))
    roots = [paths, responses, *({"$ref": f"{REF}{model}"} for model, _key in STREAMS.values())]
    definitions = models_of(document, roots)
    head = {key: document[key] for key in ("swagger", "consumes", "produces") if key in document}
    info = {"info": {"title": "The part that the tests need", "version": "v2"}}
    return head | info | {"paths": paths, "responses": responses, "definitions": definitions}


def models_of(document: Json, part: object) -> Json:
    """Return, without prose, the models that a part of the document refers to at any depth."""
    names: set[str] = set()
    waiting = _references(part)
    while waiting:
        name = waiting.pop().removeprefix(REF)
        if name in document["definitions"] and name not in names:
            names.add(name)
            waiting |= _references(document["definitions"][name])
    return {name: without_prose(document["definitions"][name]) for name in sorted(names)}


def without_prose(part: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON is anything
    """Drop descriptions, but not a field that is called so (`names`: the keys are fields)."""
    if isinstance(part, dict):
        return {
            key: without_prose(value, names=key == "properties" and not names)
            for key, value in part.items()
            if names or key not in PROSE
        }
    return [without_prose(value) for value in part] if isinstance(part, list) else part


def _references(part: object) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in part.values()))
    if isinstance(part, list):
        return set().union(*(_references(value) for value in part))
    return set()
