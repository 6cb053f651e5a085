"""ACTIVATE_VERSION, which makes targets delete rows: emitted only after a complete listing.

The SDK emits it before the records, so that a listing which then fails leaves an empty table. Here
it comes last, and any doubt about the listing keeps the old rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class ActivateVersion:
    """Decides whether ACTIVATE_VERSION may follow a listing: whether absent rows were deleted."""

    def __init__(self) -> None:
        #: The first reason for which absent rows may still exist; empty without one.
        self.doubt = ""

    def mark_incomplete(self, reason: str) -> None:
        """Note that the listing may be incomplete, for a reason."""
        self.doubt = self.doubt or reason

    def may_follow(self, rows: int, *, was_skipped: bool) -> bool:
        """Return whether ACTIVATE_VERSION may follow the listing.

        Args:
            rows: The number of rows that were read.
            was_skipped: Whether the stream was skipped.
        """
        if was_skipped:
            self.mark_incomplete("it was skipped")
        if not rows:
            # A response without a list of records looks the same.
            self.mark_incomplete("no row was returned")
        return not self.doubt


def version_of(started: datetime) -> int:
    """Return the version of a run's rows: its start, in milliseconds since 1970.

    Targets delete rows of a smaller version. So a clock that was set back deletes nothing, and the
    next run that is later than the newest row catches up: no version is kept in the state.
    """
    return int(started.timestamp() * 1000)
