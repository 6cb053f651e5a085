"""`--check=assumptions` finds the habits of an org in few requests, without its data."""

from __future__ import annotations

import contextlib
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from support.direct import without_sockets
from support.harness import tap
from support.scripts import ROOT
from support.tap_process import Process, config, errors
from support.vendor_document import DOCUMENT, body_schema, validate

from tap_genesys.interruption import Interrupted
from tap_genesys.preflight.assumptions.model import Response, Undecidable, verdict
from tap_genesys.preflight.assumptions.plan import JOBS, MOST_REQUESTS, STEPS
from tap_genesys.preflight.assumptions.registry import ASSUMPTIONS, UNSETTLED, table
from tap_genesys.preflight.assumptions.report import check
from tap_genesys.preflight.assumptions.sender import Sender
from tap_genesys.replication.windows import DAY
from tap_genesys.simulator import Fault, Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_genesys.preflight.assumptions.report import Report

SINCE = datetime(2026, 3, 5, tzinfo=UTC)
#: A Wednesday; the lake knows Monday and some of Tuesday.
WORLD = World(seed=4, per_day=120, since=SINCE, now=datetime(2026, 3, 11, 9, 7, tzinfo=UTC))
BOUNDS = ("[)", "[]", "(]", "()")


def checked(sim: Simulator) -> Report:
    """Check the assumptions with the settings of a quick run."""
    return check(tap(sim, "users").run, "0.1.0")


def verdicts(report: Report) -> dict[str, str]:
    """Return the outcome of each assumption by its name."""
    return {assumption.name: verdict.outcome.value for assumption, verdict in report.verdicts}


def evidence(report: Report) -> dict[str, str]:
    """Return the evidence of each assumption by its name."""
    return {assumption.name: verdict.evidence for assumption, verdict in report.verdicts}


@cache
def in_world(**habits: Any) -> Report:
    """Check a simulated org with some habits, once for each combination."""
    with Simulator(WORLD, **habits) as sim, without_sockets(sim):
        return checked(sim)


@pytest.mark.parametrize(
    ("name", "habits", "expected"),
    [
        ("interval-reading", {}, "confirmed"),
        ("interval-reading", {"interval_reading": "touched-days"}, "refuted"),
        ("order", {}, "confirmed"),
        ("total-hits", {}, "refuted"),
        ("total-hits", {"total_hits": "high"}, "confirmed"),
        ("total-hits", {"total_hits": "low"}, "confirmed"),
        ("total-hits", {"total_hits": "zero"}, "confirmed"),
        ("total-hits", {"total_hits": "none"}, "not decidable"),
        ("total-hits", {"total_hits": "garbage"}, "not decidable"),
        ("details-page-cut", {}, "confirmed"),
        ("details-page-cut", {"oversized_page": "refuse"}, "refuted"),
        ("misplaced-predicates", {}, "confirmed"),
        ("misplaced-predicates", {"misplaced_predicates": "match"}, "refuted"),
        ("misplaced-predicates", {"misplaced_predicates": "refuse"}, "refuted"),
        # A small job cannot show a cut.
        ("job-page-cut", {}, "not decidable"),
        ("job-page-cut", {"oversized_job_page": "refuse"}, "refuted"),
        ("lake-lag", {}, "confirmed"),
        ("lake-steps", {}, "not decidable"),
        ("user-entries", {}, "confirmed"),
        ("user-entries", {"user_pages": "users"}, "refuted"),
        ("user-middle-days", {}, "confirmed"),
        ("user-middle-days", {"span_days": "each"}, "refuted"),
        ("user-dates", {}, "refuted"),
        ("user-dates", {"span_dates": "seconds"}, "confirmed"),
        ("user-aggregates-unfiltered", {}, "confirmed"),
        ("user-aggregates-unfiltered", {"unfiltered_users": "all"}, "refuted"),
        ("aggregate-cells", {}, "confirmed"),
        ("aggregate-cells", {"aggregate_cells": "clock"}, "refuted"),
        ("summaries", {}, "confirmed"),
        ("page-count", {}, "confirmed"),
        ("page-count", {"counts": "none"}, "refuted"),
        ("workitem-filters", {}, "confirmed"),
        ("workitem-types", {}, "confirmed"),
        ("listing-page-500", {}, "confirmed"),
        ("listing-page-500", {"oversized_page": "refuse"}, "refuted"),
        ("listing-page-100", {}, "confirmed"),
        ("listing-page-100", {"oversized_page": "refuse"}, "refuted"),
        ("listing-next-uri", {}, "refuted"),
        ("listing-next-uri", {"links": "absolute"}, "confirmed"),
        ("listing-page-beyond", {}, "confirmed"),
        ("listing-page-beyond", {"page_beyond": "missing"}, "refuted"),
        ("limit-namespaces", {}, "confirmed"),
        ("limit-names", {}, "not decidable"),
        ("retry-after", {}, "not decidable"),
        ("licences", {}, "not decidable"),
    ],
)
def test_the_verdict_follows_the_simulated_habit(
    name: str, habits: dict[str, str], expected: str
) -> None:
    """Each habit of the simulator, and the default, leads to its own verdict."""
    report = in_world(**habits)
    assert verdicts(report)[name] == expected, evidence(report)[name]


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize(
    ("name", "habit"),
    [
        ("query-bounds", "interval_bounds"),
        ("job-bounds", "job_interval_bounds"),
        ("evaluation-bounds", "evaluation_bounds"),
    ],
)
def test_each_bound_of_an_interval_is_found(name: str, habit: str, bounds: str) -> None:
    """The evidence describes both bounds; only the believed ones are confirmed."""
    report = in_world(**{habit: bounds})
    start = "belongs" if bounds[0] == "[" else "does not belong"
    end = "belongs" if bounds[1] == "]" else "does not belong"
    assert evidence(report)[name] == f"the start {start} to it; the end {end} to it"
    believed = "[]" if name == "evaluation-bounds" else "[)"
    assert verdicts(report)[name] == ("confirmed" if bounds == believed else "refuted")


