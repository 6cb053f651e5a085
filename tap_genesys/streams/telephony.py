"""Telephony: edges, trunks, phones, numbers and sites."""

from __future__ import annotations

from tap_genesys.endpoints.listings import ListingStream


class DidPools(ListingStream):
    """A range of direct inward numbers."""

    name = "did_pools"
    path = "/api/v2/telephony/providers/edges/didpools"


class Dids(ListingStream):
    """A direct inward number."""

    name = "dids"
    path = "/api/v2/telephony/providers/edges/dids"


class EdgeGroups(ListingStream):
    """A group of edges."""

    name = "edge_groups"
    path = "/api/v2/telephony/providers/edges/edgegroups"


class Edges(ListingStream):
    """An edge."""

    name = "edges"
    path = "/api/v2/telephony/providers/edges"


class ExtensionPools(ListingStream):
    """A range of extensions."""

    name = "extension_pools"
    path = "/api/v2/telephony/providers/edges/extensionpools"


class Extensions(ListingStream):
    """An extension."""

    name = "extensions"
    path = "/api/v2/telephony/providers/edges/extensions"


class Lines(ListingStream):
    """A line of a phone."""

    name = "lines"
    path = "/api/v2/telephony/providers/edges/lines"


class OutboundRoutes(ListingStream):
    """A route of outbound calls to trunks."""

    name = "outbound_routes"
    path = "/api/v2/telephony/providers/edges/outboundroutes"


class PhoneBaseSettings(ListingStream):
    """The base settings of a kind of phone."""

    name = "phone_base_settings"
    path = "/api/v2/telephony/providers/edges/phonebasesettings"


class Phones(ListingStream):
    """A phone."""

    name = "phones"
    path = "/api/v2/telephony/providers/edges/phones"


class Sites(ListingStream):
    """A site."""

    name = "sites"
    path = "/api/v2/telephony/providers/edges/sites"


class TrunkBaseSettings(ListingStream):
    """The base settings of a kind of trunk."""

    name = "trunk_base_settings"
    path = "/api/v2/telephony/providers/edges/trunkbasesettings"


class Trunks(ListingStream):
    """A trunk."""

    name = "trunks"
    path = "/api/v2/telephony/providers/edges/trunks"


STREAMS = (
    DidPools,
    Dids,
    EdgeGroups,
    Edges,
    ExtensionPools,
    Extensions,
    Lines,
    OutboundRoutes,
    PhoneBaseSettings,
    Phones,
    Sites,
    TrunkBaseSettings,
    Trunks,
)
