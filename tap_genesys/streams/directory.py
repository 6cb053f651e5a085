"""Users, groups, teams and roles, and the divisions and places of an org."""

from __future__ import annotations

from tap_genesys.endpoints.listings import (
    LinkedStream,
    ListingStream,
    PerParentLinkedStream,
    PerParentListingStream,
)


class Divisions(ListingStream):
    """The divisions that an org is cut into."""

    name = "divisions"
    path = "/api/v2/authorization/divisions"
    selected_by_default = True


class Groups(ListingStream):
    """The groups of users."""

    name = "groups"
    path = "/api/v2/groups"
    selected_by_default = True
    max_page_size = 500


class Locations(ListingStream):
    """The places that an org has."""

    name = "locations"
    path = "/api/v2/locations"
    selected_by_default = True


class Roles(ListingStream):
    """The roles, with their permissions."""

    name = "roles"
    path = "/api/v2/authorization/roles"


class Stations(ListingStream):
    """The stations that calls are taken at."""

    name = "stations"
    path = "/api/v2/stations"


class Teams(LinkedStream):
    """The teams."""

    name = "teams"
    path = "/api/v2/teams"
    selected_by_default = True


class Users(ListingStream):
    """Everybody who has, or had, a user: leavers are there too, so that their ids resolve."""

    name = "users"
    path = "/api/v2/users"
    selected_by_default = True
    max_page_size = 500
    # Without it the vendor lists the active ones only.
    params = {"state": "any"}  # noqa: RUF012 - declared as ClassVar on the base


class GroupMembers(PerParentListingStream):
    """Who is in which group."""

    name = "group_members"
    path = "/api/v2/groups/{groupId}/members"
    parent_stream_type = Groups


class TeamMembers(PerParentLinkedStream):
    """Who is in which team."""

    name = "team_members"
    path = "/api/v2/teams/{teamId}/members"
    parent_stream_type = Teams


class UserLanguages(PerParentListingStream):
    """The languages of each user."""

    name = "user_languages"
    path = "/api/v2/users/{userId}/routinglanguages"
    parent_stream_type = Users


class UserQueues(PerParentListingStream):
    """The queues that each user has joined."""

    name = "user_queues"
    path = "/api/v2/users/{userId}/queues"
    parent_stream_type = Users


class UserSkills(PerParentListingStream):
    """The skills of each user, with their proficiency."""

    name = "user_skills"
    path = "/api/v2/users/{userId}/routingskills"
    parent_stream_type = Users


STREAMS = (
    Divisions,
    GroupMembers,
    Groups,
    Locations,
    Roles,
    Stations,
    TeamMembers,
    Teams,
    UserLanguages,
    UserQueues,
    UserSkills,
    Users,
)
