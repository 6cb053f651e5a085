"""What can go wrong, named by what the caller does next. Each message is the line a user reads."""

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
    """Ask for a shorter window; where that is not possible, stop the run.

    Args:
        message: What to say when the run stops.
        rows: How many the window promises; 0 where it does not say.
    """

    def __init__(self, message: str, rows: int = 0) -> None:
        super().__init__(message)
        self.rows = rows


class PageTooLarge(StopRun):
    """Request smaller pages; where that is not possible, stop the run."""


class TimedOut(TooManyRows):
    """Ask for a shorter window, or go on trying: a query timed out twice.

    Args:
        message: What the last try was answered.
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
    """Ask the same again after a wait."""


class Unauthorized(FatalAPIError):
    """Renew the token and ask once more."""
