"""Usage of the API, and definitions of operational events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_genesys.api.paging import SinglePage
from tap_genesys.api.response import body
from tap_genesys.api.shape import LIST, TEXT, TOKEN, Required
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.reports import ReportStream
from tap_genesys.records.usable import is_identity, parted
from tap_genesys.replication.windows import DAY, Window, floor, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from tap_genesys.api.page_steps import Page
    from tap_genesys.api.response import Record

_PAGE = {"queryStatus": Required(TEXT), "results": LIST, "cursors": {"after": TOKEN}}


class ApiUsage(ReportStream):
    """The number of requests of an OAuth client to an API operation on one day, by response status.

    The vendor updates the counts once a day, so each run reads the last two days again. A week
    takes three requests.

    More than a declaration: the stream submits a report, polls it, and reads it by cursor.
    """

    name = "api_usage"
    path = "/api/v2/usage/query"
    primary_keys = ("_id",)
    replication_key = "date"
    requests_of_window = 3

    @property
    @override
    def default_lookback(self) -> timedelta:
        return 2 * DAY

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        # Whole days, as far as they have passed: a part would replace the count of all of it.
        midnight = floor(end, DAY)
        if midnight < end:
            end = max(end, min(midnight + DAY, self.run.started))
        return split(floor(start, DAY), end, 7 * DAY)

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        groups = ["OAuthClientId", "TemplateUri", "HttpMethod"]
        return {"interval": str(window), "granularity": "Day", "groupBy": groups}

    @override
    def parts(self, window: Window) -> Iterator[list[Any]]:
        submitted = self.submitted(window, {"executionId": Required(TEXT)})
        path = f"{self.path}/{submitted['executionId']}/results"

        def page(token: str) -> tuple[list[Any], str]:
            after = {"after": token} if token else {}

            def look() -> Record | None:
                content = body(self.call("GET", path, params=after, shape=_PAGE))
                status = content["queryStatus"]
                if status == "Failed":
                    raise self.failed(status)
                return content if status == "Complete" else None

            content = self.wait_for(look)
            rows, others = parted(content.get("results"))
            keyed = [{**row, "_id": _usage_key(row)} for row in rows]
            return [*keyed, *others], str((content.get("cursors") or {}).get("after") or "")

        yield from self.by_token(page)


class UsageEventDefinitions(FullTableStream):
    """The definition of an operational event: a kind of notice about the org by the vendor."""

    name = "usage_event_definitions"
    path = "/api/v2/usage/events/definitions"
    paging = SinglePage()


def _usage_key(row: Record) -> str | None:
    """Return the key of a row; None where it has no date."""
    if not is_identity(row.get("date")):
        return None
    names = ("date", "clientId", "userId", "httpMethod", "templateUri")
    return "/".join(str(row.get(name) or "") for name in names)


STREAMS = (
    ApiUsage,
    UsageEventDefinitions,
)
