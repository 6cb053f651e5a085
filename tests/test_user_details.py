"""User details: all spans, by one job for both kinds, and no row becomes older."""

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

from tap_genesys.replication.user_details_plan import CLOCK_SKEW
from tap_genesys.replication.windows import DAY, iso, parse
from tap_genesys.simulator import Fault, Simulator, agents
from tap_genesys.simulator.agents import spans
from tap_genesys.streams.presence import UserPresences

QUERY, JOBS = UserPresences.path, UserPresences.jobs_path


def requests_to(sim: Simulator, path: str, method: str = "POST") -> list[Any]:
    """Return the requests to an operation."""
    return [
        request for request in sim.requests if request.path == path and request.method == method
    ]


@pytest.mark.parametrize("source", ["auto", "query"])
def test_every_span_of_every_user_comes_and_gets_its_end(source: str) -> None:
    """All spans arrive, and get their ends in a later run, by both sources."""
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
    sources = {row["_source"] for row in warehouse.rows[STATUSES].values()}
    assert sources == {"auto": {"job", "query"}, "query": {"query"}}[source]


def test_jobs_alone_emit_all_before_the_watermark_and_nothing_beyond() -> None:
    """With jobs alone, all spans before the watermark arrive, and none after it."""
    with Simulator(WORLD) as sim:
        output = run(sim, PRESENCES, STATUSES, start_date=iso(SINCE), user_details_source="job")
        assert not requests_to(sim, QUERY)
    warehouse = Warehouse()
    warehouse.load(output.messages)
    moment = timedelta(milliseconds=1)
    for stream in KINDS:
        assert warehouse.spans(stream) == held(WORLD, stream, WORLD.watermark - moment)
    assert output.bookmark(PRESENCES) == iso(WORLD.watermark - moment)


@pytest.mark.parametrize("before", ["auto", "query"])
def test_a_job_emits_open_spans_only_once_the_watermark_passes_emitted_ends(before: str) -> None:
    """A query at eleven returns ends that the lake, whose watermark is seven, does not have."""
    options: dict[str, Any] = {"start_date": iso(SINCE), "lookback_days": 1}
    with Simulator(WORLD) as sim:
        state = run(sim, *KINDS, user_details_source=before, **options).state
        open_spans = []
        for hours in (1, 5):
            sim.world = WORLD.at(WORLD.now + hours * HOUR)
            output = run(sim, *KINDS, state=state, user_details_source="job", **options)
            state = output.state
            for stream in KINDS:
                rows = output.records(stream)
                assert {row["_source"] for row in rows} == {"job"}
                open_spans.append(sum(row.get("endTime") is None for row in rows))
    assert open_spans[:2] == [0, 0]
    assert all(open_spans[2:])


