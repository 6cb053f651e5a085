"""Requests of the tap and responses of the simulator validate against the vendor's document.

The one operation that the document lacks, `summary/queries`, is left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from support.harness import run
from support.simulator_client import token
from support.vendor_document import DOCUMENT, body_schema, response_schema, validate

from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.streams import STREAMS

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=4, per_day=60, since=SINCE, now=datetime(2026, 3, 7, 12, tzinfo=UTC))
DETAILS = "/api/v2/analytics/conversations/details/query"
#: The listings that are selected by default.
LISTINGS = [
    vars(stream)["path"]
    for stream in STREAMS
    if issubclass(stream, FullTableStream) and stream.selected_by_default
]
FILTERS = {
    "conversation_filters": [
        {
            "type": "or",
            "predicates": [
                {
                    "type": "dimension",
                    "dimension": "conversationEnd",
                    "operator": "exists",
                }
            ],
        }
    ],
    "segment_filters": [
        {
            "type": "and",
            "clauses": [
                {
                    "type": "or",
                    "predicates": [
                        {"dimension": "mediaType", "value": "voice"},
                        {"dimension": "mediaType", "value": "email"},
                    ],
                }
            ],
        }
    ],
}


def test_every_query_of_the_tap_is_one_that_the_vendor_describes() -> None:
    """Bodies of queries validate, and listings have documented parameters and values only."""
    with Simulator(WORLD) as sim:
        run(sim, start_date=iso(SINCE), **FILTERS)
        queries = [request for request in sim.requests if request.path == DETAILS]
        listings = [request for request in sim.requests if request.path in LISTINGS]
    assert queries
    assert {request.path for request in listings} == set(LISTINGS)
    for request in queries:
        validate(request.body, body_schema(DETAILS))
    for request in listings:
        parameters = DOCUMENT["paths"][request.path]["get"]["parameters"]
        documented = {
            parameter["name"]: parameter for parameter in parameters if parameter["in"] == "query"
        }
        assert set(request.query) <= set(documented)
        for name, value in request.query.items():
            assert value in documented[name].get("enum", [value])


def test_every_operation_of_the_tap_is_one_that_the_vendor_has() -> None:
    """Every operation that a run requests is in the vendor's document, but one."""
    with Simulator(WORLD) as sim:
        run(sim, start_date=iso(SINCE))
        requested = {(request.method, request.path) for request in sim.requests}
    documented = {
        (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item
    }
    assert requested - documented == {
        ("POST", "/oauth/token"),
        ("POST", "/api/v2/analytics/conversations/summary/queries"),
    }


def test_the_simulators_details_are_the_vendors_model() -> None:
    """Details of the simulator have the vendor's fields and enum values only, at every depth."""
    with Simulator(WORLD) as sim:
        headers = token(sim)
        for number in range(1, 5):
            body = {
                "interval": f"{iso(SINCE)}/{iso(WORLD.now)}",
                "paging": {"pageSize": 100, "pageNumber": number},
            }
            response = requests.post(f"{sim.url}{DETAILS}", json=body, headers=headers, timeout=10)
            assert response.status_code == 200
            validate(response.json(), response_schema(DETAILS, "post"))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v2/nothing", 404), ("GET", DETAILS, 405), ("POST", DETAILS, 400)],
)
def test_the_simulators_errors_are_the_vendors_model(method: str, path: str, status: int) -> None:
    """Error responses of the simulator have the vendor's model and a correlation id."""
    with Simulator(WORLD) as sim:
        for headers, expected in (({}, 401), (token(sim), status)):
            response = requests.request(method, f"{sim.url}{path}", headers=headers, timeout=10)
            assert response.status_code == expected
            assert response.headers["ININ-Correlation-Id"]
            validate(response.json(), {"$ref": "#/definitions/ErrorBody"})


def test_the_docs_list_the_permissions_of_each_operation() -> None:
    """The page of streams lists a permission for each operation of the vendor's document."""
    page = (Path(__file__).parent.parent / "docs" / "streams.md").read_text("utf-8")
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            wanted = operation.get("x-inin-requires-permissions", {}).get("permissions")
            assert not wanted or any(permission in page for permission in wanted)
