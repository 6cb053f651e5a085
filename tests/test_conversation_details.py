"""Two lanes read every conversation completely, and no row becomes older than it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import Output, last_state, run, tap
from support.http_doubles import response
from support.warehouse import Warehouse

from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import iso, parse
from tap_genesys.simulator import Fault, Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: Conversations start on seven days, change for weeks, and then never again.
WORLD = World(seed=21, per_day=6, since=SINCE, now=SINCE + 4 * DAY, until=SINCE + 7 * DAY)
LANES: dict[str, Any] = {
    "start_date": iso(SINCE),
    "conversation_details_source": "auto",
    "recheck_days": [1, 3, 7, 30],
    "job_poll_seconds": 0,
}


def one_run(world: World, state: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """Execute a run; return its messages."""
    output = Output()
    with Simulator(world) as sim:
        tap(sim, DETAILS, state=state, output=output, **{**LANES, **options}).sync_or_leave()
    return output.messages


def emitted(messages: list[dict[str, Any]], source: str) -> set[str]:
    """Return the conversations that one of the two sources has emitted."""
    rows = [message["record"] for message in messages if message["type"] == "RECORD"]
    return {row["conversationId"] for row in rows if row["_source"] == source}


@pytest.mark.parametrize("source", ["job", "auto"])
def test_jobs_return_participants_attributes(source: str) -> None:
    """Queries do not return them; each conversation is read by one source in a run."""
    world = WORLD.at(SINCE + 5 * DAY, 6 * HOUR)
    messages = one_run(world, {}, conversation_details_source=source)
    rows = [message["record"] for message in messages if message["type"] == "RECORD"]
    by_lane = {lane: [row for row in rows if row["_source"] == lane] for lane in ("job", "query")}
    assert all("attributes" in row["participants"][0] for row in by_lane["job"])
    assert not [row for row in by_lane["query"] if "attributes" in row["participants"][0]]
    assert bool(by_lane["query"]) is (source == "auto")
    assert len(rows) == len({row["conversationId"] for row in rows})


def test_the_bookmark_never_passes_the_watermark() -> None:
    """Rows beyond the watermark are read by query, and again by job later."""
    world = WORLD.at(SINCE + 5 * DAY, 6 * HOUR)
    state = last_state(one_run(world, {}))["bookmarks"][DETAILS]
    assert state["replication_key_value"] == iso(world.watermark)


def test_a_conversation_that_the_lake_cuts_off_is_not_printed_by_job() -> None:
    """Started 23:50, printed whole by the query at 00:30; the lake ends at 00:10 an hour later."""
    early = WORLD.at(SINCE + 2 * DAY + 30 * timedelta(minutes=1), HOUR)
    late = early.at(early.now + HOUR, timedelta(minutes=80))
    warehouse = Warehouse(SINCE)
    first = one_run(early, {})
    warehouse.load(first, early)
    second = one_run(late, last_state(first))
    warehouse.load(second, late)
    cut_off = {
        row["conversationId"]
        for row in early.conversations(SINCE, early.now)
        if "conversationEnd" in row
        and parse(row["conversationStart"]) < late.watermark <= parse(row["conversationEnd"])
    }
    assert cut_off
    assert cut_off <= emitted(first, "query")
    assert not cut_off & emitted(second, "job")


def test_a_job_with_too_many_rows_is_halved() -> None:
    """It is never taken for complete."""
    world = WORLD.at(SINCE + 5 * DAY, 6 * HOUR)
    output = Output()
    with Simulator(world) as sim:
        sim.lake.row_limit = 9
        tap(sim, DETAILS, output=output, **{**LANES, "window_days": 4}).sync_or_leave()
        assert len([request for request in sim.requests if request.method == "DELETE"]) > 3
    truth = {world.conversation(n)["conversationId"] for n in world.numbers(SINCE, world.now)}
    assert set(output.ids()) == truth


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("state", path="/jobs/job-", state="DANCING"), "in the state 'DANCING'"),
        (Fault("state", path="/jobs/job-", state="PENDING", times=None), "job_timeout_seconds"),
        (Fault("state", path="/jobs/job-", state="FAILED", times=None), "gave up after 4 jobs"),
        (
            Fault("status", path="/details/jobs", status=429, times=None),
            "no job could be submitted within job_timeout_seconds",
        ),
    ],
)
def test_a_job_that_does_not_end_well_stops_the_run(fault: Fault, words: str) -> None:
    """The message names the job, the window and the setting; the job is deleted all the same."""
    with Simulator(WORLD.at(SINCE + 5 * DAY, 6 * HOUR)) as sim:
        if fault.path == "/details/jobs":
            sim.lake.most_jobs = 0
        else:
            sim.faults.add(fault)
        with pytest.raises(StopRun, match=words) as stop:
            tap(sim, DETAILS, **{**LANES, "job_poll_seconds": 3}).sync_or_leave()
        assert "window 2026-03-01" in str(stop.value)
        assert not sim.lake.jobs


def test_a_watermark_that_moved_back_keeps_the_bookmark() -> None:
    """No job is submitted, and the bookmark stays."""
    world = WORLD.at(SINCE + 5 * DAY, 6 * HOUR)
    first = one_run(world, {})
    later = world.at(world.now + HOUR, 40 * HOUR)
    second = one_run(later, last_state(first))
    lanes = {m["record"]["_source"] for m in second if m["type"] == "RECORD"}
    assert lanes <= {"query"}
    before, after = (last_state(messages)["bookmarks"][DETAILS] for messages in (first, second))
    assert before["replication_key_value"] == after["replication_key_value"]


def test_going_back_to_queries_and_to_jobs_again_is_logged_and_makes_no_row_older(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The bookmark of the queries is not the jobs': it is taken back to the watermark."""
    warehouse = Warehouse(SINCE)
    state: dict[str, Any] = {}
    for hours, source in enumerate(["auto", "query", "query", "auto", "auto"]):
        world = WORLD.at(SINCE + 5 * DAY + 3 * hours * HOUR, 4 * HOUR)
        messages = one_run(world, state, conversation_details_source=source)
        warehouse.load(messages, world)
        state = last_state(messages)
        if source == "auto":
            assert state["bookmarks"][DETAILS]["replication_key_value"] <= iso(world.watermark)
    assert caplog.text.count("read by query, without participants' attributes") == 1
    assert set(warehouse.rows) == set(warehouse.truth(world))


