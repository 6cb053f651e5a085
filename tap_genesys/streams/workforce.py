"""Who works when."""

from __future__ import annotations

from tap_genesys.listings import ListingStream, PerParentUnpagedStream, UnpagedStream


class BusinessUnits(UnpagedStream):
    """The business units."""

    name = "business_units"
    path = "/api/v2/workforcemanagement/businessunits"


class ManagementUnits(ListingStream):
    """The management units."""

    name = "management_units"
    path = "/api/v2/workforcemanagement/managementunits"


class ActivityCodes(PerParentUnpagedStream):
    """The kinds of work and of absence."""

    name = "activity_codes"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/activitycodes"
    parent_stream_type = BusinessUnits
    primary_keys = ("businessUnitId", "id")


class CapacityPlans(PerParentUnpagedStream):
    """The capacity plans."""

    name = "capacity_plans"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/capacityplans"
    parent_stream_type = BusinessUnits
    primary_keys = ("businessUnitId", "id")


class ManagementUnitUsers(PerParentUnpagedStream):
    """Who belongs to which management unit."""

    name = "management_unit_users"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/users"
    parent_stream_type = ManagementUnits
    primary_keys = ("managementUnitId", "id")


class PlanningGroups(PerParentUnpagedStream):
    """What is forecast together."""

    name = "planning_groups"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/planninggroups"
    parent_stream_type = BusinessUnits
    primary_keys = ("businessUnitId", "id")


class SchedulingRuns(PerParentUnpagedStream):
    """The runs that made schedules."""

    name = "scheduling_runs"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/scheduling/runs"
    parent_stream_type = BusinessUnits
    primary_keys = ("businessUnitId", "id")


class ServiceGoalTemplates(PerParentUnpagedStream):
    """The service goals."""

    name = "service_goal_templates"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/servicegoaltemplates"
    parent_stream_type = BusinessUnits
    primary_keys = ("businessUnitId", "id")


class StaffingGroups(PerParentUnpagedStream):
    """The staffing groups."""

    name = "staffing_groups"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/staffinggroups"
    parent_stream_type = BusinessUnits
    primary_keys = ("businessUnitId", "id")


class TimeOffPlans(PerParentUnpagedStream):
    """How time off is planned."""

    name = "time_off_plans"
    path = "/api/v2/workforcemanagement/businessunits/{businessUnitId}/timeoffplans"
    parent_stream_type = BusinessUnits
    primary_keys = ("businessUnitId", "id")


class WorkPlanRotations(PerParentUnpagedStream):
    """The rotations of work plans."""

    name = "work_plan_rotations"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/workplanrotations"
    parent_stream_type = ManagementUnits
    primary_keys = ("managementUnitId", "id")


class WorkPlans(PerParentUnpagedStream):
    """The work plans."""

    name = "work_plans"
    path = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/workplans"
    parent_stream_type = ManagementUnits
    primary_keys = ("managementUnitId", "id")
