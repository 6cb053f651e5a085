"""Verdicts on assumptions about the vendor's API, with hand-made responses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_genesys.preflight.assumptions import conversations, evaluations, others, sample, spans
from tap_genesys.preflight.assumptions.model import (
    Observed,
    Outcome,
    Request,
    Response,
    Undecidable,
    Verdict,
    verdict,
)
from tap_genesys.preflight.assumptions.plan import JOB_RESULTS, STEPS
from tap_genesys.preflight.assumptions.registry import ASSUMPTIONS
from tap_genesys.replication.windows import DAY, iso

#: A Wednesday.
NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIRMED, REFUTED = Outcome.CONFIRMED, Outcome.REFUTED
NAMES = [*(step.name for step in STEPS), JOB_RESULTS]


def conversation(name: str, first: float, last: float | None, *events: float) -> dict[str, Any]:
    """Return a conversation between two hours of Tuesday, with events at others."""
    row = {"conversationId": name, "conversationStart": iso(TUESDAY + first * HOUR)}
    if last is not None:
        row["conversationEnd"] = iso(TUESDAY + last * HOUR)
    return {**row, "segments": [{"segmentEnd": iso(TUESDAY + hour * HOUR)} for hour in events]}


#: The interval of these is from 3 to 8; `through` goes on all through it.
DAYS_ROWS = [
    conversation("before", 1, 2),
    conversation("ends", 2.5, 3),
    conversation("inside", 2.8, 5),
    conversation("begins", 8, 9),
]
THROUGH = conversation("through", 0.5, 10, 0.6)


def observed(**bodies: Any) -> Observed:
    """Return responses: of conversations (`details_first=[...]`), or bodies or responses."""
    seen = Observed(NOW)
    for key, value in bodies.items():
        name = key.replace("_", "-")
        body = value
        if isinstance(value, list):
            body = {"conversations": value, "totalHits": len(value)}
        seen.responses[name] = body if isinstance(body, Response) else Response(200, body)
        seen.received[name] = NOW
    return seen


def of(judge: Any, **bodies: Any) -> Verdict:
    """Return the verdict of a judge on responses."""
    judged: Verdict = judge(observed(**bodies))
    return judged


def undecided(judge: Any, **bodies: Any) -> str:
    """Return the reason why responses decide nothing."""
    with pytest.raises(Undecidable) as reason:
        judge(observed(**bodies))
    return str(reason.value)


def returned(*names: str, rows: Any = (*DAYS_ROWS, THROUGH)) -> list[dict[str, Any]]:
    return [row for row in rows if row["conversationId"] in names]


def test_four_conversations_are_chosen_with_an_interval() -> None:
    """The interval is chosen so that they end and begin at its bounds, inside it, and before it."""
    chosen = sample.choice(observed(details_first=[*DAYS_ROWS, THROUGH]))
    assert str(chosen.interval) == f"{iso(TUESDAY + 3 * HOUR)}/{iso(TUESDAY + 8 * HOUR)}"
    assert chosen.names == ["before", "ends", "inside", "begins", "through"]


@pytest.mark.parametrize("missing", ["before", "ends", "inside", "begins"])
def test_with_three_of_them_nothing_is_chosen(missing: str) -> None:
    """Each of the four is needed to distinguish the readings of an interval."""
    rows = [row for row in DAYS_ROWS if row["conversationId"] != missing]
    assert "no four of the 3 sampled" in undecided(sample.choice, details_first=rows)


@pytest.mark.parametrize(
    "late",
    [
        # Something is recorded after its end: it may be found for that.
        conversation("ends", 2.5, 3, 3.5),
        # It is still open.
        conversation("ends", 2.5, None),
        # It is over when it begins, so that either bound may find it.
        conversation("ends", 3, 3),
    ],
)
def test_a_conversation_that_matches_for_another_reason_is_not_chosen(late: dict[str, Any]) -> None:
    """With a late event, without an end, or without duration, a conversation proves nothing."""
    rows = [DAYS_ROWS[0], late, *DAYS_ROWS[2:]]
    assert "as needed" in undecided(sample.choice, details_first=rows)


def test_a_single_conversation_and_an_empty_day_decide_nothing() -> None:
    """Verdicts need enough samples; else the evidence has the reason."""
    for rows, why in (([], "no conversation on"), (DAYS_ROWS[:1], "no four of the 1 ")):
        assert why in undecided(conversations.reading, details_first=rows, details_interval=rows)
    assert "1 conversation" in undecided(conversations.order, details_first=DAYS_ROWS[:1])


def test_the_day_is_the_latest_weekday_before_the_watermark() -> None:
    """Weekends are quiet; an implausible watermark is ignored."""
    assert sample.day(observed()).start == TUESDAY
    for lag, expected in (
        (33, TUESDAY - DAY),
        (34, TUESDAY - 4 * DAY),
        (900, TUESDAY),
        (-5, TUESDAY),
    ):
        lake = {"dataAvailabilityDate": iso(NOW - lag * HOUR)}
        assert sample.day(observed(lake=lake)).start == expected, lag
    assert sample.monday(observed()).start == TUESDAY - DAY


@pytest.mark.parametrize(
    ("names", "reading", "bounds", "instants"),
    [
        (("inside", "ends"), CONFIRMED, CONFIRMED, REFUTED),
        (("inside", "ends", "begins"), CONFIRMED, REFUTED, REFUTED),
        (("inside", "begins"), CONFIRMED, REFUTED, REFUTED),
        (("inside",), CONFIRMED, REFUTED, CONFIRMED),
    ],
)
def test_four_ids_show_reading_and_bounds(
    names: tuple[str, ...], reading: Outcome, bounds: Outcome, instants: Outcome
) -> None:
    """The ids in the response decide three assumptions at once."""
    bodies = {"details_first": DAYS_ROWS, "details_interval": returned(*names)}
    assert of(conversations.reading, **bodies).outcome is reading
    assert of(conversations.query_bounds, **bodies).outcome is bounds
    assert of(conversations.instants, **bodies).outcome is instants


def test_an_interval_that_finds_nothing_decides_nothing() -> None:
    """A response without the conversation inside the interval is no evidence."""
    bodies: dict[str, Any] = {"details_first": DAYS_ROWS, "details_interval": []}
    for judge in (conversations.reading, conversations.query_bounds):
        assert "does not return" in undecided(judge, **bodies)


def test_a_job_that_returns_rows_outside_its_interval_shows_no_bounds() -> None:
    """A job with rows that ended before its interval does not follow any reading."""
    seen = observed(details_first=DAYS_ROWS)
    seen.responses[JOB_RESULTS] = Response(200, {"conversations": DAYS_ROWS})
    with pytest.raises(Undecidable, match="ended before"):
        conversations.job_bounds(seen)


@pytest.mark.parametrize(
    ("names", "expected"),
    [(("inside", "through"), CONFIRMED), (("inside", "ends"), REFUTED)],
)
def test_an_idle_conversation_shows_the_overlap_of_a_job(
    names: tuple[str, ...], expected: Outcome
) -> None:
    """Only a conversation without an event in the interval decides."""
    seen = observed(details_first=[*DAYS_ROWS, THROUGH])
    seen.responses[JOB_RESULTS] = Response(200, {"conversations": returned(*names)})
    assert conversations.job_overlap(seen).outcome is expected
    seen = observed(details_first=[*DAYS_ROWS, conversation("through", 0.5, 10, 4)])
    seen.responses[JOB_RESULTS] = Response(200, {"conversations": returned(*names)})
    with pytest.raises(Undecidable, match="no sampled conversation"):
        conversations.job_overlap(seen)


def test_records_that_go_backwards_are_counted() -> None:
    """The evidence has the number of records out of order."""
    backwards = of(conversations.order, details_first=DAYS_ROWS[::-1])
    assert (backwards.outcome, backwards.evidence[:6]) == (REFUTED, "3 of 3")


@pytest.mark.parametrize(
    ("total", "on_last", "expected"),
    [(60, 10, REFUTED), (60, 9, CONFIRMED), (75, 25, REFUTED), (60, 0, CONFIRMED)],
)
def test_total_hits_is_compared_with_the_last_page(
    total: int, on_last: int, expected: Outcome
) -> None:
    """`totalHits` is exact if the last page has the rows that it leaves for it."""
    first = {"conversations": [DAYS_ROWS[0]] * 25, "totalHits": total}
    last = {"conversations": [DAYS_ROWS[0]] * on_last, "totalHits": total}
    assert of(conversations.total_hits, details_first=first, details_last=last).outcome is expected


def test_a_day_that_cannot_be_paged_through_has_no_last_page() -> None:
    """Beyond the ceiling of paging there is no verdict."""
    first = {"conversations": DAYS_ROWS, "totalHits": 100_001}
    assert "100001" in undecided(conversations.total_hits, details_first=first)


@pytest.mark.parametrize(("received", "expected"), [(100, CONFIRMED), (101, REFUTED)])
def test_an_oversized_page_is_clamped_or_not(received: int, expected: Outcome) -> None:
    """100 rows confirm the limit, more refute it; fewer are no evidence, and a 400 refutes."""
    page = [DAYS_ROWS[0]] * received
    assert of(conversations.page_size, details_oversized=page).outcome is expected
    assert "99 rows" in undecided(conversations.page_size, details_oversized=page[:99])
    refused = Response(400, {"message": "no"})
    assert of(conversations.page_size, details_oversized=refused).outcome is REFUTED


@pytest.mark.parametrize(("received", "expected"), [(1000, CONFIRMED), (2000, REFUTED)])
def test_an_oversized_job_page_is_clamped_or_not(received: int, expected: Outcome) -> None:
    """1,000 rows confirm the limit, more refute it."""
    assert of(conversations.job_page, job_results=[DAYS_ROWS[0]] * received).outcome is expected


def test_a_misplaced_predicate_is_undecided_on_an_empty_day() -> None:
    """An empty response is evidence only if the day has conversations."""
    judge = conversations.misplaced
    assert undecided(judge, details_first=[], details_misplaced=[])
    assert of(judge, details_first=DAYS_ROWS, details_misplaced=[]).outcome is REFUTED


@pytest.mark.parametrize(
    ("moved", "after", "expected"),
    [(900, 60, CONFIRMED), (0, 7200, REFUTED), (9000, 60, REFUTED), (-900, 60, REFUTED)],
)
def test_steps_of_the_watermark(moved: int, after: int, expected: Outcome) -> None:
    """Steps of a quarter of an hour confirm; no step in hours, larger and backward ones refute."""
    first = NOW - 5 * HOUR
    second = first + timedelta(seconds=moved)
    seen = observed(
        lake={"dataAvailabilityDate": iso(first)}, job_results={"dataAvailabilityDate": iso(second)}
    )
    seen.received[JOB_RESULTS] = NOW + timedelta(seconds=after)
    assert conversations.steps(seen).outcome is expected


def test_a_watermark_that_stands_still_for_a_minute_decides_nothing() -> None:
    """Two equal watermarks show no step."""
    lake = {"dataAvailabilityDate": "2026-03-10T04:10:03Z"}
    assert "not on a whole minute" in undecided(conversations.steps, lake=lake, job_results=lake)


def user(name: str, *lengths: tuple[float, float]) -> dict[str, Any]:
    """Return a user's details, with spans between two hours of Monday."""
    monday = TUESDAY - DAY
    presences = [
        {"startTime": iso(monday + first * HOUR), "endTime": iso(monday + last * HOUR)}
        for first, last in lengths
    ]
    return {"userId": name, "primaryPresence": presences}