def test_rows_that_arrive_while_paging_hide_none_that_were_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They are found late, in the middle, and shift the pages: some rows come twice.

    The first page's count is what is owed, so no second reading has to be.
    """
    caplog.set_level("INFO")
    busy = World(
        seed=3,
        per_day=2000,
        since=SINCE,
        now=SINCE + 10 * HOUR,
        indexing=timedelta(minutes=10),
    )
    with Simulator(busy, interval_reading="touched-days") as sim:
        sim.each_request = timedelta(seconds=20)
        output = run(sim, DETAILS, start_date=iso(SINCE), page_size=20)
    assert "once more" not in caplog.text
    indexed = {busy.conversation_id(number) for number in busy.indexed(SINCE, busy.now)}
    assert indexed < set(output.ids())


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("source", ["query", "auto"])
def test_rows_that_arrive_faster_than_they_are_read_are_no_failure(
    source: str, parallel: int
) -> None:
    """They come in the middle all the while; a later run brings those that were missed."""
    busy = World(
        seed=3,
        per_day=6000,
        since=SINCE,
        now=SINCE + 10 * HOUR,
        lag=4 * HOUR,
        indexing=timedelta(minutes=10),
    )
    options: dict[str, Any] = {
        "conversation_details_source": source,
        "page_size": 20,
        "max_parallel_requests": parallel,
    }
    with Simulator(busy, interval_reading="touched-days") as sim:
        sim.each_request = timedelta(seconds=20)
        output = run(sim, DETAILS, start_date=iso(SINCE), **options)
    promised = busy.now - timedelta(minutes=30) if source == "query" else busy.watermark
    assert output.bookmark() == iso(promised)
    if parallel == 1:
        indexed = {busy.conversation_id(number) for number in busy.indexed(SINCE, busy.now)}
        assert indexed <= set(output.ids())


def test_late_changes_arrive_by_the_re_checks() -> None:
    """A day is read again once at each age, and by no more requests than that."""
    state: dict[str, Any] = {}
    warehouse = Warehouse(SINCE)
    rereads = 0
    for day in range(4, 45):
        world = WORLD.at(SINCE + day * DAY, 6 * HOUR)
        output = Output()
        with Simulator(world) as sim:
            tap(sim, DETAILS, state=state, output=output, **LANES).sync_or_leave()
            flagged = [r for r in sim.requests if r.body and "startOfDayIntervalMatching" in r.body]
        rereads += len(flagged)
        warehouse.load(output.messages, world)
        state = output.state
    # Seven days have conversations; days before the first run's age were satisfied by it.
    assert len(state["bookmarks"][DETAILS]["recheckedUpTo"]) == 4
    assert rereads <= 4 * 45
    assert len(str(state)) < 2000


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("state", path="/jobs/job-", state="FAILED")],
        [Fault("state", path="/jobs/job-", state="EXPIRED", times=3)],
        [Fault("state", path="/jobs/job-", state="CANCELLED", after=2)],
        [Fault("status", path="/results", status=404)],
        [Fault("status", path="/results", status=400, after=1)],
        [Fault("status", path="/details/jobs", status=429, retry_after="1", times=3)],
        [Fault("drop", path="/jobs/job-")],
    ],
)
def test_a_lost_job_is_submitted_again(faults: list[Fault]) -> None:
    """A failed, expired, cancelled, missing or throttled job costs no row."""
    world = WORLD.at(SINCE + 5 * DAY, 6 * HOUR)
    output = Output()
    with Simulator(world) as sim:
        sim.lake.page_limit = 5
        for fault in faults:
            sim.faults.add(fault)
        tap(sim, DETAILS, output=output, **LANES).sync_or_leave()
        assert not sim.lake.jobs
    truth = {world.conversation(n)["conversationId"] for n in world.numbers(SINCE, world.now)}
    assert set(output.ids()) == truth


@pytest.fixture(scope="module")
def nine_days() -> World:
    """Return an org with nine days of history in the lake."""
    return World(seed=6, per_day=30, since=SINCE, now=SINCE + timedelta(days=9, hours=4))


def by_jobs(world: World, **options: Any) -> tuple[Output, float, Simulator]:
    """Read the nine days by job; return the output, the duration in seconds, and the org."""
    output = Output()
    sim = Simulator(world)
    with sim:
        reader = tap(
            sim,
            DETAILS,
            output=output,
            start_date=iso(SINCE),
            conversation_details_source="job",
            job_poll_seconds=30,
            **options,
        )
        begun = reader.clock.seconds()
        reader.sync_or_leave()
        return output, reader.clock.seconds() - begun, sim


def test_jobs_work_side_by_side_and_are_printed_in_the_order_of_time(nine_days: World) -> None:
    """Three take a third of the waiting; what is printed is the same, in the same order."""
    alone, seconds_alone, _ = by_jobs(nine_days, max_parallel_jobs=1)
    together, seconds_together, sim = by_jobs(nine_days, max_parallel_jobs=3)
    assert together.ids() == alone.ids()
    assert seconds_alone >= 9 * 30
    assert seconds_together <= seconds_alone / 3 + 1
    at_once = most = 0
    for request in sim.requests:
        if request.path.endswith("/details/jobs") and request.method == "POST":
            at_once += 1
        if request.method == "DELETE":
            at_once -= 1
        most = max(most, at_once)
    assert (most, at_once) == (3, 0)
    assert not sim.lake.jobs


def test_an_org_that_allows_one_job_gets_one_at_a_time(nine_days: World) -> None:
    """The lake is not polled for more."""
    output = Output()
    with Simulator(nine_days) as sim:
        sim.lake.most_jobs = 1
        reader = tap(
            sim,
            DETAILS,
            output=output,
            start_date=iso(SINCE),
            conversation_details_source="job",
        )
        reader.sync_or_leave()
        refused = [
            request for request in sim.requests if request.status == HTTPStatus.TOO_MANY_REQUESTS
        ]
    assert set(output.ids()) == {
        row["conversationId"] for row in nine_days.conversations(SINCE, nine_days.watermark)
    }
    assert len(refused) == 1


def test_prefetched_jobs_are_deleted_when_the_run_stops(nine_days: World) -> None:
    """The org's number of concurrent jobs is limited."""
    with Simulator(nine_days) as sim:
        sim.faults.add(Fault("state", path="/jobs/job-", state="MELTED", after=3))
        with pytest.raises(StopRun, match="MELTED"):
            run(sim, DETAILS, start_date=iso(SINCE), conversation_details_source="job")
        submitted = [
            request
            for request in sim.requests
            if request.method == "POST" and request.path.endswith("jobs")
        ]
        assert len(submitted) > 3
        assert not sim.lake.jobs


