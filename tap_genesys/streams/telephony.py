"""Telephony: edges, trunks, phones, numbers and sites."""

from __future__ import annotations

from tap_genesys.endpoints.listings import FullTableStream


class DidPools(FullTableStream):
    """A DID pool: a range of direct inward dialling numbers."""

    name = "did_pools"
    path = "/api/v2/telephony/providers/edges/didpools"


class Dids(FullTableStream):
    """A direct inward dialling (DID) number, with its owner."""

    name = "dids"
    path = "/api/v2/telephony/providers/edges/dids"


class EdgeGroups(FullTableStream):
    """An edge group: edges that share trunks."""

    name = "edge_groups"
    path = "/api/v2/telephony/providers/edges/edgegroups"


class Edges(FullTableStream):
    """An edge: a device or virtual machine that processes calls, with its status."""

    name = "edges"
    path = "/api/v2/telephony/providers/edges"


class ExtensionPools(FullTableStream):
    """An extension pool: a range of internal phone numbers."""

    name = "extension_pools"
    path = "/api/v2/telephony/providers/edges/extensionpools"


class Extensions(FullTableStream):
    """An extension (internal phone number), with its owner."""

    name = "extensions"
    path = "/api/v2/telephony/providers/edges/extensions"


class Lines(FullTableStream):
    """A line of a phone."""

    name = "lines"
    path = "/api/v2/telephony/providers/edges/lines"


class OutboundRoutes(FullTableStream):
    """An outbound route: the trunks over which a site's calls leave."""

    name = "outbound_routes"
    path = "/api/v2/telephony/providers/edges/outboundroutes"


class PhoneBaseSettings(FullTableStream):
    """Phone base settings: the common settings of phones of one model."""

    name = "phone_base_settings"
    path = "/api/v2/telephony/providers/edges/phonebasesettings"


class Phones(FullTableStream):
    """A phone, with its site, user and status."""

    name = "phones"
    path = "/api/v2/telephony/providers/edges/phones"


class Sites(FullTableStream):
    """A telephony site: a place, with its edges and media settings."""

    name = "sites"
    path = "/api/v2/telephony/providers/edges/sites"


class TrunkBaseSettings(FullTableStream):
    """Trunk base settings: the common settings of trunks of one type."""

    name = "trunk_base_settings"
    path = "/api/v2/telephony/providers/edges/trunkbasesettings"


class Trunks(FullTableStream):
    """A trunk: a connection of an edge to a carrier or to phones, with its status."""

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
