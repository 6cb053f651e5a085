"""Make the streams' JSON schemas from the vendor's OpenAPI (Swagger 2.0) document.

    python scripts/update_schemas.py swagger.json            # write
    python scripts/update_schemas.py swagger.json --check    # exit 1, name what would change

The live document is at https://api.mypurecloud.com/api/v2/docs/swagger; download it first. Written
are, in `tap_genesys/schemas`, `<stream>.json`, `_filter_dimensions.json` (which predicate belongs
in which list of filters), `_scope.json` (what a stream can be narrowed down by) and
`_permissions.json` (what a role needs for an operation); for the simulator `shapes.json` (how
listings page, and what their rows look like); and for the tests `tests/openapi.json`, the part of
the document that they need, without its prose. The schemas of `HAND_WRITTEN` are left alone.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from tap_genesys import aggregates
from tap_genesys.analytics import AggregateStream, ObservationStream
from tap_genesys.listings import ArrayStream, MapStream, ObjectStream, PerParentStream, WholeStream
from tap_genesys.streams import ASKING
from tap_genesys.streams.agents import Evaluations, UserPresences, UserRoutingStatuses
from tap_genesys.streams.reports import AdherenceHistorical, ApiUsage, Audits, Workitems
from tap_genesys.tables import ATTRIBUTES, TABLES, WRAP_UP_FIELDS, WRAP_UP_METRICS, WRAP_UPS

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "tap_genesys" / "schemas"
TRIMMED = ROOT / "tests" / "openapi.json"

#: Stream -> its model and the field that is its key.
STREAMS = {"conversation_details": ("AnalyticsConversation", "conversationId")}
#: Streams that are read whole: what they are is said by their classes.
LISTINGS: dict[str, Any] = {
    vars(stream)["name"]: stream
    for stream in ASKING
    if issubclass(stream, WholeStream) and not issubclass(stream, ObservationStream)
}
#: Streams that sum up.
AGGREGATES: dict[str, Any] = {
    vars(stream)["name"]: stream for stream in ASKING if issubclass(stream, AggregateStream)
}
#: Streams that tell how things stand.
OBSERVATIONS: dict[str, Any] = {
    vars(stream)["name"]: stream for stream in ASKING if issubclass(stream, ObservationStream)
}
#: Streams that search, and what tells of users: the spans' model.
SEARCHES: dict[str, Any] = {"evaluations": Evaluations}
SPANS: dict[str, tuple[Any, str]] = {
    "user_presences": (UserPresences, "AnalyticsUserPresenceRecord"),
    "user_routing_statuses": (UserRoutingStatuses, "AnalyticsRoutingStatusRecord"),
}
#: Streams of reports: the model of their rows, what the tap adds, and the other operations.
REPORTS: dict[str, tuple[Any, str, Json, tuple[str, ...]]] = {
    "adherence_historical": (
        AdherenceHistorical,
        "WfmHistoricalAdherenceBulkUserDayMetrics",
        {
            "_id": {"type": "string", "description": "The row's key: unit, user and day."},
            "managementUnitId": {"type": ["string", "null"]},
            "userId": {"type": ["string", "null"]},
            "dayStart": {"type": ["string", "null"], "format": "date-time"},
        },
        (f"{AdherenceHistorical.path}/jobs/{{jobId}}",),
    ),
    "api_usage": (
        ApiUsage,
        "ApiUsageRow",
        {"_id": {"type": "string", "description": "The row's key: day, client and operation."}},
        (f"{ApiUsage.path}/{{executionId}}/results",),
    ),
    "audits": (
        Audits,
        "AuditLogMessage",
        {},
        tuple(f"{Audits.path}/{{transactionId}}{end}" for end in ("", "/results")),
    ),
    "workitems": (Workitems, "Workitem", {}, ()),
}
SHAPES = ROOT / "tap_genesys" / "simulator" / "shapes.json"
#: Streams whose schema is written by hand: the document does not have their rows.
HAND_WRITTEN = ("conversation_reconciliation", "conversation_summaries")
#: Tables that conversations are broken up into.
TABLE_NAMES = (*TABLES, ATTRIBUTES, WRAP_UPS)
#: Operations that the streams ask for.
PATHS = (
    "/api/v2/analytics/conversations/details/jobs",
    "/api/v2/analytics/conversations/details/jobs/availability",
    "/api/v2/analytics/conversations/details/jobs/{jobId}",
    "/api/v2/analytics/conversations/details/jobs/{jobId}/results",
    "/api/v2/analytics/conversations/details/query",
    "/api/v2/analytics/users/details/jobs",
    "/api/v2/analytics/users/details/jobs/availability",
    "/api/v2/analytics/users/details/jobs/{jobId}",
    "/api/v2/analytics/users/details/jobs/{jobId}/results",
    *(stream.path for stream in LISTINGS.values()),
    *(stream.path for stream in SEARCHES.values()),
    UserPresences.path,
    *(path for stream, _, _, more in REPORTS.values() for path in (stream.path, *more)),
    *(stream.path for stream in (*AGGREGATES.values(), *OBSERVATIONS.values())),
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
#: Columns of our own that only some streams have.
OWN_OF = {
    "conversation_details": {
        "_source": {
            "type": ["string", "null"],
            "description": "Which lane the row came from: job (whole) or query (provisional).",
        }
    }
}
#: The same of spans, which are the same by either lane.
OWN_OF_SPANS = {
    "_source": {
        "type": ["string", "null"],
        "description": "Which lane the row came from: job or query.",
    }
}
#: Columns of the tables that conversations are broken up into.
TABLE_COLUMNS = {
    "_id": {"type": "string", "description": "The row's key: its path in the conversation."},
    "_parentId": {
        "type": ["string", "null"],
        "description": "The `_id` of the session or participant that the row belongs to.",
    },
    "conversationId": {"type": ["string", "null"]},
    "conversationStart": {"type": ["string", "null"], "format": "date-time"},
    "position": {
        "type": ["integer", "null"],
        "description": "Which among its siblings the row is, from 0 on.",
    },
}
#: Streams whose rows are in files, or of the org's own making: the document does not know them.
OF_OWN_MAKING: dict[str, Any] = {
    "datatable_rows": {
        "key": {"type": "string"},
        "row": {
            "type": ["object", "null"],
            "additionalProperties": True,
            "description": "The row's columns, `key` among them.",
        },
    },
    "conversation_transcripts": {
        "transcript": {
            "type": ["object", "null"],
            "additionalProperties": True,
            "description": "The file, as the vendor's storage holds it.",
        }
    },
}
#: Streams that the simulator does not answer as a listing.
ANSWERED_APART = ("organization_limits", "schedules_published")
_PLACE = re.compile(r"{(\w+)}")
_TEXT_COLUMN = {"type": ["string", "null"]}
_REF = "#/definitions/"
#: Models within models that a listing's schema tells; deeper is JSON of any form. Warehouses
#: keep all that is nested as JSON, and a few of the vendor's models unfold into megabytes.
_DEEPEST_MODEL = 3
#: How far the simulator's rows are nested.
_DEEPEST = 1
_DEEPEST_NEEDED = 6
_PROSE = ("description", "summary", "example", "examples", "title", "tags")

Json = dict[str, Any]
#: A class of `WholeStream`; the SDK does not let its class attributes be typed.
Listing = Any
Models = tuple[str, ...]


def stream_schema(definitions: Json, model: str, key: str) -> Json:
    """Return a stream's schema: every field at every depth, all nullable but the key.

    Args:
        definitions: The document's models.
        model: The name of the record's model.
        key: The field that is the record's key.
    """
    root = definitions[model]
    properties: Json = {}
    for name, (field, path) in sorted(_fields(_parts(definitions, root, (model,))).items()):
        properties[name] = _schema(definitions, field, path)
        if "description" in field:
            properties[name]["description"] = " ".join(field["description"].split())
    if key:
        properties[key]["type"] = "string"
    return {
        "type": "object",
        "properties": properties | OWN,
        "required": [key],
        "additionalProperties": True,
    }


def schema_of(definitions: Json, stream: str) -> Json:
    """Return the schema of one of `STREAMS`, with the columns that only it has."""
    schema = stream_schema(definitions, *STREAMS[stream])
    schema["properties"] |= OWN_OF.get(stream, {})
    return schema


def table_schema(definitions: Json, name: str) -> Json:
    """Return the schema of a table of conversations: its level, and the ids above it."""
    columns = dict(TABLE_COLUMNS)
    ids: tuple[str, ...]
    if name == ATTRIBUTES:
        ids = ("participantId",)
        level = {"key": _TEXT_COLUMN, "value": _TEXT_COLUMN}
        del columns["position"]
    elif name == WRAP_UPS:
        ids = ("participantId", "sessionId")
        level = {metric: {"type": ["integer", "null"]} for metric in WRAP_UP_METRICS}
        for model, names in WRAP_UP_FIELDS.items():
            whole = stream_schema(definitions, model, names[0])["properties"]
            level |= {field: _nullable(whole[field]) for field in names}
    else:
        table = TABLES[name]
        ids = table.ids
        level = stream_schema(definitions, table.model, "")["properties"]
        for field in (*table.inner, *OWN):
            del level[field]
        if not table.has_position:
            del columns["position"]
    if not ids:
        del columns["_parentId"]
    columns |= dict.fromkeys(ids, _TEXT_COLUMN)
    clash = set(level) & set(columns)
    if clash:
        msg = f"{name}: the vendor has fields of these names too: {sorted(clash)}"
        raise SystemExit(msg)
    own = OWN | OWN_OF["conversation_details"]
    if name in (ATTRIBUTES, WRAP_UPS):
        own = {field: own[field] for field in own if field != "_extra"}
    properties = dict(sorted((level | columns).items())) | own
    return {
        "type": "object",
        "properties": properties,
        "required": ["_id"],
        "additionalProperties": True,
    }


def _nullable(field: Json) -> Json:
    return field | {"type": [field["type"], "null"]} if isinstance(field["type"], str) else field


def filter_dimensions(definitions: Json) -> Json:
    """Return what a predicate of each list of filters can be about."""
    return {
        setting: {
            f"{kind}s": sorted(definitions[model]["properties"][kind]["enum"])
            for kind in ("dimension", "metric", "operator")
        }
        for setting, model in PREDICATES.items()
    }


def permissions(document: Json) -> Json:
    """Return what a role needs for each operation: all of a list, or one of it."""
    found = {}
    for path in PATHS:
        for method, operation in _operations(document, path).items():
            wanted = operation.get("x-inin-requires-permissions", {})
            found[f"{method.upper()} {path}"] = {
                "all": wanted.get("type") == "ALL",
                "permissions": wanted.get("permissions", []),
            }
    return dict(sorted(found.items()))


def _operations(document: Json, path: str) -> Json:
    """Return those operations of a path that the tap asks for."""
    listing = next((one for one in LISTINGS.values() if one.path == path), None)
    item: Json = document["paths"][path]
    return {listing.http_method.lower(): item[listing.http_method.lower()]} if listing else item


def trimmed(document: Json) -> Json:
    """Return the part of the document that the tests need, without its prose."""
    paths = {path: _without_prose(_operations(document, path)) for path in PATHS}
    responses = _without_prose(document.get("responses", {}))
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


def _schema(definitions: Json, field: Json, path: Models, deepest: int = 99) -> Json:
    """Return the schema of a field; a model that is on the path already stays free of form."""
    parts = _parts(definitions, field, path)
    whole = {key: (value, above) for part, above in parts for key, value in part.items()}
    kind, _ = whole.get("type", ("string" if "enum" in whole else "object", path))
    if kind == "array":
        items, above = whole.get("items", ({}, path))
        return {"type": ["array", "null"], "items": _schema(definitions, items, above, deepest)}
    if kind == "object":
        fields = _fields(parts) if len(path) < deepest else {}
        values, above = whole.get("additionalProperties", (True, path))
        if not fields and values and isinstance(values, dict):
            value = _schema(definitions, values, above, deepest)
            return {"type": ["object", "null"], "additionalProperties": value}
        return _object(
            {name: _schema(definitions, *fields[name], deepest) for name in sorted(fields)}
        )
    schema: Json = {"type": [kind, "null"]}
    form, _ = whole.get("format", (None, path))
    if form in ("date", "date-time"):
        schema["format"] = form
    return schema


def _object(properties: Json) -> Json:
    schema: Json = {"type": ["object", "null"], "additionalProperties": True}
    return schema | {"properties": properties} if properties else schema


def _parts(definitions: Json, field: Json, path: Models) -> list[tuple[Json, Models]]:
    """Return what a field is made of, each part with the models that lead to it; the last wins.

    That is what it refers to, or the parts of its `allOf` and the field itself. A model that is on
    the path already is no part, so that every cycle ends.
    """
    if "$ref" in field:
        name = field["$ref"].removeprefix(_REF)
        return [] if name in path else _parts(definitions, definitions[name], (*path, name))
    made_of = [
        part for piece in field.get("allOf", []) for part in _parts(definitions, piece, path)
    ]
    return [*made_of, (field, path)]


def _fields(parts: list[tuple[Json, Models]]) -> dict[str, tuple[Json, Models]]:
    """Return the fields of all parts, each with the models that lead to it."""
    return {
        name: (field, path)
        for part, path in parts
        for name, field in part.get("properties", {}).items()
    }


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


def listing_schema(document: Json, stream: Listing) -> Json:
    """Return the schema of a stream that is read whole."""
    definitions = document["definitions"]
    if stream.name in OF_OWN_MAKING:
        fields = dict(OF_OWN_MAKING[stream.name])
    elif stream.name == "schedules_published":
        fields = shift_fields(definitions)
    else:
        fields = _properties(definitions, record_of(document, stream))
    if issubclass(stream, MapStream):
        if stream.value_column is not None:
            listed = {"type": "array", "items": {"type": "string"}}
            fields = {stream.value_column: _schema(definitions, listed, ())}
        fields[stream.key_column] = {"type": "string"}
    keys = list(stream.primary_keys)
    missing = set(keys) - set(fields)
    parents = _PLACE.findall(stream.path)
    if missing - set(parents):
        msg = f"{stream.name}: its model has no {sorted(missing)}"
        raise SystemExit(msg)
    if issubclass(stream, PerParentStream):
        told = {"type": "string", "description": "The id of what it was listed for."}
        fields |= dict.fromkeys(parents, told)
    for key in keys:
        fields[key] = fields[key] | {"type": "string"}
    return {
        "type": "object",
        "properties": dict(sorted(fields.items())) | OWN,
        "required": keys,
        "additionalProperties": True,
    }


def shift_fields(definitions: Json) -> Json:
    """Return the columns of a shift or a day off."""
    fields: Json = {}
    for model in ("BuFullDayTimeOffMarker", "BuAgentScheduleShift"):
        fields |= _properties(definitions, {"$ref": f"{_REF}{model}"})
    told = {
        "kind": "What the row is: shift, or time_off for a whole day off.",
        "businessUnitTimeZone": "Where the business unit is.",
        "week": "The Monday of the week that was asked for.",
    }
    fields |= {name: {**_TEXT_COLUMN, "description": text} for name, text in told.items()}
    return fields | {"userId": {"type": "string"}}


def record_of(document: Json, stream: Listing) -> Json:
    """Return what the document says of one record of a listing."""
    operation = document["paths"][stream.path][stream.http_method.lower()]
    answer = operation["responses"]["200"]["schema"]
    if issubclass(stream, ArrayStream):
        return dict(answer["items"])
    if issubclass(stream, ObjectStream):
        return dict(answer)
    _, listed = next(
        (name, field)
        for name, (field, _path) in _fields(_parts(document["definitions"], answer, ())).items()
        if name == stream.records_key
    )
    return dict(listed["additionalProperties" if issubclass(stream, MapStream) else "items"])


def _properties(definitions: Json, record: Json) -> Json:
    properties: Json = {}
    for name, (field, path) in sorted(_fields(_parts(definitions, record, ())).items()):
        properties[name] = _schema(definitions, field, path, _DEEPEST_MODEL)
        if "description" in field:
            properties[name]["description"] = " ".join(field["description"].split())
    return properties


def aggregate_schema(document: Json, stream: Any) -> Json:  # noqa: ANN401 - a class of streams
    """Return the schema of a stream that sums up: the cell, what it can be grouped by, the sums."""
    definitions = document["definitions"]
    summary = {"$ref": f"{_REF}StatisticalSummary"}
    columns = map(aggregates.column, _family(document, stream)["group_by"])
    text = ("granularity", "metric", "qualifier", *columns)
    moment = {"type": ["string", "null"], "format": "date-time"}
    fields = _properties(definitions, summary) | dict.fromkeys(text, _TEXT_COLUMN)
    fields |= dict.fromkeys(("intervalStart", "intervalEnd"), moment)
    fields["_id"] = {"type": "string", "description": "The row's key: cell, groups and metric."}
    return {
        "type": "object",
        "properties": dict(sorted(fields.items())) | OWN,
        "required": ["_id"],
        "additionalProperties": True,
    }


def span_schema(document: Json, model: str) -> Json:
    """Return the schema of the spans of time that are told of users."""
    fields = _properties(document["definitions"], {"$ref": f"{_REF}{model}"})
    fields["userId"] = _TEXT_COLUMN
    fields["_id"] = {"type": "string", "description": "The row's key: user, start, and what it is."}
    return {
        "type": "object",
        "properties": dict(sorted(fields.items())) | OWN | OWN_OF_SPANS,
        "required": ["_id"],
        "additionalProperties": True,
    }


def report_schema(document: Json, stream: Any, model: str, own: Json) -> Json:  # noqa: ANN401 - a class of streams
    """Return the schema of a stream of reports."""
    fields = _properties(document["definitions"], {"$ref": f"{_REF}{model}"}) | own
    for key in stream.primary_keys:
        fields[key] = fields[key] | {"type": "string"}
    return {
        "type": "object",
        "properties": dict(sorted(fields.items())) | OWN,
        "required": list(stream.primary_keys),
        "additionalProperties": True,
    }


def observation_schema(document: Json, stream: Any) -> Json:  # noqa: ANN401 - a class of streams
    """Return the schema of a stream that tells how things stand."""
    summary = {"$ref": f"{_REF}StatisticalSummary"}
    text = {"metric", "qualifier", "mediaType", stream.dimension}
    fields = _properties(document["definitions"], summary) | dict.fromkeys(text, _TEXT_COLUMN)
    fields["truncated"] = {"type": ["boolean", "null"]}
    fields["observedAt"] = {"type": ["string", "null"], "format": "date-time"}
    fields["_id"] = {"type": "string", "description": "The row's key: moment, groups and metric."}
    return {
        "type": "object",
        "properties": dict(sorted(fields.items())) | OWN,
        "required": ["_id"],
        "additionalProperties": True,
    }


def _family(document: Json, stream: Any) -> dict[str, list[str]]:  # noqa: ANN401 - a class of streams
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


def _family_filter(document: Json, stream: Any) -> list[str]:  # noqa: ANN401 - a class of streams
    """Return the dimensions of the predicates of a query's filter."""
    definitions = document["definitions"]
    fields = definitions[_body_model(document, stream)]["properties"]
    narrowed = definitions[fields["filter"]["$ref"].removeprefix(_REF)]["properties"]
    predicate = narrowed["predicates"]["items"]["$ref"].removeprefix(_REF)
    return list(definitions[predicate]["properties"]["dimension"].get("enum", []))


