"""The command, with Python's search for garbage as it suits a program like this."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the tap's command line.

    Raises:
        SystemExit: Always; 1 after an error, 128 plus the signal's number after a signal.
    """
    # What is imported stays: looking for garbage in it takes a sixth of the time to start.
    gc.disable()
    from tap_genesys.cli import run  # noqa: PLC0415 - see above

    gc.freeze()
    # Records are trees, which need no search for cycles; the default looks after each 700 objects.
    gc.set_threshold(100_000, 20, 50)
    gc.enable()
    run()


if __name__ == "__main__":
    main()