def test_what_ends_at_the_watermark_itself_gets_its_end() -> None:
    """A span that ends at the watermark gets its end by the next job, which begins there."""
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
    loaded = warehouse.spans(STATUSES)
    expected = held(WORLD.at(watermark), STATUSES)
    assert ends[len(ends) // 2] in expected.values()
    assert {span: loaded[span] for span in expected if expected[span]} == {
        span: end for span, end in expected.items() if end
    }


@pytest.mark.parametrize("source", ["auto", "query"])
def test_one_request_serves_both_streams(source: str) -> None:
    """Both streams cost as many requests as either alone, with the same rows."""
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


def test_requests_and_responses_are_the_vendors() -> None:
    """Requests and responses of jobs and the watermark validate against the vendor's document."""
    with Simulator(WORLD) as sim:
        sim.lake.page_limit = 30
        run(sim, PRESENCES, start_date=iso(SINCE))
        assert not [request for request in sim.requests if "/conversations/" in request.path]
        submitted, queried = requests_to(sim, JOBS), requests_to(sim, QUERY)
        assert [request for request in sim.requests if "cursor" in request.query]
        names = {"job": JOBS, "query": QUERY}
        for request in (*submitted, *queried):
            validate(request.body, body_schema(request.path))
        headers = token(sim)
        for path in names.values():
            body = (submitted if path == JOBS else queried)[0].body
            response = requests.post(f"{sim.url}{path}", json=body, headers=headers, timeout=10)
            validate(response.json(), response_schema(path, "post"))
            if path == JOBS:
                job = response.json()["jobId"]
        for rest in ("availability", "{jobId}", "{jobId}/results"):
            url = f"{sim.url}{JOBS}/{rest.format(jobId=job)}"
            response = requests.get(url, headers=headers, timeout=10)
            assert response.status_code == 200
            validate(response.json(), response_schema(f"{JOBS}/{rest}", "get"))
        # An operation of conversations does not return these jobs.
        url = f"{sim.url}/api/v2/analytics/conversations/details/jobs/{job}"
        assert requests.get(url, headers=headers, timeout=10).status_code == 404
        documented = {
            parameter["name"]
            for parameter in DOCUMENT["paths"][f"{JOBS}/{{jobId}}/results"]["get"]["parameters"]
        }
    for request in sim.requests:
        if request.path.endswith("/results"):
            assert set(request.query) <= documented


def test_results_that_have_expired_are_gone() -> None:
    """In the simulator results expire after a day, as the vendor's do."""
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
    """A job that fails, expires or is cancelled is submitted again."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("state", path="/users/details/jobs/job-", state=state))
        output = run(sim, PRESENCES, start_date=iso(SINCE))
        assert not sim.lake.jobs
    loaded = {span_of(row) for row in output.records(PRESENCES)}
    assert loaded == set(held(WORLD, PRESENCES))


@pytest.mark.parametrize("source", ["query", "job"])
def test_a_key_does_not_depend_on_how_a_date_is_written(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key does not depend on the format of dates, as jobs omit milliseconds that are 0.

    These keys are in warehouses, so they must not change.
    """
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
    """A span that began before the first load arrives once it has ended.

    Queries return it on its start day and on its end day only.
    """
    friday = datetime(2026, 3, 6, tzinfo=UTC)
    place, agent = 0, WORLD.staff.agents[0]
    begun, ended = iso(friday + 17 * HOUR), iso(friday + 3 * DAY + 8 * HOUR)

    def ends_on(day: int, now: datetime) -> set[str | None]:
        start = friday + day * DAY
        world = WORLD.at(now)
        stored = spans(world, place, "systemPresence", start, start + DAY)
        return {span.get("endTime") for span in stored if span["startTime"] == begun}

    sunday, monday = friday + 2.5 * DAY, friday + 3.5 * DAY
    assert [ends_on(day, sunday) for day in range(3)] == [{None}, set(), set()]
    assert [ends_on(day, monday) for day in range(4)] == [{ended}, set(), set(), {ended}]
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
    """A span that two windows return is emitted with the one in which it ends.

    At the very bound of two, it may come with both.
    """
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
    """An open span that begins at the start of a window is emitted."""
    noon = SINCE + DAY + 12 * HOUR
    world = WORLD.at(noon + 10 * timedelta(minutes=1), timedelta(0))
    options: dict[str, Any] = {"start_date": iso(SINCE), "window_days": 0.5}
    with Simulator(world) as sim:
        output = run(sim, *KINDS, user_details_source="job", **options)
    starts = [row["startTime"] for row in output.records(PRESENCES) if not row.get("endTime")]
    assert "2026-03-02T12:00:00Z" in starts


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("source", ["query", "job", "auto"])
def test_a_long_run_writes_known_up_to_before_its_rows(source: str, parallel: int) -> None:
    """In a run of hours each STATE covers the rows after it.

    Leases are prolonged, and later watermarks written.
    """
    warehouse = Warehouse()
    options: dict[str, Any] = {"start_date": iso(SINCE), "window_days": 0.5, "page_size": 20}
    with Simulator(WORLD) as sim:
        sim.lake = MarkingLake()
        # Three requests take exactly as long as a lease.
        sim.each_request = timedelta(minutes=20)
        output = run(
            sim, *KINDS, user_details_source=source, max_parallel_requests=parallel, **options
        )
        assert sim.world.now - WORLD.now > 6 * HOUR
    warehouse.load(output.messages)
    states = [message["value"]["bookmarks"][PRESENCES] for message in output.of("STATE")]
    assert len({state["knownUpTo"] for state in states}) > 3


def test_a_row_has_the_time_of_its_response_not_of_its_emission() -> None:
    """A row has the time of its response.

    Each reading of the clock takes more than an hour here, so that no later time is within the
    lease.
    """
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
    """Each day is re-read once, at five days, by the source of the setting.

    A first load needs none.
    """
    state: dict[str, Any] = {}
    options: dict[str, Any] = {"start_date": iso(SINCE), "user_details_source": source}
    read: list[tuple[str, int]] = []
    path = QUERY if source == "query" else JOBS
    with Simulator(WORLD) as sim:
        for run_ in range(30):
            sim.world = world = WORLD.at(SINCE + 8 * DAY + run_ * 7 * HOUR)
            before = len(requests_to(sim, path))
            state = run(sim, *KINDS, state=state, **options).state
            truth = world.now if source == "query" else world.watermark
            for request in requests_to(sim, path)[before:]:
                body = request.body
                day = parse(body["interval"].partition("/")[0])
                if run_ and body["interval"] == f"{iso(day)}/{iso(day + DAY)}":
                    read += [(iso(day)[:10], (truth - day - DAY) // DAY)] * (
                        body.get("paging", {"pageNumber": 1})["pageNumber"] == 1
                    )
    again = [(day, age) for day, age in read if age >= 5]
    assert len(again) == len({day for day, _ in again}) >= 7
    assert {age for _, age in again} == {5}
    assert source == "query" or not [age for _, age in read if 1 < age < 5]


def test_open_spans_of_a_killed_query_come_with_the_next_query() -> None:
    """After a killed query, open spans come by the next query, which begins where that one did.

    A job must not emit them.
    """
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
        loaded = warehouse.spans(PRESENCES)
        ongoing = [span for span, end in held(world, PRESENCES).items() if end is None]
        assert set(ongoing) <= set(loaded)
        # Later queries begin an hour before the last run's begin, however long the lag is.
        sim.world = world.at(world.now + HOUR)
        before = len(requests_to(sim, QUERY))
        run(sim, *KINDS, state=output.state, user_details_source="auto", **options)
        (interval,) = {request.body["interval"] for request in requests_to(sim, QUERY)[before:]}
    assert interval.partition("/")[0] == iso(world.now - HOUR)


@pytest.mark.parametrize("then", ["job", "query", "auto"])
def test_open_spans_that_a_job_left_out_come_with_a_later_run(then: str) -> None:
    """Open spans that a job must not emit come with a later run.

    Some users leave on the twelfth day, and queries return their last spans on that day only.
    """
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
            loaded = warehouse.spans(PRESENCES)
            open_spans = {span for span, end in held(world, PRESENCES).items() if end is None}
            open_spans = {span for span in open_spans if span[1] < iso(midnight)}
            assert bool(open_spans & set(loaded)) == expected
            assert not expected or open_spans <= set(loaded)


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_state_of_an_earlier_version_means_the_moment_itself_too(beyond: int) -> None:
    """The mark of an earlier version includes its moment.

    A query at exactly eight returned what ended at eight.
    """
    eight = SINCE + 2 * DAY + 8 * HOUR
    values = {"replication_key": "startTime", "replication_key_value": iso(eight - HOUR)}
    state = {"bookmarks": {PRESENCES: {**values, "told": iso(eight)}}}
    world = WORLD.at(eight + CLOCK_SKEW + beyond * timedelta(milliseconds=1) + HOUR, HOUR)
    with Simulator(world) as sim:
        output = run(
            sim, *KINDS, state=state, start_date=iso(SINCE), lookback_days=1,
            user_details_source="job",
        )  # fmt: skip
    ongoing = [row for row in output.records(PRESENCES) if not row.get("endTime")]
    assert bool(ongoing) == bool(beyond)


MINUTE = timedelta(minutes=1)


class Visibility(NamedTuple):
    """The time at which a query returns a span.

    Args:
        indexing: The delay of each date.
        late: The longest delay of one date in twenty, for jobs too.
        skew: How far the tap's clock is ahead.
    """

    indexing: timedelta
    late: timedelta
    skew: timedelta


AT_ONCE = Visibility(timedelta(0), timedelta(0), timedelta(0))
BOUNDS = ["[)", "[]", "(]", "()"]
#: A query at exactly eleven returns what ended at eleven; a watermark of eleven excludes it.
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

#: A query at five by a clock that says ten to five; a day later the lake's watermark is five.
SLOW_CLOCK = [
    Stretch(50 * HOUR, 2, 7 * HOUR, 0.0, "auto"),
    Stretch(HOUR, 2, DAY, 0.0, "query"),
    Stretch(DAY, 3, DAY, None, "auto"),
]


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
@example(
    SLOW_CLOCK, 5, 0, timedelta(0), 1, 15 * MINUTE, "[)", "()",
    Visibility(timedelta(0), timedelta(0), -10 * MINUTE),
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
    """Any schedule ends with the truth, and no span loses its end.

    The watermark moves in steps, back too; runs are killed, and change source. Ends are corrected
    days later. Queries return a span of days on its start day, and once it has ended on its end
    day. Spans that are visible within the hour have arrived after each whole run, though the tap's
    clock is ten minutes off; later ones arrive when their day is five days old.
    """
    indexing, late_spans, skew = visibility
    # A late-arriving end withdraws its span from a later interval. During paging, that interval
    # misses another span by it, until its day is five days old.
    late_spans = timedelta(0) if each_request else late_spans
    # A prefetched window may lack an end that the window before it has, and leaves to it: the next
    # run emits that span.
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
                # The lake has no data that queries do not return yet.
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
    # A span that begins at this very moment arrives only if intervals include that bound.
    visible = world.now - indexing
    prompt = replace(world, late_spans=timedelta(0))
    for stream in KINDS:
        missing = {
            span
            for span in late(late_spans, stream)
            if not is_settled(stream, span, world.watermark)
        }
        loaded = {
            span: end
            for span, end in warehouse.spans(stream).items()
            if span[1] < iso(visible) and span not in missing
        }
        truth = held(prompt, stream, visible + timedelta(milliseconds=1))
        assert loaded == {
            span: end
            for span, end in truth.items()
            if span[1] < iso(visible) and span not in missing
        }
