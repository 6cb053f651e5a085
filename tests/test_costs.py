"""The cost of each kind of stream: its description, and the arithmetic of its estimate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.endpoints.costs import (
    Cost,
    NoRequests,
    PerBatch,
    PerPage,
    PerParent,
    PerRecord,
    PerWindow,
    PerWindowAndBatch,
    SingleRequest,
)
from tap_genesys.endpoints.source_costs import ConversationDetailsCost, Sources, UserDetailsCost
from tap_genesys.endpoints.volume import Basis, Estimate, Sample, Volume, pages
from tap_genesys.replication.windows import DAY, Window, split
from tap_genesys.streams import STREAMS
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 3, 1, tzinfo=UTC)
TEN_DAYS = Window(START, START + 10 * DAY)
#: Rows of a page of a job's results.
JOB_PAGE = 1_000


def days(start: datetime, end: datetime) -> Iterator[Window]:
    return split(start, end, DAY)


def weeks(start: datetime, end: datetime) -> Iterator[Window]:
    return split(start, end, 7 * DAY)


def numbers(cost: Cost, **facts: Any) -> tuple[int | None, int | None]:
    """Return an estimate for ten days: of the first run, and of a day."""
    estimate = cost.estimate(Basis(TEN_DAYS, **facts))
    return estimate.requests_first_run, estimate.requests_per_day


def rows(cost: Cost, wanted: Window = TEN_DAYS, **facts: Any) -> tuple[int | None, int | None]:
    """Return the rows of an estimate, for ten days by default: of the first run, and of a day."""
    estimate = cost.estimate(Basis(wanted, **facts))
    return estimate.rows_first_run, estimate.rows_per_day


def sources(
    source: str,
    *,
    lookback: timedelta = DAY,
    rechecks: int = 0,
    emits_unchanged: bool = False,
) -> Sources:
    return Sources(source, days, weeks, lookback, 100, rechecks, emits_unchanged)


def test_a_table_makes_no_request() -> None:
    """The detail names the stream whose records its rows are made of."""
    estimate = Estimate(0, 0, "derived from users", requests_per_month=0)
    assert NoRequests("users").estimate(Basis(TEN_DAYS)) == estimate


def test_a_single_page_is_one_request() -> None:
    """Whatever the number of rows."""
    assert numbers(SingleRequest(), sample=Sample(1_000)) == (1, 1)


@pytest.mark.parametrize(("rows", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_listing_is_its_pages(rows: int, requests: int) -> None:
    """An empty one has one page, too."""
    assert numbers(PerPage(100), sample=Sample(rows)) == (requests, requests)


def test_a_listing_without_a_count_has_no_estimate() -> None:
    """A page of one record and a token does not determine the number of pages."""
    assert numbers(PerPage(100), sample=Sample(1, is_counted=False)) == (None, None)


def test_a_child_is_as_many_listings_as_its_parent_has_records() -> None:
    """Each part of a parent's record is a listing of its own; without a parent only parts count."""
    cost = PerParent(100, "")
    assert numbers(cost, sample=Sample(250), parent=Sample(7), parts=2) == (42, 42)
    assert numbers(cost, sample=Sample(0), parts=95) == (95, 95)


@pytest.mark.parametrize("cost", [PerParent(100, ""), PerBatch(100, "")])
def test_a_parent_without_a_sample_below_it_has_no_estimate(cost: Cost) -> None:
    """Without a sampled child listing, rows per parent are unknown."""
    assert numbers(cost, parent=Sample(7)) == (None, None)


def test_observations_take_a_request_for_a_hundred_records() -> None:
    """A request has at most 100 ids."""
    assert numbers(PerBatch(100, ""), sample=Sample(1), parent=Sample(201)) == (3, 3)


def test_follow_ups_are_requested_for_each_record_of_each_day() -> None:
    """A range below a day counts as one."""
    cost = PerRecord(2, "session")
    assert numbers(cost, parent=Sample(40), parts=3) == (2_400, 240)
    hour = Window(START, START + timedelta(hours=1))
    assert cost.estimate(Basis(hour, parent=Sample(40))) == Estimate(
        80, 80, requests_per_month=2_400
    )


@pytest.mark.parametrize(
    ("lookback", "per_day"), [(timedelta(0), 3), (DAY, 6), (30 * DAY, 30)], ids=str
)
def test_windows_take_as_many_requests_each(lookback: timedelta, per_day: int) -> None:
    """A later run reads a day and the look-back, as far as the range goes."""
    assert numbers(PerWindow(days, lookback, 3)) == (30, per_day)


