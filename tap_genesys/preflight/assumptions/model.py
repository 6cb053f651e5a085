"""Assumptions, the requests and responses that a check needs, and its verdicts. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


class Outcome(Enum):
    """The outcome of a check: whether an assumption holds in the org."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNDECIDABLE = "not decidable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on an assumption.

    Args:
        outcome: Whether the assumption holds.
        evidence: Counts, statuses and lengths of time; never an id, a name or a text of the org's.
    """

    outcome: Outcome
    evidence: str


class Undecidable(Exception):
    """The responses do not decide about an assumption; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the check, independent of the transport.

    Args:
        method: The HTTP method.
        path: The path, from `/api/v2`.
        params: The query parameters.
        data: The body.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its parsed JSON.

    Args:
        status: The HTTP status; 0 without a response.
        body: The JSON value; None without one.
        headers: The headers, by their names in lower case.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Observed:
    """The responses so far, by the names of their requests.

    Args:
        started: The start of the check.
        responses: Name -> response.
        received: Name -> moment of the response.
        missing: Name -> reason for which the request was not sent.
        throttled: The responses with the status 429.
    """

    started: datetime
    responses: dict[str, Response] = field(default_factory=dict)
    received: dict[str, datetime] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    throttled: list[Response] = field(default_factory=list)

    def response(self, name: str) -> Response:
        """Return the response to a request, whatever its status.

        Raises:
            Undecidable: There is no response.
        """
        response = self.responses.get(name)
        if response is None:
            raise Undecidable(self.missing.get(name, f"no request {name}"))
        if not response.status:
            msg = f"no response to {name}"
            raise Undecidable(msg)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            msg = f"{name} answered 429 again and again"
            raise Undecidable(msg)
        return response

    def body(self, name: str) -> dict[str, Any]:
        """Return the JSON object of a successful response.

        Raises:
            Undecidable: The request was refused, or the body is no JSON object.
        """
        response = self.response(name)
        if response.status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
            msg = f"{name} answered {response.status}"
            raise Undecidable(msg)
        if not isinstance(response.body, dict):
            msg = f"the body of {name} is no JSON object"
            raise Undecidable(msg)
        return response.body


#: Returns the verdict from the responses; raises `Undecidable` if they do not suffice.
Judgement: TypeAlias = "Callable[[Observed], Verdict]"


@dataclass(frozen=True, slots=True)
class Assumption:
    """An assumption of the tap about the vendor's API.

    Args:
        name: The name in a report.
        text: The assumption, as a sentence.
        status: `confirmed`, `open` or `in part`, without the check.
        source: The source, or the way in which the tap copes with a wrong assumption.
        judge: Returns the verdict from the responses; None if no check can decide it.
        unchecked: The reason for which no check can; empty with a check, or if nothing is open.
    """

    name: str
    text: str
    status: str
    source: str
    judge: Judgement | None = None
    unchecked: str = ""


def confirmed(evidence: str) -> Verdict:
    """Return the verdict that the assumption holds."""
    return Verdict(Outcome.CONFIRMED, evidence)


def refuted(evidence: str) -> Verdict:
    """Return the verdict that the assumption does not hold."""
    return Verdict(Outcome.REFUTED, evidence)


def held(evidence: str, *, if_true: bool) -> Verdict:
    """Return the verdict that the assumption holds if a condition is true, and else does not."""
    return confirmed(evidence) if if_true else refuted(evidence)


def verdict(assumption: Assumption, observed: Observed) -> Verdict:
    """Return the verdict on an assumption; the evidence of an undecidable one is its reason."""
    if assumption.judge is None:
        return Verdict(Outcome.UNDECIDABLE, assumption.unchecked)
    try:
        return assumption.judge(observed)
    except Undecidable as reason:
        return Verdict(Outcome.UNDECIDABLE, str(reason))
