"""Make the streams' JSON schemas from the vendor's OpenAPI (Swagger 2.0) document.

    python scripts/update_schemas.py swagger.json            # write
    python scripts/update_schemas.py swagger.json --check    # exit 1, name what would change

The live document is at https://api.mypurecloud.com/api/v2/docs/swagger; download it first. Written
are, in `tap_genesys/schemas`, `<stream>.json`, `_filter_dimensions.json` (which predicate belongs
in which list of filters), `_namespaces.json` (of limits), `_aggregates.json` (what can be measured,
and grouped by), `_scope.json` (what a stream can be narrowed down by) and `_permissions.json` (what
a role needs for an operation); for the simulator `families.json` (`_aggregates.json` by operation)
and `shapes.json` (how listings page, and what their rows look like); and for the tests
`tests/openapi.json`, the part of the document that they need, without its prose. The schemas that
`HAND_WRITTEN` names are left alone. How each file is made is in `scripts/schemas/`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.conversations import schema_of, table_schema
from schemas.kinds import (
    aggregate_schema,
    listing_schema,
    observation_schema,
    report_schema,
    span_schema,
)
from schemas.operations import family, filter_dimensions, permissions, scope
from schemas.shapes import shapes
from schemas.streams import (
    AGGREGATES,
    LISTINGS,
    OBSERVATIONS,
    REPORTS,
    SEARCHES,
    SPANS,
    STREAMS,
    TABLE_NAMES,
)
from schemas.trimming import trimmed

if TYPE_CHECKING:
    from schemas.models import Json

ROOT = Path(__file__).parent.parent
SCHEMAS = Path("tap_genesys", "schemas")
SIMULATOR = Path("tap_genesys", "simulator")
TRIMMED = Path("tests", "openapi.json")


def stream_schemas(document: Json) -> Json:
    """Return each stream's schema."""
    definitions = document["definitions"]
    made = {name: schema_of(definitions, name) for name in STREAMS}
    made |= {name: table_schema(definitions, name) for name in TABLE_NAMES}
    made |= {name: listing_schema(document, stream) for name, stream in LISTINGS.items()}
    made |= {name: aggregate_schema(document, stream) for name, stream in AGGREGATES.items()}
    made |= {name: observation_schema(document, stream) for name, stream in OBSERVATIONS.items()}
    made |= {name: listing_schema(document, stream) for name, stream in SEARCHES.items()}
    made |= {name: span_schema(document, model) for name, (_, model) in SPANS.items()}
    made |= {
        name: report_schema(document, stream, model, own)
        for name, (stream, model, own, _) in REPORTS.items()
    }
    return made


def documents(document: Json) -> dict[Path, str]:
    """Return path in the project -> content of each generated file."""
    definitions = document["definitions"]
    families = {name: family(document, AGGREGATES[name]) for name in sorted(AGGREGATES)}
    facts = {
        "_namespaces": sorted(definitions["Limit"]["properties"]["namespace"]["enum"]),
        "_aggregates": families,
        "_scope": scope(document),
        "_permissions": permissions(document),
        "_filter_dimensions": filter_dimensions(definitions),
    }
    made = {
        SCHEMAS / f"{name}.json": text(content)
        for name, content in (stream_schemas(document) | facts).items()
    }
    by_path = {AGGREGATES[name].path: one for name, one in families.items()}
    made[SIMULATOR / "families.json"] = text(by_path)
    made[SIMULATOR / "shapes.json"] = text_by_line(shapes(document))
    made[TRIMMED] = text(trimmed(document))
    return made


def text(content: Json | list[str]) -> str:
    """Return a file's text."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def text_by_line(content: Json) -> str:
    """Return a file's text with a line for each entry, so that a change is a small difference."""
    lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with `--check` name those that would change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("document", type=Path, help="the vendor's swagger.json")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    try:
        document = json.loads(options.document.read_text("utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"The document {options.document} cannot be read: {error}. Download it first.")
    stale = {
        path: content
        for path, content in documents(document).items()
        if not (ROOT / path).exists() or (ROOT / path).read_text("utf-8") != content
    }
    for path, content in stale.items():
        print(path)
        if not options.check:
            (ROOT / path).write_text(content, "utf-8")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
