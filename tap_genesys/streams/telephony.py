"""Numbers, lines and what they hang on."""

from __future__ import annotations

from tap_genesys.endpoints.listings import ListingStream


class DidPools(ListingStream):
    """The ranges of direct inward numbers."""

    name = "did_pools"
    path = "/api/v2/telephony/providers/edges/didpools"


class Dids(ListingStream):
    """The direct inward numbers."""

    name = "dids"
    path = "/api/v2/telephony/providers/edges/dids"


class EdgeGroups(ListingStream):
    """The groups of edges."""

    name = "edge_groups"
    path = "/api/v2/telephony/providers/edges/edgegroups"


class Edges(ListingStream):
    """The edges."""

    name = "edges"
    path = "/api/v2/telephony/providers/edges"


class ExtensionPools(ListingStream):
    """The ranges of extensions."""

    name = "extension_pools"
    path = "/api/v2/telephony/providers/edges/extensionpools"


class Extensions(ListingStream):
    """The extensions."""

    name = "extensions"
    path = "/api/v2/telephony/providers/edges/extensions"


class Lines(ListingStream):
    """The lines of phones."""

    name = "lines"
    path = "/api/v2/telephony/providers/edges/lines"


class OutboundRoutes(ListingStream):
    """Which trunks outgoing calls take."""

    name = "outbound_routes"
    path = "/api/v2/telephony/providers/edges/outboundroutes"


class PhoneBaseSettings(ListingStream):
    """The settings that phones share."""

    name = "phone_base_settings"
    path = "/api/v2/telephony/providers/edges/phonebasesettings"


class Phones(ListingStream):
    """The phones."""

    name = "phones"
    path = "/api/v2/telephony/providers/edges/phones"


class Sites(ListingStream):
    """The sites."""

    name = "sites"
    path = "/api/v2/telephony/providers/edges/sites"


class TrunkBaseSettings(ListingStream):
    """The settings that trunks share."""

    name = "trunk_base_settings"
    path = "/api/v2/telephony/providers/edges/trunkbasesettings"


class Trunks(ListingStream):
    """The trunks."""

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
