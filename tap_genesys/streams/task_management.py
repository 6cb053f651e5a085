"""Task management: work items, with their types and workbins."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.api.paging import BodyToken
from tap_genesys.api.response import body
from tap_genesys.api.shape import LIST, TEXT, TOKEN, Required
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.reports import ReportStream
from tap_genesys.replication.windows import DAY, Window, floor, iso

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.page_steps import Page
    from tap_genesys.api.shape import Shape

_PAGE = {"entities": LIST, "after": TOKEN}
#: Each type is required: without one, its work items would be missing in silence.
_TYPES = {"entities": [{"id": Required(TEXT)}], "after": TOKEN}


class Workbins(FullTableStream):
    """A workbin: a container of work items."""

    name = "workbins"
    path = "/api/v2/taskmanagement/workbins/query"
    http_method = "POST"
    paging = BodyToken()


class Workitems(ReportStream):
    """A work item in its latest state.

    The query requires a work type, and takes three filters at most. So the stream queries each work
    type by date of last change, 30 days at a time: one request per work type and 200 rows, and one
    per 200 work types (permission `workitems:worktype:view`).

    More than a declaration: queries are by work type and date, and pages have a token.
    """

    name = "workitems"
    path = "/api/v2/taskmanagement/workitems/query"
    types_path: ClassVar[str] = "/api/v2/taskmanagement/worktypes/query"
    primary_keys = ("id",)
    replication_key = "dateModified"
    max_page_size = 200

    _types: list[str] | None = None

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        # From the start, not from midnight: a daily run is one window, with one request per type.
        while start < end:
            yield Window(floor(start), floor(min(start + 30 * DAY, end)))
            start += 30 * DAY

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return self._query_of(window, next(iter(self._type_ids()), ""))

    def _query_of(self, window: Window, kind: str) -> dict[str, Any]:
        wanted = (
            ("typeId", "EQ", kind),
            ("dateModified", "GTE", iso(window.start)),
            ("dateModified", "LT", iso(window.end)),
        )
        filters = [
            {"name": name, "type": "String", "operator": operator, "values": [value]}
            for name, operator, value in wanted
        ]
        return {"pageSize": self.page_size, "filters": filters}

    @override
    def parts(self, window: Window) -> Iterator[list[Any]]:
        for kind in self._type_ids():
            query = self._query_of(window, kind)
            yield from self.by_token(partial(self._page, self.path, query, _PAGE))

    def _type_ids(self) -> list[str]:
        if self._types is None:
            query = {"pageSize": self.page_size, "filters": []}
            pages = self.by_token(partial(self._page, self.types_path, query, _TYPES))
            self._types = [kind["id"] for page in pages for kind in page]
        return self._types

    def _page(
        self, path: str, query: dict[str, Any], shape: Shape, token: str
    ) -> tuple[list[Any], str]:
        after = {"after": token} if token else {}
        content = body(self.call("POST", path, data={**query, **after}, shape=shape))
        return content.get("entities") or [], str(content.get("after") or "")


class Worktypes(FullTableStream):
    """A work type: the defaults and statuses of work items of one kind."""

    name = "worktypes"
    path = "/api/v2/taskmanagement/worktypes/query"
    http_method = "POST"
    paging = BodyToken()


STREAMS = (
    Workbins,
    Workitems,
    Worktypes,
)
