"""Audits: changes of the org's configuration."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_genesys.api.response import body
from tap_genesys.api.shape import LIST, TEXT, TOKEN, AnyOf, Required
from tap_genesys.api.status import reading
from tap_genesys.endpoints.reports import ReportStream
from tap_genesys.replication.old_data import AUDITS, Horizon
from tap_genesys.replication.windows import DAY, Window, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.page_steps import Page

_PAGE = {"entities": LIST, "cursor": TOKEN, "downloadUrl": TEXT}
#: A downloaded page is an array, or an object like a page of the API.
_FILE = AnyOf((LIST, {"entities": Required(LIST)}))


class Audits(ReportStream):
    """A change of the org's configuration, with its user, time, entity and changed properties.

    A day takes four requests or more: the stream submits a report, polls it, and reads it in pages
    of 500. Instead of a large page, the vendor returns the URL of a file in its storage (302). Rows
    of such a file have `eventTime` in place of `eventDate`; the stream copies it to `eventDate`.

    More than a declaration: the stream submits a report, polls it, and reads pages or files.
    """

    name = "audits"
    path = "/api/v2/audits/query"
    primary_keys = ("id",)
    replication_key = "eventDate"
    max_page_size = 500
    requests_of_window = 4

    @property
    @override
    def horizon(self) -> Horizon:
        return Horizon(
            AUDITS, "The vendor keeps audits for at least a year, and no other endpoint has them."
        )

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, DAY)

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return {"interval": str(window), "sort": [{"name": "Timestamp", "sortOrder": "ascending"}]}

    @override
    def parts(self, window: Window) -> Iterator[list[Any]]:
        path = f"{self.path}/{self.submitted(window, {'id': Required(TEXT)})['id']}"

        def is_done() -> bool | None:
            state = body(self.call("GET", path, shape={"state": Required(TEXT)}))["state"]
            if state in ("Failed", "Cancelled"):
                raise self.failed(state)
            return True if state == "Succeeded" else None

        def page(token: str) -> tuple[list[Any], str]:
            after = {"cursor": token} if token else {}
            params = {"pageSize": self.max_page_size, "allowRedirect": "true", **after}
            response = self.call(
                "GET",
                f"{path}/results",
                params=params,
                overrides=reading({HTTPStatus.FOUND}),
                shape=_PAGE,
            )
            content = body(response)
            cursor = str(content.get("cursor") or "")
            if response.status_code != HTTPStatus.FOUND:
                return content.get("entities") or [], cursor
            url = content.get("downloadUrl") or response.headers.get("Location", "")
            file = self.run.downloads.json(url, _FILE, self.label)
            return _dated(file.get("entities") or [] if isinstance(file, dict) else file), cursor

        self.wait_for(is_done)
        yield from self.by_token(page)


def _dated(rows: list[Any]) -> list[Any]:
    """Return audits with `eventDate`, which is called `eventTime` in a downloaded file.

    The vendor's field is kept. Source: splunk/genesys_cloud_ta,
    `audit_query_helper.py`, the only public code that reads such a file.
    """
    return [
        {**row, "eventDate": row.get("eventTime")}
        if isinstance(row, dict) and not row.get("eventDate")
        else row
        for row in rows
    ]


STREAMS = (Audits,)
