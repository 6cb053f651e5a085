"""Facts about the operations in the document: permissions, responses, metrics and filters."""

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
    """Return method -> operation of a path, for the operations that the tap requests."""
    listing = next((one for one in LISTINGS.values() if one.path == path), None)
    item: Json = document["paths"][path]
    return {listing.http_method.lower(): item[listing.http_method.lower()]} if listing else item


def response_of(document: Json, stream: Stream) -> Json:
    """Return the schema of a listing's response."""
    operation = document["paths"][stream.path][stream.http_method.lower()]
    response: Json = operation["responses"]["200"]["schema"]
    return response


def record_of(document: Json, stream: Stream) -> Json:
    """Return the schema of one record of a listing."""
    response = response_of(document, stream)
    if isinstance(stream.records, Array):
        return dict(response["items"])
    if isinstance(stream.records, Whole):
        return dict(response)
    _, listed = next(
        (name, field)
        for name, (field, _path) in fields(parts(document["definitions"], response, ())).items()
        if name == stream.records.name
    )
    return dict(listed["additionalProperties" if isinstance(stream.records, Map) else "items"])


def permissions(document: Json) -> Json:
    """Return what a role needs for each operation: all of a list, or one of it."""
    found = {
        f"{method.upper()} {path}": permissions_of(operation)
        for path in PATHS
        for method, operation in operations(document, path).items()
    }
    return dict(sorted(found.items()))


def permissions_of(operation: Json) -> Json:
    """Return the permissions that an operation requires, and whether it requires all of them."""
    required = operation.get("x-inin-requires-permissions", {})
    return {
        "all": required.get("type") == "ALL",
        "permissions": required.get("permissions", []),
    }


def filter_dimensions(definitions: Json) -> Json:
    """Return setting -> the dimensions, metrics and operators of its predicates."""
    return {
        setting: {
            f"{kind}s": sorted(definitions[model]["properties"][kind]["enum"])
            for kind in ("dimension", "metric", "operator")
        }
        for setting, model in PREDICATES.items()
    }


def family(document: Json, stream: Stream) -> dict[str, list[str]]:
    """Return the metrics and dimensions of an aggregate stream."""
    model = document["definitions"][_body_model(document, stream)]["properties"]
    return {
        option: sorted(model[field]["items"]["enum"])
        for option, field in (("group_by", "groupBy"), ("metrics", "metrics"))
    }


def scope(document: Json) -> Json:
    """Return stream -> its filters: dimensions, or query parameters with their form."""
    found: Json = {}
    for name, stream in (AGGREGATES | OBSERVATIONS).items():
        known = _family_filter(document, stream)
        if dimensions := [one for one in ("divisionId", "mediaType", "queueId") if one in known]:
            found[name] = dimensions
    for name, stream in LISTINGS.items():
        if kinds := parameters_of_divisions(document, stream):
            found[name] = kinds
    found["routing_queues"]["id"] = "many"
    return dict(sorted(found.items()))


def parameters_of_divisions(document: Json, stream: Stream) -> Json:
    """Return a listing's parameters that filter by division, each with the kind of its value."""
    operation = document["paths"][stream.path][stream.http_method.lower()]
    given = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
    return {
        name: "many" if given[name]["type"] == "array" else kind
        for name, kind in (("divisionId", "one"), ("divisionIds", "text"))
        if name in given
    }


def _family_filter(document: Json, stream: Stream) -> list[str]:
    """Return the dimensions of the predicates of a query's filter."""
    definitions = document["definitions"]
    body = definitions[_body_model(document, stream)]["properties"]
    narrowed = definitions[body["filter"]["$ref"].removeprefix(REF)]["properties"]
    predicate = narrowed["predicates"]["items"]["$ref"].removeprefix(REF)
    return list(definitions[predicate]["properties"]["dimension"].get("enum", []))


def _body_model(document: Json, stream: Stream) -> str:
    parameters = document["paths"][stream.path]["post"]["parameters"]
    (body,) = (parameter for parameter in parameters if parameter["in"] == "body")
    return str(body["schema"]["$ref"].removeprefix(REF))
