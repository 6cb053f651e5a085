"""Full-table streams: all rows arrive, over several pages, each with its own key."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from support.harness import halve_listings, run
from support.simulator_client import token
from support.vendor_document import DOCUMENT, body_schema, response_schema, validate

import tap_genesys.streams
from tap_genesys.api.paging import PageNumbers, SinglePage
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.follow_ups import FollowUpStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.observations import ObservationStream
from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.listings import ids_of, rows_of
from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMAS = Path(__file__).parent.parent / "tap_genesys" / "schemas"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
# A seed of its own, as the listings are shorter than those of other orgs, which are cached by seed.
WORLD = World(seed=80, per_day=10, since=SINCE, now=SINCE)
#: Listings with responses of other kinds: test_reports.py has them.
APART = ("organization_limits", "schedules_published", "time_off_requests")
LISTINGS: list[Any] = [
    stream
    for stream in STREAMS
    if issubclass(stream, FullTableStream)
    and not issubclass(stream, ObservationStream | FollowUpStream)
    and vars(stream)["name"] not in APART
]
NAMES = [stream.name for stream in LISTINGS]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with pytest.MonkeyPatch.context() as patch, Simulator(WORLD) as simulator:
        halve_listings(patch)
        yield simulator


def held(stream: Any) -> Counter[tuple[str, ...]]:
    """Return the keys of a stream's rows in the simulated org."""
    if not issubclass(stream, ChildStream):
        return Counter((str(row["id"]),) for row in rows_of(WORLD, stream.path))
    # The id of the parent is in no row of the simulated org; it may be the whole key.
    _, *keys = stream.primary_keys
    return Counter(
        (parent, *(str(row[key]) for key in keys))
        for parent in parents_of(stream)
        for row in rows_of(WORLD, stream.path, parent)
    )


def parents_of(stream: Any) -> list[str]:
    """Return the ids of a child stream's parents in the simulated org."""
    return ids_of(WORLD, stream.parent_stream_type.path)


@pytest.mark.parametrize("stream", LISTINGS, ids=NAMES)
def test_a_stream_is_read_whole(sim: Simulator, stream: Any) -> None:
    """All rows arrive once; requests and responses validate against the vendor's document."""
    del sim.requests[:]
    output = run(sim, stream.name, page_size=25)
    rows = output.records(stream.name)
    assert Counter(tuple(row[key] for key in stream.primary_keys) for row in rows) == held(stream)
    assert max(held(stream).values(), default=1) == 1
    assert (
        len([message for message in output.of("SCHEMA") if message["stream"] == stream.name]) == 1
    )
    assert all(row["_extra"] is None for row in rows)
    assert len(json.dumps(output.state)) < 4096
    sent = [request for request in sim.requests if request.path != "/oauth/token"]
    assert len(sent) == requests_for(stream)
    own = [request for request in sent if same_path(request.path, stream.path)]
    check_against_the_document(sim, stream, own)


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("agent_activity", "userState", "Any"),
        ("coaching_appointments", "relationships", "Attendee"),
    ],
)
def test_a_selection_is_part_of_every_request(
    sim: Simulator, name: str, parameter: str, value: str
) -> None:
    """Each page of a listing has the parameter that selects its rows, with a documented value."""
    (stream,) = (stream for stream in LISTINGS if stream.name == name)
    del sim.requests[:]
    run(sim, name, page_size=25)
    sent = [request.query for request in sim.requests if request.path == stream.path]
    assert {query["pageNumber"] for query in sent} >= {"1", "2"}
    assert {query.get(parameter) for query in sent} == {value}
    (documented,) = (
        field
        for field in DOCUMENT["paths"][stream.path]["get"]["parameters"]
        if field["name"] == parameter
    )
    assert value in (documented.get("items") or documented)["enum"]


def test_an_area_lists_each_of_its_streams_once() -> None:
    """`STREAMS` of a module lists each of its streams once, and that of the package lists all."""
    areas = [
        importlib.import_module(f"tap_genesys.streams.{module.name}")
        for module in pkgutil.iter_modules(tap_genesys.streams.__path__)
    ]
    for area in areas:
        declared = [
            value
            for value in vars(area).values()
            if isinstance(value, type) and value.__module__ == area.__name__
        ]
        assert Counter(area.STREAMS) == Counter(declared)
    assert Counter(STREAMS) == Counter(stream for area in areas for stream in area.STREAMS)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: vars(stream)["name"])
def test_a_class_is_named_after_its_stream(stream: type[Any]) -> None:
    """A class has its stream's name in PascalCase, so that either leads to the other."""
    words = vars(stream)["name"].split("_")
    assert stream.__name__ == "".join(word.capitalize() for word in words)


def test_a_child_streams_key_is_derived_from_its_path() -> None:
    """A child stream's key is the parents' ids in the path's order, then `id`, unless declared."""

    class Members(ChildStream):
        path = "/api/v2/groups/{groupId}/members"

    class Messages(ChildStream):
        path = "/api/v2/conversations/{conversationId}/communications/{communicationId}/messages"

    class Rows(ChildStream):
        path = "/api/v2/flows/datatables/{datatableId}/rows"
        primary_keys = ("datatableId", "key")

    class RowsOfDrafts(Rows):
        pass

    assert Members.primary_keys == ("groupId", "id")
    assert Messages.primary_keys == ("conversationId", "communicationId", "id")
    assert Rows.primary_keys == RowsOfDrafts.primary_keys == ("datatableId", "key")


def requests_for(stream: Any) -> int:
    """Return the number of requests for a stream, with those of its parents."""
    if not issubclass(stream, ChildStream):
        return pages(stream, sum(held(stream).values()))
    parent = next(listing for listing in LISTINGS if listing is stream.parent_stream_type)
    each = Counter(key[0] for key in held(stream).elements())
    return requests_for(parent) + sum(pages(stream, each[key]) for key in parents_of(stream))


def pages(stream: Any, rows: int) -> int:
    """Return the number of requests for that many rows; a full last page needs one more."""
    if isinstance(stream.paging, SinglePage):
        return 1
    is_numbered = isinstance(stream.paging, PageNumbers)
    return rows // 25 + 1 if is_numbered else max(1, -(-rows // 25))


def check_against_the_document(sim: Simulator, stream: Any, sent: list[Any]) -> None:
    """Validate the requests of a stream, and a response, against the vendor's document."""
    method = stream.http_method.lower()
    operation = DOCUMENT["paths"][stream.path][method]
    documented = {
        parameter["name"]: parameter
        for parameter in operation["parameters"]
        if parameter["in"] == "query"
    }
    for request in sent:
        if stream.name not in LINKS_OF_OUR_OWN:
            assert set(request.query) <= set(documented)
        if request.body:
            validate(request.body, body_schema(stream.path))
    response = requests.request(
        method,
        f"{sim.url}{sent[0].path}",
        params=sent[0].query,
        json=sent[0].body,
        headers=token(sim),
        timeout=10,
    )
    if stream.name not in ANY_VALUES:
        validate(response.json(), response_schema(stream.path, method))


#: The document declares their values as objects, although they may be of any type.
ANY_VALUES = ("datatable_rows",)
#: The document has no parameters for their links.
LINKS_OF_OUR_OWN = ("oauth_clients",)


def same_path(path: str, template: str) -> bool:
    parts, pattern = path.split("/"), template.split("/")
    return len(parts) == len(pattern) and all(
        part == step or step.startswith("{") for part, step in zip(parts, pattern, strict=True)
    )
