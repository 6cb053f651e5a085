"""Rows that the org has deleted: ACTIVATE_VERSION, sent only after a listing that is whole.

The SDK sends it before the records, so that a target empties the table of a listing that then
breaks off. Here it comes last, and whatever is in doubt leaves the old rows where they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class ActivateVersion:
    """Whether ACTIVATE_VERSION may follow a listing: whether rows that did not come are gone."""

    def __init__(self) -> None:
        #: Why rows that did not come may exist all the same; the first reason counts.
        self.doubt = ""

    def mark_incomplete(self, reason: str) -> None:
        """Note that the listing may not be whole."""
        self.doubt = self.doubt or reason

    def may_follow(self, rows: int, *, was_skipped: bool) -> bool:
        """Return whether it may follow.

        Args:
            rows: How many rows came.
            was_skipped: Whether the stream was left out in the end.
        """
        if was_skipped:
            self.mark_incomplete("it was skipped")
        if not rows:
            # A response without a list looks the same.
            self.mark_incomplete("no row came")
        return not self.doubt


def version_of(started: datetime) -> int:
    """Return the version of a run's rows: its start, in milliseconds since 1970.

    Targets delete what is of a smaller version, so that a clock which went back deletes nothing,
    and the next run that is later than the newest row makes up for it; therefore no version is kept
    in the state.
    """
    return int(started.timestamp() * 1000)
