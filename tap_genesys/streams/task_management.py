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
#: Of types, each is needed: without one, its work items would be missing in silence.
_TYPES = {"entities": [{"id": Required(TEXT)}], "after": TOKEN}


class Workbins(FullTableStream):
    """A workbin, which holds work items."""

    name = "workbins"
    path = "/api/v2/taskmanagement/workbins/query"
    http_method = "POST"
    paging = BodyToken()


class Workitems(ReportStream):
    """A work item, as last changed.

    Queried by the date of the last change, a month at a time, once for each type of work item: the
    query requires a type, and takes three filters at most. So a run costs a request for each type
    and 200 rows, and one for each 200 types (`workitems:worktype:view`).

    More than a declaration: its queries are by type and by date, its pages by token.
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
        # From the start on, not from midnight on: a daily run is one window, so one request a type.
        while start < end:
            yield Window(floor(start), floor(min(start + 30 * DAY, end)))
            start += 30 * DAY

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        return self._question(window, next(iter(self._known_types()), ""))

    def _question(self, window: Window, kind: str) -> dict[str, Any]:
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
        for kind in self._known_types():
            question = self._question(window, kind)
            yield from self.by_token(partial(self._page, self.path, question, _PAGE))

    def _known_types(self) -> list[str]:
        if self._types is None:
            question = {"pageSize": self.page_size, "filters": []}
            pages = self.by_token(partial(self._page, self.types_path, question, _TYPES))
            self._types = [kind["id"] for page in pages for kind in page]
        return self._types

    def _page(
        self, path: str, question: dict[str, Any], shape: Shape, token: str
    ) -> tuple[list[Any], str]:
        after = {"after": token} if token else {}
        content = body(self.call("POST", path, data={**question, **after}, shape=shape))
        return content.get("entities") or [], str(content.get("after") or "")


class Worktypes(FullTableStream):
    """A type of work items."""

    name = "worktypes"
    path = "/api/v2/taskmanagement/worktypes/query"
    http_method = "POST"
    paging = BodyToken()


STREAMS = (
    Workbins,
    Workitems,
    Worktypes,
)
