"""Outbound: campaigns, contact lists and rules."""

from __future__ import annotations

from tap_genesys.api.paging import SinglePage
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.records.extraction import Array, Map


class AttemptLimits(FullTableStream):
    """An attempt limit: the most attempts at a contact."""

    name = "attempt_limits"
    path = "/api/v2/outbound/attemptlimits"


class CallAnalysisSets(FullTableStream):
    """A call analysis response set: the reaction to each result of call analysis."""

    name = "call_analysis_sets"
    path = "/api/v2/outbound/callanalysisresponsesets"


class CallableTimeSets(FullTableStream):
    """A callable time set: the times at which contacts may be called."""

    name = "callable_time_sets"
    path = "/api/v2/outbound/callabletimesets"


class CampaignRules(FullTableStream):
    """A rule that starts, stops or changes campaigns."""

    name = "campaign_rules"
    path = "/api/v2/outbound/campaignrules"


class CampaignSchedules(FullTableStream):
    """The schedule of a campaign."""

    name = "campaign_schedules"
    path = "/api/v2/outbound/schedules/campaigns"
    paging = SinglePage()
    records = Array()


class ContactListFilters(FullTableStream):
    """A filter of a contact list."""

    name = "contact_list_filters"
    path = "/api/v2/outbound/contactlistfilters"


class ContactListTemplates(FullTableStream):
    """A template of contact lists."""

    name = "contact_list_templates"
    path = "/api/v2/outbound/contactlisttemplates"


class ContactLists(FullTableStream):
    """A contact list."""

    name = "contact_lists"
    path = "/api/v2/outbound/contactlists"


class DigitalRuleSets(FullTableStream):
    """A rule set of messaging campaigns."""

    name = "digital_rule_sets"
    path = "/api/v2/outbound/digitalrulesets"


class DncLists(FullTableStream):
    """A do-not-contact list."""

    name = "dnc_lists"
    path = "/api/v2/outbound/dnclists"


class FileSpecificationTemplates(FullTableStream):
    """A file specification template: the format of files of contacts."""

    name = "file_specification_templates"
    path = "/api/v2/outbound/filespecificationtemplates"


class ImportTemplates(FullTableStream):
    """A template for the import of contacts."""

    name = "import_templates"
    path = "/api/v2/outbound/importtemplates"


class MessagingCampaigns(FullTableStream):
    """A campaign by message or email."""

    name = "messaging_campaigns"
    path = "/api/v2/outbound/messagingcampaigns"


class OutboundCampaigns(FullTableStream):
    """A voice campaign."""

    name = "outbound_campaigns"
    path = "/api/v2/outbound/campaigns"


class OutboundEvents(FullTableStream):
    """A recent entry in the dialer's event log."""

    name = "outbound_events"
    is_history = True
    path = "/api/v2/outbound/events"


class RuleSets(FullTableStream):
    """A rule set of campaigns."""

    name = "rule_sets"
    path = "/api/v2/outbound/rulesets"


class SequenceSchedules(FullTableStream):
    """The schedule of a sequence."""

    name = "sequence_schedules"
    path = "/api/v2/outbound/schedules/sequences"
    paging = SinglePage()
    records = Array()


class Sequences(FullTableStream):
    """A sequence of campaigns."""

    name = "sequences"
    path = "/api/v2/outbound/sequences"


class WrapupCodeMappings(FullTableStream):
    """The mapping of a wrap-up code to flags of a contact."""

    name = "wrapup_code_mappings"
    path = "/api/v2/outbound/wrapupcodemappings"
    paging = SinglePage()
    records = Map("mapping", "wrapUpCodeId", "flags")
    primary_keys = ("wrapUpCodeId",)


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