def test_days_that_are_read_again_count_each_day() -> None:
    """A first run has none of them yet."""
    assert numbers(PerWindow(days, timedelta(0), 2, rechecks=3)) == (20, 8)


def test_aggregates_of_users_are_windows_times_batches() -> None:
    """The detail states the users, and the requests for a day."""
    cost = PerWindowAndBatch(PerWindow(days, timedelta(0), rechecks=3), lambda: 100)
    estimate = cost.estimate(Basis(TEN_DAYS, parent=Sample(1_250)))
    detail = "1,250 users: 13 requests per day that is read"
    assert estimate == Estimate(130, 52, detail, requests_per_month=30 * 52)


@pytest.mark.parametrize(
    ("source", "first_run", "per_day", "rows_per_day"),
    [
        # Ten queries of 25 pages; a day, a day of look-back, and two days again.
        ("query", 250, 100, 3 * 2_400),
        # The watermark, a week and three days; one day and two again, of three pages each.
        ("job", 1 + (4 + 17) + (4 + 8), 1 + 3 * (4 + 3), 3 * 2_400),
        ("auto", 34 + 25, 22 + 25, 4 * 2_400),
    ],
)
def test_conversations_by_source(
    source: str, first_run: int, per_day: int, rows_per_day: int
) -> None:
    """A first run emits each of them once, a later one by each lane and for each re-check."""
    cost = ConversationDetailsCost(sources(source, rechecks=2))
    estimate = cost.estimate(Basis(TEN_DAYS, Sample(2_400)))
    requests = first_run, per_day, "2,400 conversations yesterday"
    assert estimate == Estimate(*requests, 24_000, rows_per_day, 30 * per_day)
    assert rows(cost) == (None, None)


@pytest.mark.parametrize(("source", "days"), [("query", 4), ("job", 3), ("auto", 4)])
def test_unchanged_rows_count_where_they_are_emitted(source: str, days: int) -> None:
    """With a run a day that is the look-back of queries: jobs and `auto` read on."""
    cost = ConversationDetailsCost(sources(source, rechecks=2, emits_unchanged=True))
    assert rows(cost, sample=Sample(100)) == (1_000, days * 100)


@pytest.mark.parametrize(
    ("source", "first_run", "per_day", "rows_per_day"),
    [
        # A query more for each window: its last page has no entries.
        ("query", 10 * 26, 3 * 26, 2 * 2_400),
        ("job", 1 + (4 + 17) + (4 + 8), 1 + (4 + 5) + (4 + 3), 2 * 2_400),
        # From the watermark to now: parts of two days.
        ("auto", 34 + 2 * 14, 17 + 2 * 14, 2 * 2_400),
    ],
)
def test_spans_of_users_by_source(
    source: str, first_run: int, per_day: int, rows_per_day: int
) -> None:
    """A later run emits them once, by whichever source, and a day of them once more."""
    cost = UserDetailsCost(sources(source, rechecks=1))
    estimate = cost.estimate(Basis(TEN_DAYS, Sample(2_400)))
    requests = first_run, per_day, "2,400 entries yesterday"
    assert estimate == Estimate(*requests, 24_000, rows_per_day, 30 * per_day)


@pytest.mark.parametrize(("source", "days"), [("query", 3), ("job", 2), ("auto", 3)])
def test_unchanged_spans_that_are_emitted_count(source: str, days: int) -> None:
    """By query those of the look-back of a day; with `auto` those that both sources read."""
    cost = UserDetailsCost(replace(sources(source, rechecks=1), emits_unchanged=True))
    assert cost.estimate(Basis(TEN_DAYS, Sample(2_400))).rows_per_day == days * 2_400


def month(cost: Cost, runs_per_day: int, **facts: Any) -> int | None:
    """Return the requests of a month, from runs up to the noon of a day."""
    wanted = Window(START, START + 9.5 * DAY)
    return cost.estimate(Basis(wanted, runs_per_day=runs_per_day, **facts)).requests_per_month


@pytest.mark.parametrize(
    ("cost", "requests"),
    [
        (SingleRequest(), 1),
        (PerPage(100), 3),
        (PerParent(100, ""), 3 * 7),
        (PerBatch(5, ""), 2),
    ],
)
def test_a_listing_is_read_in_each_run(cost: Cost, requests: int) -> None:
    """So a month has its requests as often as there are runs."""
    assert month(cost, 24, sample=Sample(250), parent=Sample(7)) == 30 * 24 * requests
    uncounted = Sample(1, is_counted=False)
    assert month(PerPage(100), 24, sample=uncounted) is None


