"""Aggregates: one row for each cell, group and metric, with a stable key and the org's figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from support.harness import Output, run, tap
from support.simulator_client import token
from support.vendor_document import body_schema, response_schema, validate

from tap_genesys.config.aggregate_options import families, problems
from tap_genesys.endpoints.aggregates import AggregateStream
from tap_genesys.errors import StopRun
from tap_genesys.records.aggregate_rows import key, rows
from tap_genesys.replication.cells import GRANULARITIES
from tap_genesys.replication.windows import DAY, iso, parse
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.aggregating import events_of
from tap_genesys.streams import STREAMS

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=4, per_day=40, since=SINCE, now=datetime(2026, 3, 6, 12, 10, tzinfo=UTC))
NAME = "conversation_aggregates"
AGGREGATES: list[Any] = [stream for stream in STREAMS if issubclass(stream, AggregateStream)]
VALUES = st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["None", "~"]))
GROUPS = st.dictionaries(st.sampled_from(["a", "b", "a=1;b"]), VALUES, max_size=2)
CELLS = st.tuples(
    st.sampled_from(["2026-03-01T00:00:00.000Z", "2026-03-01T00:30:00.000Z"]),
    st.sampled_from(GRANULARITIES[:2]),
    GROUPS,
    st.sampled_from(["tTalk", "tTalk/x", "nOffered"]),
    st.one_of(st.none(), st.text(max_size=3)),
)


def identity(cell: Any) -> str:
    """Return the identity of a cell, which does not depend on the order of its group."""
    start, granularity, group, *metric = cell
    return repr((start, granularity, sorted(group.items()), metric))


@given(st.lists(CELLS, unique_by=identity))
@example([("s", "P1D", {"a": value}, "m", None) for value in (None, "None", "", "~", "~0")])
@example([("s", "P1D", {}, "m", value) for value in (None, "None", "", "~", "~0")])
def test_two_cells_have_two_keys(cells: list[Any]) -> None:
    """Absent, empty and literal `None` or `~` values are different groups."""
    assert len({key(*cell) for cell in cells}) == len(cells)


@given(CELLS)
@example(("s", "P1D", {"b": "1", "a": "2"}, "m", None))
def test_a_cell_keeps_its_key_in_any_order_of_its_group(cell: Any) -> None:
    """The vendor promises no order of a group's fields."""
    start, granularity, group, *metric = cell
    turned = dict(reversed(group.items()))
    assert key(start, granularity, turned, *metric) == key(*cell)


def test_absent_results_metrics_and_stats_are_empty() -> None:
    """No results or no metrics are no rows; a metric without stats is a row without values."""
    assert list(rows({}, "P1D")) == []
    assert list(rows({"results": [{"data": [{"interval": "a/b", "metrics": None}]}]}, "P1D")) == []
    bounds = "2026-03-01T00:00:00.000Z/2026-03-02T00:00:00.000Z"
    (row,) = rows(
        {"results": [{"data": [{"interval": bounds, "metrics": [{"metric": "nError"}]}]}]}, "P1D"
    )
    assert (row["_id"], row["qualifier"]) == ("2026-03-01T00:00:00.000Z/P1D//nError", None)


@pytest.mark.parametrize("stream", AGGREGATES, ids=[vars(stream)["name"] for stream in AGGREGATES])
def test_a_family_follows_the_vendors_document(stream: Any) -> None:
    """Requests and responses match the vendor's document; rows have unique keys."""
    with Simulator(WORLD) as sim:
        output = run(sim, stream.name, start_date=iso(SINCE))
        queries = [request for request in sim.requests if request.path == stream.path]
        body = response_to(sim, queries[0])
    assert len(queries) == 6
    for request in queries:
        validate(request.body, body_schema(stream.path))
    validate(body, response_schema(stream.path, "post"))
    records = output.records(stream.name)
    assert records
    assert len({row["_id"] for row in records}) == len(records)
    assert all(row["_extra"] is None for row in records)
    assert all(row["metric"] in families()[stream.name]["metrics"] for row in records)


def test_a_metric_is_a_row_for_each_qualifier() -> None:
    """The qualifier is a column, and a part of the key."""
    with Simulator(WORLD) as sim:
        records = run(sim, "user_aggregates", start_date=iso(SINCE)).records("user_aggregates")
    by_metric: dict[str, set[str]] = defaultdict(set)
    for row in records:
        by_metric[row["metric"]].add(row["qualifier"])
        assert row["_id"].endswith(f"/{row['metric']}/{row['qualifier']}")
    assert {metric: len(qualifiers) for metric, qualifiers in by_metric.items()} == dict.fromkeys(
        families()["user_aggregates"]["metrics"], 2
    )


