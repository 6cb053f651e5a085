"""The limits of an org, by namespace."""

from __future__ import annotations

from typing import Any

from tap_genesys.simulator.responses import SimulatedResponse, error

Row = dict[str, Any]

#: The path of a namespace's limits, without the namespace.
LIMITS = "/api/v2/organizations/limits/namespaces/"
#: The key of a limit is the vendor's, its value is believed.
_JOBS_PER_SECOND = 5


def limits(namespace: str, most_jobs: int) -> SimulatedResponse:
    """Return the limits of a namespace.

    Args:
        namespace: The name of the namespace.
        most_jobs: The most jobs of details at once.
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
