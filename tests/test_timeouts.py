"""Time-outs: a query that times out twice may be too heavy, and its window is split."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from support.harness import Output, run, tap, without_times
from support.http_doubles import response

from tap_genesys.api.client import GenesysClient
from tap_genesys.api.request_note import RequestNote
from tap_genesys.api.timeouts import MOST_SPLITS
from tap_genesys.errors import StopRun, TimedOut, TryAgain
from tap_genesys.replication.windows import iso, parse
from tap_genesys.simulator import Fault, Simulator, World, responses

DETAILS = "conversation_details"
SUMS = "conversation_aggregates"
QUERY = "/conversations/details/query"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = SINCE + 4 * DAY
WORLD = World(seed=9, per_day=30, since=SINCE, now=NOW, lag=8 * HOUR)
TRUTH = [row["conversationId"] for row in WORLD.conversations(SINCE, NOW)]
START: dict[str, Any] = {"start_date": iso(SINCE), "page_size": 10}
READING: dict[str, Any] = {"interval_reading": "overlap"}
TRIES = 8


class Heavy(Simulator):
    """Org whose queries of more than some hours time out, from a time on."""

    longest = timedelta(hours=12)
    heavy_from = SINCE
    path = QUERY

    def respond(
        self, method: str, path: str, query: dict[str, str], body: Any, login: str
    ) -> responses.SimulatedResponse:
        """Answer a request."""
        if path.endswith(self.path):
            start, end = map(parse, body["interval"].split("/"))
            if end - start > self.longest and start >= self.heavy_from:
                return responses.error(504)
        return super().respond(method, path, query, body, login)


def hours(sim: Simulator, path: str = QUERY) -> list[float]:
    """Return the length in hours of the window of each request."""
    intervals = [
        (request.body or {})["interval"].split("/")
        for request in sim.requests
        if request.path.endswith(path)
    ]
    return [(parse(end) - parse(start)) / HOUR for start, end in intervals]


def read(*faults: Fault, streams: tuple[str, ...] = (DETAILS,), **options: Any) -> Any:
    """Run while these faults occur; return the output and the org."""
    output = Output()
    with Simulator(WORLD, **READING) as sim:
        for fault in faults:
            sim.faults.add(fault)
        tap(sim, *streams, output=output, **{**START, **options}).sync_or_leave()
    return output, sim


def timed_out(times: int | None = 2, after: int = 0, path: str = QUERY, **more: Any) -> Fault:
    """Return the fault of a query that times out."""
    settings: dict[str, Any] = {"status": 504, "path": path, "times": times, "after": after, **more}
    return Fault("status", **settings)


@pytest.mark.parametrize("status", [408, 504])
def test_a_window_that_times_out_twice_is_split_in_two(status: int) -> None:
    """A window that times out twice is split into halves, and the output is the same."""
    output, sim = read(timed_out(status=status))
    plain, _sim = read()
    assert output.ids() == plain.ids() == TRUTH
    # Two time-outs; two pages and one more of a half, two of the other; then whole days.
    assert hours(sim)[:2] == [24, 24]
    assert set(hours(sim)[2:6]) == {12}
    assert hours(sim)[2:].count(24) == 3 * 4
    assert output.bookmark() == plain.bookmark()


@pytest.mark.parametrize(
    "faults",
    [
        [timed_out(1)],
        [Fault("status", path=QUERY, status=503, times=4)],
        [Fault("status", path=QUERY, status=429, times=4)],
        [timed_out(1), Fault("status", path=QUERY, status=500, times=3)],
        [Fault("drop", path=QUERY, times=2)],
    ],
)
def test_what_does_not_time_out_twice_is_tried_again(faults: list[Fault]) -> None:
    """Other failures, or a single time-out, are retried without a split."""
    output, sim = read(*faults)
    assert output.ids() == TRUTH
    assert set(hours(sim)) == {24}


def test_time_outs_count_across_another_failure() -> None:
    """Two time-outs count with another failure between them."""
    output, sim = read(timed_out(1), Fault("status", path=QUERY, times=1), timed_out(1))
    assert output.ids() == TRUTH
    assert hours(sim)[:4] == [24, 24, 24, 12]


def test_a_half_is_split_again_three_times_in_all_and_then_tried_as_ever() -> None:
    """A query that always times out is split three times; the smallest window gets all tries."""
    with Simulator(WORLD, **READING) as sim:
        sim.faults.add(timed_out(None))
        genesys_tap = tap(sim, DETAILS, **START)
        begun = genesys_tap.clock.seconds()
        with pytest.raises(StopRun, match=r"Gave up after 8 tries \(retry_max_tries\): .*504"):
            genesys_tap.sync_or_leave()
        waited = genesys_tap.clock.seconds() - begun
    assert hours(sim) == [24, 24, 12, 12, 6, 6] + [3] * TRIES
    doubled = [2, 2, 2, *(2**number for number in range(1, TRIES))]
    assert sum(doubled) <= waited <= 1.25 * sum(doubled) + 1


@pytest.mark.parametrize(
    ("window_days", "lengths"),
    [(2 / 24, [2, 2, 1]), (1.9 / 24, [24 / 13] * 3), (1 / 24, [1] * 3)],
)
def test_no_part_is_below_an_hour(window_days: float, lengths: list[float]) -> None:
    """No part of a split window is shorter than an hour."""
    output, sim = read(timed_out(), window_days=window_days)
    assert output.ids() == TRUTH
    assert hours(sim)[:3] == pytest.approx(lengths, abs=1e-5)


@pytest.mark.parametrize(
    ("before", "is_split"),
    [
        (Fault("status", path=QUERY, page=1, status=503), False),
        (Fault("status", path=QUERY, page=1, status=504), False),
        (Fault("drop", path=QUERY, page=1), False),
        (Fault("status", path=QUERY, page=1, status=429), True),
        # The request before the time-out is page 1; the one of users was long before.
        (Fault("status", path="/api/v2/users", status=503), True),
    ],
)
def test_in_an_outage_no_window_is_split(before: Fault, is_split: bool) -> None:  # noqa: FBT001
    """No window is split if the request before it failed as well: the org has an outage."""
    output, sim = read(before, timed_out(page=2), streams=("users", DETAILS))
    assert set(output.ids()) == set(TRUTH)
    assert (12 in hours(sim)) is is_split


def test_an_outage_may_show_in_another_stream() -> None:
    """A failed last request of another stream shows an outage, too."""
    last = Fault("status", path="/aggregates/query", status=503, after=3)
    output, sim = read(last, timed_out(), streams=(SUMS, DETAILS))
    paths = [request.path.rpartition("/analytics")[2] for request in sim.requests]
    assert paths[: paths.index(QUERY)].count("/conversations/aggregates/query") == 5
    assert output.ids() == TRUTH
    assert set(hours(sim)) == {24}


def test_an_outage_that_is_over_counts_no_more() -> None:
    """After an outage windows are split again."""
    output, sim = read(
        Fault("status", path=QUERY, page=1, status=503),
        timed_out(page=2),
        timed_out(page=1, after=2),
    )
    assert set(output.ids()) == set(TRUTH)
    assert 12 in hours(sim)


def test_the_rows_of_a_window_that_is_split_half_way_come_all() -> None:
    """A window that is split after its first page loses no row.

    The bookmark moves with each half.
    """
    output, sim = read(timed_out(page=2))
    assert set(output.ids()) == set(TRUTH)
    assert len(output.ids()) == len(TRUTH) + 10
    assert hours(sim)[:4] == [24, 24, 24, 12]
    states = [state["value"]["bookmarks"][DETAILS] for state in output.of("STATE")]
    assert iso(SINCE + DAY / 2) in [state.get("replication_key_value") for state in states]


@pytest.mark.parametrize("parallel", [2, 4, 8])
@pytest.mark.parametrize("heavy_from", [SINCE, SINCE + DAY, SINCE + 3 * DAY])
@pytest.mark.parametrize("longest", [12, 6])
def test_prefetched_windows_are_split_alike(
    parallel: int, heavy_from: datetime, longest: int
) -> None:
    """With prefetching, windows are split alike.

    The messages are equal, and so is the place of an error.
    """
    outcomes = []
    for connections in (1, parallel):
        output = Output()
        with Heavy(WORLD, **READING) as sim:
            sim.heavy_from, sim.longest = heavy_from, longest * HOUR
            genesys_tap = tap(
                sim, DETAILS, output=output, max_parallel_requests=connections, **START
            )
            error = ""
            try:
                genesys_tap.sync_or_leave()
            except StopRun as stop:
                error = str(stop).partition(" Correlation")[0]
        outcomes.append((without_times(output), error))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0]
    # Three days of 24 hours may be split, or a day into quarters.
    gives_up = heavy_from == SINCE or (longest == 6 and heavy_from < SINCE + 3 * DAY)
    assert bool(outcomes[0][1]) is gives_up


class Failing(Simulator):
    """Org that fails by a plan: the statuses of the first tries of a day's page."""

    plan: dict[tuple[str, int], list[int]]
    lock = threading.Lock()

    def respond(
        self, method: str, path: str, query: dict[str, str], body: Any, login: str
    ) -> responses.SimulatedResponse:
        """Answer a request."""
        if path.endswith(QUERY):
            page = body["interval"].partition("/")[0], body["paging"]["pageNumber"]
            with self.lock:
                statuses = self.plan.get(page)
                status = statuses.pop(0) if statuses else 0
            if status:
                return responses.error(status)
        return super().respond(method, path, query, body, login)


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_request_that_was_sent_ahead_and_failed_shows_an_outage(parallel: int) -> None:
    """A prefetched request that failed shows an outage as others do."""
    first, second = iso(SINCE), iso(SINCE + DAY)
    with Failing(WORLD, **READING) as sim:
        sim.plan = {(first, 4): [503], (second, 1): [504, 504], (second, 2): [504, 504]}
        output = run(sim, DETAILS, max_parallel_requests=parallel, **START)
        assert not any(sim.plan.values())
    assert output.ids() == TRUTH
    assert set(hours(sim)) == {24}