def response_to(sim: Simulator, request: Any) -> Any:
    response = requests.post(
        f"{sim.url}{request.path}", json=request.body, headers=token(sim), timeout=10
    )
    return response.json()


def test_sums_are_those_of_the_org() -> None:
    """For any grouping, contacts and times add up to the org's, over all cells."""
    with Simulator(WORLD) as sim:
        output = run(sim, NAME, start_date=iso(SINCE))
    expected: Counter[tuple[Any, str]] = Counter()
    handled: Counter[Any] = Counter()
    for conversation in WORLD.conversations(SINCE, WORLD.now):
        for event in events_of(conversation):
            if event.metric in ("tAnswered", "nOffered") and event.moment < WORLD.now:
                expected[event.group.get("userId"), event.metric] += 1
            if event.metric == "tHandle":
                handled[event.group.get("userId")] += event.value
    totals: Counter[tuple[str | None, str]] = Counter()
    times: Counter[str | None] = Counter()
    for row in output.records(NAME):
        if row["metric"] in ("tAnswered", "nOffered"):
            totals[row.get("userId"), row["metric"]] += row["count"]
        if row["metric"] == "tHandle":
            times[row.get("userId")] += row["sum"]
    assert totals == expected
    assert times == handled


def test_service_levels_follow_from_the_targets_of_the_queues() -> None:
    """An answer within the target of queue and medium counts in both parts, any other in one."""
    world = replace(WORLD, service_levels=True)
    with Simulator(world) as sim:
        output = run(sim, NAME, start_date=iso(SINCE))
        response = requests.get(f"{sim.url}/api/v2/routing/queues", headers=token(sim), timeout=10)
    validate(response.json(), response_schema("/api/v2/routing/queues", "get"))
    targets = {queue["id"]: queue["mediaSettings"] for queue in response.json()["entities"]}
    fields = {"voice": "call", "callback": "callback", "chat": "chat"}
    expected: Counter[tuple[Any, Any, str]] = Counter()
    for event in (
        event
        for conversation in world.conversations(SINCE, world.now)
        for event in events_of(conversation)
    ):
        queue, medium = event.group.get("queueId"), str(event.group["mediaType"])
        if event.metric in ("tAnswered", "tAbandon") and queue and event.moment < world.now:
            target = targets[str(queue)][fields.get(medium, medium)]["serviceLevel"]
            in_time = event.metric == "tAnswered" and event.value <= target["durationMs"]
            expected[queue, medium, "denominator"] += 1
            expected[queue, medium, "numerator"] += in_time
            expected[queue, medium, "late"] += event.metric == "tAnswered" and not in_time
    totals: Counter[tuple[Any, Any, str]] = Counter()
    for row in output.records(NAME):
        group = (row.get("queueId"), row["mediaType"])
        if row["metric"] == "oServiceLevel":
            assert row["ratio"] == row["numerator"] / row["denominator"]
            assert row["target"] == 0.8
            totals[*group, "denominator"] += row["denominator"]
            totals[*group, "numerator"] += row["numerator"]
        if row["metric"] == "nOverSla":
            totals[*group, "late"] += row["count"]
    assert +totals == +expected
    assert sum(number for (*_, part), number in expected.items() if part == "late")


def test_a_cell_that_is_read_again_keeps_its_key_and_the_unfinished_one_comes_again() -> None:
    """An upsert of two runs leaves the rows of one run over the whole range."""
    later = WORLD.at(WORLD.now + timedelta(hours=6))
    with Simulator(WORLD) as sim:
        first = run(sim, NAME, start_date=iso(SINCE))
    with Simulator(later) as sim:
        second = run(sim, NAME, start_date=iso(SINCE), state=first.state)
        fresh = run(sim, NAME, start_date=iso(SINCE))
    assert parse(first.bookmark(NAME) or "") <= WORLD.now - timedelta(minutes=30)
    merged = {row["_id"]: row for row in [*first.records(NAME), *second.records(NAME)]}
    expected = {row["_id"]: row for row in fresh.records(NAME)}
    plain = [
        {name: {k: v for k, v in row.items() if k != "_readAt"} for name, row in loaded.items()}
        for loaded in (merged, expected)
    ]
    assert plain[0] == plain[1]
    assert len(second.records(NAME)) < len(expected)


def test_a_day_of_another_time_zone_is_a_cell() -> None:
    """A cell `P1D` is a local day, which has 23 hours when the clocks go forward."""
    options = {NAME: {"granularity": "P1D", "time_zone": "Europe/Berlin", "group_by": []}}
    since = datetime(2026, 3, 27, tzinfo=UTC)
    world = World(seed=4, per_day=20, since=since, now=since + 4 * DAY)
    with Simulator(world) as sim:
        output = run(sim, NAME, start_date=iso(since), aggregates=options)
    lengths: dict[str, set[float]] = defaultdict(set)
    for row in output.records(NAME):
        length = parse(row["intervalEnd"]) - parse(row["intervalStart"])
        lengths[row["intervalStart"]].add(length / timedelta(hours=1))
    assert lengths["2026-03-28T23:00:00.000Z"] == {23}  # clocks go forward on that Sunday
    assert lengths["2026-03-27T23:00:00.000Z"] == {24}


