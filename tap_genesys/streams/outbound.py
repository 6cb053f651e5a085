"""Campaigns, and what they work with."""

from __future__ import annotations

from tap_genesys.endpoints.listings import ArrayStream, ListingStream, MapStream


class AttemptLimits(ListingStream):
    """How often a contact may be tried."""

    name = "attempt_limits"
    path = "/api/v2/outbound/attemptlimits"


class CallAnalysisSets(ListingStream):
    """What is done about each result of a call's analysis."""

    name = "call_analysis_sets"
    path = "/api/v2/outbound/callanalysisresponsesets"


class CallableTimeSets(ListingStream):
    """When contacts may be called."""

    name = "callable_time_sets"
    path = "/api/v2/outbound/callabletimesets"


class CampaignRules(ListingStream):
    """The rules that start, stop and change campaigns."""

    name = "campaign_rules"
    path = "/api/v2/outbound/campaignrules"


class CampaignSchedules(ArrayStream):
    """When campaigns run."""

    name = "campaign_schedules"
    path = "/api/v2/outbound/schedules/campaigns"


class ContactListFilters(ListingStream):
    """The filters of contact lists."""

    name = "contact_list_filters"
    path = "/api/v2/outbound/contactlistfilters"


class ContactListTemplates(ListingStream):
    """The templates of contact lists."""

    name = "contact_list_templates"
    path = "/api/v2/outbound/contactlisttemplates"


class ContactLists(ListingStream):
    """The lists of contacts."""

    name = "contact_lists"
    path = "/api/v2/outbound/contactlists"


class DigitalRuleSets(ListingStream):
    """The rule sets of messaging campaigns."""

    name = "digital_rule_sets"
    path = "/api/v2/outbound/digitalrulesets"


class DncLists(ListingStream):
    """The lists of who must not be contacted."""

    name = "dnc_lists"
    path = "/api/v2/outbound/dnclists"


class FileSpecificationTemplates(ListingStream):
    """How files of contacts are read."""

    name = "file_specification_templates"
    path = "/api/v2/outbound/filespecificationtemplates"


class ImportTemplates(ListingStream):
    """How contacts are imported."""

    name = "import_templates"
    path = "/api/v2/outbound/importtemplates"


class MessagingCampaigns(ListingStream):
    """The campaigns by message and mail."""

    name = "messaging_campaigns"
    path = "/api/v2/outbound/messagingcampaigns"


class OutboundCampaigns(ListingStream):
    """The campaigns by voice."""

    name = "outbound_campaigns"
    path = "/api/v2/outbound/campaigns"


class OutboundEvents(ListingStream):
    """What the dialler has logged lately."""

    name = "outbound_events"
    is_history = True
    path = "/api/v2/outbound/events"


class RuleSets(ListingStream):
    """The rule sets of campaigns."""

    name = "rule_sets"
    path = "/api/v2/outbound/rulesets"


class SequenceSchedules(ArrayStream):
    """When sequences run."""

    name = "sequence_schedules"
    path = "/api/v2/outbound/schedules/sequences"


class Sequences(ListingStream):
    """The campaigns that follow each other."""

    name = "sequences"
    path = "/api/v2/outbound/sequences"


class WrapupCodeMappings(MapStream):
    """What a wrap-up code says about a contact."""

    name = "wrapup_code_mappings"
    path = "/api/v2/outbound/wrapupcodemappings"
    primary_keys = ("wrapUpCodeId",)
    records_key = "mapping"
    key_column = "wrapUpCodeId"
    value_column = "flags"


STREAMS = (
    AttemptLimits,
    CallAnalysisSets,
    CallableTimeSets,
    CampaignRules,
    CampaignSchedules,
    ContactListFilters,
    ContactListTemplates,
    ContactLists,
    DigitalRuleSets,
    DncLists,
    FileSpecificationTemplates,
    ImportTemplates,
    MessagingCampaigns,
    OutboundCampaigns,
    OutboundEvents,
    RuleSets,
    SequenceSchedules,
    Sequences,
    WrapupCodeMappings,
)
