"""Faults on the way to the org: no record is lost, or the run reports which are missing."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.harness import Output, bookmarked, run, tap

from tap_genesys.api.pacing import SPREAD
from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World

DETAILS = "conversation_details"
SUMMARIES = "conversation_summaries"
QUERY = "/details/query"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
WORLD = World(seed=5, per_day=50, since=SINCE, now=NOW, lag=timedelta(hours=4))
TRUTH = [row["conversationId"] for row in WORLD.conversations(SINCE, NOW)]
START: dict[str, Any] = {"start_date": iso(SINCE), "page_size": 20}
SECRETS = ("demo-secret", "Bearer ", "Basic ")


def read(*faults: Fault, **options: Any) -> tuple[Output, Simulator]:
    """Read the details while these faults occur."""
    habits = {name: options.pop(name) for name in ("counts", "total_hits") if name in options}
    with Simulator(WORLD, **habits) as sim:
        for fault in faults:
            sim.faults.add(fault)
        return run(sim, DETAILS, **{**START, **options}), sim


@pytest.mark.parametrize("path", [QUERY, "/oauth/token"])
@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=429),
        Fault("status", status=429, retry_after="2"),
        Fault("status", status=429, retry_after="Sun, 01 Mar 2026 00:00:00 GMT"),
        *(Fault("status", status=status) for status in (408, 500, 502, 503, 504)),
        Fault("drop"),
        Fault("cut"),
        Fault("html"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.retry_after}",
)
def test_a_passing_fault_costs_a_second_try_and_no_record(
    fault: Fault, path: str, after: int
) -> None:
    """A transient fault, of a query or of a login, is retried, and every record arrives."""
    fault = Fault(
        fault.kind, path=path, after=after, status=fault.status, retry_after=fault.retry_after
    )
    output, _sim = read(fault)
    assert output.ids() == TRUTH


@pytest.mark.parametrize("kind", ["slow", "stall"])
def test_a_request_that_times_out_is_retried(kind: str) -> None:
    """A response that is late from its beginning, or stalls half way, is requested again."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault(kind, path=QUERY, seconds=30))
        output = Output()
        genesys_tap = tap(sim, DETAILS, output=output, **START)
        genesys_tap.run.client.timeout = 0.05
        genesys_tap.sync_or_leave()
    assert output.ids() == TRUTH


def test_an_expired_token_is_renewed_once() -> None:
    """A 401 renews the token once, and the request is sent again."""
    output, sim = read(Fault("unauthorized", path=QUERY, after=3))
    assert output.ids() == TRUTH
    assert len([request for request in sim.requests if request.path == "/oauth/token"]) == 2


def test_a_token_is_renewed_before_it_ends() -> None:
    """A token is renewed before it expires.

    Ten minutes of requests with tokens of five meet no 401.
    """
    with Simulator(WORLD, token_seconds=300) as sim:
        output = run(sim, DETAILS, requests_per_minute=1, **START)
    assert output.ids() == TRUTH
    assert not [request for request in sim.requests if request.status == 401]
    assert len([request for request in sim.requests if request.path == "/oauth/token"]) > 1


def test_a_token_that_stays_refused_stops_the_run() -> None:
    """A 401 with a fresh token stops the run, with the cause."""
    with pytest.raises(StopRun, match="The API refuses the credentials, even with a new token"):
        read(Fault("unauthorized", path=QUERY, times=None))


def test_wrong_credentials_stop_the_run_before_any_query() -> None:
    """Wrong credentials stop the run at the login, and the error names the setting."""
    with Simulator(WORLD, client_secret="another") as sim:
        with pytest.raises(StopRun, match=r"refuses the credentials \(401 .*client_secret\."):
            run(sim, DETAILS, **START)
        assert {request.path for request in sim.requests} == {"/oauth/token"}


def test_a_missing_permission_skips_the_stream_and_names_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A 403 skips the stream with a warning that names the permission, and a last line.

    The other streams are read, and the run succeeds.
    """
    with Simulator(WORLD) as sim:
        sim.faults.add(
            Fault("forbidden", path="/queues", permission="routing:queue:view", times=None)
        )
        output = run(sim, DETAILS, "routing_queues", "users", **START)
    assert output.ids() == TRUTH
    assert output.records("users")
    assert not output.records("routing_queues")
    warning, last = [entry.message for entry in caplog.records if entry.levelname == "WARNING"]
    assert "routing:queue:view" in warning
    assert "403" in warning
    assert last.startswith("Skipped: routing_queues (")


def test_a_permission_that_is_lost_half_way_keeps_the_bookmark_true() -> None:
    """After a 403 in the middle of a stream, its bookmark covers only what was emitted."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path=QUERY, after=5, times=None))
        output = run(sim, DETAILS, "users", **START)
    read_whole = [
        row["conversationId"]
        for row in WORLD.conversations(SINCE, datetime.fromisoformat(str(output.bookmark())))
    ]
    assert read_whole
    assert set(read_whole) <= set(output.ids())


