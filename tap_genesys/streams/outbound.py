"""Outbound: campaigns, contact lists and rules."""

from __future__ import annotations

from tap_genesys.api.paging import SinglePage
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.records.extraction import Array, Map, Whole


class AttemptLimits(FullTableStream):
    """An attempt limit: the maximum number of attempts per contact and per phone number."""

    name = "attempt_limits"
    path = "/api/v2/outbound/attemptlimits"


class CallAnalysisSets(FullTableStream):
    """A call analysis response set: the reaction to each result, such as an answering machine."""

    name = "call_analysis_sets"
    path = "/api/v2/outbound/callanalysisresponsesets"


class CallableTimeSets(FullTableStream):
    """A callable time set: the hours, by time zone, in which contacts may be called."""

    name = "callable_time_sets"
    path = "/api/v2/outbound/callabletimesets"


class CampaignRules(FullTableStream):
    """A campaign rule: conditions on which campaigns are started, stopped or changed."""

    name = "campaign_rules"
    path = "/api/v2/outbound/campaignrules"


class CampaignSchedules(FullTableStream):
    """The schedule of a campaign: the periods in which it runs."""

    name = "campaign_schedules"
    path = "/api/v2/outbound/schedules/campaigns"
    paging = SinglePage()
    records = Array()


class ContactListFilters(FullTableStream):
    """A contact list filter: conditions that select contacts of a list."""

    name = "contact_list_filters"
    path = "/api/v2/outbound/contactlistfilters"


class ContactListTemplates(FullTableStream):
    """A contact list template: the settings of new contact lists."""

    name = "contact_list_templates"
    path = "/api/v2/outbound/contactlisttemplates"


class ContactLists(FullTableStream):
    """A contact list: its columns, size and settings, not the contacts."""

    name = "contact_lists"
    path = "/api/v2/outbound/contactlists"


class DigitalRuleSets(FullTableStream):
    """A rule set of messaging campaigns: conditions, and actions on contacts."""

    name = "digital_rule_sets"
    path = "/api/v2/outbound/digitalrulesets"


class DncLists(FullTableStream):
    """A do-not-contact list: its size and settings, not the numbers."""

    name = "dnc_lists"
    path = "/api/v2/outbound/dnclists"


class FileSpecificationTemplates(FullTableStream):
    """A file specification template: the format of files with contacts."""

    name = "file_specification_templates"
    path = "/api/v2/outbound/filespecificationtemplates"


class ImportTemplates(FullTableStream):
    """An import template: the contact list and the format for an import of contacts."""

    name = "import_templates"
    path = "/api/v2/outbound/importtemplates"


class MessagingCampaigns(FullTableStream):
    """A campaign by text message or email."""

    name = "messaging_campaigns"
    path = "/api/v2/outbound/messagingcampaigns"


class OutboundCampaigns(FullTableStream):
    """A voice campaign."""

    name = "outbound_campaigns"
    path = "/api/v2/outbound/campaigns"


class OutboundEvents(FullTableStream):
    """An entry in the dialer's event log: an error or a warning of a campaign."""

    name = "outbound_events"
    is_history = True
    path = "/api/v2/outbound/events"


class RuleSets(FullTableStream):
    """A rule set of voice campaigns: conditions, and actions on contacts."""

    name = "rule_sets"
    path = "/api/v2/outbound/rulesets"


class SequenceSchedules(FullTableStream):
    """The schedule of a sequence: the periods in which it runs."""

    name = "sequence_schedules"
    path = "/api/v2/outbound/schedules/sequences"
    paging = SinglePage()
    records = Array()


class Sequences(FullTableStream):
    """A sequence: campaigns that run one after the other."""

    name = "sequences"
    path = "/api/v2/outbound/sequences"


class WrapupCodeMappings(FullTableStream):
    """The mapping of a wrap-up code to flags, such as "right party contact", of a contact."""

    name = "wrapup_code_mappings"
    path = "/api/v2/outbound/wrapupcodemappings"
    paging = SinglePage()
    records = Map("mapping", "wrapUpCodeId", "flags")
    primary_keys = ("wrapUpCodeId",)


class MessagingCampaignProgress(ChildStream):
    """The progress of a messaging campaign: its contacts, and those messaged and skipped."""

    name = "messaging_campaign_progress"
    path = "/api/v2/outbound/messagingcampaigns/{messagingCampaignId}/progress"
    paging = SinglePage()
    records = Whole()
    parent_stream_type = MessagingCampaigns
    primary_keys = ("messagingCampaignId",)


class OutboundCampaignDiagnostics(ChildStream):
    """The diagnostics of a voice campaign at `_readAt`: callable contacts, agents and errors."""

    name = "outbound_campaign_diagnostics"
    path = "/api/v2/outbound/campaigns/{campaignId}/diagnostics"
    paging = SinglePage()
    records = Whole()
    parent_stream_type = OutboundCampaigns
    primary_keys = ("campaignId",)


class OutboundCampaignInteractions(ChildStream):
    """The interactions of a voice campaign that are open at `_readAt`: a list for each state."""

    name = "outbound_campaign_interactions"
    path = "/api/v2/outbound/campaigns/{campaignId}/interactions"
    paging = SinglePage()
    records = Whole()
    parent_stream_type = OutboundCampaigns
    primary_keys = ("campaignId",)


class OutboundCampaignProgress(ChildStream):
    """The progress of a voice campaign: its contacts, and those called and skipped."""

    name = "outbound_campaign_progress"
    path = "/api/v2/outbound/campaigns/{campaignId}/progress"
    paging = SinglePage()
    records = Whole()
    parent_stream_type = OutboundCampaigns
    primary_keys = ("campaignId",)


class OutboundCampaignStats(ChildStream):
    """The statistics of a voice campaign at `_readAt`: connect rate, agents, calls and lines."""

    name = "outbound_campaign_stats"
    path = "/api/v2/outbound/campaigns/{campaignId}/stats"
    paging = SinglePage()
    records = Whole()
    parent_stream_type = OutboundCampaigns
    primary_keys = ("campaignId",)


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
    MessagingCampaignProgress,
    MessagingCampaigns,
    OutboundCampaignDiagnostics,
    OutboundCampaignInteractions,
    OutboundCampaignProgress,
    OutboundCampaignStats,
    OutboundCampaigns,
    OutboundEvents,
    RuleSets,
    SequenceSchedules,
    Sequences,
    WrapupCodeMappings,
)
