"""Performance of employees: learning modules, performance profiles and external metrics."""

from __future__ import annotations

from tap_genesys.api.paging import SinglePage
from tap_genesys.endpoints.listings import FullTableStream


class ExternalMetricDefinitions(FullTableStream):
    """The definition of an external metric."""

    name = "external_metric_definitions"
    path = "/api/v2/employeeperformance/externalmetrics/definitions"


class LearningModules(FullTableStream):
    """A learning module for agents."""

    name = "learning_modules"
    path = "/api/v2/learning/modules"


class PerformanceProfiles(FullTableStream):
    """A performance profile, with which agents' performance is measured."""

    name = "performance_profiles"
    path = "/api/v2/gamification/profiles"
    paging = SinglePage()


STREAMS = (
    ExternalMetricDefinitions,
    LearningModules,
    PerformanceProfiles,
)
