"""The command: one clear line on stderr for what a user can mend, and no traceback."""

from __future__ import annotations

import gc
import sys

from singer_sdk.exceptions import SingerSDKError

from tap_genesys.errors import SettingError
from tap_genesys.tap import TapGenesys


def main() -> None:
    """Run the tap's command line.

    Raises:
        SystemExit: Always; 1 after an error, 128 plus the signal's number after a signal.
    """
    # Records are trees, which need no search for cycles; the default looks after each 700 objects.
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    try:
        TapGenesys.cli()
    except SettingError as error:
        _leave(error.lines)
    except SingerSDKError as error:
        _leave([str(error) or type(error).__name__])
    except OSError as error:
        _leave([f"Cannot read {error.filename or 'an input'}: {error.strerror or error}"])
    except ValueError as error:
        # The SDK reads the config with whichever JSON library it likes; its errors have one name.
        if type(error).__name__ not in ("JSONDecodeError", "UnicodeDecodeError"):
            raise
        _leave([f"The config is not JSON: {error}"])


def _leave(lines: list[str]) -> None:
    for line in lines:
        TapGenesys.logger.error(" ".join(line.split()))
    sys.exit(1)


if __name__ == "__main__":
    main()
