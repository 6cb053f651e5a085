"""The platform itself, and what hangs on it."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.endpoints.listings import (
    ArrayStream,
    LinkedStream,
    ListingStream,
    PerParentUnpagedStream,
    QueryListingStream,
    ScanStream,
    UnpagedStream,
)


class ActionMaps(ListingStream):
    """When a visitor of a web page is offered what."""

    name = "action_maps"
    path = "/api/v2/journey/actionmaps"


class ActionTemplates(ListingStream):
    """What a visitor can be offered."""

    name = "action_templates"
    path = "/api/v2/journey/actiontemplates"


class ExternalContactNotes(ScanStream):
    """Notes about customers."""

    name = "external_contact_notes"
    path = "/api/v2/externalcontacts/scan/notes"


class ExternalContactRelationships(ScanStream):
    """Which users look after which customers."""

    name = "external_contact_relationships"
    path = "/api/v2/externalcontacts/scan/relationships"


class ExternalContacts(ScanStream):
    """The customers that an org knows."""

    name = "external_contacts"
    path = "/api/v2/externalcontacts/scan/contacts"


class ExternalMetricDefinitions(ListingStream):
    """Metrics that come from outside."""

    name = "external_metric_definitions"
    path = "/api/v2/employeeperformance/externalmetrics/definitions"


class ExternalOrganizations(ScanStream):
    """The companies that an org knows."""

    name = "external_organizations"
    path = "/api/v2/externalcontacts/scan/organizations"


class IntegrationActions(ListingStream):
    """The data actions."""

    name = "integration_actions"
    path = "/api/v2/integrations/actions"


class IntegrationTypes(ListingStream):
    """The kinds of integrations."""

    name = "integration_types"
    path = "/api/v2/integrations/types"


class Integrations(ListingStream):
    """The integrations."""

    name = "integrations"
    path = "/api/v2/integrations"


class JourneySegments(ListingStream):
    """The segments of visitors."""

    name = "journey_segments"
    path = "/api/v2/journey/segments"


class JourneyViews(ListingStream):
    """The journey views."""

    name = "journey_views"
    path = "/api/v2/journey/views"


class LearningModules(ListingStream):
    """What agents can learn."""

    name = "learning_modules"
    path = "/api/v2/learning/modules"


class LicenseDefinitions(ArrayStream):
    """The licences that there are."""

    name = "license_definitions"
    path = "/api/v2/license/definitions"


class LicenseUsers(ListingStream):
    """Who has which licences."""

    name = "license_users"
    path = "/api/v2/license/users"


class LimitChangeRequests(LinkedStream):
    """Limits that an org has asked to be changed."""

    name = "limit_change_requests"
    is_history = True
    path = "/api/v2/organizations/limits/changerequests"


class OauthClients(LinkedStream):
    """The clients of the API."""

    name = "oauth_clients"
    path = "/api/v2/oauth/clients"
    size_param = ""


class OrganizationLimits(PerParentUnpagedStream):
    """What an org may have and do, limit by limit, as it is in force.

    A request for each of the vendor's namespaces; one that an org does not have has no rows.
    """

    name = "organization_limits"
    path = "/api/v2/organizations/limits/namespaces/{namespaceName}"
    primary_keys = ("namespaceName", "key")

    @override
    def contexts(self) -> list[dict[str, Any]]:
        return [{self.parent_column: name} for name in schemas.facts("namespaces")]


class PerformanceProfiles(UnpagedStream):
    """What agents are measured by."""

    name = "performance_profiles"
    path = "/api/v2/gamification/profiles"


class UsageEventDefinitions(UnpagedStream):
    """The operational events that there are."""

    name = "usage_event_definitions"
    path = "/api/v2/usage/events/definitions"


class Workbins(QueryListingStream):
    """Where work items lie."""

    name = "workbins"
    path = "/api/v2/taskmanagement/workbins/query"


class Worktypes(QueryListingStream):
    """The kinds of work items."""

    name = "worktypes"
    path = "/api/v2/taskmanagement/worktypes/query"


STREAMS = (
    ActionMaps,
    ActionTemplates,
    ExternalContactNotes,
    ExternalContactRelationships,
    ExternalContacts,
    ExternalMetricDefinitions,
    ExternalOrganizations,
    IntegrationActions,
    IntegrationTypes,
    Integrations,
    JourneySegments,
    JourneyViews,
    LearningModules,
    LicenseDefinitions,
    LicenseUsers,
    LimitChangeRequests,
    OauthClients,
    OrganizationLimits,
    PerformanceProfiles,
    UsageEventDefinitions,
    Workbins,
    Worktypes,
)
