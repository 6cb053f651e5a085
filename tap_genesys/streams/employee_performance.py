"""Performance of employees: learning modules, performance profiles and external metrics."""

from __future__ import annotations

from tap_genesys.api.paging import SinglePage
from tap_genesys.endpoints.listings import FullTableStream


class ExternalMetricDefinitions(FullTableStream):
    """The definition of an external metric: a metric whose values other systems supply."""

    name = "external_metric_definitions"
    path = "/api/v2/employeeperformance/externalmetrics/definitions"


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
    ExternalMetricDefinitions,
    LearningModules,
    PerformanceProfiles,
)
