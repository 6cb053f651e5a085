"""A tap as the Meltano SDK makes it when nothing is changed: the SDK's default record path.

python sdk_default.py URL FIRST_DAY DAYS. The schema is the one that this tap has.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from singer_sdk import RESTStream, StreamSchema, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.pagination import BaseAPIPaginator
from singer_sdk.schema.source import SchemaDirectory
from singer_sdk.streams.rest import HTTPRequest, PageContext
from typing_extensions import override

from tap_genesys import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

PAGE = 100


class Page(NamedTuple):
    """A page token: a day, counted from the first, and a page number."""

    day: int
    number: int


class Pages(BaseAPIPaginator[Page]):
    """Numbered pages of all days, one day after the other."""

    def __init__(self, days: int) -> None:
        super().__init__(Page(0, 1))
        self._days = days
        self.rows = 0

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        return True

    @override
    def get_next(self, response: requests.Response) -> Page | None:
        now = self.current_value
        if self.rows == PAGE:
            return Page(now.day, now.number + 1)
        return Page(now.day + 1, 1) if now.day + 1 < self._days else None


class Login(OAuthAuthenticator):
    """Client credentials."""

    @property
    @override
    def oauth_request_body(self) -> dict[str, str]:
        return {"grant_type": "client_credentials"}


class Conversations(RESTStream[Page]):
    """The details query."""

    name = "conversation_details"
    path = "/api/v2/analytics/conversations/details/query"
    http_method = "POST"
    payload_as_json = True
    records_jsonpath = "$.conversations[*]"
    primary_keys = ("conversationId",)
    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["url"])

    @property
    @override
    def authenticator(self) -> Login:
        return self._login

    @override
    def get_new_paginator(self) -> Pages:
        self._pages = Pages(self.config["days"])
        return self._pages

    @override
    def get_http_request(self, *, page: PageContext[Page]) -> HTTPRequest:
        day, number = page.next_page_token or Page(0, 1)
        start = date.fromisoformat(self.config["first"]) + timedelta(days=day)
        query = {
            "interval": f"{start}T00:00:00.000Z/{start + timedelta(days=1)}T00:00:00.000Z",
            "order": "asc",
            "orderBy": "conversationStart",
            "paging": {"pageSize": PAGE, "pageNumber": number},
        }
        return HTTPRequest(url=f"{self.url_base}{self.path}", method="POST", data=query)

    @override
    def parse_response(self, response: requests.Response) -> Iterator[dict[str, Any]]:
        self._pages.rows = 0
        for row in super().parse_response(response):
            self._pages.rows += 1
            yield row

    def begin(self) -> None:
        """Take a token."""
        self._login = Login(
            client_id="demo",
            client_secret="demo-secret",  # noqa: S106 - the key to nothing
            auth_endpoint=f"{self.url_base}/oauth/token",
        )


class Default(Tap):
    """The tap."""

    name = "tap-default"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("url", th.StringType),
        th.Property("first", th.StringType),
        th.Property("days", th.IntegerType),
    ).to_dict()

    @override
    def discover_streams(self) -> list[Conversations]:
        stream = Conversations(self)
        stream.begin()
        return [stream]


def main(url: str, first: str, days: str) -> None:
    """Print all conversations as Singer messages."""
    Default(config={"url": url, "first": first, "days": int(days)}).sync_all()


if __name__ == "__main__":
    main(*sys.argv[1:])
