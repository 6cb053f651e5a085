"""The organization: its limits and licenses, and its OAuth clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.api.paging import NextLink, SinglePage
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.costs import PerParent
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.records.extraction import Array, Whole

if TYPE_CHECKING:
    from tap_genesys.endpoints.costs import Cost


class LicenseDefinitions(FullTableStream):
    """A licence of the vendor's, with the permissions that it includes."""

    name = "license_definitions"
    path = "/api/v2/license/definitions"
    paging = SinglePage()
    records = Array()


class LicenseUsers(FullTableStream):
    """A user, with the licences that are assigned to them."""

    name = "license_users"
    path = "/api/v2/license/users"


class LimitChangeRequests(FullTableStream):
    """The org's request to change one of its limits, with the status."""

    name = "limit_change_requests"
    is_history = True
    path = "/api/v2/organizations/limits/changerequests"
    paging = NextLink()


class OauthClients(FullTableStream):
    """An OAuth client of the org, with its grant type, roles and state."""

    name = "oauth_clients"
    path = "/api/v2/oauth/clients"
    paging = NextLink(size_param="")


class Organization(FullTableStream):
    """The org itself; the table has one row."""

    name = "organization"
    path = "/api/v2/organizations/me"
    paging = SinglePage()
    records = Whole()
    selected_by_default = True


class OrganizationLimits(ChildStream):
    """A limit of the org, with the value in force.

    Read with a request for each of the vendor's namespaces; one that the org does not have has no
    rows.
    """

    name = "organization_limits"
    path = "/api/v2/organizations/limits/namespaces/{namespaceName}"
    paging = SinglePage()
    primary_keys = ("namespaceName", "key")

    @override
    def contexts(self) -> list[dict[str, Any]]:
        return [{self.parent_column: name} for name in schemas.facts("namespaces")]

    @property
    @override
    def cost(self) -> Cost:
        return PerParent(self.page_size, f"1 for each of {len(self.contexts())} namespaces")


STREAMS = (
    LicenseDefinitions,
    LicenseUsers,
    LimitChangeRequests,
    OauthClients,
    Organization,
    OrganizationLimits,
)
