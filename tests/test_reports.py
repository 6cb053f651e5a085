"""Reports that are prepared first, and listings of other kinds: whole, each row once."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from support.harness import Output, run, tap
from support.simulator_client import token
from support.vendor_document import DOCUMENT, body_schema, response_schema, validate

from tap_genesys.endpoints import reports
from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import DAY, Window, iso, parse
from tap_genesys.simulator import Fault, Simulator, World, listings
from tap_genesys.simulator import reports as org
from tap_genesys.simulator.listings import ids_of, rows_of
from tap_genesys.simulator.responses import SimulatedResponse
from tap_genesys.streams.adherence import AdherenceHistorical
from tap_genesys.streams.audits import Audits
from tap_genesys.streams.task_management import Workitems
from tap_genesys.streams.usage import ApiUsage

if TYPE_CHECKING:
    from collections.abc import Iterator


SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 6, 13, 30, tzinfo=UTC)
WORLD = World(seed=5, per_day=12, since=SINCE, now=NOW)
SETTLED = NOW - timedelta(minutes=30)
START: dict[str, Any] = {"start_date": iso(SINCE)}
UNITS = ids_of(WORLD, "/api/v2/workforcemanagement/managementunits")
USERS = [user["id"] for user in WORLD.users()[:3]]


def truth(stream: str, start: datetime = SINCE, end: datetime = NOW) -> Counter[str]:
    """Return the keys of a stream's rows in a range."""
    if stream == "audits":
        return Counter(audit["id"] for audit in org.audits(WORLD, start, end))
    if stream == "workitems":
        return Counter(
            item["id"]
            for item in org.workitems(WORLD)
            if start <= parse(item["dateModified"]) < end
        )
    if stream == "api_usage":
        return Counter(
            f"{row['date']}/{row['clientId']}//GET/{row['templateUri']}"
            for row in org.usage(WORLD.at(max(NOW, end)), start, end)
        )
    days = range(-(-(end - SINCE) // DAY))
    return Counter(
        f"{unit}/{user}/{iso(SINCE + day * DAY)}"
        for unit in UNITS
        for user in USERS
        for day in days
    )


REPORTS: list[Any] = [AdherenceHistorical, ApiUsage, Audits, Workitems]


@pytest.mark.parametrize("stream", REPORTS, ids=lambda request: request.name)
def test_a_report_is_read_whole(stream: Any) -> None:
    """A report has every row once, up to the settled time.

    Its requests validate, and no token goes to the storage.
    """
    with Simulator(WORLD) as sim:
        output = run(sim, stream.name, **START)
        sent = list(sim.requests)
    keys = [row[stream.primary_keys[0]] for row in output.records(stream.name)]
    assert Counter(keys) == truth(stream.name)
    assert len(keys) > 30
    assert output.bookmark(stream.name) == iso(SETTLED)
    assert all(row["_extra"] is None for row in output.records(stream.name))
    for request in sent:
        if request.path == stream.path:
            validate(request.body, body_schema(stream.path))
    assert not [
        request
        for request in sent
        if "_storage" in request.path and "Authorization" in request.headers
    ]


@pytest.mark.parametrize("stream", REPORTS, ids=lambda stream: stream.name)
def test_a_later_run_reads_what_is_new_and_looks_back(stream: Any) -> None:
    """A later run emits new rows and those of the look-back."""
    with Simulator(WORLD) as sim:
        first = run(sim, stream.name, **START)
        sim.world = WORLD.at(NOW + 2 * DAY)
        second = run(sim, stream.name, state=first.state, **START)
    keys = {
        row[stream.primary_keys[0]]
        for output in (first, second)
        for row in output.records(stream.name)
    }
    later = WORLD.at(NOW + 2 * DAY)
    if stream is Audits:
        assert keys == {audit["id"] for audit in org.audits(later, SINCE, later.now)}
    if stream is Workitems:
        assert keys == {item["id"] for item in org.workitems(later)}
    if stream is ApiUsage:
        assert keys == set(truth("api_usage", SINCE, later.now))
        # The last row counts the whole day, or as much of it as has passed.
        last = {
            row["_id"]: row for output in (first, second) for row in output.records("api_usage")
        }
        hours = {name: row["status200"] // 10 for name, row in last.items()}
        today = iso(later.now)[:10]
        assert {hours[name] for name in hours if name.startswith(today)} == {13}
        assert {hours[name] for name in hours if not name.startswith(today)} == {24}
    if stream is Audits:
        # The look-back is a day.
        oldest = min(row["eventDate"] for row in second.records("audits"))
        assert parse(oldest) >= SETTLED - DAY - timedelta(minutes=3)


@pytest.fixture(scope="module")
def read() -> Iterator[Simulator]:
    """Yield an org of which all reports have been read."""
    with Simulator(WORLD) as sim:
        for stream in REPORTS:
            run(sim, stream.name, **START)
        yield sim


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (path, method)
        for path in DOCUMENT["paths"]
        for method in DOCUMENT["paths"][path]
        if any(path.startswith(stream.path) for stream in REPORTS)
    ],
)
def test_responses_are_the_vendors(read: Simulator, path: str, method: str) -> None:
    """Responses of each operation of the reports validate against the vendor's document."""
    for request in list(read.requests):
        if (
            request.method.lower() == method
            and _is(request.path, path)
            and request.status in (200, 202)
        ):
            again = requests.request(
                method,
                f"{read.url}{request.path}",
                params=request.query,
                json=request.body,
                headers=token(read),
                timeout=10,
                allow_redirects=False,
            )
            if again.status_code != 302:
                validate(again.json(), response_schema(path, method))
            return
    pytest.fail("the operation was not requested")


def _is(path: str, template: str) -> bool:
    parts, pattern = path.split("/"), template.split("/")
    return len(parts) == len(pattern) and all(
        part == step or step.startswith("{") for part, step in zip(parts, pattern, strict=True)
    )


@pytest.mark.parametrize("form", org.AUDIT_FILES)
@pytest.mark.parametrize(
    ("size", "large", "files", "pages"),
    [(500, 300, 5, 6), (100, 100, 22, 28), (100, 101, 0, 28), (100, 1, 28, 28)],
    ids=["one page a day", "files, then a page", "pages alone", "files alone"],
)
def test_audits_are_read_whole_from_pages_and_files(
    form: str, size: int, large: int, files: int, pages: int
) -> None:
    """Audits are read from pages and files by cursor; `eventTime` of a file becomes `eventDate`."""
    with Simulator(WORLD) as sim:
        sim.reports.audit_file, sim.reports.audit_page, sim.reports.large = form, size, large
        output = run(sim, "audits", **START)
        downloads = [request for request in sim.requests if request.path.startswith(org.FILES)]
        results = [request for request in sim.requests if request.path.endswith("/results")]
    rows = output.records("audits")
    dates = {audit["id"]: audit["eventDate"] for audit in org.audits(WORLD, SINCE, NOW)}
    assert Counter(row["id"] for row in rows) == truth("audits")
    assert {row["id"]: parse(row["eventDate"]) for row in rows} == {
        name: parse(date) for name, date in dates.items()
    }
    times = [row for row in rows if "eventTime" in row]
    assert all(row["eventTime"] == row["eventDate"] for row in times)
    assert bool(times) == (form == "array" and files > 0)
    assert (len(downloads), len(results)) == (files, pages)
    assert output.bookmark("audits") == iso(SETTLED)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nothing here", "cannot be read: expected a list, got a text"),
        (7, "cannot be read: expected a list, got a number"),
        (None, "cannot be read: expected a list, got nothing"),
        ({}, "cannot be read: expected a list, got an object"),
        ({"entities": {}}, "cannot be read: expected a list, got an object"),
        (["text"], "1 record is left out: expected objects with `id`, got a text"),
        ([{"eventTime": "2026-03-01"}], "got an object without `id`"),
    ],
)
def test_a_file_that_holds_no_audits_ends_the_run_in_one_line(
    monkeypatch: pytest.MonkeyPatch, content: Any, message: str
) -> None:
    """A malformed file is an error of one line per window.

    No row without a key is emitted, and the bookmark stays.
    """
    with Simulator(WORLD) as sim:
        sim.reports.large = 1
        monkeypatch.setattr(
            sim.reports, "stored", lambda *_arguments: SimulatedResponse(body=content)
        )
        output = Output()
        genesys_tap = tap(sim, "audits", output=output, **START)
        with pytest.raises(StopRun, match=f"audits, window .*{re.escape(message)}") as stop:
            genesys_tap.sync_or_leave()
    # A line for each window with such records.
    lines = str(stop.value).splitlines()
    assert all(line.startswith(("Gave up", "Incomplete", "audits, window ")) for line in lines)
    assert not output.records("audits")
    assert output.bookmark("audits") is None


