"""What conversations are routed by."""

from __future__ import annotations

from tap_genesys.endpoints.listings import (
    LinkedStream,
    ListingStream,
    MapStream,
    PerParentLinkedStream,
    PerParentListingStream,
)


class EmailDomains(ListingStream):
    """The domains that mails arrive at."""

    name = "email_domains"
    path = "/api/v2/routing/email/domains"


class RoutingLanguages(ListingStream):
    """The languages that are routed by."""

    name = "routing_languages"
    path = "/api/v2/routing/languages"
    selected_by_default = True


class RoutingQueues(ListingStream):
    """The queues, with their settings."""

    name = "routing_queues"
    path = "/api/v2/routing/queues"
    selected_by_default = True
    max_page_size = 500


class RoutingSkillGroups(LinkedStream):
    """The groups of users that a rule about skills makes."""

    name = "routing_skill_groups"
    path = "/api/v2/routing/skillgroups"


class RoutingSkills(ListingStream):
    """The skills that are routed by."""

    name = "routing_skills"
    path = "/api/v2/routing/skills"
    selected_by_default = True


class RoutingUtilization(MapStream):
    """How many conversations of each medium an agent may have at once."""

    name = "routing_utilization"
    path = "/api/v2/routing/utilization"
    primary_keys = ("mediaType",)
    records_key = "utilization"
    key_column = "mediaType"


class SmsPhoneNumbers(ListingStream):
    """The numbers that text messages arrive at."""

    name = "sms_phone_numbers"
    path = "/api/v2/routing/sms/phonenumbers"


class UtilizationLabels(ListingStream):
    """The labels that share an agent's capacity."""

    name = "utilization_labels"
    path = "/api/v2/routing/utilization/labels"


class WrapupCodes(ListingStream):
    """The wrap-up codes that agents choose from."""

    name = "wrapup_codes"
    path = "/api/v2/routing/wrapupcodes"
    selected_by_default = True


class EmailRoutes(PerParentListingStream):
    """The addresses of each domain, and where their mails go."""

    name = "email_routes"
    path = "/api/v2/routing/email/domains/{domainName}/routes"
    parent_stream_type = EmailDomains


class RoutingQueueMembers(PerParentLinkedStream):
    """Who is a member of which queue."""

    name = "routing_queue_members"
    path = "/api/v2/routing/queues/{queueId}/members"
    parent_stream_type = RoutingQueues
    # The first page has a number; what follows is linked, and nothing is counted.
    params = {"pageNumber": 1}  # noqa: RUF012 - declared as ClassVar on the base


class RoutingQueueWrapupCodes(PerParentListingStream):
    """The wrap-up codes of each queue."""

    name = "routing_queue_wrapup_codes"
    path = "/api/v2/routing/queues/{queueId}/wrapupcodes"
    parent_stream_type = RoutingQueues


class RoutingSkillGroupMembers(PerParentLinkedStream):
    """Who is in which skill group."""

    name = "routing_skill_group_members"
    path = "/api/v2/routing/skillgroups/{skillGroupId}/members"
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
