"""What agents did, day by day: in which presence they were, and whether they took conversations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.user_details import UserDetailsStream, UserDetailsTable
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.replication.windows import split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.pagination import Page
    from tap_genesys.replication.windows import Window


class UserPresences(UserDetailsStream):
    """A span of time for which a user was in one presence.

    By job up to the data lake's watermark and by query from there to now (`user_details_source`).
    `user_routing_statuses` are made of the same answers.

    The vendor stores a span on the UTC day on which it begins, and once it has ended, on the day on
    which it ends, too ("User Status Detail query"). So one that began before the first load appears
    when it ends, and one that lasts for days comes twice, with one key: without an end, then with
    it. Each day is read again when it is five days old, as the vendor corrects ends.
    """

    name = "user_presences"
    path = "/api/v2/analytics/users/details/query"
    jobs_path = "/api/v2/analytics/users/details/jobs"
    spans = "primaryPresence"
    told_by = ("systemPresence", "organizationPresenceId")


class UserRoutingStatuses(UserDetailsTable):
    """A span of time for which a user had one routing status: off queue, idle, interacting, ...

    It comes with the answers that `user_presences` ask for, whether those are selected or not, and
    has their bookmark: where it is selected later, its rows begin at that bookmark.
    """

    name = "user_routing_statuses"
    parent_stream_type = UserPresences
    spans = "routingStatus"
    told_by = ("routingStatus",)


class Evaluations(WindowedStream):
    """Each evaluation with its answers and scores.

    The search has no count, no "changed since", and at most three months in one request. So it is
    asked by the date of creation, and each run reads the last 30 days again (`lookback_days`): an
    evaluation that is submitted or released later than that is found in
    `conversation_evaluations`, which follows its conversation.

    More than a declaration: its search has a body of its own kind.
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


STREAMS = (
    Evaluations,
    UserPresences,
    UserRoutingStatuses,
)
