"""Presences: their definitions, and the history of each user's presence and routing status."""

from __future__ import annotations

from tap_genesys.api.paging import SinglePage
from tap_genesys.endpoints.derived_tables import TableStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.user_details import Spans, UserDetailsStream
from tap_genesys.records.extraction import Array


class PresenceDefinitions(FullTableStream):
    """A presence that the org defines, with the system presence that it belongs to."""

    name = "presence_definitions"
    path = "/api/v2/presence/definitions"
    paging = SinglePage()
    selected_by_default = True


class SystemPresences(FullTableStream):
    """A presence that the vendor defines, such as Available, Busy or Away."""

    name = "system_presences"
    path = "/api/v2/systempresences"
    paging = SinglePage()
    records = Array()
    selected_by_default = True


class UserPresences(UserDetailsStream):
    """A span of time in which a user had one presence, such as Available or Meal.

    Read by job up to the data lake's watermark, and by query from there to now
    (`user_details_source`). The rows of `user_routing_statuses` are in the same responses.

    The vendor stores a span on the UTC day on which it begins and, once it has ended, also on the
    day on which it ends (the vendor's page "User Status Detail query"). So a span that began before
    the first load appears when it ends. A span that lasts for days is emitted twice with one key:
    without an end, then with it. Each day is read again five days after its end, since the vendor
    corrects ends.
    """

    name = "user_presences"
    path = "/api/v2/analytics/users/details/query"
    jobs_path = "/api/v2/analytics/users/details/jobs"
    spans = Spans("primaryPresence", ("systemPresence", "organizationPresenceId"))


class UserRoutingStatuses(TableStream):
    """A span of time in which a user had one routing status, such as IDLE or OFF_QUEUE.

    The rows come from the responses of `user_presences`, whether that stream is selected or not,
    and share its bookmark: if this stream is selected later, its rows begin at that bookmark, and
    `load_history` loads the earlier ones.
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
