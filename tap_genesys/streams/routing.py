"""Routing: queues, skills, languages, wrap-up codes, and addresses for messages."""

from __future__ import annotations

from tap_genesys.api.paging import NextLink, PageNumbers, SinglePage
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.records.extraction import Map


class EmailDomains(FullTableStream):
    """A domain for inbound email."""

    name = "email_domains"
    path = "/api/v2/routing/email/domains"


class RoutingLanguages(FullTableStream):
    """A language by which conversations are routed to agents."""

    name = "routing_languages"
    path = "/api/v2/routing/languages"
    selected_by_default = True


class RoutingQueues(FullTableStream):
    """A queue, with its settings."""

    name = "routing_queues"
    path = "/api/v2/routing/queues"
    selected_by_default = True
    paging = PageNumbers(max_page_size=500)


class RoutingSkillGroups(FullTableStream):
    """A skill group: the users who match a rule about skills."""

    name = "routing_skill_groups"
    path = "/api/v2/routing/skillgroups"
    paging = NextLink()


class RoutingSkills(FullTableStream):
    """An ACD skill by which conversations are routed to agents."""

    name = "routing_skills"
    path = "/api/v2/routing/skills"
    selected_by_default = True


class RoutingUtilization(FullTableStream):
    """The capacity of agents in one medium: the maximum number of simultaneous conversations."""

    name = "routing_utilization"
    path = "/api/v2/routing/utilization"
    paging = SinglePage()
    records = Map("utilization", "mediaType")
    primary_keys = ("mediaType",)


class SmsPhoneNumbers(FullTableStream):
    """A phone number for text messages."""

    name = "sms_phone_numbers"
    path = "/api/v2/routing/sms/phonenumbers"


class UtilizationLabels(FullTableStream):
    """A utilization label, by which conversations of several media share an agent's capacity."""

    name = "utilization_labels"
    path = "/api/v2/routing/utilization/labels"


class WrapupCodes(FullTableStream):
    """A wrap-up code: the outcome that an agent assigns to a conversation."""

    name = "wrapup_codes"
    path = "/api/v2/routing/wrapupcodes"
    selected_by_default = True


class EmailRoutes(ChildStream):
    """An email route: an address of an email domain, and the queue or flow that gets its emails."""

    name = "email_routes"
    path = "/api/v2/routing/email/domains/{domainName}/routes"
    parent_stream_type = EmailDomains


class RoutingQueueMembers(ChildStream):
    """A member of a queue."""

    name = "routing_queue_members"
    path = "/api/v2/routing/queues/{queueId}/members"
    paging = NextLink()
    parent_stream_type = RoutingQueues
    # The first page has a number, the next ones are links; there are no counts.
    params = {"pageNumber": 1}  # noqa: RUF012 - declared as ClassVar on the base


class RoutingQueueWrapupCodes(ChildStream):
    """A wrap-up code of a queue."""

    name = "routing_queue_wrapup_codes"
    path = "/api/v2/routing/queues/{queueId}/wrapupcodes"
    parent_stream_type = RoutingQueues


class RoutingSkillGroupMembers(ChildStream):
    """A member of a skill group."""

    name = "routing_skill_group_members"
    path = "/api/v2/routing/skillgroups/{skillGroupId}/members"
    paging = NextLink()
    parent_stream_type = RoutingSkillGroups


STREAMS = (
    EmailDomains,
    EmailRoutes,
    RoutingLanguages,
    RoutingQueueMembers,
    RoutingQueueWrapupCodes,
    RoutingQueues,
    RoutingSkillGroupMembers,
    RoutingSkillGroups,
    RoutingSkills,
    RoutingUtilization,
    SmsPhoneNumbers,
    UtilizationLabels,
    WrapupCodes,
)