LONG = user("one", (-60, 8), (8, 9))


@pytest.mark.parametrize(
    ("details", "total", "expected"),
    [
        ([LONG, user("two", (1, 2))], 3, CONFIRMED),
        ([user("one", *[(1, 2)] * 101)], 101, REFUTED),
        # Both users, with all of their entries: users are counted.
        ([LONG, LONG], 2, REFUTED),
        ([user("one", (1, 2))], 1, None),
        ([], 0, None),
    ],
)
def test_entries_of_a_page_of_users(details: Any, total: int, expected: Outcome | None) -> None:
    """More than 100 entries, or a count of users, refute; a count of entries confirms."""
    body = {"userDetails": details, "totalHits": total}
    if expected is None:
        assert "entries of" in undecided(spans.entries_of_a_page, users_day=body)
    else:
        assert of(spans.entries_of_a_page, users_day=body).outcome is expected


def test_a_span_over_a_whole_day_is_looked_for_on_that_day() -> None:
    """Its presence on a middle day refutes storage on its end days alone."""
    day = {"userDetails": [user("zero", (1, 2)), LONG]}
    span = spans.long_span(observed(users_day=day))
    assert (span.user, span.middle.start) == ("one", TUESDAY - 2 * DAY)
    there, not_there = {"userDetails": [LONG]}, {"userDetails": [user("one", (-20, -19))]}
    assert of(spans.middle_days, users_day=day, users_middle=there).outcome is REFUTED
    absent = of(spans.middle_days, users_day=day, users_middle=not_there)
    assert absent.outcome is CONFIRMED
    assert "a span of 4 UTC days is not among the 1 entries" in absent.evidence
    # Over one midnight only: there is no day in between.
    short = {"userDetails": [user("one", (-20, 8))]}
    assert "none of 1 spans" in undecided(spans.middle_days, users_day=short)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("2026-03-09T08:00:00.000Z",), REFUTED),
        (("2026-03-09T08:00:00Z",), CONFIRMED),
        (("2026-03-09T08:00:00.250Z", "2026-03-09T08:00:00Z"), CONFIRMED),
    ],
)
def test_milliseconds_are_counted(dates: tuple[str, ...], expected: Outcome) -> None:
    """Whole seconds with milliseconds refute their omission; without dates, nothing decides."""
    body = {"userDetails": [{"routingStatus": [{"startTime": date} for date in dates]}]}
    assert of(spans.milliseconds, users_day=body).outcome is expected
    assert "no date" in undecided(spans.milliseconds, users_day={"userDetails": []})


