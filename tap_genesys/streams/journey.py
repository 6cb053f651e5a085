"""Journeys: segments of visitors, and what these are offered."""

from __future__ import annotations

from tap_genesys.endpoints.listings import ListingStream


class ActionMaps(ListingStream):
    """An action map: an offer to web visitors, and its conditions."""

    name = "action_maps"
    path = "/api/v2/journey/actionmaps"


class ActionTemplates(ListingStream):
    """An action template: the content of an offer to web visitors."""

    name = "action_templates"
    path = "/api/v2/journey/actiontemplates"


class JourneySegments(ListingStream):
    """A segment of web visitors."""

    name = "journey_segments"
    path = "/api/v2/journey/segments"


class JourneyViews(ListingStream):
    """A journey view."""

    name = "journey_views"
    path = "/api/v2/journey/views"


STREAMS = (
    ActionMaps,
    ActionTemplates,
    JourneySegments,
    JourneyViews,
)
