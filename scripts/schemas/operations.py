"""What the document says of the operations: permissions, answers, and what they can be asked."""

from __future__ import annotations

from schemas.models import REF, Json, fields, parts
from schemas.streams import AGGREGATES, LISTINGS, OBSERVATIONS, PATHS, Stream
from tap_genesys.records.extraction import Array, Map, Whole

#: Setting -> the model of its predicates.
PREDICATES = {
    "conversation_filters": "ConversationDetailQueryPredicate",
    "segment_filters": "SegmentDetailQueryPredicate",
}


def operations(document: Json, path: str) -> Json:
    """Return those operations of a path that the tap asks for, each by its method."""
    listing = next((one for one in LISTINGS.values() if one.path == path), None)
    item: Json = document["paths"][path]
    return {listing.http_method.lower(): item[listing.http_method.lower()]} if listing else item


def answer_of(document: Json, stream: Stream) -> Json:
    """Return what the document says of a listing's answer."""
    operation = document["paths"][stream.path][stream.http_method.lower()]
    answer: Json = operation["responses"]["200"]["schema"]
    return answer


def record_of(document: Json, stream: Stream) -> Json:
    """Return what the document says of one record of a listing."""
    answer = answer_of(document, stream)
    if isinstance(stream.records, Array):
        return dict(answer["items"])
    if isinstance(stream.records, Whole):
        return dict(answer)
    _, listed = next(
        (name, field)
        for name, (field, _path) in fields(parts(document["definitions"], answer, ())).items()
        if name == stream.records.name
    )
    return dict(listed["additionalProperties" if isinstance(stream.records, Map) else "items"])


def permissions(document: Json) -> Json:
    """Return what a role needs for each operation: all of a list, or one of it."""
    found = {}
    for path in PATHS:
        for method, operation in operations(document, path).items():
            wanted = operation.get("x-inin-requires-permissions", {})
            found[f"{method.upper()} {path}"] = {
                "all": wanted.get("type") == "ALL",
                "permissions": wanted.get("permissions", []),
            }
    return dict(sorted(found.items()))


def filter_dimensions(definitions: Json) -> Json:
    """Return what a predicate of each list of filters can be about."""
    return {
        setting: {
            f"{kind}s": sorted(definitions[model]["properties"][kind]["enum"])
            for kind in ("dimension", "metric", "operator")
        }
        for setting, model in PREDICATES.items()
    }


def family(document: Json, stream: Stream) -> dict[str, list[str]]:
    """Return what a stream that sums up can measure, and be grouped by."""
    model = document["definitions"][_body_model(document, stream)]["properties"]
    return {
        option: sorted(model[field]["items"]["enum"])
        for option, field in (("group_by", "groupBy"), ("metrics", "metrics"))
    }


def scope(document: Json) -> Json:
    """Return what each stream can be narrowed down by: dimensions, or parameters."""
    found: Json = {}
    for name, stream in (AGGREGATES | OBSERVATIONS).items():
        known = _family_filter(document, stream)
        if dimensions := [one for one in ("divisionId", "mediaType", "queueId") if one in known]:
            found[name] = dimensions
    for name, stream in LISTINGS.items():
        operation = document["paths"][stream.path][stream.http_method.lower()]
        given = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
        if kinds := {
            one: "many" if given[one]["type"] == "array" else kind
            for one, kind in (("divisionId", "one"), ("divisionIds", "text"))
            if one in given
        }:
            found[name] = kinds
    found["routing_queues"]["id"] = "many"
    return dict(sorted(found.items()))


def _family_filter(document: Json, stream: Stream) -> list[str]:
    """Return the dimensions of the predicates of a query's filter."""
    definitions = document["definitions"]
    asked = definitions[_body_model(document, stream)]["properties"]
    narrowed = definitions[asked["filter"]["$ref"].removeprefix(REF)]["properties"]
    predicate = narrowed["predicates"]["items"]["$ref"].removeprefix(REF)
    return list(definitions[predicate]["properties"]["dimension"].get("enum", []))


def _body_model(document: Json, stream: Stream) -> str:
    (asked,) = (
        one for one in document["paths"][stream.path]["post"]["parameters"] if one["in"] == "body"
    )
    return str(asked["schema"]["$ref"].removeprefix(REF))