def test_two_evaluations_show_no_bounds() -> None:
    """Three different dates are needed: one at each bound, and one inside."""
    two = {"results": [{"createdDate": iso(NOW - hour * HOUR)} for hour in (1, 2, 2)]}
    assert undecided(evaluations.bounds, evaluations=two).startswith("2 different dates")


def test_the_narrowest_three_evaluations_are_searched_for() -> None:
    """The search spans the closest three dates; a response without the inner one is no evidence."""
    hours = (100, 50, 20, 10, 9)
    some = {"results": [{"createdDate": iso(NOW - hour * HOUR)} for hour in hours]}
    seen = observed(evaluations=some, evaluations_bounds={"results": []})
    window = evaluations.neighbours(seen)
    assert (NOW - window.start, NOW - window.end) == (20 * HOUR, 9 * HOUR)
    with pytest.raises(Undecidable, match="not even find"):
        evaluations.bounds(seen)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"pageSize": 500, "entities": []}, CONFIRMED),
        ({"pageSize": 501, "entities": []}, REFUTED),
        ({"pageSize": 100, "entities": []}, REFUTED),
        ({"entities": [{}] * 501}, REFUTED),
    ],
)
def test_a_listing_states_its_page_size(body: Any, expected: Outcome) -> None:
    """`pageSize` decides, or more than 500 rows; a response without either does not."""
    assert of(others.page_of_500, groups=body).outcome is expected
    assert "states None" in undecided(others.page_of_500, groups={"entities": [{}]})


