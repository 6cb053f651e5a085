"""The declaration of a new stream, recognized from an operation of the vendor's document."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from schemas import models
from schemas.streams import LISTINGS, Stream
from tap_genesys.api.paging import BodyToken, Cursor, NextLink, PageNumbers, SinglePage
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.records.extraction import Array, Field, Map, Whole
from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from schemas.models import Json
    from tap_genesys.api.paging import Paging
    from tap_genesys.records.extraction import Extraction

#: The docstring of a printed class; ruff's FIX002 fails until it is replaced.
DOCSTRING = "TODO: state in one sentence what a row is."
#: The fields of a response that are no record, whatever their type.
_OF_PAGING = {"cursors", "facets", "aggregations", "errors"}
_PLACE = re.compile(r"{(\w+)}")
#: The key of a map's values in the document.
_VALUES = "additionalProperties"
_AREAS = "tap_genesys.streams."
#: The parts of a path that all paths have: the empty one, `api` and `v2`.
_ROOT = 3


class NotAStreamError(Exception):
    """An operation from which no stream can be declared; the message says why, in one line."""


@dataclass(frozen=True)
class Declaration:
    """A stream as its operation declares it.

    Args:
        document: The vendor's document.
        method: The HTTP method, in capitals.
        path: The path.
        given_name: The stream's name; empty for the one that follows from the path.
    """

    document: Json
    method: str
    path: str
    given_name: str = ""

    def __post_init__(self) -> None:
        """Check that the operation exists, and reads.

        Raises:
            NotAStreamError: It does not.
        """
        if self.method.lower() not in self.document["paths"].get(self.path, {}):
            msg = f"The document has no operation {self.method} {self.path}."
            raise NotAStreamError(msg)
        if self.method not in ("GET", "POST"):
            msg = f"{self.method} {self.path} reads nothing: only GET and POST can be a stream."
            raise NotAStreamError(msg)
        if "schema" not in self.operation["responses"].get("200", {}):
            msg = f"The document has no model of the response to {self.method} {self.path}."
            raise NotAStreamError(msg)

    @property
    def operation(self) -> Json:
        """The operation in the document."""
        operation: Json = self.document["paths"][self.path][self.method.lower()]
        return operation

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The placeholders of the path."""
        return tuple(_PLACE.findall(self.path))

    @cached_property
    def paging(self) -> Paging:
        """How it is paged, by its parameters and the fields of its response.

        Raises:
            NotAStreamError: It is a POST that has no token in its body.
        """
        response = self._fields(self._response)
        if self.method == "POST":
            if {"pageSize", "after"} <= set(self._body) and "after" in response:
                return BodyToken()
            msg = (
                f"POST {self.path} has no paging by `pageSize` and `after` in its body: it may "
                "change data, or its body needs a class of its own."
            )
            raise NotAStreamError(msg)
        if "cursor" in self._query and "cursors" in response:
            return Cursor()
        if "pageNumber" in self._query and "pageCount" in response:
            largest = self._query.get("pageSize", {}).get("maximum")
            return PageNumbers(int(largest)) if largest else PageNumbers()
        if "nextUri" in response and {"pageSize", "pageNumber", "after"} & set(self._query):
            return NextLink() if "pageSize" in self._query else NextLink(size_param="")
        if "nextUri" in response and "entities" in response:
            return NextLink(size_param="")
        return SinglePage()

    @cached_property
    def records(self) -> Extraction:
        """Where in a response its records are: a list, else a map, else the response itself.

        The response for one parent is itself the record: a map in it is one of its columns.
        """
        if self._response.get("type") == "array":
            return Array()
        response = self._fields(self._response)
        if self._is_list(response.get("entities", {})):
            return Field()
        rows = {name: field for name, field in response.items() if name not in _OF_PAGING}
        lists = [name for name, field in rows.items() if self._is_list(field)]
        is_record = "id" in rows
        if len(lists) == 1 and not is_record:
            return Field(lists[0])
        maps = {name: values for name, field in rows.items() if (values := self._values(field))}
        if len(maps) == 1 and not lists and not is_record and not self.placeholders:
            ((name, values),) = maps.items()
            return Map(name, "key", None if self._fields(values) else "value")
        return Whole()

    @cached_property
    def primary_keys(self) -> tuple[str, ...]:
        """The key: the places of its path, and the record's `id` or what stands for it.

        Raises:
            NotAStreamError: The record has no field that can be a key.
        """
        places = self.placeholders
        if isinstance(self.records, Map):
            return (*places, self.records.key)
        if isinstance(self.records, Whole) and places:
            return places
        record = self._fields(self._record)
        ids = sorted(name for name in record if name.endswith("Id") and name not in places)
        required = [name for name in ids if name in self._record_model.get("required", [])]
        for candidates in (["id"], ["key"], required, ids):
            if len(candidates) == 1 and candidates[0] in record:
                return (*places, candidates[0])
        msg = f"A record of {self.method} {self.path} has no `id`, nor another field for a key."
        raise NotAStreamError(msg)

    @cached_property
    def parent(self) -> Stream | None:
        """The stream that lists what the place in the path stands for; None without a place.

        Raises:
            NotAStreamError: No stream lists it, or the path is not that of a listing per parent.
        """
        places = self.placeholders
        if not places:
            return None
        if len(places) > 1 or self.path.endswith("}"):
            msg = (
                f"{self.path} is no listing of one parent: `{{...}}` stands once, within the path."
            )
            raise NotAStreamError(msg)
        listed = self.path.partition("/{")[0]
        parents = [stream for stream in LISTINGS.values() if stream.path == listed]
        if not parents:
            msg = f"No stream reads {listed}, whose ids {self.path} needs: add that one first."
            raise NotAStreamError(msg)
        return parents[0]

    @cached_property
    def name(self) -> str:
        """The stream's name: the end of its path, with the parent or the part before it.

        Words are separated as in the name of the record's model, since paths do not separate them:
        `callabletimesets` lists `CallableTimeSet`, so it becomes `callable_time_sets`.
        """
        if self.given_name:
            return self.given_name
        words = [
            part for part in self.path.split("/")[_ROOT:] if "{" not in part and part != "scan"
        ]
        if words[-1] in ("query", "search"):
            words.pop()
        plurals = _plurals(_snake(models.reference_of(self._record)))
        spelled = {plural.replace("_", ""): plural for plural in plurals}
        name = spelled.get(words[-1].lower(), _snake(words[-1]))
        if self.parent:
            return f"{_singular(self.parent.name)}_{name}"
        return f"{_singular(words[-2])}_{name}" if "_" not in name and words[1:] else name

    @property
    def stream(self) -> Stream:
        """The class, as the tap would have it."""
        base: Stream = ChildStream if self.parent else FullTableStream
        members: dict[str, Any] = dict(self._members())
        return type(self.class_name, (base,), members)

    @property
    def class_name(self) -> str:
        """The stream's name in PascalCase."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def source(self) -> str:
        """The class, to be pasted into the module of its area."""
        base = "ChildStream" if self.parent else "FullTableStream"
        lines = [f"class {self.class_name}({base}):", f'    """{DOCSTRING}"""', ""]
        lines += [f"    {member} = {_source(value)}" for member, value in self._members()]
        return "\n".join(lines) + "\n"

    @property
    def imports(self) -> list[str]:
        """The lines that import what the class names, sorted by module."""
        base = ChildStream if self.parent else FullTableStream
        values = [value for member, value in self._members() if member in ("paging", "records")]
        classes = sorted({type(value) for value in values}, key=lambda one: one.__module__)
        parent = [self.parent] if self.parent and _area(self.parent) != self.area else []
        return [f"from {one.__module__} import {one.__name__}" for one in (*classes, base, *parent)]

    @property
    def area(self) -> str:
        """The module whose streams share the longest part of the path; empty where none does."""
        parts = self.path.split("/")

        def common(stream: Stream) -> int:
            pairs = zip(parts, stream.path.split("/"), strict=False)
            return next((n for n, (one, other) in enumerate(pairs) if one != other), len(parts))

        nearest = max(LISTINGS.values(), key=common)
        return _area(nearest) if common(nearest) > _ROOT else ""

    @property
    def required_parameters(self) -> list[str]:
        """The parameters that a request needs beside those of its paging."""
        return [
            name
            for name, parameter in self._query.items()
            if parameter.get("required") and name not in ("pageSize", "pageNumber")
        ]

    def check_is_new(self) -> None:
        """Check that no stream has its name or its operation.

        Raises:
            NotAStreamError: One has.
        """
        for stream in LISTINGS.values():
            if (stream.http_method, stream.path) == (self.method, self.path):
                msg = f"The stream {stream.name} already reads {self.method} {self.path}."
                raise NotAStreamError(msg)
        if self.name in {vars(stream)["name"] for stream in STREAMS}:
            msg = f"The stream {self.name} exists already: pass another name, as NAME=..."
            raise NotAStreamError(msg)

    def _members(self) -> list[tuple[str, Any]]:
        """Return what the class declares, in order: only what differs from its base."""
        base: Stream = ChildStream if self.parent else FullTableStream
        places = self.placeholders
        members = {
            "name": self.name,
            "path": self.path,
            "http_method": self.method,
            "paging": self.paging,
            "records": self.records,
            "parent_stream_type": self.parent,
            "primary_keys": self.primary_keys,
        }
        usual = {
            "http_method": base.http_method,
            "paging": base.paging,
            "records": base.records,
            "parent_stream_type": None,
            "primary_keys": (*places, "id"),
        }
        return [(key, value) for key, value in members.items() if value != usual.get(key, "")]

    @property
    def _response(self) -> Json:
        return self._resolved(self.operation["responses"]["200"]["schema"])

    @property
    def _record(self) -> Json:
        """What the document has for one record."""
        if isinstance(self.records, Array):
            return dict(self._response["items"])
        if isinstance(self.records, Field | Map):
            field = self._resolved(self._fields(self._response)[self.records.name])
            return dict(field["items" if isinstance(self.records, Field) else _VALUES])
        whole: Json = self.operation["responses"]["200"]["schema"]
        return whole

    @property
    def _record_model(self) -> Json:
        return self._resolved(self._record)

    @property
    def _query(self) -> Json:
        parameters = self.operation.get("parameters", [])
        return {one["name"]: one for one in parameters if one.get("in") == "query"}

    @property
    def _body(self) -> Json:
        bodies = [one for one in self.operation.get("parameters", []) if one.get("in") == "body"]
        return self._fields(bodies[0]["schema"]) if bodies else {}

    def _fields(self, part: Json) -> Json:
        made_of = models.parts(self.document["definitions"], part, ())
        return {name: field for name, (field, _path) in models.fields(made_of).items()}

    def _resolved(self, part: Json) -> Json:
        resolved: Json = {}
        for piece, _path in models.parts(self.document["definitions"], part, ()):
            resolved |= piece
        return resolved

    def _is_list(self, field: Json) -> bool:
        """Return whether a field is a list of objects."""
        resolved = self._resolved(field)
        items = resolved.get("items", {})
        return resolved.get("type") == "array" and bool(self._fields(items) or items == {})

    def _values(self, field: Json) -> Json:
        """Return what the values of a map are; empty where the field is none."""
        values = self._resolved(field).get(_VALUES)
        return values if isinstance(values, dict) else {}


def _area(stream: Stream) -> str:
    return str(stream.__module__.removeprefix(_AREAS))


def _snake(name: str) -> str:
    """Return a name in snake_case: `CallableTimeSet` as `callable_time_set`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _plurals(name: str) -> list[str]:
    """Return each run of a name's words, as it is and in the plural."""
    words = name.split("_")
    runs = ["_".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)]
    return [plural for run in runs for plural in (run, f"{run}s", re.sub("y$", "ies", run))]


def _singular(name: str) -> str:
    return re.sub("s$", "", re.sub("ies$", "y", name))


def _source(value: Any) -> str:  # noqa: ANN401 - a member of a class
    """Return the Python source of a member: paging and records with what is not their default."""
    if isinstance(value, type):
        return value.__name__
    if is_dataclass(value):
        given = {
            field.name: _source(getattr(value, field.name))
            for field in fields(value)
            if getattr(value, field.name) != _default(field)
        }
        is_positional = isinstance(value, Field | Map)
        listed = [text if is_positional else f"{name}={text}" for name, text in given.items()]
        return f"{type(value).__name__}({', '.join(listed)})"
    if isinstance(value, tuple):
        items = ", ".join(map(_source, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    # The formatter wants double quotes.
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _default(field: dataclasses.Field[Any]) -> Any:  # noqa: ANN401 - a member of a class
    if field.default_factory is dataclasses.MISSING:
        return field.default
    return field.default_factory()
