"""The simulator injects faults, follows HTTP, and leaves no thread or connection behind."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.simulator_client import DETAILS, Client

from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.faults import parse
from tap_genesys.simulator.logins import Logins

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WORLD = World(seed=8, per_day=120, since=SINCE, now=SINCE + 3 * DAY)
QUERY = {"paging": {"pageSize": 50, "pageNumber": 2}}
EVER = st.sampled_from(["/a", "/a/b", "/c"])


@dataclass
class Reported(Fault):
    """A fault that sets an event when it happens."""

    happened: threading.Event = field(default_factory=threading.Event)

    def happens(self, path: str, page: int | None) -> bool:
        self.happened.set()
        return super().happens(path, page)


def page(client: Client, number: int = 2) -> requests.Response:
    return client.details(SINCE, SINCE + DAY, paging={"pageSize": 50, "pageNumber": number})


@given(
    after=st.integers(0, 5),
    times=st.none() | st.integers(0, 5),
    requested=st.lists(st.tuples(EVER, st.none() | st.integers(1, 3)), max_size=20),
    path=EVER,
    number=st.none() | st.integers(1, 3),
)
def test_a_fault_counts_only_the_requests_that_it_matches(
    after: int,
    times: int | None,
    requested: list[tuple[str, int | None]],
    path: str,
    number: int | None,
) -> None:
    """Other requests neither use it up nor bring it closer."""
    fault = Fault("drop", path=path, page=number, after=after, times=times)
    happened = [fault.happens(*request) for request in requested]
    matches = [
        happens
        for (where, which), happens in zip(requested, happened, strict=True)
        if path in where and number in (None, which)
    ]
    end = len(matches) if times is None else after + times
    assert matches == [after <= place < end for place in range(len(matches))]
    assert sum(happened) == sum(matches)


@pytest.mark.parametrize("status", [400, 408, 429, 500, 502, 503, 504])
def test_a_status_fault_has_an_error_body(sim: Simulator, client: Client, status: int) -> None:
    """In the vendor's form, with the correlation id; the next request succeeds."""
    sim.faults.add(Fault("status", status=status))
    response = page(client)
    body = response.json()
    assert response.status_code == body["status"] == status
    assert response.headers["ININ-Correlation-Id"] == body["contextId"]
    assert "Retry-After" not in response.headers
    assert page(client).status_code == 200
    assert [request.status for request in sim.requests[1:]] == [status, 200]


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        (
            "",
            {"key": "token.rate.per.minute", "namespace": "platform.api", "value": 300},
        ),
        (
            ",limit=details.jobs.rate.per.second",
            {"key": "details.jobs.rate.per.second", "namespace": "analytics", "value": 300},
        ),
        (",limit=", None),
    ],
)
def test_a_429_has_its_limit(
    sim: Simulator, client: Client, options: str, limit: dict[str, object] | None
) -> None:
    """The key, namespace and value of the limit; `limit=` leaves it out."""
    sim.faults.add(parse(f"status:status=429{options}"))
    body = page(client).json()
    assert body["code"] == "too.many.requests.retry.after"
    assert body.get("limit") == limit


def test_retry_after_has_the_form_of_the_fault(sim: Simulator, client: Client) -> None:
    """Seconds, a fixed date, or a date some seconds ahead."""
    for given_ in ("7", "Sun, 01 Mar 2026 00:00:00 GMT"):
        sim.faults.add(Fault("status", status=429, retry_after=given_))
        assert page(client).headers["Retry-After"] == given_
    sim.faults.add(parse("status:status=429,retry_after=in:90"))
    date = parsedate_to_datetime(page(client).headers["Retry-After"])
    assert timedelta(seconds=80) < date - datetime.now(UTC) <= timedelta(seconds=90)


def test_a_403_has_the_missing_permission(sim: Simulator, client: Client) -> None:
    """In the vendor's words."""
    sim.faults.add(Fault("forbidden", permission="a:b:view"))
    body = page(client).json()
    assert body["code"] == "missing.permissions"
    assert body["message"].endswith("permission(s): a:b:view")


def test_an_unauthorized_fault_expires_all_tokens(sim: Simulator, client: Client) -> None:
    """The old token stays expired, and a new login works."""
    sim.faults.add(Fault("unauthorized"))
    assert [page(client).json().get("code") for _ in range(2)] == ["credentials.expired"] * 2
    with Client(sim) as again:
        assert page(again).status_code == 200


def test_a_dropped_connection_has_no_response(sim: Simulator, client: Client) -> None:
    """The request is recorded with status 0."""
    sim.faults.add(Fault("drop"))
    with pytest.raises(requests.ConnectionError):
        page(client)
    assert sim.requests[-1].status == 0
    assert page(client).status_code == 200


