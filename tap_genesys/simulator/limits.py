"""The limits of an org, namespace by namespace."""

from __future__ import annotations

from typing import Any

from tap_genesys.simulator.responses import SimulatedResponse, error

Row = dict[str, Any]

#: The operation of a namespace's limits, less the namespace.
LIMITS = "/api/v2/organizations/limits/namespaces/"
#: The key of a limit is the vendor's, its value is believed.
_JOBS_PER_SECOND = 5


def limits(namespace: str, most_jobs: int) -> SimulatedResponse:
    """Return the limits of a namespace.

    Args:
        namespace: Its name.
        most_jobs: How many jobs of details may exist at once.
    """
    # Not every org has every namespace.
    if len(namespace) % 5 == 0:
        return error(404)
    values = {f"{namespace}.{number}": number * 10 for number in (1, 2)}
    if namespace == "analytics":
        values = {
            "details.jobs.concurrent.access.max": most_jobs,
            "details.jobs.rate.per.second": _JOBS_PER_SECOND,
        }
    rows: list[Row] = [
        {"namespace": namespace, "key": key, "value": value} for key, value in values.items()
    ]
    return SimulatedResponse(body={"entities": rows})
