"""The share of each worker in an org's limits, so that all workers together keep them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The limits of a single tap: the vendor allows 300 requests a minute per token; it does not
#: publish how many concurrent jobs an org may have.
REQUESTS_PER_MINUTE = 300.0
JOBS = 3


@dataclass(frozen=True, slots=True)
class Share:
    """One worker's share: requests per minute, and concurrent jobs."""

    requests_per_minute: float
    jobs: int


def share(environment: Mapping[str, str], workers: int) -> Share:
    """Divide the org's limits by the maximum number of concurrent workers.

    A pool limits processes, not requests: each has a token of its own, and the vendor disables
    clients that mint tokens to get round the limit of one (its developer forum).

    Args:
        environment: May set the limits: `ORCHESTRATE_REQUESTS_PER_MINUTE`, `ORCHESTRATE_JOBS`.
        workers: The size of the pool.

    Raises:
        SetupError: A limit is no number, or does not suffice for all workers.
    """
    requests = _number(environment, "ORCHESTRATE_REQUESTS_PER_MINUTE", REQUESTS_PER_MINUTE)
    jobs = int(_number(environment, "ORCHESTRATE_JOBS", JOBS))
    if workers < 1:
        msg = f"The pool has {workers} places; give it at least 1."
        raise SetupError(msg)
    if jobs < workers:
        msg = (
            f"The pool has {workers} places and ORCHESTRATE_JOBS is {jobs}: a worker needs "
            "a job of its own. Make the pool smaller, or ORCHESTRATE_JOBS larger if the org agrees."
        )
        raise SetupError(msg)
    if requests < workers:
        msg = (
            f"ORCHESTRATE_REQUESTS_PER_MINUTE is {requests:g} for {workers} workers, each of which "
            "needs at least 1. Raise it, or make the pool smaller."
        )
        raise SetupError(msg)
    return Share(requests / workers, jobs // workers)


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        return float(text)
    except ValueError:
        msg = f"{name} is {text!r}; use a number."
        raise SetupError(msg) from None
