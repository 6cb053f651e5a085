"""Send requests to a simulator with a token, without the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import requests

from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from datetime import datetime

    from tap_genesys.simulator import Simulator

DETAILS = "/api/v2/analytics/conversations/details/query"


def token(sim: Simulator) -> dict[str, str]:
    """Log in; return the header with the token."""
    response = requests.post(
        f"{sim.url}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=("demo", "demo-secret"),
        timeout=10,
    )
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


class Client:
    """A client of a simulator, with a token."""

    def __init__(self, sim: Simulator) -> None:
        self.url = sim.url
        self.session = requests.Session()
        self.session.headers.update(token(sim))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.session.close()

    def details(self, start: datetime, end: datetime, **more: Any) -> requests.Response:
        """Query details of conversations."""
        body = {"interval": f"{iso(start)}/{iso(end)}", **more}
        return self.session.post(f"{self.url}{DETAILS}", json=body, timeout=10)

    def ids(self, start: datetime, end: datetime, **more: Any) -> list[str]:
        """Return the ids of conversations on the first page."""
        paging = {"paging": {"pageSize": 100, "pageNumber": 1}}
        page = self.details(start, end, **paging, **more).json()
        return [row["conversationId"] for row in page.get("conversations", [])]
