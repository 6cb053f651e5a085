"""Integrations, their types, and data actions."""

from __future__ import annotations

from tap_genesys.endpoints.listings import FullTableStream


class IntegrationActions(FullTableStream):
    """A data action: a request to another system that flows and scripts can make."""

    name = "integration_actions"
    path = "/api/v2/integrations/actions"


class IntegrationTypes(FullTableStream):
    """A type of integration that an org can install, with its provider."""

    name = "integration_types"
    path = "/api/v2/integrations/types"


class Integrations(FullTableStream):
    """An integration with another system, with its type and state."""

    name = "integrations"
    path = "/api/v2/integrations"


STREAMS = (
    IntegrationActions,
    IntegrationTypes,
    Integrations,
)
