"""Read a simulated org with the vendor's own SDK; print what came, as JSON. Runs in its own venv.

python read.py http://127.0.0.1:8911 2026-03-01T00:00:00Z/2026-03-02T00:00:00Z
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import PureCloudPlatformClientV2 as vendor  # noqa: N813 - a shorter name

PAGE = 25
#: Stream -> the class of the SDK's API, the method, and whether its pages are numbered.
LISTINGS = {
    "divisions": ("AuthorizationApi", "get_authorization_divisions", True),
    "edges": ("TelephonyProvidersEdgeApi", "get_telephony_providers_edges", True),
    "evaluation_forms": ("QualityApi", "get_quality_forms_evaluations", True),
    "flows": ("ArchitectApi", "get_flows", True),
    "groups": ("GroupsApi", "get_groups", True),
    "locations": ("LocationsApi", "get_locations", True),
    "outbound_campaigns": ("OutboundApi", "get_outbound_campaigns", True),
    "roles": ("AuthorizationApi", "get_authorization_roles", True),
    "routing_queues": ("RoutingApi", "get_routing_queues", True),
    "routing_skills": ("RoutingApi", "get_routing_skills", True),
    "stations": ("StationsApi", "get_stations", True),
    "system_presences": ("PresenceApi", "get_systempresences", False),
    "users": ("UsersApi", "get_users", True),
    "wrapup_codes": ("RoutingApi", "get_routing_wrapupcodes", True),
}


def listing(client: Any, api: str, method: str, *, is_numbered: bool) -> list[str]:
    """Return the ids of a listing's rows, page by page."""
    call = getattr(getattr(vendor, api)(client), method)
    if not is_numbered:
        answer = call()
        return [one.id for one in getattr(answer, "entities", answer)]
    ids: list[str] = []
    number = 1
    while True:
        more = {"state": "any"} if method == "get_users" else {}
        answer = call(page_size=PAGE, page_number=number, **more)
        ids += [one.id for one in answer.entities]
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


def main(url: str, interval: str) -> None:
    """Print what came."""
    vendor.configuration.host = url
    # The SDK makes its login's address from the host's name, which a local one does not fit.
    client = vendor.api_client.ApiClient()
    client.access_token = sys.stdin.read().strip()
    found = {
        name: listing(client, api, method, is_numbered=numbered)
        for name, (api, method, numbered) in LISTINGS.items()
    }
    found["query"] = queried(client, interval)
    found["jobs"] = by_job(client, interval)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