def test_a_half_that_times_out_keeps_the_count_of_the_whole() -> None:
    """A half that times out keeps the row count of the whole.

    A server that counts whole days has as many for each half, so no smaller part helps.
    """
    with Simulator(WORLD, interval_reading="touched-days") as sim:
        sim.faults.add(timed_out(after=1))
        genesys_tap = tap(sim, DETAILS, conversation_details_source="auto", **START)
        vars(genesys_tap.streams[DETAILS])["ceiling"] = 25
        with pytest.raises(StopRun, match="promises 30 rows"):
            genesys_tap.sync_or_leave()
    assert hours(sim)[1:] == [length / 2 for length in hours(sim)[:1] * 2] + [hours(sim)[0] / 4]


def test_all_streams_share_the_three_splits() -> None:
    """All streams of a run share three splits."""
    faults = [timed_out(), timed_out(after=2), timed_out(path="/aggregates/query", times=4)]
    output, sim = read(*faults, streams=(DETAILS, SUMS))
    plain, _sim = read(streams=(DETAILS, SUMS))
    assert output.ids() == plain.ids()
    assert sorted(output.ids(SUMS)) == sorted(plain.ids(SUMS))
    split = [set(hours(sim, path)) for path in (QUERY, "conversations/aggregates/query")]
    assert sum(len(lengths) - 1 for lengths in split) == MOST_SPLITS


