"""The requests of the check in their order, each made from the responses before it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.preflight.assumptions import evaluations, sample, spans
from tap_genesys.preflight.assumptions.fields import number, rows, text
from tap_genesys.preflight.assumptions.model import Request, Undecidable
from tap_genesys.replication.windows import DAY, Window, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_genesys.preflight.assumptions.model import Observed

DETAILS = "/api/v2/analytics/conversations/details/query"
JOBS = "/api/v2/analytics/conversations/details/jobs"
USERS = "/api/v2/analytics/users/details/query"
QUEUES = "/api/v2/routing/queues"
LIMITS = "/api/v2/organizations/limits/namespaces"
SUMMARIES = "/api/v2/analytics/conversations/summary/queries"
#: The names of a job's further requests: polls, results, deletion.
JOB_STATUS, JOB_RESULTS, JOB_DELETED = "job-status", "job-results", "job-deleted"
#: The requested page size of job results: above the known maximum.
JOB_PAGE = 2000
#: Page sizes above the known maximums.
OVERSIZED_DETAILS, OVERSIZED_GROUPS, OVERSIZED_SKILLS = 101, 501, 200
_NOBODY = "00000000-0000-0000-0000-000000000000"
_HOUR = timedelta(hours=1)
#: The offset of an aggregate's interval from the full hour.
_OFF_CLOCK = timedelta(minutes=20)
_MONTH = 30 * DAY


@dataclass(frozen=True, slots=True)
class Step:
    """A request of the check.

    Args:
        name: The name of its response.
        make: Returns the request; raises `Undecidable` if the responses so far do not suffice.
        operation: The vendor's operation: method and path.
        is_job: Whether it submits a job, which is polled, read and deleted.
    """

    name: str
    make: Callable[[Observed], Request]
    operation: str
    is_job: bool = False


def _posted(path: str, **data: Any) -> Request:  # noqa: ANN401 - JSON is anything
    return Request("POST", path, data=data)


def _listed(path: str, size: int, number: int = 1) -> Request:
    return Request("GET", path, params={"pageSize": size, "pageNumber": number})


def _paging(size: int, number: int = 1) -> dict[str, int]:
    return {"pageSize": size, "pageNumber": number}


def _any_of(dimension: str, values: list[str]) -> list[dict[str, Any]]:
    """Return a filter that matches records with one of these values."""
    predicates = [
        {"type": "dimension", "dimension": dimension, "operator": "matches", "value": value}
        for value in values
    ]
    return [{"type": "or", "predicates": predicates}]


def _details(window: Window, size: int, page: int = 1, **more: Any) -> Request:  # noqa: ANN401
    query = {"interval": str(window), "order": "asc", "orderBy": "conversationStart", **more}
    return _posted(DETAILS, **query, paging=_paging(size, page))


def _first(observed: Observed) -> Request:
    return _details(sample.day(observed), sample.PAGE)


def _last(observed: Observed) -> Request:
    page = sample.last_page(observed)
    if page == 1:
        msg = "the sampled day has a single page"
        raise Undecidable(msg)
    return _details(sample.day(observed), sample.PAGE, page)


def _oversized(observed: Observed) -> Request:
    return _details(sample.day(observed), OVERSIZED_DETAILS)


def _interval(observed: Observed) -> Request:
    chosen = sample.choice(observed)
    chosen_only = _any_of("conversationId", chosen.names)
    return _details(chosen.interval, sample.PAGE, conversationFilters=chosen_only)


def _midnight(observed: Observed) -> Request:
    """Return a query that ends at midnight, needed if bounds within a day show nothing."""
    chosen = sample.choice(observed)
    if not sample.finds(observed, "details-interval", chosen.before):
        msg = "not needed: an interval's bounds show within a day"
        raise Undecidable(msg)
    midnight = sample.day(observed).start
    chosen_only = _any_of("conversationId", chosen.names)
    window = Window(midnight - _HOUR, midnight)
    return _details(window, sample.PAGE, conversationFilters=chosen_only)


def _misplaced(observed: Observed) -> Request:
    """Return a query with a segment's dimension in the wrong filter list, and an unused value."""
    misplaced = _any_of("queueId", [_NOBODY])
    return _details(sample.day(observed), 1, conversationFilters=misplaced)


def _job(observed: Observed) -> Request:
    chosen = sample.choice(observed)
    chosen_only = _any_of("conversationId", chosen.names)
    return _posted(JOBS, interval=str(chosen.interval), conversationFilters=chosen_only)


def _users_day(observed: Observed) -> Request:
    window = sample.monday(observed)
    return _posted(USERS, interval=str(window), order="asc", paging=_paging(spans.PAGE))


def _users_middle(observed: Observed) -> Request:
    span = spans.long_span(observed)
    user_only = _any_of("userId", [span.user])
    return _posted(
        USERS, interval=str(span.middle), order="asc", paging=_paging(spans.PAGE),
        userFilters=user_only,
    )  # fmt: skip


