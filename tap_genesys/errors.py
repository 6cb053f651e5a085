"""Errors, each named by the action of its caller; the message is the line that a user reads."""

from __future__ import annotations

from singer_sdk.exceptions import (
    ConfigurationError,
    FatalAPIError,
    RetriableAPIError,
    SkippableAPIError,
)


class SettingError(ConfigurationError):
    """Correct a setting and start again; one line per wrong setting."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class StopRun(FatalAPIError):
    """Stop the run with exit code 1; the emitted records and the bookmarks stay valid."""


class Incomplete(StopRun):
    """Run again later: windows are incomplete, and the bookmarks stay before them."""


class TooManyRows(StopRun):
    """Request a shorter window; where that is not possible, stop the run.

    Args:
        message: The line for a run that stops.
        rows: The rows that the response promises for the window; 0 where that is unknown.
    """

    def __init__(self, message: str, rows: int = 0) -> None:
        super().__init__(message)
        self.rows = rows


class PageTooLarge(StopRun):
    """Request smaller pages; where that is not possible, stop the run."""


class TimedOut(TooManyRows):
    """Request a shorter window, or keep retrying: a query timed out twice.

    Args:
        message: The text of the last try's error.
        cause: The error of the last try.
        tries: The number of tries so far.
    """

    def __init__(self, message: str, cause: Exception, tries: int) -> None:
        super().__init__(message)
        self.cause = cause
        self.tries = tries


class ResubmitJob(Exception):
    """Submit the job again: it failed, expired, or lost its cursor."""


class SkipStream(SkippableAPIError):
    """Skip this stream with one warning, and continue with the others."""


class TryAgain(RetriableAPIError):
    """Send the request again after a wait."""


class Unauthorized(FatalAPIError):
    """Renew the token and send the request once more."""
