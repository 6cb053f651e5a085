"""The command line: one line on stderr for each error that a user can correct, no traceback."""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

from singer_sdk.exceptions import SingerSDKError

from tap_genesys.errors import SettingError
from tap_genesys.tap import TapGenesys


def run() -> None:
    """Run the tap's command line.

    Raises:
        SystemExit: Always; 1 after an error, 128 plus the signal's number after a signal.
    """
    try:
        TapGenesys.cli()
    except SettingError as error:
        _leave(error.lines)
    except SingerSDKError as error:
        TapGenesys.logger.debug("%s", frames(error))
        _leave([str(error) or type(error).__name__])
    except OSError as error:
        _leave([f"Cannot read {error.filename or 'an input'}: {error.strerror or error}"])
    except ValueError as error:
        # The SDK uses one of several JSON libraries; their errors share only the name.
        if type(error).__name__ not in ("JSONDecodeError", "UnicodeDecodeError"):
            raise
        _leave([f"The config is not JSON: {error}"])


def frames(error: BaseException) -> str:
    """Return the traceback of an error and of its causes, without their texts.

    Those may hold a signed URL, or data of a response.
    """
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        lines += [
            f"{type(cause).__name__}, raised at:\n",
            *traceback.format_tb(cause.__traceback__),
        ]
        cause = cause.__cause__
    return "".join(lines)


def _leave(lines: list[str]) -> NoReturn:
    for line in lines:
        TapGenesys.logger.error(" ".join(line.split()))
    sys.exit(1)
