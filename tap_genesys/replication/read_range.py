"""The range of time that a run reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import iso, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ReadRange:
    """The range of a run, and whether its start was configured."""

    start: datetime
    end: datetime
    start_is_configured: bool

    def resumed(
        self,
        bookmark: datetime,
        lookback: timedelta,
        *,
        started: datetime,
        warn: Callable[..., None],
    ) -> ReadRange:
        """Return the range of a run that resumes from a bookmark.

        Args:
            bookmark: The end of the range of earlier runs.
            lookback: Time before the bookmark at which the run starts.
            started: The start of the run.
            warn: Logs a warning.
        """
        if bookmark > started:
            warn(
                "The bookmark %s is in the future: nothing is read until then. Correct the state "
                "if that is a mistake.",
                iso(bookmark),
            )
        start = bookmark - lookback
        if self.start_is_configured:
            if self.start > bookmark:
                warn(
                    "start_date %s is after the bookmark %s: what lies between is skipped.",
                    iso(self.start),
                    iso(bookmark),
                )
            start = max(start, self.start)
        return ReadRange(start, self.end, self.start_is_configured)


def parsed_bookmark(stream: str, value: Any) -> datetime:  # noqa: ANN401 - a state's
    """Return the bookmark of a state as a moment.

    Args:
        stream: The stream.
        value: Its bookmark in the state.

    Raises:
        StopRun: It is no date.
    """
    try:
        return parse(value)
    except (TypeError, ValueError) as error:
        msg = (
            f"The state's bookmark of {stream} is {value!r}, not a date; correct the state, or "
            "leave it out to start again at start_date."
        )
        raise StopRun(msg) from error