def test_a_day_of_aggregates_is_split_between_its_cells() -> None:
    """A day of aggregates is split at the bound of a cell, with the same rows."""
    output, sim = read(timed_out(path="/aggregates/query"), streams=(SUMS,))
    plain, _sim = read(streams=(SUMS,))
    assert sorted(output.ids(SUMS)) == sorted(plain.ids(SUMS))
    assert hours(sim, "aggregates/query")[:5] == [24, 24, 12, 12, 24]
    assert output.bookmark(SUMS) == plain.bookmark(SUMS)


def test_a_day_that_is_one_cell_is_not_split() -> None:
    """A day of aggregates with one cell is not split."""
    options = {SUMS: {"granularity": "P1D"}}
    output, sim = read(timed_out(path="/aggregates/query"), streams=(SUMS,), aggregates=options)
    assert output.records(SUMS)
    assert set(hours(sim, "aggregates/query")) == {24}


def test_spans_of_users_are_all_there() -> None:
    """A split window of user details has all spans."""
    options = {"user_details_source": "query"}
    path = "/users/details/query"
    output, sim = read(timed_out(path=path), streams=("user_presences",), **options)
    plain, _sim = read(streams=("user_presences",), **options)
    assert set(output.ids("user_presences")) == set(plain.ids("user_presences"))
    assert hours(sim, path)[:3] == [24, 24, 12]


def test_a_cell_of_summaries_is_not_split() -> None:
    """A cell of summaries is not split: it is part of the keys, so halves would count twice."""
    name = "conversation_summaries"
    output, _sim = read(timed_out(path="/summary/queries"), streams=(name,))
    plain, _sim = read(streams=(name,))
    assert output.ids(name) == plain.ids(name)


