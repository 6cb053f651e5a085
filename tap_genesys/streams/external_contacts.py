"""External contacts and organizations, with notes and relationships."""

from __future__ import annotations

from tap_genesys.endpoints.listings import ScanStream


class ExternalContactNotes(ScanStream):
    """A note about an external contact."""

    name = "external_contact_notes"
    path = "/api/v2/externalcontacts/scan/notes"


class ExternalContactRelationships(ScanStream):
    """A relationship of a user with an external contact."""

    name = "external_contact_relationships"
    path = "/api/v2/externalcontacts/scan/relationships"


class ExternalContacts(ScanStream):
    """An external contact: a customer of the org."""

    name = "external_contacts"
    path = "/api/v2/externalcontacts/scan/contacts"


class ExternalOrganizations(ScanStream):
    """An external organization: a company of customers."""

    name = "external_organizations"
    path = "/api/v2/externalcontacts/scan/organizations"


STREAMS = (
    ExternalContactNotes,
    ExternalContactRelationships,
    ExternalContacts,
    ExternalOrganizations,
)
