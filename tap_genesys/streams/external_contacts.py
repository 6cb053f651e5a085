"""External contacts and organizations, with notes and relationships."""

from __future__ import annotations

from tap_genesys.api.paging import Cursor
from tap_genesys.endpoints.listings import FullTableStream


class ExternalContactNotes(FullTableStream):
    """A note about an external contact."""

    name = "external_contact_notes"
    path = "/api/v2/externalcontacts/scan/notes"
    paging = Cursor()


class ExternalContactRelationships(FullTableStream):
    """A relationship of a user with an external contact."""

    name = "external_contact_relationships"
    path = "/api/v2/externalcontacts/scan/relationships"
    paging = Cursor()


class ExternalContacts(FullTableStream):
    """An external contact: a customer of the org."""

    name = "external_contacts"
    path = "/api/v2/externalcontacts/scan/contacts"
    paging = Cursor()


class ExternalOrganizations(FullTableStream):
    """An external organization: a company of customers."""

    name = "external_organizations"
    path = "/api/v2/externalcontacts/scan/organizations"
    paging = Cursor()


STREAMS = (
    ExternalContactNotes,
    ExternalContactRelationships,
    ExternalContacts,
    ExternalOrganizations,
)