def test_a_filter_is_passed_on() -> None:
    """A configured filter restricts the rows."""
    voice = {
        "type": "and",
        "clauses": [
            {"type": "or", "predicates": [{"dimension": "mediaType", "value": "voice"}]},
        ],
    }
    with Simulator(WORLD) as sim:
        output = run(sim, NAME, start_date=iso(SINCE), aggregates={NAME: {"filter": voice}})
    assert {row["mediaType"] for row in output.records(NAME)} == {"voice"}


def test_a_day_that_is_too_large_is_read_in_halves_with_the_same_keys() -> None:
    """After a 413 the window is halved; the cells, and so the keys, stay the same."""
    with Simulator(WORLD) as sim:
        whole = run(sim, NAME, start_date=iso(SINCE))
        before = len(sim.requests)
        sim.faults.add(Fault("status", path="/aggregates/", status=413, times=3))
        halved = run(sim, NAME, start_date=iso(SINCE))
        bodies = [request.body or {} for request in sim.requests[before:]]
    intervals = [body["interval"] for body in bodies if "interval" in body]
    keys = [row["_id"] for row in halved.records(NAME)]
    assert sorted(keys) == sorted(row["_id"] for row in whole.records(NAME))
    assert len(set(keys)) == len(keys)
    assert halved.bookmark(NAME) == whole.bookmark(NAME)
    assert intervals[:4] == [f"{iso(SINCE)}/{iso(SINCE + DAY / part)}" for part in (1, 2, 4, 8)]


def test_half_of_a_day_is_no_reading_of_it() -> None:
    """If the second half fails, neither the bookmark nor a re-check counts the day as read."""
    output = Output()
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/aggregates/", status=413))
        sim.faults.add(Fault("status", path="/aggregates/", status=400, after=1))
        with pytest.raises(StopRun, match=r"T12:00:00.000Z/2026-03-02T.* answered 400"):
            tap(sim, NAME, output=output, start_date=iso(SINCE)).sync_or_leave()
    assert output.records(NAME)
    assert not output.state.get("bookmarks", {}).get(NAME)


def test_all_rows_of_a_reading_have_the_same_moment() -> None:
    """Even if it takes several requests: the moment is that of the first one."""
    with Simulator(WORLD) as sim:
        sim.each_request = timedelta(seconds=2)
        sim.faults.add(Fault("status", path="/aggregates/", status=413, times=3))
        records = run(sim, NAME, start_date=iso(SINCE)).records(NAME)
    moments = defaultdict(set)
    for row in records:
        moments[row["intervalStart"][:10]].add(row["_readAt"])
    assert [len(read_at) for read_at in moments.values()] == [1] * 6
    assert len(set().union(*moments.values())) == 6


def test_a_cell_that_is_too_large_stops_the_run_with_a_remedy() -> None:
    """A single cell cannot be halved; the error has the stream and the setting to change."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/aggregates/", status=413, times=None))
        with pytest.raises(StopRun, match="Set fewer groups") as stopped:
            run(sim, NAME, start_date=iso(SINCE))
    assert NAME in str(stopped.value)


@pytest.mark.parametrize(
    ("configured", "text"),
    [
        ([], "use an object"),
        ({"conversation_agregates": {}}, "conversation_aggregates"),
        ({NAME: []}, "use an object"),
        ({NAME: {"metric": []}}, "use one of metrics"),
        ({NAME: {"metrics": ["tTalks"]}}, "tTalk"),
        ({NAME: {"metrics": []}}, "name at least one"),
        ({NAME: {"group_by": "userId"}}, "use a list of texts"),
        ({NAME: {"group_by": ["userid"]}}, "userId"),
        ({NAME: {"granularity": "PT7M"}}, "PT15M"),
        ({NAME: {"time_zone": "Berlin"}}, "Europe/Berlin"),
        ({NAME: {"filter": "voice"}}, "vendor's format"),
    ],
)
def test_an_invalid_setting_is_a_problem_with_a_remedy(configured: Any, text: str) -> None:
    """Each invalid value of `aggregates` gives one line with the remedy."""
    (line,) = problems(configured)
    assert text in line


def test_a_valid_setting_is_no_problem() -> None:
    """An empty grouping, a time zone and a granularity are valid."""
    assert not list(problems({NAME: {"group_by": [], "time_zone": "UTC", "granularity": "PT1H"}}))