def test_follow_ups_and_tables_do_not_depend_on_the_number_of_runs() -> None:
    """An end is followed up once, and a table makes no request."""
    assert month(PerRecord(2, "session"), 24, parent=Sample(40)) == 30 * 80
    assert month(NoRequests("users"), 24) == 0


def test_a_run_reads_the_days_that_it_touches_and_days_come_of_age_once() -> None:
    """24 hourly runs touch a day each, the two after a midnight two; three days are read again."""
    cost = PerWindow(days, timedelta(0), 2, rechecks=3)
    assert month(cost, 24) == 30 * 2 * (24 + 1 + 3)
    assert month(PerWindow(days, DAY), 24) == 30 * (2 * 24 + 1)
    of_users = PerWindowAndBatch(PerWindow(days, timedelta(0), rechecks=3), lambda: 100)
    assert month(of_users, 24, parent=Sample(250)) == 30 * 3 * (24 + 1 + 3)


def test_rows_that_go_on_are_read_by_each_query_and_job() -> None:
    """As far as a response has shown how many they are."""
    cost = ConversationDetailsCost(replace(sources("auto"), ages=(1,)))
    quiet, busy = (
        month(cost, 24, sample=Sample(2_400, going_on=going_on)) for going_on in (0, 800)
    )
    assert quiet is not None
    assert busy is not None
    # A query at noon returns half of them, and each job all: from 4 pages to 8.
    assert busy > 1.5 * quiet


@pytest.mark.parametrize("source", ["auto", "job", "query"])
def test_more_runs_cost_more(source: str) -> None:
    """Of conversations and of spans; with one run a day a month is thirty days."""
    for kind in (ConversationDetailsCost, UserDetailsCost):
        cost = kind(replace(sources(source, rechecks=1), ages=(1,)))
        months = [month(cost, runs, sample=Sample(2_400)) or 0 for runs in (2, 8, 24)]
        assert months == sorted(months)
        assert months[0] < months[-1]
        estimate = cost.estimate(Basis(TEN_DAYS, Sample(2_400)))
        assert estimate.requests_per_month == 30 * (estimate.requests_per_day or 0)


@pytest.mark.parametrize("cost", [SingleRequest(), PerPage(100)])
def test_a_listing_emits_all_its_rows_in_each_run(cost: Cost) -> None:
    """Where the sample does not count them, their number is unknown."""
    assert rows(cost, sample=Sample(250)) == (250, 250)
    assert rows(cost, sample=Sample(1, is_counted=False)) == rows(cost) == (None, None)


@pytest.mark.parametrize("cost", [PerParent(100, ""), PerBatch(100, "")])
def test_rows_below_a_parent_are_those_of_one_record_times_its_records(cost: Cost) -> None:
    """The sample has the rows of one record."""
    assert rows(cost, sample=Sample(3), parent=Sample(7)) == (21, 21)
    assert rows(cost, parent=Sample(7)) == (None, None)


def test_rows_of_follow_ups_are_unknown() -> None:
    """Their sample is not extracted, since that may be a download."""
    assert rows(PerRecord(2, "session"), sample=Sample(0), parent=Sample(40)) == (None, None)


def test_rows_of_windows_are_those_of_their_days_at_most() -> None:
    """The present day counts as far as it has passed; a report's acknowledgement has no rows."""
    cost = PerWindow(days, timedelta(0), rechecks=3, is_sampled=True)
    assert rows(cost, sample=Sample(48)) == (480, 4 * 48)
    noon = Window(START, START + 1.5 * DAY)
    assert rows(cost, noon, sample=Sample(48)) == (72, 4 * 48)
    assert rows(PerWindow(days, DAY), sample=Sample(48)) == (None, None)
    of_users = PerWindowAndBatch(cost, lambda: 100)
    assert rows(of_users, sample=Sample(48), parent=Sample(5)) == (2_400, 960)


def test_rows_of_a_table_are_its_parents_times_those_of_a_record() -> None:
    """The sample of the parent has ten rows in four records."""
    cost = NoRequests("details", lambda records: sum(record["rows"] for record in records))
    sample = Sample(40, records=[{"rows": number} for number in (1, 2, 3, 4)])
    of_parent = Estimate(rows_first_run=400, rows_per_day=None)
    assert rows(cost, parent=sample, parent_estimate=of_parent) == (1_000, None)