@pytest.mark.parametrize("bounds", BOUNDS)
def test_a_server_without_bounds_loses_an_instant(bounds: str) -> None:
    """A conversation without duration at an open bound is in no interval."""
    expected = "confirmed" if bounds == "()" else "refuted"
    assert verdicts(in_world(interval_bounds=bounds))["instants-at-bounds"] == expected


@pytest.mark.parametrize("bounds", BOUNDS)
def test_where_all_of_a_day_is_returned_its_midnight_shows_the_bound(bounds: str) -> None:
    """If a query returns whole days, an end at midnight shows the bound."""
    report = in_world(interval_reading="touched-days", interval_bounds=bounds)
    assert verdicts(report)["query-bounds"] == ("refuted" if bounds[1] == "]" else "confirmed")
    assert "midnight" in evidence(report)["query-bounds"]


def test_a_lake_that_is_too_far_behind_is_refuted() -> None:
    """The evidence has the lag in hours."""
    with Simulator(WORLD.at(WORLD.now, lag=timedelta(hours=50))) as sim:
        report = checked(sim)
    assert verdicts(report)["lake-lag"] == "refuted"
    assert evidence(report)["lake-lag"] == "50.1 hours behind"


def test_a_watermark_that_moves_meanwhile_shows_its_steps() -> None:
    """Two watermarks of one check show the step."""
    with Simulator(WORLD) as sim:
        sim.each_request = timedelta(minutes=1)
        report = checked(sim)
    assert verdicts(report)["lake-steps"] == "confirmed"
    assert evidence(report)["lake-steps"].startswith("moved by 900 s in ")


def test_a_429_is_judged_where_it_occurs() -> None:
    """It is evidence for limits and `Retry-After`, and its request is sent again."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/groups", status=429, retry_after="3"))
        sim.faults.add(Fault("status", path="/skills", status=429, retry_after="in:3", limit=""))
        report = checked(sim)
    assert verdicts(report)["limit-names"] == "confirmed"
    assert evidence(report)["limit-names"] == "1 of 2 name one: token.rate.per.minute = 300"
    assert verdicts(report)["retry-after"] == "refuted"
    # The request was sent again.
    assert verdicts(report)["listing-page-500"] == "confirmed"


def test_an_org_that_goes_on_throttling_is_left_alone() -> None:
    """After three tries the check sends nothing more, and the rest is undecided."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/users/details", status=429, times=None))
        report = checked(sim)
        paths = [request.path for request in sim.requests if request.path != "/oauth/token"]
    assert len([path for path in paths if "/users/details" in path]) == 3
    assert not [path for path in paths if path.startswith("/api/v2/routing")]
    assert "throttled" in evidence(report)["listing-page-100"]
    assert sim.lake.jobs == {}


