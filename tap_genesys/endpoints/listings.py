"""Listings: what is read whole each time, in each of the ways in which the vendor pages."""

from __future__ import annotations

import re
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from singer_sdk.pagination import BaseAPIPaginator, SinglePagePaginator
from singer_sdk.streams.rest import HTTPRequest, PageContext
from typing_extensions import override

from tap_genesys.api.pagination import TokenPaginator
from tap_genesys.api.response import asked, body
from tap_genesys.endpoints.activate_version import ActivatingStream
from tap_genesys.endpoints.stream import USUAL_PAGE_SIZE
from tap_genesys.errors import PageTooLarge, StopRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.tap_base import Tap

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.requests import PlannedRequest


class ChildStream(ActivatingStream):
    """What is read for the records of another stream once these are read, in the same pass.

    It is one stream with one SCHEMA, whatever its parents are.
    """

    state_partitioning_keys = ()

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        #: The ids of the parents.
        self.parents: list[str] = []


class WholeStream(ActivatingStream):
    """What is read whole each time, from one request or from several.

    Streams that are read for its records (`ChildStream`) follow it, in the same pass: it is not
    listed a second time for them.
    """

    http_method = "GET"
    primary_keys: tuple[str, ...] = ("id",)
    selected_by_default = False
    # An org without the licence answers so; the others go on.
    may_be_missing = True
    #: Query parameters beside the page's.
    params: ClassVar[dict[str, Any]] = {}
    #: What is sent as the body, where one is.
    payload: ClassVar[dict[str, Any] | None] = None
    #: The field of the answer that holds the records; none where the answer is a record.
    records_key: ClassVar[str | None] = "entities"
    #: Records that followers were offered.
    _offered = 0
    #: Whether a page of the present size has come in this run.
    _size_is_accepted = False

    @property
    @override
    def usual_page_size(self) -> int:
        return self.max_page_size

    def page_params(self, page: Any) -> dict[str, Any]:  # noqa: ANN401, ARG002 - each has its own
        """Return the parameters that ask for a page."""
        return {}

    @override
    def get_http_request(self, *, page: PageContext[Any]) -> HTTPRequest:
        context = page.stream_context or {}
        path = self.path.format_map({name: quote(str(one), "") for name, one in context.items()})
        return HTTPRequest(
            url=f"{self.url_base}{path}",
            method=self.http_method,
            params={
                **self.params,
                **self.run.org_filters.params_of(self.name),
                **self.page_params(page.next_page_token),
            },
            data=self.payload,
        )

    @override
    def request_for(self, coming: PlannedRequest) -> HTTPRequest:
        context, page = coming
        return self.get_http_request(page=PageContext(dict(context), page))

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        yield from self.request_records(context)

    @override
    def request_records(self, context: Context | None) -> Iterator[Record]:
        try:
            yield from super().request_records(context)
        except PageTooLarge as refusal:
            # Only a first page can be refused for its size, so nothing is out yet.
            self.logger.info(
                "%s: %s Sent again with %d records a page instead of %d, and so for this run.",
                self.name,
                refusal,
                USUAL_PAGE_SIZE,
                self.page_size,
            )
            self.page_size = USUAL_PAGE_SIZE
            self.ask_anew()
            yield from super().request_records(context)

    @override
    def validate_response(self, response: requests.Response) -> None:
        is_refused = response.status_code == HTTPStatus.BAD_REQUEST
        may_be_too_large = self.page_size > USUAL_PAGE_SIZE and not self._size_is_accepted
        if is_refused and may_be_too_large and not self.is_accepted(response):
            raise PageTooLarge(self.response_error_message(response))
        super().validate_response(response)
        self._size_is_accepted = True

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        yield from super().get_records(context)
        for child in self._followers():
            left_out = len(child.parents) < self._offered  # by a stream map
            if self.doubt or left_out or self.run.org_filters.params_of(self.name):
                child.mark_incomplete(f"{self.name} may not be whole")
            child.sync()

    @override
    def records_of(self, response: requests.Response) -> list[Record]:
        answer = self.content(response)
        if self.records_key is not None and self.records_key not in answer:
            self.mark_incomplete("an answer held no list of rows")
        if self.records_key is None:
            return [answer] if answer else []
        return answer.get(self.records_key) or []

    def content(self, response: requests.Response) -> Record:
        """Return an answer, or what lies at the address that a large one has in its place."""
        answer = body(response)
        url = answer.get("downloadUrl")
        return self.run.downloads.json(str(url)) if url else answer

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        self._offered += 1
        yield {"id": record.get("id")}

    @override
    def _sync_children(self, child_context: Context | None) -> None:
        for child in self._followers():
            if child_context and child_context["id"]:
                child.parents.append(str(child_context["id"]))

    def _followers(self) -> Iterator[ChildStream]:
        for child in self.child_streams:
            if isinstance(child, ChildStream) and child.selected:
                if reason := self.run.skipped.get(self.name):
                    self.run.skipped[child.name] = reason
                else:
                    yield child


