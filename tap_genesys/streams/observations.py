"""Observations: metrics of flows, queues and users at the moment of the run."""

from __future__ import annotations

from tap_genesys.endpoints.observations import ObservationStream
from tap_genesys.streams.architect import Flows
from tap_genesys.streams.directory import Users
from tap_genesys.streams.routing import RoutingQueues


class FlowObservations(ObservationStream):
    """The number of conversations in a flow at the moment of the run."""

    name = "flow_observations"
    path = "/api/v2/analytics/flows/observations/query"
    parent_stream_type = Flows
    dimension = "flowId"
    metrics = ("oFlow",)


class QueueObservations(ObservationStream):
    """A metric of a queue at the moment of the run, such as the number of waiting conversations."""

    name = "queue_observations"
    path = "/api/v2/analytics/queues/observations/query"
    parent_stream_type = RoutingQueues
    dimension = "queueId"
    metrics = (
        "oActiveUsers",
        "oAlerting",
        "oInteracting",
        "oLongestInteracting",
        "oLongestWaiting",
        "oMemberUsers",
        "oOffQueueUsers",
        "oOnQueueUsers",
        "oUserPresences",
        "oUserRoutingStatuses",
        "oWaiting",
    )


class UserObservations(ObservationStream):
    """The number of queues that a user has joined, or is active in, at the moment of the run."""

    name = "user_observations"
    path = "/api/v2/analytics/users/observations/query"
    parent_stream_type = Users
    dimension = "userId"
    metrics = ("oActiveQueues", "oMemberQueues")


STREAMS = (
    FlowObservations,
    QueueObservations,
    UserObservations,
)
