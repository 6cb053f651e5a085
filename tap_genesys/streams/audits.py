"""Audits: changes of the org's configuration."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_genesys.api.response import body
from tap_genesys.endpoints.reports import ReportStream
from tap_genesys.errors import StopRun
from tap_genesys.replication.old_data import AUDITS, Horizon
from tap_genesys.replication.windows import DAY, Window, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.page_steps import Page
    from tap_genesys.api.response import Record


class Audits(ReportStream):
    """A change in the org: its user, moment, entity and properties.

    Requested by day, in four requests or more: the vendor prepares a report, which is polled for,
    and read in pages of 500. A large page is an address of the vendor's storage instead (302); the
    token is not sent there. Rows of such a file have `eventTime` in place of `eventDate`: its
    value becomes `eventDate`, and `eventTime` stays beside it.

    More than a declaration: a report is submitted, polled, and read by cursor or as files.
    """

    name = "audits"
    path = "/api/v2/audits/query"
    primary_keys = ("id",)
    replication_key = "eventDate"
    max_page_size = 500
    allow_redirects = False
    requests_of_window = 4

    @property
    @override
    def horizon(self) -> Horizon:
        return Horizon(
            AUDITS, "The vendor keeps them for a year at least, and nothing else has them."
        )

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, DAY)

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return {"interval": str(window), "sort": [{"name": "Timestamp", "sortOrder": "ascending"}]}

    @override
    def parts(self, window: Window) -> Iterator[list[Record]]:
        path = f"{self.path}/{self.submitted(window).get('id')}"

        def is_done() -> bool | None:
            state = body(self.call("GET", path)).get("state")
            if state in ("Failed", "Cancelled"):
                raise self.failed(state)
            return True if state == "Succeeded" else None

        def page(token: str) -> tuple[list[Record], str]:
            after = {"cursor": token} if token else {}
            params = {"pageSize": self.max_page_size, "allowRedirect": "true", **after}
            redirect = frozenset({HTTPStatus.FOUND})
            response = self.call("GET", f"{path}/results", params=params, accept=redirect)
            content = body(response)
            cursor = str(content.get("cursor") or "")
            if response.status_code != HTTPStatus.FOUND:
                return content.get("entities") or [], cursor
            url = content.get("downloadUrl") or response.headers.get("Location")
            return self._rows_of_file(self.run.downloads.json(str(url))), cursor

        self.wait_for(is_done)
        yield from self.by_token(page)

    def _rows_of_file(self, content: Any) -> list[Record]:  # noqa: ANN401 - JSON is anything
        """Return the rows of a downloaded page: an array, or an object with `entities`.

        Raises:
            StopRun: It is neither, or a row has no `id`, which is the key.
        """
        rows = content.get("entities") if isinstance(content, dict) else content
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and row.get("id") for row in rows
        ):
            msg = (
                f"{self.label}: the downloaded file holds no audits: expected an array of objects "
                "with an `id`, or an object with such `entities`. Report it; or deselect audits."
            )
            raise StopRun(msg)
        return _dated(rows)


def _dated(rows: list[Record]) -> list[Record]:
    """Return audits that all have `eventDate`; in a downloaded file it is called `eventTime`.

    The vendor's own field stays beside it. Source: splunk/genesys_cloud_ta,
    `audit_query_helper.py`, the only public code that reads such a file.
    """
    return [
        row if row.get("eventDate") else {**row, "eventDate": row.get("eventTime")} for row in rows
    ]


STREAMS = (Audits,)
