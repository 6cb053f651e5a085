"""Journeys: segments of visitors, and what these are offered."""

from __future__ import annotations

from tap_genesys.endpoints.listings import FullTableStream


class ActionMaps(FullTableStream):
    """An action map: the conditions on which web visitors get an offer."""

    name = "action_maps"
    path = "/api/v2/journey/actionmaps"


class ActionTemplates(FullTableStream):
    """An action template: the content of an offer to web visitors."""

    name = "action_templates"
    path = "/api/v2/journey/actiontemplates"


class JourneySegments(FullTableStream):
    """A journey segment: web visitors who match conditions."""

    name = "journey_segments"
    path = "/api/v2/journey/segments"


class JourneyViews(FullTableStream):
    """A journey view: a query over customers' events, and its charts."""

    name = "journey_views"
    path = "/api/v2/journey/views"


STREAMS = (
    ActionMaps,
    ActionTemplates,
    JourneySegments,
    JourneyViews,
)
