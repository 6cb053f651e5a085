"""Whether a window is cut in two because a query of it timed out: one decision for all of a run.

The vendor's synchronous queries are said to time out after some ten seconds: a heavy one then fails
however often it is sent again, and half of its window may not. In an outage everything fails, and
smaller windows would only add to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.api.retry import RETRIABLE
from tap_genesys.api.status import THROTTLED, TIME_OUTS
from tap_genesys.errors import TimedOut, TryAgain

if TYPE_CHECKING:
    import requests
    from singer_sdk.helpers.types import Context, RequestFunc

#: How often windows are cut in a run, those of all streams together.
MOST_CUTS = 3
#: How many time-outs of a request are a reason to cut its window.
_ENOUGH = 2
#: What is noted on a request: the statuses of its tries that failed, 0 where there was none.
_FAILURES = "_tap_genesys_failures"


class TimeOuts:
    """Notes how requests fare, and counts the windows that are cut."""

    def __init__(self) -> None:
        self._cuts = 0
        self._has_failed = False

    def note(self, request: requests.PreparedRequest, *, has_failed: bool = False) -> None:
        """Note that a request has its response.

        Args:
            request: The request as it was sent.
            has_failed: Whether tries of it failed that were sent as another request.
        """
        self._has_failed = has_failed or any(one != THROTTLED for one in _failures(request))

    def cut(self) -> bool:
        """Return whether the query that timed out last is heavy and may be cut; count it if so.

        It is not where tries of the request before it failed as well, of whichever stream: that is
        an outage. The whole of which it is a half counts for no request.
        """
        if self._has_failed or self._cuts == MOST_CUTS:
            return False
        self._cuts += 1
        return True


def noted(func: RequestFunc, *, is_cut: bool) -> RequestFunc:
    """Decorate what makes one try of a request, so that its failures are noted.

    Args:
        func: Makes the try.
        is_cut: Whether a second time-out raises `TimedOut`, which no try follows.
    """

    def call(request: requests.PreparedRequest, context: Context | None) -> requests.Response:
        try:
            return func(request, context)
        except RETRIABLE as error:
            response = error.response if isinstance(error, TryAgain) else None
            failures = _failures(request)
            failures.append(0 if response is None else response.status_code)
            if is_cut and sum(one in TIME_OUTS for one in failures) == _ENOUGH:
                raise TimedOut(str(error), error, len(failures)) from error
            raise

    return call


def _failures(request: requests.PreparedRequest) -> list[int]:
    failures: list[int] = vars(request).setdefault(_FAILURES, [])
    return failures