@pytest.mark.parametrize(
    ("streams", "path", "options"),
    [
        (("users",), "/api/v2/users", {}),
        ((DETAILS,), "/details/jobs", {"conversation_details_source": "job"}),
        ((DETAILS,), "/results", {"conversation_details_source": "job"}),
    ],
)
def test_what_is_no_window_is_tried_again(
    streams: tuple[str, ...], path: str, options: dict[str, str]
) -> None:
    """Requests without a window, such as listings and jobs, are retried."""
    output, _sim = read(timed_out(5, path=path), streams=streams, **options)
    plain, _sim = read(streams=streams, **options)
    assert output.ids(*streams) == plain.ids(*streams)


@pytest.mark.parametrize("bounds", ["[)", "[]", "(]"])
@pytest.mark.parametrize("limit", ["time-out", "ceiling"])
def test_rows_left_by_the_window_before_survive_a_split(bounds: str, limit: str) -> None:
    """Rows that a window leaves for the next one survive its split.

    Where an interval includes only its end, a day returns what starts at the next midnight.
    """
    output = Output()
    with Heavy(WORLD, ceiling=25 if limit == "ceiling" else 100_000, **READING) as sim:
        sim.habits.interval_bounds = bounds
        sim.heavy_from = SINCE + DAY if limit == "time-out" else NOW
        options = {**START, "page_size": 5}
        genesys_tap = tap(sim, DETAILS, output=output, **options)
        if limit == "ceiling":
            vars(genesys_tap.streams[DETAILS])["ceiling"] = 25
        genesys_tap.sync_or_leave()
    assert 12 in hours(sim)
    first = {WORLD.conversation_id(WORLD.numbers(SINCE, NOW)[0])} if bounds == "(]" else set()
    assert set(TRUTH) - first <= set(output.ids())


def test_the_world_holds_the_hard_case() -> None:
    """The org has an instant at a later midnight, without which the test above proves nothing."""
    midnights = [iso(SINCE + day * DAY) for day in (1, 2, 3)]
    rows = list(WORLD.conversations(SINCE, NOW))
    assert [
        row for row in rows if row["conversationStart"] == row.get("conversationEnd") in midnights
    ]


class FailingSession(requests.Session):
    """Session whose responses have these statuses in turn, and then 200."""

    def __init__(self, *statuses: int) -> None:
        super().__init__()
        self._statuses = iter(statuses)

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:
        """Return the next response."""
        result = response({}, status=next(self._statuses, 200))
        result.request = request
        return result


class Login:
    """Credentials that need no token."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request."""
        return request

    def redact(self, text: str) -> str:
        """Return the text."""
        return text


def one_try(function: Any, **_options: Any) -> Any:
    """Return the function itself, in place of one that retries."""
    return function


def client(*statuses: int) -> GenesysClient:
    """Return a client without retries, whose responses have these statuses."""
    return GenesysClient(
        base_url="https://api.example.test",
        session=FailingSession(*statuses),
        authenticator=Login(),  # type: ignore[arg-type]
        retry=one_try,  # type: ignore[arg-type]
        timeout=60,
    )


@pytest.mark.parametrize("is_split", [True, False])
def test_the_second_time_out_is_the_last_try(is_split: bool) -> None:  # noqa: FBT001
    """The second time-out ends the tries of a request that can be split, and of no other."""
    api = client(503, 504, 429, 408, 504)
    request = api.prepare("POST", f"{api.base_url}{QUERY}", RequestNote(is_split=is_split))
    raised: list[Exception] = []
    for _ in range(4):
        with pytest.raises((TryAgain, TimedOut)) as error:
            api.send(request)
        raised.append(error.value)
    assert [isinstance(error, TimedOut) for error in raised] == [False, False, False, is_split]
    assert not isinstance(raised[-1], TimedOut) or raised[-1].tries == 4


def test_three_are_split_and_none_in_an_outage() -> None:
    """Three windows are split, and none right after a failure other than a 429."""
    api = client(503, 429)
    time_outs = api.time_outs
    well, ill, throttled = (
        api.prepare("POST", f"{api.base_url}{QUERY}", RequestNote(is_split=True)) for _ in range(3)
    )
    for request in (ill, throttled):
        with pytest.raises(TryAgain):
            api.send(request)
    time_outs.note(ill)
    assert not time_outs.may_split()
    time_outs.note(well, has_failed=True)
    assert not time_outs.may_split()
    time_outs.note(throttled)
    assert [time_outs.may_split() for _ in range(4)] == [True, True, True, False]
