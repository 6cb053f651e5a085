"""The facts about listings for the simulator: their paging, and the shape of their rows."""

from __future__ import annotations

from typing import Any

from schemas.models import Json, Models, fields, parts
from schemas.operations import record_of, response_of
from schemas.streams import LISTINGS, SEARCHES, Stream
from tap_genesys.api.paging import SinglePage
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.records.extraction import Array, Map, Whole

#: Streams that the simulator does not implement as a listing.
NOT_LISTINGS = ("organization_limits", "schedules_published")
#: Levels of nesting in the simulator's rows.
_DEEPEST = 1
_DEEPEST_NEEDED = 6


def shapes(document: Json) -> Json:
    """Return, for the simulator, what each listing's rows look like, and how it pages."""
    made = {
        stream.path: shape_of(document, stream)
        for stream in (*LISTINGS.values(), *SEARCHES.values())
        if stream.name not in NOT_LISTINGS
    }
    return dict(sorted(made.items()))


def shape_of(document: Json, stream: Stream) -> Json:
    """Return a listing's method, paging, fields of a response, and fields of a row."""
    definitions = document["definitions"]
    marks = set(fields(parts(definitions, response_of(document, stream), ())))
    by_param = {}
    if param := getattr(stream, "parent_param", ""):
        by_param["parent"] = {"param": param, "path": stream.parent_stream_type.path}
    return {
        "method": stream.http_method.upper(),
        "paging": _paging(stream, marks),
        "page_fields": sorted(marks),
        "rows": _rows_field(stream),
        "row": _shape(definitions, record_of(document, stream), ()) or {},
        **by_param,
    }


def _rows_field(stream: Stream) -> str | None:
    """Return the field of a response that holds the rows; none where the response is the row."""
    if isinstance(stream.records, Whole):
        return None
    # An array is read as a body whose only field is `entities`.
    return "entities" if isinstance(stream.records, Array) else str(stream.records.name)


def _paging(stream: Stream, marks: set[str]) -> str:
    for records, paging in ((Array, "array"), (Whole, "object"), (Map, "map")):
        if isinstance(stream.records, records):
            return paging
    if not issubclass(stream, FullTableStream):
        return "search"
    if isinstance(stream.paging, SinglePage):
        return "none"  # whatever the response counts: many models have counts that nothing pages
    for mark, paging in (("cursors", "scan"), ("after", "after"), ("pageCount", "counted")):
        if mark in marks:
            return paging
    return "linked" if "nextUri" in marks else "none"


def _shape(definitions: Json, field: Json, path: Models, deepest: int = _DEEPEST) -> Any:  # noqa: ANN401 - JSON
    """Return a field as a kind of value, some of its allowed values, or the fields that it has.

    What lies deeper than that is left out, but for what has to be there.
    """
    made_of = parts(definitions, field, path)
    if not made_of:
        return None
    whole = {key: value for part, _ in made_of for key, value in part.items()}
    if "enum" in whole:
        return {"one of": whole["enum"][:4]}
    kind = whole.get("type", "object")
    if kind == "array":
        item = _shape(definitions, whole.get("items", {}), made_of[-1][1], deepest)
        return None if item in (None, {}) else [item]
    if kind != "object":
        return whole.get("format") if whole.get("format") in ("date", "date-time") else kind
    if len(path) > deepest:
        return None
    required = {name for part, _ in made_of for name in part.get("required", [])}
    inner = {
        name: _shape(definitions, one, above, _DEEPEST_NEEDED if name in required else deepest)
        for name, (one, above) in sorted(fields(made_of).items())
    }
    made = {name: shape for name, shape in inner.items() if shape is not None}
    return None if path and required - set(made) else made
