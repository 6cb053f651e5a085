"""Who is who."""

from __future__ import annotations

from tap_genesys.endpoints import ListingStream


class Divisions(ListingStream):
    """The divisions that an org is cut into."""

    name = "divisions"
    path = "/api/v2/authorization/divisions"


class Users(ListingStream):
    """Everybody who has, or had, a user: leavers are there too, so that their ids resolve."""

    name = "users"
    path = "/api/v2/users"
    # Without it the vendor lists the active ones only.
    params = {"state": "any"}  # noqa: RUF012 - declared as ClassVar on the base
