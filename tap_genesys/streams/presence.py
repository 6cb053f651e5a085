"""Presences: their definitions, and the history of each user's presence and routing status."""

from __future__ import annotations

from tap_genesys.api.paging import SinglePage
from tap_genesys.endpoints.derived_tables import TableStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.user_details import Spans, UserDetailsStream
from tap_genesys.records.extraction import Array


class PresenceDefinitions(FullTableStream):
    """A presence defined by the org."""

    name = "presence_definitions"
    path = "/api/v2/presence/definitions"
    paging = SinglePage()
    selected_by_default = True


class SystemPresences(FullTableStream):
    """A presence defined by the vendor."""

    name = "system_presences"
    path = "/api/v2/systempresences"
    paging = SinglePage()
    records = Array()
    selected_by_default = True


class UserPresences(UserDetailsStream):
    """A span of time for which a user was in one presence.

    By job up to the data lake's watermark and by query from there to now (`user_details_source`).
    `user_routing_statuses` are made of the same responses.

    The vendor stores a span on the UTC day on which it begins, and once it has ended, on the day on
    which it ends, too ("User Status Detail query"). So one that began before the first load appears
    when it ends, and one that lasts for days comes twice, with one key: without an end, then with
    it. Each day is read again when it is five days old, as the vendor corrects ends.
    """

    name = "user_presences"
    path = "/api/v2/analytics/users/details/query"
    jobs_path = "/api/v2/analytics/users/details/jobs"
    spans = Spans("primaryPresence", ("systemPresence", "organizationPresenceId"))


class UserRoutingStatuses(TableStream):
    """A span of time for which a user had one routing status, such as off queue or idle.

    Its rows are in the responses to the requests of `user_presences`, whether that stream is
    selected or not, and its bookmark is that stream's: where it is selected later, its rows begin
    at that bookmark.
    """

    name = "user_routing_statuses"
    parent_stream_type = UserPresences
    replication_key = "startTime"
    selected_by_default = False
    spans = Spans("routingStatus", ("routingStatus",))


STREAMS = (
    PresenceDefinitions,
    SystemPresences,
    UserPresences,
    UserRoutingStatuses,
)