@pytest.mark.parametrize("parent", [None, Sample(40)])
def test_rows_of_a_table_are_unknown_without_records(parent: Sample | None) -> None:
    """So are those that cannot be counted in the records."""
    known = Estimate(rows_first_run=400, rows_per_day=80)
    counted = NoRequests("details", len)
    assert rows(counted, parent=parent, parent_estimate=known) == (None, None)
    sample = Sample(40, records=[{}])
    for cost in (NoRequests("details"), NoRequests("details", lambda _records: None)):
        assert rows(cost, parent=sample, parent_estimate=known) == (None, None)


COSTS: list[Cost] = [
    *(ConversationDetailsCost(sources(source, rechecks=4)) for source in ("auto", "job", "query")),
    *(UserDetailsCost(sources(source, rechecks=1)) for source in ("auto", "job", "query")),
    PerWindow(days, timedelta(0), rechecks=3, is_sampled=True),
]


@given(st.sampled_from(COSTS), st.integers(0, 100_000), st.integers(2, 40), st.integers(1, 40))
def test_rows_are_additive_over_days(cost: Cost, count: int, first: int, second: int) -> None:
    """The rows of a first run are those of its parts; a later run's do not depend on its length."""
    ends = [START + number * DAY for number in (first, first + second)]
    spans = [Window(START, ends[0]), Window(*ends), Window(START, ends[1])]
    (before, daily), (after, _), (both, daily_of_both) = (
        rows(cost, span, sample=Sample(count)) for span in spans
    )
    assert before is not None
    assert after is not None
    assert min(before, after) >= 0
    assert before + after == both
    assert daily is not None
    assert daily >= count
    assert daily == daily_of_both


@given(st.integers(0, 100_000), st.integers(1, 500))
def test_pages_hold_all_rows(rows: int, page_size: int) -> None:
    """No page less holds them, but for an empty listing."""
    number = pages(rows, page_size)
    assert number * page_size >= rows
    assert number == 1 or (number - 1) * page_size < rows


@given(st.integers(0, 100_000), st.lists(st.floats(0.01, 31), max_size=5), st.integers(0, 5))
def test_a_run_is_the_sum_of_its_windows(rows: int, windows: list[float], rechecks: int) -> None:
    """A day that is read again is a window of one day; by job there is the watermark as well."""
    volume = Volume(rows, 100, JOB_PAGE)
    again = [*windows, *[1.0] * rechecks]
    assert volume.queries(windows, rechecks) == sum(int(rows * n / 100) + 1 for n in again)
    by_job = sum(4 + max(1, ceil(rows * n / JOB_PAGE)) for n in again)
    assert volume.jobs(windows, rechecks) == 1 + by_job


@pytest.mark.parametrize(
    ("content", "sample"),
    [
        ({"total": 7}, Sample(7, {"id": "a"})),
        ({"totalHits": 9}, Sample(9, {"id": "a"})),
        ({"total": 7, "totalHits": 9, "nextUri": "/b"}, Sample(7, {"id": "a"})),
        ({}, Sample(2, {"id": "a"})),
        ({"total": "7"}, Sample(2, {"id": "a"})),
        ({"nextUri": "/b"}, Sample(2, {"id": "a"}, is_counted=False)),
        ({"after": "b"}, Sample(2, {"id": "a"}, is_counted=False)),
        ({"cursors": {"after": "b"}}, Sample(2, {"id": "a"}, is_counted=False)),
        ({"cursors": None}, Sample(2, {"id": "a"})),
    ],
)
def test_a_response_is_a_sample(content: dict[str, Any], sample: Sample) -> None:
    """The total counts; without one, the records do, if no page follows."""
    assert Sample.of(content, [{"id": "a"}, {"id": "b"}]) == sample


def test_a_sample_has_the_id_of_its_record_if_there_is_one() -> None:
    """An id is text; a record without one gives none."""
    assert Sample(1, {"id": 5}).ids == ["5"]
    assert Sample(1, {"name": "a"}).ids == Sample(0).ids == []


def test_a_later_run_reads_a_day_and_the_look_back() -> None:
    """Never more than the first run."""
    basis = Basis(TEN_DAYS)
    assert basis.next_run(2 * DAY) == Window(START + 7 * DAY, TEN_DAYS.end)
    assert basis.next_run(20 * DAY) == TEN_DAYS


def test_each_stream_has_a_cost_in_words() -> None:
    """Without a connection and without credentials."""
    tap = TapGenesys(config={}, validate_config=False, setup_mapper=False)
    texts = {stream.name: stream.cost.text for stream in (kind(tap) for kind in STREAMS)}
    assert all(texts.values())
    assert texts["users"] == "1 per 500 rows"
    assert texts["group_members"] == "1 per 100 rows, per record of `groups`"
    assert texts["surveys"] == "1 per conversation with a survey that has ended"