def _body_model(document: Json, stream: Any) -> str:  # noqa: ANN401 - a class of streams
    (asked,) = (
        one for one in document["paths"][stream.path]["post"]["parameters"] if one["in"] == "body"
    )
    return str(asked["schema"]["$ref"].removeprefix(_REF))


def shapes(document: Json) -> Json:
    """Return, for the simulator, what each listing's rows look like, and how it pages."""
    definitions = document["definitions"]
    made = {}
    for stream in (*LISTINGS.values(), *SEARCHES.values()):
        if stream.name in ANSWERED_APART:
            continue
        method = stream.http_method.lower()
        operation = document["paths"][stream.path][method]
        answer = operation["responses"]["200"]["schema"]
        marks = {name for name, _ in _fields(_parts(definitions, answer, ())).items()}
        made[stream.path] = {
            "method": method.upper(),
            "paging": _paging(stream, marks),
            "answer": sorted(marks),
            "rows": stream.records_key,
            "row": _shape(definitions, record_of(document, stream), ()) or {},
        }
    return dict(sorted(made.items()))


def _paging(stream: Listing, marks: set[str]) -> str:
    if issubclass(stream, ArrayStream):
        return "array"
    if issubclass(stream, ObjectStream):
        return "object"
    if issubclass(stream, MapStream):
        return "map"
    if not issubclass(stream, WholeStream):
        return "search"
    for mark, paging in (("cursors", "scan"), ("after", "after"), ("pageCount", "counted")):
        if mark in marks:
            return paging
    return "linked" if "nextUri" in marks else "none"