def test_a_link_needs_a_second_page() -> None:
    """A link is relative or absolute; a missing or invalid link is no evidence."""
    assert "two queues" in undecided(others.next_uri, queues={"entities": [{}], "pageCount": 1})
    assert undecided(others.next_uri, queues={"nextUri": "https://["})
    for link, expected in (("/api/v2/x?p=2", REFUTED), ("https://api.example/x", CONFIRMED)):
        assert of(others.next_uri, queues={"nextUri": link}).outcome is expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(404), CONFIRMED),
        (Response(400), REFUTED),
        (Response(200, {"entities": []}), REFUTED),
        (Response(200, {"entities": [{"key": "a"}]}), None),
        (Response(0), None),
    ],
)
def test_a_missing_namespace_returns_404_or_not(
    response: Response, expected: Outcome | None
) -> None:
    """404 confirms; another status, or an empty list, refutes; limits are no evidence."""
    if expected is None:
        assert undecided(others.missing_namespace, limits_other=response)
    else:
        assert of(others.missing_namespace, limits_other=response).outcome is expected


def test_evidence_has_the_limits_of_jobs_alone() -> None:
    """Other keys and values may be personal, so they do not show in the evidence."""
    limits = [
        {"key": "details.jobs.concurrent.access.max", "value": 10},
        {"key": "some.rate", "value": 300},
        {"key": "concurrent of Ada Lovelace, +44 20 7946 0000", "value": "ada@example.org"},
    ]
    judged = of(others.concurrency, limits={"entities": limits})
    assert judged.outcome is CONFIRMED
    assert judged.evidence.endswith(
        "details.jobs.concurrent.access.max = 10, another key = no number"
    )
    assert "none of 1" in undecided(others.concurrency, limits={"entities": limits[1:2]})


