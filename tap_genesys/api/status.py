"""The one table from an answer's status to what is done about it."""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus


class ResponseAction(Enum):
    """What the tap does about an answer."""

    #: Read it.
    READ = auto()
    #: Ask again after a wait.
    RETRY = auto()
    #: Renew the token and ask once more.
    RENEW = auto()
    #: Leave the stream out and go on with the others.
    SKIP = auto()
    #: Stop the run.
    STOP = auto()


# 429, 502, 503 and 504 are what the vendor calls transient; 408 ("client did not produce a request
# within the server timeout limit") and 500 are retried too, since a run that stops costs more than
# a few tries. All that is not named stops the run.
_VERDICTS: dict[int, ResponseAction] = {
    HTTPStatus.OK: ResponseAction.READ,
    HTTPStatus.ACCEPTED: ResponseAction.READ,
    HTTPStatus.NO_CONTENT: ResponseAction.READ,
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


#: What a query gets that takes too long; half of its window may not.
TIME_OUTS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})
#: What says that requests come too fast, and nothing of how the vendor fares.
THROTTLED = HTTPStatus.TOO_MANY_REQUESTS


def action_of(status: int) -> ResponseAction:
    """Return what is done about an answer with this HTTP status."""
    return _VERDICTS.get(status, ResponseAction.STOP)
