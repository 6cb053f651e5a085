"""Users, groups, teams and roles, and the divisions and places of an org."""

from __future__ import annotations

from tap_genesys.api.paging import NextLink, PageNumbers
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream


class Divisions(FullTableStream):
    """A division: a part of the org with its own access control."""

    name = "divisions"
    path = "/api/v2/authorization/divisions"
    selected_by_default = True


class Groups(FullTableStream):
    """A group of users, with its type, owners and number of members."""

    name = "groups"
    path = "/api/v2/groups"
    selected_by_default = True
    paging = PageNumbers(max_page_size=500)


class Locations(FullTableStream):
    """A location of the org: an address, or a floor of it."""

    name = "locations"
    path = "/api/v2/locations"
    selected_by_default = True


class Roles(FullTableStream):
    """A role: a named set of permissions."""

    name = "roles"
    path = "/api/v2/authorization/roles"


class Stations(FullTableStream):
    """A station: the phone, physical or in the browser, on which a user takes calls."""

    name = "stations"
    path = "/api/v2/stations"


class Teams(FullTableStream):
    """A team of agents."""

    name = "teams"
    path = "/api/v2/teams"
    paging = NextLink()
    selected_by_default = True


class Users(FullTableStream):
    """A user, active or inactive; inactive ones are read so that all user ids resolve."""

    name = "users"
    path = "/api/v2/users"
    selected_by_default = True
    paging = PageNumbers(max_page_size=500)
    # Without it the vendor returns active users only.
    params = {"state": "any"}  # noqa: RUF012 - declared as ClassVar on the base


class GroupMembers(ChildStream):
    """A member of a group."""

    name = "group_members"
    path = "/api/v2/groups/{groupId}/members"
    parent_stream_type = Groups


class TeamMembers(ChildStream):
    """A member of a team."""

    name = "team_members"
    path = "/api/v2/teams/{teamId}/members"
    paging = NextLink()
    parent_stream_type = Teams


class UserLanguages(ChildStream):
    """A language skill of a user, with its proficiency."""

    name = "user_languages"
    path = "/api/v2/users/{userId}/routinglanguages"
    parent_stream_type = Users


class UserQueues(ChildStream):
    """A queue that a user has joined."""

    name = "user_queues"
    path = "/api/v2/users/{userId}/queues"
    parent_stream_type = Users


class UserSkills(ChildStream):
    """An ACD skill of a user, with its proficiency."""

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