def test_when_all_streams_are_forbidden_the_run_fails() -> None:
    """A run whose streams are all skipped fails, and names them."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", times=None, path="/api/"))
        with pytest.raises(StopRun, match="Every selected stream was skipped: divisions, users"):
            run(sim, "users", "divisions")


def test_a_refused_query_stops_with_the_vendors_words_and_what_was_sent() -> None:
    """A 400 stops the run, and the error explains it.

    It has the vendor's message, the correlation id, the request body and the window.
    """
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=QUERY, status=400, after=1))
        with pytest.raises(StopRun) as stop:
            run(sim, DETAILS, **START)
    message = str(stop.value)
    assert "answered 400: A simulated fault. (simulated.fault)" in message
    assert "Correlation id " in message
    assert '"interval": "2026-03-01T00:00:00.000Z/2026-03-02T00:00:00.000Z"' in message
    assert "conversation_details, window 2026-03-01" in message


@pytest.mark.parametrize("status", [404, 405, 409, 413, 415, 501])
def test_any_other_status_stops_the_run(status: int) -> None:
    """A status that no retry can help stops the run."""
    with pytest.raises(StopRun, match=f"answered {status}"):
        read(Fault("status", path=QUERY, status=status))


def test_a_redirect_is_not_followed() -> None:
    """A redirect is retried, not followed, and the error names no host but the configured one."""
    with pytest.raises(
        StopRun, match=r"Gave up after 2 tries .*answered 302: a redirect to no oth"
    ):
        read(Fault("status", path=QUERY, status=302, times=None), retry_max_tries=2)
    output, _sim = read(Fault("status", path=QUERY, status=307))
    assert output.ids() == TRUTH


def test_giving_up_is_one_line_and_a_true_bookmark() -> None:
    """After `retry_max_tries` the run stops with one line; the next run resumes at its bookmark."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path=QUERY, status=503, after=4, times=None))
        output = Output()
        with pytest.raises(StopRun, match=r"Gave up after 3 tries \(retry_max_tries\): .*503"):
            tap(sim, DETAILS, output=output, retry_max_tries=3, **START).sync_or_leave()
        assert output.bookmark() == "2026-03-02T00:00:00.000Z"
        sim.faults.clear()
        resumed = run(sim, DETAILS, state=output.state, **START)
    assert set(output.ids()) | set(resumed.ids()) == set(TRUTH)


def test_a_retry_after_of_hours_stops_at_once() -> None:
    """A `Retry-After` beyond `retry_max_wait_seconds` stops the run at once."""
    with pytest.raises(StopRun, match=r"longer than retry_max_wait_seconds \(180\): run again"):
        read(Fault("status", path=QUERY, status=429, retry_after="7200"))


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_page_that_comes_empty_for_a_while_is_read(page: int) -> None:
    """An empty page below the counted total is requested again until it is full."""
    output, _sim = read(Fault("empty", path=QUERY, page=page, times=3))
    assert output.ids() == TRUTH


def test_a_hole_holds_the_bookmark_and_fails_the_run() -> None:
    """A page that stays empty holds the bookmark and fails the run at its end.

    The rest is emitted, other streams too, and the error names window, page and counts.
    """
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("empty", path=QUERY, page=2, after=1, times=4))
        output = Output()
        genesys_tap = tap(sim, DETAILS, "users", output=output, **START)
        with pytest.raises(StopRun) as stop:
            genesys_tap.sync_or_leave()
    missing = set(TRUTH) - set(output.ids())
    assert len(missing) == 20
    assert output.records("users")
    assert (
        "conversation_details, window 2026-03-02T00:00:00.000Z/2026-03-03T00:00:00.000Z: page 2 "
        "stayed empty: expected 50 rows, received 20 rows before it"
    ) in str(stop.value)
    assert output.bookmark() == "2026-03-02T00:00:00.000Z"
    with Simulator(WORLD) as sim:
        resumed = run(sim, DETAILS, state=output.state, lookback_days=0, **START)
    assert set(output.ids()) | set(resumed.ids()) == set(TRUTH)


def test_a_hole_can_be_accepted(caplog: pytest.LogCaptureFixture) -> None:
    """With `incomplete_windows: accept` a hole is logged, and the bookmark passes it."""
    output, _sim = read(Fault("empty", path=QUERY, page=2, times=4), incomplete_windows="accept")
    assert output.bookmark() == iso(NOW - timedelta(minutes=30))
    assert [entry for entry in caplog.records if "Accepted" in entry.getMessage()]


