"""The operations of the API that need a token, and their refusals."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator import agents, interactions, listings
from tap_genesys.simulator.aggregating import Sums, families
from tap_genesys.simulator.bodies import (
    RefusedError,
    checked_fields,
    invalid_value,
    moment,
    names,
    positive,
)
from tap_genesys.simulator.details import Details
from tap_genesys.simulator.lake import CONVERSATIONS, JobOperations, Lake
from tap_genesys.simulator.limits import LIMITS, limits
from tap_genesys.simulator.observing import OBSERVATIONS, observations
from tap_genesys.simulator.reports import Reports
from tap_genesys.simulator.responses import (
    SimulatedResponse,
    counted,
    error,
    listing,
    page_of,
    pages_of,
)
from tap_genesys.simulator.summing import GROUPINGS, METRICS, summaries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_genesys.simulator.habits import Habits
    from tap_genesys.simulator.world import World

Row = dict[str, Any]

_JOBS = {
    "/api/v2/analytics/conversations/details/jobs": CONVERSATIONS,
    "/api/v2/analytics/users/details/jobs": agents.JOBS,
}
_SUMMARY_FIELDS = ("pageSize", "pageNumber", "dateFrom", "dateTo", "groupings", "metrics")
_AUDITS = "/api/v2/audits/query"
_STATES = ("active", "inactive", "deleted", "any")


@dataclass
class Api:
    """The operations that need a token.

    Args:
        world: The org and its history.
        habits: The behaviour that the vendor leaves open.
        results: The numbers that the latest details queries matched.
        lake: The jobs of the org.
        sums: The aggregates.
        url: The base URL of the org.
        reports: The reports of the org.
    """

    world: World
    habits: Habits
    results: dict[str, Sequence[int]] = field(default_factory=dict)
    lake: Lake = field(default_factory=Lake)
    sums: Sums = field(default_factory=Sums)
    url: str = ""
    reports: Reports = field(default_factory=Reports)

    def respond(
        self, method: str, path: str, query: Mapping[str, str], body: Row | None
    ) -> SimulatedResponse:
        """Return the response to a request."""
        expected_method, operation = self._operation(method, path, query, body)
        if operation is None:
            return error(404)
        if method != expected_method:
            return error(405)
        try:
            return operation()
        except RefusedError as refusal:
            return error(400, str(refusal), refusal.code)

    def _operation(
        self, method: str, path: str, query: Mapping[str, str], body: Row | None
    ) -> tuple[str, Callable[[], SimulatedResponse] | None]:
        """Return the method and the handler of the operation at a path; None if there is none."""
        own: dict[str, tuple[str, Callable[[], SimulatedResponse]]] = {
            "/api/v2/analytics/conversations/details/query": (
                "POST",
                lambda: Details(self._queried, self.habits, self.results).respond(body),
            ),
            "/api/v2/analytics/conversations/summary/queries": (
                "POST",
                lambda: self._summaries(body),
            ),
            agents.DETAILS: (
                "POST",
                lambda: agents.user_details(self._queried, body, self.habits),
            ),
            "/api/v2/users": ("GET", lambda: self._users(path, query)),
        }
        if not self.habits.summaries:
            del own["/api/v2/analytics/conversations/summary/queries"]
        if path in own:
            return own[path]
        if start := _jobs_above(path):
            jobs = JobOperations(self.world, self.lake, _JOBS[start])
            return method, jobs.operation(method, path.removeprefix(start), query, body)
        if path == agents.SEARCH:
            return "POST", partial(agents.search, self.world, body, self.habits.evaluation_bounds)
        if path in OBSERVATIONS:
            return "POST", partial(observations, path, body)
        if path in families():
            return "POST", partial(self.sums.respond, self.world, path, body)
        handler = interactions.operation(self.world, method, path, self.url)
        if path.startswith(LIMITS):
            handler = partial(limits, path.removeprefix(LIMITS), self.lake.most_jobs)
        world = self._since(self.habits.audit_days) if path.startswith(_AUDITS) else self.world
        handler = handler or self.reports.operation(world, method, path, query, body, self.url)
        return method, handler or listings.operation(
            self.world,
            method,
            path,
            query,
            body,
            url=self.url,
            habits=self.habits,
        )

    @property
    def _queried(self) -> World:
        """The world as far back as details queries reach."""
        return self._since(self.habits.query_days)

    def _since(self, days: float | None) -> World:
        """Return the world without its history before the last `days` days."""
        if days is None:
            return self.world
        return replace(
            self.world, since=max(self.world.since, self.world.now - timedelta(days=days))
        )

    def _summaries(self, body: Row | None) -> SimulatedResponse:
        query = checked_fields(body, _SUMMARY_FIELDS)
        number, size = positive(query, "pageNumber", 1), positive(query, "pageSize", 25)
        if size > 250:
            msg = "pageSize may not exceed 250"
            raise RefusedError(msg)
        start, end = moment(query.get("dateFrom")), moment(query.get("dateTo"))
        groupings = names(query.get("groupings"), "groupings", GROUPINGS)
        metrics = names(query.get("metrics"), "metrics", METRICS)
        rows = summaries(
            self.world.conversations(start, end), groupings, metrics, self.habits.summary_shape
        )
        if self.habits.summary_shape == "own-dates":
            dates = {"dateFrom": query["dateFrom"], "dateTo": query["dateTo"]}
            rows = [row | dates for row in rows]
        header, count = counted(self.habits.counts, pages_of(len(rows), size))
        response: Row = {"entities": page_of(rows, number, size)}
        response |= {"pageNumber": number, "pageSize": size}
        response |= {} if count is None else {"pageCount": count}
        return SimulatedResponse(
            body=response, headers={} if header is None else {"X-Page-Count": header}
        )

    def _users(self, path: str, query: Mapping[str, str]) -> SimulatedResponse:
        state = query.get("state", "active")
        if state not in _STATES:
            raise invalid_value(state, "State", _STATES)
        rows = [user for user in self.world.users() if state in ("any", user["state"])]
        query = listings.within_limits(path, query, self.habits.oversized_page)
        number, size = positive(query, "pageNumber", 1), positive(query, "pageSize", 25)
        return SimulatedResponse(body=listing(path, query, rows, number, size))


def _jobs_above(path: str) -> str:
    """Return the operation that submits the jobs of a path; empty if there is none."""
    return next((start for start in _JOBS if path.startswith(start)), "")