class OneRow:
    """Jobs whose results have one row, for any window."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.pages_read = 0
        self._row = row

    def submit_ahead(self, queries: Any) -> None:
        """Submit nothing."""

    def pages(self, query: Any, where: str) -> Iterator[requests.Response]:  # noqa: ARG002
        """Yield the one page of results."""
        self.pages_read += 1
        yield response({"conversations": [dict(self._row)]})

    def close(self) -> None:
        """Delete nothing."""


@pytest.mark.parametrize(
    ("start", "end", "emitted"),
    [
        # The vendor does not document which bounds belong to a job's interval.
        pytest.param(-1, 0, [0], id="ends with the first window"),
        pytest.param(-2, -1, [0], id="ends before the first window does"),
        pytest.param(-1, 1, [0], id="goes on beyond the first window"),
        pytest.param(0, 1, [1], id="starts where the second window does"),
        pytest.param(0, 0, [1], id="is no longer than that moment"),
    ],
)
def test_a_job_emits_a_conversation_in_one_window(start: int, end: int, emitted: list[int]) -> None:
    """Even if the responses to both windows have it."""
    bound = SINCE + DAY
    row = {
        "conversationId": "id",
        "conversationStart": iso(bound + start * HOUR),
        "conversationEnd": iso(bound + end * HOUR),
    }
    options = {"conversation_details_source": "job", "end_date": iso(bound + DAY)}
    with Simulator(WORLD) as sim:
        stream: Any = tap(sim, DETAILS, **{**LANES, **options}).streams[DETAILS]
        stream.jobs = jobs = OneRow(row)
        windows = [stream.window for _row in stream.read(None)]
    assert jobs.pages_read == 2
    assert [(window.start - SINCE) // DAY for window in windows] == emitted


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("source", ["auto", "job", "query"])
def test_the_state_before_each_record_accounts_for_it(source: str, parallel: int) -> None:
    """In runs of many hours, while the watermark moves: a kill after any line loses nothing."""
    warehouse = Warehouse(SINCE)
    state: dict[str, Any] = {}
    options: dict[str, Any] = {
        "conversation_details_source": source,
        "max_parallel_requests": parallel,
        "page_size": 3,
    }
    world = replace(WORLD, step=timedelta(minutes=20))
    for hours in (0, 30, 60):
        with Simulator(world.at(WORLD.now + hours * HOUR, 5 * HOUR)) as sim:
            sim.each_request = timedelta(minutes=25)
            begun, output = sim.world, Output()
            reader = tap(sim, DETAILS, state=state, output=output, **{**LANES, **options})
            reader.sync_or_leave()
            assert sim.world.now - begun.now > 2 * HOUR
        warehouse.load(
            output.messages, begun, each_request=sim.each_request, requests=len(sim.requests)
        )
        state = output.state
    assert len(warehouse.rows) > 20


def test_the_last_half_hour_is_read_again_by_the_next_run() -> None:
    """A row that a query finds late does not wait for a job."""
    minute = timedelta(minutes=1)
    world = World(
        seed=21, per_day=2000, since=SINCE, lag=10 * minute, step=0 * minute, indexing=9 * minute
    )
    first = world.at(SINCE + 12 * HOUR)
    second = world.at(first.now + 5 * minute)
    numbers = first.numbers(SINCE, first.now)
    late = set(numbers) - set(first.indexed(SINCE, first.now))
    late &= set(second.indexed(SINCE, second.now))
    missing = {world.conversation_id(number) for number in late}
    assert any(world.start_of(number) < second.watermark for number in late)
    with Simulator(first) as sim:
        output = run(sim, DETAILS, **LANES)
        assert not missing & set(output.ids())
        sim.world = second
        assert missing <= set(run(sim, DETAILS, state=output.state, **LANES).ids())


def test_a_hole_in_the_fresh_lane_is_read_again_by_the_next_run() -> None:
    """Even if a later window of the same pass is complete."""
    options = {**LANES, "page_size": 2, "max_parallel_requests": 1}
    world = WORLD.at(WORLD.now, 60 * HOUR)
    with Simulator(world) as sim:
        output = Output()
        # The second page of the first day that is read by query stays empty.
        sim.faults.add(Fault("empty", path="/details/query", page=1, times=4))
        with pytest.raises(StopRun, match="stayed empty"):
            tap(sim, DETAILS, output=output, **options).sync_or_leave()
        missing = {row["conversationId"] for row in world.conversations(SINCE, world.now)} - set(
            output.ids()
        )
        assert missing
        sim.world = world.at(world.now + HOUR, 60 * HOUR)
        later = run(sim, DETAILS, state=output.state, **options)
    assert missing <= set(later.ids())
