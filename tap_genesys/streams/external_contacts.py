"""External contacts and organizations, with notes and relationships."""

from __future__ import annotations

from tap_genesys.endpoints.listings import ScanStream


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


class ExternalOrganizations(ScanStream):
    """The companies that an org knows."""

    name = "external_organizations"
    path = "/api/v2/externalcontacts/scan/organizations"


STREAMS = (
    ExternalContactNotes,
    ExternalContactRelationships,
    ExternalContacts,
    ExternalOrganizations,
)
