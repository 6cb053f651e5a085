"""The decision whether to split a window after time-outs, for all streams of a run.

Users report that the vendor's synchronous queries time out after about ten seconds: a heavy query
then fails at each retry, while half of its window may succeed. In an outage everything fails, and
smaller windows would only add requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.api.request_note import note_of
from tap_genesys.api.status import THROTTLED, TIME_OUTS
from tap_genesys.errors import TimedOut, TryAgain

if TYPE_CHECKING:
    import requests

#: Splits per run, at most, over all streams.
MOST_SPLITS = 3
#: Time-outs of a request after which its window is split.
_ENOUGH = 2


class TimeOuts:
    """Notes failed tries, and counts the windows that were split."""

    def __init__(self) -> None:
        self._splits = 0
        self._has_failed = False

    def note(self, request: requests.PreparedRequest, *, has_failed: bool = False) -> None:
        """Note that a request succeeded, and whether tries of it had failed.

        Args:
            request: The request as it was sent.
            has_failed: Whether tries failed that were sent as another request object.
        """
        failures = note_of(request).failures
        self._has_failed = has_failed or any(status != THROTTLED for status in failures)

    def may_split(self) -> bool:
        """Return whether the window of the last time-out may be split; count the split if so.

        Not if tries of the request before it failed as well, of any stream: that is an outage. The
        request for the whole window, before its half, does not count.
        """
        if self._has_failed or self._splits == MOST_SPLITS:
            return False
        self._splits += 1
        return True


def note_failure(request: requests.PreparedRequest, error: Exception) -> None:
    """Note that a try of a request failed.

    Raises:
        TimedOut: The request timed out for the second time, and its window may be split.
    """
    note = note_of(request)
    response = error.response if isinstance(error, TryAgain) else None
    note.failures.append(0 if response is None else response.status_code)
    time_outs = sum(status in TIME_OUTS for status in note.failures)
    if note.is_split and time_outs == _ENOUGH:
        raise TimedOut(str(error), error, len(note.failures)) from error
