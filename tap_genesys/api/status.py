"""The one table from an answer's status to what is done about it."""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus


class Verdict(Enum):
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
_VERDICTS: dict[int, Verdict] = {
    HTTPStatus.OK: Verdict.READ,
    HTTPStatus.ACCEPTED: Verdict.READ,
    HTTPStatus.NO_CONTENT: Verdict.READ,
    HTTPStatus.BAD_REQUEST: Verdict.STOP,
    HTTPStatus.UNAUTHORIZED: Verdict.RENEW,
    HTTPStatus.FORBIDDEN: Verdict.SKIP,
    HTTPStatus.NOT_FOUND: Verdict.STOP,
    HTTPStatus.REQUEST_TIMEOUT: Verdict.RETRY,
    HTTPStatus.TOO_MANY_REQUESTS: Verdict.RETRY,
    HTTPStatus.INTERNAL_SERVER_ERROR: Verdict.RETRY,
    HTTPStatus.BAD_GATEWAY: Verdict.RETRY,
    HTTPStatus.SERVICE_UNAVAILABLE: Verdict.RETRY,
    HTTPStatus.GATEWAY_TIMEOUT: Verdict.RETRY,
}


#: What a query gets that takes too long; half of its window may not.
TIME_OUTS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})
#: What says that requests come too fast, and nothing of how the vendor fares.
THROTTLED = HTTPStatus.TOO_MANY_REQUESTS


def verdict(status: int) -> Verdict:
    """Return what is done about an answer with this HTTP status."""
    return _VERDICTS.get(status, Verdict.STOP)
