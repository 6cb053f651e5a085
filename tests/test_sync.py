"""The tap emits all rows of an org, in order, and its bookmark covers only emitted rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.harness import Output, bookmarked, run, tap

from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import iso, parse
from tap_genesys.simulator import Simulator, World

DETAILS = "conversation_details"
SUMMARIES = "conversation_summaries"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
SETTLED = NOW - timedelta(minutes=30)


@pytest.fixture(scope="module")
def world() -> World:
    """Return an org with a few days of conversations."""
    return World(seed=7, per_day=60, since=SINCE, now=NOW)


def truth(world: World, start: datetime = SINCE, end: datetime = NOW) -> list[str]:
    """Return the ids of the conversations that started in a range, in order."""
    return [row["conversationId"] for row in world.conversations(start, end)]


def requested_intervals(sim: Simulator) -> list[str]:
    """Return the intervals of all queries for details."""
    return [
        request.body["interval"]
        for request in sim.requests
        if request.body and "interval" in request.body
    ]


def test_everything_arrives_once_and_in_order(world: World) -> None:
    """All conversations arrive once, in order.

    Open, week-long, instant and midnight-spanning ones too.
    """
    with Simulator(world) as sim:
        output = run(sim, DETAILS, start_date=iso(SINCE))
    assert output.ids() == truth(world)
    starts = [row["conversationStart"] for row in output.records(DETAILS)]
    assert starts == sorted(starts)
    assert any("conversationEnd" not in row for row in output.records(DETAILS))


def test_records_arrive_as_the_vendor_sends_them(world: World) -> None:
    """A record is the vendor's, with our own columns as the only addition."""
    with Simulator(world) as sim:
        output = run(sim, DETAILS, start_date=iso(SINCE))
    for record, conversation in zip(
        output.records(DETAILS), world.conversations(SINCE, NOW), strict=True
    ):
        assert record.pop("_extra") is None
        assert record.pop("_source") == "query"
        assert parse(record.pop("_readAt")) > SINCE
        assert record == conversation


def test_a_state_follows_every_window(world: World) -> None:
    """Each window ends with a STATE, empty ones too; the last bookmark is half an hour back.

    The first STATE records that a query is about to emit, for later runs by job.
    """
    with Simulator(world) as sim:
        output = run(sim, DETAILS, start_date=iso(SINCE - timedelta(days=2)))
    bookmarks = [
        state["value"]["bookmarks"][DETAILS].get("replication_key_value")
        for state in output.of("STATE")
    ]
    midnights = [iso(SINCE + timedelta(days=days)) for days in range(-1, 5)]
    assert list(dict.fromkeys(bookmarks)) == [None, *midnights, iso(SETTLED)]
    details = output.state["bookmarks"][DETAILS]
    by_job, by_query = details.pop("emittedThrough")
    assert (len(by_job), len(by_query)) == (0, 6)
    assert len(details.pop("fingerprint")) == 16
    assert output.state == {
        "bookmarks": {
            DETAILS: {
                "replication_key": "conversationStart",
                "replication_key_value": iso(SETTLED),
                "recheckedBy": "query",
                "recheckedUpTo": {},
                "queryPasses": [[iso(SINCE - timedelta(days=2))] * 2 + [iso(NOW)]],
                "history": {DETAILS: [iso(SINCE - timedelta(days=2))]},
            }
        }
    }


def test_a_second_run_reads_from_the_bookmark_less_the_lookback(world: World) -> None:
    """A second run reads from the bookmark less the look-back."""
    with Simulator(world) as sim:
        first = run(sim, DETAILS, start_date=iso(SINCE))
        second = run(sim, DETAILS, start_date=iso(SINCE), state=first.state, lookback_days=0.5)
    assert second.ids() == truth(world, SETTLED - timedelta(days=0.5))
    assert second.bookmark() == first.bookmark()


def test_what_happens_between_two_runs_arrives(world: World) -> None:
    """Two runs emit all conversations up to the second one."""
    later = World(seed=7, per_day=60, since=SINCE, now=NOW + timedelta(days=2))
    with Simulator(world) as sim:
        first = run(sim, DETAILS, start_date=iso(SINCE))
    with Simulator(later) as sim:
        second = run(sim, DETAILS, state=first.state)
    assert set(first.ids()) | set(second.ids()) == set(truth(later, SINCE, later.now))
    assert second.bookmark() == iso(later.now - timedelta(minutes=30))