def test_a_hole_in_a_listing_fails_the_run_too() -> None:
    """A page of a listing that stays empty fails the run."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("empty", path="/users", page=2, times=None))
        with pytest.raises(StopRun, match="users: page 2 stayed empty"):
            run(sim, "users", page_size=10)


def test_a_server_that_ignores_the_page_number_is_named() -> None:
    """The same page twice stops the run: paging would never end."""
    with pytest.raises(
        StopRun, match=r"conversation_details, window 2026-03-01.*: page 2 holds the same 20 rec"
    ):
        read(Fault("same_page", path=QUERY, times=None))


@pytest.mark.parametrize("total_hits", ["right", "none", "zero", "garbage", "high", "low"])
def test_no_count_of_details_loses_a_record(total_hits: str) -> None:
    """Paging of details ends by itself, whatever `totalHits` is."""
    output, _sim = read(total_hits=total_hits)
    assert output.ids() == TRUTH
    assert output.bookmark() == iso(NOW - timedelta(minutes=30))


@pytest.mark.parametrize(
    "counts", ["right", "none", "zero", "garbage", "high", "low", "disagreeing"]
)
@pytest.mark.parametrize("shape", ["nested", "flat", "own-id"])
def test_no_count_of_summaries_loses_a_record(counts: str, shape: str) -> None:
    """Paging of summaries ends by itself, whatever the counts and the shape of the response."""
    options: dict[str, Any] = {
        "summary_groupings": ["conversation:medium", "conversation:startHour"],
        "summary_metrics": ["conversation:count"],
    }
    with Simulator(WORLD, counts=counts, summary_shape=shape) as sim:
        output = run(sim, SUMMARIES, **{**START, "page_size": 10}, **options)
    counted = sum(
        row.get("metrics", {}).get("conversation:count", row.get("count", 0))
        for row in output.records(SUMMARIES)
    )
    assert counted == len(TRUTH)


def queried(until: datetime) -> dict[str, Any]:
    """Return the state after queries that read up to just now."""
    state = bookmarked(DETAILS, "conversationStart", iso(until))
    state["bookmarks"][DETAILS]["queryPasses"] = [[iso(SINCE), iso(SINCE), iso(WORLD.now)]]
    return state


def test_a_window_beyond_the_ceiling_is_read_by_job() -> None:
    """A window that no split brings below the query's ceiling is read by job.

    No row of it has been emitted before.
    """
    with Simulator(WORLD, ceiling=40, interval_reading="touched-days") as sim:
        output = Output()
        genesys_tap = tap(
            sim, DETAILS, output=output, end_date=iso(NOW - timedelta(hours=20)), **START
        )
        vars(genesys_tap.streams[DETAILS])["ceiling"] = 40
        genesys_tap.sync_or_leave()
        assert not sim.lake.jobs
    emitted = output.records(DETAILS)
    assert {row["_source"] for row in emitted} == {"job"}
    expected = WORLD.conversations(SINCE, NOW - timedelta(hours=20))
    assert [row["conversationId"] for row in emitted] == [row["conversationId"] for row in expected]


@pytest.mark.parametrize(("lag", "mark"), [(8, 1), (16, 0)])
def test_a_window_read_by_job_is_rechecked_up_to_the_watermark(lag: int, mark: int) -> None:
    """A window read by job is re-checked up to the last midnight before the lake's watermark."""
    world = replace(WORLD, lag=timedelta(hours=lag))
    with Simulator(world, ceiling=40, interval_reading="touched-days") as sim:
        output = Output()
        ends: dict[str, Any] = {"end_date": iso(SINCE + timedelta(days=1)), "recheck_days": [1]}
        genesys_tap = tap(sim, DETAILS, output=output, **ends, **START)
        vars(genesys_tap.streams[DETAILS])["ceiling"] = 40
        genesys_tap.sync_or_leave()
    assert {row["_source"] for row in output.records(DETAILS)} == {"job"}
    marks = output.state["bookmarks"][DETAILS]["recheckedUpTo"]
    assert marks == {"1": iso(SINCE + timedelta(days=mark))}


def test_a_window_that_the_lake_does_not_know_yet_stops_the_run() -> None:
    """A window beyond the ceiling that jobs cannot read yet stops the run.

    The bookmark covers what was emitted before it.
    """
    with Simulator(WORLD, ceiling=20, interval_reading="touched-days") as sim:
        output = Output()
        genesys_tap = tap(
            sim, DETAILS, output=output, window_days=0.5, **{**START, "page_size": 10}
        )
        vars(genesys_tap.streams[DETAILS])["ceiling"] = 20
        with pytest.raises(StopRun, match=r"promises 29 rows; .*conversation_details_source to"):
            genesys_tap.sync_or_leave()
    assert output.bookmark() == iso(NOW.replace(hour=6, minute=0))


