"""Spans of users: all of them, by one job for both kinds, and no row becomes older."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from support.direct import without_sockets
from support.harness import Output, last_state, run, shift_clock, tap
from support.run_schedules import Stretch, schedules, searching
from support.simulator_client import token
from support.user_spans import (
    HOUR,
    KINDS,
    PRESENCES,
    SINCE,
    STATUSES,
    WORLD,
    MarkingLake,
    Warehouse,
    held,
    hold,
    is_settled,
    late,
    span_of,
)
from support.vendor_document import DOCUMENT, body_schema, response_schema, validate

from tap_genesys.replication.windows import DAY, iso, parse
from tap_genesys.simulator import Fault, Simulator, agents
from tap_genesys.simulator.agents import spans
from tap_genesys.streams.presence import UserPresences

QUERY, JOBS = UserPresences.path, UserPresences.jobs_path


def asked(sim: Simulator, path: str, method: str = "POST") -> list[Any]:
    """Return the requests for an operation."""
    return [request for request in sim.requests if request.path == path and request.method == method]


@pytest.mark.parametrize("source", ["auto", "query"])
def test_every_span_of_every_user_comes_and_gets_its_end(source: str) -> None:
    later = WORLD.at(WORLD.now + 8 * DAY)
    options = {"start_date": iso(SINCE), "page_size": 20, "user_details_source": source}
    warehouse = Warehouse()
    state: dict[str, Any] = {}
    for world in (WORLD, later):
        with Simulator(world) as sim:
            output = run(sim, PRESENCES, STATUSES, state=state, **options)
        state = output.state
        warehouse.load(output.messages)
        for stream in KINDS:
            assert warehouse.spans(stream) == held(world, stream)
            assert all(row["_extra"] is None for row in output.records(stream))
    lanes = {row["_source"] for row in warehouse.rows[STATUSES].values()}
    assert lanes == {"auto": {"job", "query"}, "query": {"query"}}[source]


def test_jobs_alone_bring_what_the_lake_knows_and_nothing_beyond() -> None:
    with Simulator(WORLD) as sim:
        output = run(sim, PRESENCES, STATUSES, start_date=iso(SINCE), user_details_source="job")
        assert not asked(sim, QUERY)
    warehouse = Warehouse()
    warehouse.load(output.messages)
    moment = timedelta(milliseconds=1)
    for stream in KINDS:
        assert warehouse.spans(stream) == held(WORLD, stream, WORLD.watermark - moment)
    assert output.bookmark(PRESENCES) == iso(WORLD.watermark - moment)


@pytest.mark.parametrize("before", ["auto", "query"])
def test_a_job_tells_what_goes_on_only_when_it_knows_what_was_told(before: str) -> None:
    """A query at eleven knows ends that the lake, which knows up to seven, does not."""
    options: dict[str, Any] = {"start_date": iso(SINCE), "lookback_days": 1}
    with Simulator(WORLD) as sim:
        state = run(sim, *KINDS, user_details_source=before, **options).state
        told = []
        for hours in (1, 5):
            sim.world = WORLD.at(WORLD.now + hours * HOUR)
            output = run(sim, *KINDS, state=state, user_details_source="job", **options)
            state = output.state
            for stream in KINDS:
                rows = output.records(stream)
                assert {row["_source"] for row in rows} == {"job"}
                told.append(sum(row.get("endTime") is None for row in rows))
    assert told[:2] == [0, 0]
    assert all(told[2:])


def test_what_ends_at_the_watermark_itself_gets_its_end() -> None:
    """The lake knows what was before it, the next job begins at it."""
    ends = sorted(end for end in held(WORLD, STATUSES).values() if end)
    watermark = datetime.fromisoformat(ends[len(ends) // 2])
    warehouse = Warehouse()
    state: dict[str, Any] = {}
    options: dict[str, Any] = {"start_date": iso(SINCE), "lookback_days": 0}
    with Simulator(WORLD) as sim:
        for moment in (watermark, watermark + DAY):
            sim.world = WORLD.at(moment + HOUR, HOUR)
            assert sim.world.watermark == moment
            output = run(sim, *KINDS, state=state, user_details_source="job", **options)
            state = output.state
            warehouse.load(output.messages)
    found = warehouse.spans(STATUSES)
    known = held(WORLD.at(watermark), STATUSES)
    assert ends[len(ends) // 2] in known.values()
    assert {span: found[span] for span in known if known[span]} == {
        span: end for span, end in known.items() if end
    }


@pytest.mark.parametrize("source", ["auto", "query"])
def test_one_question_serves_both_streams(source: str) -> None:
    """Both cost as many requests as either alone, and the same rows come."""
    counts, outputs = [], {}
    for streams in ([PRESENCES, STATUSES], [PRESENCES], [STATUSES]):
        with Simulator(WORLD) as sim:
            output = run(sim, *streams, start_date=iso(SINCE), user_details_source=source)
            counts.append(len(sim.requests))
            assert not sim.lake.jobs
        outputs[tuple(streams)] = output
    assert len(set(counts)) == 1
    for stream in KINDS:
        together, alone = outputs[PRESENCES, STATUSES], outputs[(stream,)]
        assert together.ids(stream) == alone.ids(stream) != []
        other = (set(KINDS) - {stream}).pop()
        assert not alone.records(other)


def test_what_is_asked_and_answered_is_the_vendors() -> None:
    """Submission, look, page and watermark, of these jobs; not the conversations'."""
    with Simulator(WORLD) as sim:
        sim.lake.page_limit = 30
        run(sim, PRESENCES, start_date=iso(SINCE))
        assert not [request for request in sim.requests if "/conversations/" in request.path]
        submitted, queried = asked(sim, JOBS), asked(sim, QUERY)
        assert [request for request in sim.requests if "cursor" in request.query]
        names = {"job": JOBS, "query": QUERY}
        for request in (*submitted, *queried):
            validate(request.body, body_schema(request.path))
        headers = token(sim)
        for path in names.values():
            body = (submitted if path == JOBS else queried)[0].body
            answer = requests.post(f"{sim.url}{path}", json=body, headers=headers, timeout=10)
            validate(answer.json(), response_schema(path, "post"))
            if path == JOBS:
                job = answer.json()["jobId"]
        for rest in ("availability", "{jobId}", "{jobId}/results"):
            url = f"{sim.url}{JOBS}/{rest.format(jobId=job)}"
            answer = requests.get(url, headers=headers, timeout=10)
            assert answer.status_code == 200
            validate(answer.json(), response_schema(f"{JOBS}/{rest}", "get"))
        # Another family's jobs are not known here.
        url = f"{sim.url}/api/v2/analytics/conversations/details/jobs/{job}"
        assert requests.get(url, headers=headers, timeout=10).status_code == 404
        known = {
            parameter["name"]
            for parameter in DOCUMENT["paths"][f"{JOBS}/{{jobId}}/results"]["get"]["parameters"]
        }
    for request in sim.requests:
        if request.path.endswith("/results"):
            assert set(request.query) <= known


