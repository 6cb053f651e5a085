"""Journeys: segments of visitors, and what these are offered."""

from __future__ import annotations

from tap_genesys.endpoints.listings import ListingStream


class ActionMaps(ListingStream):
    """When a visitor of a web page is offered what."""

    name = "action_maps"
    path = "/api/v2/journey/actionmaps"


class ActionTemplates(ListingStream):
    """What a visitor can be offered."""

    name = "action_templates"
    path = "/api/v2/journey/actiontemplates"


class JourneySegments(ListingStream):
    """The segments of visitors."""

    name = "journey_segments"
    path = "/api/v2/journey/segments"


class JourneyViews(ListingStream):
    """The journey views."""

    name = "journey_views"
    path = "/api/v2/journey/views"


STREAMS = (
    ActionMaps,
    ActionTemplates,
    JourneySegments,
    JourneyViews,
)
