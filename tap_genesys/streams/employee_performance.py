"""Performance of employees: learning modules, performance profiles and external metrics."""

from __future__ import annotations

from tap_genesys.endpoints.listings import ListingStream, UnpagedStream


class ExternalMetricDefinitions(ListingStream):
    """Metrics that come from outside."""

    name = "external_metric_definitions"
    path = "/api/v2/employeeperformance/externalmetrics/definitions"


class LearningModules(ListingStream):
    """What agents can learn."""

    name = "learning_modules"
    path = "/api/v2/learning/modules"


class PerformanceProfiles(UnpagedStream):
    """What agents are measured by."""

    name = "performance_profiles"
    path = "/api/v2/gamification/profiles"


STREAMS = (
    ExternalMetricDefinitions,
    LearningModules,
    PerformanceProfiles,
)
