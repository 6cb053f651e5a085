"""Telephony: edges, trunks, phones, numbers and sites."""

from __future__ import annotations

from tap_genesys.endpoints.listings import FullTableStream


class DidPools(FullTableStream):
    """A range of direct inward numbers."""

    name = "did_pools"
    path = "/api/v2/telephony/providers/edges/didpools"


class Dids(FullTableStream):
    """A direct inward number."""

    name = "dids"
    path = "/api/v2/telephony/providers/edges/dids"


class EdgeGroups(FullTableStream):
    """A group of edges."""

    name = "edge_groups"
    path = "/api/v2/telephony/providers/edges/edgegroups"


class Edges(FullTableStream):
    """An edge."""

    name = "edges"
    path = "/api/v2/telephony/providers/edges"


class ExtensionPools(FullTableStream):
    """A range of extensions."""

    name = "extension_pools"
    path = "/api/v2/telephony/providers/edges/extensionpools"


class Extensions(FullTableStream):
    """An extension."""

    name = "extensions"
    path = "/api/v2/telephony/providers/edges/extensions"


class Lines(FullTableStream):
    """A line of a phone."""

    name = "lines"
    path = "/api/v2/telephony/providers/edges/lines"


class OutboundRoutes(FullTableStream):
    """A route of outbound calls to trunks."""

    name = "outbound_routes"
    path = "/api/v2/telephony/providers/edges/outboundroutes"


class PhoneBaseSettings(FullTableStream):
    """The base settings of a kind of phone."""

    name = "phone_base_settings"
    path = "/api/v2/telephony/providers/edges/phonebasesettings"


class Phones(FullTableStream):
    """A phone."""

    name = "phones"
    path = "/api/v2/telephony/providers/edges/phones"


class Sites(FullTableStream):
    """A site."""

    name = "sites"
    path = "/api/v2/telephony/providers/edges/sites"


class TrunkBaseSettings(FullTableStream):
    """The base settings of a kind of trunk."""

    name = "trunk_base_settings"
    path = "/api/v2/telephony/providers/edges/trunkbasesettings"


class Trunks(FullTableStream):
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
