"""Integrations, their types, and data actions."""

from __future__ import annotations

from tap_genesys.endpoints.listings import FullTableStream


class IntegrationActions(FullTableStream):
    """A data action."""

    name = "integration_actions"
    path = "/api/v2/integrations/actions"


class IntegrationTypes(FullTableStream):
    """A type of integration."""

    name = "integration_types"
    path = "/api/v2/integrations/types"


class Integrations(FullTableStream):
    """An integration."""

    name = "integrations"
    path = "/api/v2/integrations"


STREAMS = (
    IntegrationActions,
    IntegrationTypes,
    Integrations,
)