def test_a_file_that_is_no_json_is_downloaded_again() -> None:
    """A garbled file is downloaded again; the error has no signature of its address."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("html", path=org.FILES, times=2))
        output = run(sim, "audits", **START)
        sim.faults.add(Fault("html", path=org.FILES, times=None))
        with pytest.raises(StopRun, match=r"Gave up after 8 tries .* holds no JSON") as stop:
            run(sim, "audits", **START)
    assert Counter(output.ids("audits")) == truth("audits")
    assert "signature" not in str(stop.value)


@pytest.mark.parametrize("stream", ["audits", "api_usage", "adherence_historical"])
def test_a_report_that_does_not_come_ends_the_run(stream: str) -> None:
    """A report that is not ready by `job_timeout_seconds` stops the run before its bookmark."""
    with Simulator(WORLD) as sim:
        sim.reports.polls = Never()
        output = Output()
        genesys_tap = tap(
            sim, stream, output=output, job_poll_seconds=5, job_timeout_seconds=60, **START
        )
        with pytest.raises(StopRun, match="is not done after job_timeout_seconds"):
            genesys_tap.sync_or_leave()
    assert output.bookmark(stream) is None


class Never(dict[str, int]):
    """Reports that are never ready."""

    def __setitem__(self, name: str, value: int) -> None:
        super().__setitem__(name, 0)


def test_a_failed_report_ends_the_run() -> None:
    """A failed report stops the run with its state."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("state", path="/audits/query/", state="Failed", times=None))
        with pytest.raises(StopRun, match="the report is 'Failed'"):
            run(sim, "audits", **START)