def test_auto_stops_where_a_query_is_beyond_the_ceiling() -> None:
    """With `auto`, a query beyond the ceiling stops the run.

    The bookmark stays at the watermark.
    """
    with Simulator(WORLD, ceiling=20, interval_reading="touched-days") as sim:
        output = Output()
        genesys_tap = tap(
            sim,
            DETAILS,
            output=output,
            conversation_details_source="auto",
            **{**START, "page_size": 10},
        )
        vars(genesys_tap.streams[DETAILS])["ceiling"] = 20
        with pytest.raises(StopRun, match="Or set conversation_details_source to job"):
            genesys_tap.sync_or_leave()
    assert output.bookmark() == iso(WORLD.watermark)


def test_a_window_beyond_the_ceiling_stops_before_paging() -> None:
    """Where queries have emitted the window already, no job replaces them.

    It could make rows older.
    """
    with Simulator(WORLD, ceiling=40, interval_reading="touched-days") as sim:
        genesys_tap = tap(sim, DETAILS, state=queried(SINCE + timedelta(days=1)), **START)
        vars(genesys_tap.streams[DETAILS])["ceiling"] = 40
        with pytest.raises(StopRun, match=r"promises 50 rows; .*Lower window_days"):
            genesys_tap.sync_or_leave()
        # Its first half has the same count, that of the whole day: halving is no help.
        assert len([request for request in sim.requests if QUERY in request.path]) == 2


def test_smaller_windows_come_below_the_ceiling() -> None:
    """A smaller `window_days` brings queries below the ceiling, if the org counts by interval."""
    with Simulator(WORLD, ceiling=40, interval_reading="touched-days") as sim:
        output = Output()
        state = queried(SINCE + timedelta(days=1))
        genesys_tap = tap(sim, DETAILS, state=state, output=output, window_days=0.1, **START)
        vars(genesys_tap.streams[DETAILS])["ceiling"] = 40
        with pytest.raises(StopRun, match="promises"):
            genesys_tap.sync_or_leave()  # the simulator returns the whole day that a window touches
    with Simulator(WORLD, ceiling=40, interval_reading="overlap") as sim:
        output = Output()
        genesys_tap = tap(sim, DETAILS, output=output, window_days=0.1, **START)
        vars(genesys_tap.streams[DETAILS])["ceiling"] = 40
        genesys_tap.sync_or_leave()
    assert output.ids() == TRUTH


def test_the_pace_counts_every_request_logins_too() -> None:
    """All requests, logins included, keep `requests_per_minute`: n of them take n - 1 intervals."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("unauthorized", path=QUERY, after=2))
        genesys_tap = tap(sim, DETAILS, requests_per_minute=60, **START)
        begun = genesys_tap.clock.seconds()
        genesys_tap.sync_or_leave()
        assert len([request for request in sim.requests if request.path == "/oauth/token"]) == 2
        assert genesys_tap.clock.seconds() - begun == pytest.approx(
            (len(sim.requests) - 1) * SPREAD / 60
        )


def test_a_429_throttles_all_requests() -> None:
    """A 429 throttles every request of the run, not only the one that was refused."""
    with Simulator(WORLD) as sim:
        genesys_tap = tap(sim, DETAILS, **START)
        sim.faults.add(Fault("status", path="/users", status=429, retry_after="7"))
        begun = genesys_tap.clock.seconds()
        for path in ("/api/v2/users", "/api/v2/routing/queues"):
            genesys_tap.run.client.session.get(f"{sim.url}{path}", timeout=10)
        assert genesys_tap.clock.seconds() - begun >= 7


def test_no_secret_is_logged_or_emitted(caplog: pytest.LogCaptureFixture) -> None:
    """No secret or token is in the logs at debug level, in errors or in messages, whatever happens.

    Retries, a renewed token, a refusal.
    """
    caplog.set_level(logging.DEBUG)
    with Simulator(WORLD) as sim:
        for fault in (
            Fault("status", path="/oauth", status=503),
            Fault("unauthorized", path=QUERY, after=2),
            Fault("drop", path=QUERY, after=3),
            Fault("status", path=QUERY, status=400, after=6),
        ):
            sim.faults.add(fault)
        output = Output()
        with pytest.raises(StopRun) as stop:
            tap(sim, DETAILS, output=output, **START).sync_or_leave()
        tokens = {
            request.headers["Authorization"].split()[1]
            for request in sim.requests
            if "Authorization" in request.headers
        }
    text = caplog.text + str(stop.value) + str(output.messages)
    assert len(tokens) >= 3
    assert not [secret for secret in (*SECRETS, *tokens) if secret in text]