def test_results_that_have_expired_are_gone() -> None:
    with Simulator(WORLD) as sim:
        headers = token(sim)
        body = {"interval": f"{iso(SINCE)}/{iso(SINCE + DAY)}"}
        job = requests.post(f"{sim.url}{JOBS}", json=body, headers=headers, timeout=10).json()
        url = f"{sim.url}{JOBS}/{job['jobId']}"
        status = requests.get(url, headers=headers, timeout=10).json()
        assert (status["state"], status["expirationDate"]) == ("FULFILLED", iso(WORLD.now + DAY))
        sim.world = WORLD.at(WORLD.now + DAY)
        assert requests.get(url, headers=headers, timeout=10).json()["state"] == "EXPIRED"
        assert requests.get(f"{url}/results", headers=headers, timeout=10).status_code == 400


@pytest.mark.parametrize("state", ["EXPIRED", "FAILED", "CANCELLED"])
def test_a_job_that_comes_to_nothing_is_submitted_again(state: str) -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("state", path="/users/details/jobs/job-", state=state))
        output = run(sim, PRESENCES, start_date=iso(SINCE))
        assert not sim.lake.jobs
    found = {span_of(row) for row in output.records(PRESENCES)}
    assert found == set(held(WORLD, PRESENCES))


@pytest.mark.parametrize("source", ["query", "job"])
def test_a_key_does_not_depend_on_how_a_date_is_written(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs write no milliseconds where there are none. These keys are in warehouses: they stay."""
    user, organization = "40f5f050-65b7-49e6-8e93-a67aa11fd44d", "ccf3c10a-aa2c-4845-8e8d-f59f"
    offline = {"systemPresence": "OFFLINE", "organizationPresenceId": organization}
    entries = [
        (user, "primaryPresence", {"startTime": "2026-03-01T10:05:00.604Z", **offline}),
        (user, "primaryPresence", {"startTime": "2026-03-01T11:05:00.000Z", **offline}),
        (user, "routingStatus", {"startTime": "2026-03-01T10:05:01.000Z", "routingStatus": "X"}),
        (user, "routingStatus", {"startTime": "2026-03-01T11:05:01.528Z", "routingStatus": "Y"}),
    ]
    monkeypatch.setattr(agents, "stored", lambda *_: entries)
    with Simulator(WORLD.at(SINCE + DAY, timedelta(0))) as sim:
        output = run(sim, *KINDS, start_date=iso(SINCE), user_details_source=source)
    assert sorted(set(output.ids(PRESENCES))) == [
        f"{user}/2026-03-01T10:05:00.604Z/OFFLINE/{organization}",
        f"{user}/2026-03-01T11:05:00.000Z/OFFLINE/{organization}",
    ]
    assert sorted(set(output.ids(STATUSES))) == [
        f"{user}/2026-03-01T10:05:01.000Z/X",
        f"{user}/2026-03-01T11:05:01.528Z/Y",
    ]
    written = {row["startTime"] for row in output.records(STATUSES)}
    assert ("2026-03-01T10:05:01Z" in written) == (source == "job")


def test_a_span_is_found_on_its_start_day_and_on_its_end_day_only() -> None:
    """So one that began before the first load comes when it has ended."""
    friday = datetime(2026, 3, 6, tzinfo=UTC)
    place, agent = 0, WORLD.staff.agents[0]
    begun, ended = iso(friday + 17 * HOUR), iso(friday + 3 * DAY + 8 * HOUR)

    def found(day: int, now: datetime) -> set[str | None]:
        start = friday + day * DAY
        world = WORLD.at(now)
        held_there = spans(world, place, "systemPresence", start, start + DAY)
        return {one.get("endTime") for one in held_there if one["startTime"] == begun}

    sunday, monday = friday + 2.5 * DAY, friday + 3.5 * DAY
    assert [found(day, sunday) for day in range(3)] == [{None}, set(), set()]
    assert [found(day, monday) for day in range(4)] == [{ended}, set(), set(), {ended}]
    warehouse = Warehouse()
    state: dict[str, Any] = {}
    options: dict[str, Any] = {"start_date": iso(friday + DAY), "user_details_source": "query"}
    with Simulator(WORLD.at(sunday)) as sim:
        for now, expected in ((sunday, None), (monday, ended)):
            sim.world = WORLD.at(now)
            output = run(sim, *KINDS, state=state, **options)
            state = output.state
            warehouse.load(output.messages)
            assert warehouse.spans(PRESENCES).get((agent, begun)) == expected


@pytest.mark.parametrize("source", ["job", "query"])
def test_a_span_comes_once_though_two_windows_return_it(source: str) -> None:
    """In the window in which it ends; at the very bound of two, it may come with both."""
    options: dict[str, Any] = {"start_date": iso(SINCE), "window_days": 0.5}
    with Simulator(WORLD) as sim:
        output = run(sim, *KINDS, user_details_source=source, **options)
    rows = [
        (stream, row["_id"])
        for stream in KINDS
        for row in output.records(stream)
        if not str(row.get("endTime")).endswith(("T12:00:00Z", "T00:00:00Z"))
    ]
    assert len(rows) == len(set(rows)) > 0


def test_an_open_span_that_begins_with_a_window_comes() -> None:
    """At noon, where a window of half a day begins; the first window begins days before."""
    noon = SINCE + DAY + 12 * HOUR
    world = WORLD.at(noon + 10 * timedelta(minutes=1), timedelta(0))
    options: dict[str, Any] = {"start_date": iso(SINCE), "window_days": 0.5}
    with Simulator(world) as sim:
        output = run(sim, *KINDS, user_details_source="job", **options)
    starts = [row["startTime"] for row in output.records(PRESENCES) if not row.get("endTime")]
    assert "2026-03-02T12:00:00Z" in starts


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("source", ["query", "job", "auto"])
def test_a_run_of_hours_notes_what_it_knows_before_it_is_emitted(
    source: str, parallel: int
) -> None:
    """A lease is prolonged, and what the lake learns meanwhile is noted."""
    warehouse = Warehouse()
    options: dict[str, Any] = {"start_date": iso(SINCE), "window_days": 0.5, "page_size": 20}
    with Simulator(WORLD) as sim:
        sim.lake = MarkingLake()
        # Three of them are exactly as long as a lease.
        sim.each_request = timedelta(minutes=20)
        output = run(
            sim, *KINDS, user_details_source=source, max_parallel_requests=parallel, **options
        )
        assert sim.world.now - WORLD.now > 6 * HOUR
    warehouse.load(output.messages)
    states = [message["value"]["bookmarks"][PRESENCES] for message in output.of("STATE")]
    assert len({state["knownUpTo"] for state in states}) > 3


def test_a_row_says_when_its_response_was_taken_not_when_it_is_emitted() -> None:
    """Each look at the clock takes more than an hour, so no later moment is within the lease."""
    clock = (WORLD.now + number * 1.1 * HOUR for number in itertools.count())
    output, warehouse = Output(), Warehouse()
    with Simulator(WORLD) as sim:
        options: dict[str, Any] = {"start_date": iso(SINCE), "user_details_source": "query"}
        genesys_tap = tap(sim, *KINDS, output=output, **options)
        genesys_tap.now = lambda: next(clock)
        genesys_tap.sync_or_leave()
    warehouse.load(output.messages)
    assert warehouse.spans(PRESENCES)


@pytest.mark.parametrize("source", ["auto", "query", "job"])
def test_each_day_is_read_again_once_when_it_is_five_days_old(source: str) -> None:
    """By the lane of the source; a first load reads nothing twice."""
    state: dict[str, Any] = {}
    options: dict[str, Any] = {"start_date": iso(SINCE), "user_details_source": source}
    read: list[tuple[str, int]] = []
    path = QUERY if source == "query" else JOBS
    with Simulator(WORLD) as sim:
        for run_ in range(30):
            sim.world = world = WORLD.at(SINCE + 8 * DAY + run_ * 7 * HOUR)
            before = len(asked(sim, path))
            state = run(sim, *KINDS, state=state, **options).state
            truth = world.now if source == "query" else world.watermark
            for one in asked(sim, path)[before:]:
                day = parse(one.body["interval"].partition("/")[0])
                if run_ and one.body["interval"] == f"{iso(day)}/{iso(day + DAY)}":
                    read += [(iso(day)[:10], (truth - day - DAY) // DAY)] * (
                        one.body.get("paging", {"pageNumber": 1})["pageNumber"] == 1
                    )
    again = [(day, age) for day, age in read if age >= 5]
    assert len(again) == len({day for day, _ in again}) >= 7
    assert {age for _, age in again} == {5}
    assert source == "query" or not [age for _, age in read if 1 < age < 5]


def test_what_a_killed_query_may_have_emitted_open_is_emitted_by_the_next_query() -> None:
    """A job may not emit what goes on, then, and the query of its run begins where that began."""
    thursday = datetime(2026, 3, 5, tzinfo=UTC)
    world = WORLD.at(thursday + 3.5 * DAY, 30 * HOUR)
    options: dict[str, Any] = {"start_date": iso(thursday)}
    warehouse = Warehouse()
    with Simulator(world) as sim:
        output = run(sim, *KINDS, user_details_source="query", **options)
        state = output.of("STATE")[0]["value"]
        sim.world = world = world.at(world.now + 10 * timedelta(minutes=1))
        output = run(sim, *KINDS, state=state, user_details_source="auto", **options)
        warehouse.load(output.messages, state)
        known = warehouse.spans(PRESENCES)
        ongoing = [span for span, end in held(world, PRESENCES).items() if end is None]
        assert set(ongoing) <= set(known)
        # From now on it begins an hour before the run before began, however far the lake is behind.
        sim.world = world.at(world.now + HOUR)
        before = len(asked(sim, QUERY))
        run(sim, *KINDS, state=output.state, user_details_source="auto", **options)
        (interval,) = {request.body["interval"] for request in asked(sim, QUERY)[before:]}
    assert interval.partition("/")[0] == iso(world.now - HOUR)


@pytest.mark.parametrize("then", ["job", "query", "auto"])
def test_what_a_job_left_out_as_it_goes_on_comes_once_it_may_be_emitted(then: str) -> None:
    """Some leave for good on the twelfth day, so that their last spans are found on that only."""
    midnight = SINCE + 12 * DAY
    options: dict[str, Any] = {"start_date": iso(midnight - DAY), "lookback_days": 0}
    warehouse = Warehouse()
    with Simulator(WORLD.at(midnight)) as sim:
        output = run(sim, *KINDS, user_details_source="query", **options)
        state = output.of("STATE")[0]["value"]
        for source, hours, expected in (("job", 2, False), (then, 24, True)):
            sim.world = world = WORLD.at(midnight + hours * HOUR, 1.5 * HOUR)
            output = run(sim, *KINDS, state=state, user_details_source=source, **options)
            warehouse.load(output.messages, state)
            state = output.state
            known = warehouse.spans(PRESENCES)
            left = {span for span, end in held(world, PRESENCES).items() if end is None}
            left = {span for span in left if span[1] < iso(midnight)}
            assert bool(left & set(known)) == expected
            assert not expected or left <= set(known)


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_state_of_an_earlier_version_means_the_moment_itself_too(beyond: int) -> None:
    """It was written by a query at exactly eight, which knew what ended at eight."""
    eight = SINCE + 2 * DAY + 8 * HOUR
    kept = {"replication_key": "startTime", "replication_key_value": iso(eight - HOUR)}
    state = {"bookmarks": {PRESENCES: {**kept, "told": iso(eight)}}}
    world = WORLD.at(eight + beyond * timedelta(milliseconds=1) + HOUR, HOUR)
    with Simulator(world) as sim:
        output = run(
            sim, *KINDS, state=state, start_date=iso(SINCE), lookback_days=1,
            user_details_source="job",
        )  # fmt: skip
    ongoing = [row for row in output.records(PRESENCES) if not row.get("endTime")]
    assert bool(ongoing) == bool(beyond)


MINUTE = timedelta(minutes=1)


class Visibility(NamedTuple):
    """When a query finds a span.

    Args:
        indexing: How long after its date each is visible.
        late: How long after its date one in twenty is visible at most, and a job sees it.
        skew: How far the tap's clock is ahead.
    """

    indexing: timedelta
    late: timedelta
    skew: timedelta


AT_ONCE = Visibility(timedelta(0), timedelta(0), timedelta(0))
BOUNDS = ["[)", "[]", "(]", "()"]
#: A query at exactly eleven knows what ended at eleven; a watermark of eleven does not.
EQUAL = [
    Stretch(HOUR, 3, 30 * HOUR, 0.1, "auto"),
    Stretch(HOUR, 2, 80 * HOUR, None, "query"),
    Stretch(HOUR, 2, 80 * HOUR, 0.013086874938907703, "auto"),
    Stretch(HOUR, 2, 2 * HOUR, None, "auto"),
    Stretch(DAY, 2, 80 * HOUR, None, "auto"),
    Stretch(5 * HOUR, 2, 7 * HOUR, None, "query"),
]

#: Jobs whose watermark is behind the bookmark of queries, which they have to read a margin before.
BEHIND = [Stretch(HOUR, 3, 30 * HOUR, None, "query"), Stretch(DAY, 3, DAY, None, "job")]


@searching
@given(
    schedules(
        [HOUR, 5 * HOUR, DAY, 50 * HOUR],
        [timedelta(0), 2 * HOUR, 7 * HOUR, 24 * HOUR, 30 * HOUR, 80 * HOUR],
        ["auto", "auto", "job", "query"],
        most_runs=3,
        stretches=(2, 6),
    ),
    st.sampled_from([0.5, 1, 5]),
    st.sampled_from([None, 0]),
    st.sampled_from([timedelta(0), timedelta(minutes=7), timedelta(minutes=25)]),
    st.sampled_from([1, 4]),
    st.sampled_from([timedelta(0), timedelta(minutes=15), timedelta(hours=6)]),
    st.sampled_from(BOUNDS),
    st.sampled_from(BOUNDS),
    st.builds(
        Visibility,
        st.sampled_from([timedelta(0), 25 * MINUTE, 50 * MINUTE]),
        st.sampled_from([timedelta(0), 12 * HOUR]),
        st.sampled_from([timedelta(0), 10 * MINUTE, -10 * MINUTE]),
    ),
)
@example(EQUAL, 0.5, None, timedelta(0), 1, timedelta(0), "[)", "[)", AT_ONCE)
@example(EQUAL, 0.5, None, timedelta(0), 1, timedelta(0), "()", "()", AT_ONCE)
@example(
    BEHIND, 5, None, timedelta(0), 1, 6 * HOUR, "[)", "[]",
    Visibility(50 * MINUTE, 12 * HOUR, timedelta(0)),
)  # fmt: skip
def test_any_schedule_ends_with_the_truth_and_never_takes_an_end_away(
    stretches: list[Stretch],
    window_days: float,
    lookback: float | None,
    each_request: timedelta,
    parallel: int,
    step: timedelta,
    bounds: str,
    job_bounds: str,
    visibility: Visibility,
) -> None:
    """The watermark is anywhere, moves in steps, back too; runs are killed, and change source.

    Ends are corrected days later. A span that goes on for days is found on its start day, and once
    it has ended on its end day, not on those between. What is visible within the hour has arrived
    after each run that was not killed, though the tap's clock is ten minutes fast or slow; what is
    seen later, when its day is five days old.
    """
    indexing, late_spans, skew = visibility
    # An end that is seen late withdraws its span from a later interval. While pages are read, one
    # of them loses another span by that, until its day is five days old.
    late_spans = timedelta(0) if each_request else late_spans
    # A later window that is prefetched lacks an end that is visible in the window before it, which
    # leaves that span to it: the next run brings it.
    indexing = timedelta(0) if each_request and parallel > 1 else indexing
    begun = replace(WORLD, step=step, indexing=indexing, late_spans=late_spans)
    warehouse = Warehouse()
    state: dict[str, Any] = {}
    world = begun
    options: dict[str, Any] = {"start_date": iso(SINCE), "window_days": window_days}
    options |= {"lookback_days": lookback, "max_parallel_requests": parallel}
    with Simulator(world, interval_bounds=bounds) as sim, without_sockets(sim):
        sim.lake = MarkingLake(interval_bounds=job_bounds)
        for stretch in stretches:
            for number in range(stretch.runs):
                sim.each_request = each_request
                # No lake knows what queries do not find yet.
                lag = max(stretch.lag, indexing)
                world = begun.at(max(sim.world.now, world.now + stretch.distance), lag)
                sim.world = world
                output = Output()
                source = stretch.source
                genesys_tap = tap(
                    sim, *KINDS, state=state, output=output, user_details_source=source, **options
                )
                shift_clock(genesys_tap, sim, skew)
                genesys_tap.sync_or_leave()
                messages = output.messages
                is_cut = number == stretch.runs - 1 and stretch.cut is not None
                if is_cut:
                    messages = messages[: int(len(messages) * (stretch.cut or 0))]
                warehouse.load(messages, state)
                state = last_state(messages) or state
                if not is_cut:
                    hold(warehouse, world, source, world.now + skew)
        sim.each_request = timedelta(0)
        sim.world = world = begun.at(max(sim.world.now, world.now) + 20 * DAY, 3 * HOUR)
        output = run(sim, *KINDS, state=state, user_details_source="auto", **options)
    warehouse.load(output.messages, state)
    # What begins at this very moment comes where the bound belongs to the interval.
    known = world.now - indexing
    prompt = replace(world, late_spans=timedelta(0))
    for stream in KINDS:
        missing = {
            span
            for span in late(late_spans, stream)
            if not is_settled(stream, span, world.watermark)
        }
        found = {
            span: end
            for span, end in warehouse.spans(stream).items()
            if span[1] < iso(known) and span not in missing
        }
        truth = held(prompt, stream, known + timedelta(milliseconds=1))
        assert found == {
            span: end for span, end in truth.items() if span[1] < iso(known) and span not in missing
        }