class Circling(Simulator):
    """Org whose second page names itself as the next one."""

    def respond(self, *request: Any) -> SimulatedResponse:
        answer = super().respond(*request)
        if isinstance(answer.body, dict) and answer.body.keys() & {"entities", "results"}:
            answer.body |= {"cursor": "1", "cursors": {"after": "1"}, "after": "1"}
        return answer


@pytest.mark.parametrize("stream", ["audits", "api_usage"])
def test_a_token_that_comes_again_ends_the_run(
    stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repeated token stops the run at once, not after `LAST_PAGE`."""
    monkeypatch.setattr(reports, "LAST_PAGE", 20)
    with Circling(WORLD) as sim:
        with pytest.raises(StopRun, match="the pages have no end"):
            run(sim, stream, **START)
        tokens = [
            {**request.query, **(request.body or {})}.get(
                "cursor" if stream == "audits" else "after"
            )
            for request in sim.requests
        ]
    assert tokens.count("1") == 1


def test_limits_are_read_of_each_namespace() -> None:
    """Limits of every namespace are read; an unknown namespace is no error."""
    with Simulator(WORLD) as sim:
        output = run(sim, "organization_limits")
        sent = [request for request in sim.requests if "/limits/" in request.path]
        ok = [request for request in sent if request.status == 200]
        response = requests.get(f"{sim.url}{ok[0].path}", headers=token(sim), timeout=10)
        path = "/api/v2/organizations/limits/namespaces/{namespaceName}"
        validate(response.json(), response_schema(path, "get"))
    rows = output.records("organization_limits")
    assert len(sent) == 95
    assert len(rows) == 2 * len(ok) > 100
    assert len({(row["namespaceName"], row["key"]) for row in rows}) == len(rows)
    assert len(output.of("SCHEMA")) == 1


def test_shifts_come_once_each_and_whole() -> None:
    """Each shift of eleven weeks per business unit comes once, whether in a body or in a file."""
    with Simulator(WORLD) as sim:
        output = run(sim, "schedules_published")
        searches = [
            request for request in sim.requests if request.path.endswith("/agentschedules/search")
        ]
        path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/agentschedules/search"
        for request in searches:
            validate(request.body, body_schema(path))
        response = requests.post(
            f"{sim.url}{searches[0].path}", json=searches[0].body, headers=token(sim), timeout=10
        )
        validate(response.json(), response_schema(path, "post"))
    units = ids_of(WORLD, "/api/v2/workforcemanagement/businessunits")
    rows = output.records("schedules_published")
    first = datetime(2026, 2, 2, tzinfo=UTC)
    last = first + 77 * DAY
    expected = {
        (unit, shift["id"])
        for unit in units
        for number in range(3)
        for shift in org.shifts(unit, number, first, last)
    }
    shifts = [(row["businessUnitId"], row["id"]) for row in rows if row["kind"] == "shift"]
    assert set(shifts) == expected
    assert len(shifts) == len(expected)
    keys = [(row["businessUnitId"], row["userId"], row["id"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert len(searches) == 11 * len(units)
    assert {row["businessUnitTimeZone"] for row in rows} == {"Europe/Berlin"}
    assert {row["kind"] for row in rows} == {"shift", "time_off"}


def test_a_listing_in_a_file_is_downloaded() -> None:
    """A listing whose response has an address in place of rows is downloaded."""
    path = "/api/v2/workforcemanagement/businessunits"
    with Simulator(WORLD) as sim:
        rows = rows_of(WORLD, path)
        sim.reports.files["all"] = {"entities": rows}
        genesys_tap = tap(sim, "business_units", output=(output := Output()))
        stream: Any = genesys_tap.streams["business_units"]
        response = requests.Response()
        response.status_code = 200
        response._content = f'{{"downloadUrl": "{sim.url}{org.FILES}all"}}'.encode()
        assert stream.extract(response) == rows
    assert not output.messages


def test_days_of_adherence_are_those_of_the_units_time_zone() -> None:
    """Adherence is requested for days of the unit's time zone."""
    with Simulator(WORLD) as sim:
        genesys_tap = tap(sim, "adherence_historical", **START)
        stream: Any = genesys_tap.streams["adherence_historical"]
        window = Window(SINCE + timedelta(hours=7), NOW)
        body = stream._query_of(window, "America/New_York", ["one"])
    (item,) = body["items"]
    assert (item["startDate"], item["endDate"]) == (
        "2026-03-01T05:00:00.000Z",
        iso(NOW),
    )
    assert body["timeZone"] == "America/New_York"


def test_a_late_change_arrives() -> None:
    """A work item that changes after it was read comes again, and none before the look-back."""
    with Simulator(WORLD) as sim:
        first = run(sim, "workitems", **START)
        sim.world = WORLD.at(NOW + 2 * DAY)
        second = run(sim, "workitems", state=first.state, **START)
    before = {row["id"]: row["dateModified"] for row in first.records("workitems")}
    again = {row["id"]: row["dateModified"] for row in second.records("workitems")}
    changed = {name for name in again if name in before and again[name] != before[name]}
    assert changed
    dates = {item["id"]: item["dateModified"] for item in org.workitems(WORLD.at(NOW + 2 * DAY))}
    assert before | again == dates
    assert all(parse(date) >= SETTLED - DAY for date in again.values())


def test_each_type_of_work_item_is_requested_once() -> None:
    """Work items are requested once per type, and the list of types once."""
    types = ids_of(WORLD, Workitems.types_path)
    with Simulator(WORLD) as sim:
        run(sim, "workitems", **START)
        bodies = [request.body or {} for request in sim.requests if request.path == Workitems.path]
        listed = [request for request in sim.requests if request.path == Workitems.types_path]
    assert [request["filters"][0]["values"] for request in bodies] == [[kind] for kind in types]
    assert len(listed) == 2
    assert all(len(request["filters"]) == 3 for request in bodies)


def test_a_stretch_of_usage_is_of_whole_days() -> None:
    """Usage is requested for whole days, up to now."""
    with Simulator(WORLD) as sim:
        stream: Any = tap(sim, "api_usage", **START).streams["api_usage"]
        noon = timedelta(hours=12)
        ends = [(SINCE + noon, SINCE + 2 * DAY + noon), (SINCE, SINCE + DAY), (NOW - DAY, NOW)]
        splits = [list(stream.windows(*bounds)) for bounds in ends]
    assert [(windows[0].start, windows[-1].end) for windows in splits] == [
        (SINCE, SINCE + 3 * DAY),
        (SINCE, SINCE + DAY),
        (SINCE + 4 * DAY, NOW),
    ]


def test_time_off_is_read_by_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time off is read from four weeks back to half a year ahead, and all that is pending.

    Each request for time off is emitted once.
    """
    path = "/api/v2/workforcemanagement/managementunits"
    monkeypatch.setitem(listings.COUNTS, path, 30)
    world = World(seed=77, per_day=1, since=SINCE, now=NOW)
    template = f"{path}/{{managementUnitId}}/timeoffrequests/query"
    with Simulator(world) as sim:
        output = run(sim, "time_off_requests", page_size=25)
        queries = [
            refusal for refusal in sim.requests if refusal.path.endswith("/timeoffrequests/query")
        ]
        response = requests.post(
            f"{sim.url}{queries[1].path}", json=queries[1].body, headers=token(sim), timeout=10
        )
        refused = [
            requests.post(f"{sim.url}{queries[1].path}", json=query, headers=token(sim), timeout=10)
            for query in ({}, {"dateRange": {"startDate": "2026-03-01", "endDate": "2026-04-03"}})
        ]
    rows = output.records("time_off_requests")
    units = ids_of(world, path)
    # The first of each unit is older than four weeks.
    expected = Counter((unit, row["id"]) for unit in units for row in org.time_off(world, unit)[1:])
    assert Counter((row["managementUnitId"], row["id"]) for row in rows) == expected
    assert len(units) == 30
    assert len(queries) == 8 * len(units)
    assert all(row["_extra"] is None for row in rows)
    assert len(output.of("SCHEMA")) == 1
    for query in queries:
        validate(query.body, body_schema(template))
    validate(response.json(), response_schema(template, "post"))
    assert [refusal.status_code for refusal in refused] == [400, 400]
