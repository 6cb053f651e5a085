"""The schemas of all other streams, by kind of stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas.columns import MOMENT, OWN, TEXT, schema_of_rows
from schemas.models import DEEPEST_MODEL, Json, properties, reference, schema
from schemas.operations import family, record_of
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.records import aggregate_rows
from tap_genesys.records.extraction import Map

if TYPE_CHECKING:
    from schemas.streams import Stream

#: Streams whose rows are files, or defined by the org, and so are not in the document.
OF_OWN_MAKING: Json = {
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
#: The tap's column for the source of a span.
SOURCE: Json = {
    "_source": {
        "type": ["string", "null"],
        "description": "Which lane the row came from: job or query.",
    }
}
_PLACE = re.compile(r"{(\w+)}")


def listing_schema(document: Json, stream: Stream) -> Json:
    """Return the schema of a full-table stream."""
    definitions = document["definitions"]
    if stream.name in OF_OWN_MAKING:
        columns = dict(OF_OWN_MAKING[stream.name])
    elif stream.name == "schedules_published":
        columns = shift_columns(definitions)
    else:
        columns = properties(definitions, record_of(document, stream), DEEPEST_MODEL)
    if isinstance(stream.records, Map):
        if stream.records.value is not None:
            listed = {"type": "array", "items": {"type": "string"}}
            columns = {stream.records.value: schema(definitions, listed, ())}
        columns[stream.records.key] = {"type": "string"}
    if issubclass(stream, ChildStream):
        parents = _PLACE.findall(stream.path) or stream.primary_keys[:1]
        parent_id = {"type": "string", "description": "The id of what it was listed for."}
        columns |= dict.fromkeys(parents, parent_id)
    if missing := set(stream.primary_keys) - set(columns):
        msg = f"{stream.name}: its model has no {sorted(missing)}"
        raise SystemExit(msg)
    return schema_of_rows(columns, stream.primary_keys)


def shift_columns(definitions: Json) -> Json:
    """Return the columns of a shift or a day off."""
    columns: Json = {}
    for model in ("BuFullDayTimeOffMarker", "BuAgentScheduleShift"):
        columns |= _columns(definitions, model)
    descriptions = {
        "kind": "What the row is: shift, or time_off for a whole day off.",
        "businessUnitTimeZone": "Where the business unit is.",
        "week": "The Monday of the requested week.",
    }
    columns |= {name: {**TEXT, "description": text} for name, text in descriptions.items()}
    return columns | {"userId": {"type": "string"}}


def aggregate_schema(document: Json, stream: Stream) -> Json:
    """Return the schema of an aggregate stream: cell, dimensions, and statistics."""
    grouped = map(aggregate_rows.column, family(document, stream)["group_by"])
    columns = _columns(document["definitions"], "StatisticalSummary")
    columns |= dict.fromkeys(("granularity", "metric", "qualifier", *grouped), TEXT)
    columns |= dict.fromkeys(("intervalStart", "intervalEnd"), MOMENT)
    columns["_id"] = {"type": "string", "description": "The row's key: cell, groups and metric."}
    return schema_of_rows(columns, ("_id",))


def observation_schema(document: Json, stream: Stream) -> Json:
    """Return the schema of an observation stream."""
    columns = _columns(document["definitions"], "StatisticalSummary")
    columns |= dict.fromkeys(("metric", "qualifier", "mediaType", stream.dimension), TEXT)
    columns["truncated"] = {"type": ["boolean", "null"]}
    columns["observedAt"] = MOMENT
    columns["_id"] = {"type": "string", "description": "The row's key: moment, groups and metric."}
    return schema_of_rows(columns, ("_id",))


def span_schema(document: Json, model: str) -> Json:
    """Return the schema of a stream of users' spans of time."""
    columns = _columns(document["definitions"], model)
    columns["userId"] = TEXT
    columns["_id"] = {
        "type": "string",
        "description": "The row's key: user, start, and what it is.",
    }
    return schema_of_rows(columns, ("_id",), OWN | SOURCE)


def report_schema(document: Json, stream: Stream, model: str, own: Json) -> Json:
    """Return the schema of a report stream.

    Args:
        document: The vendor's document.
        stream: The stream.
        model: The model of its rows.
        own: The columns that the tap adds.
    """
    return schema_of_rows(_columns(document["definitions"], model) | own, stream.primary_keys)


def _columns(definitions: Json, model: str) -> Json:
    return properties(definitions, reference(model), DEEPEST_MODEL)
