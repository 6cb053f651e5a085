"""What conversations are routed by."""

from __future__ import annotations

from tap_genesys.endpoints import ListingStream


class RoutingQueues(ListingStream):
    """The queues, with their settings."""

    name = "routing_queues"
    path = "/api/v2/routing/queues"


class WrapupCodes(ListingStream):
    """The wrap-up codes that agents choose from."""

    name = "wrapup_codes"
    path = "/api/v2/routing/wrapupcodes"