def test_an_api_that_is_out_of_order_is_left_alone() -> None:
    """After three failed requests, each with its tries, none is sent."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/api/v2", status=500, times=None))
        report = checked(sim)
    assert report.requests == 3
    assert set(verdicts(report).values()) == {"not decidable"}
    assert "3 requests before it had no response" in evidence(report)["listing-page-100"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("status", path="/gamification", status=404), "confirmed"),
        (Fault("forbidden", path="/gamification", permission="x:y:z"), "not decidable"),
        (Fault("status", path="/gamification", status=403), "refuted"),
    ],
)
def test_the_response_to_a_missing_licence_decides(fault: Fault, expected: str) -> None:
    """404 confirms the assumption; 403 leaves it undecided."""
    with Simulator(WORLD) as sim:
        sim.faults.add(fault)
        assert verdicts(checked(sim))["licences"] == expected


def test_the_requests_are_few_and_match_the_vendors_document() -> None:
    """Except for the one with a predicate in the wrong list, which is the question.

    But for the one that has a predicate in the wrong list, on purpose.
    """
    with Simulator(WORLD, interval_reading="touched-days") as sim:
        report = checked(sim)
        sent = [request for request in sim.requests if request.path != "/oauth/token"]
    assert len(sent) == report.requests == MOST_REQUESTS == 27
    document = DOCUMENT["paths"]
    queries = [request for request in sent if request.method == "POST" and request.path in document]
    misplaced = [request for request in queries if "queueId" in str(request.body)]
    assert len(misplaced) == 1
    for request in queries:
        if request not in misplaced:
            validate(request.body, body_schema(request.path))
    assert {request.path for request in sent if request.method == "POST"} - document.keys() == {
        "/api/v2/analytics/conversations/summary/queries"
    }


def test_no_page_is_larger_than_a_page_of_a_run() -> None:
    """The check adds no load that a run would not."""
    with Simulator(WORLD) as sim:
        checked(sim)
        pages = [_page_size(request.body) for request in sim.requests if request.body]
    assert max(pages) <= 250


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", path="/results", status=400),
        Fault("status", path="/results", status=500, times=None),
        Fault("html", path="/results"),
        Fault("drop", path="/results", times=None),
        Fault("state", path="/details/jobs/job-", state="FAILED"),
        Fault("state", path="/details/jobs/job-", state="PENDING", times=None),
        Fault("html", path="/details/jobs/job-", times=2),
    ],
)
def test_the_job_is_deleted_in_every_outcome(fault: Fault) -> None:
    """If its results fail, its own verdict is undecided, and the others are not affected."""
    with Simulator(WORLD) as sim:
        sim.faults.add(fault)
        report = checked(sim)
        deleted = [request.path for request in sim.requests if request.method == "DELETE"]
    assert deleted == [f"{JOBS}/job-0"]
    assert sim.lake.jobs == {} or fault.kind in ("html", "state")
    assert verdicts(report)["job-bounds"] == "not decidable"
    # Nothing else is lost with it.
    assert verdicts(report)["query-bounds"] == "confirmed"


def test_the_job_is_deleted_when_a_signal_ends_the_check() -> None:
    """Jobs are scarce: an interrupted check leaves none."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("state", path="/details/jobs/job-", state="PENDING", times=None))
        reader = tap(sim, "users", job_poll_seconds=1)
        wait = reader.clock._sleep

        def sleep(seconds: float) -> None:
            wait(seconds)
            if sim.lake.jobs:
                reader.interruption.handle(15)

        reader.clock._sleep = sleep
        with pytest.raises(Interrupted):
            check(reader.run, "0.1.0")
        assert [request.path for request in sim.requests if request.method == "DELETE"] == [
            f"{JOBS}/job-0"
        ]


