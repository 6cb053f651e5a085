"""Errors, named by the action of the caller. Each message is the line that a user reads."""

from __future__ import annotations

from singer_sdk.exceptions import (
    ConfigurationError,
    FatalAPIError,
    RetriableAPIError,
    SkippableAPIError,
)


class SettingError(ConfigurationError):
    """Correct a setting and start again; one line per setting that is wrong."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class StopRun(FatalAPIError):
    """Stop the run with exit code 1; what has been printed and bookmarked stays true."""


class Incomplete(StopRun):
    """Run again later: windows could not be read whole, and their bookmarks stay before them."""


class TooManyRows(StopRun):
    """Request a shorter window; where that is not possible, stop the run.

    Args:
        message: The line for a run that stops.
        rows: The rows that the window promises; 0 where that is unknown.
    """

    def __init__(self, message: str, rows: int = 0) -> None:
        super().__init__(message)
        self.rows = rows


class PageTooLarge(StopRun):
    """Request smaller pages; where that is not possible, stop the run."""


class TimedOut(TooManyRows):
    """Request a shorter window, or go on trying: a query timed out twice.

    Args:
        message: The error of the last try, in words.
        cause: The error of the last try.
        tries: How many tries there were.
    """

    def __init__(self, message: str, cause: Exception, tries: int) -> None:
        super().__init__(message)
        self.cause = cause
        self.tries = tries


class ResubmitJob(Exception):
    """Submit the job again: it came to nothing."""


class SkipStream(SkippableAPIError):
    """Leave this stream out with one warning, and go on with the others."""


class TryAgain(RetriableAPIError):
    """Send the request again after a wait."""


class Unauthorized(FatalAPIError):
    """Renew the token and send the request once more."""
