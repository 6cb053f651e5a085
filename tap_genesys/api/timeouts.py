"""Whether a window is split because a query of it timed out: one decision for all of a run.

The vendor's synchronous queries are reported to time out after some ten seconds: a heavy one then
fails however often it is sent again, and half of its window may not. In an outage everything fails,
and smaller windows would only add to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.api.request_note import note_of
from tap_genesys.api.status import THROTTLED, TIME_OUTS
from tap_genesys.errors import TimedOut, TryAgain

if TYPE_CHECKING:
    import requests

#: How many windows are split in a run, those of all streams together.
MOST_SPLITS = 3
#: How many time-outs of a request are a reason to split its window.
_ENOUGH = 2


class TimeOuts:
    """Notes how requests fare, and counts the windows that are split."""

    def __init__(self) -> None:
        self._splits = 0
        self._has_failed = False

    def note(self, request: requests.PreparedRequest, *, has_failed: bool = False) -> None:
        """Note that a request has its response.

        Args:
            request: The request as it was sent.
            has_failed: Whether tries of it failed that were sent as another request.
        """
        failures = note_of(request).failures
        self._has_failed = has_failed or any(status != THROTTLED for status in failures)

    def may_split(self) -> bool:
        """Return whether the query that timed out last is heavy and may be split; count it if so.

        It is not where tries of the request before it failed as well, of whichever stream: that is
        an outage. The whole of which it is a half counts for no request.
        """
        if self._has_failed or self._splits == MOST_SPLITS:
            return False
        self._splits += 1
        return True


def note_failure(request: requests.PreparedRequest, error: Exception) -> None:
    """Note that a try of a request failed.

    Raises:
        TimedOut: It timed out for the second time, and its window may be split.
    """
    note = note_of(request)
    response = error.response if isinstance(error, TryAgain) else None
    note.failures.append(0 if response is None else response.status_code)
    time_outs = sum(status in TIME_OUTS for status in note.failures)
    if note.is_split and time_outs == _ENOUGH:
        raise TimedOut(str(error), error, len(note.failures)) from error