class ListingStream(WholeStream):
    """`GET`, numbered pages, `pageCount` in the body."""

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        #: What the pages of one reading say of how many rows there are; `--check` reads one alone.
        self._totals: set[object] = set()

    @override
    def page_params(self, page: Any) -> dict[str, Any]:
        return {"pageSize": self.page_size, "pageNumber": page.number if page else 1}

    @override
    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:
        part = tuple((context or {}).items())
        for page in islice(self.paginator.ahead(), self.max_parallel):
            yield part, page

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        self._totals.clear()
        yield from self.request_records(context)
        self.is_whole()
        if doubt := self.paginator.doubt(self._totals):
            self.mark_incomplete(doubt)

    @override
    def records_of(self, response: requests.Response) -> list[Record]:
        self._totals.add(body(response).get("total"))
        return super().records_of(response)


class LinkedStream(WholeStream):
    """`GET`, each page tells where the next one is: `nextUri`, used as it is.

    That link is relative and already encoded; a host that it names plays no part, so that the
    token goes to no other one. A page may be empty and yet have a next one.
    """

    #: What the page's size is called; empty where it cannot be asked for.
    size_param: ClassVar[str] = "pageSize"

    @override
    def page_params(self, page: Any) -> dict[str, Any]:
        return {self.size_param: self.page_size} if self.size_param else {}

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        return TokenPaginator(self.where, self.next_of)

    def next_of(self, answer: Record) -> str | None:
        """Return what asks for the next page, if there is one."""
        return answer.get("nextUri") or None

    @override
    def get_http_request(self, *, page: PageContext[Any]) -> HTTPRequest:
        if not page.next_page_token:
            return super().get_http_request(page=page)
        try:
            link = urlsplit(page.next_page_token)
        except ValueError as error:
            msg = f"{self.where}: the link to the next page cannot be followed: {error}."
            raise StopRun(msg) from error
        # Without the slash, a path such as `@host` would be taken for a part of the host's name.
        return HTTPRequest(url=f"{self.url_base}/{link.path.lstrip('/')}?{link.query}")


class ScanStream(LinkedStream):
    """`GET`, each page tells the next one's cursor: `cursors.after`, which lives for a day."""

    max_page_size = 200
    size_param = "limit"

    @override
    def next_of(self, answer: Record) -> str | None:
        after = (answer.get("cursors") or {}).get("after")
        return str(after) if after else None

    @override
    def get_http_request(self, *, page: PageContext[Any]) -> HTTPRequest:
        request = WholeStream.get_http_request(self, page=page)
        if page.next_page_token:
            request.params = {**request.params, "cursor": page.next_page_token}
        return request


