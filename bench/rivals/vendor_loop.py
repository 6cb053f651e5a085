"""The vendor's Python SDK, in the loop of its documentation: request a page, then the next.

python vendor_loop.py URL FIRST_DAY DAYS. Runs in an environment of its own. It prints
Singer lines of the client's objects, converted by the client itself.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta
from urllib.request import Request, urlopen

import PureCloudPlatformClientV2 as vendor  # noqa: N813 - a shorter name

PAGE = 100


def main(url: str, first: str, days: str) -> None:
    """Print all conversations as Singer messages."""
    client = vendor.api_client.ApiClient(url)
    # The SDK makes its login's address from the host's name, which a local one does not fit.
    login = Request(f"{url}/oauth/token", method="POST")  # noqa: S310 - our own server
    with urlopen(login) as answer:  # noqa: S310
        client.access_token = json.load(answer)["access_token"]
    api = vendor.ConversationsApi(client)
    for offset in range(int(days)):
        start = date.fromisoformat(first) + timedelta(days=offset)
        number = 1
        while True:
            query = vendor.ConversationQuery()
            query.interval = f"{start}T00:00:00.000Z/{start + timedelta(days=1)}T00:00:00.000Z"
            query.order, query.order_by = "asc", "conversationStart"
            query.paging = vendor.PagingSpec()
            query.paging.page_size, query.paging.page_number = PAGE, number
            found = api.post_analytics_conversations_details_query(query).conversations or []
            now = datetime.now(UTC).isoformat()
            for one in found:
                row = client.sanitize_for_serialization(one)
                message = {"type": "RECORD", "stream": "conversation_details", "record": row}
                sys.stdout.write(json.dumps({**message, "time_extracted": now}) + "\n")
            if len(found) < PAGE:
                break
            number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
