"""Declare a new stream from an operation of the vendor's OpenAPI document.

    make stream OPERATION="GET /api/v2/outbound/campaigns" DOCUMENT=swagger.json
    make stream OPERATION="GET /api/v2/..." DOCUMENT=swagger.json NAME=campaigns

The vendor publishes the document at https://api.mypurecloud.com/api/v2/docs/swagger. Printed to
standard output is the stream's class: paging, place of the records, key and parent are recognized
from the operation's parameters and the model of its response. Written are the stream's schema, its
entries in `_permissions.json`, `_scope.json` and the simulator's `shapes.json`, and the operation
with its models in `tests/openapi.json`. Standard error lists the steps that remain. The exit code
is 1, with one line and nothing written, where the operation cannot be a stream.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import update_schemas
from schemas.kinds import listing_schema
from schemas.operations import parameters_of_divisions, permissions_of
from schemas.recognition import Declaration, NotAStreamError
from schemas.shapes import shape_of
from schemas.trimming import models_of, without_prose
from update_schemas import SCHEMAS, SIMULATOR, TRIMMED, text, text_by_line

if TYPE_CHECKING:
    from schemas.models import Json

_WORDS = 2


def files(declaration: Declaration) -> dict[Path, str]:
    """Return the content of each file that changes, by its path in the project.

    Raises:
        NotAStreamError: A model that the operation shares with others is not that of the project.
    """
    document, stream = declaration.document, declaration.stream
    schemas = {
        declaration.name: listing_schema(document, stream),
        "_permissions": _with(
            _read(SCHEMAS / "_permissions.json"),
            f"{declaration.method} {declaration.path}",
            permissions_of(declaration.operation),
        ),
    }
    if parameters := parameters_of_divisions(document, stream):
        schemas["_scope"] = _with(_read(SCHEMAS / "_scope.json"), declaration.name, parameters)
    shapes = SIMULATOR / "shapes.json"
    shape = shape_of(document, stream)
    return {
        **{SCHEMAS / f"{name}.json": text(content) for name, content in schemas.items()},
        shapes: text_by_line(_with(_read(shapes), declaration.path, shape)),
        TRIMMED: text(_extended(_read(TRIMMED), declaration)),
    }


def _extended(trimmed: Json, declaration: Declaration) -> Json:
    """Return the tests' document with an operation, and the models that it refers to.

    Raises:
        NotAStreamError: The tests' document has another version of one of these models.
    """
    definitions, path = trimmed["definitions"], declaration.path
    operation = without_prose({declaration.method.lower(): declaration.operation})
    added = models_of(declaration.document, operation)
    changed = [name for name in added if definitions.get(name, added[name]) != added[name]]
    if changed:
        msg = (
            f"{TRIMMED} has another version of {', '.join(changed)}: "
            "run scripts/update_schemas.py with this document first."
        )
        raise NotAStreamError(msg)
    item = trimmed["paths"].get(path, {}) | operation
    return trimmed | {
        "paths": _with(trimmed["paths"], path, item),
        "definitions": dict(sorted((definitions | added).items())),
    }


def _with(content: Json, key: str, value: Json) -> Json:
    return dict(sorted({**content, key: value}.items()))


def _read(path: Path) -> Json:
    content: Json = json.loads((update_schemas.ROOT / path).read_text("utf-8"))
    return content


def _document(path: Path) -> Json:
    """Read the vendor's document.

    Raises:
        NotAStreamError: It cannot be read, or is no OpenAPI document of version 2.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"The document {path} cannot be read: {error}"
        raise NotAStreamError(msg) from error
    if not isinstance(document, dict) or not {"paths", "definitions"} <= set(document):
        msg = f"The document {path} is no OpenAPI (Swagger 2.0) document: it has no paths."
        raise NotAStreamError(msg)
    return document


def steps(declaration: Declaration) -> list[str]:
    """Return the steps that remain, a line each."""
    module = f"tap_genesys/streams/{declaration.area or '<a new area>'}.py"
    key = declaration.primary_keys[-1]
    required = ", ".join(declaration.required_parameters)
    doubts = (
        (
            key not in ("id", *declaration.placeholders),
            f"Check the key: a record has no `id`, so {key} stands in for it.",
        ),
        (required, f"The operation requires {required}: declare `params` or `parent_param`."),
    )
    return [
        f"Paste the class into {module}, and add {declaration.class_name} to its STREAMS.",
        *(f"Import: {line}" for line in declaration.imports),
        "Write the docstring: one sentence that states what a row is.",
        *(step for is_doubtful, step in doubts if is_doubtful),
        "Run: .venv/bin/python scripts/update_docs.py && .venv/bin/python scripts/update_plugin.py",
        f"Add {declaration.name} to NOT_RECORDED in tests/golden/runs.py.",
        "Run: .venv/bin/python -m pytest tests/test_streams.py",
    ]


def declared(operation: str, document: Path, name: str) -> Declaration:
    """Return the declaration of a new stream.

    Args:
        operation: The method and the path: `GET /api/v2/groups`.
        document: The path of the vendor's document.
        name: The stream's name; empty for the one that follows from the path.

    Raises:
        NotAStreamError: There can be no such stream; the message says why, in one line.
    """
    words = operation.split()
    if len(words) != _WORDS:
        msg = f'OPERATION must be a method and a path, such as "GET /api/v2/groups": {operation!r}'
        raise NotAStreamError(msg)
    declaration = Declaration(_document(document), words[0].upper(), words[1], name)
    declaration.check_is_new()
    return declaration


def main(arguments: list[str] | None = None) -> int:
    """Write a stream's files, and print its class; 1 where the operation cannot be a stream."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("operation", help='a method and a path: "GET /api/v2/groups"')
    parser.add_argument("document", type=Path, help="the vendor's swagger.json")
    parser.add_argument("--name", default="", help="the stream's name; default: from the path")
    options = parser.parse_args(arguments)
    try:
        declaration = declared(options.operation, options.document, options.name)
        contents = files(declaration)
    except NotAStreamError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    for path, content in contents.items():
        (update_schemas.ROOT / path).write_text(content, "utf-8")
    print(declaration.source, end="")
    for step in (*(f"Wrote {path}" for path in contents), *steps(declaration)):
        print(step, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