class QueryListingStream(LinkedStream):
    """`POST`, the next page's token stands in the answer and goes into the body: `after`."""

    http_method = "POST"
    max_page_size = 200
    #: What else the body asks for; without filters, all.
    query: ClassVar[dict[str, Any]] = {"filters": []}

    @override
    def next_of(self, answer: Record) -> str | None:
        return answer.get("after") or None

    @override
    def get_http_request(self, *, page: PageContext[Any]) -> HTTPRequest:
        after = {"after": page.next_page_token} if page.next_page_token else {}
        return HTTPRequest(
            url=f"{self.url_base}{self.path}",
            method=self.http_method,
            data={**self.query, "pageSize": self.page_size, **after},
        )


class UnpagedStream(WholeStream):
    """`GET`, all records in one answer."""

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        return SinglePagePaginator()


class ArrayStream(UnpagedStream):
    """`GET`, the answer is an array."""

    answers_with_array = True


class ObjectStream(UnpagedStream):
    """`GET`, the answer is the one record."""

    records_key = None


class MapStream(UnpagedStream):
    """`GET`, the answer holds a map: each of its entries is a row."""

    #: The column of an entry's key.
    key_column: ClassVar[str] = "id"
    #: The column of its value; none where the value is an object, whose fields are columns.
    value_column: ClassVar[str | None] = None

    @override
    def records_of(self, response: requests.Response) -> list[Record]:
        entries = body(response).get(self.records_key or "") or {}
        if self.value_column is None:
            return [{**value, self.key_column: key} for key, value in entries.items()]
        return [{self.key_column: key, self.value_column: value} for key, value in entries.items()]


class PerParentStream(ChildStream, WholeStream):
    """What is listed once for each record of another stream; its id is a column of each row.

    It has no bookmark. A parent that is gone by then (404) has no rows; where one is refused (403),
    all are. The key is that of the path, unless the class declares `primary_keys`:
    `("groupId", "id")` for `/api/v2/groups/{groupId}/members`.
    """

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - as Python's own
        super().__init_subclass__(**options)
        places = re.findall(r"{(\w+)}", vars(cls).get("path", ""))
        if places and "primary_keys" not in vars(cls):
            cls.primary_keys = (*places, "id")

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        #: What is asked for them, and how much of that has had its turn.
        self._contexts: list[dict[str, Any]] = []
        self._begun = 0

    @property
    def parent_column(self) -> str:
        """The column of the parent's id, which is also its place in the path."""
        return self.path.partition("{")[2].partition("}")[0]

    def contexts(self) -> list[dict[str, Any]]:
        """Return what is asked for the parents: the values of the path's places."""
        return [{self.parent_column: parent} for parent in self.parents]

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        self._contexts, self._begun = self.contexts(), 0
        self.counts.parts_total, self.counts.parts = len(self._contexts), "parents"
        return self._contexts

    @override
    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:
        yield from super().upcoming(context)
        for later in self._contexts[self._begun : self._begun + self.max_parallel]:
            yield tuple(later.items()), None

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        self._begun += 1
        # Without a parent the SDK asks for the records of none.
        if context and self.name not in self.run.skipped:
            column = self.shown(context)
            for record in super().get_records(context):
                yield {**record, **column}
            self.counts.parts_done += 1

    @override
    def validate_response(self, response: requests.Response) -> None:
        if response.status_code == HTTPStatus.NOT_FOUND:
            self.mark_incomplete("a parent was not found")
            self.tell_of_absence(response)
        else:
            super().validate_response(response)

    def tell_of_absence(self, response: requests.Response) -> None:
        """Say that a parent is gone."""
        self.logger.info("%s: %s is gone.", self.name, asked(response))

    @override
    def parse_response(self, response: requests.Response) -> Iterator[Record]:
        if response.status_code != HTTPStatus.NOT_FOUND:
            yield from super().parse_response(response)


class PerParentListingStream(PerParentStream, ListingStream):
    """Numbered pages for each parent."""


class PerParentLinkedStream(PerParentStream, LinkedStream):
    """Linked pages for each parent."""


class PerParentUnpagedStream(PerParentStream, UnpagedStream):
    """One answer for each parent."""