def _beyond(observed: Observed) -> Request:
    pages = number(observed.body("queues"), "pageCount")
    if pages is None:
        msg = "queues has no pageCount"
        raise Undecidable(msg)
    return _listed(QUEUES, 1, pages + 1)


def _evaluated(window: Window) -> Request:
    created = {
        "type": "DATE_RANGE",
        "field": "createdDate",
        "operator": "AND",
        "startValue": iso(window.start),
        "endValue": iso(window.end),
    }
    return _posted(
        "/api/v2/quality/evaluations/search",
        query=[created], sortBy="createdDate", sortOrder="ASC", **_paging(sample.PAGE),
    )  # fmt: skip


def _cells(observed: Observed) -> Request:
    day = sample.day(observed)
    window = Window(day.start + _OFF_CLOCK, day.end - _HOUR + _OFF_CLOCK)
    return _posted(
        "/api/v2/analytics/conversations/aggregates/query",
        interval=str(window), granularity="PT1H", metrics=["nConversations"],
    )  # fmt: skip


def _all_users(observed: Observed) -> Request:
    start = sample.day(observed).start + 12 * _HOUR
    return _posted(
        "/api/v2/analytics/users/aggregates/query",
        interval=str(Window(start, start + _HOUR)), metrics=["tSystemPresence"],
    )  # fmt: skip


def _workitems(observed: Observed) -> Request:
    kinds = rows(observed.body("worktypes"), "entities")
    kind = next((text(row, "id") for row in kinds if text(row, "id")), "")
    if not kind:
        msg = "the org has no type of work items"
        raise Undecidable(msg)
    end = sample.day(observed).end
    wanted = (
        ("typeId", "EQ", kind),
        ("dateModified", "GTE", iso(end - _MONTH)),
        ("dateModified", "LT", iso(end)),
    )
    filters = [
        {"name": name, "type": "String", "operator": operator, "values": [value]}
        for name, operator, value in wanted
    ]
    return _posted("/api/v2/taskmanagement/workitems/query", pageSize=10, filters=filters)


def _summaries(observed: Observed) -> Request:
    start = sample.day(observed).start + 12 * _HOUR
    return _posted(
        SUMMARIES,
        dateFrom=iso(start), dateTo=iso(start + _HOUR), groupings=["conversation:medium"],
        metrics=["conversation:count", "conversation:duration"], **_paging(250),
    )  # fmt: skip


def _fixed(request: Request) -> Callable[[Observed], Request]:
    return lambda _observed: request


def _named(name: str, request: Request) -> Step:
    return Step(name, _fixed(request), f"{request.method} {request.path}")


_EVALUATIONS = "POST /api/v2/quality/evaluations/search"
_AGGREGATES = "POST /api/v2/analytics/{}/aggregates/query"
#: The requests, in their order.
STEPS = (
    _named("lake", Request("GET", f"{JOBS}/availability")),
    Step("details-first", _first, f"POST {DETAILS}"),
    Step("details-last", _last, f"POST {DETAILS}"),
    Step("details-oversized", _oversized, f"POST {DETAILS}"),
    Step("details-interval", _interval, f"POST {DETAILS}"),
    Step("details-midnight", _midnight, f"POST {DETAILS}"),
    Step("details-misplaced", _misplaced, f"POST {DETAILS}"),
    Step("job", _job, f"POST {JOBS}", is_job=True),
    Step("users-day", _users_day, f"POST {USERS}"),
    Step("users-middle", _users_middle, f"POST {USERS}"),
    _named("groups", _listed("/api/v2/groups", OVERSIZED_GROUPS)),
    _named("skills", _listed("/api/v2/routing/skills", OVERSIZED_SKILLS)),
    _named("queues", _listed(QUEUES, 1)),
    Step("queues-beyond", _beyond, f"GET {QUEUES}"),
    Step(
        "evaluations",
        lambda observed: _evaluated(Window(observed.started - _MONTH, observed.started)),
        _EVALUATIONS,
    ),
    Step(
        "evaluations-bounds",
        lambda observed: _evaluated(evaluations.neighbours(observed)),
        _EVALUATIONS,
    ),
    Step("aggregates", _cells, _AGGREGATES.format("conversations")),
    Step("user-aggregates", _all_users, _AGGREGATES.format("users")),
    _named("worktypes", _posted("/api/v2/taskmanagement/worktypes/query", pageSize=10, filters=[])),
    Step("workitems", _workitems, "POST /api/v2/taskmanagement/workitems/query"),
    _named("limits", Request("GET", f"{LIMITS}/analytics")),
    # A namespace that few orgs have.
    _named("limits-other", Request("GET", f"{LIMITS}/case.management")),
    Step("summaries", _summaries, f"POST {SUMMARIES}"),
    _named("profiles", Request("GET", "/api/v2/gamification/profiles")),
)
#: Requests at most, without the login: a job takes three more, and one per further poll.
MOST_REQUESTS = len(STEPS) + 3
