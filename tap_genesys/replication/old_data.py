"""Log lines for data that is so old that the vendor may not return it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from datetime import datetime

    from tap_genesys.replication.windows import Window

#: Older data "may return limited information" by query (the vendor's help page "View
#: interactions details"); jobs read details for the life of the contract ("Retention period for
#: analytics data and recording").
BY_QUERY = timedelta(days=558)
#: "Audit trail data is available, at a minimum, for data that is less than one year old" (the same
#: page).
AUDITS = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Horizon:
    """The age beyond which an endpoint may not return rows.

    Args:
        age: The age at the start of the run.
        remedy: The remedy for a warning; empty where older rows are usually returned, so that their
            absence is only logged as information.
    """

    age: timedelta
    remedy: str = ""


class OldData:
    """The part of a range beyond a horizon, until the first row.

    Args:
        name: The stream.
        start: The start of the range.
        now: The start of the run.
        horizon: The age beyond which rows may not be returned.
        logger: The stream's logger.
    """

    def __init__(
        self, name: str, start: datetime, now: datetime, horizon: Horizon, logger: logging.Logger
    ) -> None:
        self._name = name
        self._start = start
        self._limit = now - horizon.age
        self._horizon = horizon
        self._logger = logger
        #: The end of the windows without rows.
        self.empty_until = start
        #: Whether all windows so far are beyond the horizon, and without rows.
        self.is_empty = start < self._limit
        if self.is_empty and horizon.remedy:
            logger.warning(
                "start_date: %s begins at %s, but data more than %d days old (before %s) may be "
                "missing. %s Or set start_date to a later date.",
                name,
                iso(start),
                horizon.age.days,
                iso(self._limit),
                horizon.remedy,
            )

    def holds(self, window: Window) -> bool:
        """Return whether the bookmark stays before a window, since no row was returned so far.

        So such a range is logged once, and before the bookmark passes it.
        """
        if not self.is_empty:
            return False
        self.empty_until = window.end
        if window.end >= self._limit:
            self.end(window.end)
        return self.is_empty

    def end(self, moment: datetime) -> None:
        """Log the range without rows up to a moment, as far as it is beyond the horizon."""
        if not self.is_empty:
            return
        self.is_empty = False
        until = min(moment, self._limit)
        if until > self._start:
            self._logger.log(
                logging.WARNING if self._horizon.remedy else logging.INFO,
                "%s: no rows were returned from %s to %s, more than %d days ago.%s",
                self._name,
                iso(self._start),
                iso(until),
                self._horizon.age.days,
                f" The bookmark moves on. {self._horizon.remedy}" if self._horizon.remedy else "",
            )
