"""Read a simulated org with the vendor's own SDK; print what came, as JSON. Runs in its own venv.

python read.py URL 2026-03-01T00:00:00Z/2026-03-02T00:00:00Z LISTINGS

LISTINGS is JSON: {"users": ["/api/v2/users", "counted", "id"]}, and the token comes on stdin.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import PureCloudPlatformClientV2 as vendor  # noqa: N813 - a shorter name

PAGE = 25
#: Every operation that the SDK has, by its name.
OPERATIONS: dict[str, Any] = {
    method: api
    for name, api in vars(vendor).items()
    if name.endswith("Api")
    for method in vars(api)
    if method.startswith("get_")
}


def listing(
    client: Any, path: str, paging: str, key: str, parent: dict[str, Any] | None = None
) -> list[str]:
    """Return the keys of a listing's rows, page by page.

    Args:
        client: The SDK's client.
        path: The operation's path, of which the SDK makes its method's name.
        paging: `counted` pages, `none`, or an `array`.
        key: The field that identifies a row.
        parent: The argument that names the parent; None where the listing has none.
    """
    method = "get_" + path.removeprefix("/api/v2/").replace("/", "_")
    call = getattr(OPERATIONS[method](client), method)
    if paging != "counted":
        answer = call()
        return [getattr(one, key) for one in getattr(answer, "entities", answer)]
    ids: list[str] = []
    number = 1
    while True:
        more = {"state": "any"} if method == "get_users" else parent or {}
        answer = call(page_size=PAGE, page_number=number, **more)
        ids += [getattr(one, key) for one in answer.entities]
        if number >= answer.page_count:
            return ids
        number += 1


def queried(client: Any, interval: str) -> list[str]:
    """Return the ids of conversations that a details query finds."""
    api = vendor.ConversationsApi(client)
    ids: list[str] = []
    number = 1
    while True:
        query = vendor.ConversationQuery()
        query.interval = interval
        query.order, query.order_by = "asc", "conversationStart"
        query.paging = vendor.PagingSpec()
        query.paging.page_size, query.paging.page_number = 100, number
        found = api.post_analytics_conversations_details_query(query).conversations or []
        ids += [one.conversation_id for one in found]
        if len(found) < 100:
            return ids
        number += 1


def by_job(client: Any, interval: str) -> list[str]:
    """Return the ids of conversations that a job finds, and delete it."""
    api = vendor.ConversationsApi(client)
    query = vendor.AsyncConversationQuery()
    query.interval = interval
    query.start_of_day_interval_matching = True
    job = api.post_analytics_conversations_details_jobs(query).job_id
    while api.get_analytics_conversations_details_job(job).state != "FULFILLED":
        time.sleep(0.01)
    ids: list[str] = []
    more: dict[str, str] = {}
    while True:
        answer = api.get_analytics_conversations_details_job_results(job, page_size=100, **more)
        ids += [one.conversation_id for one in answer.conversations or []]
        if not answer.cursor:
            break
        more = {"cursor": answer.cursor}
    api.delete_analytics_conversations_details_job(job)
    return ids


def main(url: str, interval: str, listings: dict[str, tuple[str, str, str]]) -> None:
    """Print what came."""
    vendor.configuration.host = url
    # The SDK makes its login's address from the host's name, which a local one does not fit.
    client = vendor.api_client.ApiClient()
    client.access_token = sys.stdin.read().strip()
    found = {name: listing(client, *arguments) for name, arguments in listings.items()}
    found["query"] = queried(client, interval)
    found["jobs"] = by_job(client, interval)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
