"""Performance of employees: coaching, learning, performance profiles and external metrics."""

from __future__ import annotations

from tap_genesys.api.paging import SinglePage
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.streams.directory import Users


class CoachingAppointments(ChildStream):
    """A coaching appointment of an attendee; one with several attendees has a row for each."""

    name = "coaching_appointments"
    path = "/api/v2/coaching/appointments"
    parent_stream_type = Users
    parent_param = "userIds"
    primary_keys = ("userId", "id")
    params = {"relationships": "Attendee"}  # noqa: RUF012 - declared as ClassVar on the base


class ExternalMetricDefinitions(FullTableStream):
    """The definition of an external metric: a metric whose values other systems supply."""

    name = "external_metric_definitions"
    path = "/api/v2/employeeperformance/externalmetrics/definitions"


class LearningAssignments(ChildStream):
    """An assignment of a learning module to a user, with its state and score."""

    name = "learning_assignments"
    path = "/api/v2/learning/assignments"
    parent_stream_type = Users
    parent_param = "userId"
    primary_keys = ("userId", "id")


class LearningModules(FullTableStream):
    """A learning module: training content that is assigned to agents."""

    name = "learning_modules"
    path = "/api/v2/learning/modules"


class PerformanceProfiles(FullTableStream):
    """A performance profile: the metrics by which a set of agents is scored."""

    name = "performance_profiles"
    path = "/api/v2/gamification/profiles"
    paging = SinglePage()


STREAMS = (
    CoachingAppointments,
    ExternalMetricDefinitions,
    LearningAssignments,
    LearningModules,
    PerformanceProfiles,
)