def test_a_pause_longer_than_the_default_span_skips_nothing() -> None:
    """The default start date does not apply once there is a bookmark."""
    world = World(seed=3, per_day=4, since=SINCE, now=SINCE + timedelta(days=45))
    bookmark = iso(SINCE + timedelta(days=2))
    state = bookmarked(DETAILS, "conversationStart", bookmark)
    with Simulator(world) as sim:
        output = run(sim, DETAILS, state=state)
    assert output.ids() == truth(world, SINCE + timedelta(days=1), world.now)


def test_a_configured_start_after_the_bookmark_warns(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A configured start after the bookmark applies, with a warning that names the gap."""
    with Simulator(world) as sim:
        first = run(sim, DETAILS, start_date=iso(SINCE), end_date=iso(SINCE + timedelta(days=1)))
        assert first.bookmark() == "2026-03-02T00:00:00.000Z"
        second = run(sim, DETAILS, start_date="2026-03-03", state=first.state)
    assert second.ids() == truth(world, SINCE + timedelta(days=2))
    (warning,) = [entry.message for entry in caplog.records if "skipped" in entry.message]
    assert "2026-03-03T00:00:00.000Z" in warning
    assert "2026-03-02T00:00:00.000Z" in warning


def test_the_bookmark_never_moves_backwards(world: World) -> None:
    """A look-back, an earlier start or an earlier end does not move the bookmark back."""
    with Simulator(world) as sim:
        first = run(sim, DETAILS, start_date=iso(SINCE))
        again = run(
            sim,
            DETAILS,
            state=first.state,
            lookback_days=3,
            end_date=iso(SINCE + timedelta(days=2)),
        )
    assert again.ids() == truth(world, SETTLED - timedelta(days=3), SINCE + timedelta(days=2))
    assert {
        state["value"]["bookmarks"][DETAILS]["replication_key_value"] for state in again.of("STATE")
    } == {iso(SETTLED)}


def test_the_end_is_never_later_than_now(world: World) -> None:
    """An end in the future is the present."""
    with Simulator(world) as sim:
        run(sim, DETAILS, start_date=iso(SINCE), end_date="2030-01-01")
        intervals = requested_intervals(sim)
    assert intervals[-1].endswith(iso(NOW))


@pytest.mark.parametrize("window_days", [0.1, 0.25, 1, 2, 3.5, 7])
def test_windows_of_any_length_read_the_same(world: World, window_days: float) -> None:
    """The output does not depend on `window_days`."""
    start = SINCE + timedelta(hours=7)
    with Simulator(world) as sim:
        output = run(sim, DETAILS, start_date=iso(start), window_days=window_days)
    assert output.ids() == truth(world, start)


def test_no_interval_is_longer_than_the_vendor_allows() -> None:
    """An interval is 7 days without a filter, 31 with one; the simulator refuses longer ones."""
    world = World(seed=3, per_day=2, since=SINCE, now=SINCE + timedelta(days=60))
    inbound = [
        {
            "type": "and",
            "predicates": [
                {
                    "type": "dimension",
                    "dimension": "originatingDirection",
                    "operator": "matches",
                    "value": "inbound",
                }
            ],
        }
    ]
    with Simulator(world) as sim:
        unfiltered = run(sim, DETAILS, start_date=iso(SINCE), window_days=90)
        filtered = run(
            sim, DETAILS, start_date=iso(SINCE), window_days=90, conversation_filters=inbound
        )
    assert unfiltered.ids() == truth(world, SINCE, world.now)
    assert filtered.ids() == [
        row["conversationId"]
        for row in world.conversations(SINCE, world.now)
        if row["originatingDirection"] == "inbound"
    ]


@pytest.mark.parametrize("kind", ["conversation_filters", "segment_filters"])
def test_with_any_filter_an_interval_is_a_month(kind: str) -> None:
    """A filter of either kind allows intervals of 31 days."""
    world = World(seed=3, per_day=2, since=SINCE, now=SINCE + timedelta(days=60))
    dimension, value = {
        "conversation_filters": ("originatingDirection", "inbound"),
        "segment_filters": ("mediaType", "voice"),
    }[kind]
    predicate = {
        "type": "dimension",
        "dimension": dimension,
        "operator": "matches",
        "value": value,
    }
    filters = {kind: [{"type": "and", "predicates": [predicate]}]}
    with Simulator(world) as sim:
        output = run(sim, DETAILS, start_date=iso(SINCE), window_days=90, **filters)
        intervals = list(dict.fromkeys(requested_intervals(sim)))
    assert output.ids()
    assert [
        parse(interval.partition("/")[2]) - parse(interval.partition("/")[0])
        for interval in intervals
    ] == [timedelta(days=31), timedelta(days=29)]


@pytest.mark.parametrize("bounds", ["[]", "(]"])
def test_a_re_check_brings_no_row_of_another_window(bounds: str) -> None:
    """A re-check emits no row of another window.

    Its interval includes its end, at which a conversation starts.
    """
    day = timedelta(days=1)
    world = World(seed=7, per_day=60, since=SINCE, now=SINCE + 4 * day)
    state = bookmarked(DETAILS, "conversationStart", iso(SINCE + 2.5 * day))
    marks = {"1": iso(SINCE + day)}
    state["bookmarks"][DETAILS] |= {"recheckedUpTo": marks, "recheckedBy": "query"}
    options = {"end_date": iso(SINCE + 3 * day), "lookback_days": 0, "recheck_days": [1]}
    with Simulator(world, interval_reading="overlap", interval_bounds=bounds) as sim:
        output = run(sim, DETAILS, state=state, **options)
        intervals = requested_intervals(sim)
    assert f"{iso(SINCE + day)}/{iso(SINCE + 2 * day)}" in intervals
    assert set(truth(world, SINCE + 2.5 * day, SINCE + 3 * day)) <= set(output.ids())
    assert set(output.ids()) <= set(truth(world, SINCE + day, SINCE + 3 * day))


@pytest.mark.parametrize("size", [7, 60, 100, 1000])
def test_a_page_size_is_lowered_to_what_an_endpoint_allows(world: World, size: int) -> None:
    """`page_size` is limited to the maximum of each operation."""
    with Simulator(world) as sim:
        output = run(sim, DETAILS, SUMMARIES, start_date=iso(SINCE), page_size=size)
        sizes = {
            request.path.rsplit("/", 1)[1]: request.body.get("paging", request.body)["pageSize"]
            for request in sim.requests
            if isinstance(request.body, dict) and "interval" in request.body
        }
        sums = {
            request.body["pageSize"]
            for request in sim.requests
            if isinstance(request.body, dict) and "groupings" in request.body
        }
    assert output.ids() == truth(world)
    assert sizes == {"query": min(size, 100)}
    assert sums == {min(size, 250)}


def test_a_gateways_variant_of_the_response_is_read(world: World) -> None:
    """Details in the form that some gateways return are read, too."""
    with Simulator(world, details_shape="gateway") as sim:
        output = run(sim, DETAILS, start_date=iso(SINCE), page_size=25)
    assert output.ids() == truth(world)


def test_an_hourly_run_touches_two_days(world: World) -> None:
    """An hourly run queries the parts of two days."""
    state = bookmarked(DETAILS, "conversationStart", iso(SETTLED - timedelta(hours=1)))
    with Simulator(world) as sim:
        run(sim, DETAILS, state=state)
        intervals = requested_intervals(sim)
    assert len(set(intervals)) == 2


def test_one_login_serves_all_streams(world: World) -> None:
    """All streams share one token."""
    with Simulator(world) as sim:
        run(sim, start_date=iso(SINCE))
        logins = [request for request in sim.requests if request.path == "/oauth/token"]
    assert len(logins) == 1


@pytest.mark.parametrize(
    ("stream", "rows"),
    [
        ("users", World.users),
        ("routing_queues", World.queues),
        ("wrapup_codes", World.wrapup_codes),
        ("divisions", World.divisions),
    ],
)
def test_a_listing_is_read_whole(world: World, stream: str, rows: Any) -> None:
    """A listing has all rows, those of leavers too."""
    with Simulator(world) as sim:
        output = run(sim, stream, page_size=7)
    assert sorted(output.ids(stream)) == sorted(row["id"] for row in rows(world))


def test_summaries_are_requested_cell_by_cell(world: World) -> None:
    """Summaries are requested for whole cells of the grid, whatever the run's range is."""
    with Simulator(world) as sim:
        output = run(sim, SUMMARIES, start_date=iso(SINCE + timedelta(hours=9)))
        cells = [
            (request.body["dateFrom"], request.body["dateTo"])
            for request in sim.requests
            if request.body and "groupings" in request.body
        ]
    days = [SINCE + timedelta(days=day) for day in range(6)]
    assert list(dict.fromkeys(cells)) == [
        (iso(day), iso(day + timedelta(days=1))) for day in days[:5]
    ]
    assert output.bookmark(SUMMARIES) == iso(SETTLED)
    total = sum(row["metrics"]["conversation:count"] for row in output.records(SUMMARIES))
    assert total >= len(truth(world))


def test_a_cell_that_is_read_again_keeps_its_keys(world: World) -> None:
    """Rows of a cell that is read again have the same keys, so that no sum doubles."""
    with Simulator(world) as sim:
        first = run(sim, SUMMARIES, start_date=iso(SINCE))
        second = run(sim, SUMMARIES, state=first.state, emit_unchanged=True)
    rows = {row["id"]: row for row in first.records(SUMMARIES)}
    assert len(rows) == len(first.records(SUMMARIES))
    assert {row["id"] for row in second.records(SUMMARIES)} <= set(rows)
    cells = {row["dateFrom"] for row in second.records(SUMMARIES)}
    assert cells == {"2026-03-04T00:00:00.000Z", "2026-03-05T00:00:00.000Z"}


def test_all_rows_of_a_cell_have_the_time_of_its_reading(world: World) -> None:
    """All rows of a cell have one `_readAt`, so that outdated groups can be recognised."""
    with Simulator(world) as sim:
        rows = run(sim, SUMMARIES, start_date=iso(SINCE), page_size=2).records(SUMMARIES)
    readings = {(row["dateFrom"], row["_readAt"]) for row in rows}
    assert len(readings) == len({row["dateFrom"] for row in rows}) == 5


def test_summaries_that_an_org_does_not_have_are_skipped(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream that the org lacks is skipped with a warning and a last line.

    Its bookmark stays, and the run succeeds.
    """
    state = bookmarked(SUMMARIES, "dateFrom", iso(SINCE))
    with Simulator(world, summaries=False) as sim:
        output = run(sim, DETAILS, SUMMARIES, start_date=iso(SINCE), state=state)
    assert output.ids() == truth(world)
    assert output.records(SUMMARIES) == []
    assert output.bookmark(SUMMARIES) == iso(SINCE)
    warning, last = [entry.message for entry in caplog.records if entry.levelname == "WARNING"]
    assert "summary/queries" in warning
    assert "404" in warning
    assert last.startswith(f"Skipped: {SUMMARIES} (")


def test_a_run_of_which_every_stream_was_skipped_fails(world: World) -> None:
    """A run whose streams are all skipped fails, and names them."""
    with (
        Simulator(world, summaries=False) as sim,
        pytest.raises(StopRun, match="Every selected stream was skipped: conversation_summaries"),
    ):
        run(sim, SUMMARIES, start_date=iso(SINCE))


def test_unknown_root_fields_are_kept_and_gathered() -> None:
    """A new field of the vendor reaches SQL targets in `_extra`."""

    class Newer(World):
        def conversation(self, number: int) -> dict[str, Any]:
            return {**super().conversation(number), "addedTomorrow": {"deep": 1}}

    with Simulator(Newer(seed=7, per_day=5, since=SINCE, now=NOW)) as sim:
        output = run(sim, DETAILS, start_date=iso(SINCE))
    assert all(row["addedTomorrow"] == {"deep": 1} for row in output.records(DETAILS))
    assert all(row["_extra"] == {"addedTomorrow": {"deep": 1}} for row in output.records(DETAILS))


def test_a_full_table_run_leaves_the_bookmark_alone(world: World) -> None:
    """With FULL_TABLE in the catalog the bookmark is neither read nor written."""
    output = Output()
    with Simulator(world) as sim:
        genesys_tap = tap(sim, DETAILS, start_date=iso(SINCE), output=output)
        genesys_tap.streams[DETAILS].forced_replication_method = "FULL_TABLE"
        genesys_tap.sync_or_leave()
    assert output.ids() == truth(world)
    assert output.bookmark() is None


def test_a_bookmark_in_the_future_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A bookmark in the future is a warning.

    After a wrong clock no row would arrive, in silence.
    """
    bookmark = iso(NOW + timedelta(days=400))
    state = bookmarked(DETAILS, "conversationStart", bookmark)
    with Simulator(world) as sim:
        output = run(sim, DETAILS, state=state)
    assert not output.records(DETAILS)
    assert output.bookmark() == bookmark
    assert [entry for entry in caplog.records if "is in the future" in entry.getMessage()]


@pytest.mark.parametrize("options", [{}, {"start_date": iso(SINCE)}])
@pytest.mark.parametrize("value", ["yesterday", 7, ""])
def test_a_bookmark_that_is_no_date_is_named(
    world: World, value: object, options: dict[str, str]
) -> None:
    """A bookmark that is no date stops the run, and the error names its stream."""
    state = bookmarked(DETAILS, "conversationStart", value)
    with Simulator(world) as sim, pytest.raises(StopRun, match="bookmark of conversation_details"):
        run(sim, DETAILS, state=state, **options)


def test_an_end_before_the_default_start_needs_a_bookmark(world: World) -> None:
    """Without a bookmark, an end before the default start is an error that names both dates."""
    with Simulator(world) as sim:
        with pytest.raises(
            StopRun, match=r"\(the default, 30 days before now\) is after end_date 20"
        ):
            run(sim, DETAILS, end_date="2026-01-01")
        assert not requested_intervals(sim)