@pytest.mark.parametrize("kind", ["forbidden", "html", "empty", "cut"])
@pytest.mark.parametrize("path", ["/api/v2", "details", "query", "routing"])
def test_whatever_is_refused_or_garbled_ends_in_a_report(kind: str, path: str) -> None:
    """An assumption without its response is not decidable; the others are checked."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault(kind, path=path, times=None, after=1 if path == "/api/v2" else 0))
        if kind == "cut" and path == "details":
            sim.faults.clear()
            sim.faults.add(Fault(kind, path="/details/query", times=None))
        report = checked(sim)
    assert len(report.verdicts) == len(in_world().verdicts)
    assert json.loads(report.as_json())["assumptions"]
    if kind == "html":
        assert "not decidable" in verdicts(report).values()


def test_no_damage_to_a_response_ends_in_a_traceback() -> None:
    """A value replaced by another type, a list doubled or emptied, a key removed: 40 times."""
    with Simulator(WORLD) as sim:
        observed = Sender(tap(sim, "users").run).send_all()
    for seed in range(40):
        chance = random.Random(seed)  # noqa: S311 - no secret
        damaged = replace(observed, responses=dict(observed.responses))
        for name in chance.sample(sorted(damaged.responses), 4):
            response = damaged.responses[name]
            body = _damaged(response.body, chance)
            damaged.responses[name] = Response(response.status, body, response.headers)
        for step in STEPS:
            with contextlib.suppress(Undecidable):
                step.make(damaged)
        for assumption in ASSUMPTIONS:
            assert verdict(assumption, damaged).evidence or not assumption.judge


def test_an_empty_org_decides_little_and_breaks_nothing() -> None:
    """Without conversations most verdicts are "not decidable", and the check succeeds."""
    empty = World(seed=4, per_day=120, since=WORLD.now - DAY / 24, now=WORLD.now, until=SINCE)
    with Simulator(empty) as sim:
        report = checked(sim)
    for name in ("interval-reading", "query-bounds", "job-bounds", "order", "total-hits"):
        assert verdicts(report)[name] == "not decidable"
    assert verdicts(report)["listing-page-beyond"] == "confirmed"


def test_nothing_of_the_org_is_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """No id, name or address of any response is in the table or the JSON."""
    seen: set[str] = set()
    worlds: list[dict[str, Any]] = [{}, {"interval_reading": "touched-days", "span_days": "each"}]
    for habits in worlds:
        with Simulator(WORLD, **habits) as sim:
            respond = sim.respond

            def spied(*arguments: Any, respond: Any = respond) -> Any:
                response = respond(*arguments)
                seen.update(_private(response.body))
                return response

            monkeypatch.setattr(sim, "respond", spied)
            report = checked(sim)
        text = f"{report.as_table()}\n{report.as_json()}"
        assert not [value for value in seen if value in text]
    assert len(seen) > 1000
    assert {user["id"] for user in WORLD.users()[:3]} <= seen


def test_wrong_credentials_are_one_line(tmp_path: Path) -> None:
    """An error of the login is a line, not a traceback, and exit code 1."""
    with Simulator(WORLD) as sim:
        process = Process(tmp_path, config(sim, client_secret="wrong"), "--check=assumptions")
        code, stderr, _ = process.end()
    assert code == 1
    (line,) = errors(stderr)
    assert "refuses the credentials" in line


@pytest.mark.parametrize("option", ["--check=assumptions", "--check=assumptions-json"])
def test_the_command_prints_a_table_or_json(tmp_path: Path, option: str) -> None:
    """The keys of the JSON are read by programs, so they stay."""
    with Simulator(WORLD) as sim:
        process = Process(tmp_path, config(sim), option)
        code, _, _ = process.end()
    printed = b"".join(process.lines).decode()
    assert code == 0
    if option.endswith("json"):
        report = json.loads(printed)
        assert set(report) == {"checked_at", "version", "requests", "assumptions"}
        assert set(report["assumptions"][0]) == {
            "name",
            "assumption",
            "status",
            "verdict",
            "evidence",
        }
    else:
        assert "query-bounds " in printed


def test_each_unsettled_assumption_has_a_check_or_a_reason() -> None:
    """And never both; names are unique."""
    for assumption in ASSUMPTIONS:
        is_unsettled = assumption.status in UNSETTLED
        assert is_unsettled or assumption.status == "confirmed", assumption.name
        assert bool(assumption.judge or assumption.unchecked) or not is_unsettled, assumption.name
        assert not (assumption.judge and assumption.unchecked), assumption.name
    names = [assumption.name for assumption in ASSUMPTIONS]
    assert len(set(names)) == len(names)


def test_the_design_page_has_the_same_list() -> None:
    """The table in docs/design.md is generated from the assumptions."""
    page = (ROOT / "docs" / "design.md").read_text("utf-8")
    section = page.partition("## What is assumed about the vendor's API")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert listed == table().splitlines()[2:]
    assert len(listed) == len(ASSUMPTIONS)


def test_the_operations_page_has_the_cost_of_the_check() -> None:
    """docs/operations.md has the most requests that the check sends."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert f"{MOST_REQUESTS} requests at most" in page
    assert len({step.name for step in STEPS}) == len(STEPS)


def _damaged(value: Any, chance: random.Random) -> Any:
    """Return a JSON value with one of its parts damaged, at some depth."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(sorted(value))
        if chance.random() < 0.15:
            return {name: inner for name, inner in value.items() if name != key}
        return {**value, key: _damaged(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        if chance.random() < 0.15:
            return value * 2
        place = chance.randrange(min(len(value), 5))
        return [*value[:place], _damaged(value[place], chance), *value[place + 1 :]]
    return chance.choice([None, True, -1, 1.5, 10**30, "", "many", [], {}, [None], [[1]], {"a": 1}])


def _page_size(body: dict[str, Any]) -> int:
    paging = body.get("paging") or body
    return int(paging.get("pageSize") or 0)


def _private(value: Any, key: str = "") -> Iterator[str]:
    """Yield the texts of a body that name something of the org's."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _private(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _private(inner, key)
    elif isinstance(value, str) and len(value) > 3:
        is_named = key.lower().endswith(("id", "name", "email", "ani", "dnis", "address"))
        if is_named and not value.startswith(("nConversations", "conversation:")):
            yield value