@pytest.mark.parametrize(
    ("statuses", "code", "expected"),
    [
        ((200, 404, 200), "", CONFIRMED),
        ((200, 403, 200), "missing.permissions", None),
        ((200, 403, 200), "not.authorized", None),
        ((200, 403, 404), "license.required", REFUTED),
        ((200, 403, 200), "", None),
        ((200, 200, 200), "", None),
    ],
)
def test_a_missing_licence(statuses: tuple[int, ...], code: str, expected: Outcome | None) -> None:
    """404 confirms; a 403 refutes only if its code is about a licence."""
    names = ("profiles", "worktypes", "evaluations")
    bodies = {
        name: Response(status, {"code": code}) for name, status in zip(names, statuses, strict=True)
    }
    if expected is None:
        assert "none looks unlicensed" in undecided(others.licence, **bodies)
    else:
        assert of(others.licence, **bodies).outcome is expected


def test_a_429_without_a_limit_is_evidence_too() -> None:
    """It refutes that each 429 has a limit, and that `Retry-After` is always there."""
    seen = observed()
    seen.throttled = [Response(429, None, {"retry-after": "3"}), Response(429, {"limit": "x"})]
    assert others.throttled(seen) == Verdict(REFUTED, "0 of 2 name one")
    assert others.retry_after(seen) == Verdict(REFUTED, "1 of 2 have it in whole seconds")


def test_a_header_is_missing_only_from_a_response() -> None:
    """An org without summaries decides nothing about their page count."""
    assert "summaries answered 404" in undecided(others.page_count, summaries=Response(404))
    plain: dict[str, Any] = {
        name: {} for name in ("lake", "groups", "skills", "queues", "profiles")
    }
    assert of(others.page_count, summaries={}, **plain).outcome is REFUTED
    assert undecided(others.page_count, summaries={})


@pytest.mark.parametrize("status", [0, 204, 302, 403, 429, 500])
def test_a_request_that_failed_decides_nothing(status: int) -> None:
    """The reason is the status alone, whatever the body has."""
    seen = observed(**{name: Response(status, {"message": "of Ada Lovelace"}) for name in NAMES})
    for assumption in ASSUMPTIONS:
        judged = verdict(assumption, seen)
        assert "Ada" not in judged.evidence
        if assumption.judge and assumption.name != "limit-namespaces":
            assert judged.outcome is Outcome.UNDECIDABLE, (assumption.name, judged)


def test_a_check_without_any_response_has_the_reason() -> None:
    """The verdict is "not decidable", with the reason that the request was not sent."""
    seen = Observed(NOW, missing={"lake": "not sent"})
    assert verdict(
        next(assumption for assumption in ASSUMPTIONS if assumption.name == "lake-lag"), seen
    ) == Verdict(Outcome.UNDECIDABLE, "not sent")


KEYS = st.sampled_from(
    [
        *("conversations", "conversationId", "conversationStart", "conversationEnd", "totalHits"),
        *("userDetails", "userId", "primaryPresence", "routingStatus", "startTime", "endTime"),
        *("entities", "results", "createdDate", "dataAvailabilityDate", "data", "interval"),
        *("pageSize", "pageCount", "nextUri", "key", "value", "limit", "code", "id", "jobId"),
    ]
)
DATES = st.sampled_from(
    ["2026-03-10T08:00:00.000Z", "2026-03-10T09:00:00Z", "0001-01-01T00:00:00+23:59"]
    + [iso(TUESDAY + hour * HOUR) for hour in range(24)]
    + [iso(TUESDAY - day * DAY) for day in range(5)]
)
LEAVES = st.none() | st.booleans() | st.integers(-1, 10**20) | st.floats() | st.text() | DATES
BODIES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=12
)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_body_ends_in_a_traceback(data: st.DataObject) -> None:
    """For any JSON, each request is sent or not, and each judge returns a verdict."""
    seen = Observed(NOW)
    for name in NAMES:
        status = data.draw(st.sampled_from([200, 200, 200, 202, 400, 404]))
        seen.responses[name] = Response(status, data.draw(BODIES))
        seen.received[name] = NOW
    seen.throttled = [seen.responses["lake"]]
    for step in STEPS:
        try:
            assert isinstance(step.make(seen), Request)
        except Undecidable:
            continue
    for assumption in ASSUMPTIONS:
        assert verdict(assumption, seen).evidence or not assumption.unchecked
