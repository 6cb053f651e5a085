"""The table of HTTP statuses and the actions that follow them."""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import requests


class ResponseAction(Enum):
    """The action that follows a response."""

    #: Read its JSON; if that does not have the required shape, send the request again.
    READ = auto()
    #: Send the request again after a wait: a redirect, which is not followed.
    REDIRECTED = auto()
    #: Return it; the caller checks it.
    ACCEPT = auto()
    #: Send the request again after a wait.
    RETRY = auto()
    #: Renew the token and send the request once more.
    RENEW = auto()
    #: Request a shorter window.
    SPLIT = auto()
    #: Request smaller pages.
    SHRINK = auto()
    #: Skip the stream, and continue with the others.
    SKIP = auto()
    #: Stop the run.
    STOP = auto()


#: Returns the action for a response that differs from the table's; else None.
Overrides: TypeAlias = "Callable[[requests.Response], ResponseAction | None]"

#: The statuses of a redirect; the vendor's document has none for the operations of the tap.
REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)

# The vendor calls 429, 502, 503 and 504 transient. 408 ("client did not produce a request within
# the server timeout limit") and 500 are retried too, since a run that stops costs more than a few
# retries. All other statuses stop the run.
_ACTIONS: dict[int, ResponseAction] = {
    HTTPStatus.OK: ResponseAction.READ,
    HTTPStatus.ACCEPTED: ResponseAction.READ,
    # No operation of the tap returns it; its empty body is then retried as malformed.
    HTTPStatus.NO_CONTENT: ResponseAction.READ,
    # The vendor on one listing: "Some of the information in the resources may be missing".
    HTTPStatus.PARTIAL_CONTENT: ResponseAction.READ,
    **dict.fromkeys(REDIRECTS, ResponseAction.REDIRECTED),
    HTTPStatus.BAD_REQUEST: ResponseAction.STOP,
    HTTPStatus.UNAUTHORIZED: ResponseAction.RENEW,
    HTTPStatus.FORBIDDEN: ResponseAction.SKIP,
    HTTPStatus.NOT_FOUND: ResponseAction.STOP,
    HTTPStatus.REQUEST_TIMEOUT: ResponseAction.RETRY,
    HTTPStatus.TOO_MANY_REQUESTS: ResponseAction.RETRY,
    HTTPStatus.INTERNAL_SERVER_ERROR: ResponseAction.RETRY,
    HTTPStatus.BAD_GATEWAY: ResponseAction.RETRY,
    HTTPStatus.SERVICE_UNAVAILABLE: ResponseAction.RETRY,
    HTTPStatus.GATEWAY_TIMEOUT: ResponseAction.RETRY,
}

#: The statuses of a query that takes too long; half of its window may succeed.
TIME_OUTS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})
#: The status of throttling, which is no sign of an outage.
THROTTLED = HTTPStatus.TOO_MANY_REQUESTS


def action_of(status: int) -> ResponseAction:
    """Return the action that follows a response with this HTTP status."""
    return _ACTIONS.get(status, ResponseAction.STOP)


def accepting(statuses: Collection[int]) -> Overrides:
    """Return overrides that accept responses with these statuses."""
    return lambda response: ResponseAction.ACCEPT if response.status_code in statuses else None


def reading(statuses: Collection[int]) -> Overrides:
    """Return overrides that read the JSON of responses with these statuses."""
    return lambda response: ResponseAction.READ if response.status_code in statuses else None


def either(first: Overrides, second: Overrides) -> Overrides:
    """Return overrides that use the first one's action, else the second one's."""
    return lambda response: first(response) or second(response)


def accepting_refusals(response: requests.Response) -> ResponseAction | None:
    """Accept a 4xx response that a retry would not change."""
    status = response.status_code
    is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    is_final = action_of(status) not in (ResponseAction.RETRY, ResponseAction.RENEW)
    return ResponseAction.ACCEPT if is_refusal and is_final else None
