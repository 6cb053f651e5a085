"""What agents did, day by day: in which presence they were, and whether they took conversations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.answers import body
from tap_genesys.endpoints import WindowedStream
from tap_genesys.windows import DAY, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import requests

    from tap_genesys.answers import Record
    from tap_genesys.pagination import Page
    from tap_genesys.windows import Window


class UserDetailsStream(WindowedStream):
    """One kind of the spans of time that the details query tells of each user, a row for each.

    A span that goes on over midnight is told on each day that it touches; its key stays, and the
    later reading knows its end.
    """

    path = "/api/v2/analytics/users/details/query"
    primary_keys = ("_id",)
    replication_key = "startTime"
    selected_by_default = False
    #: The field of a user's details that holds the spans.
    spans: ClassVar[str]
    #: What tells two spans apart that begin at the same moment.
    told_by: ClassVar[tuple[str, ...]]

    @property
    @override
    def identity(self) -> str:
        return "userId"

    @property
    @override
    def keyed_by(self) -> tuple[str, ...]:
        return ("userId",)

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, DAY)

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        paging = {"pageSize": self.page_size, "pageNumber": page.number}
        return {"interval": str(window), "order": "asc", "paging": paging}

    @override
    def records_of(self, response: requests.Response) -> list[Record]:
        found = []
        for user in body(response).get("userDetails") or []:
            shown = self.shown({"userId": user.get("userId")})["userId"]
            for span in user.get(self.spans) or []:
                told = [shown, span.get("startTime")]
                told += [span.get(name) for name in self.told_by]
                key = "/".join(str(one) for one in told)
                found.append({**span, "userId": user.get("userId"), "_id": key})
        return found


class UserPresences(UserDetailsStream):
    """A span of time for which a user was in one presence.

    Asked by query for each day. A second stream, `user_routing_statuses`, asks the same once more.
    """

    name = "user_presences"
    spans = "primaryPresence"
    told_by = ("systemPresence", "organizationPresenceId")


class UserRoutingStatuses(UserDetailsStream):
    """A span of time for which a user had one routing status: off queue, idle, interacting, ..."""

    name = "user_routing_statuses"
    spans = "routingStatus"
    told_by = ("routingStatus",)


class Evaluations(WindowedStream):
    """Each evaluation with its answers and scores.

    The search has no count, no "changed since", and at most three months in one request. So it is
    asked by the date of creation, and each run reads the last 30 days again (`lookback_days`): an
    evaluation that is submitted or released later than that is found in
    `conversation_evaluations`, which follows its conversation.
    """

    name = "evaluations"
    path = "/api/v2/quality/evaluations/search"
    replication_key = "createdDate"
    primary_keys = ("id",)
    selected_by_default = False
    records_key: ClassVar[str] = "results"

    @property
    @override
    def default_lookback(self) -> timedelta:
        return timedelta(days=30)

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, timedelta(days=30))

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        first, _, last = str(window).partition("/")
        created = {
            "type": "DATE_RANGE",
            "field": "createdDate",
            "operator": "AND",
            "startValue": first,
            "endValue": last,
        }
        return {
            "query": [created],
            "sortBy": "createdDate",
            "sortOrder": "ASC",
            "pageSize": self.page_size,
            "pageNumber": page.number,
        }