def _shape(definitions: Json, field: Json, path: Models, deepest: int = _DEEPEST) -> Any:  # noqa: ANN401 - JSON
    """Return a field as a kind of value, some of its allowed values, or the fields that it has.

    What lies deeper than that is left out, but for what has to be there.
    """
    parts = _parts(definitions, field, path)
    if not parts:
        return None
    whole = {key: value for part, _ in parts for key, value in part.items()}
    if "enum" in whole:
        return {"one of": whole["enum"][:4]}
    kind = whole.get("type", "object")
    if kind == "array":
        item = _shape(definitions, whole.get("items", {}), parts[-1][1], deepest)
        return None if item in (None, {}) else [item]
    if kind != "object":
        return whole.get("format") if whole.get("format") in ("date", "date-time") else kind
    if len(path) > deepest:
        return None
    required = {name for part, _ in parts for name in part.get("required", [])}
    fields = {
        name: _shape(definitions, one, above, _DEEPEST_NEEDED if name in required else deepest)
        for name, (one, above) in sorted(_fields(parts).items())
    }
    made = {name: shape for name, shape in fields.items() if shape is not None}
    return None if path and required - set(made) else made


def documents(document: Json) -> dict[Path, str]:
    """Return each file with what it should hold."""
    definitions = document["definitions"]
    made = {SCHEMAS / f"{stream}.json": _text(schema_of(definitions, stream)) for stream in STREAMS}
    made |= {
        SCHEMAS / f"{name}.json": _text(table_schema(definitions, name)) for name in TABLE_NAMES
    }
    made |= {
        SCHEMAS / f"{name}.json": _text(listing_schema(document, stream))
        for name, stream in LISTINGS.items()
    }
    made |= {
        SCHEMAS / f"{name}.json": _text(aggregate_schema(document, stream))
        for name, stream in AGGREGATES.items()
    }
    made |= {
        SCHEMAS / f"{name}.json": _text(observation_schema(document, stream))
        for name, stream in OBSERVATIONS.items()
    }
    made |= {
        SCHEMAS / f"{name}.json": _text(listing_schema(document, stream))
        for name, stream in SEARCHES.items()
    }
    made |= {
        SCHEMAS / f"{name}.json": _text(span_schema(document, model))
        for name, (_, model) in SPANS.items()
    }
    made |= {
        SCHEMAS / f"{name}.json": _text(report_schema(document, stream, model, own))
        for name, (stream, model, own, _) in REPORTS.items()
    }
    spaces = definitions["Limit"]["properties"]["namespace"]["enum"]
    made[SCHEMAS / "_namespaces.json"] = _text(sorted(spaces))
    families = {name: _family(document, stream) for name, stream in AGGREGATES.items()}
    made[SCHEMAS / "_aggregates.json"] = _text(dict(sorted(families.items())))
    asked = {AGGREGATES[name].path: family for name, family in sorted(families.items())}
    made[SHAPES.with_name("families.json")] = _text(asked)
    lines = (f" {json.dumps(path)}: {json.dumps(one)}" for path, one in shapes(document).items())
    made[SHAPES] = "{\n" + ",\n".join(lines) + "\n}\n"
    made[SCHEMAS / "_scope.json"] = _text(scope(document))
    made[SCHEMAS / "_permissions.json"] = _text(permissions(document))
    made[SCHEMAS / "_filter_dimensions.json"] = _text(filter_dimensions(definitions))
    made[TRIMMED] = _text(trimmed(document))
    return made


def _text(content: Json | list[str]) -> str:
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
