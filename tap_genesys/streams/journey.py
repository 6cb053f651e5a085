"""Journeys: segments of visitors, and what these are offered."""

from __future__ import annotations

from tap_genesys.endpoints.listings import FullTableStream


class ActionMaps(FullTableStream):
    """An action map: an offer to web visitors, and its conditions."""

    name = "action_maps"
    path = "/api/v2/journey/actionmaps"


class ActionTemplates(FullTableStream):
    """An action template: the content of an offer to web visitors."""

    name = "action_templates"
    path = "/api/v2/journey/actiontemplates"


class JourneySegments(FullTableStream):
    """A segment of web visitors."""

    name = "journey_segments"
    path = "/api/v2/journey/segments"


class JourneyViews(FullTableStream):
    """A journey view."""

    name = "journey_views"
    path = "/api/v2/journey/views"


STREAMS = (
    ActionMaps,
    ActionTemplates,
    JourneySegments,
    JourneyViews,
)