def test_a_cut_response_is_shorter_than_its_content_length(sim: Simulator, client: Client) -> None:
    """So the client can detect it."""
    sim.faults.add(Fault("cut"))
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        page(client)


@pytest.mark.parametrize("kind", ["slow", "stall"])
def test_a_slow_response_arrives_complete(sim: Simulator, client: Client, kind: str) -> None:
    """Before or in the middle of the body, only time passes."""
    sim.faults.add(Fault(kind, seconds=0.03))
    begun = time.perf_counter()
    assert len(page(client).json()["conversations"]) == 50
    assert time.perf_counter() - begun >= 0.03


@pytest.mark.parametrize("kind", ["slow", "stall"])
def test_a_slow_response_does_not_keep_the_simulator_open(kind: str) -> None:
    """Closing the simulator ends the wait."""
    with Simulator(WORLD) as sim, Client(sim) as client:
        happened = threading.Event()
        sim.faults.add(Reported(kind, seconds=600, path=DETAILS, happened=happened))
        thread = threading.Thread(target=_request_page, args=(client,))
        thread.start()
        while not happened.wait(0.001):
            assert thread.is_alive()
        begun = time.perf_counter()
    assert time.perf_counter() - begun < 2
    thread.join(5)
    assert not thread.is_alive()


def test_an_html_page_has_status_200(sim: Simulator, client: Client) -> None:
    """Like the login page of a guest network."""
    sim.faults.add(Fault("html"))
    response = page(client)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html")
    assert response.text.startswith("<html>")


def test_an_empty_page_keeps_its_counts(sim: Simulator, client: Client) -> None:
    """The page after it has its rows."""
    sim.faults.add(Fault("empty", page=2, times=None))
    assert [page(client).json() for _ in range(3)] == [{"totalHits": 120}] * 3
    assert len(page(client, 3).json()["conversations"]) == 20


def test_the_page_number_can_be_ignored(sim: Simulator, client: Client) -> None:
    """Each page is the first one, of queries and of listings."""
    first = page(client, 1).json()
    users = client.session.get(f"{sim.url}/api/v2/users", timeout=10).json()
    sim.faults.add(Fault("same_page", times=None))
    assert page(client, 3).json() == first
    response = client.session.get(f"{sim.url}/api/v2/users?pageNumber=2", timeout=10).json()
    assert response["entities"] == users["entities"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "authentication.required"),
        ({"Authorization": "Basic eDp5"}, "authentication.required"),
        ({"Authorization": "Bearer nobody"}, "bad.credentials"),
    ],
)
def test_every_operation_needs_a_token(sim: Simulator, headers: dict[str, str], code: str) -> None:
    """A missing, malformed or unknown token returns 401, also at an unknown path."""
    for method, path in (("POST", DETAILS), ("GET", "/api/v2/users"), ("GET", "/api/v2/nothing")):
        response = requests.request(method, f"{sim.url}{path}", headers=headers, timeout=10)
        assert (response.status_code, response.json()["code"]) == (401, code)


@pytest.mark.parametrize(
    ("login", "grant", "status", "error"),
    [
        (("demo", "wrong"), "client_credentials", 401, "invalid_client"),
        (("demo", ""), "client_credentials", 401, "invalid_client"),
        (("someone", "demo-secret"), "client_credentials", 400, "invalid_client"),
        (("someone", "wrong"), "client_credentials", 400, "invalid_client"),
        (("dëmo", "ß"), "client_credentials", 400, "invalid_client"),
        (("demo", "demo-secret"), "password", 400, "invalid_request"),
    ],
)
def test_a_failed_login_has_oauths_form(
    sim: Simulator, login: tuple[str, str], grant: str, status: int, error: str
) -> None:
    """Not the form of the API's errors."""
    pair = base64.b64encode(":".join(login).encode()).decode()
    response = requests.post(
        f"{sim.url}/oauth/token",
        data={"grant_type": grant},
        headers={"Authorization": f"Basic {pair}"},
        timeout=10,
    )
    assert response.status_code == status
    assert set(response.json()) == {"error", "description", "error_description"}
    assert response.json()["error"] == error


def test_a_token_expires_after_its_lifetime() -> None:
    """At the very end of `expires_in`."""
    now = [100.0]
    logins = Logins("id", "secret", 300, lambda: now[0])
    form = {"grant_type": "client_credentials"}
    response = logins.log_in("POST", form, "Basic aWQ6c2VjcmV0")
    assert response.body["expires_in"] == 300
    assert response.body["token_type"] == "bearer"
    bearer = f"Bearer {response.body['access_token']}"
    now[0] = 399.9
    assert logins.refuse(bearer) is None
    now[0] = 400.0
    refusal = logins.refuse(bearer)
    assert refusal is not None
    assert refusal.body["code"] == "credentials.expired"


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "PATCH", "PUT"])
def test_a_method_that_an_operation_lacks_is_not_allowed(client: Client, method: str) -> None:
    """405 at a known path, 404 at an unknown one."""
    response = client.session.request(method, f"{client.url}{DETAILS}", timeout=10)
    assert response.status_code == 405
    assert client.session.request(method, f"{client.url}/api/v2/no", timeout=10).status_code == 404


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b'"text"', b'{"interval": 1}'])
def test_a_body_that_is_no_query_is_refused(client: Client, content: bytes) -> None:
    """Empty, malformed and non-object bodies return 400, not 500."""
    response = client.session.post(f"{client.url}{DETAILS}", data=content, timeout=10)
    assert (response.status_code, response.json()["code"]) == (400, "bad.request")


