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
    """Whether an assumption holds in the org that was requested."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNDECIDABLE = "not decidable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check.

    Args:
        outcome: Whether the assumption holds.
        evidence: Counts, statuses and lengths of time; never an id, a name or a text of the org's.
    """

    outcome: Outcome
    evidence: str


class Undecidable(Exception):
    """The responses do not decide it; the message is the evidence."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a check needs, without a word of transport.

    Args:
        method: The HTTP method.
        path: The path, from `/api/v2` on.
        params: The query.
        data: The body.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A response, parsed as far as it is JSON.

    Args:
        status: The HTTP status; 0 where there was no response.
        body: The JSON value; None where there is none.
        headers: The headers, by their names in lower case.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Observed:
    """The responses so far, by the names of their requests.

    Args:
        started: When the check began.
        responses: Name -> response.
        received: Name -> when its response came.
        missing: Name -> why there was no such request.
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
            Undecidable: There is none.
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
        """Return the JSON object of a response that is as it should be.

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


#: Returns the verdict of the responses; raises `Undecidable` where they do not suffice.
Judgement: TypeAlias = "Callable[[Observed], Verdict]"


@dataclass(frozen=True, slots=True)
class Assumption:
    """A sentence that the tap takes to be true of the vendor's API.

    Args:
        name: Its name in a report.
        text: The sentence.
        status: `confirmed`, `open` or `in part`, by what is known without the check.
        source: Where it is known from, or how the tap lives with it.
        judge: Judges the responses; None where no check can.
        unchecked: Why no check can; empty where there is one, or nothing is open.
    """

    name: str
    text: str
    status: str
    source: str
    judge: Judgement | None = None
    unchecked: str = ""


def confirmed(evidence: str) -> Verdict:
    """Return that the assumption holds."""
    return Verdict(Outcome.CONFIRMED, evidence)


def refuted(evidence: str) -> Verdict:
    """Return that the assumption does not hold."""
    return Verdict(Outcome.REFUTED, evidence)


def held(evidence: str, *, if_true: bool) -> Verdict:
    """Return that the assumption holds if a condition is true, and that it does not otherwise."""
    return confirmed(evidence) if if_true else refuted(evidence)


def verdict(assumption: Assumption, observed: Observed) -> Verdict:
    """Return the verdict on an assumption; an undecidable one has its reason as evidence."""
    if assumption.judge is None:
        return Verdict(Outcome.UNDECIDABLE, assumption.unchecked)
    try:
        return assumption.judge(observed)
    except Undecidable as reason:
        return Verdict(Outcome.UNDECIDABLE, str(reason))