def test_responses_are_gzipped_on_one_connection(sim: Simulator, client: Client) -> None:
    """If the client accepts gzip; the connection is kept alive."""
    token = str(client.session.headers["Authorization"])
    connection = http.client.HTTPConnection(sim.url.removeprefix("http://"))
    exchanges = []
    for encoding in ("gzip", "identity"):
        connection.request(
            "GET",
            "/api/v2/users?pageSize=50",
            headers={"Authorization": token, "Accept-Encoding": encoding},
        )
        used = connection.sock
        response = connection.getresponse()
        content = response.read()
        exchanges.append((response.headers["Content-Encoding"], content, used))
    connection.close()
    (zipped, compressed, first_socket), (plain, content, second_socket) = exchanges
    assert (zipped, plain) == ("gzip", None)
    assert gzip.decompress(compressed) == content
    assert len(json.loads(content)["entities"]) == 50
    assert first_socket is second_socket


def test_each_request_is_recorded(sim: Simulator, client: Client) -> None:
    """In a test and at `/_simulator/requests`, with its body and status."""
    page(client)
    login, query = sim.requests
    assert (login.path, login.body) == ("/oauth/token", {"grant_type": "client_credentials"})
    assert (query.method, query.path, query.query, query.status) == ("POST", DETAILS, {}, 200)
    assert query.body is not None
    assert query.body["paging"] == {"pageSize": 50, "pageNumber": 2}
    listed = requests.get(f"{sim.url}/_simulator/requests", timeout=10).json()["requests"]
    assert [request["path"] for request in listed] == ["/oauth/token", DETAILS]


def test_holdings_are_counted_for_a_range_and_groupings(sim: Simulator) -> None:
    """Repeated and comma-separated groupings are the same; invalid parameters return 400."""
    span = {"from": "2026-03-02", "to": "2026-03-03T00:00:00Z"}
    url = f"{sim.url}/_simulator/holdings"
    hours = requests.get(url, {**span, "grouping": "conversation:startHour"}, timeout=10).json()
    assert hours["conversation_details"] == 120
    assert 12 < hours["conversation_summaries"] <= 24
    both = ["conversation:medium", "conversation:direction"]
    repeated = requests.get(url, {**span, "grouping": both}, timeout=10).json()
    joined = requests.get(url, {**span, "grouping": ",".join(both)}, timeout=10).json()
    assert repeated == joined == sim.holdings(SINCE + DAY, SINCE + 2 * DAY, both)
    for wrong in ({"from": "then"}, {"grouping": "mood"}):
        assert requests.get(url, wrong, timeout=10).status_code == 400
    assert requests.get(f"{sim.url}/_simulator/nothing", timeout=10).status_code == 404


def test_an_org_without_summaries_holds_none() -> None:
    """Its holdings have zero summaries."""
    with Simulator(WORLD, summaries=False) as sim:
        assert sim.holdings()["conversation_summaries"] == 0


def test_nothing_is_left_when_it_closes() -> None:
    """Neither a thread nor a port, however many clients keep their connections."""
    before = set(threading.enumerate())
    with Simulator(WORLD) as sim:
        address = ("127.0.0.1", int(sim.url.rpartition(":")[2]))
        clients = [Client(sim) for _ in range(5)]
        silent = socket.create_connection(address)
        begun = time.perf_counter()
    assert time.perf_counter() - begun < 2
    assert set(threading.enumerate()) <= before
    silent.close()
    for client in clients:
        client.session.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--now", "yesterday"],
        ["--per-day", "2"],
        ["--port", "70000"],
        ["--fault", "flood"],
        ["--fault", "status:status=teapot"],
        ["--interval-bounds", "{}"],
        ["--counts", "wrong"],
        ["--profile", "flat"],
    ],
)
def test_an_invalid_argument_is_named(arguments: list[str]) -> None:
    """Exit code 2, and one message on stderr with the argument."""
    command = [sys.executable, "-m", "tap_genesys.simulator", *arguments]
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2
    assert arguments[0].lstrip("-") in done.stderr
    assert done.stdout == ""


def _request_page(client: Client) -> None:
    """Request a page that may not come."""
    with contextlib.suppress(requests.RequestException):
        page(client)
